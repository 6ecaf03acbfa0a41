"""Who else looks at a ticket, for those who may see it."""

from __future__ import annotations

from processor.desk.asking import Asked, Desk
from processor.desk.lookout import Look
from processor.store.visible import sees_ticket


def others_present(desk: Desk, asked: Asked, look: Look) -> dict[str, tuple[str, ...]]:
    """The names of the others at each ticket (by its number) that the person sees."""
    me, scope = asked.person.id, asked.account.scope
    found = {number: tuple(name for person, name in people if person != me) for number, people in look.present.items()}
    return {number: names for number, names in found.items() if names and sees_ticket(desk.engine, scope, number)}
