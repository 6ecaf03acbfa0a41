"""What an SPF record (RFC 7208) allows, as far as its faults and a few addresses go; a receiver does the whole of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from processor.world.resolving import records, texts
from processor.world.web import NoAnswer

MOST_LOOKUPS = 10
"""RFC 7208 section 4.6.4; a record that needs more counts as none."""
TERM = re.compile(r"(?P<sign>[-+~?]?)(?P<name>[a-z0-9]+)(?:[:=]?(?P<value>.*))?", re.IGNORECASE)
KNOWN = {"all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists", "redirect", "exp"}
ASKS = {"include", "a", "mx", "ptr", "exists", "redirect"}
Address = IPv4Address | IPv6Address


@dataclass
class Spf:
    """What was found.  ``faults`` are sentences: the record counts as none where there is one.

    ``ends`` is how it ends for everybody else: "-", "~", "?", "+", or "" for nothing said.  ``includes`` are all names
    that it leads to, ``networks`` what it allows; ``unclear`` where it uses what depends on the mail.
    """

    record: str = ""
    faults: list[str] = field(default_factory=list)
    ends: str = ""
    lookups: int = 0
    includes: list[str] = field(default_factory=list)
    networks: list[Any] = field(default_factory=list)
    unclear: bool = False

    def allows(self, address: str) -> bool:
        """Whether a mail from the address passes."""
        ip = ip_address(address)
        return any(ip.version == network.version and ip in network for network in self.networks)


def read_spf(domain: str, servers: Sequence[str], until: float) -> Spf:
    """Read a domain's record and all that it leads to; raises NoAnswer where DNS does not answer."""
    found = Spf()
    _read(found, domain, servers, until, top=True)
    if found.lookups > MOST_LOOKUPS:
        found.faults.append(f"it needs {found.lookups} lookups in DNS, and receivers stop after {MOST_LOOKUPS}")
    return found


def _read(found: Spf, domain: str, servers: Sequence[str], until: float, *, top: bool) -> None:
    here = [text.decode("latin-1") for text in texts(domain, servers, until) or []]
    kept = [text for text in here if text.lower().split(" ")[0] == "v=spf1"]
    if len(kept) != 1:
        if kept:
            found.faults.append(f"{domain} has {len(kept)} SPF records, and receivers then take none")
        elif not top:
            found.faults.append(f"it leads to {domain}, which has no SPF record")
        return
    if top:
        found.record = kept[0]
    for word in kept[0].split()[1:]:
        if found.lookups > 2 * MOST_LOOKUPS:
            return
        _term(found, word, domain, servers, until, top=top)


def _term(found: Spf, word: str, domain: str, servers: Sequence[str], until: float, *, top: bool) -> None:
    term = TERM.fullmatch(word)
    name = term["name"].lower() if term else ""
    if term is None or name not in KNOWN:
        if "=" not in word:
            found.faults.append(f"{word!r} is no part of an SPF record")
        return
    value = term["value"] or ""
    found.lookups += name in ASKS
    if name == "all" and top:
        found.ends = term["sign"] or "+"
    elif name in ("include", "redirect"):
        _follow(found, name, value, servers, until, top=top)
    elif "%" in value or name in ("ptr", "exists"):
        found.unclear = True
    elif name in ("ip4", "ip6", "a", "mx") and term["sign"] in ("", "+"):
        found.networks += _networks(found, name, value, domain, servers, until)


def _follow(found: Spf, name: str, target: str, servers: Sequence[str], until: float, *, top: bool) -> None:
    if "%" in target:
        found.unclear = True
        return
    if target in found.includes:
        return
    found.includes.append(target)
    # What an included record says of everybody else is not ours; what a redirect says is.
    _read(found, target, servers, until, top=False)
    if name == "redirect" and top:
        found.ends = _ends(target, servers, until) or found.ends


def _ends(domain: str, servers: Sequence[str], until: float) -> str:
    for text in texts(domain, servers, until) or []:
        words = text.decode("latin-1").lower().split()
        if words[:1] == ["v=spf1"]:
            return next((word[:-3] or "+" for word in words if word.lstrip("-+~?") == "all"), "")
    return ""


def _networks(found: Spf, name: str, value: str, domain: str, servers: Sequence[str], until: float) -> Iterator[Any]:
    try:
        if name in ("ip4", "ip6"):
            yield ip_network(value, strict=False)
            return
    except ValueError:
        found.faults.append(f"{name}:{value} is no network")
        return
    target, _, length = value.partition("/")
    hosts = [target or domain]
    if name == "mx":
        hosts = [str(each.exchange) for each in records(hosts[0], "MX", servers, until) or []]
    for host in hosts:
        for address in addresses(host, servers, until):
            own = length.split("//")[0] if length and ip_address(address).version == 4 else ""
            yield ip_network(f"{address}/{own}" if own.isdecimal() else address, strict=False)


def addresses(host: str, servers: Sequence[str], until: float) -> list[str]:
    """The addresses of a name, of both kinds."""
    return [str(each.address) for kind in ("A", "AAAA") for each in records(host, kind, servers, until) or []]


def or_none(ask: Callable[[], list[str]]) -> list[str]:
    """What is only nice to know: nothing where DNS does not answer."""
    try:
        return ask()
    except NoAnswer:
        return []
