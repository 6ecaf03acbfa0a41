"""What counts as a difference, and how it reads."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from processor.replay.difference import Difference, Side, changes, differing, in_words, line_diff, side, word_diff
from processor.store.columns import canonical
from processor.ticket import Decision
from tests.store.made import NOW, action, decision, reply, understanding


def of(what: Decision) -> Side:
    return side(json.loads(canonical({"understanding": understanding(), "decision": what})))


OLD = decision(reply(), [action()])


def told(**change: Any) -> tuple[str, ...]:
    return differing(of(OLD), of(replace(OLD, **change)))


def test_confidence_and_reasons_are_no_difference() -> None:
    surer = replace(OLD.items[0], confidence=0.5)
    assert told(items=(surer,), because=("said otherwise",), version="r2") == ()


def test_a_reply_that_goes_is_told_once_and_with_its_guard() -> None:
    assert told(reply=None, withheld="too_old") == ("reply",)
    assert in_words("reply", of(replace(OLD, reply=None, withheld="too_old"))) == "none (too old)"


def test_other_words_are_a_difference_of_the_text_alone() -> None:
    assert told(reply=replace(reply(), text="Vi har fått mailen.")) == ("text",)


def test_another_recipient_is_a_difference() -> None:
    assert told(reply=reply(to="per@havn-demo.no")) == ("reply",)


def test_a_later_due_time_and_other_facts_are_told_where_the_action_is_the_same() -> None:
    later = replace(action(), due=NOW + timedelta(days=9), facts={"org_no": "1"})
    assert told(items=(replace(OLD.items[0], actions=(later,)),)) == ("due", "facts")
    assert told(items=(replace(OLD.items[0], actions=()),)) == ("actions",)


def test_two_people_instead_of_one_is_a_difference() -> None:
    assert told(items=(replace(OLD.items[0], actions=(action("two_staff"),)),)) == ("actions",)


def test_a_difference_reads_from_old_to_new() -> None:
    new = of(replace(OLD, outcome="review"))
    made = Difference(1, "VS-1", "kari@x.no", "", NOW, differing(of(OLD), new), of(OLD), new)
    assert list(changes(made)) == [("outcome", "answer", "review")]


def test_a_diff_shows_the_changed_lines_with_one_around_them() -> None:
    assert line_diff("a\nb\nc\nd", "a\nB\nc\nd") == [" a", "-b", "+B", " c"]


@given(st.text("ab \n", max_size=30), st.text("ab \n", max_size=30))
@settings(max_examples=100)
def test_a_word_diff_holds_both_texts_whole(old: str, new: str) -> None:
    pieces = list(word_diff(old, new))
    assert "".join(text for what, text in pieces if what != "new") == old
    assert "".join(text for what, text in pieces if what != "old") == new
