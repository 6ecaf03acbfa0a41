from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor import masking
from processor.masking import masked, masked_mail
from processor.message import Address, Defect, Message
from processor.reading.read import read
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


_PRIVATE = re.compile(
    r"(?<![\w+])(?:\d{6}[ -]?\d{5}|\d{2}[. ]\d{2}[. ]\d{2}[ -]?\d{5}|\d{4}[. ]\d{2}[. ]\d{5}"
    r"|[Nn][Oo]\d{2} ?\d{4} ?\d{4} ?\d{3}|(?:19|20)?\d{6}[-+]\d{4})(?!\w|[.,]\d)"
)
_PIECES = [
    "1",
    "2",
    "0",
    "9",
    "19",
    "20",
    "123456",
    "12345",
    "12",
    "No",
    "n",
    " ",
    ".",
    "-",
    "+",
    "a",
    "\n",
    ",",
    "٣",
    *PRIVATE,
]


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join))
@settings(max_examples=500)
def test_what_is_private_is_found_by_its_first_sign(text: str) -> None:
    assert masked(text) == _PRIVATE.sub(lambda found: re.sub(r"\d", "•", found.group()), text)


_WHOLE = read(
    b"From: a@b-demo.no\nSubject: x\nList-Id: x\nContent-Type: multipart/mixed; boundary=q\n\n--q\n\nhei\n"
    b"--q\nContent-Disposition: attachment; filename=x\n\nx\n--q--"
)
_PLACES: dict[str, Callable[[str], Message]] = {
    "subject": lambda words: replace(_WHOLE, subject=words),
    "text": lambda words: replace(_WHOLE, text=words),
    "from_": lambda words: replace(_WHOLE, from_=(Address("a", "b-demo.no", words),)),
    "sender": lambda words: replace(_WHOLE, sender=Address("a", "b-demo.no", words)),
    "reply_to": lambda words: replace(_WHOLE, reply_to=(Address("a", "b-demo.no", words),)),
    "to": lambda words: replace(_WHOLE, to=(Address("a", "b-demo.no", words),)),
    "cc": lambda words: replace(_WHOLE, cc=(Address("a", "b-demo.no", words),)),
    "attachments": lambda words: replace(_WHOLE, attachments=(replace(_WHOLE.attachments[0], filename=words),)),
    "marks": lambda words: replace(_WHOLE, marks=(("list-id", words),)),
    "defects": lambda words: replace(_WHOLE, defects=(Defect("x", words),)),
    "attached": lambda words: replace(_WHOLE, attached=(replace(_WHOLE, subject=words),)),
}


@pytest.mark.parametrize("place", _PLACES)
def test_a_private_number_is_hidden_wherever_it_stands_in_a_mail(place: str) -> None:
    assert masked_mail(_PLACES[place]("født 01019012345 i Oslo")) == _PLACES[place]("født ••••••••••• i Oslo")


def test_a_mail_without_private_numbers_is_left_as_it_is() -> None:
    assert masked_mail(_WHOLE) is _WHOLE


@given(st.text("0123456789 .-aNO", max_size=60))
def test_masking_keeps_every_place(text: str) -> None:
    hidden = masked(text)
    assert len(hidden) == len(text)
    assert all(a == b or (a == "•" and b.isdigit()) for a, b in zip(hidden, text, strict=True))


@given(
    st.lists(st.sampled_from(("1", "19", "0101", "90", "12345", "NO93", " ", ".", "-", "+", "\n", "a"))).map("".join)
)
def test_no_guard_hides_a_private_number(text: str) -> None:
    if masking._PRIVATE.search(text):
        assert masking._TEN_DIGITS.search(text)
