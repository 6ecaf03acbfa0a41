"""An alarm from its raising to its end: told at once, seldom again, and over only when it stays away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from processor.alarm import Episode, Pace, after_look, quiet_for

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PACE = Pace(repeat=timedelta(hours=4), quiet=10 * MINUTE)


def looked(there: list[bool], step: timedelta = MINUTE) -> list[tuple[int, str]]:
    """What was told at which look, the looks being a step apart."""
    told: list[tuple[int, str]] = []
    episode: Episode | None = None
    for number, each in enumerate(there):
        episode, event = after_look(episode, each, NOW + number * step, PACE)
        if event:
            told.append((number, event))
    return told


def test_it_is_raised_at_once_and_repeated_after_its_time_only() -> None:
    assert looked([True] * 500) == [(0, "raised"), (240, "repeated"), (480, "repeated")]


def test_it_is_over_when_it_was_away_for_a_while_and_is_raised_anew_after_that() -> None:
    assert looked([True] * 5 + [False] * 30) == [(0, "raised"), (15, "cleared")]
    assert looked([True] + [False] * 20 + [True] * 2) == [(0, "raised"), (11, "cleared"), (21, "raised")]


def test_one_that_comes_and_goes_within_the_quiet_time_is_one_alarm() -> None:
    assert looked([True, False] * 100) == [(0, "raised")]


def test_nothing_is_told_of_what_was_never_there() -> None:
    assert looked([False] * 10) == []


def test_the_more_often_it_comes_back_the_longer_it_must_stay_away() -> None:
    assert [quiet_for(flaps, PACE) / MINUTE for flaps in range(7)] == [10, 20, 40, 80, 160, 240, 240]
    eleven_away = [True] + [False] * 11
    # The second time it is not over yet when it comes back, so that it is never said to be over too early.
    assert looked(eleven_away * 3) == [(0, "raised"), (11, "cleared"), (12, "raised")]


def test_a_day_of_peace_forgives() -> None:
    before = Episode(NOW, NOW, cleared_at=NOW, flaps=5)
    soon, _ = after_look(before, True, NOW + timedelta(hours=23), PACE)
    late, _ = after_look(before, True, NOW + timedelta(hours=25), PACE)
    assert soon
    assert late
    assert (soon.flaps, late.flaps) == (6, 0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), max_size=600))
def test_no_storm_whatever_comes_and_goes(there: list[bool]) -> None:
    told = looked(there)
    events = [event for _, event in told]
    # Six raised and cleared while the quiet time doubles, and then one pair or a repeat in four hours.
    assert len(events) <= 2 * 6 + 2 * (len(there) // 240 + 1)
    for first, second in pairwise(events):
        assert (second == "raised") == (first == "cleared")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), max_size=200))
def test_whoever_was_told_last_knows_how_it_stands(there: list[bool]) -> None:
    told = looked(there)
    if there and there[-1]:
        assert told[-1][1] in ("raised", "repeated")
