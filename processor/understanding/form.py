"""The OTP rights form: attached as DOCX, PDF or a mail, or pasted into the body.

The real form's fields are unknown (domain.md Q17): what stands under a label is taken as it is, nothing
is demanded, and staff decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from processor.findings import Form
from processor.masking import masked
from processor.message import Attachment, Message
from processor.understanding.docx_form import docx_rows
from processor.understanding.pdf_form import pdf_rows

MOST_ATTACHMENTS = 10
MOST_VALUE = 300
_DOMAIN = re.compile(r"(?<![\w@.-])(?:[a-z0-9æøåäö](?:[a-z0-9æøåäö-]{0,61})\.){1,3}[a-z]{2,12}(?![\w@-])")
_LABELS = (
    ("domains", re.compile(r"(?:e-?post-?)?(?:dom[eäæ]n\w{0,3}|domains?)(?:\(r\)|\(s\))?")),
    ("email", re.compile(r"(?:e-?post|e-?mail|mail|visma connect)\b")),
    ("org_no", re.compile(r"(?:org\.?|organisa|organiz|foretaksn)")),
    (
        "company",
        re.compile(
            r"(?:firma|virksomhe|verksemd|selskap|company|bedrift|kunde(?:navn)?$|företag|bolag|customer(?: name)?$)"
        ),
    ),
    ("phone", re.compile(r"(?:tlf|telefon|phone|mobil|tel\b)")),
    ("date", re.compile(r"(?:dato|date|datum)\b")),
    ("administrator", re.compile(r"(?:administrator|administratör|admin|brukar|bruker|navn|namn|name)")),
)
_LINE = re.compile(r"^[ \t>*•-]{0,4}(?P<label>[^\n:]{2,40}?)[ \t]{0,3}:[ \t]{0,6}(?P<value>[^\n]{0,300})$", re.M)
_TITLE = re.compile(r"(?:engang\w{0,10}|eingong\w{0,10}|engong\w{0,10}|engång\w{0,10}|one-?time|otp)", re.I)
_NUMBER_BEHIND = re.compile(r",?\s*\(?(?:org\D{0,12}|,\s*)(\d[\d .]{7,12}\d)", re.I)
Rows = list[tuple[str, str]]


def form_of(message: Message) -> Form | None:
    """The first form found: attached files first, then attached mails, then the body; never raises."""
    for attachment in message.attachments[:MOST_ATTACHMENTS]:
        if form := _filled(_attached_rows(attachment), f"attachment {attachment.filename or attachment.true_type}"):
            return form
    for attached in message.attached[:3]:
        if form := form_of(attached):
            return form
        if form := _filled(lines(attached.text[:20_000]), "attached mail"):
            return form
    text = message.words("new", "forwarded", "signature")[:20_000]
    return _filled(lines(text), "body") if _TITLE.search(text) or _TITLE.search(message.subject) else None


def _attached_rows(attachment: Attachment) -> Rows:
    kind = f"{attachment.true_type} {attachment.declared_type}"
    if attachment.content[:4] == b"PK\x03\x04" or "wordprocessing" in kind:
        return docx_rows(attachment.content)
    if b"%PDF-" in attachment.content[:1024]:
        fields, text = pdf_rows(attachment.content)
        return fields or lines(text) or pairs(text)
    return []


def lines(text: str) -> Rows:
    """The ``label: value`` lines of a text; a label alone takes the next line."""
    rows = []
    for match in _LINE.finditer(text):
        value = match["value"].strip()
        if not value and _key(match["label"]):
            following = text[match.end() :].lstrip("\n").split("\n", 1)[0].strip()
            value = "" if ":" in following else following
        rows.append((match["label"].strip(), value))
    return rows


def pairs(text: str) -> Rows:
    """Lines that begin with a label and go on with its value, as flat PDFs give them."""
    rows = []
    for line in text.splitlines()[:200]:
        for _, label in _LABELS:
            match = label.match(line.lower())
            if match:
                rest = re.sub(r"^(?:\w{0,12}\([^)]{0,10}\)|\S{0,12})\s*", "", line[match.end() :], count=1)
                rows.append((line[: len(line) - len(rest)], rest.strip()))
                break
    return rows


def _key(label: str) -> str:
    folded = label.lower().strip(" .*:\t")
    return next((key for key, pattern in _LABELS if pattern.match(folded)), "")


def _filled(rows: Iterable[tuple[str, str]], source: str) -> Form | None:
    """A Form if the rows look like one: a domain or a title's worth of labels; else None."""
    values: dict[str, str] = {}
    for label, value in rows:
        key = _key(label)
        if key and not values.get(key):
            values[key] = masked(" ".join(value.split()))[:MOST_VALUE]
    if len(values) < 3 or "domains" not in values or not any(values.values()):
        return None
    domains = tuple(dict.fromkeys(_DOMAIN.findall(values.get("domains", "").lower())))
    company, org_no = _company_and_number(values.get("company", ""), values.get("org_no", ""))
    texts = {key: values.get(key, "") for key in ("administrator", "email", "phone", "date")}
    return Form(source, **texts, company=company, org_no=org_no, domains=domains)


def _company_and_number(company: str, number: str) -> tuple[str, str]:
    """Some write the number behind the name; digits only for the number."""
    if not number and (match := _NUMBER_BEHIND.search(company)):
        return company[: match.start()].strip(" ,("), re.sub(r"\D", "", match[1])
    digits = re.sub(r"\D", "", number)
    return company, digits if len(digits) == 9 else number
