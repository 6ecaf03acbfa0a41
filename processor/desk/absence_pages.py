"""Being away: days, and who takes over what one has taken on."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from processor.desk.answering import go
from processor.desk.asking import Asked, Desk, Refusal
from processor.desk.proposals import day_of
from processor.steps.letters import CannotError
from processor.store.absences import CannotBeAwayError, absence_of, end_absence, hand_over, set_absence
from processor.store.accounts import Account, Role, account_of, accounts


def own(desk: Desk, asked: Asked) -> Response:
    """Say when one is away oneself."""
    _change(desk, asked, asked.account)
    return go("/account", did="own_absence")


def of_person(desk: Desk, asked: Asked) -> Response:
    """Say when another is away."""
    found = account_of(desk.engine, asked.number("person"))
    if found is None:
        raise Refusal(404, "There is no such person.")
    _change(desk, asked, found)
    return go(f"/people/{found.person.id}", did="absence")


def absence_shown(desk: Desk, who: Account) -> dict[str, Any]:
    """What the form needs."""
    takers = [
        each.person
        for each in accounts(desk.engine)
        if each.active and each.role.may(Role.AGENT) and each.person.id != who.person.id
    ]
    return {"absent": absence_of(desk.engine, who.person.id), "takers": takers, "away": who.person.id}


def _change(desk: Desk, asked: Asked, who: Account) -> None:
    form, now = asked.form, desk.clock()
    try:
        since, until = day_of(form.get("since", "")), day_of(form.get("until", ""))
        if since is None and until is None:
            end_absence(desk.engine, who.person.id, asked.person, now)
            return
        to = form.get("to", "")
        taker = int(to) if to.isascii() and to.isdecimal() and len(to) < 16 else 0
        first = since or until
        last = until or since
        if first and last:
            set_absence(desk.engine, who.person.id, first, last, taker, asked.person, now)
    except (CannotError, CannotBeAwayError) as cannot:
        raise Refusal(422, str(cannot)) from cannot
    # Whoever is away from today on holds nothing any more from now.
    hand_over(desk.engine, now)
    desk.changed()
