"""One-time codes against the vectors of their RFCs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.store.totp import (
    address_of,
    code_at,
    matching_step,
    new_nonce,
    new_recovery_codes,
    plain_recovery_code,
    secret_of,
    step_of,
)

SECRET = b"12345678901234567890"
LONGER = {"sha1": SECRET, "sha256": SECRET + SECRET[:12], "sha512": SECRET * 3 + SECRET[:4]}
NOW = datetime(2026, 11, 26, 18, 0, 10, tzinfo=UTC)

# RFC 4226 appendix D.
HOTP = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
# RFC 6238 appendix B, as corrected by erratum 2866: seconds, then the codes by SHA-1, SHA-256 and SHA-512.
TOTP = [
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
]


@pytest.mark.parametrize("counter", range(10))
def test_the_vectors_of_RFC_4226(counter: int) -> None:
    assert code_at(SECRET, counter) == HOTP[counter]


@pytest.mark.parametrize(("seconds", "sha1", "sha256", "sha512"), TOTP)
def test_the_vectors_of_RFC_6238(seconds: int, sha1: str, sha256: str, sha512: str) -> None:
    step = step_of(datetime.fromtimestamp(seconds, UTC))
    for algorithm, code in (("sha1", sha1), ("sha256", sha256), ("sha512", sha512)):
        assert code_at(LONGER[algorithm], step, 8, algorithm) == code


def test_a_code_is_taken_half_a_minute_early_or_late_and_not_later() -> None:
    here = step_of(NOW)
    taken = [off for off in range(-3, 4) if matching_step(SECRET, code_at(SECRET, here + off), NOW, 0)]
    assert taken == [-1, 0, 1]


def test_a_step_is_taken_once_and_none_before_it() -> None:
    here = step_of(NOW)
    codes = {off: code_at(SECRET, here + off) for off in (-1, 0, 1)}
    assert matching_step(SECRET, codes[0], NOW, here - 1) == here
    assert matching_step(SECRET, codes[0], NOW, here) == 0
    assert matching_step(SECRET, codes[-1], NOW, here) == 0
    assert matching_step(SECRET, codes[1], NOW + timedelta(seconds=30), here) == here + 1


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=12))
def test_whatever_is_typed_is_no_code_unless_it_is_one(said: str) -> None:
    right = {code_at(SECRET, step_of(NOW) + off) for off in (-1, 0, 1)}
    assert bool(matching_step(SECRET, said, NOW, 0)) == ("".join(said.split()) in right)


def test_a_secret_needs_the_key_and_the_nonce() -> None:
    nonce = new_nonce()
    assert secret_of(b"key", nonce) == secret_of(b"key", nonce)
    assert len({secret_of(b"key", nonce), secret_of(b"other", nonce), secret_of(b"key", new_nonce())}) == 3
    assert len(secret_of(b"key", nonce)) == 20


def test_the_address_that_apps_read_has_name_and_issuer_in_plain_form() -> None:
    assert address_of(SECRET, "processor Kundesenteret", "Åse Ø/B") == (
        "otpauth://totp/processor%20Kundesenteret:%C3%85se%20%C3%98%2FB?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=processor%20Kundesenteret"
    )


def test_recovery_codes_are_ten_different_ones_read_however_they_are_typed() -> None:
    codes = new_recovery_codes()
    assert len(set(codes)) == 10
    assert plain_recovery_code(f" {codes[0].upper().replace('-', ' ')} ") == plain_recovery_code(codes[0])
