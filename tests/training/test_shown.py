from __future__ import annotations

import pytest

from processor.rulebook import Model
from processor.training.shown import in_words, reached, warnings


def model(**shown: tuple[int, int]) -> Model:
    return Model("v", "d", ("termination",), {}, (), (), (), (), (), (), {}, {}, shown)


def test_an_errorless_run_of_124_is_not_enough_for_a_termination() -> None:
    said = in_words("termination", model(termination=(124, 124)))
    assert said == "precision shown so far: at least 97.6 % (124 of 124); goal 99.5 %"
    assert not reached("termination", model(termination=(124, 124)))


@pytest.mark.parametrize(
    ("name", "counts", "enough"),
    [
        ("termination", (598, 598), True),
        ("termination", (597, 597), False),
        ("termination", (700, 699), False),
        ("elma_question", (149, 149), True),
        ("elma_question", (148, 148), False),
    ],
)
def test_the_goal_is_reached_when_enough_mails_show_it(name: str, counts: tuple[int, int], enough: bool) -> None:
    assert reached(name, model(**{name: counts})) is enough
    assert bool(warnings([name], model(**{name: counts}))) is not enough


def test_a_bound_is_never_rounded_up_to_its_goal() -> None:
    assert "at least 99.4 %" in in_words("termination", model(termination=(597, 597)))


def test_a_model_without_counts_says_that_nothing_was_measured() -> None:
    for unmeasured in (None, model()):
        assert in_words("termination", unmeasured).startswith("precision not measured yet")
        assert not reached("termination", unmeasured)
    assert "no labelled mail was decided so" in in_words("other", model(termination=(9, 9)))


def test_the_level_of_unknown_mail_is_no_types() -> None:
    assert in_words("general", None) == ""
    assert warnings(["general"], None) == []
