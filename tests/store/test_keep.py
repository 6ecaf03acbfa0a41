from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, select

from processor.store import tables as t
from processor.store.engine import open_store
from processor.store.keep import (
    Arrival,
    advance,
    first_start,
    keep,
    keep_stream,
    known_uids,
    mark_arrivals_done,
    raw_of,
    unfinished,
    watermark,
)
from processor.store.transaction import writing
from processor.store.work import release_claims, set_aside
from processor.ticket import MailState
from tests.store.made import LATER, NOW, arrival, column, count, recorded


def test_it_keeps_the_bytes_as_they_came(engine: Engine) -> None:
    raw = bytes(range(256)) * 3
    (one,) = keep(engine, [arrival(1, raw)], NOW)
    assert one.new
    assert raw_of(engine, one.mail_id) == raw
    with pytest.raises(KeyError):
        raw_of(engine, 999)


def test_the_same_place_and_bytes_again_are_nothing_new(engine: Engine) -> None:
    first = keep(engine, [arrival(1), arrival(2, b"other")], NOW)
    again = keep(engine, [arrival(2, b"other"), arrival(1)], LATER)
    assert [one.mail_id for one in again] == [first[1].mail_id, first[0].mail_id]
    assert not any(one.new for one in again)
    assert count(engine, t.arrival) == 2


def test_the_same_bytes_elsewhere_are_another_arrival_of_one_mail(engine: Engine) -> None:
    one, other = keep(engine, [arrival(1), arrival(9, folder="Junk")], NOW)
    (moved,) = keep(engine, [arrival(3, uidvalidity=8)], NOW)
    assert one.mail_id == other.mail_id == moved.mail_id
    assert [one.new, other.new, moved.new] == [True, False, False]
    assert count(engine, t.arrival) == 3
    assert count(engine, t.mail) == 1


def test_a_reused_uid_is_another_mail_and_an_event(engine: Engine) -> None:
    (first,) = keep(engine, [arrival(1)], NOW)
    (other,) = keep(engine, [arrival(1, b"another mail", internaldate=LATER)], LATER)
    assert other.new
    assert other.mail_id != first.mail_id
    assert "uid.reused" in column(engine, t.event.c.kind)
    assert column(engine, t.arrival.c.reuse) == [0, 1]
    assert column(engine, t.arrival.c.done) == [True, False]
    assert keep(engine, [arrival(1, b"another mail", internaldate=LATER)], LATER) == [replace(other, new=False)]


def test_what_cannot_be_fetched_is_set_aside_by_its_header(engine: Engine) -> None:
    big = arrival(1, None, size=10**9, header=b"Subject: stor\r\n\r\n")
    first, again = keep(engine, [big, big], NOW)
    assert (first.new, again.new) == (True, False)
    assert column(engine, t.mail.c.state) == [MailState.SET_ASIDE]
    assert raw_of(engine, first.mail_id) == big.header
    assert keep(engine, [replace(big, header=b"")], LATER) == [again]
    assert unfinished(engine, "support", "INBOX", 7) == []


def test_a_mail_whose_bytes_come_at_last_is_kept_then(engine: Engine) -> None:
    keep(engine, [arrival(1, None, size=22)], NOW)
    (late,) = keep(engine, [arrival(1)], LATER)
    assert late.new
    assert column(engine, t.mail.c.state) == [MailState.SET_ASIDE, MailState.KEPT]


def test_a_stream_is_kept_in_pieces_and_set_aside(engine: Engine) -> None:
    pieces = [b"x" * 700_000] * 4
    big = arrival(1, None, size=2_800_000)
    one = keep_stream(engine, big, iter(pieces), NOW)
    assert one.new
    assert raw_of(engine, one.mail_id) == b"".join(pieces)
    assert count(engine, t.raw_part) == 3
    assert [each.state for each in unfinished(engine, "support", "INBOX", 7)] == [MailState.SET_ASIDE]
    assert keep_stream(engine, big, iter([]), LATER) == replace(one, new=False)
    elsewhere = keep_stream(engine, replace(big, folder="Junk"), iter(pieces), LATER)
    assert elsewhere == replace(one, new=False)
    assert (count(engine, t.raw_part), count(engine, t.mail)) == (3, 1)


def test_a_stream_that_breaks_off_is_forgotten_and_fetched_again(engine: Engine) -> None:
    def breaks() -> object:
        yield b"x" * 1_500_000
        raise ConnectionError

    big = arrival(1, None, size=3_000_000)
    with pytest.raises(ConnectionError):
        keep_stream(engine, big, breaks(), NOW)  # type: ignore[arg-type]
    assert known_uids(engine, "support", "INBOX", 7, [1]) == set()
    release_claims(engine)
    assert (count(engine, t.raw_part), count(engine, t.mail)) == (0, 0)
    assert keep_stream(engine, big, [b"x" * 3_000_000], LATER).new


def test_a_stream_that_breaks_again_and_again_piles_up_nothing(engine: Engine) -> None:
    def breaks() -> Iterator[bytes]:
        yield b"x" * 2_500_000
        # Two whole parts are committed by now: this is what must not stay.
        seen.append(count(engine, t.raw_part))
        raise ConnectionError

    seen: list[int] = []
    for _ in range(3):
        with pytest.raises(ConnectionError):
            keep_stream(engine, arrival(1, None, size=3_000_000), breaks(), NOW)
        assert (count(engine, t.raw_part), count(engine, t.mail)) == (0, 0)
    assert seen == [2, 2, 2]


def test_the_watermark_only_moves_on(engine: Engine) -> None:
    assert watermark(engine, "support", "INBOX") is None
    for last in (5, 9, 7):
        advance(engine, "support", "INBOX", 7, last)
    found = watermark(engine, "support", "INBOX")
    assert found
    assert (found.uidvalidity, found.last_uid, found.answer_from) == (7, 9, None)
    advance(engine, "support", "INBOX", 8, 2)
    first_start(engine, "support", NOW)
    found = watermark(engine, "support", "INBOX")
    assert found
    assert (found.uidvalidity, found.last_uid, found.answer_from) == (8, 2, NOW)


def test_the_first_start_is_remembered_for_good(engine: Engine) -> None:
    assert first_start(engine, "support", NOW) == NOW
    assert first_start(engine, "support", LATER) == NOW


def test_the_server_is_owed_a_word_about_what_was_decided(engine: Engine) -> None:
    recorded(engine, 1)
    keep(engine, [arrival(2, b"mail 2"), arrival(3, b"mail 3")], NOW)
    set_aside(engine, 2, "cannot be read", NOW)
    owed = unfinished(engine, "support", "INBOX", 7)
    assert [(each.uid, each.handled) for each in owed] == [(1, True), (2, False)]
    for _ in range(2):
        mark_arrivals_done(engine, "support", "INBOX", 7, [1, 2], LATER)
    assert unfinished(engine, "support", "INBOX", 7) == []


def test_known_uids_are_those_kept(engine: Engine) -> None:
    keep(engine, [arrival(n, b"mail %d" % n) for n in range(1, 4)], NOW)
    assert known_uids(engine, "support", "INBOX", 7, range(1, 2000)) == {1, 2, 3}
    assert known_uids(engine, "support", "INBOX", 6, [1]) == set()


def test_nothing_comes_in_again_after_the_bytes_are_erased(engine: Engine) -> None:
    (one,) = keep(engine, [arrival(1)], NOW)
    with writing(engine) as conn:
        conn.execute(delete(t.raw_mail).where(t.raw_mail.c.mail_id == one.mail_id))
    assert keep(engine, [arrival(8, uidvalidity=99)], LATER) == [replace(one, new=False)]


def test_strange_names_and_subjects_can_be_kept(engine: Engine) -> None:
    keep(engine, [arrival(1, account="\x00 konto", folder="Arkiv/\ud800æ", purpose="a")], NOW)
    assert count(engine, t.arrival) == 1


ARRIVALS = st.lists(
    st.builds(
        lambda uid, raw, validity: arrival(
            uid, raw, uidvalidity=validity, internaldate=NOW + timedelta(hours=len(raw))
        ),
        st.integers(1, 4),
        st.sampled_from([b"a", b"bb", b"ccc"]),
        st.integers(1, 2),
    ),
    max_size=8,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batch=ARRIVALS, cut=st.integers(0, 8))
def test_keeping_in_one_batch_or_two_or_twice_gives_the_same(engine: Engine, batch: list[Arrival], cut: int) -> None:
    def shape() -> list[tuple[object, ...]]:
        a = t.arrival.c
        query = select(a.uidvalidity, a.uid, a.reuse, t.mail.c.digest).join_from(t.arrival, t.mail)
        with engine.connect() as conn:
            return sorted(map(tuple, conn.execute(query.where(a.account == account))))

    account = f"one {count(engine, t.arrival)} {cut}"
    named = [replace(each, account=account) for each in batch]
    keep(engine, named, NOW)
    first = shape()
    account = f"two {count(engine, t.arrival)} {cut}"
    named = [replace(each, account=account) for each in batch]
    keep(engine, named[:cut], NOW)
    keep(engine, named[cut:], NOW)
    assert shape() == first
    if len({each.place for each in named}) == len(named):
        keep(engine, named, LATER)
        assert shape() == first


def test_two_workers_keeping_the_same_mails_keep_them_once(engine: Engine, url: str) -> None:
    batch = [arrival(n, b"mail %d" % n) for n in range(1, 60)]
    answers = []

    def work(order: list[Arrival]) -> None:
        own = open_store(url)
        for start in range(0, len(order), 7):
            answers.extend(keep(own, order[start : start + 7], NOW))
        own.dispose()

    threads = [threading.Thread(target=work, args=(order,)) for order in (batch, batch[::-1], batch)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 3 * len(batch)
    assert sum(each.new for each in answers) == len(batch)
    assert (count(engine, t.mail), count(engine, t.arrival), count(engine, t.raw_mail)) == (59, 59, 59)
