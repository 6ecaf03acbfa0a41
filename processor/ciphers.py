"""Ciphers: mails under an operator's key, logins' tokens, and when a certificate ends.  The one importer of cryptography.

A mail is sealed under a random key of its own (AES-256-GCM), and that key is wrapped under the operator's and bound to
the mail's digest: another mail's bytes do not open in its place, and changing the operator's key wraps a few bytes anew
instead of every mail.  Its first 64 KiB are sealed apart, so that a list reads headers without reading mails.

cryptography takes megabytes, so it is imported where something is sealed or opened.
"""

from __future__ import annotations

import base64
import hashlib
import os
import struct
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MARK = b"\x00sealed\x01"
"""What sealed bytes begin with; a stranger's mail may too, so it proves nothing by itself."""
HEAD_BYTES = 65_536
NONCE_BYTES, TAG_BYTES, KEY_BYTES = 12, 16, 32
START_BYTES = len(MARK) + 8
SEALED_HEAD_BYTES = START_BYTES + NONCE_BYTES + HEAD_BYTES + TAG_BYTES
"""So many of the sealed bytes are enough for ``DataKey.open_head``."""
SHORTEST_SECRET = 32


class NotOpenedError(Exception):
    """Sealed bytes cannot be read; the text says why, as the end of a sentence about them."""


class KeyUnknownError(NotOpenedError):
    """They are sealed under a key that this process was not given."""


class DamagedError(NotOpenedError):
    """They are not what was sealed, or another row's."""


class DataKey:
    """The key of one mail, or of one file that leaves; ``number`` tells the pieces of a mail apart."""

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self.key = key
        self._cipher = AESGCM(key)

    def seal(self, clear: bytes, number: int = 0) -> bytes:
        """The bytes encrypted, each time under a fresh nonce."""
        size = len(clear)
        whole = memoryview(clear)
        parts = [MARK, struct.pack(">Q", size), self._shut(b"head", number, size, whole[:HEAD_BYTES])]
        if size > HEAD_BYTES:
            parts.append(self._shut(b"rest", number, size, whole[HEAD_BYTES:]))
        return b"".join(parts)

    def open(self, sealed: bytes, number: int = 0) -> bytes:
        """What was sealed; DamagedError for anything else."""
        size, head_end = _measured(sealed)
        whole = memoryview(sealed)
        head = self._opened(b"head", number, size, whole[START_BYTES:head_end])
        if size <= HEAD_BYTES:
            if len(sealed) != head_end:
                raise _damaged()
            return head
        return head + self._opened(b"rest", number, size, whole[head_end:])

    def open_head(self, start: bytes, number: int = 0) -> bytes:
        """The first HEAD_BYTES of what was sealed, from its first SEALED_HEAD_BYTES; DamagedError as ``open``."""
        size, head_end = _measured(start)
        return self._opened(b"head", number, size, memoryview(start)[START_BYTES:head_end])

    def _shut(self, part: bytes, number: int, size: int, clear: memoryview) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, clear, _about(part, number, size))

    def _opened(self, part: bytes, number: int, size: int, box: memoryview) -> bytes:
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], _about(part, number, size))
        except (InvalidTag, ValueError):
            raise _damaged() from None


class Keyring:
    """The operator's keys, each from a secret text: the first one seals, all of them open."""

    def __init__(self, seals: str | None, opens: Sequence[str] = ()) -> None:
        keys = [_stretched(secret) for secret in ([] if seals is None else [seals]) + list(opens)]
        self._keys = {key_name(key): key for key in keys}
        self.current = key_name(keys[0]) if seals is not None else ""
        """The name of the key that seals, ``""`` for none: then what comes in is kept in clear."""

    @property
    def names(self) -> frozenset[str]:
        """The names of the keys that open."""
        return frozenset(self._keys)

    def fresh(self) -> DataKey:
        """A key for one mail or file, to be kept wrapped."""
        return DataKey(os.urandom(KEY_BYTES))

    def wrap(self, key: DataKey, bound: str) -> str:
        """The key under ``current``, for the row that ``bound`` names, as text."""
        nonce = os.urandom(NONCE_BYTES)
        shut = self._cipher(self.current).encrypt(nonce, key.key, b"key\0" + bound.encode())
        return base64.b64encode(nonce + shut).decode()

    def unwrap(self, name: str, wrapped: str, bound: str) -> DataKey:
        """What was wrapped under the key of this name; KeyUnknownError, or DamagedError for another row's."""
        from cryptography.exceptions import InvalidTag

        try:
            box = base64.b64decode(wrapped, validate=True)
            return DataKey(self._cipher(name).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], b"key\0" + bound.encode()))
        except (InvalidTag, ValueError):
            raise _damaged() from None

    def _cipher(self, name: str) -> AESGCM:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if name not in self._keys:
            raise key_unknown(name)
        return AESGCM(self._keys[name])


def key_name(key: bytes) -> str:
    """By what a key is known where it is used; tells nothing of it."""
    return hashlib.sha256(b"processor mails key name\0" + key).hexdigest()[:16]


def key_unknown(name: str) -> KeyUnknownError:
    """That bytes are sealed under a key of this name, which is not there."""
    return KeyUnknownError(f"encrypted under the key {name}, which [store] does not name")


def seal_token(secret: str, clear: bytes) -> bytes:
    """A login's tokens, encrypted and authenticated (Fernet) under a secret text."""
    from cryptography.fernet import Fernet

    return Fernet(_token_key(secret)).encrypt(clear)


def open_token(secret: str, sealed: bytes) -> bytes:
    """What ``seal_token`` made; ValueError for anything else or another secret."""
    from cryptography.fernet import Fernet, InvalidToken

    try:
        return Fernet(_token_key(secret)).decrypt(sealed)
    except InvalidToken:
        raise ValueError("no tokens sealed with this key") from None


def certificate_end(pem: bytes) -> datetime:
    """When a certificate runs out (aware UTC); ValueError where the bytes hold none."""
    from cryptography.x509 import load_pem_x509_certificate

    return load_pem_x509_certificate(pem).not_valid_after_utc


def _stretched(secret: str) -> bytes:
    # The key is a random text, never a word that somebody chose: one round is enough.
    if len(secret) < SHORTEST_SECRET:
        raise ValueError(f"the key is {len(secret)} signs long and must have {SHORTEST_SECRET} at least")
    return hashlib.sha256(b"processor mails\0" + secret.encode()).digest()


def _token_key(secret: str) -> bytes:
    # Likewise.
    return base64.urlsafe_b64encode(hashlib.sha256(b"processor tokens\0" + secret.encode()).digest())


def _about(part: bytes, number: int, size: int) -> bytes:
    """What a piece is, so that none is cut, swapped or taken for another."""
    return part + struct.pack(">IQ", number, size)


def _measured(sealed: bytes) -> tuple[int, int]:
    """How many bytes were sealed, and where the box of the first ends."""
    if len(sealed) < START_BYTES + NONCE_BYTES + TAG_BYTES or not sealed.startswith(MARK):
        raise _damaged()
    (size,) = struct.unpack_from(">Q", sealed, len(MARK))
    return size, START_BYTES + NONCE_BYTES + min(size, HEAD_BYTES) + TAG_BYTES


def _damaged() -> DamagedError:
    return DamagedError("not what was encrypted: changed since, or another mail's")
