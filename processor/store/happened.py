"""What happened in a span of days, read from the mails, letters and actions themselves, each on its own day in Oslo.

What follows from a mail counts for the mailbox that it came to, whoever else the ticket belongs to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, case, func, select

from processor.store import tables as t
from processor.store.history_tables import IMPORTED
from processor.store.staff_said import Said, StaffSaid, decided_within
from processor.store.visible import Scope
from processor.ticket import ActionState, MailState, OutboxState

OSLO = ZoneInfo("Europe/Oslo")
MINUTES = (1, 5, 15, 30, 60, 120, 240, 480, 1440, 2880, 4320, 7200, 10080, 20160, 43200)
"""The upper ends of the stretches of time that are counted by; whatever took longer is in the bucket after the last."""
BINS = 20
"""Confidence is counted in so many equal parts."""
SAID: tuple[Said, ...] = ("confirmed", "changed", "rejected", "open")
MISSED = len(SAID)


class Measure(StrEnum):
    """What is counted, and what its buckets are; by request type (``""`` for mail that asks nothing) unless told."""

    ARRIVED = "arrived"  # the hour of the week in Oslo, from Monday's first
    HANDLED = "handled"  # a place in Handled
    RECEIPT = "receipt"  # a stretch of MINUTES from arrival to the receipt's leaving
    ANSWER = "answer"  # the same to any other letter's
    ANSWER_DUE = "answer_due"  # 1: before the first due time of what staff had to do, 0: after it
    CLOSE = "close"  # a stretch of MINUTES from arrival to the action's closing
    CLOSE_DUE = "close_due"  # 1: in time, 0: late
    SAID = "said"  # a place in SAID, or MISSED: somebody said that it was of this type, and it was not taken for it
    SURE_AGREED = "sure_agreed"  # a bin of the confidence, where staff agreed
    SURE_NOT = "sure_not"  # the same where they did not
    RULE = "rule"  # by rule: a place in SAID
    COUNTED = "counted"  # the day was counted after its end


class Handled(StrEnum):
    """By whom a mail that asks something was handled."""

    ALONE = "alone"
    RECEIPT = "receipt"
    STAFF = "staff"
    NOT_YET = "not_yet"


HANDLED = tuple(Handled)


class Count(NamedTuple):
    """A key of the counts: see Measure.  ``day`` is the Monday where weeks were asked for."""

    day: date
    measure: Measure
    name: str
    bucket: int


Of = tuple[str, Count]
"""A count, and the mailbox that it is of."""


def monday(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def counted(
    conn: Connection, first: date, last: date, measures: Sequence[Measure] = (), scope: Scope = None
) -> Counter[Count]:
    """Count these days from the mails, letters and actions themselves, of the mailboxes of the scope together."""
    found: Counter[Count] = Counter()
    for (account, key), count in by_mailbox(conn, first, last, measures).items():
        if scope is None or account in scope:
            found[key] += count
    return found


def by_mailbox(conn: Connection, first: date, last: date, measures: Sequence[Measure] = ()) -> Counter[Of]:
    """The same for each mailbox; ``measures`` are those wanted, none for all."""
    since, until = midnight(first), midnight(last + timedelta(days=1))
    wanted = frozenset(measures or Measure)
    found: Counter[Of] = Counter()
    for source, told in SOURCES:
        if not wanted.isdisjoint(told):
            found.update(each for each in source(conn, since, until) if each[1].measure in wanted)
    return found


def midnight(day: date) -> datetime:
    """When a day begins in Oslo, in UTC."""
    return datetime.combine(day, time(), OSLO).astimezone(UTC)


def stretch(took: timedelta) -> int:
    """The bucket of a stretch of time."""
    minutes = took / timedelta(minutes=1)
    return next((at for at, end in enumerate(MINUTES) if minutes <= end), len(MINUTES))


def bin_of(confidence: float) -> int:
    """The bin of a confidence."""
    return min(int(confidence * BINS), BINS - 1)


def _arrivals(conn: Connection, since: datetime, until: datetime) -> Iterator[Of]:
    """Mails by hour, and by whom those that ask something were handled."""
    m, i, a, o = t.mail.c, t.item.c, t.action.c, t.outbox.c
    main = select(func.min(i.id)).where(i.mail_id == m.id).correlate(t.mail).scalar_subquery()
    acted = select(a.id).join(t.item, i.id == a.item_id).where(i.mail_id == m.id).correlate(t.mail).exists()
    left = o.state.in_((OutboxState.SENT.value, OutboxState.BOUNCED.value))
    # 2: a letter left with a person behind it, 1: one left by itself.
    sent = (
        select(func.max(case((o.automatic.is_(True), 1), else_=2)))
        .where(o.ticket_id == m.ticket_id, o.mail_id == m.id, left)
        .correlate(t.mail)
        .scalar_subquery()
    )
    query = (
        select(m.account, m.arrived_at, i.type, i.how, acted.label("acted"), sent.label("sent"))
        .outerjoin(t.item, i.id == main)
        .where(m.state.in_([state.value for state in MailState]), m.duplicate.is_(False), m.own.is_(False))
        .where(m.arrived_at >= since, m.arrived_at < until)
    )
    for row in conn.execute(query):
        at = row.arrived_at.astimezone(OSLO)
        yield row.account, Count(at.date(), Measure.ARRIVED, row.type or "", at.weekday() * 24 + at.hour)
        # Who handled what came before our time is not known.
        if row.type and row.how != IMPORTED:
            yield row.account, Count(at.date(), Measure.HANDLED, row.type, HANDLED.index(_handled(row.acted, row.sent)))


def _handled(acted: bool, sent: int | None) -> Handled:
    if not sent:
        return Handled.NOT_YET
    if sent == 2:
        return Handled.STAFF
    return Handled.RECEIPT if acted else Handled.ALONE


def _letters(conn: Connection, since: datetime, until: datetime) -> Iterator[Of]:
    """Letters that left, by the time since their mail's arrival; beside the first due time of their item's actions."""
    m, i, a, o = t.mail.c, t.item.c, t.action.c, t.outbox.c
    due = select(func.min(a.due)).where(a.item_id == i.id).correlate(t.item).scalar_subquery()
    query = (
        select(m.account, m.arrived_at, o.attempted_at, o.kind, o.state, i.type, due.label("due"))
        .join_from(t.outbox, t.item, i.id == o.item_id)
        .join(t.mail, m.id == i.mail_id)
        .where(o.attempted_at >= since, o.attempted_at < until)
    )
    for row in conn.execute(query):
        # Asked for, the state would lead SQLite to all that was ever sent; so would it below to all that was done.
        if row.state not in (OutboxState.SENT.value, OutboxState.BOUNCED.value):
            continue
        day = row.attempted_at.astimezone(OSLO).date()
        measure = Measure.RECEIPT if row.kind == "receipt" else Measure.ANSWER
        yield row.account, Count(day, measure, row.type, stretch(row.attempted_at - row.arrived_at))
        if measure == Measure.ANSWER and row.due is not None:
            yield row.account, Count(day, Measure.ANSWER_DUE, row.type, int(row.attempted_at <= row.due))


def _closings(conn: Connection, since: datetime, until: datetime) -> Iterator[Of]:
    """Actions that were done or rejected, by the time since their mail's arrival, and beside their due time."""
    m, i, a = t.mail.c, t.item.c, t.action.c
    over = (ActionState.DONE.value, ActionState.REJECTED.value)
    query = (
        select(m.account, m.arrived_at, a.changed_at, a.due, a.state, i.type)
        .join_from(t.action, t.item, i.id == a.item_id)
        .join(t.mail, m.id == i.mail_id)
        .where(a.changed_at >= since, a.changed_at < until)
    )
    for row in conn.execute(query):
        if row.state not in over:
            continue
        day = row.changed_at.astimezone(OSLO).date()
        yield row.account, Count(day, Measure.CLOSE, row.type, stretch(row.changed_at - row.arrived_at))
        yield row.account, Count(day, Measure.CLOSE_DUE, row.type, int(row.changed_at <= row.due))


def _judgements(conn: Connection, since: datetime, until: datetime) -> Iterator[Of]:
    """Staff's word on what was decided: by type, by confidence, by rule."""
    i, m, o = t.item.c, t.mail.c, t.outbox.c
    words = StaffSaid(conn, since, until)
    query = (
        select(i.id, i.mail_id, i.type, i.rule, i.confidence, m.decided_at, o.id.label("outbox_id"), o.approved_by)
        .add_columns(m.account)
        .join_from(t.item, t.mail, m.id == i.mail_id)
        .outerjoin(t.outbox, (o.item_id == i.id) & (o.answers_mail_id == i.mail_id))
        .where(m.duplicate.is_(False), i.how != IMPORTED, *decided_within(since, until))
    )
    taken: dict[int, set[str]] = {}
    for row in conn.execute(query):
        day, said = row.decided_at.astimezone(OSLO).date(), words.of(row)
        taken.setdefault(row.mail_id, set()).add(row.type)
        yield row.account, Count(day, Measure.SAID, row.type, SAID.index(said))
        if said != "open":
            yield row.account, Count(day, Measure.RULE, row.rule, SAID.index(said))
            agreed = Measure.SURE_AGREED if said == "confirmed" else Measure.SURE_NOT
            yield row.account, Count(day, agreed, row.type, bin_of(row.confidence))
    yield from _missed(conn, words, taken)


def _missed(conn: Connection, words: StaffSaid, taken: dict[int, set[str]]) -> Iterator[Of]:
    m = t.mail.c
    for mail_id, types in words.retyped.items():
        for name in set(types) - taken.get(mail_id, set()):
            row = conn.execute(select(m.account, m.decided_at).where(m.id == mail_id)).one()
            yield row.account, Count(row.decided_at.astimezone(OSLO).date(), Measure.SAID, name, MISSED)


SOURCES: tuple[tuple[Callable[[Connection, datetime, datetime], Iterator[Of]], tuple[Measure, ...]], ...] = (
    (_arrivals, (Measure.ARRIVED, Measure.HANDLED)),
    (_letters, (Measure.RECEIPT, Measure.ANSWER, Measure.ANSWER_DUE)),
    (_closings, (Measure.CLOSE, Measure.CLOSE_DUE)),
    (_judgements, (Measure.SAID, Measure.SURE_AGREED, Measure.SURE_NOT, Measure.RULE)),
)
