"""A letter asks for exactly what the mail does not say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from processor.deciding.case import Case
from processor.deciding.lacking import lacking
from processor.findings import Fields
from processor.loading.rows import ASKS
from processor.message import Attachment
from processor.rulebook import Rulebook
from processor.ticket import Context, Provenance
from tests.deciding.made_cases import message, understanding

NOW = datetime(2026, 8, 18, 8, 2, tzinfo=UTC)
PAPER = Attachment("avtale.pdf", "application/pdf", "application/pdf", 9, "0" * 64)


def case(rulebook: Rulebook, fields: Fields, **changes: Any) -> Case:
    mail = replace(message(), **changes)
    return Case(mail, understanding(fields=fields), Provenance("proven", ""), Context(NOW, NOW), rulebook, frozenset())


def test_a_mail_that_says_nothing_is_asked_for_everything(rulebook: Rulebook) -> None:
    assert lacking(ASKS, case(rulebook, Fields(), subject="Hei")) == ASKS


@pytest.mark.parametrize(
    ("ask", "fields"),
    [
        ("scope", Fields(users=3)),
        ("scope", Fields(products=("Visma.net Approval",))),
        ("both_org_nos", Fields(org_no=("974760673", "991825827"))),
        ("new_org_no", Fields(org_no=("974760673", "991825827"))),
        ("licences", Fields(products=("Visma Business",))),
        ("transfer_date", Fields(effective_date=date(2026, 11, 1))),
        ("system", Fields(products=("Visma Business",))),
        ("elma_modules", Fields(products=("Visma.net AutoInvoice",))),
        ("invoice_or_period", Fields(invoice_no=("70418832",))),
        ("sent_date", Fields(sent_on=date(2026, 9, 3))),
    ],
)
def test_what_the_mail_says_is_not_asked_for(rulebook: Rulebook, ask: str, fields: Fields) -> None:
    assert lacking([ask], case(rulebook, fields, subject="Hei")) == ()


@pytest.mark.parametrize(
    ("ask", "fields"),
    [
        ("both_org_nos", Fields(org_no=("974760673",))),
        ("new_org_no", Fields(org_no=("974760673",))),
        ("system", Fields(products=("Visma.net AutoInvoice",))),
        ("elma_modules", Fields(products=("Visma Business",))),
    ],
)
def test_half_of_it_does_not_do(rulebook: Rulebook, ask: str, fields: Fields) -> None:
    assert lacking([ask], case(rulebook, fields, subject="Hei")) == (ask,)


@pytest.mark.parametrize(
    "subject", ["Faktura for januar", "Invoice for Q2", "Faktura 4. kvartal", "Kopi av fakturaen i 2025"]
)
def test_an_invoice_may_be_named_by_its_period(rulebook: Rulebook, subject: str) -> None:
    assert lacking(["invoice_or_period"], case(rulebook, Fields(), subject=subject)) == ()


def test_papers_that_are_attached_are_not_asked_for(rulebook: Rulebook) -> None:
    assert lacking(["transfer_papers"], case(rulebook, Fields(), attachments=(PAPER,))) == ()
