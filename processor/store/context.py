"""What the store knows about a mail before it is decided: its thread, replies sent lately, the customer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Engine,
    ScalarSelect,
    and_,
    bindparam,
    exists,
    func,
    insert,
    literal,
    select,
    union_all,
)

from processor.store import tables as t
from processor.store.prepared import Query
from processor.store.transaction import commit, reading
from processor.ticket import OutboxState, TicketState

K = TypeVar("K", str, int)

SENDER_WINDOW = timedelta(hours=24)
ALL_WINDOW = timedelta(hours=1)
# Nobody's limit is higher; counting ends there, so that a flood does not make counting slow.
COUNT_LIMIT = 5_000
REGISTER = "register"
# Longer ones exist only to hurt (a PostgreSQL index row holds 2,700 bytes), and are cut alike everywhere.
MESSAGE_ID_LENGTH = 500
ADDRESS_LENGTH = 320
# RFC 5322 sets no bound; a thread of more is known by its ends.
MESSAGE_IDS = 50

# All others count.  Said by what does not count, lest SQLite look the states up in their index and walk
# through every reply that was ever sent.
NOT_COUNTED = tuple(
    state.value
    for state in (
        OutboxState.DRAFT,
        OutboxState.HELD,
        OutboxState.FAILED,
        OutboxState.BOUNCED,
        OutboxState.CANCELLED,
    )
)


@dataclass(frozen=True, slots=True)
class FoundTicket:
    """A ticket of the thread; ``ours`` when a Message-ID of ours led to it, not one that a stranger chose."""

    ticket_id: int
    ticket_no: str
    sender: str
    state: TicketState
    ours: bool


class RepliesLately(NamedTuple):
    """Automatic replies that are out or on their way; staff's own and confirmations do not count."""

    to_sender: int
    in_thread: int
    in_all: int


def ticket_for(source: Engine | Connection, message_ids: Sequence[str]) -> FoundTicket | None:
    """The ticket that these Message-IDs (In-Reply-To, then References, nearest first) belong to.

    A Message-ID of ours wins over those that strangers chose; a merged ticket gives the one it went into.
    """
    with reading(source) as conn:
        return Threads(conn, [message_ids]).ticket_for(message_ids)


class Threads:
    """The tickets that the Message-IDs of a batch of mails belong to, asked about together."""

    def __init__(self, conn: Connection, batch: Iterable[Sequence[str]]) -> None:
        self.conn = conn
        wanted = sorted({one for message_ids in batch for one in _wanted(message_ids)})
        # The first row of an ID is the one that counts: ours before a stranger's, an older one before a later.
        self.known = [
            {row.message_id: row for row in reversed(query.rows(conn, {"wanted": wanted}))} if wanted else {}
            for query in _THREADS
        ]

    def ticket_for(self, message_ids: Sequence[str]) -> FoundTicket | None:
        """As the function of this name; the IDs are some of the batch's."""
        wanted = _wanted(message_ids)
        for known in self.known:
            rows = [known[one] for one in wanted if one in known]
            if rows:
                # What we wrote ourselves goes before, wherever it stands in the thread.
                nearest = next((row for row in rows if row.ours), rows[0])
                return _found(self.conn, nearest.ticket_id, bool(nearest.ours))
        return None


def is_ticket(source: Engine | Connection, number: str) -> bool:
    """Whether there is a ticket of this number."""
    with reading(source) as conn:
        return conn.execute(select(t.ticket.c.id).where(t.ticket.c.number == number)).first() is not None


def replies_lately(source: Engine | Connection, sender: str, ticket_id: int | None, now: datetime) -> RepliesLately:
    """Count replies to the sender (24 h), in the ticket (ever) and to all (1 h); each stops at COUNT_LIMIT."""
    asked = {
        "sender": bounded_address(sender),
        "ticket": ticket_id,
        "sender_since": now - SENDER_WINDOW,
        "all_since": now - ALL_WINDOW,
    }
    with reading(source) as conn:
        return RepliesLately(*_LATELY.rows(conn, asked)[0])


def replies_by_key(
    conn: Connection, column: ColumnElement[K], keys: Collection[K], since: datetime | None
) -> dict[K, int]:
    """Counted replies for many senders or tickets at once."""
    if not keys:
        return {}
    asked = {"keys": list(keys)} | ({} if since is None else {"since": since})
    return {row[0]: row[1] for row in _by_key(column, since is not None).rows(conn, asked)}


def known_sender(source: Engine | Connection, spec: str, domain: str) -> bool:
    """Whether the address, or its (non-public) domain, is known as a customer's."""
    r = t.register_contact.c
    wanted = ((r.kind == "address") & (r.value == bounded_address(spec))) | (
        (r.kind == "domain") & (r.value == bounded_address(domain))
    )
    with reading(source) as conn:
        return conn.execute(select(r.kind).where(wanted).limit(1)).first() is not None


def known_contacts(
    conn: Connection, specs: Collection[str], domains: Collection[str]
) -> tuple[set[tuple[str, str]], bool]:
    """Those of many addresses and domains that are known as customers', as (kind, value), by the contacts and the
    contract register; and whether that register holds anything, so that an empty one is never asked."""
    asked = {("address", bounded_address(one)) for one in specs} | {("domain", bounded_address(one)) for one in domains}
    names = sorted(value for kind, value in asked if kind == "domain")
    values = sorted({value for _, value in asked})
    found = {(row[0], row[1]) for row in _CONTACTS.rows(conn, {"wanted": values, "names": names})}
    return found & asked, (REGISTER, "") in found


def replies_to_many(conn: Connection, senders: Collection[str], now: datetime) -> dict[str, int]:
    """Count replies lately to many senders at once, as ``replies_lately`` does to one."""
    return replies_by_key(conn, t.outbox.c.recipient, {bounded_address(one) for one in senders}, now - SENDER_WINDOW)


def replies_to_domains(conn: Connection, domains: Collection[str], now: datetime) -> dict[str, int]:
    """Count replies lately to all senders of many organisations' domains."""
    return replies_by_key(conn, t.outbox.c.recipient_domain, set(domains), now - SENDER_WINDOW)


def add_contacts(engine: Engine, addresses: Iterable[str], domains: Iterable[str], now: datetime) -> int:
    """Remember addresses and domains as customers'; says how many were new.  Give no public domains."""
    wanted = {("address", bounded_address(one)) for one in addresses}
    wanted |= {("domain", bounded_address(one)) for one in domains}
    return commit(engine, lambda conn: put_contacts(conn, wanted, now))


def put_contacts(conn: Connection, wanted: set[tuple[str, str]], now: datetime) -> int:
    """``add_contacts`` of (kind, value) in small letters, within the caller's transaction."""
    r = t.register_contact.c
    values = sorted(wanted)
    known: set[tuple[str, str]] = set()
    for start in range(0, len(values), 500):
        part = [value for _, value in values[start : start + 500]]
        known |= {(row.kind, row.value) for row in conn.execute(select(r.kind, r.value).where(r.value.in_(part)))}
    fresh = [{"kind": kind, "value": value, "added_at": now} for kind, value in values if (kind, value) not in known]
    if fresh:
        conn.execute(insert(t.register_contact), fresh)
    return len(fresh)


def whole_ticket(conn: Connection, ticket_id: int) -> t.AnyRow:
    """The row of a ticket, or of the one that it was merged into.  Raises LookupError when there is none."""
    seen: set[int] = set()
    while ticket_id not in seen:
        seen.add(ticket_id)
        found = _TICKET.rows(conn, {"which": ticket_id})
        if not found:
            break
        row: t.AnyRow = found[0]
        if row.merged_into is None:
            return row
        ticket_id = row.merged_into
    raise LookupError(f"ticket {ticket_id} is missing, or merged into itself")


def replies_in_all(conn: Connection, now: datetime) -> int:
    """Counted replies of the last hour."""
    return int(_ALL_LATELY.value(conn, {"all_since": now - ALL_WINDOW}))


def bounded_id(message_id: str) -> str:
    """A Message-ID as it is stored and sought."""
    return message_id[:MESSAGE_ID_LENGTH]


def bounded_address(spec: str) -> str:
    """An address or domain as it is stored and sought."""
    return spec[:ADDRESS_LENGTH].lower()


def _wanted(message_ids: Sequence[str]) -> list[str]:
    wanted = [bounded_id(one) for one in message_ids if one]
    if len(wanted) > MESSAGE_IDS:
        wanted = wanted[: MESSAGE_IDS // 2] + wanted[-MESSAGE_IDS // 2 :]
    return wanted


def _found(conn: Connection, ticket_id: int, ours: bool) -> FoundTicket:
    row = whole_ticket(conn, ticket_id)
    return FoundTicket(row.id, row.number, row.sender, TicketState(row.state), ours)


def _counted() -> ColumnElement[bool]:
    return and_(t.outbox.c.state.not_in(NOT_COUNTED), t.outbox.c.automatic.is_(True))


@cache
def _by_key(column: ColumnElement[K], windowed: bool) -> Query:
    window = [t.outbox.c.created_at > bindparam("since")] if windowed else []
    wanted = column.in_(bindparam("keys", expanding=True))
    return Query(select(column, func.count()).where(wanted, _counted(), *window).group_by(column))


def _count(*conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    some = select(literal(1)).select_from(t.outbox).where(*conditions, _counted()).limit(COUNT_LIMIT).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


# Built once and asked in one go: this is asked about every mail.
_IN_ALL = _count(t.outbox.c.created_at > bindparam("all_since"))
_LATELY = Query(
    select(
        _count(t.outbox.c.recipient == bindparam("sender"), t.outbox.c.created_at > bindparam("sender_since")),
        _count(t.outbox.c.ticket_id == bindparam("ticket")),
        _IN_ALL,
    )
)
_ALL_LATELY = Query(select(_IN_ALL))

_O, _M, _W, _K, _R, _D = (
    each.c for each in (t.outbox, t.mail, t.colleague_reply, t.ticket, t.register_contact, t.contract_domain)
)
_WANTED: BindParameter[Any] = bindparam("wanted", expanding=True)
_THREADS = (
    Query(
        select(_O.message_id, _O.ticket_id, literal(True).label("ours"))
        .where(_O.message_id.in_(_WANTED), _O.ticket_id.is_not(None))
        .order_by(_O.id)
    ),
    Query(
        select(_W.message_id, _W.ticket_id, literal(True).label("ours"))
        .where(_W.message_id.in_(_WANTED), _W.ticket_id.is_not(None))
        .order_by(_W.id)
    ),
    Query(
        select(_M.message_id, _M.ticket_id, _M.own.label("ours"))
        .where(_M.message_id.in_(_WANTED), _M.ticket_id.is_not(None))
        .order_by(_M.own.desc(), _M.id)
    ),
)
_TICKET = Query(select(_K.id, _K.number, _K.sender, _K.state, _K.merged_into).where(_K.id == bindparam("which")))
_CONTACTS = Query(
    union_all(
        select(_R.kind, _R.value).where(_R.value.in_(_WANTED)),
        select(literal("domain"), _D.domain).where(_D.domain.in_(bindparam("names", expanding=True))).distinct(),
        select(literal(REGISTER), literal("")).where(exists(select(t.contract.c.customer_no))),
    )
)
