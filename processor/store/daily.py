"""What happened on each day, counted: from the mails themselves for the last days, kept as numbers for the others.

A count belongs to the day of its own event in Oslo: a mail's arrival, a letter's leaving, an action's closing, a
decision.  So a day that is over changes little, and counting the last weeks again each hour finds what does change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Engine, and_, case, delete, func, insert, select, update

from processor.store import tables as t
from processor.store.staff_said import Said, StaffSaid, decided_within
from processor.store.transaction import commit, reading
from processor.ticket import ActionState, MailState, OutboxState

OSLO = ZoneInfo("Europe/Oslo")
MINUTES = (1, 5, 15, 30, 60, 120, 240, 480, 1440, 2880, 4320, 7200, 10080, 20160, 43200)
"""The upper ends of the stretches of time that are counted by; whatever took longer is in the bucket after the last."""
BINS = 20
"""Confidence is counted in so many equal parts."""
SAID: tuple[Said, ...] = ("confirmed", "changed", "rejected", "open")
MISSED = len(SAID)
AGAIN = timedelta(days=35)
"""Days that are counted again: staff judge, and a mailbox that stood still is read, after the day."""
LIVE = timedelta(days=1)
CHUNK = timedelta(days=31)


class Measure(StrEnum):
    """What is counted, and what its buckets are; by request type (``""`` for mail that asks nothing) unless told."""

    ARRIVED = "arrived"  # the hour in Oslo
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
    """A key of the counts: see Measure."""

    day: date
    measure: Measure
    name: str
    bucket: int


def daily_counts(engine: Engine, first: date, last: date, now: datetime) -> Counter[Count]:
    """What happened on the days from ``first`` to ``last``: the last two and what was not counted yet, live."""
    with reading(engine) as conn:
        up_to = counted_up_to(conn)
        live = first if up_to is None else max(first, up_to - LIVE)
        found = stored(conn, first, live - timedelta(days=1))
        if live <= last:
            found += counted(conn, live, min(last, _today(now)))
        return found


def count_days(engine: Engine, now: datetime) -> int:
    """Count every day that is over and new, and the last weeks again; how many numbers changed.

    Only what differs is written, so an idle hour writes nothing.  May run anywhere and as often as one likes.
    """
    last = _today(now) - timedelta(days=1)
    with reading(engine) as conn:
        begin = _first_to_count(conn)
    changed = 0
    while begin is not None and begin <= last:
        end = min(begin + CHUNK - timedelta(days=1), last)
        changed += _count(engine, begin, end)
        begin = end + timedelta(days=1)
    return changed


def counted_up_to(conn: Connection) -> date | None:
    """The last day that was counted after its end, None for none."""
    d = t.day_count.c
    found = conn.execute(select(func.max(d.day)).where(d.measure == Measure.COUNTED.value)).scalar()
    return date.fromisoformat(found) if found else None


def stored(conn: Connection, first: date, last: date) -> Counter[Count]:
    """The counts that are kept of these days."""
    d = t.day_count.c
    query = select(d.day, d.measure, d.name, d.bucket, d.count)
    rows = conn.execute(query.where(d.day >= first.isoformat(), d.day <= last.isoformat()))
    days: dict[str, date] = {}
    found: Counter[Count] = Counter()
    for day, measure, name, bucket, count in rows:
        on = days.get(day) or days.setdefault(day, date.fromisoformat(day))
        found[Count(on, Measure(measure), name, bucket)] = count
    return found


def counted(conn: Connection, first: date, last: date) -> Counter[Count]:
    """Count these days from the mails, letters and actions themselves."""
    since, until = midnight(first), midnight(last + timedelta(days=1))
    found: Counter[Count] = Counter()
    for count in (*_arrivals(conn, since, until), *_letters(conn, since, until), *_closings(conn, since, until)):
        found[count] += 1
    for count in judgements(conn, since, until):
        found[count] += 1
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


def _count(engine: Engine, first: date, last: date) -> int:
    def work(conn: Connection) -> int:
        fresh = counted(conn, first, last)
        for day in range((last - first).days + 1):
            fresh[Count(first + timedelta(days=day), Measure.COUNTED, "", 0)] = 1
        old = stored(conn, first, last)
        d = t.day_count.c
        for key in old.keys() | fresh.keys():
            if old[key] == fresh[key]:
                continue
            values = {"day": key.day.isoformat(), "measure": key.measure.value, "name": key.name, "bucket": key.bucket}
            here = and_(*(d[name] == value for name, value in values.items()))
            if not fresh[key]:
                conn.execute(delete(t.day_count).where(here))
            elif not old[key]:
                conn.execute(insert(t.day_count).values(**values, count=fresh[key]))
            else:
                conn.execute(update(t.day_count).where(here).values(count=fresh[key]))
        return sum(old[key] != fresh[key] for key in old.keys() | fresh.keys())

    return commit(engine, work)


def _arrivals(conn: Connection, since: datetime, until: datetime) -> Iterator[Count]:
    """Mails by hour, and by whom those that ask something were handled."""
    m, i, a, o = t.mail.c, t.item.c, t.action.c, t.outbox.c
    main = select(func.min(i.id)).where(i.mail_id == m.id).correlate(t.mail).scalar_subquery()
    acted = select(a.id).join(t.item, i.id == a.item_id).where(i.mail_id == m.id).correlate(t.mail).exists()
    left = o.state.in_((OutboxState.SENT.value, OutboxState.BOUNCED.value))
    # 2: a letter left with a person behind it, 1: one left by itself.
    sent = (
        select(func.max(case((o.automatic.is_(True), 1), else_=2)))
        .where(o.mail_id == m.id, left)
        .correlate(t.mail)
        .scalar_subquery()
    )
    query = (
        select(m.arrived_at, i.type, acted.label("acted"), sent.label("sent"))
        .outerjoin(t.item, i.id == main)
        .where(m.state.in_([state.value for state in MailState]), m.duplicate.is_(False))
        .where(m.arrived_at >= since, m.arrived_at < until)
    )
    for row in conn.execute(query):
        at = row.arrived_at.astimezone(OSLO)
        yield Count(at.date(), Measure.ARRIVED, row.type or "", at.hour)
        if row.type:
            yield Count(at.date(), Measure.HANDLED, row.type, HANDLED.index(_handled(row.acted, row.sent)))


def _handled(acted: bool, sent: int | None) -> Handled:
    if not sent:
        return Handled.NOT_YET
    if sent == 2:
        return Handled.STAFF
    return Handled.RECEIPT if acted else Handled.ALONE


def _letters(conn: Connection, since: datetime, until: datetime) -> Iterator[Count]:
    """Letters that left, by the time since their mail's arrival; beside the first due time of their item's actions."""
    m, i, a, o = t.mail.c, t.item.c, t.action.c, t.outbox.c
    due = select(func.min(a.due)).where(a.item_id == i.id).correlate(t.item).scalar_subquery()
    query = (
        select(m.arrived_at, o.attempted_at, o.kind, i.type, due.label("due"))
        .join_from(t.outbox, t.item, i.id == o.item_id)
        .join(t.mail, m.id == i.mail_id)
        .where(o.state.in_((OutboxState.SENT.value, OutboxState.BOUNCED.value)))
        .where(o.attempted_at >= since, o.attempted_at < until)
    )
    for row in conn.execute(query):
        day = row.attempted_at.astimezone(OSLO).date()
        measure = Measure.RECEIPT if row.kind == "receipt" else Measure.ANSWER
        yield Count(day, measure, row.type, stretch(row.attempted_at - row.arrived_at))
        if measure == Measure.ANSWER and row.due is not None:
            yield Count(day, Measure.ANSWER_DUE, row.type, int(row.attempted_at <= row.due))


def _closings(conn: Connection, since: datetime, until: datetime) -> Iterator[Count]:
    """Actions that were done or rejected, by the time since their mail's arrival, and beside their due time."""
    m, i, a = t.mail.c, t.item.c, t.action.c
    over = (ActionState.DONE.value, ActionState.REJECTED.value)
    query = (
        select(m.arrived_at, a.changed_at, a.due, i.type)
        .join_from(t.action, t.item, i.id == a.item_id)
        .join(t.mail, m.id == i.mail_id)
        .where(a.changed_at >= since, a.changed_at < until, a.state.in_(over))
    )
    for row in conn.execute(query):
        day = row.changed_at.astimezone(OSLO).date()
        yield Count(day, Measure.CLOSE, row.type, stretch(row.changed_at - row.arrived_at))
        yield Count(day, Measure.CLOSE_DUE, row.type, int(row.changed_at <= row.due))


def judgements(conn: Connection, since: datetime, until: datetime) -> Iterator[Count]:
    """Staff's word on what was decided: by type, by confidence, by rule."""
    i, m, o = t.item.c, t.mail.c, t.outbox.c
    words = StaffSaid(conn, since, until)
    query = (
        select(i.id, i.mail_id, i.type, i.rule, i.confidence, m.decided_at, o.id.label("outbox_id"), o.approved_by)
        .join_from(t.item, t.mail, m.id == i.mail_id)
        .outerjoin(t.outbox, (o.item_id == i.id) & (o.answers_mail_id == i.mail_id))
        .where(m.duplicate.is_(False), *decided_within(since, until))
    )
    taken: dict[int, set[str]] = {}
    for row in conn.execute(query):
        day, said = row.decided_at.astimezone(OSLO).date(), words.of(row)
        taken.setdefault(row.mail_id, set()).add(row.type)
        yield Count(day, Measure.SAID, row.type, SAID.index(said))
        if said != "open":
            yield Count(day, Measure.RULE, row.rule, SAID.index(said))
            agreed = Measure.SURE_AGREED if said == "confirmed" else Measure.SURE_NOT
            yield Count(day, agreed, row.type, bin_of(row.confidence))
    yield from _missed(conn, words, taken)


def _missed(conn: Connection, words: StaffSaid, taken: dict[int, set[str]]) -> Iterator[Count]:
    m = t.mail.c
    for mail_id, types in words.retyped.items():
        for name in set(types) - taken.get(mail_id, set()):
            decided = conn.execute(select(m.decided_at).where(m.id == mail_id)).scalar_one()
            yield Count(decided.astimezone(OSLO).date(), Measure.SAID, name, MISSED)


def _first_to_count(conn: Connection) -> date | None:
    """The first day that may have changed, None where there is no mail.

    Old mail that was taken in since the last count, such as a mailbox's history, leads back to its own days.
    """
    m = t.mail.c
    first = _day_of_first(conn, m.state.in_([state.value for state in MailState]))
    up_to = counted_up_to(conn)
    if first is None or up_to is None:
        return first
    again = max(first, up_to - AGAIN)
    return min(again, _day_of_first(conn, m.kept_at >= midnight(up_to)) or again)


def _day_of_first(conn: Connection, *which: ColumnElement[bool]) -> date | None:
    """The day on which the first of these mails arrived."""
    found = conn.execute(select(func.min(t.mail.c.arrived_at)).where(*which)).scalar()
    return found.astimezone(OSLO).date() if found else None


def _today(now: datetime) -> date:
    return now.astimezone(OSLO).date()
