"""What was understood of a mail: plain frozen values with their evidence.

Request types and automatic kinds are plain strings, since a rules file may add a type without Python;
``design.md`` lists the shipped ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

Where = Literal["subject", "body", "form", "header", "attachment"]
Language = Literal["nb", "nn", "en", "sv", "da"]
Role = Literal["customer", "accountant", "estate"]
AUTOMATIC = ("auto_reply", "bounce", "bulk", "spam")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span of the mail and the rule that was struck by it.

    ``start`` and ``end`` are characters into Message.subject or Message.text by ``where``, and 0, 0
    for the other places.  A negative ``weight`` speaks against.  ``part`` is the kind of section it
    stands in: new, forwarded, signature, quoted (or the subject's own kinds), "" outside of both.
    """

    text: str
    where: Where
    start: int
    end: int
    rule: str
    weight: float = 1.0
    part: str = ""


@dataclass(frozen=True, slots=True)
class Reasons:
    """What speaks for and against a label, the weightiest first, and its chance to be what the mail is."""

    label: str
    chance: float
    speaking: tuple[Evidence, ...] = ()
    against: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One thing the mail asks for, with the chance (0 to 1) that this is right."""

    type: str
    confidence: float
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Fields:
    """What eval/BRIEF.md calls fields: of new text, own signature, subject and attached form only.

    ``effective_date`` is a date (Europe/Oslo), ``"asap"`` or None.  ``users`` is how many users or
    licences are to go, 0 if not said.  ``contact`` is the writer's name where one is given.  ``sent_on``
    is when they say that they sent a notice which they now ask about.
    """

    org_no: tuple[str, ...] = ()
    customer_no: tuple[str, ...] = ()
    company: str | None = None
    products: tuple[str, ...] = ()
    effective_date: date | Literal["asap"] | None = None
    invoice_no: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phone: str = ""
    users: int = 0
    contact: str = ""
    sent_on: date | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """The OTP rights form as far as it was filled in (domain.md 1.2; Q17: no field is demanded).

    ``doubts`` are reasons to compare it with the file (``form_by_ocr``, ``form_rotated``) or to ask the customer
    (``form_no_date``, ``form_unsigned``: the form has the field, and it is empty).
    """

    source: str
    administrator: str = ""
    email: str = ""
    company: str = ""
    org_no: str = ""
    domains: tuple[str, ...] = ()
    phone: str = ""
    date: str = ""
    customer_no: str = ""
    signed_by: str = ""
    doubts: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What is filled in, alike for every copy of the form however it was sent."""
        said = (self.administrator, self.email, self.company, self.org_no, self.phone, self.date, self.signed_by)
        return "\0".join([" ".join(each.lower().split()) for each in (*said, *sorted(self.domains))])


@dataclass(frozen=True, slots=True)
class Understanding:
    """What the mail is and says; pure data, equal for equal bytes, rules and model.

    ``requests`` has the main one first and is empty for automatic mail; ``no_action`` stands alone.
    ``chances`` maps each considered label (request types, ``no_action`` and automatic kinds) to its
    chance, best first.  ``silent`` is the chance that the mail is automatic or plain thanks.
    ``flags`` are doubts in our words, such as ``year_assumed`` or ``several_org_no``.
    ``topics`` are finer marks that rules files define for their rows, such as ``kon_abo``.
    ``perhaps`` are types that may be asked for beside ``requests``, too unsurely to be named, the surest first.
    ``other_languages`` names the parts that are written in another language than the mail's new text.
    """

    automatic: str | None
    language: Language
    language_confidence: float
    requests: tuple[Request, ...]
    chances: tuple[tuple[str, float], ...]
    silent: float
    fields: Fields
    field_evidence: tuple[tuple[str, Evidence], ...] = ()
    form: Form | None = None
    role: Role = "customer"
    topics: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    model: str = ""
    other_languages: tuple[tuple[str, Language], ...] = ()
    perhaps: tuple[tuple[str, float], ...] = ()
