"""The people of the embedded demo, whose passwords stand on its sign-in page; for loopback alone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.engine import Engine

from processor.desk.passwords import hash_password
from processor.store.accounts import Role, account, set_password, set_role
from processor.store.people import add_person

DEMO_USERS: tuple[tuple[str, str, Role], ...] = (
    ("Kari Demo", "kari-viser-frem", Role.ADMIN),
    ("Ola Demo", "ola-ser-over", Role.APPROVER),
)


def make_demo_users(engine: Engine, now: datetime) -> None:
    """Make those who are not there yet."""
    for name, password, role in DEMO_USERS:
        found = account(engine, name)
        if found is None:
            add_person(engine, name, now, role.value)
            found = account(engine, name)
        if found is not None and not found.password:
            set_password(engine, found.person, hash_password(password), now)
            set_role(engine, name, role, "demo", now)
