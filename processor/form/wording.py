"""What the empty form asks, in bokmål and English.

The field list of the form in use is unknown (domain.md 1.2, point 5): this one asks for what the right
rests on, an administrator and domains (point 3), and for who asks.  Our reader knows each label
(understanding/form_rows.py), which a test holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Language = Literal["nb", "en"]


@dataclass(frozen=True, slots=True)
class Line:
    """One field: its name in findings.Form, its label, a hint for who fills it in, and lines of room."""

    name: str
    label: str
    hint: str = ""
    room: int = 1


@dataclass(frozen=True, slots=True)
class Wording:
    """A form's words in one language."""

    title: str
    lead: str
    lines: tuple[Line, ...]
    prompt: str
    notes: tuple[str, ...]
    file: str


WORDINGS: Mapping[Language, Wording] = {
    "nb": Wording(
        "Rett til å generere engangskoder",
        "Skjemaet gir en administrator rett til å generere engangskoder for brukere på domenene som er ført opp.",
        (
            Line("company", "Firma"),
            Line("org_no", "Organisasjonsnummer", "ni sifre"),
            Line("customer_no", "Kundenummer", "står øverst på fakturaen"),
            Line("administrator", "Administratorens navn"),
            Line("email", "E-post i Visma Connect", "adressen administratoren logger inn med"),
            Line("phone", "Telefon"),
            Line("domains", "Domener", "for eksempel firma.no, med komma mellom", 2),
            Line("date", "Dato", "dd.mm.åååå"),
            Line("signed_by", "Underskrevet av", "navnet på en som kan forplikte firmaet"),
        ),
        "Skriv her",
        (
            "Legg ved det utfylte skjemaet i en e-post fra firmaets egen adresse.",
            "To medarbeidere kontrollerer skjemaet før rettigheten blir gitt. Koder sendes aldri på e-post.",
        ),
        "engangskoder-skjema",
    ),
    "en": Wording(
        "Right to generate one-time codes",
        "This form gives an administrator the right to generate one-time codes for users at the domains listed.",
        (
            Line("company", "Company"),
            Line("org_no", "Organisation number", "nine digits"),
            Line("customer_no", "Customer number", "at the top of the invoice"),
            Line("administrator", "Administrator's name"),
            Line("email", "E-mail in Visma Connect", "the address the administrator logs in with"),
            Line("phone", "Phone"),
            Line("domains", "Domains", "for example company.com, separated by commas", 2),
            Line("date", "Date", "dd.mm.yyyy"),
            Line("signed_by", "Signed by", "the name of someone who may bind the company"),
        ),
        "Write here",
        (
            "Attach the completed form to an e-mail from the company's own address.",
            "Two members of staff check the form before the right is granted. Codes are never sent by e-mail.",
        ),
        "one-time-codes-form",
    ),
}
