"""Stored JSON becomes the value again that it was made from, also when the value has changed since."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.findings import Understanding
from processor.store.columns import canonical
from processor.store.restoring import restored
from processor.ticket import Context, Decision, Limits
from tests.store.made import NOW, action, decision, reply, understanding


def there_and_back(value: Any) -> Any:
    return restored(type(value), json.loads(canonical(value)))


def test_a_decision_and_an_understanding_come_back_equal() -> None:
    made = decision(reply(), [action()])
    assert there_and_back(made) == made
    assert there_and_back(understanding()) == understanding()


contexts = st.builds(
    Context,
    now=st.datetimes(min_value=datetime(1971, 1, 1), timezones=st.just(UTC)),
    arrival=st.datetimes(min_value=datetime(1971, 1, 1), timezones=st.just(UTC)),
    ticket_no=st.text(max_size=9),
    joins=st.booleans(),
    authserv_ids=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    replies_in_all=st.integers(0, 9),
    limits=st.none() | st.builds(Limits, per_sender=st.integers(1, 9)),
    answer_from=st.none() | st.datetimes(min_value=datetime(1971, 1, 1), timezones=st.just(UTC)),
    answer_within_hours=st.floats(0, 99, allow_nan=False),
)


@given(contexts)
@settings(max_examples=60)
def test_every_context_comes_back_equal_and_as_equal_bytes(context: Context) -> None:
    assert there_and_back(context) == context
    assert canonical(there_and_back(context)) == canonical(context)


def test_an_older_and_a_newer_record_can_be_read() -> None:
    told = json.loads(canonical(Context(now=NOW, arrival=NOW, team="Kundesenteret")))
    del told["team"]
    told["a_field_of_tomorrow"] = [1]
    assert restored(Context, told) == Context(now=NOW, arrival=NOW)


@pytest.mark.parametrize("change", [{"arrival": 7}, {"joins": "yes"}, {"authserv_ids": "one"}, {"limits": [1]}])
def test_what_is_no_record_is_refused(change: dict[str, Any]) -> None:
    told = json.loads(canonical(Context(now=NOW, arrival=NOW))) | change
    with pytest.raises((TypeError, ValueError)):
        restored(Context, told)


def test_a_record_without_what_it_needs_is_refused() -> None:
    with pytest.raises(ValueError, match="Context without arrival"):
        restored(Context, {"now": NOW.isoformat()})


def test_a_word_outside_the_list_is_refused() -> None:
    told = json.loads(canonical(replace(decision(), outcome="answer"))) | {"outcome": "perhaps"}
    with pytest.raises(ValueError, match="perhaps"):
        restored(Decision, told)
    assert restored(Understanding, json.loads(canonical(understanding()))).language == "nb"
