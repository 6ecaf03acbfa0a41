"""A power of attorney that comes along is seen, and one that is only spoken of is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from processor.deciding.authority import power_of_attorney
from processor.deciding.decide import decide
from processor.message import Attachment, Extracted, Message, Section
from processor.rulebook import Rulebook
from tests.deciding.made_cases import context, message, understanding

GIVEN = "Bø Landbruk AS gir Skeie Rekneskap AS fullmakt til å si opp avtalen."


def file(name: str, text: str = "", kind: str = "application/pdf", size: int = 50_000) -> Attachment:
    return Attachment(name, kind, kind, size, "d" * 64, extracted=Extracted(text=text))


def mail(words: str, *files: Attachment, forwarded: str = "") -> Message:
    text = words + forwarded
    sections = (Section("new", 0, len(words)), Section("forwarded", len(words), len(text)))
    return message(text=text, sections=sections, attachments=files)


@pytest.mark.parametrize(
    "made",
    [
        mail("Se vedlegg.", file("Fullmakt_signert.pdf")),
        mail("Hei", file("scan001.pdf", "FULLMAKT\n\nBø Landbruk AS")),
        mail("Hei", file("scan001.pdf", f"Til den det gjelder\n{GIVEN}")),
        mail("Vi sier opp. Fullmakt er vedlagt.", file("scan001.pdf")),
        mail("Me seier opp. Signert fullmakt følgjer vedlagd.", file("IMG_2034.jpg", kind="image/jpeg", size=400_000)),
        mail("The client's power of attorney is attached.", file("scan001.pdf")),
        mail("Vi säger upp. Bifogad finns fullmakt från kunden.", file("scan001.pdf")),
        mail("Vi opsiger. Vedhæftet er fuldmagt fra kunden.", file("scan001.pdf")),
        mail("Se under.\n", forwarded=f"Fra: Ola\n\n{GIVEN}"),
    ],
)
def test_it_finds_a_power_of_attorney_that_came_along(made: Message, rulebook: Rulebook) -> None:
    assert power_of_attorney(made, rulebook)
    found = decide(made, understanding(role="accountant"), context(), rulebook)
    assert (found.rule, found.reply and found.reply.kind) == ("termination/accountant_authorised", "receipt")
    assert found.actions[0].facts["power_of_attorney"] == power_of_attorney(made, rulebook)
    assert "authority_to_check" in found.deadline.flags
    assert found.items[0].asks == ()


@pytest.mark.parametrize(
    "made",
    [
        mail("Vi har fullmakt fra kunden."),
        mail("Fullmakta ligg hos oss, sei frå om de treng henne.", file("oppseiing.pdf", "Vi seier opp avtalen.")),
        mail("Fullmakt er ikke vedlagt, den ettersendes.", file("oppsigelse.pdf", "Vi sier opp avtalen.")),
        mail("Fullmakt er vedlagt.", file("image001.png", kind="image/png", size=4_000)),
        mail("Fullmakt er vedlagt."),
        mail("Hei", file("oppsigelse.pdf", "Vi sier opp avtalen. Vi har fullmakt fra kunden.")),
        mail(GIVEN),
    ],
)
def test_it_asks_for_one_that_is_only_spoken_of(made: Message, rulebook: Rulebook) -> None:
    found = decide(made, understanding(role="accountant"), context(), rulebook)
    assert (found.rule, found.items[0].asks) == ("termination/accountant", ("power_of_attorney",))
    assert "power_of_attorney" not in found.actions[0].facts


def test_a_part_is_never_taken_for_the_whole_with_a_power_of_attorney_either(rulebook: Rulebook) -> None:
    some = understanding(role="accountant")
    some = replace(some, fields=replace(some.fields, users=4))
    found = decide(mail("Hei", file("fullmakt.pdf")), some, context(), rulebook)
    assert [action.kind for action in found.actions] == ["register_partial_termination"]
    assert found.reply
    assert "det som ikke er nevnt, løper videre som før" in " ".join(found.reply.text.split())


def test_a_customers_own_notice_is_as_ever_with_one(rulebook: Rulebook) -> None:
    found = decide(mail("Hei", file("fullmakt.pdf")), understanding(), context(), rulebook)
    assert found.rule == "termination/notice"
