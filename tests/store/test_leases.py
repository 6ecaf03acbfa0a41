"""Leases, fences, even shares and notices, on a real PostgreSQL; on SQLite none of it is there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, event, text, update
from sqlalchemy.exc import DBAPIError

from processor.steps.several import own_name
from processor.store import tables as t
from processor.store.clock import StoreClock
from processor.store.engine import open_store
from processor.store.keep import advance, keep, watermark
from processor.store.leases import LeaseLostError, bury, fenced, leases, leave, let_go, live, renew, take
from processor.store.lines import Lines
from processor.store.notices import Ear
from processor.store.outbox import abandon, attempt, claim, sent
from processor.store.transaction import writing
from processor.store.work import pending
from tests.servers.postgres import Postgres
from tests.store.made import arrival, column, kept, recorded


@pytest.fixture
def engine(postgres: Postgres) -> Iterator[Engine]:
    """A store on PostgreSQL, whatever the other tests of this room run on."""
    with postgres.room(migrated=True) as url:
        made = open_store(url)
        yield made
        made.dispose()


def now(engine: Engine) -> datetime:
    return StoreClock(engine)()


def test_one_daemon_has_a_mailbox_until_it_lets_go(engine: Engine) -> None:
    assert take(engine, "support", "north", 30) == 1
    assert take(engine, "support", "south", 30) is None
    assert take(engine, "sales", "south", 30) == 1
    let_go(engine, "support", 1)
    assert take(engine, "support", "south", 30) == 2
    assert not renew(engine, "support", 1, 30)


def test_a_lease_that_is_not_renewed_is_taken_over_and_a_renewed_one_is_not(engine: Engine) -> None:
    take(engine, "support", "north", 0.2)
    assert renew(engine, "support", 1, 30)
    time.sleep(0.3)
    assert take(engine, "support", "south", 30) is None
    renew(engine, "support", 1, 0.1)
    time.sleep(0.2)
    # Who was itself cut off gives the others time.
    assert take(engine, "support", "south", 30, grace=30) is None
    assert take(engine, "support", "south", 30) == 2


def test_T94_a_reader_whose_lease_is_anothers_writes_nothing(engine: Engine) -> None:
    seen: list[int] = []
    take(engine, "support", "north", 0.1)
    late = fenced(engine, "support", 1, lambda: seen.append(1))
    keep(late, [arrival(1)], now(engine))
    advance(late, "support", "INBOX", 1, 1)
    time.sleep(0.2)
    # Nobody else took it: it is ours still.
    keep(late, [arrival(2, b"another")], now(engine))
    assert take(engine, "support", "south", 30) == 2
    with pytest.raises(LeaseLostError):
        keep(late, [arrival(3)], now(engine))
    with pytest.raises(LeaseLostError):
        advance(late, "support", "INBOX", 9, 0)
    assert len(column(engine, t.mail.c.id)) == 2
    found = watermark(engine, "support", "INBOX")
    assert found
    assert (found.uidvalidity, found.last_uid) == (1, 1)
    assert len(seen) == 5


def test_a_reader_in_the_middle_of_a_commit_is_renewed_and_not_taken_over(engine: Engine) -> None:
    take(engine, "support", "north", 0.1)
    with writing(fenced(engine, "support", 1, lambda: None)) as conn:
        conn.execute(text("SELECT 1"))
        time.sleep(0.2)
        assert take(engine, "support", "south", 30) is None
        assert renew(engine, "support", 1, 0.1)
    time.sleep(0.2)
    assert take(engine, "support", "south", 30) == 2


def test_a_daemon_that_stands_still_in_a_commit_is_ended_by_the_server(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processor.store.lines.LEAST_IDLE_SECONDS", 0.2)
    take(engine, "support", "north", 0.1)
    other = open_store(engine.url.render_as_string(False))
    Lines(other, 0.2)
    standing = fenced(other, "support", 1, lambda: None)
    with pytest.raises(DBAPIError):
        _stand_still(standing, lambda: take(engine, "support", "south", 30))
    assert leases(engine)[0].fence == 2
    other.dispose()


@pytest.mark.parametrize("ours", ["a:7:b0", "a:7:b0/worker-1"])
def test_what_a_dead_daemon_holds_in_a_commit_that_stands_still_is_ended(engine: Engine, ours: str) -> None:
    recorded(engine, 1)
    at = now(engine)
    _leave_at_any_time(engine)
    live(engine, "a:7:b0", 1, 0.1)
    claim(engine, "a:7:b0/delivery", 50, at, 900)
    dead, living = (open_store(engine.url.render_as_string(False)) for _ in range(2))
    Lines(dead, 3600, ours)
    # Its name only begins alike, and it lives.
    Lines(living, 3600, "a:7:b01")
    time.sleep(0.2)
    with living.connect() as other, dead.connect() as conn:
        other.execute(text("SELECT 1"))
        conn.execute(update(t.outbox).values(fence=t.outbox.c.fence))
        buried: list[bool] = []
        while not any(buried) and len(buried) < 20:
            buried += [each.whole for each in bury(engine, "b:8:c1", now(engine))]
        with pytest.raises(DBAPIError, match=r"terminating connection|closed"):
            conn.execute(text("SELECT 1"))
        assert any(buried)
        other.execute(text("SELECT 1"))
    dead.dispose()
    living.dispose()


def test_what_a_dead_daemon_had_in_hand_is_free_and_what_it_was_sending_is_unknown(engine: Engine) -> None:
    recorded(engine, 1)
    recorded(engine, 2)
    kept(engine, 3)
    at = now(engine)
    _leave_at_any_time(engine)
    live(engine, "north", 1, 0.1)
    first, second = claim(engine, "north/delivery", 50, at, 900)
    assert attempt(engine, first.id, first.fence, "smtp", at)
    assert [each.tries for each in pending(engine, 50, "north/worker-0", at)] == [1]
    time.sleep(0.2)
    (dead,) = bury(engine, "south", now(engine))
    assert (dead.holder, dead.mails, dead.replies.unknown, dead.whole) == ("north", 1, 1, True)
    assert [each.tries for each in pending(engine, 50, "south/worker-0", now(engine))] == [2]
    assert [each.id for each in claim(engine, "south/delivery", 50, now(engine), 900)] == [second.id]
    # North wakes up: what it says is not taken, and what it had begun stays in doubt.
    assert not sent(engine, first.id, first.fence, "250 OK", now(engine))
    assert not attempt(engine, second.id, second.fence, "smtp", now(engine))
    assert bury(engine, "south", now(engine)) == []


def test_the_dead_are_buried_though_the_server_holds_a_row_for_them(engine: Engine) -> None:
    recorded(engine, 1)
    kept(engine, 2)
    at = now(engine)
    _leave_at_any_time(engine)
    live(engine, "north", 1, 0.1)
    (row,) = claim(engine, "north/delivery", 50, at, 900)
    pending(engine, 50, "north/work", at)
    time.sleep(0.2)
    with writing(engine) as conn:
        conn.execute(update(t.outbox).values(error="x"))
        conn.execute(update(t.mail).values(reason="x"))
        (held,) = bury(engine, "south", now(engine))
        assert (held.mails, held.whole) == (0, False)
        conn.rollback()
    assert [each.whole for each in bury(engine, "south", now(engine))] == [True]
    assert [each.id for each in claim(engine, "south/delivery", 50, now(engine), 900)] == [row.id]


def test_the_end_of_one_daemon_touches_no_other_daemons_claim(engine: Engine) -> None:
    for number in (1, 2):
        recorded(engine, number)
    kept(engine, 3, 4)
    at = now(engine)
    _leave_at_any_time(engine)
    (ours,) = claim(engine, "north/delivery", 1, at, 900)
    (theirs,) = claim(engine, "north-2/delivery", 1, at, 900)
    pending(engine, 1, "north/work", at)
    pending(engine, 1, "north-2/work", at)
    for each in (ours, theirs):
        assert attempt(engine, each.id, each.fence, "smtp", at)
    assert leave(engine, "north", at).replies.unknown == 1
    assert abandon(engine, "north/delivery", at).unknown == 0
    assert sent(engine, theirs.id, theirs.fence, "250 OK", at)
    assert column(engine, t.mail.c.claimed_by) == [None, None, None, "north-2/work"]


def test_what_waits_is_shared_evenly_among_the_living(engine: Engine) -> None:
    kept(engine, *range(1, 13))
    at = now(engine)
    live(engine, "north", 2, 30)
    assert len(pending(engine, 50, "north/worker-0", at)) == 6
    live(engine, "south", 2, 30)
    live(engine, "dead", 8, 0)
    assert [len(pending(engine, 50, name, at)) for name in ("a", "b", "c", "d", "e", "f")] == [2, 1, 1, 1, 1, 0]


def test_two_workers_at_once_get_different_mails(engine: Engine) -> None:
    kept(engine, *range(1, 41))
    at = now(engine)
    found: list[int] = []
    live(engine, "north", 2, 30)

    def work(name: str) -> None:
        while mails := pending(engine, 5, name, at):
            found.extend(each.mail_id for each in mails)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert sorted(found) == list(range(1, 41))


def test_it_hears_of_mail_replies_and_outcomes_whoever_writes_them(engine: Engine) -> None:
    with Ear(engine.url.render_as_string(False)) as ear:
        assert ear.hear(0.05) == set()
        kept(engine, 1)
        assert _heard(ear) == {"work"}
        recorded(engine, 2)
        assert {"work", "outbox", "settle"} >= _heard(ear) > set()
        take(engine, "support", "north", 30)
        let_go(engine, "support", 1)
        assert "lease" in _heard(ear)


def _heard(ear: Ear) -> set[str]:
    """All that is told within half a second."""
    words: set[str] = set()
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        words |= ear.hear(0.1)
    return words


def test_T95_the_time_is_the_databases(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = datetime.now(UTC)

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: object = None) -> Wrong:
            return cls(2031, 1, 1, tzinfo=UTC)

    monkeypatch.setattr("processor.store.clock.datetime", Wrong)
    clock = StoreClock(engine)
    assert abs(clock() - truth) < timedelta(seconds=30)
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert clock() <= clock()
    assert asked == []


def test_silent_connections_are_cut_and_opened_again(engine: Engine) -> None:
    lines = Lines(engine, 20)
    conn = engine.connect()
    failed: list[BaseException] = []

    def wait() -> None:
        try:
            conn.execute(text("SELECT pg_sleep(20)"))
        except Exception as error:
            failed.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.3)
    assert lines.cut() >= 1
    waiting.join(5)
    assert failed
    conn.close()
    assert leases(engine) == []


def test_no_two_processes_have_one_name() -> None:
    assert own_name() != own_name()


def _stand_still(standing: Engine, meanwhile: Callable[[], object]) -> None:
    with writing(standing) as conn:
        time.sleep(0.5)
        meanwhile()
        conn.execute(text("SELECT 1"))


def _leave_at_any_time(engine: Engine) -> None:
    """Replies of the made mails are of the year in which they were made."""
    with writing(engine) as conn:
        conn.execute(update(t.outbox).values(leave_before=None, state="ready", due_at=None))
