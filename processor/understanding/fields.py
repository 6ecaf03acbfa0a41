"""The fields of a mail, each from where eval/BRIEF.md says, with the span that shows it."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from processor.findings import Evidence, Fields, Form, Role
from processor.message import Message
from processor.rulebook import Rulebook
from processor.understanding.company import company_in
from processor.understanding.effective import effective_date
from processor.understanding.firms import Sender
from processor.understanding.numbers import (
    Number,
    customer_numbers,
    invoice_numbers,
    organisation_numbers,
    with_numbers,
)
from processor.understanding.passages import Passage
from processor.understanding.people import ABOUT_PERSONS, contact_of, domains_in, emails_in, phone_in, users_in
from processor.understanding.products import products_in
from processor.understanding.sent import sent_on

OSLO = ZoneInfo("Europe/Oslo")
OWN_MATTERS = ("otp_rights", "admin_access", "agreement_question", "termination_question")
"""What an accountant may ask for the own firm too, so that its number counts where no client's stands."""
EARLIEST = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Found:
    """Fields with their evidence, and doubts about them."""

    fields: Fields
    evidence: tuple[tuple[str, Evidence], ...]
    flags: tuple[str, ...]


NOTHING = Found(Fields(), (), ())


def fields_of(
    message: Message,
    passages: Iterable[Passage],
    requests: tuple[str, ...],
    topics: tuple[str, ...],
    spans: Iterable[Evidence],
    form: Form | None,
    role: Role,
    rulebook: Rulebook,
) -> Generator[None, None, Found]:
    """Everything named in new and forwarded text, the signature, the subject and the form.

    It stops after each step, so that the mails of a batch can go through them together (``understand_each``).
    """
    vocabulary = rulebook.vocabulary
    if requests[:1] == ("no_action",):
        return _of_a_note(message, passages, role, rulebook)
    own = [passage for passage in passages if passage.kind != "quoted"]
    written = [passage for passage in own if passage.kind != "signature" and passage.kind != "attached"]
    numbered = with_numbers(own)
    numbers = _own_numbers(organisation_numbers(numbered, vocabulary), role, rulebook, requests)
    customers = customer_numbers(numbered, vocabulary)
    invoices = invoice_numbers(
        [passage for passage in numbered if passage.kind not in ("signature", "attached")],
        vocabulary,
        about="invoice_question" in requests,
    )
    yield
    company = company_in(own, numbers, vocabulary, role, _sender(message), own="licence_transfer" in requests)
    yield
    products = products_in(written, rulebook.spellings, vocabulary.moods, ending=requests[:1] == ("termination",))
    yield
    effective = effective_date(written, requests, spans, _today(message), vocabulary)
    yield
    persons = set(requests) & set(ABOUT_PERSONS) or "privacy" in topics
    shown = message.from_[0].name if message.from_ else ""
    about_one = requests[:1] == ("other",)
    emails = emails_in(written, rulebook.own_addresses, persons=not persons) if persons or about_one else []
    domains = domains_in(written) if "otp_rights" in requests else []
    found = Fields(
        org_no=(form.org_no,)
        if form and len(form.org_no) == 9 and form.org_no.isdigit()
        else tuple(n.value for n in numbers),
        customer_no=(form.customer_no,) if form and form.customer_no.isdigit() else tuple(n.value for n in customers),
        company=(form.company if form and form.company else None) or (company.name if company else None),
        products=tuple(name for name, _ in products),
        effective_date=effective.value if effective else None,
        invoice_no=tuple(n.value for n in invoices if n.value not in {c.value for c in customers}),
        domains=_bare(form.domains) if form and form.domains else tuple(name for name, _ in domains),
        emails=(form.email.lower(),)
        if form and form.email and "otp_code" not in requests
        else tuple(e for e, _ in emails),
        phone=phone_in(numbered, vocabulary) or (form.phone if form else ""),
        users=users_in(written, vocabulary) if requests[:1] == ("termination",) else 0,
        contact=contact_of(shown, own, vocabulary),
        sent_on=sent_on(written, _today(message), vocabulary) if "termination_question" in requests else None,
    )
    evidence = [*_spans("org_no", numbers), *_spans("customer_no", customers), *_spans("invoice_no", invoices)]
    evidence += [("products", span) for _, span in products] + [("emails", span) for _, span in emails]
    evidence += [("domains", span) for _, span in domains]
    evidence += [("company", company.evidence)] if company else []
    evidence += [("effective_date", effective.evidence)] if effective else []
    flags = ["year_assumed"] if effective and effective.assumed else []
    flags += ["several_org_no"] if len(found.org_no) > 1 else []
    return Found(found, tuple(evidence), tuple(flags))


def _bare(domains: tuple[str, ...]) -> tuple[str, ...]:
    """Domains without the name of a web server that a form's writer put before them."""
    return tuple(domain.removeprefix("www.") for domain in domains)


def _of_a_note(message: Message, passages: Iterable[Passage], role: Role, rulebook: Rulebook) -> Found:
    """Of a mail that asks for nothing only who writes, and the invoice that it names."""
    vocabulary = rulebook.vocabulary
    own = [passage for passage in passages if passage.kind not in ("quoted", "attached", "forwarded")]
    told = [passage for passage in own if passage.kind in ("new", "signature")]
    numbers = organisation_numbers(told, vocabulary)
    invoices = invoice_numbers(own, vocabulary, about=False)
    company = company_in(told, numbers, vocabulary, role, _sender(message), own=False)
    found = Fields(
        org_no=tuple(n.value for n in numbers),
        company=company.name if company else None,
        invoice_no=tuple(n.value for n in invoices),
    )
    evidence = [*_spans("org_no", numbers), *_spans("invoice_no", invoices)]
    evidence += [("company", company.evidence)] if company else []
    return Found(found, tuple(evidence), ())


def _sender(message: Message) -> Sender:
    return Sender.of(message.from_[0].name, message.from_[0].domain) if message.from_ else Sender.of("", "")


def _today(message: Message) -> date:
    """The day the mail was written, by its sender's clock; arrival when that is missing or absurd."""
    moment: datetime | None = message.date or message.arrival
    if moment is None:
        return EARLIEST
    return moment.astimezone(OSLO).date()


def _own_numbers(numbers: list[Number], role: Role, rulebook: Rulebook, requests: tuple[str, ...]) -> list[Number]:
    """Without the accountant's own number, and without those of a third party that is only asked about."""
    phrases = rulebook.vocabulary.phrases
    if "elma_question" in requests or "other" in requests:
        other = phrases["names.other_party"]
        numbers = [n for n in numbers if not other.search(n.passage.sentence_at(n.start).text)]
    if role != "accountant":
        return numbers
    firm = phrases["names.accountant_firm"]
    clients = [n for n in numbers if not firm.search(phrases["names.accountant"].sub("", _around(n)))]
    clients = [n for n in clients if n.passage.kind != "signature"] or clients
    return clients if clients or not set(requests) & set(OWN_MATTERS) else numbers


def _around(number: Number) -> str:
    """The number's line and the lines right before it, where a firm writes its name."""
    start = number.passage.text.rfind("\n", 0, number.start) + 1
    above = number.passage.text.rfind("\n", 0, max(0, start - 1)) + 1
    line = number.passage.text[start : number.start].strip().lower()
    first = above if line.startswith("org") or not line else max(start, number.start - 45)
    return number.passage.folded[first : number.start]


def _spans(name: str, numbers: list[Number]) -> list[tuple[str, Evidence]]:
    return [(name, number.passage.evidence(number.start, number.end, name)) for number in numbers]
