"""A mail's DKIM signatures and ARC seals, checked against DNS; the only importer of dkimpy (RFC 6376, 8617).

The library takes more than we believe: it lets a signature leave From out, cover a part of the body (``l=``), use
SHA-1 or a key in testing, and some of its patterns take long for runs of blanks.  All of that is refused or mended
before it is asked.  What is unclear is *fail* or *not checked*, never *pass*.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Sequence

import dkim
import dkim.canonicalization
from dkim.util import InvalidTagValueList, parse_tag_value

from processor.provenance import Signature
from processor.world.resolving import texts
from processor.world.web import NoAnswer

MOST_BYTES = 30_000_000
MOST_HEADER_BYTES = 200_000
MOST_HEADERS = 500
MOST_SIGNATURE = 6000
MOST_NAMES = 200
MOST_BLANKS_IN_SIGNATURE = 100
MOST_TRIED = 3
MOST_SEALS = 5
MOST_KEY = 1500
"""A key of 4096 bits takes some 750 signs; a longer one only costs time."""
KEY_SECONDS, NO_KEY_SECONDS, MOST_KEYS = 600.0, 60.0, 2000
ALGORITHMS = {b"rsa-sha256", b"ed25519-sha256"}
SIGNATURE, SEALS = b"dkim-signature", (b"arc-seal", b"arc-message-signature", b"arc-authentication-results")
DOMAIN = re.compile(r"[a-z0-9._-]{1,253}")
QUIET = logging.Logger("dkimpy", logging.CRITICAL + 1)
"""A logger without parents: the library would log strangers' words."""
Tags = dict[bytes, bytes]


def _without_trailing_blanks(content: bytes) -> bytes:
    *lines, last = content.split(b"\r\n")
    return b"\r\n".join([*(line.rstrip(b" \t") for line in lines), last])


# Its own pattern takes the square of a run of blanks, and holds up the whole program meanwhile.
dkim.canonicalization.strip_trailing_whitespace = _without_trailing_blanks


class Refused(Exception):
    """A signature that we do not believe, with the reason."""


class Keys:
    """Keys of signatures by name, asked for once in a while; a name that fails is left alone for a minute."""

    def __init__(self, servers: Sequence[str]) -> None:
        self.servers = tuple(servers)
        self.known: dict[str, tuple[float, bytes | NoAnswer]] = {}
        self.lock = threading.Lock()

    def key(self, name: str, until: float) -> bytes:
        """The key record of a name, empty where there is none; raises NoAnswer."""
        with self.lock:
            good_until, found = self.known.get(name, (0.0, b""))
        if time.monotonic() >= good_until:
            found, seconds = self._asked(name, until)
            with self.lock:
                if len(self.known) >= MOST_KEYS:
                    self.known.clear()
                self.known[name] = (time.monotonic() + seconds, found)
        if isinstance(found, NoAnswer):
            raise found
        return found

    def _asked(self, name: str, until: float) -> tuple[bytes | NoAnswer, float]:
        try:
            records = texts(name, self.servers, until) or []
        except NoAnswer as failed:
            return failed, NO_KEY_SECONDS
        keys = [each for each in records if b"p=" in each]
        # Several keys under one name are undefined (RFC 6376 section 3.6.2.2).
        return (keys[0], KEY_SECONDS) if len(keys) == 1 else (b"", NO_KEY_SECONDS)


def check(
    raw: bytes, domain: str, aligned: Callable[[str], bool], sealers: Sequence[str], keys: Keys, until: float
) -> tuple[Signature, ...]:
    """The signatures of a mail whose author is at ``domain`` that may prove them, the first that holds alone.

    Only signers that are ``aligned`` with it are asked for, and of a chain of seals only one whose sealers are all
    listed.  Returns within a moment of ``until`` (monotonic), never raises for any bytes.
    """
    try:
        parsed = _parsed(raw)
        found = [_dkim(parsed, number, tags, keys, until) for number, tags in _own(parsed, aligned)]
        good = [each for each in found if each.result == "pass"]
        if good or not sealers:
            return tuple(good[:1] or found)
        return tuple(found + _chain(raw, sealers, keys, until))
    except Refused as refused:
        return (Signature("dkim", domain, "not_checked", str(refused)),)
    except Exception as error:
        return (Signature("dkim", domain, "fail", f"it cannot be read ({type(error).__name__})"),)


def _parsed(raw: bytes) -> dkim.DKIM:
    """The mail as the library reads it; raises Refused for one that would cost it too much."""
    head = re.split(rb"\r?\n\r?\n", raw[: MOST_HEADER_BYTES + 1], maxsplit=1)[0]
    if len(raw) > MOST_BYTES or len(head) > MOST_HEADER_BYTES:
        raise Refused("the mail is too large for it to be checked")
    found = dkim.DKIM(raw, logger=QUIET, minkey=1024)
    if len(found.headers) > MOST_HEADERS:
        raise Refused("the mail has too many headers for it to be checked")
    for name, value in found.headers:
        if name.lower() in (SIGNATURE, *SEALS) and (
            len(value) > MOST_SIGNATURE or b" " * MOST_BLANKS_IN_SIGNATURE in re.sub(rb"\s", b" ", value)
        ):
            raise Refused("a signature is too long for it to be checked")
    return found


def _own(parsed: dkim.DKIM, aligned: Callable[[str], bool]) -> list[tuple[int, Tags]]:
    """The first signatures of the author's own domain, each by its place among all."""
    values = [value for name, value in parsed.headers if name.lower() == SIGNATURE]
    found = []
    for number, value in enumerate(values):
        try:
            tags = parse_tag_value(value)
        except InvalidTagValueList:
            continue
        if aligned(_domain(tags)):
            found.append((number, tags))
    return found[:MOST_TRIED]


def _dkim(parsed: dkim.DKIM, number: int, tags: Tags, keys: Keys, until: float) -> Signature:
    domain = _domain(tags)
    try:
        _believable(tags)
        held = parsed.verify(number, dnsfunc=_asking(keys, tags, until))
        return Signature("dkim", domain, "pass") if held else Signature("dkim", domain, "fail", "it does not hold")
    except NoAnswer as failed:
        return Signature("dkim", domain, "not_checked", failed.said)
    except (Refused, dkim.DKIMException) as wrong:
        return Signature("dkim", domain, "fail", _said(wrong))
    except Exception as error:
        # The library raises whatever a stranger's bytes break it with.
        return Signature("dkim", domain, "fail", f"it cannot be read ({type(error).__name__})")


def _believable(tags: Tags) -> None:
    """Raise Refused for a signature that the library would take and we do not."""
    names = re.split(rb"\s*:\s*", tags.get(b"h", b"").strip().lower())
    if b"l" in tags:
        raise Refused("it covers a part of the body only (l=)")
    if b"from" not in names:
        raise Refused("it does not cover From")
    if len(names) > MOST_NAMES:
        raise Refused("it names too many headers")
    if tags.get(b"a", b"").lower() not in ALGORITHMS:
        raise Refused("its algorithm is not believed any more")


def _asking(keys: Keys, tags: Tags, until: float) -> Callable[..., bytes]:
    """What the library asks for a key by; raises Refused for a key that is not to be believed."""

    def ask(name: bytes, timeout: float = 0.0) -> bytes:  # noqa: ARG001  # the library hands its own
        record = keys.key(name.decode("ascii").lower(), until)
        if len(record) > MOST_KEY:
            raise Refused("its key is too long")
        if not record:
            raise Refused("its key is not published")
        flags = parse_tag_value(record).get(b"t", b"").replace(b" ", b"").split(b":")
        if b"y" in flags:
            raise Refused("its key is in testing")
        if b"s" in flags and tags.get(b"i", b"@" + tags[b"d"]).rpartition(b"@")[2].lower() != tags[b"d"].lower():
            raise Refused("its key is for its very domain alone")
        return record

    return ask


def _chain(raw: bytes, sealers: Sequence[str], keys: Keys, until: float) -> list[Signature]:
    """The chain of ARC seals as one signature, where each sealer is listed; nothing for another."""
    chain = dkim.ARC(raw, logger=QUIET, minkey=1024)
    tagged = [(name.lower(), value) for name, value in chain.headers if name.lower() in SEALS[:2]]
    read = [(name, parse_tag_value(value)) for name, value in tagged]
    domains = [_domain(tags) for _, tags in read]
    if not domains or len(domains) > 2 * MOST_SEALS or not set(domains) <= set(sealers):
        return []
    last = domains[0]
    try:
        for name, tags in read:
            if name == SEALS[1]:
                _believable(tags)
        verdict, _, why = chain.verify(dnsfunc=_asking(keys, {b"d": b""}, until))
    except NoAnswer as failed:
        return [Signature("arc", last, "not_checked", failed.said)]
    except Refused as refused:
        return [Signature("arc", last, "fail", str(refused))]
    if verdict == dkim.CV_Pass:
        return [Signature("arc", last, "pass")]
    return [Signature("arc", last, "fail", str(why)[:200])]


def _domain(tags: Tags) -> str:
    """The signer's domain; "" for what has not the shape of one, since it is shown to staff."""
    domain = tags.get(b"d", b"").decode("ascii", "replace").strip().lower().rstrip(".")
    return domain if DOMAIN.fullmatch(domain) else ""


def _said(wrong: Exception) -> str:
    """The library's words for staff: one line, and no more of the stranger's than fits."""
    return "".join(sign if sign.isprintable() else " " for sign in str(wrong))[:200]
