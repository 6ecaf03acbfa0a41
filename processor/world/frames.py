"""Frames on the pipes to and from the confined child: four bytes of length, most significant first, then the bytes."""

from __future__ import annotations

import struct
from typing import BinaryIO

HELLO = "hello"
"""Stands for a file's kind, and asks what a start does not tell: whether scans can be read."""
_LENGTH = struct.Struct(">I")


def write_frame(stream: BinaryIO, payload: bytes) -> None:
    """Write a frame and flush it."""
    stream.write(_LENGTH.pack(len(payload)))
    stream.write(payload)
    stream.flush()


def read_frame(stream: BinaryIO, most: int) -> bytes:
    """Read a frame of at most ``most`` bytes; raises EOFError at the end, also within a frame or of a longer one."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    payload = stream.read(length) if length <= most else b""
    if len(payload) != length:
        raise EOFError
    return payload
