"""Laws of sealing: what was sealed opens, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.ciphers import (
    HEAD_BYTES,
    SEALED_HEAD_BYTES,
    DamagedError,
    DataKey,
    Keyring,
    KeyUnknownError,
    open_token,
    seal_token,
)

FIRST, SECOND = "first key " * 4, "second key " * 4
RING = Keyring(FIRST, [SECOND])
# Sizes around the seam between the head and the rest, without making megabytes of examples.
MAILS = st.builds(
    lambda around, size: (around * (size // max(len(around), 1) + 1))[:size],
    st.binary(min_size=1, max_size=50),
    st.sampled_from([0, 1, 300, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 1, HEAD_BYTES + 700]),
)
few = settings(max_examples=40, deadline=None)


@few
@given(MAILS, st.integers(0, 2**32 - 1), st.text(max_size=80))
def test_what_was_sealed_opens_again_whole_and_by_its_head(mail: bytes, number: int, bound: str) -> None:
    key = RING.fresh()
    sealed = key.seal(mail, number)
    again = RING.unwrap(RING.current, RING.wrap(key, bound), bound)
    assert again.open(sealed, number) == mail
    assert again.open_head(sealed[:SEALED_HEAD_BYTES], number) == mail[:HEAD_BYTES]
    assert sealed != key.seal(mail, number)
    assert len(mail) < 20 or mail not in sealed


@few
@given(MAILS, st.data())
def test_no_changed_bit_opens(mail: bytes, data: st.DataObject) -> None:
    key = RING.fresh()
    sealed = bytearray(key.seal(mail))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(DamagedError):
        key.open(bytes(sealed))


@few
@given(MAILS, st.data())
def test_nothing_that_was_cut_or_lengthened_opens(mail: bytes, data: st.DataObject) -> None:
    key = RING.fresh()
    sealed = key.seal(mail)
    with pytest.raises(DamagedError):
        key.open(sealed[: data.draw(st.integers(0, len(sealed) - 1))])
    with pytest.raises(DamagedError):
        key.open(sealed + b"x")


@few
@given(MAILS, st.binary(max_size=200))
def test_nothing_opens_that_was_never_sealed_or_under_another_key(mail: bytes, other: bytes) -> None:
    sealed = RING.fresh().seal(mail)
    for each in (sealed, other, sealed[:8] + other):
        with pytest.raises(DamagedError):
            DataKey(bytes(32)).open(each)
        with pytest.raises(DamagedError):
            DataKey(bytes(32)).open_head(each)


def test_a_mails_pieces_are_not_swapped() -> None:
    key = RING.fresh()
    one, two = key.seal(b"a" * 70_000, 1), key.seal(b"b" * 70_000, 2)
    with pytest.raises(DamagedError):
        key.open(one, 2)
    with pytest.raises(DamagedError):
        key.open(one[:SEALED_HEAD_BYTES] + two[SEALED_HEAD_BYTES:], 1)


@few
@given(st.text(max_size=80), st.text(max_size=80))
def test_a_key_opens_for_the_row_that_it_was_wrapped_for_alone(bound: str, other: str) -> None:
    wrapped = RING.wrap(RING.fresh(), bound)
    if bound != other:
        with pytest.raises(DamagedError):
            RING.unwrap(RING.current, wrapped, other)
    with pytest.raises(DamagedError):
        RING.unwrap(RING.current, "no base 64", bound)


def test_an_older_key_opens_and_one_that_is_not_named_says_so() -> None:
    old = Keyring(SECOND)
    key = old.fresh()
    wrapped = old.wrap(key, "mail 1")
    assert RING.unwrap(old.current, wrapped, "mail 1").key == key.key
    assert RING.names == {RING.current, old.current}
    with pytest.raises(KeyUnknownError, match=f"under the key {old.current}, which"):
        Keyring(FIRST).unwrap(old.current, wrapped, "mail 1")


def test_a_key_for_reading_alone_seals_nothing() -> None:
    ring = Keyring(None, [FIRST])
    assert (ring.current, set(ring.names)) == ("", {RING.current})


def test_a_short_key_is_refused_without_being_shown() -> None:
    with pytest.raises(ValueError, match="the key is 8 signs long and must have 32 at least") as said:
        Keyring("hemmelig")
    assert "hemmelig" not in str(said.value)


def test_tokens_open_with_their_own_secret_alone() -> None:
    sealed = seal_token("a", b"tokens")
    assert open_token("a", sealed) == b"tokens"
    with pytest.raises(ValueError, match="no tokens sealed with this key"):
        open_token("b", sealed)
