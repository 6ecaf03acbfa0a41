"""Random damage to bytes: cuts, repeats, flips, and insertions of what parsers stumble over."""

from __future__ import annotations

import random
from collections.abc import Sequence

LONGEST = 200_000
TOKENS = [
    b"\r\n", b"\n", b"\r", b"\0", b"\xff", b"\xc3\xa5", b'"', b"(", b")", b"<", b">", b";", b":", b"=", b"--q", b"--r--", b"=?utf-8?b?", b"?=",
    b"=?x?q?=ff?=", b"Content-Type: multipart/mixed; boundary=q\r\n\r\n", b"Content-Type: message/rfc822\r\n\r\n", b"charset=utf-16",
    b"charset=hex", b"Content-Transfer-Encoding: base64\r\n", b"From: x@y.no\r\n", b"Fra: x\nSendt: 10:00\n", b"-----Opprinnelig melding-----\n",
    b"> ", b"Mvh\n", b"<table><tr><td>", b"<style>", b"\xe2\x80\xae", b"\xcc\x80" * 50, b" " * 300, b"'", b"*0*=", b"%", b"@", b",", b"\xa0",
    b"1", b"9", b"31.12.", b"2026", b"org.nr ", b"{", b"}", b"[", b"]", b"[[row]]\n", b'"""', b"\\", b"/", b"..", b"1e999", b"-0", b"nan",
]  # fmt: skip


def damaged(mail: bytes, rng: random.Random, tokens: Sequence[bytes] = TOKENS) -> bytes:
    """The bytes after one to eight cuts, repeats, swaps, flips and insertions."""
    data = bytearray(mail)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(data) + 1)
        to = min(len(data), at + rng.choice([1, 2, 5, 20, 200]))
        match rng.randrange(6):
            case 0:
                del data[at:to]
            case 1:
                data[at:at] = rng.choice(tokens) * rng.choice([1, 1, 1, 3, 40])
            case 2:
                data[at:at] = data[at:to] * rng.choice([1, 2, 30])
            case 3 if at < len(data):
                data[at] = rng.randrange(256)
            case 4:
                data[at:to] = rng.choice(tokens)
            case _:
                data[at:at] = rng.randbytes(rng.choice([1, 3, 30]))
    return bytes(data[:LONGEST])
