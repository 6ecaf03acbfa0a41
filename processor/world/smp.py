"""What an SMP answers, read (OASIS/Peppol SMP 1.x): a participant's documents, and who takes one of them.

The XML signature is not checked: the answer came over HTTPS from the host that the SML named, and nothing that we
write or do depends on more than that.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from processor.extracting.xml_tree import tree
from processor.world.web import Answer, NoAnswer

PUBLISHING = "{http://busdox.org/serviceMetadata/publishing/1.0/}"
AS4 = "peppol-transport-as4-v2_0"
KINDS = ("application/xml", "text/xml")
COMMON_NAME, ORGANISATION = b"\x55\x04\x03", b"\x55\x04\x0a"
"""2.5.4.3 and 2.5.4.10 (ITU-T X.520)."""
SEQUENCE, SET, OBJECT, VERSION = 0x30, 0x31, 0x06, 0xA0
NOTHING = (0, b"")
TEXTS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be"}
"""UTF8String, PrintableString, TeletexString, IA5String and BMPString."""


@dataclass(frozen=True, slots=True)
class Group:
    """A participant's ServiceGroup: its document types, percent-encoded as the SMP writes them."""

    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """Who takes a document: (seat id, name) of each access point, or another SMP's URL that knows."""

    seats: tuple[tuple[str, str], ...]
    elsewhere: str = ""


def group(answer: Answer) -> Group:
    """Read a ServiceGroup; raises NoAnswer for anything else."""
    root = _root(answer, "ServiceGroup")
    links = [each.get("href", "") for each in root.iter(f"{PUBLISHING}ServiceMetadataReference")]
    return Group(tuple(link.rpartition("/services/")[2] for link in links if "/services/" in link))


def service(answer: Answer) -> Service:
    """Read a SignedServiceMetadata; raises NoAnswer for anything else."""
    root = _root(answer, "SignedServiceMetadata")
    redirect = next(root.iter(f"{PUBLISHING}Redirect"), None)
    if redirect is not None:
        return Service((), str(redirect.get("href", "")))
    found = []
    for endpoint in root.iter(f"{PUBLISHING}Endpoint"):
        if endpoint.get("transportProfile") == AS4:
            found.append(subject("".join((endpoint.findtext(f"{PUBLISHING}Certificate") or "").split())))
    return Service(tuple(dict.fromkeys(found)))


def subject(certificate: str) -> tuple[str, str]:
    """Common name and organisation of a certificate's subject (base64 of DER, RFC 5280); "" for what it has not.

    Raises NoAnswer when it is no certificate.
    """
    try:
        der = base64.b64decode(certificate, validate=True)
        names = dict(_names(der))
    except (binascii.Error, IndexError, ValueError) as error:
        raise NoAnswer("nonsense", "the SMP sends a certificate that cannot be read") from error
    return names.get(COMMON_NAME, ""), names.get(ORGANISATION, "")


def _root(answer: Answer, name: str) -> Any:
    if answer.kind not in KINDS:
        raise NoAnswer("nonsense", f"the SMP sends {answer.kind}, not XML")
    try:
        root = tree(answer.body)
    except Exception as error:
        # The parser raises errors of several families for what strangers may send.
        raise NoAnswer("nonsense", "the SMP sends what is no XML") from error
    if root.tag != PUBLISHING + name:
        raise NoAnswer("nonsense", f"the SMP sends no {name}")
    return root


def _names(der: bytes) -> Iterator[tuple[bytes, str]]:
    """The attributes of the subject: certificate, its signed part, and in that the sixth field (RFC 5280 4.1)."""
    whole = next(_values(der), NOTHING)[1]
    signed = next(_values(whole), NOTHING)[1]
    fields = [content for kind, content in _values(signed) if kind != VERSION]
    for kind, attributes in _values(fields[4]):
        for inner, attribute in _values(attributes) if kind == SET else ():
            parts = list(_values(attribute)) if inner == SEQUENCE else []
            if len(parts) == 2 and parts[0][0] == OBJECT and parts[1][0] in TEXTS:
                text = parts[1][1].decode(TEXTS[parts[1][0]])
                yield parts[0][1], " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _values(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each value of a DER sequence (ITU-T X.690); raises ValueError where one is cut off."""
    at = 0
    while at < len(der):
        kind, length, at = der[at], der[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(der[at : at + size], "big"), at + size
        if at + length > len(der):
            raise ValueError("cut off")
        yield kind, der[at : at + length]
        at += length
