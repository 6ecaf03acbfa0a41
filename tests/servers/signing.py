"""Keys, signed mails and sealed mails for tests, made with dkimpy; the keys are published in a test's own zone."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from unittest.mock import patch

import dkim

from tests.servers.registers import Zone

SELECTOR = b"s1"
HEADERS = (b"from", b"subject", b"to", b"date", b"message-id")


@dataclass(frozen=True)
class Key:
    """A private key in PEM, and its public half as a key record has it."""

    private: bytes
    public: str


@cache
def key(bits: int = 2048) -> Key:
    """A key made by openssl, once for each length."""
    private = _openssl(["genrsa", "-traditional", str(bits)])
    public = _openssl(["rsa", "-pubout", "-outform", "DER"], private)
    return Key(private, base64.b64encode(public).decode())


def _openssl(words: Sequence[str], given: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *words], input=given, capture_output=True, check=True).stdout


def publish(zone: Zone, domain: str, made: Key, tags: str = "v=DKIM1; k=rsa") -> None:
    """Put the key into the zone, in pieces of 255 signs at most, as DNS wants them."""
    record = f"{tags}; p={made.public}"
    pieces = [record[at : at + 200] for at in range(0, len(record), 200)]
    zone.records[f"{SELECTOR.decode()}._domainkey.{domain}.", "TXT"] = [" ".join(f'"{piece}"' for piece in pieces)]


def signed(mail: bytes, domain: str, made: Key, headers: Sequence[bytes] = HEADERS, *, length: bool = False) -> bytes:
    """The mail with a DKIM signature on top."""
    signer = dkim.DKIM(mail)
    header = signer.sign(
        SELECTOR,
        domain.encode(),
        made.private,
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=list(headers),
        length=length,
    )
    return bytes(header) + mail


@dataclass(frozen=True)
class _Seen:
    """A result as the package authres gives them, which the library asks for when it seals."""

    text: str

    @property
    def method(self) -> str:
        return self.text.partition("=")[0]

    def __str__(self) -> str:
        return self.text


def sealed(mail: bytes, domain: str, made: Key, seen: str) -> bytes:
    """The mail as a forwarder at ``domain`` seals it, first of a chain; ``seen`` is what it says that it saw."""
    told = SimpleNamespace(authserv_id=domain, results=[_Seen(seen)])
    stub = SimpleNamespace(
        AuthenticationResultsHeader=SimpleNamespace(parse=lambda _: told), core=SimpleNamespace(SyntaxError=ValueError)
    )
    signer = dkim.ARC(b"Authentication-Results: x\r\n" + mail)
    with patch.object(dkim, "authres", stub, create=True):
        headers = signer.sign(SELECTOR, domain.encode(), made.private, domain.encode(), include_headers=list(HEADERS))
    return b"".join(headers) + mail
