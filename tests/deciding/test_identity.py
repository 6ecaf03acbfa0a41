"""Ticket numbers and Message-IDs: the same for a repeat, unguessable otherwise."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.deciding.identity import ALPHABET, looks_ours, new_ticket_no, reply_message_id, valid_ticket_no

KEY = b"a key of thirty-two octets or so"
letters = st.text("0123456789abcdef", min_size=64, max_size=64)


@settings(max_examples=50)
@given(letters)
def test_a_number_is_the_same_again_and_valid(letter: str) -> None:
    number = new_ticket_no(letter, KEY)
    assert number == new_ticket_no(letter, KEY)
    assert re.fullmatch(r"VS-[0-9A-Z]{4}-[0-9A-Z]{4}", number)
    assert valid_ticket_no(number)
    assert valid_ticket_no(number.lower())


@settings(max_examples=50)
@given(letters, st.integers(0, 7), st.sampled_from(ALPHABET))
def test_any_single_wrong_character_is_noticed(letter: str, place: int, sign: str) -> None:
    signs = new_ticket_no(letter, KEY).removeprefix("VS-").replace("-", "")
    wrong = signs[:place] + sign + signs[place + 1 :]
    assert valid_ticket_no(f"VS-{wrong[:4]}-{wrong[4:]}") == (wrong == signs)


@pytest.mark.parametrize("number", ["", "VS", "VS-", "VS-7K3M9QX4", "XX-7K3M-9QX4", "VS-7K3M-9Q", "VS-OOOO-OOOO"])
def test_what_has_not_our_form_is_no_number(number: str) -> None:
    assert not valid_ticket_no(number)


def test_another_key_or_letter_gives_another_number() -> None:
    numbers = {new_ticket_no(letter, key) for letter in ("a", "b") for key in (b"k", b"l")}
    assert len(numbers) == 4


def test_a_reply_keeps_its_message_id_and_others_have_another() -> None:
    one = reply_message_id(KEY, "d" * 64, "receipt", "visma.no")
    assert one == reply_message_id(KEY, "d" * 64, "receipt", "visma.no")
    assert one != reply_message_id(KEY, "d" * 64, "answer", "visma.no")
    assert looks_ours(one, frozenset(["visma.no"]))
    assert not looks_ours(one, frozenset(["fjordbygg-demo.no"]))
    assert not looks_ours("<x@visma.no>", frozenset(["visma.no"]))
