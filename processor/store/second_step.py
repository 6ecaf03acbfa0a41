"""The second step of a person's sign-in: who has one, what is taken for it once, and who must have one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from processor.store import tables as t
from processor.store.accounts import Role, digest
from processor.store.events import Happening, write_event
from processor.store.people import Person
from processor.store.settings import change_setting, setting
from processor.store.totp import matching_step, new_recovery_codes, plain_recovery_code, secret_of
from processor.store.transaction import commit, reading

REQUIRED = "second_step_roles"


def turn_on(engine: Engine, person: Person, nonce: str, used_step: int, now: datetime) -> list[str]:
    """Let the person sign in by the new secret's codes; the recovery codes, which cannot be had again.

    ``used_step`` is the step of the code by which they showed that they have it.
    """

    def work(conn: Connection) -> list[str]:
        changed = update(t.person).where(t.person.c.id == person.id)
        conn.execute(changed.values(totp_nonce=nonce, totp_step=used_step))
        write_event(conn, Happening("person.second_step_on", person.name, now))
        return _new_codes(conn, person, now)

    return commit(engine, work)


def turn_off(engine: Engine, person: Person, actor: str, now: datetime) -> bool:
    """Let a password be enough again; False if it was."""

    def work(conn: Connection) -> bool:
        p = t.person.c
        having = update(t.person).where(p.id == person.id, p.totp_nonce != "")
        if not conn.execute(having.values(totp_nonce="", totp_step=0)).rowcount:
            return False
        conn.execute(delete(t.recovery_code).where(t.recovery_code.c.person_id == person.id))
        write_event(conn, Happening("person.second_step_off", actor, now, text=person.name))
        return True

    return commit(engine, work)


def renew_codes(engine: Engine, person: Person, now: datetime) -> list[str]:
    """New recovery codes; the old ones end."""
    return commit(engine, lambda conn: _new_codes(conn, person, now))


def codes_left(engine: Engine, person: Person) -> int:
    """How many recovery codes are left."""
    query = select(func.count()).select_from(t.recovery_code).where(t.recovery_code.c.person_id == person.id)
    with reading(engine) as conn:
        return int(conn.execute(query).scalar_one())


def take_code(engine: Engine, person: Person, key: bytes, said: str, now: datetime) -> bool:
    """Whether what was said is the code of now, or a recovery code; either is taken once."""

    def work(conn: Connection) -> bool:
        p = t.person.c
        row = conn.execute(select(p.totp_nonce, p.totp_step).where(p.id == person.id, p.active.is_(True))).first()
        if row is None or not row.totp_nonce:
            return False
        if found := matching_step(secret_of(key, row.totp_nonce), said, now, row.totp_step):
            # Whoever sends the same code at the same time comes too late by this condition.
            unused = update(t.person).where(p.id == person.id, p.totp_step < found)
            return bool(conn.execute(unused.values(totp_step=found)).rowcount)
        return _take_recovery_code(conn, person, said, now)

    return commit(engine, work)


def required_roles(source: Engine | Connection) -> frozenset[Role]:
    """The roles that must have a second step."""
    return frozenset(Role(each) for each in setting(source, REQUIRED).split() if each in tuple(Role))


def require_for(engine: Engine, roles: Iterable[Role], actor: str, now: datetime) -> None:
    """Say which roles must have a second step; who has none sets one up at the next page they ask for."""
    change_setting(engine, REQUIRED, " ".join(each.value for each in Role if each in set(roles)), actor, now)


def _new_codes(conn: Connection, person: Person, now: datetime) -> list[str]:
    codes, c = new_recovery_codes(), t.recovery_code
    conn.execute(delete(c).where(c.c.person_id == person.id))
    rows = [{"digest": _stored(person, each), "person_id": person.id, "made_at": now} for each in codes]
    conn.execute(insert(c), rows)
    write_event(conn, Happening("person.recovery_codes", person.name, now))
    return codes


def _take_recovery_code(conn: Connection, person: Person, said: str, now: datetime) -> bool:
    c = t.recovery_code.c
    mine = delete(t.recovery_code).where(c.digest == _stored(person, said), c.person_id == person.id)
    if not conn.execute(mine).rowcount:
        return False
    left = conn.execute(select(func.count()).select_from(t.recovery_code).where(c.person_id == person.id)).scalar_one()
    write_event(conn, Happening("person.recovery_code_used", person.name, now, data={"left": int(left)}))
    return True


def _stored(person: Person, code: str) -> str:
    """A digest for each person, so that two people may draw the same code."""
    return digest(f"{person.id} {plain_recovery_code(code)}")
