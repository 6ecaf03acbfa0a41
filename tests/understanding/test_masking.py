from __future__ import annotations

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.masking import masked
from tests.understanding.made_mail import understood

PRIVATE = [
    "01019012345", "010190 12345", "010190-12345", "01.01.90 12345", "12345612345", "1234.56.12345", "1234 56 12345",
    "NO93 8601 1117 947", "850101-1234", "19850101-1234", "010190-1234",
]  # fmt: skip


@pytest.mark.parametrize("number", PRIVATE)
@pytest.mark.parametrize("before", ["kundenr ", "faktura ", "org.nr ", "Vi sier opp avtalen til Kari, født ", ""])
def test_a_private_number_becomes_no_field_and_stands_in_no_evidence(number: str, before: str) -> None:
    found = understood(f"Vi sier opp Visma Global. {before}{number}. Når slutter avtalen til {number}?", number)
    told = repr(asdict(found))
    assert number not in told
    assert number.replace(" ", "").replace("-", "").replace(".", "") not in told
    assert found.fields.org_no == found.fields.customer_no == found.fields.invoice_no == ()


def test_a_private_number_in_a_form_is_hidden() -> None:
    text = "Engangskode\nAdministrator: Kari Holm 01019012345\nOrg.nr: 01019012345\nDomene: fjordbygg-demo.no\nE-post: k@b-demo.no"
    found = understood(text)
    assert found.form is not None
    assert "01019012345" not in repr(found)


@pytest.mark.parametrize("number", ["328 627 035", "328627035", "+47 912 34 567", "INV12345678", "71840256", "1180457"])
def test_other_numbers_are_left(number: str) -> None:
    assert masked(f"nr {number}, ja") == f"nr {number}, ja"


@given(st.text("0123456789 .-aNO", max_size=60))
def test_masking_keeps_every_place(text: str) -> None:
    hidden = masked(text)
    assert len(hidden) == len(text)
    assert all(a == b or (a == "•" and b.isdigit()) for a, b in zip(hidden, text, strict=True))
