from __future__ import annotations

import multiprocessing
import re
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, update

from processor.store import tables as t
from processor.store.arrivals import Arrival
from processor.store.aside import set_aside_mails
from processor.store.engine import open_store
from processor.store.fair import FROM, _from_field, sender_key
from processor.store.keep import keep
from processor.store.transaction import writing
from processor.store.watermarks import first_start
from processor.store.work import (
    LEASE,
    WORN_OUT,
    give_back,
    pending,
    release_claims,
    retry_mail,
    set_aside,
)
from processor.ticket import MailState
from tests.store.made import LATER, NOW, arrival, column, kept, recorded


def ids(engine: Engine, worker: str = "w", limit: int = 50, now: object = NOW) -> list[int]:
    return [one.mail_id for one in pending(engine, limit, worker, now)]  # type: ignore[arg-type]


def test_it_gives_mails_oldest_first_with_their_bytes(engine: Engine) -> None:
    keep(engine, [arrival(1, b"one", internaldate=None, junk=True, purpose="p"), arrival(2, b"two")], LATER)
    first, second = pending(engine, 50, "w", NOW)
    assert (first.raw, first.arrival_time) == (b"two", NOW)
    assert (second.raw, second.arrival_time, second.junk, second.purpose, second.tries) == (b"one", LATER, True, "p", 1)


def test_a_backlog_is_given_by_arrival_and_not_as_it_was_fetched(engine: Engine) -> None:
    days = [NOW - timedelta(days=each) for each in (1, 5, 3)]
    keep(engine, [arrival(n, b"mail %d" % n, internaldate=day) for n, day in enumerate(days)], LATER)
    assert [each.arrival_time for each in pending(engine, 2, "w", LATER)] == sorted(days)[:2]


def test_a_flood_in_one_mailbox_starves_no_other(engine: Engine) -> None:
    for account in ("flood", "support", "empty"):
        first_start(engine, account, NOW - timedelta(days=9))
    flood = [arrival(n, b"flood %d" % n, account="flood", internaldate=NOW - timedelta(days=1)) for n in range(40)]
    urgent = [arrival(n, b"urgent %d" % n, account="support") for n in range(5)]
    keep(engine, [*flood, *urgent], LATER)
    batches = [[each.account for each in pending(engine, 12, "w", LATER)] for _ in range(4)]
    assert [batch.count("support") for batch in batches] == [2, 2, 1, 0]
    assert [len(batch) for batch in batches] == [12, 12, 12, 9]
    assert ids(engine, now=LATER) == []


def mail_from(number: int, sender: str, days: float = 0.0) -> Arrival:
    raw = b"Subject: %d\r\nFrom: Somebody\r\n <%s>\r\n\r\nFrom: else@where.example" % (number, sender.encode())
    return arrival(number, raw, internaldate=NOW - timedelta(days=days))


def test_a_flood_of_one_sender_starves_no_other_of_the_mailbox(engine: Engine) -> None:
    flood = [mail_from(n, "Flood@one.example" if n % 2 else "flood@one.example", days=1) for n in range(60)]
    keep(engine, [*flood, *(mail_from(100 + n, f"kunde{n}@two.example") for n in range(5))], LATER)
    batches = []
    for n in range(6):
        batches.append(ids(engine, limit=12, now=LATER + timedelta(seconds=n)))
        with writing(engine) as conn:
            conn.execute(update(t.mail).where(t.mail.c.id.in_(batches[-1])).values(state="decided", sender_key=0))
    customers = [sum(each > 60 for each in batch) for batch in batches]
    # A fourth of a batch is for senders in turn, of whom the flooding one is one.
    assert sum(customers[:3]) == 5
    assert max(customers) <= 3
    assert sorted(each for batch in batches for each in batch) == list(range(1, 66))
    assert [batch[0] for batch in batches[:3]] == sorted(batch[0] for batch in batches[:3])


def test_without_a_flood_the_oldest_come_first(engine: Engine) -> None:
    keep(engine, [mail_from(n, f"kunde{n}@two.example", days=n) for n in range(40)], LATER)
    assert ids(engine, limit=12, now=LATER) == list(range(40, 28, -1))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (b"From: A <a@b.example>\r\n\r\n", b"X: y\r\nfrom : =?utf-8?q?=C3=86?= <A@B.example>\r\n\r\n", True),
        (b"From: A <a@b.example>\r\n\r\n", b"From: a@b.example\r\nReply-To: c@d.example\r\n\r\n", True),
        (b"From: A <a@b.example>\r\n\r\n", b"From: c@b.example\r\n\r\n", False),
        (b"From: nobody\r\n\r\n", b"From:  nobody \r\n\r\n", True),
        (b"", b"Subject: x\r\n\r\nFrom: of@the.body", True),
        # So long a field is looked at to a bound: a run without an @ would be gone over from each of its letters.
        (b"From: " + b"a" * 60_000 + b"@b.example\r\n\r\n", b"From: " + b"a" * 50_000 + b"@c.example\r\n\r\n", True),
        (b"From: \r\n a@b.example\r\n\r\n", b"From: a@b.example\r\n\r\n", True),
    ],
)
def test_a_sender_is_told_from_the_from_field_alone(one: bytes, other: bytes, same: bool) -> None:
    keys = sender_key(b"key", one), sender_key(b"key", other)
    assert (keys[0] == keys[1]) is same
    assert 0 <= keys[0] < 2**62
    assert sender_key(b"another key", one) != keys[0]


PIECES = (b"\n", b"\r\n", b"\r", b" ", b"From", b"\nfrom", b"from:", b":", b" a@b.no", b"x")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=20).map(b"".join))
def test_the_from_field_is_what_its_expression_alone_finds_in_the_head(raw: bytes) -> None:
    found = FROM.search(re.split(rb"\n\r?\n", raw, maxsplit=1)[0])
    assert _from_field(raw) == (found[1] if found else b"")


def test_two_workers_get_different_mails(engine: Engine) -> None:
    kept(engine, 1, 2, 3)
    assert ids(engine, "a", 2) == [1, 2]
    assert ids(engine, "b", 2) == [3]
    assert ids(engine, "c", 2) == []


def test_a_dead_workers_mails_come_back_when_the_lease_is_over(engine: Engine) -> None:
    kept(engine, 1)
    assert ids(engine, "dead") == [1]
    assert ids(engine, "next", now=NOW + LEASE - timedelta(seconds=1)) == []
    assert ids(engine, "next", now=NOW + LEASE) == [1]


def test_T95_a_mail_claimed_by_a_clock_that_was_a_year_ahead_does_not_wait_a_year(engine: Engine) -> None:
    kept(engine, 1)
    assert ids(engine, "wrong", now=NOW + timedelta(days=365)) == [1]
    assert ids(engine, "right") == [1]


def test_a_mail_that_was_tried_comes_alone_so_that_it_kills_nobody_else(engine: Engine) -> None:
    kept(engine, 1, 2, 3)
    assert ids(engine) == [1, 2, 3]
    release_claims(engine)
    assert ids(engine) == [1]
    release_claims(engine)
    assert ids(engine) == [1]
    release_claims(engine)
    # Mail 1 was tried twice alone and is set aside; 2 was tried once among others, and comes alone.
    assert ids(engine) == [2]
    assert ids(engine) == [3]
    assert [one.reason for one in set_aside_mails(engine)] == [WORN_OUT]


def test_all_worn_out_mails_do_not_hide_the_next(engine: Engine) -> None:
    kept(engine, 1, 2, 3)
    with writing(engine) as conn:
        conn.execute(update(t.mail).where(t.mail.c.id < 3).values(tries=3))
    assert ids(engine, limit=2) == [3]


def test_large_mails_come_in_smaller_batches(engine: Engine) -> None:
    keep(engine, [arrival(n, b"%d" % n, size=40_000_000) for n in (1, 2, 3)], NOW)
    assert ids(engine) == [1]
    assert ids(engine) == [2]


def test_mails_given_back_are_not_counted_as_tried(engine: Engine) -> None:
    kept(engine, 1, 2)
    for _ in range(3):
        assert ids(engine) == [1, 2]
        give_back(engine, [1, 2], "somebody else")
        give_back(engine, [1, 2], "w")


def test_what_is_decided_is_not_set_aside(engine: Engine) -> None:
    recorded(engine, 1)
    assert not set_aside(engine, 1, "late", LATER)
    assert column(engine, t.mail.c.state) == [MailState.DECIDED]


def test_a_person_may_have_a_mail_decided_again(engine: Engine) -> None:
    kept(engine, 1)
    assert set_aside(engine, 1, "bug\nTraceback", NOW)
    assert not set_aside(engine, 1, "again", NOW)
    assert ids(engine) == []
    assert retry_mail(engine, 1, "Kari", LATER)
    assert not retry_mail(engine, 1, "Kari", LATER)
    assert ids(engine) == [1]


def test_a_mail_without_its_bytes_cannot_be_decided_again(engine: Engine) -> None:
    keep(engine, [arrival(1, None)], NOW)
    assert not retry_mail(engine, 1, "Kari", LATER)


def _claim_all(url: str, name: str, out: multiprocessing.Queue[list[int]]) -> None:
    engine = open_store(url)
    found: list[int] = []
    while batch := pending(engine, 7, name, NOW):
        found += [one.mail_id for one in batch]
    out.put(found)
    engine.dispose()


def test_processes_never_claim_the_same_mail(engine: Engine, url: str) -> None:
    kept(engine, *range(1, 101))
    engine.dispose()
    context = multiprocessing.get_context("spawn")
    out = context.Queue()
    workers = [context.Process(target=_claim_all, args=(url, f"w{n}", out)) for n in range(3)]
    for worker in workers:
        worker.start()
    claimed = [mail for _ in workers for mail in out.get(timeout=60)]
    for worker in workers:
        worker.join()
    assert sorted(claimed) == list(range(1, 101))
