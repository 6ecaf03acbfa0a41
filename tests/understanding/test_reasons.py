from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from processor.findings import Evidence, Reasons
from processor.loading.rules import load_rulebook
from processor.message import Message
from processor.rulebook import Rulebook
from processor.understanding.reasons import reasons
from processor.understanding.understand import understand
from tests.understanding.made_mail import mail

ROOT = Path(__file__).parents[2]
NOTICE = "Hei,\n\nVi sier opp avtalen på Visma Global fra nyttår. Når slutter den?\n\nMvh Kari"


@cache
def rulebook() -> Rulebook:
    return load_rulebook(ROOT / "rules", ROOT / "templates")


def of(message: Message) -> tuple[Reasons, ...]:
    return reasons(message, understand(message, rulebook()), rulebook())


def every(found: tuple[Reasons, ...]) -> list[Evidence]:
    return [span for each in found for span in (*each.speaking, *each.against)]


def test_the_runner_up_comes_last_and_was_not_taken() -> None:
    message = mail(NOTICE, "Oppsigelse")
    says = understand(message, rulebook())
    found = of(message)
    assert [each.label for each in found[:-1]] == [request.type for request in says.requests]
    assert found[-1].label == next(n for n, _ in says.chances if n not in {request.type for request in says.requests})
    assert found[0].chance > found[-1].chance


@pytest.mark.parametrize(
    "text", [NOTICE, "Jeg fikk faktura 123 på 4 800 kr. Hva er KON-ABO00?", "", "Takk", "🙂 " * 50]
)
def test_every_span_stands_where_it_says(text: str) -> None:
    message = mail(text, "Spørsmål om Oppsigelse")
    for span in every(of(message)):
        source = {"subject": message.subject, "body": message.text}[span.where]
        assert source[span.start : span.end] == span.text


def test_a_rule_and_the_models_own_words_both_speak() -> None:
    main = of(mail("Vi sier opp avtalen på Visma Global fra nyttår.", "Oppsigelse"))[0]
    rules = {span.rule.split("/")[0] for span in main.speaking}
    assert rules == {"termination", "model"}
    assert all(span.weight > 0 for span in main.speaking)


def test_what_speaks_against_weighs_less_than_nothing() -> None:
    found = of(mail("Jeg har permisjon til nyttår. Kan du skrive til Per?", "Automatisk svar: Oppsigelse"))
    against = [span for each in found for span in each.against]
    assert against
    assert all(span.weight < 0 for span in against)


def test_an_automatic_mails_reasons_are_its_kinds() -> None:
    found = of(
        mail("Jeg er på ferie til 4. august og har begrenset tilgang til e-post.", "Automatisk svar: Oppsigelse")
    )
    assert found[0].label == "auto_reply"
    assert any(span.rule.startswith("automatic/auto_reply/") for span in found[0].speaking)
