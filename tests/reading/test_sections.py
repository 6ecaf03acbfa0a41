"""New, forwarded, signature and quoted, in the forms of the mail programs of the North."""

from __future__ import annotations

import pytest

from processor.message import Address
from processor.reading.sections import Letter, split, subject_says

US = (Address("oppsigelse", "visma.no"),)
KARI = Address("kari", "fjordbygg-demo.no", "Kari Moe")


def words(text: str, kind: str, *, subject: str = "SV: Avtale", is_reply: bool = True) -> str:
    sections = split(text, Letter(subject, is_reply, KARI, US))
    assert "".join(text[one.start : one.end] for one in sections) == text
    return "\n".join(text[one.start : one.end].strip() for one in sections if one.kind == kind)


INTRODUCTIONS = {
    "outlook nb": "Fra: Visma <oppsigelse@visma.no>\nSendt: torsdag 3. september 2026 10:12\nTil: Kari Moe\nEmne: Avtale\n",
    "outlook nn": "Frå: Visma\nSendt: torsdag 3. september 2026 10:12\nTil: Kari Moe\nEmne: Avtale\n",
    "outlook sv": "Från: Visma\nSkickat: den 3 september 2026 10:12\nTill: Kari Moe\nÄmne: Avtal\n",
    "outlook da": "Fra: Visma\nSendt: 3. september 2026 10:12\nTil: Kari Moe\nEmne: Aftale\n",
    "outlook en": "From: Visma\nSent: Thursday, 3 September 2026 10:12\nTo: Kari Moe\nSubject: Agreement\n",
    "outlook bold": "*Fra:* Visma <oppsigelse@visma.no>\n*Sendt:* torsdag 3. september 2026 10:12\n*Til:* Kari\n*Emne:* Avtale\n",
    "outlook with blanks": "Fra: Visma\n\nSendt: torsdag 3. september 2026 10:12\n\nTil: Kari Moe\n\nEmne: Avtale\n",
    "outlook rule": "________________________________\nFra: Visma\nSendt: torsdag 3. september 2026 10:12\nTil: Kari Moe\nEmne: A\n",
    "original nb": "-----Opprinnelig melding-----\nFra: Visma\n",
    "original nn": "-----Opphavleg melding-----\n",
    "original sv": "-----Ursprungligt meddelande-----\n",
    "original da": "-----Oprindelig meddelelse-----\n",
    "original en": "-----Original Message-----\n",
    "gmail nb": "Den tor. 3. sep. 2026 kl. 10:12 skrev Visma <oppsigelse@visma.no>:\n",
    "gmail nb wrapped": "Den tor. 3. sep. 2026 kl. 10:12 skrev Visma Kundesenter\n<oppsigelse@visma.no>:\n",
    "gmail nb new": "tor. 3. sep. 2026 kl. 10:12 skrev Visma <oppsigelse@visma.no>:\n",
    "gmail nn": "Den tor. 3. sep. 2026 kl. 10:12 skreiv Visma <oppsigelse@visma.no>:\n",
    "gmail sv": "Den tors 3 sep. 2026 kl 10:12 skrev Visma <oppsigelse@visma.no>:\n",
    "gmail en": "On Thu, Sep 3, 2026 at 10:12 AM Visma <oppsigelse@visma.no> wrote:\n",
    "apple en": "On 3 Sep 2026, at 10:12, Visma <oppsigelse@visma.no> wrote:\n",
    "thunderbird nb": "Den 03.09.2026 10:12, skrev Visma:\n> ",
    "gmail fr": "Le jeu. 3 sept. 2026 à 10:12, Visma <oppsigelse@visma.no> a écrit :\n> ",
    "gmail de": "Am Do., 3. Sept. 2026 um 10:12 Uhr schrieb Visma <oppsigelse@visma.no>:\n",
}


@pytest.mark.parametrize("name", INTRODUCTIONS)
def test_what_stands_below_an_introduction_of_a_reply_is_quoted(name: str) -> None:
    old = INTRODUCTIONS[name] + "Vi bekrefter oppsigelsen av 328627035."
    text = "Takk for det.\n\n" + old
    assert words(text, "new") == "Takk for det."
    assert words(text, "quoted") == old.strip()


@pytest.mark.parametrize(
    "mark",
    [
        "---------- Videresendt melding ---------\n",
        "---------- Forwarded message ----------\n",
        "---------- Vidarebefordrat meddelande ----------\n",
        "----- Vidaresend melding -----\n",
        "---------- Videresendt meddelelse ---------\n",
        "Begin forwarded message:\n\n",
        "Videresendt melding:\n\n",
        "Start på videresendt melding:\n\n",
    ],
)
def test_a_forward_mark_makes_forwarded_text_whatever_the_subject(mark: str) -> None:
    old = mark + "Fra: Ola <ola@kunde-demo.no>\nDato: tor. 3. sep. 2026 kl. 10:12\nEmne: Slutt\n\nVi sier opp.\nOla"
    text = "Kan dere ta denne?\n\n" + old
    assert words(text, "new", subject="Slutt", is_reply=False) == "Kan dere ta denne?"
    assert words(text, "forwarded", subject="Slutt", is_reply=False) == old


@pytest.mark.parametrize(
    "subject", ["VS: Slutt", "FW: Slutt", "Fwd: Slutt", "Vidaresend: Slutt", "VB: Slutt", "vs:Slutt", "VS: SV: Slutt"]
)
def test_a_forwarding_subject_makes_the_text_below_forwarded(subject: str) -> None:
    old = "Fra: Ola <ola@kunde-demo.no>\nSendt: 3. september 2026 10:12\nTil: Kari Moe\nEmne: Slutt\n\nVi sier opp."
    assert words("Se under.\n\n" + old, "forwarded", subject=subject) == old


@pytest.mark.parametrize("subject", ["SV: Slutt", "Re: VS: Slutt", "Sv: Slutt", "VA: Slutt", "RE[2]: Slutt", "Slutt"])
def test_a_reply_makes_the_text_below_quoted(subject: str) -> None:
    old = "Fra: Ola <ola@kunde-demo.no>\nSendt: 3. september 2026 10:12\nTil: Kari Moe\nEmne: Slutt\n\nVi sier opp."
    assert words("Se under.\n\n" + old, "quoted", subject=subject) == old
    assert subject_says(subject) != "forwarded"


def test_ones_own_earlier_notice_to_us_is_history_even_when_forwarded() -> None:
    old = "-----Opprinnelig melding-----\nFra: Kari Moe\nSendt: 3. september 2026 10:12\nTil: 'oppsigelse@visma.no'\nEmne: Slutt\n\nVi sier opp."
    assert words("Har dere fått denne?\n\n" + old, "quoted", subject="VS: Slutt") == old


def test_our_own_answer_that_is_forwarded_back_is_history() -> None:
    old = "---------- Videresendt melding ---------\nFra: Visma <oppsigelse@visma.no>\nEmne: Slutt\n\nOppsigelsen er registrert."
    assert words("Hva betyr dette?\n\n" + old, "quoted", subject="VS: Slutt") == old


def test_a_forward_of_a_forward_goes_on_and_its_replies_do_not() -> None:
    inner = "Fra: Per\nSendt: 2. september 2026 10:12\nTil: Ola\nEmne: Slutt\n\nVi sier opp Global.\n\n"
    outer = "Fra: Ola\nSendt: 3. september 2026 10:12\nTil: Kari\nEmne: {}\n\nTa denne.\n\n"
    forwarded = outer.format("VS: Slutt") + inner
    assert words("Se under.\n\n" + forwarded, "forwarded", subject="VS: VS: Slutt") == forwarded.strip()
    replied = outer.format("SV: Slutt") + inner
    assert words("Se under.\n\n" + replied, "quoted", subject="VS: SV: Slutt") == inner.strip()


def test_text_below_and_between_quoted_lines_is_new() -> None:
    text = "Den 3. sep. 2026 kl. 10:12 skrev Visma <oppsigelse@visma.no>:\n> Hvilket firma?\n\nFjord Bygg AS.\n\n> Når?\n\nNyttår."
    assert words(text, "new") == "Fjord Bygg AS.\nNyttår."
    assert words(text, "quoted").count(">") == 3


def test_quoted_header_lines_need_no_introduction() -> None:
    text = "Takk.\n\n> Fra: Visma\n> Emne: Avtale\n>\n> Hei"
    assert words(text, "new", is_reply=False) == "Takk."


@pytest.mark.parametrize(
    "text",
    [
        "Overføring av lisenser\nFra: Gammel AS\nTil: Ny AS\nDato: 31.12.2026\nVi ber om bekreftelse.",
        "Den 3. september skrev dere følgende:\nFristen er ute. Det stemmer ikke.",
        "Vi har tre ønsker:\n- si opp Global\n- beholde Expense\n-----\nTakk",
        "Fra: 1.1.2027 vil vi slutte.\nTil: da betaler vi.",
    ],
)
def test_what_only_resembles_an_introduction_stays_new(text: str) -> None:
    assert words(text, "new", subject="Avtale", is_reply=False) == text


FORMULAS = [
    "Mvh", "mvh Kari", "MVH", "M.v.h.", "Med vennlig hilsen", "Vennlig hilsen,", "Med venleg helsing", "Venleg helsing", "Beste helsing",
    "Helsing Kari", "Hilsen Kari i Fjord Bygg AS", "Beste hilsen", "Med hilsen", "Vh Kari", "Med vänlig hälsning", "Med vänliga hälsningar",
    "Hälsningar", "Vänliga hälsningar", "Med venlig hilsen", "Venlig hilsen", "De bedste hilsner", "Best regards", "Kind regards,", "Regards",
    "With kind regards", "Yours sincerely,", "Yours faithfully", "Sincerely", "Many thanks, Kari", "--", "Sendt fra min iPhone", "Sent from Outlook for iOS",
    "Skickat från min Galaxy", "HILSEN KARI MOE 952 77 018", "Mvh Kari, Fjord Bygg AS (NO328627035MVA)",
]  # fmt: skip


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_closing_formula_opens_the_signature(formula: str) -> None:
    signature = f"{formula}\nKari Moe\nFjord Bygg AS, org.nr 328 627 035\nTlf. 22 33 44 55"
    text = f"Vi sier opp Visma Global fra nyttår.\n\n{signature}"
    assert words(text, "signature") == signature
    assert words(text, "new") == "Vi sier opp Visma Global fra nyttår."


@pytest.mark.parametrize(
    "line",
    [
        "Many thanks, that sorted it. Have a lovely weekend!",
        "Takk for hjelpen",
        "Mvh Kari som vil si opp alt",
        "Hilsen sjefen: vi sier opp alt",
        "Regards the invoice you sent us last week",
        "Med vennlig hilsen fra oss alle vil vi med dette brevet si opp hele avtalen",
    ],
)
def test_a_sentence_is_no_closing_formula(line: str) -> None:
    assert line in words(f"Hei\n\n{line}\n\nOla", "new")


@pytest.mark.parametrize(
    "later",
    [
        "P.S. Vi sier også opp Visma.net Expense.",
        "PS: Send kopi av faktura 70331940.",
        "Forresten, kan dere også sende oss en kopi av siste faktura?",
        "Skjema:\nAdministrator (navn): Ola Moe\nE-post: ola@fjordbygg-demo.no",
    ],
)
def test_what_is_asked_below_the_signature_is_new(later: str) -> None:
    text = f"Vi sier opp.\n\nMvh\nKari Moe\nFjord Bygg AS\n\n{later}"
    assert words(text, "new") == f"Vi sier opp.\n{later}"
    assert words(text, "signature").startswith("Mvh\nKari Moe")


def test_a_confidentiality_notice_belongs_to_the_signature() -> None:
    notice = "Denne e-posten kan inneholde fortrolig informasjon. Er du ikke rett mottaker, ber vi deg slette den og si fra til avsender."
    assert notice in words(f"Vi sier opp.\n\nMvh\nKari\n\n{notice}", "signature")


def test_a_formula_with_much_text_below_it_closes_nothing() -> None:
    text = "Hilsen\n" + "\n".join(f"linje {n}" for n in range(30))
    assert words(text, "new") == text


def test_the_senders_own_name_is_a_signature_without_a_formula() -> None:
    text = "Vi sier opp.\n\nKari\nFjord Bygg AS"
    assert words(text, "signature") == "Kari\nFjord Bygg AS"
    assert words("Kari", "new") == "Kari"


def test_the_signature_above_a_forwarded_mail_is_the_senders_and_the_one_within_is_not() -> None:
    old = "---------- Videresendt melding ---------\nFra: Ola <ola@kunde-demo.no>\n\nVi sier opp.\nMvh Ola"
    text = "Ta denne.\n\nMvh Kari\nRegnskap AS, org.nr 335 412 222\n\n" + old
    assert words(text, "signature", subject="VS: Slutt") == "Mvh Kari\nRegnskap AS, org.nr 335 412 222"
    assert words(text, "forwarded", subject="VS: Slutt") == old


def test_an_empty_text_has_no_sections() -> None:
    assert split("", Letter("", False, None, ())) == ()
