"""Pictures as far as we look into them: their size by their first bytes, and bare samples as a file."""

from __future__ import annotations

import struct

LEAST_SIDE = 600
"""A page of A5 at 100 dots an inch is wider than this; a logo is not."""
MOST_PIXELS = 60_000_000
"""A page of A3 at 600 dots an inch has 70 million, and nobody scans a form so."""


def size_of(picture: bytes) -> tuple[int, int]:
    """Width and height in pixels of a PNG, JPEG, GIF or BMP; 0, 0 where the first bytes do not tell."""
    if picture[:8] == b"\x89PNG\r\n\x1a\n" and len(picture) >= 24:
        return struct.unpack(">II", picture[16:24])
    if picture[:4] == b"GIF8" and len(picture) >= 10:
        return struct.unpack("<HH", picture[6:10])
    if picture[:2] == b"BM" and len(picture) >= 26:
        width, height = struct.unpack("<ii", picture[18:26])
        return abs(width), abs(height)
    return _jpeg_size(picture) if picture[:2] == b"\xff\xd8" else (0, 0)


def _jpeg_size(picture: bytes) -> tuple[int, int]:
    """By the frame header, the first SOF segment (ITU-T T.81 B.2.2)."""
    at = 2
    while at + 9 <= len(picture) and picture[at] == 0xFF:
        mark = picture[at + 1]
        if 0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", picture[at + 5 : at + 9])
            return width, height
        at += 2 + int.from_bytes(picture[at + 2 : at + 4], "big")
    return 0, 0


def netpbm(samples: bytes, width: int, height: int, bits: int, colours: int) -> bytes:
    """A PDF image's bare samples as a PBM, PGM or PPM file; empty for other depths and colour spaces."""
    if width * height > MOST_PIXELS:
        return b""
    if (bits, colours) == (1, 1):
        # PDF: 0 is black; PBM: 1 is black.
        return b"P4 %d %d\n" % (width, height) + samples.translate(bytes(range(255, -1, -1)))
    kind = {(8, 1): b"P5", (8, 3): b"P6"}.get((bits, colours))
    return kind + b" %d %d 255\n" % (width, height) + samples if kind else b""
