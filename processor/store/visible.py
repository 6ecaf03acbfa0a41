"""What a person may see where their rights are limited to some mailboxes; to others it is not there.

A ticket is seen by whoever may see all its mails.  A further arrival of an equal letter does not count, so that a
customer who writes to two mailboxes hides nothing from those of the first.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, Engine, exists, select

from processor.store import tables as t
from processor.store.columns import canonical
from processor.store.transaction import reading

Scope = frozenset[str] | None
"""The names of mailboxes; None is all of them, also those to come."""


def stored_scope(scope: Scope) -> str:
    """A scope as its column holds it."""
    return "" if scope is None else canonical(sorted(scope))


def scope_of(stored: str) -> Scope:
    """What ``stored_scope`` wrote."""
    return frozenset(json.loads(stored)) if stored else None


def both(one: Scope, other: Scope) -> Scope:
    """What lies in both."""
    if one is None or other is None:
        return other if one is None else one
    return one & other


def within(scope: Scope, ticket_id: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    """The conditions under which the ticket of a query is seen; none for a scope of all."""
    if scope is None:
        return []
    m, names = t.mail.alias("seen_mail"), sorted(scope)
    of_ticket = exists().where(m.c.ticket_id == ticket_id)
    return [of_ticket.where(m.c.account.in_(names)), ~of_ticket.where(m.c.account.not_in(names), ~m.c.duplicate)]


def sees_ticket(engine: Engine, scope: Scope, number: str) -> bool:
    """Whether the ticket of this number is there for the scope."""
    return _there(engine, scope, t.ticket.c.id, t.ticket.c.number == number)


def sees_mail(engine: Engine, scope: Scope, mail_id: int) -> bool:
    """Whether a mail is there for the scope: it came to one of its mailboxes, and its ticket is seen."""
    if scope is None:
        return True
    m = t.mail.c
    with reading(engine) as conn:
        row = conn.execute(select(m.account, m.ticket_id).where(m.id == mail_id)).first()
    if row is None or row.account not in scope:
        return False
    return row.ticket_id is None or sees_tickets(engine, scope, [row.ticket_id])


def sees_action(engine: Engine, scope: Scope, action_id: int) -> bool:
    """Whether an action is there for the scope."""
    return _there(engine, scope, t.action.c.ticket_id, t.action.c.id == action_id)


def sees_reply(engine: Engine, scope: Scope, outbox_id: int) -> bool:
    """Whether a reply is there for the scope."""
    return _there(engine, scope, t.outbox.c.ticket_id, t.outbox.c.id == outbox_id)


def sees_tickets(engine: Engine, scope: Scope, ids: Iterable[int]) -> bool:
    """Whether each of these tickets is there for the scope."""
    return scope is None or all(_there(engine, scope, t.ticket.c.id, t.ticket.c.id == each) for each in ids)


def sees_numbers(engine: Engine, scope: Scope, numbers: Collection[str]) -> bool:
    """Whether each of these that is a ticket's number is of one that is there for the scope."""
    if scope is None or not numbers:
        return True
    k = t.ticket.c
    with reading(engine) as conn:
        named = set(conn.execute(select(k.id).where(k.number.in_(numbers))).scalars())
        seen = (
            set(conn.execute(select(k.id).where(k.id.in_(named), *within(scope, k.id))).scalars()) if named else named
        )
    return named == seen


def _there(engine: Engine, scope: Scope, ticket_id: ColumnElement[Any], which: ColumnElement[bool]) -> bool:
    if scope is None:
        return True
    with reading(engine) as conn:
        return conn.execute(select(ticket_id).where(which, *within(scope, ticket_id)).limit(1)).first() is not None
