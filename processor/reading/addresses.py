"""Address headers to addresses (RFC 5322 sections 3.4 and 4.4, RFC 6532, RFC 5891)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import idna

from processor.message import Address, Defect
from processor.reading.charset import clean_line
from processor.reading.headers import Headers, readable
from processor.reading.parse import address_pairs
from processor.reading.plain_mailbox import plain_mailbox

MAX_ADDRESSES = 500
_MAX_NAME = 200
_MAX_LOCAL = 256
_SHORT = 200

_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62})*")
_LITERAL = re.compile(r"\[[0-9a-z:.]{1,60}\]")
_DOT_BEFORE_END = re.compile(r"\.(?=[ \t]{0,9}>)")
_ADDRESS_IN_TEXT = re.compile(r"[^\s@<>()\"',;:]{1,64}@[^\s@<>()\"',;:]{1,253}")
# The last resort for what no grammar reads, such as `<<a@b.no>>` or `a@b.no>`.
_BARE = re.compile(r"[<>,\s\"]{0,20}([\w.+/=&'-]{1,64}@[\w.-]{1,253})[<>,\s\"]{0,20}")


def read_addresses(headers: Headers, name: str) -> tuple[tuple[Address, ...], list[Defect]]:
    """Every address of every header of this name, in order, and what was wrong; never raises."""
    found: list[Address] = []
    defects: list[Defect] = []
    for value in headers.all(name):
        addresses, seen = _read_value(value)
        found += addresses
        defects += seen
    if len(found) > MAX_ADDRESSES:
        defects.append(Defect("addresses_truncated", name))
    return tuple(found[:MAX_ADDRESSES]), list(dict.fromkeys(defects))


def read_from(headers: Headers) -> tuple[tuple[Address, ...], Address | None, list[Defect]]:
    """All From addresses, and the sender if there is exactly one clean one (RFC 7103 section 7.5).

    A second From header, a second address, a group or a doubtful spelling leaves no sender: nothing
    may be done in the name of either.
    """
    addresses, defects = read_addresses(headers, "from")
    values = headers.all("from")
    if len(values) > 1:
        defects.append(Defect("from_repeated", f"{len(values)} From headers"))
    if not addresses:
        defects.append(Defect("from_missing"))
    elif len(addresses) > 1:
        defects.append(Defect("from_several", f"{len(addresses)} addresses"))
    if any(_has_group(value) for value in values):
        defects.append(Defect("from_group"))
    unclean = {"from_repeated", "from_missing", "from_several", "from_group", "address_unclear", "domain_invalid"}
    clean = not any(defect.code in unclean for defect in defects)
    return addresses, addresses[0] if clean else None, defects


def read_return_path(headers: Headers) -> str | None:
    """The topmost Return-Path's address, ``""`` for ``<>``, None without one (RFC 7103 section 7.5.3)."""
    values = headers.all("return-path")
    if not values:
        return None
    value = clean_line(values[0], 320)
    inner = value.rpartition("<")[2].partition(">")[0].strip() if "<" in value else value
    local, at, domain = inner.rpartition("@")
    return f"{local}@{ascii_domain(domain)[0]}" if at else inner


def ascii_domain(domain: str) -> tuple[str, bool]:
    """The domain as lower-case A-labels, and whether it could be made (RFC 5891 section 4.4)."""
    domain = unicodedata.normalize("NFC", domain).strip(" .").lower()
    if domain.isascii():
        return domain, bool(_HOST.fullmatch(domain) or _LITERAL.fullmatch(domain))
    try:
        return idna.encode(domain[:253], uts46=True).decode("ascii").lower(), True
    except (idna.IDNAError, UnicodeError, ValueError, IndexError):
        return domain, False


def _read_value(value: str) -> tuple[tuple[Address, ...], tuple[Defect, ...]]:
    if len(value) > _SHORT:
        return _addresses(value)
    plain = plain_mailbox(value)
    return ((plain,), ()) if plain else _read_short(value)


def _addresses(value: str) -> tuple[tuple[Address, ...], tuple[Defect, ...]]:
    defects: list[Defect] = []
    value = _DOT_BEFORE_END.sub("", value)
    try:
        pairs, doubts = address_pairs(value)
    except Exception:  # The stdlib below raises IndexError and AttributeError on odd text.
        pairs, doubts = [], [value]
    for doubt in doubts:
        bare = _BARE.fullmatch(doubt[:400])
        if bare and not pairs:
            pairs.append(("", bare[1]))
        if bare or "@" in doubt:
            defects.append(Defect("address_unclear", clean_line(doubt, 100)))
    addresses = [_address(name, spec, defects) for name, spec in pairs]
    return tuple(address for address in addresses if address), tuple(defects)


# Our own mailbox stands in most mails' To, and customers write more than once.
_read_short = lru_cache(maxsize=1024)(_addresses)


def _address(name: str, spec: str, defects: list[Defect]) -> Address | None:
    local, _, domain = spec.rpartition("@")
    local = clean_line(local, _MAX_LOCAL)
    domain, sound = ascii_domain(clean_line(domain, 300))
    if not local or not domain:
        defects.append(Defect("address_unclear", clean_line(spec, 100)))
        return None
    if not sound:
        defects.append(Defect("domain_invalid", domain[:100]))
    name = readable(name, _MAX_NAME).strip("'\" ")
    shown = _ADDRESS_IN_TEXT.search(name)
    if shown and shown[0].lower().strip(".") != f"{local}@{domain}".lower():
        defects.append(Defect("address_in_name", shown[0][:100]))
    return Address(local, domain, "" if name.lower() == spec.lower() else name)


def _has_group(value: str) -> bool:
    """Whether a colon stands outside quotes, comments, angles and domain literals."""
    if ":" not in value:
        return False
    quoted = escaped = False
    depth = 0
    for letter in value:
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter == '"':
            quoted = not quoted
        elif not quoted and letter in "(<[":
            depth += 1
        elif not quoted and letter in ")>]":
            depth = max(0, depth - 1)
        elif letter == ":" and not quoted and not depth:
            return True
    return False
