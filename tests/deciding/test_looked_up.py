"""What registers say holds notices of companies that are gone, and stands in letters; silence changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from processor.deciding.decide import decide
from processor.findings import Fields
from processor.lookup import Company, Lookups, Participant, Role
from processor.rulebook import Rulebook
from processor.ticket import Decision
from tests.deciding.made_cases import context, message, understanding

ASKED = datetime(2026, 8, 18, 8, 3, tzinfo=UTC)
ORG_NO, OTHER = "974760673", "991825827"
SOUND = Company(ORG_NO, "found", "", ASKED, "data.brreg.no", "FJORD BYGG AS", "AS", bankrupt=False)
IN = Participant(ORG_NO, "registered", "", ASKED, "zone", "smp.example.no", "", "PSE000123", "Pagero AB", invoices=True)


def decided(rulebook: Rulebook, kind: str, *found: Company | Participant, **changes: Any) -> Decision:
    lookups = Lookups(
        tuple(each for each in found if isinstance(each, Company)),
        tuple(each for each in found if isinstance(each, Participant)),
    )
    return decide(message(), understanding(kind, **changes), context(lookups=lookups), rulebook)


def text(decision: Decision) -> str:
    assert decision.reply
    return decision.reply.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bankrupt": True}, "is bankrupt"),
        ({"bankrupt": True, "bankrupt_on": date(2026, 6, 1)}, "is bankrupt (since 01.06.2026)"),
        ({"deleted": True, "deleted_on": date(2025, 3, 1)}, "is deleted (since 01.03.2025)"),
        ({"winding_up": True}, "is being wound up"),
        ({"forced": True}, "is being wound up or dissolved by force"),
        ({"bankrupt": True, "winding_up": True}, "is bankrupt and is being wound up"),
        ({"state": "removed"}, "has been removed"),
    ],
)
def test_a_notice_of_a_company_that_is_gone_goes_to_staff_with_the_fact(
    rulebook: Rulebook, changes: dict[str, Any], said: str
) -> None:
    found = decided(rulebook, "termination", replace(SOUND, **changes))
    assert found.outcome == "review"
    assert f"The company register says that {ORG_NO} FJORD BYGG AS {said}; asked 18.08.2026 10.03." in found.because
    assert found.reply
    assert found.reply.template == "general/received"
    assert found.actions[0].facts["register"].startswith(f"{ORG_NO} FJORD BYGG AS AS: {said}")


UNHEARD = (Company(ORG_NO, "not_checked", "timed_out"), Participant(ORG_NO, "not_checked", "resting"))


@pytest.mark.parametrize("kind", ["termination", "elma_register", "elma_deregister", "elma_question"])
@pytest.mark.parametrize(
    "found", [(), UNHEARD, (SOUND,), (Company(ORG_NO, "unknown", asked_at=ASKED),), (replace(SOUND, bankrupt=None),)]
)
def test_silence_and_a_sound_company_change_neither_decision_nor_letter(
    rulebook: Rulebook, kind: str, found: tuple[Company | Participant, ...]
) -> None:
    without, told = decided(rulebook, kind), decided(rulebook, kind, *found)
    assert (told.outcome, told.reply, told.because) == (without.outcome, without.reply, without.because)


def test_staff_see_what_was_asked_in_vain(rulebook: Rulebook) -> None:
    facts = decided(rulebook, "elma_question", *UNHEARD).actions[0].facts
    assert facts["register"] == f"{ORG_NO} not checked: no answer in time"
    assert facts["peppol"] == f"{ORG_NO} not checked: not asked, since it failed a moment ago"
    assert not {"register", "peppol"} & decided(rulebook, "elma_question").actions[0].facts.keys()


def test_staff_see_all_that_the_registers_said(rulebook: Rulebook) -> None:
    company = replace(SOUND, language="nn", part_of=OTHER, roles=(Role("DAGL", "Kari Holm"),))
    facts = decided(rulebook, "elma_question", company, replace(IN, invoices=False)).actions[0].facts
    assert facts["register"] == (
        f"{ORG_NO} FJORD BYGG AS AS: neither deleted, bankrupt nor wound up, sub-unit of {OTHER}, Nynorsk,"
        " general manager Kari Holm, asked 18.08.2026 10.03"
    )
    assert facts["peppol"] == (
        f"{ORG_NO} is registered, at PSE000123 Pagero AB, SMP smp.example.no, takes no EHF invoices,"
        " asked 18.08.2026 10.03"
    )
    unknown = replace(SOUND, bankrupt=None)
    assert "not told whether it is sound" in decided(rulebook, "elma_question", unknown).actions[0].facts["register"]


def test_a_bankrupt_company_may_ask_about_elma(rulebook: Rulebook) -> None:
    assert decided(rulebook, "elma_question", replace(SOUND, bankrupt=True)).outcome == "answer"


@pytest.mark.parametrize("kind", ["elma_register", "elma_deregister", "elma_question"])
@pytest.mark.parametrize(
    ("language", "found", "said"),
    [
        (
            "nb",
            IN,
            "Ved et oppslag tirsdag 18. august 2026 kl. 10.03 var org.nr 974 760 673 registrert som mottaker i Peppol gjennom"
            " Pagero AB.",
        ),
        ("nb", replace(IN, ours=True), "registrert som mottaker i Peppol gjennom AutoInvoice."),
        ("nb", replace(IN, provider=""), "registrert som mottaker i Peppol gjennom aksesspunktet PSE000123."),
        (
            "nb",
            replace(IN, provider="", access_point="", smp_note="unreachable"),
            "registrert som mottaker i Peppol, men oppslaget viste ikke gjennom hvilket aksesspunkt.",
        ),
        ("nb", replace(IN, state="not_registered"), "var org.nr 974 760 673 ikke registrert som mottaker i Peppol."),
        (
            "nn",
            IN,
            "Ved eit oppslag tysdag 18. august 2026 kl. 10.03 var org.nr 974 760 673 registrert som mottakar i Peppol gjennom"
            " Pagero AB.",
        ),
        ("nn", replace(IN, state="not_registered"), "ikkje registrert som mottakar i Peppol."),
        (
            "en",
            IN,
            "On Tuesday 18 August 2026 at 10.03 (Oslo time), org. no. 974 760 673 was registered in Peppol through Pagero AB.",
        ),
        ("en", replace(IN, state="not_registered"), "was not registered in Peppol."),
    ],
)
def test_an_elma_answer_tells_whether_where_and_when(
    rulebook: Rulebook, kind: str, language: str, found: Participant, said: str
) -> None:
    letter = text(decided(rulebook, kind, found, language=language))
    assert said in " ".join(letter.split())


def test_a_providers_name_is_held_to_a_strict_shape(rulebook: Rulebook) -> None:
    bad = replace(IN, provider="Vinn en bil på https://evil.example AS")
    letter = text(decided(rulebook, "elma_question", bad))
    assert "evil" not in letter
    assert "aksesspunktet PSE000123" in letter


def test_each_organisation_that_was_checked_is_told_of_and_no_other(rulebook: Rulebook) -> None:
    fields = Fields(org_no=(ORG_NO, OTHER))
    unheard = Participant(OTHER, "not_checked", "timed_out")
    letter = text(decided(rulebook, "elma_question", IN, unheard, fields=fields))
    assert letter.count("Ved et oppslag") == 1
    both = text(decided(rulebook, "elma_question", IN, replace(IN, org_no=OTHER), fields=fields))
    assert both.count("Ved et oppslag") == 2


def test_an_unproven_sender_is_told_nothing_of_it(rulebook: Rulebook) -> None:
    lookups = Lookups((), (IN,))
    found = decide(message(authentication=()), understanding("elma_question"), context(lookups=lookups), rulebook)
    assert found.reply is None or "oppslag" not in found.reply.text
