"""What happened on each day, counted: from the mails themselves for the last days, kept as numbers for the others.

A count belongs to the day of its own event in Oslo: a mail's arrival, a letter's leaving, an action's closing, a
decision.  So a day that is over changes little, and counting the last weeks again each hour finds what does change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, bindparam, delete, func, insert, select

from processor.store import tables as t
from processor.store.happened import OSLO, Count, Measure, Of, by_mailbox, counted, midnight, monday
from processor.store.transaction import commit, reading
from processor.store.visible import Scope
from processor.ticket import MailState

AGAIN = timedelta(days=35)
"""Days that are counted again: staff judge, and a mailbox that stood still is read, after the day."""
LIVE = timedelta(days=1)
CHUNK = timedelta(days=31)
KEY = ("measure", "day", "name", "bucket", "account")
MEASURES = {each.value: each for each in Measure}


def daily_counts(
    engine: Engine,
    first: date,
    last: date,
    now: datetime,
    weeks: bool = False,
    *measures: Measure,
    scope: Scope = None,
) -> Counter[Count]:
    """What happened on the days from ``first`` to ``last``: the last two and what was not counted yet, live.

    With ``weeks`` all of a week's days count on its Monday; ``measures`` are those wanted, none for all; of the
    mailboxes of ``scope`` alone.
    """
    with reading(engine) as conn:
        up_to = counted_up_to(conn)
        live = first if up_to is None else max(first, up_to - LIVE)
        found = stored(conn, first, min(last, live - timedelta(days=1)), weeks, measures, scope)
        if live <= last:
            for key, count in counted(conn, live, min(last, _today(now)), measures, scope).items():
                found[key._replace(day=monday(key.day)) if weeks else key] += count
        return found


def weekly_arrivals(engine: Engine, first: date, last: date, now: datetime, scope: Scope = None) -> Counter[date]:
    """How many mails that ask something came to these mailboxes in each week, by its Monday."""
    d = t.day_count.c
    with reading(engine) as conn:
        up_to = counted_up_to(conn)
        live = first if up_to is None else max(first, up_to - LIVE)
        query = select(d.week, func.sum(d.count)).where(d.measure == Measure.ARRIVED.value, d.name != "")
        kept = query.where(d.day >= first.isoformat(), d.day < live.isoformat(), *_of(scope)).group_by(d.week)
        found = Counter({date.fromisoformat(week): int(count) for week, count in conn.execute(kept)})
        if live <= last:
            for key, count in counted(conn, live, min(last, _today(now)), (Measure.ARRIVED,), scope).items():
                found[monday(key.day)] += count if key.name else 0
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


def stored(
    conn: Connection,
    first: date,
    last: date,
    weeks: bool = False,
    measures: Sequence[Measure] = (),
    scope: Scope = None,
) -> Counter[Count]:
    """The counts that are kept of these days; added up in the database by week, where that is enough."""
    d = t.day_count.c
    by = d.week if weeks else d.day
    query = select(by, d.measure, d.name, d.bucket, func.sum(d.count)).group_by(by, d.measure, d.name, d.bucket)
    query = query.where(d.day >= first.isoformat(), d.day <= last.isoformat(), *_of(scope))
    # Always named, since the key begins with them.
    query = query.where(d.measure.in_([each.value for each in measures or Measure]))
    days: dict[str, date] = {}
    found: Counter[Count] = Counter()
    for day, measure, name, bucket, count in conn.execute(query):
        on = days.get(day) or days.setdefault(day, date.fromisoformat(day))
        found[Count(on, MEASURES[measure], name, bucket)] = int(count)
    return found


def _of(scope: Scope) -> list[ColumnElement[bool]]:
    """The numbers of these mailboxes."""
    return [] if scope is None else [t.day_count.c.account.in_(sorted(scope))]


def _kept(conn: Connection, first: date, last: date) -> Counter[Of]:
    """What is kept of these days, for each mailbox."""
    d = t.day_count.c
    query = select(d.account, d.day, d.measure, d.name, d.bucket, d.count)
    query = query.where(d.measure.in_(list(MEASURES)), d.day >= first.isoformat(), d.day <= last.isoformat())
    found: Counter[Of] = Counter()
    for account, day, measure, name, bucket, count in conn.execute(query):
        found[account, Count(date.fromisoformat(day), MEASURES[measure], name, bucket)] = int(count)
    return found


def _count(engine: Engine, first: date, last: date) -> int:
    # Counted without the lock of whoever writes, since it may take half a second.
    with reading(engine) as conn:
        fresh, old = by_mailbox(conn, first, last), _kept(conn, first, last)
    for day in range((last - first).days + 1):
        fresh["", Count(first + timedelta(days=day), Measure.COUNTED, "", 0)] = 1
    differ = sorted(key for key in old.keys() | fresh.keys() if old[key] != fresh[key])
    if differ:
        commit(engine, lambda conn: _write(conn, differ, fresh))
    return len(differ)


def _write(conn: Connection, keys: Sequence[Of], fresh: Counter[Of]) -> None:
    """Put these numbers in the place of those that are there; another daemon may have been quicker."""
    d = t.day_count
    gone = delete(d).where(*(d.c[name] == bindparam(f"key_{name}") for name in KEY))
    conn.execute(gone, [{f"key_{name}": value for name, value in _key(key).items()} for key in keys])
    rows = [{**_key(key), "week": monday(key[1].day).isoformat(), "count": fresh[key]} for key in keys if fresh[key]]
    if rows:
        conn.execute(insert(d), rows)


def _key(of: Of) -> dict[str, object]:
    account, key = of
    about = {"day": key.day.isoformat(), "measure": key.measure.value, "name": key.name, "bucket": key.bucket}
    return {**about, "account": account}


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
