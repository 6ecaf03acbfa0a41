"""The first start: somebody must be let in who can let others in, and only the terminal knows how."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.engine import Engine

from processor.config import DeskSettings
from processor.store.accounts import Role, account, has_admin, make_link
from processor.store.people import add_person

NAME = "Admin"
ACTOR = "first start"


def invitation(engine: Engine, settings: DeskSettings, now: datetime) -> str:
    """The address by which the first administrator sets a password, once within a day; "" when there is one already.

    Each start makes a new one until somebody has used it.
    """
    if settings.listen is None or settings.demo or has_admin(engine):
        return ""
    found = account(engine, NAME)
    if found is None:
        add_person(engine, NAME, now, Role.ADMIN.value, ACTOR)
        found = account(engine, NAME)
    if found is None or found.role != Role.ADMIN:
        # Somebody of another role has that name; an administrator is then made by: processor people add
        return ""
    return f"{settings.address}/link/{make_link(engine, found.person, ACTOR, now)}"
