"""The OTP rights form: in an attached file or mail, or pasted into the body.

The real form's fields are unknown (domain.md Q17): what stands under a label is taken as it is, nothing
is demanded, and staff decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from processor.findings import Evidence, Form, Request
from processor.masking import masked
from processor.message import Attachment, Extracted, Message
from processor.understanding.form_rows import Rows, cells, columns, key_of, lines, pairs

MOST_VALUE = 300
MOST_ATTACHED = 3
MOST_TEXT = 20_000
FAULTS = {
    "too_big": "attachment_unsafe",
    "too_slow": "attachment_unsafe",
    "crashed": "attachment_unsafe",
    "skipped": "attachment_skipped",
    "unavailable": "attachment_unread",
    "broken": "attachment_broken",
    "locked": "attachment_locked",
    "scanned": "attachment_scanned",
    "unknown": "attachment_unknown",
}
"""What a fault of reading a file is called among the flags."""
EMPTY = {"date": "form_no_date", "signed_by": "form_unsigned"}
"""What a field that stands in the form and is empty is called among the flags."""
_DOMAIN = re.compile(r"(?<![\w@.-])(?:[a-z0-9æøåäö](?:[a-z0-9æøåäö-]{0,61})\.){1,3}[a-z]{2,12}(?![\w@-])")
_TITLES = ("engang", "eingong", "engong", "engång", "one-time", "onetime", "otp")
_NUMBER_BEHIND = re.compile(r",?\s*\(?(?:org\D{0,12}|,\s*)(\d[\d .]{7,12}\d)", re.I)


def form_of(message: Message) -> Form | None:
    """The first form found: attached files first, then attached mails, then the body; never raises."""
    for attachment in message.attachments:
        if attachment.extracted and (form := _in_file(attachment, attachment.extracted)):
            return form
    for attached in message.attached[:MOST_ATTACHED]:
        if form := form_of(attached):
            return form if form.source != "body" else replace(form, source="attached mail")
        if form := _filled(_in_text(attached.text[:MOST_TEXT]), "attached mail"):
            return form
    text = message.words("new", "forwarded", "signature")[:MOST_TEXT]
    told = f"{message.subject}\n{text}".lower()
    return _filled(_in_text(text), "body") if any(title in told for title in _TITLES) else None


def file_flags(message: Message, form: Form | None) -> tuple[str, ...]:
    """Doubts about attached files, each once: the form's own, and files that nobody has read."""
    found = list(form.doubts) if form else []
    for attachment in _files(message):
        said = attachment.extracted
        if said and said.fault:
            found.append(FAULTS[said.fault])
        elif said and said.ocr and not (form and form.source == _source(attachment, said)):
            found.append("attachment_scanned_no_form")
    return tuple(dict.fromkeys(found))


def resting_on(form: Form, request: Request) -> Request:
    """The request with the form as its evidence, since the form alone may be all that asks for it."""
    evidence = Evidence(", ".join(form.domains), "form", 0, 0, f"form: {form.source}")
    return replace(request, evidence=(*request.evidence, evidence))


def form_evidence(form: Form | None) -> tuple[tuple[str, Evidence], ...]:
    """Each filled field of the form as evidence; its rule names the file and how it was read."""
    if form is None:
        return ()
    values = {
        "org_no": form.org_no,
        "customer_no": form.customer_no,
        "company": form.company,
        "domains": ", ".join(form.domains),
        "emails": form.email,
        "phone": form.phone,
    }
    rule = f"form: {form.source}"
    return tuple((name, Evidence(value, "form", 0, 0, rule)) for name, value in values.items() if value)


def _files(message: Message) -> Iterator[Attachment]:
    yield from message.attachments
    for attached in message.attached[:MOST_ATTACHED]:
        yield from attached.attachments


def _source(attachment: Attachment, found: Extracted) -> str:
    return f"attachment {attachment.filename or attachment.true_type}{', read by OCR' if found.ocr else ''}"


def _in_file(attachment: Attachment, found: Extracted) -> Form | None:
    table, source = cells(found.rows), _source(attachment, found)
    labelled = {key_of(label) for label, _ in table} - {""}
    # A table that is filled in says all that it has a label for: its empty cells are not looked for elsewhere.
    known = labelled if any(value and key_of(label) for label, value in table) else set()
    text = [row for row in _in_text(found.text) if key_of(row[0]) not in known]
    form = _filled([*table, *text], source)
    # Without cells a flat text's line is label and value in one; with them it would be an empty form's hints.
    if form is None and not labelled:
        form = _filled(pairs(found.text), source)
    if form is None:
        return None
    doubts = (*(("form_by_ocr",) if found.ocr else ()), *(("form_rotated",) if found.rotated else ()))
    return replace(form, doubts=(*form.doubts, *doubts))


def _in_text(text: str) -> Rows:
    return [*columns(text), *lines(text)]


def _filled(rows: Iterable[tuple[str, str]], source: str) -> Form | None:
    """A Form if the rows look like one: a domain or a title's worth of labels; else None."""
    values: dict[str, str] = {}
    for label, value in rows:
        key = key_of(label)
        if key and not values.get(key):
            values[key] = masked(" ".join(value.split()))[:MOST_VALUE]
    if len(values) < 3 or "domains" not in values or not any(values.values()):
        return None
    domains = tuple(dict.fromkeys(_DOMAIN.findall(values.get("domains", "").lower())))
    company, org_no = _company_and_number(values.get("company", ""), values.get("org_no", ""))
    return Form(
        source,
        administrator=values.get("administrator", ""),
        email=values.get("email", ""),
        company=company,
        org_no=org_no,
        domains=domains,
        phone=values.get("phone", ""),
        date=values.get("date", ""),
        customer_no=values.get("customer_no", ""),
        signed_by=values.get("signed_by", ""),
        # A form without such a field demands none (domain.md Q17); one that has it was left unfinished (threats T28).
        doubts=tuple(doubt for key, doubt in EMPTY.items() if values.get(key) == ""),
    )


def _company_and_number(company: str, number: str) -> tuple[str, str]:
    """Some write the number behind the name; digits only for the number."""
    if not number and (match := _NUMBER_BEHIND.search(company)):
        return company[: match.start()].strip(" ,("), re.sub(r"\D", "", match[1])
    digits = re.sub(r"\D", "", number)
    return company, digits if len(digits) == 9 else number
