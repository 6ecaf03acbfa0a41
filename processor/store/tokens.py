"""Keys to the API: named, ending, for at most what their owner may; the secret is shown once and stored as SHA-256."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, insert, select, update

from processor.store import tables as t
from processor.store.accounts import Account, Role, account_of, digest
from processor.store.events import Happening, write_event
from processor.store.people import Person
from processor.store.transaction import reading, writing
from processor.store.visible import Scope, both, scope_of, stored_scope

# So that whoever looks for secrets in files and logs knows one of ours.
BEGINNING = "processor_"
LONGEST = timedelta(days=366)
MOST = 20
NOTE_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Token:
    """A key without its secret."""

    id: int
    name: str
    role: Role
    scope: Scope
    made_at: datetime
    ends_at: datetime
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who comes with a key: ``account`` is the ``owner``'s, bounded by the key's role and mailboxes."""

    token_id: int
    account: Account
    owner: Account


class TooManyError(ValueError):
    """The person has as many keys as one may have."""


def make_token(
    engine: Engine, owner: Account, name: str, role: Role, scope: Scope, ends_at: datetime, now: datetime
) -> str:
    """Make a key and return its secret; role, mailboxes and time are cut to what the owner may give."""
    secret = BEGINNING + secrets.token_urlsafe(32)
    role = role if owner.role.may(role) else owner.role
    row = {"digest": digest(secret), "person_id": owner.person.id, "name": name, "role": role.value}
    row |= {"mailboxes": stored_scope(both(scope, owner.scope))}
    with writing(engine) as conn:
        if len(conn.execute(select(t.api_token.c.id).where(t.api_token.c.person_id == owner.person.id)).all()) >= MOST:
            raise TooManyError(name)
        conn.execute(insert(t.api_token).values(**row, made_at=now, ends_at=min(ends_at, now + LONGEST)))
        write_event(conn, Happening("person.token_made", owner.person.name, now, data={"role": role.value}, text=name))
    return secret


def tokens_of(engine: Engine, person: Person) -> list[Token]:
    """A person's keys, also those that are over, the newest first."""
    k = t.api_token.c
    query = select(t.api_token).where(k.person_id == person.id).order_by(k.id.desc())
    with reading(engine) as conn:
        return [
            Token(r.id, r.name, Role(r.role), scope_of(r.mailboxes), r.made_at, r.ends_at, r.seen_at)
            for r in conn.execute(query)
        ]


def end_token(engine: Engine, person: Person, token_id: int, actor: str, now: datetime) -> bool:
    """Take a key away; False if the person has no such key."""
    k = t.api_token.c
    with writing(engine) as conn:
        gone = delete(t.api_token).where(k.id == token_id, k.person_id == person.id).returning(k.name)
        name = conn.execute(gone).scalar()
        if name is None:
            return False
        write_event(conn, Happening("person.token_ended", actor, now, data={"person": person.id}, text=name))
        return True


def bearer(engine: Engine, secret: str, now: datetime) -> Bearer | None:
    """Who comes with this secret; None if there is no such key, it is over, or its owner is gone."""
    k = t.api_token.c
    with reading(engine) as conn:
        row = conn.execute(select(t.api_token).where(k.digest == digest(secret), k.ends_at > now)).first()
        owner = account_of(conn, row.person_id) if row else None
    if row is None or owner is None:
        return None
    if row.seen_at is None or now - row.seen_at > NOTE_EVERY:
        with writing(engine) as conn:
            conn.execute(update(t.api_token).where(k.id == row.id).values(seen_at=now))
    role = Role(row.role) if owner.role.may(Role(row.role)) else owner.role
    return Bearer(row.id, replace(owner, role=role, scope=both(owner.scope, scope_of(row.mailboxes))), owner)
