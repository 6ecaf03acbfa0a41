"""Staff who may approve; each has a secret, shown once and stored as scrypt (RFC 7914) only."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from processor.store import tables as t
from processor.store.events import Happening, write_event
from processor.store.transaction import reading, writing

# scrypt's n: what each guess costs whoever has the store.
COST = 2**14


class NameTakenError(ValueError):
    """There is a person of that name already; the message is the name."""


@dataclass(frozen=True, slots=True)
class Person:
    """One of the staff.  Names are never given twice; approvals count by ``id``."""

    id: int
    name: str


def add_person(engine: Engine, name: str, now: datetime, role: str = "approver", actor: str = "") -> str:
    """Add a person and return the secret, which cannot be had again.  Raises NameTakenError, or ValueError for an empty name.

    ``role`` is one of ``accounts.Role``, ``actor`` who adds, ``""`` for the person alone.
    """
    name = " ".join(name.split())
    if not name:
        raise ValueError("a person needs a name")
    secret, salt = secrets.token_urlsafe(24), secrets.token_bytes(16)
    row = {"name": name, "salt": salt.hex(), "secret": _scrypt(secret, salt), "added_at": now, "role": role}
    try:
        with writing(engine) as conn:
            conn.execute(insert(t.person).values(**row))
            write_event(conn, Happening("person.added", actor or name, now, data={"role": role}, text=name))
    except IntegrityError as taken:
        raise NameTakenError(name) from taken
    return secret


def verify_person(engine: Engine, name: str, secret: str) -> Person | None:
    """The person if the secret is right and they are still with us; takes as long for an unknown name."""
    with reading(engine) as conn:
        row = conn.execute(select(t.person).where(t.person.c.name == name)).first()
    salt = bytes.fromhex(row.salt) if row else bytes(16)
    right = hmac.compare_digest(_scrypt(secret, salt), row.secret if row else "0" * 64)
    return Person(row.id, row.name) if row and right and row.active else None


def remove_person(engine: Engine, name: str, actor: str, now: datetime) -> bool:
    """Take the right to approve away, and sign them out; the name stays in what they did.  False if nobody is called so."""
    with writing(engine) as conn:
        gone = (
            update(t.person)
            .where(t.person.c.name == name, t.person.c.active.is_(True))
            .values(active=False, totp_nonce="", provider_name="", provider_subject="")
        )
        found = conn.execute(gone.returning(t.person.c.id)).scalar()
        if found is None:
            return False
        for table in (
            t.desk_session,
            t.desk_link,
            t.sign_in_step,
            t.api_token,
            t.recovery_code,
            t.notice_wish,
            t.notice_told,
        ):
            conn.execute(delete(table).where(table.c.person_id == found))
        write_event(conn, Happening("person.removed", actor, now, text=name))
        return True


def list_people(engine: Engine) -> list[Person]:
    """Those who may approve, by name."""
    query = select(t.person.c.id, t.person.c.name).where(t.person.c.active.is_(True)).order_by(t.person.c.name)
    with reading(engine) as conn:
        return [Person(row.id, row.name) for row in conn.execute(query)]


def _scrypt(secret: str, salt: bytes) -> str:
    return hashlib.scrypt(secret.encode("utf-8", "surrogatepass"), salt=salt, n=COST, r=8, p=1, dklen=32).hex()
