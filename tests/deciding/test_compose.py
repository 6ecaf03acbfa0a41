"""The confirmation, which only staff release."""

from __future__ import annotations

from datetime import date

import pytest

from processor.deciding.case import Case
from processor.deciding.compose import confirmation
from processor.rulebook import RenderError, Rulebook
from processor.ticket import Provenance
from tests.deciding.made_cases import context, message, understanding


def case(rulebook: Rulebook, mail: object = None, language: str = "nb") -> Case:
    says = understanding(language=language)
    return Case(mail or message(), says, Provenance("proven", ""), context(), rulebook, frozenset())  # type: ignore[arg-type]


def test_a_confirmation_names_the_last_day_that_staff_registered(rulebook: Rulebook) -> None:
    reply = confirmation("termination/confirmed", case(rulebook), date(2026, 12, 31), date(2027, 6, 20))
    assert (reply.kind, reply.language) == ("confirmation", "nb")
    assert "torsdag 31. desember 2026" in reply.text
    assert "søndag 20. juni 2027" in reply.text
    assert reply.subject.startswith("[VS-7K3M-9QX4] ")


def test_a_swedish_writer_gets_the_confirmation_in_bokmal(rulebook: Rulebook) -> None:
    assert confirmation("termination/confirmed", case(rulebook, language="sv"), date(2026, 12, 31)).language == "nb"


def test_without_a_sender_there_is_no_letter(rulebook: Rulebook) -> None:
    with pytest.raises(RenderError):
        confirmation("termination/confirmed", case(rulebook, message(None)), date(2026, 12, 31))


def test_the_letter_as_a_page_has_the_subject_for_its_title(rulebook: Rulebook) -> None:
    reply = confirmation("termination/confirmed", case(rulebook), date(2026, 12, 31))
    assert f"<title>{reply.subject}</title>" in reply.html
