"""The old uuencode transfer encoding, read as far as it goes (RFC 2045 section 6.3 leaves it to x-tokens)."""

from __future__ import annotations

import binascii


def uudecode(data: bytes) -> bytes:
    """The bytes between ``begin`` and ``end``; a line that cannot be decoded is left out."""
    out = []
    for line in data.splitlines():
        if line.startswith(b"begin ") or not line.strip():
            continue
        if line.strip() == b"end":
            break
        try:
            out.append(binascii.a2b_uu(line))
        except (binascii.Error, ValueError):
            continue
    return b"".join(out)
