"""Accounts of the desk: roles, passwords, links to set one by, and the lock after failures.

A password comes here hashed; what is secret and random (a link, a session) is stored by its SHA-256, so that
who reads the database cannot sign in with it.  A name that nobody has is locked like any other.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, Engine, Select, delete, insert, select, update

from processor.store import tables as t
from processor.store.engine import store_key
from processor.store.events import Happening, write_event
from processor.store.people import Person
from processor.store.transaction import commit, reading, writing
from processor.store.visible import Scope, scope_of, stored_scope

FREE_FAILURES = 5
LONGEST_LOCK = timedelta(hours=1)
FORGET = timedelta(hours=24)
LINK = timedelta(hours=24)


class Role(StrEnum):
    """What a person may do at the desk; each may what those before it may."""

    READER = "reader"
    AGENT = "agent"
    APPROVER = "approver"
    ADMIN = "admin"

    def may(self, needed: Role) -> bool:
        """Whether this role includes the needed one."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)


@dataclass(frozen=True, slots=True)
class Account:
    """A person as the desk knows them; ``password`` is an Argon2id hash, ``""`` where none is set.

    ``scope`` is the mailboxes whose tickets are theirs to see; ``provider_name`` what single sign-on calls them.
    """

    person: Person
    role: Role
    password: str
    language: str
    active: bool = True
    scope: Scope = None
    second_step: bool = False
    provider_name: str = ""


def accounts(engine: Engine) -> list[Account]:
    """Everybody, also who is gone, by name."""
    with reading(engine) as conn:
        return [_account(row) for row in conn.execute(_query().order_by(t.person.c.name))]


def account(source: Engine | Connection, name: str) -> Account | None:
    """The account of that name, None if nobody has it or they are gone."""
    with reading(source) as conn:
        row = conn.execute(_query().where(t.person.c.name == name, t.person.c.active.is_(True))).first()
        return _account(row) if row else None


def account_of(source: Engine | Connection, person_id: int) -> Account | None:
    """The account of a person, None if there is no such person or they are gone."""
    with reading(source) as conn:
        row = conn.execute(_query().where(t.person.c.id == person_id, t.person.c.active.is_(True))).first()
        return _account(row) if row else None


def has_admin(engine: Engine) -> bool:
    """Whether somebody can let others in."""
    p = t.person.c
    query = select(p.id).where(p.role == Role.ADMIN.value, p.active.is_(True), p.password != "")
    with reading(engine) as conn:
        return conn.execute(query.limit(1)).first() is not None


def set_role(engine: Engine, name: str, role: Role, actor: str, now: datetime) -> bool:
    """Give a person another role; False if nobody is called so, or it is theirs already, or the last admin would go."""

    def work(conn: Connection) -> bool:
        if role != Role.ADMIN and _is_last_admin(conn, name):
            return False
        p = t.person.c
        changed = update(t.person).where(p.name == name, p.active.is_(True), p.role != role.value)
        if not conn.execute(changed.values(role=role.value)).rowcount:
            return False
        write_event(conn, Happening("person.role", actor, now, data={"role": role.value}, text=name))
        return True

    return commit(engine, work)


def set_scope(engine: Engine, person: Person, scope: Scope, actor: str, now: datetime) -> None:
    """Say which mailboxes a person sees; None for all, also those to come."""
    told: dict[str, object] = {"mailboxes": "all" if scope is None else sorted(scope)}
    with writing(engine) as conn:
        conn.execute(update(t.person).where(t.person.c.id == person.id).values(mailboxes=stored_scope(scope)))
        write_event(conn, Happening("person.mailboxes", actor, now, data=told, text=person.name))


def set_language(engine: Engine, person_id: int, language: str) -> None:
    """Which language the desk speaks to a person."""
    with writing(engine) as conn:
        conn.execute(update(t.person).where(t.person.c.id == person_id).values(language=language))


def set_password(engine: Engine, person: Person, hashed: str, now: datetime) -> None:
    """Set a password's hash; every session and link of the person ends, and a lock."""

    def work(conn: Connection) -> None:
        conn.execute(update(t.person).where(t.person.c.id == person.id).values(password=hashed))
        for table in (t.desk_session, t.desk_link, t.sign_in_step):
            conn.execute(delete(table).where(table.c.person_id == person.id))
        conn.execute(delete(t.desk_failure).where(t.desk_failure.c.digest == _named(conn, person.name)))
        write_event(conn, Happening("person.password", person.name, now))

    commit(engine, work)


def make_link(engine: Engine, person: Person, actor: str, now: datetime) -> str:
    """A secret by which the person may set a password, once and within a day; earlier ones end."""
    secret = secrets.token_urlsafe(24)
    row = {"digest": digest(secret), "person_id": person.id, "made_at": now, "ends_at": now + LINK}
    with writing(engine) as conn:
        conn.execute(delete(t.desk_link).where(t.desk_link.c.person_id == person.id))
        conn.execute(insert(t.desk_link).values(row))
        write_event(conn, Happening("person.link", actor, now, text=person.name))
    return secret


def person_by_link(source: Engine | Connection, secret: str, now: datetime) -> Account | None:
    """Whose link it is; None if it was used, is too old, or never was."""
    k = t.desk_link.c
    with reading(source) as conn:
        found = conn.execute(select(k.person_id).where(k.digest == digest(secret), k.ends_at > now)).scalar()
        return account_of(conn, found) if found is not None else None


def locked(source: Engine | Connection, name: str, now: datetime) -> datetime | None:
    """Until when nobody may try this name, None if anybody may."""
    f = t.desk_failure.c
    with reading(source) as conn:
        until = conn.execute(select(f.locked_until).where(f.digest == _named(conn, name))).scalar()
    return until if until is not None and until > now else None


def note_failure(engine: Engine, name: str, now: datetime) -> None:
    """Count a failed sign-in; after five in a row the name is locked, for twice as long each time, an hour at most."""

    def work(conn: Connection) -> None:
        f, key = t.desk_failure.c, _named(conn, name)
        row = conn.execute(select(f.failed, f.last_at).where(f.digest == key)).first()
        failed = 1 + (row.failed if row and now - row.last_at < FORGET else 0)
        conn.execute(delete(t.desk_failure).where(f.last_at < now - FORGET))
        conn.execute(delete(t.desk_failure).where(f.digest == key))
        over = failed - FREE_FAILURES
        lock = min(timedelta(seconds=15 * 2 ** min(over, 12)), LONGEST_LOCK) if over >= 0 else None
        values = {"digest": key, "failed": failed, "last_at": now, "locked_until": now + lock if lock else None}
        conn.execute(insert(t.desk_failure).values(values))
        known = str(conn.execute(select(t.person.c.name).where(t.person.c.name == name)).scalar() or "")
        if known:
            # Only of names that there are, or strangers could fill the trail, of which nothing is ever deleted.
            write_event(conn, Happening("person.sign_in_failed", "desk", now, data={"failed": failed}, text=known))
        if lock and over == 0:
            seconds = int(lock.total_seconds())
            write_event(conn, Happening("person.locked", "desk", now, data={"seconds": seconds}, text=known))

    commit(engine, work)


def note_success(engine: Engine, name: str) -> None:
    """Forget the failures of a name."""
    with writing(engine) as conn:
        conn.execute(delete(t.desk_failure).where(t.desk_failure.c.digest == _named(conn, name)))


def digest(secret: str) -> str:
    """How a random secret is stored."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _named(conn: Connection, name: str) -> str:
    folded = " ".join(name.split()).casefold()[:200]
    return hmac.new(store_key(conn), folded.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _is_last_admin(conn: Connection, name: str) -> bool:
    p = t.person.c
    admins = conn.execute(select(p.name).where(p.role == Role.ADMIN.value, p.active.is_(True))).scalars().all()
    return list(admins) == [name]


def _query() -> Select[*tuple[object, ...]]:
    p = t.person.c
    return select(*(p.id, p.name, p.role, p.password, p.language, p.active, p.mailboxes, p.totp_nonce, p.provider_name))


def _account(row: t.AnyRow) -> Account:
    # Who gives rights could give themselves all of them.
    scope = None if row.role == Role.ADMIN.value else scope_of(row.mailboxes)
    seen = (scope, bool(row.totp_nonce), row.provider_name)
    return Account(Person(row.id, row.name), Role(row.role), row.password, row.language, row.active, *seen)
