"""Who of us somebody is that a provider of single sign-on lets in.

An administrator writes down what the provider calls a person.  The first who comes by that name is bound to it by
the provider's own unchanging mark, so that nobody gets in later by taking over a name or an address.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, select, update

from processor.store import tables as t
from processor.store.accounts import Account, account_of
from processor.store.events import Happening, write_event
from processor.store.people import Person
from processor.store.transaction import commit, reading

LONGEST_NAME = 200


def account_at(engine: Engine, subject: str, name: str, now: datetime) -> Account | None:
    """The account of a provider's ``subject`` (issuer and mark), else the unbound one of that name; None for neither."""
    p = t.person.c
    with reading(engine) as conn:
        bound = conn.execute(select(p.id).where(p.provider_subject == subject, p.active.is_(True))).scalar()
    if bound is not None:
        return account_of(engine, bound)
    folded = folded_name(name)
    return commit(engine, lambda conn: _bind(conn, subject, folded, now)) if folded else None


def set_provider_name(engine: Engine, person: Person, name: str, actor: str, now: datetime) -> bool:
    """Say what the provider calls a person, ``""`` for nothing; False if somebody else is called so.

    Whoever came by the name before is not known by it any more.
    """

    def work(conn: Connection) -> bool:
        p, folded = t.person.c, folded_name(name)
        other = select(p.id).where(p.provider_name == folded, p.id != person.id)
        if folded and conn.execute(other).first() is not None:
            return False
        changed = update(t.person).where(p.id == person.id)
        conn.execute(changed.values(provider_name=folded, provider_subject=""))
        write_event(conn, Happening("person.provider_name", actor, now, text=f"{person.name}: {folded}"))
        return True

    return commit(engine, work)


def folded_name(name: str) -> str:
    """A name as it is compared: without the spaces around it, in small letters."""
    return name.strip().casefold()[:LONGEST_NAME]


def _bind(conn: Connection, subject: str, name: str, now: datetime) -> Account | None:
    p = t.person.c
    row = conn.execute(
        select(p.id, p.name).where(p.provider_name == name, p.provider_subject == "", p.active.is_(True))
    ).first()
    if row is None:
        return None
    unbound = update(t.person).where(p.id == row.id, p.provider_subject == "")
    if not conn.execute(unbound.values(provider_subject=subject)).rowcount:
        return None
    write_event(conn, Happening("person.provider_met", row.name, now))
    return account_of(conn, row.id)
