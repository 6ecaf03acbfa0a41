"""Correcting what was understood, in place: the mail is decided anew at once, and the page shows what that changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Literal

from starlette.responses import Response

from processor.deciding.corrected import Correction
from processor.desk.answering import go
from processor.desk.asking import Asked, Desk, Refusal
from processor.desk.language import N_
from processor.desk.proposals import day_of
from processor.desk.queue_pages import view_of
from processor.desk.ticket_pages import Kept, show
from processor.findings import Fields
from processor.lookup import valid_org_no
from processor.rulebook import Rulebook
from processor.steps.letters import CannotError
from processor.steps.redeciding import correct
from processor.store.redecidable import CHANGED, CannotCorrectError
from processor.store.standing import ticket_of_mail

NOT_CORRECTED = N_("Not corrected:")
NO_TYPE = N_("name at least one type that the rules know")
NO_ORG_NO = N_("this is no organisation number, since its last digit does not fit the others")
NO_CUSTOMER_NO = N_("a customer number has digits alone")
NO_PRODUCT = N_("this is no product that the rules know; choose one of the list")
NO_DOMAIN = N_("this is no domain, such as firma.no")
NO_EMAIL = N_("this is no e-mail address")
TOO_OLD = N_("the page is older than the program: open the ticket anew")
_DOMAIN = r"[^\W_](?:[^\W_]|-)*(?:\.[^\W_](?:[^\W_]|-)*)+"
SOON = {"asap", "snarest", "så snart som mulig", "as soon as possible"}
MOST = 20


def correct_mail(desk: Desk, asked: Asked) -> Response:
    """Decide the mail anew by what stands in the form."""
    mail = asked.number("mail")
    number = ticket_of_mail(desk.engine, mail)
    if not number:
        raise Refusal(404, "There is no such mail.")
    rulebook = desk.rules.rulebook()
    try:
        said = said_of(asked.form, rulebook)
        seen = asked.form.get("stamp", "")
        done = correct(desk.engine, desk.config, rulebook, mail, said, seen, asked.person, desk.clock())
    except CannotError as cannot:
        return _again(desk, asked, number, mail, str(cannot), 422)
    except CannotCorrectError as cannot:
        status = 409 if str(cannot) == CHANGED else 422
        return _again(desk, asked, number, mail, str(cannot), status, cannot)
    desk.changed()
    kept = {"action": asked.form.get("action", ""), "mail": str(done.mail_id)}
    return go(f"/ticket/{number}", view=view_of(asked), did=f"{number}.corrected", **kept)


def _again(
    desk: Desk, asked: Asked, number: str, mail: int, why: str, status: int, cannot: CannotCorrectError | None = None
) -> Response:
    """The ticket once more, with all that was typed, and who was first."""
    by = cannot.by if cannot else ""
    kept = Kept(
        fields=asked.form, refused=NOT_CORRECTED, detail=why, mail=mail, by=by, at=cannot.at if cannot else None
    )
    return show(desk, asked, number, kept, status)


def said_of(form: Mapping[str, str], known: Rulebook | None) -> Correction:
    """What the form says; CannotError, in words, for what cannot be meant."""
    types = tuple(dict.fromkeys(form[name] for name in sorted(form) if re.fullmatch(r"type[0-9]", name) and form[name]))
    if not types or (known and not set(types) <= known.types.keys()):
        raise CannotError(NO_TYPE)
    if not {"domains", "emails"} <= form.keys():
        raise CannotError(TOO_OLD)
    fields = Fields(
        org_no=tuple(_org_nos(form.get("org_no", ""))),
        customer_no=tuple(_customer_nos(form.get("customer_no", ""))),
        company=" ".join(form.get("company", "").split())[:200] or None,
        products=tuple(_products(form.get("products", ""), known)),
        effective_date=_day(form.get("effective_date", "")),
        domains=tuple(_domains(form["domains"])),
        emails=tuple(_emails(form["emails"])),
    )
    return Correction(types, _by_contract(fields, form.get("contract", "")))


def _parts(text: str) -> Iterator[str]:
    return filter(None, dict.fromkeys(" ".join(each.split()) for each in text[:2000].split(",")[:MOST]))


def _org_nos(text: str) -> Iterator[str]:
    for each in _parts(text):
        digits = re.sub(r"[\s.]|^NO|MVA$", "", each.upper())
        if not valid_org_no(digits):
            raise CannotError(NO_ORG_NO)
        yield digits


def _customer_nos(text: str) -> Iterator[str]:
    for each in _parts(text):
        digits = each.replace(" ", "")
        if not re.fullmatch(r"[0-9]{1,15}", digits):
            raise CannotError(NO_CUSTOMER_NO)
        yield digits


def _products(text: str, rulebook: Rulebook | None) -> Iterator[str]:
    by_name = {each.name.casefold(): each.name for each in rulebook.products} if rulebook else {}
    for each in _parts(text):
        if by_name and each.casefold() not in by_name:
            raise CannotError(NO_PRODUCT)
        yield by_name.get(each.casefold(), each)


def _domains(text: str) -> Iterator[str]:
    """Rights are asked for these: the gate looks at them anew, whoever wrote them."""
    for each in _parts(text.lower()):
        domain = each.removeprefix("@").removeprefix("www.")
        if not re.fullmatch(_DOMAIN, domain) or len(domain) > 253:
            raise CannotError(NO_DOMAIN)
        yield domain


def _emails(text: str) -> Iterator[str]:
    for each in _parts(text.lower()):
        local, _, domain = each.rpartition("@")
        if not re.fullmatch(r"[^\s@<>\"(),:;\\]{1,64}", local) or not re.fullmatch(_DOMAIN, domain):
            raise CannotError(NO_EMAIL)
        yield each


def _day(text: str) -> date | Literal["asap"] | None:
    return "asap" if text.strip().casefold() in SOON else day_of(text)


def _by_contract(fields: Fields, chosen: str) -> Fields:
    """The fields of the contract that was chosen ("100042|314159265|Visma Global"): it names customer and product."""
    parts = chosen.split("|")
    if len(parts) != 3:
        return fields
    customer_no, org_no, product = parts
    org_nos = (org_no,) if valid_org_no(org_no) else fields.org_no
    return replace(fields, customer_no=(customer_no,), org_no=org_nos, products=(product,))
