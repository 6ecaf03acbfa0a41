"""Which firm a mail is about, in ways that many write it: bodies in small letters, roles, takers, verbs in front."""

from __future__ import annotations

import pytest

from processor.message import Address
from tests.understanding.made_mail import understood

KARI = "Kari Holm"


def company(text: str, domain: str, name: str = KARI, subject: str = "Oppsigelse") -> str | None:
    return understood(text, subject, sender=Address("kari", domain, name)).fields.company


@pytest.mark.parametrize(
    ("text", "domain", "firm"),
    [
        ("Vi sier opp Visma Expense.\n\nKari Holm\nNordskar kommune", "nordskarkommune-demo.no", "Nordskar kommune"),
        ("Djupvik sokn, org.nr. 974760673, seier opp Expense.", "kyrkja-demo.no", "Djupvik sokn"),
        ("Vågen skulekorps seier opp Visma Lønn.", "vagenkorps-demo.no", "Vågen skulekorps"),
        ("Hopen båtforening sier opp eAccounting.", "hopenbat-demo.no", "Hopen båtforening"),
        ("Vi sier opp Expense fordi Nordskar kommune krever det.", "moenvarme-demo.no", None),
        ("Vi sier opp Expense, for kommunen krever det.", "nordskarkommune-demo.no", None),
    ],
)
def test_a_body_in_small_letters_is_the_sender_s_or_has_a_number(text: str, domain: str, firm: str | None) -> None:
    assert company(text, domain) == firm


def test_a_body_s_name_is_no_person_s_though_the_mail_comes_from_it() -> None:
    text = "Vi sier opp Visma Expense.\n\nGudrun Hagset\nNordskar kommune"
    assert company(text, "nordskarkommune-demo.no", "Innkjøp Nordskar kommune") == "Nordskar kommune"


@pytest.mark.parametrize(
    ("text", "domain", "firm"),
    [
        (
            "Vi sier opp Visma Global.\n\nKari Holm\nstyreleder, Aasenstiftelsen",
            "aasenstiftelsen-demo.no",
            "Aasenstiftelsen",
        ),
        ("Vi sier opp Visma Global.\n\nKari Holm, HR Arctic Foods AS", "arcticfoods-demo.no", "Arctic Foods AS"),
        ("Slett Juul Is Norge AS fra Visma Global, vi sier opp.", "juulis-demo.no", "Juul Is Norge AS"),
        ("Avmeld Vik Marine AS, vi sier opp Visma Global.", "vikmarine-demo.no", "Vik Marine AS"),
        ("Norsk Granitt AS sier opp Visma Global.", "norskgranitt-demo.no", "Norsk Granitt AS"),
        ("Norsk Organisasjonsnummer er 974760673, vi sier opp.", "moenvarme-demo.no", None),
        ("Nummeret er 974760673. Vi sier opp Visma Global.", "moenvarme-demo.no", None),
        ("Rygg Mek. Verksted AS sier opp Visma Global.", "ryggmek-demo.no", "Rygg Mek. Verksted AS"),
        ("Havnevesenet i Strandvik KF sier opp Visma Global.", "strandvik-demo.no", "Havnevesenet i Strandvik KF"),
        ("Advokatfirmaet Strøm Lie sier opp Finale.", "slie-demo.no", "Advokatfirmaet Strøm Lie"),
        ("Vi sier opp Visma Global. Hilsen vi i turngruppa", "turngruppa-demo.no", None),
        ("Vi sier opp Visma Global. Org 974 760 673 Moen Mur og Flis", "moenmur-demo.no", "Moen Mur og Flis"),
    ],
)
def test_the_firm_is_told_from_the_words_around_it(text: str, domain: str, firm: str | None) -> None:
    assert company(text, domain) == firm


@pytest.mark.parametrize(
    ("text", "firm"),
    [
        ("Kan to lisenser på Visma Global overføres til Moen Rør AS? Avtalen står på Moen Varme AS.", "Moen Varme AS"),
        (
            "Vi har solgt driften til Moe & Lie AS, lisensen på Visma Global skal overføres.\n\nMoen Varme AS",
            "Moen Varme AS",
        ),
        ("Moen Rør AS fusjoneres inn i Moen Varme AS, lisensene på Visma Global skal overføres dit.", "Moen Rør AS"),
        ("Lisensene på Visma Global skal overføres fra Fjord AS til Moen Varme AS.", "Fjord AS"),
        ("Our licences for Visma Global are to be transferred to Fjord AS.", "Fjord AS"),
        ("Selskapet er omdannet til Moen Varme AS. Flytt lisensene på Visma Global.\n\nMoen ENK", "Moen Varme AS"),
    ],
)
def test_of_two_firms_the_one_that_takes_over_comes_last(text: str, firm: str) -> None:
    assert company(text, "moenvarme-demo.no", subject="Overføring av lisenser") == firm
