"""What a server holds against what we kept: laws of the comparison."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from processor.steps.comparison import (
    DOUBLE,
    EXAMPLES,
    HEADER_ONLY,
    NEW,
    UNLEDGERED,
    UNSEEN,
    VANISHED,
    Comparison,
)
from processor.store.reconciliation import Entry
from processor.world.census import OnServer, Portion

NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
UIDS = st.sets(st.integers(1, 30))


def entry(uid: int, size: int = 100, *, done: bool = False, whole: bool = True, mail: int = 0) -> Entry:
    return Entry(NOW, size, mail or uid, done, whole)


def compared(
    server: dict[int, OnServer], kept: dict[int, Entry], last: int = 30, removes: bool = False, below: int | None = None
) -> Comparison:
    made = Comparison(last, removes, below)
    made.add(Portion(7, 31, 1, 30, server), kept)
    made.end()
    return made


def same(*uids: int, size: int = 100) -> dict[int, OnServer]:
    return {uid: OnServer(NOW, size) for uid in uids}


@given(UIDS, UIDS, st.integers(0, 30), st.integers(1, 31))
@settings(max_examples=60, deadline=None)
def test_every_uid_is_in_its_one_place(server: set[int], kept: set[int], last: int, below: int) -> None:
    made = compared(same(*server), {uid: entry(uid) for uid in kept}, last, below=below)
    lacking = server - kept
    assert made.held == len(server)
    assert made.counts[UNLEDGERED] == sum(uid <= last for uid in lacking)
    assert made.counts[NEW] == sum(uid > last for uid in lacking)
    assert made.counts[VANISHED] == len(kept - server)
    assert made.counts[UNSEEN] == len({*range(below, 31)} - server - kept)
    assert not made.suspects
    assert set(made.unledgered) == {uid for uid in lacking if uid <= last}


@given(UIDS, UIDS, st.integers(1, 30))
@settings(max_examples=40, deadline=None)
def test_portions_give_what_the_whole_gives(server: set[int], kept: set[int], cut: int) -> None:
    whole = compared(same(*server), {uid: entry(uid) for uid in kept}, 20, below=5)
    parts = Comparison(20, False, 5)
    for low, high in ((1, cut), (cut + 1, 30)):
        here = {uid: entry(uid) for uid in kept if low <= uid <= high}
        parts.add(Portion(7, 31, low, high, same(*(uid for uid in server if low <= uid <= high))), here)
    parts.end()
    assert (parts.counts, parts.held, sorted(parts.unledgered)) == (whole.counts, whole.held, sorted(whole.unledgered))


def test_what_we_were_done_with_may_be_gone_where_we_move_or_delete_it() -> None:
    kept = {1: entry(1, done=True), 2: entry(2)}
    assert compared({}, kept, removes=True).counts == {VANISHED: 1}
    assert compared({}, kept).counts == {VANISHED: 2}


def test_a_mail_that_went_before_its_bytes_came_is_told_apart() -> None:
    assert compared({}, {1: entry(1, whole=False, done=True)}, removes=True).counts == {HEADER_ONLY: 1}


def test_another_time_under_the_same_uid_is_suspect() -> None:
    other = {1: OnServer(NOW + timedelta(seconds=1), 100), 2: OnServer(None, 100)}
    assert compared(other, {1: entry(1), 2: entry(2)}).suspects == {1: 1}


def test_other_sizes_are_suspect_unless_the_server_only_estimates_them() -> None:
    kept = {uid: entry(uid) for uid in range(1, 21)}
    exact = same(*range(1, 20)) | same(20, size=101)
    assert compared(exact, kept).suspects == {20: 20}
    assert compared(same(*range(1, 21), size=101), kept).suspects == {}


def test_the_same_mail_under_two_uids_is_a_double() -> None:
    assert compared(same(1, 2, 3), {1: entry(1), 2: entry(2, mail=1), 3: entry(3)}).examples[DOUBLE] == [2]


def test_a_gap_of_millions_is_counted_and_not_walked_through() -> None:
    made = Comparison(0, False, 1)
    made.add(Portion(7, 4_000_000_001, 1, 4_000_000_000, same(2)), {})
    assert (made.counts[UNSEEN], len(made.examples[UNSEEN])) == (3_999_999_999, EXAMPLES)
