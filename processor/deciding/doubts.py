"""Doubts that a person must see, found by comparing what the mail says with itself and its sender."""

from __future__ import annotations

import re
from datetime import date, timedelta

from processor.deciding.calendar import OSLO
from processor.deciding.domains import aligned, domain_of, organisational
from processor.deciding.lookalike import posing
from processor.deciding.quantity import asked
from processor.findings import Form, Understanding
from processor.lookup import valid_org_no
from processor.message import Message
from processor.rulebook import Rulebook
from processor.ticket import Context

UNREAD = {
    "attachment_unsafe": "An attachment could not be opened safely: it asked for too much memory or time, or broke"
    " the program that opened it. Treat it as hostile",
    "attachment_skipped": "Not every attachment was opened, since the mail has many, or hostile ones",
    "attachment_unread": "No attachment could be opened, since no confined process could be started",
    "attachment_broken": "An attachment is damaged and could not be read",
    "attachment_locked": "An attachment is locked with a password and could not be read",
    "attachment_unknown": "An attachment is of a kind that is not opened (old Word, OpenDocument, RTF or an archive)",
    "attachment_scanned": "An attachment is scanned, not read",
    "attachment_scanned_no_form": "An attachment is scanned; reading it by OCR found no form in it",
}
HELD = UNREAD | {
    "attachment_infected": "The virus scanner found something in the mail: its files are not given out",
    "attachment_not_scanned": "The virus scanner did not look at the mail's files",
    "many_domains": "Rights are asked for an unusual number of domains",
    "form_old": "The form is more than a month old",
    "form_differs": "The form and the mail name different organisations",
    "form_domains_differ": "The mail names a domain that the form does not",
    "form_no_date": "The form's date is not filled in",
    "form_unsigned": "Nobody has signed the form",
    "form_copied": "The same filled-in form has come before, in another ticket",
    "form_by_ocr": "The form is scanned and was read by OCR: compare it with the attachment",
    "form_rotated": "The form's pages are rotated: compare it with the attachment",
}
"""Doubts under which nothing is answered but the neutral receipt (threats T22, T24, T28, T54, T60), in a sentence."""
SCANNED = {"infected": "attachment_infected", "not_scanned": "attachment_not_scanned"}
MOST_DOMAINS = 10
OLD = timedelta(days=31)
DAY_FIRST = re.compile(r"([0-9]{1,2})[./-] ?([0-9]{1,2})[./-] ?((?:20)?[0-9]{2})")
ORG_NO = re.compile(r"(?<!\d)\d{3}[ .\xa0]?\d{3}[ .\xa0]?\d{3}(?!\d)")
MOST_TEXT = 100_000
ISO = re.compile(r"(20[0-9]{2})-([0-9]{2})-([0-9]{2})")


def doubts(message: Message, understanding: Understanding, context: Context, rulebook: Rulebook) -> tuple[str, ...]:
    """Understanding's flags and ours, each once.

    Ours: ``public_domain`` (rights asked for gmail.com or a public suffix), ``foreign_domain`` (for
    another than the sender's), ``many_domains``, ``admin_elsewhere``, ``form_differs``,
    ``form_domains_differ``, ``form_old``, ``form_undated``; ``quantity_mismatch`` and ``amount_mismatch`` (an invoice's numbers do not fit together).
    """
    found = [*understanding.flags, *posing(message, context.lookalikes)]
    if any(request.type == "otp_rights" for request in understanding.requests):
        found += _about_domains(message, understanding, rulebook)
        if understanding.form:
            found += _about_form(understanding.form, message, context)
            if context.form_seen_in:
                found.append("form_copied")
            if _named_beside(understanding.form, understanding):
                found.append("form_domains_differ")
    if context.scan.state in SCANNED:
        found.append(SCANNED[context.scan.state])
    if mismatch := asked(message, understanding).mismatch:
        found.append(mismatch)
    return tuple(dict.fromkeys(found))


def _about_domains(message: Message, understanding: Understanding, rulebook: Rulebook) -> list[str]:
    domains = understanding.fields.domains
    own = message.sender.domain if message.sender else ""
    public = [each for each in domains if each in rulebook.public_domains or not organisational(each)]
    found = ["public_domain"] if public else []
    if any(each not in public and not aligned(each, own) for each in domains):
        found.append("foreign_domain")
    if len(domains) > MOST_DOMAINS:
        found.append("many_domains")
    emails = map(domain_of, understanding.fields.emails)
    if domains and any(not any(aligned(email, each) for each in domains) for email in emails):
        found.append("admin_elsewhere")
    return found


def _about_form(form: Form, message: Message, context: Context) -> list[str]:
    found = []
    number = re.sub(r"\D", "", form.org_no)
    # What was understood is the form's number alone: the mail's own words are asked, without the signature, where a
    # writer's own firm stands.
    if number and _org_nos(message.words("new")) - {number}:
        found.append("form_differs")
    if not form.date:
        found.append("form_undated")
    signed = _date(form.date)
    if signed and context.arrival.astimezone(OSLO).date() - signed > OLD:
        found.append("form_old")
    return found


def _named_beside(form: Form, understanding: Understanding) -> set[str]:
    """Domains that the mail's own words ask rights for and the attached form does not."""
    if form.source == "body" or not form.domains:
        return set()
    written = {
        found.text.lower().removeprefix("www.")
        for name, found in understanding.field_evidence
        if name == "domains" and found.where in ("subject", "body")
    }
    return written - {domain.removeprefix("www.") for domain in form.domains}


def _org_nos(text: str) -> set[str]:
    found = (re.sub(r"\D", "", each) for each in ORG_NO.findall(text[:MOST_TEXT]))
    return {each for each in found if each[0] in "89" and valid_org_no(each)}


def _date(text: str) -> date | None:
    try:
        if iso := ISO.search(text):
            return date(int(iso[1]), int(iso[2]), int(iso[3]))
        if plain := DAY_FIRST.search(text):
            return date(2000 + int(plain[3]) % 100, int(plain[2]), int(plain[1]))
    except ValueError:
        return None
    return None
