"""What the period of each ticket depends on, read from the store a page at a time."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from processor.store import tables as t
from processor.store.corrections import APPROVED, RETYPED
from processor.store.periods import GRANT, KINDS, Past, Period, period
from processor.store.staff_replies import OPEN_ACTIONS
from processor.ticket import OutboxState, TicketState

GRANT_ENDED = "grant.ended"
PAGE = 500
LEAVING = [state.value for state in (OutboxState.READY, OutboxState.RETRY, OutboxState.SENDING)]
OTHER = frozenset({"other"})


@dataclass(frozen=True, slots=True)
class Standing:
    """A ticket that is not wholly erased, with its period and what stands in the way of erasing it.

    ``handled``: no action is open and no reply on its way; ``draft``: one waits for a person.  ``mail_ids`` are those
    of which something is left, ``with_bytes`` those whose bytes are.  ``copies``: all that is left are further
    arrivals of letters that were erased.
    """

    ticket_id: int
    number: str
    period: Period
    held: bool
    handled: bool
    draft: bool
    mail_ids: tuple[int, ...]
    with_bytes: tuple[int, ...]
    copies: bool


def standings(conn: Connection, *conditions: ColumnElement[bool]) -> Iterator[list[Standing]]:
    """The tickets that meet the conditions, page by page in the order of their ids."""
    after = 0
    k, m, x = t.ticket.c, t.mail.c, t.erasure.c
    gone = select(x.mail_id).where(x.mail_id == m.id, x.whole.is_(True)).exists()
    left = select(m.id).where(m.ticket_id == k.id, ~gone).exists()
    query = select(k.id, k.number, k.outcome, k.state, k.changed_at).where(left, *conditions).order_by(k.id).limit(PAGE)
    while rows := conn.execute(query.where(k.id > after)).all():
        after = rows[-1].id
        yield list(_page(conn, rows))


def _page(conn: Connection, rows: Sequence[t.AnyRow]) -> Iterator[Standing]:
    ids = [row.id for row in rows]
    mails, items = _by_ticket(conn, _mails(ids)), _by_ticket(conn, _items(ids))
    actions = _by_ticket(conn, select(t.action).where(t.action.c.ticket_id.in_(ids)))
    o, h = t.outbox.c, t.legal_hold.c
    replies = select(o.ticket_id, o.state).where(o.ticket_id.in_(ids), o.state.in_([*LEAVING, OutboxState.DRAFT.value]))
    waiting = conn.execute(replies).all()
    drafts = {each.ticket_id for each in waiting if each.state == OutboxState.DRAFT}
    leaving = {each.ticket_id for each in waiting if each.state in LEAVING}
    held = set(conn.execute(select(h.ticket_id).where(h.ticket_id.in_(ids))).scalars())
    said, ended = _said(conn, ids), _grants_ended(conn, ids)
    for row in rows:
        mine = mails[row.id]
        past = _past(row, mine, items[row.id], actions[row.id], said, ended.get(row.id))
        alive = [mail for mail in mine if not mail.gone]
        yield Standing(
            ticket_id=row.id,
            number=row.number,
            period=period(past),
            held=row.id in held,
            handled=row.id not in leaving and not any(each.state in OPEN_ACTIONS for each in actions[row.id]),
            draft=row.id in drafts,
            mail_ids=tuple(mail.id for mail in alive),
            with_bytes=tuple(mail.id for mail in alive if mail.raw or mail.parts),
            copies=len(alive) < len(mine) and all(mail.duplicate for mail in alive),
        )


def _past(
    row: t.AnyRow,
    mails: Sequence[t.AnyRow],
    items: Sequence[t.AnyRow],
    actions: Sequence[t.AnyRow],
    said: Mapping[int, frozenset[str]],
    ended: date | None,
) -> Past:
    types: set[str] = set()
    for mail in mails:
        types |= said.get(mail.id, {each.type for each in items if each.mail_id == mail.id})
    unsaid = not any(mail.id in said for mail in mails)
    if not types and unsaid and (row.outcome != "ignore" or row.state == TicketState.OPEN.value):
        types |= OTHER
    granting = {each.id for each in items if KINDS.get(each.type) == GRANT}
    arrived = max(mail.arrived_at for mail in mails)
    return Past(
        types=frozenset(types),
        arrived=arrived.astimezone(UTC).date(),
        # A mail that may change nothing in the ticket is a new one all the same.
        changed=max(arrived, row.changed_at).astimezone(UTC).date(),
        ends=max((day for each in items for day in _ends(each)), default=None),
        invoiced="invoice_question" in types or any(_known(each).get("invoice_no") for each in items),
        granted=any(each.item_id in granting and each.state in APPROVED for each in actions),
        grant_ended=ended,
    )


def _known(item: t.AnyRow) -> Mapping[str, Any]:
    found = json.loads(item.known or "{}").get("fields") or {}
    return found if isinstance(found, dict) else {}


def _ends(item: t.AnyRow) -> Iterator[date]:
    """The days on which a contract ends, by what the customer wrote and by the register."""
    account = json.loads(item.evidence or "{}").get("account") or {}
    told = (_known(item).get("effective_date"), (account.get("deadline") or {}).get("last_service_day"))
    for each in told:
        try:
            yield date.fromisoformat(str(each))
        except ValueError:
            # None, or as soon as possible.
            continue


def _mails(ids: Sequence[int]) -> Any:
    m, x, r, p = t.mail.c, t.erasure.c, t.raw_mail.c, t.raw_part.c
    return select(
        m.id,
        m.ticket_id,
        m.arrived_at,
        m.duplicate,
        select(x.mail_id).where(x.mail_id == m.id, x.whole.is_(True)).exists().label("gone"),
        select(r.mail_id).where(r.mail_id == m.id).exists().label("raw"),
        select(p.mail_id).where(p.mail_id == m.id).exists().label("parts"),
    ).where(m.ticket_id.in_(ids))


def _items(ids: Sequence[int]) -> Any:
    i = t.item.c
    return select(i.id, i.ticket_id, i.mail_id, i.type, i.known, i.evidence).where(i.ticket_id.in_(ids))


def _by_ticket(conn: Connection, query: Any) -> Mapping[int, list[t.AnyRow]]:
    found: dict[int, list[t.AnyRow]] = defaultdict(list)
    for row in conn.execute(query):
        found[row.ticket_id].append(row)
    return found


def _said(conn: Connection, ids: Sequence[int]) -> dict[int, frozenset[str]]:
    """What staff last said that a mail is; empty for automatic mail."""
    e = t.event.c
    # By where the mails are now: the trail stays with the ticket in which it was said.
    here = select(t.mail.c.id).where(t.mail.c.ticket_id.in_(ids))
    query = select(e.mail_id, e.data).where(e.kind == RETYPED, e.mail_id.in_(here)).order_by(e.id)
    return {row.mail_id: frozenset(json.loads(row.data)["types"]) for row in conn.execute(query)}


def _grants_ended(conn: Connection, ids: Sequence[int]) -> dict[int, date]:
    e = t.event.c
    query = select(e.ticket_id, e.data).where(e.kind == GRANT_ENDED, e.ticket_id.in_(ids)).order_by(e.id)
    return {row.ticket_id: date.fromisoformat(json.loads(row.data)["on"]) for row in conn.execute(query)}


def standing_of(conn: Connection, ticket_id: int) -> Standing | None:
    """How one ticket stands, None where nothing is left of it."""
    return next((each for page in standings(conn, t.ticket.c.id == ticket_id) for each in page), None)
