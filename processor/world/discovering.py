"""Which servers an address has: by its provider, by SRV records (RFC 6186, 8314), or by its domain's autoconfig file.

What comes from the network is a proposal that a person says yes to.  Nothing in clear is ever proposed, and no file in
clear is read: whoever is between could name a server of their own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from processor.extracting.xml_tree import tree
from processor.presets import Proposal, Server, presets_for
from processor.world.resolving import records
from processor.world.web import NoAnswer, Terms, get

SECONDS = 8.0
SOCKETS: dict[str, Any] = {"SSL": "implicit", "STARTTLS": "starttls"}
LONGEST_HOST = 253

Fetch = Callable[[str], bytes]


def discover(
    address: str, dns_servers: Sequence[str] = (), fetch: Fetch | None = None, seconds: float = SECONDS
) -> list[Proposal]:
    """Proposals for an address, the best known first; more than one where its records speak of several providers.

    Empty where nothing is known, and where the network does not answer.
    """
    until = time.monotonic() + seconds
    domain = address.rpartition("@")[2].lower()
    try:
        exchangers = [str(each.exchange) for each in records(domain, "MX", dns_servers, until) or []]
    except NoAnswer:
        exchangers = []
    if found := presets_for(domain, exchangers):
        return found
    proposal = _by_service(domain, dns_servers, until) or _by_file(address, domain, fetch or _fetch)
    return [proposal] if proposal else []


def _by_service(domain: str, servers: Sequence[str], until: float) -> Proposal | None:
    """By SRV records; a target of "." says that there is no such service."""
    imap = _service(f"_imaps._tcp.{domain}", "implicit", servers, until) or _service(
        f"_imap._tcp.{domain}", "starttls", servers, until
    )
    smtp = _service(f"_submissions._tcp.{domain}", "implicit", servers, until) or _service(
        f"_submission._tcp.{domain}", "starttls", servers, until
    )
    return Proposal(f"the SRV records of {domain}", imap, smtp) if imap and smtp else None


def _service(name: str, tls: Any, servers: Sequence[str], until: float) -> Server | None:
    try:
        found = records(name, "SRV", servers, until) or []
    except NoAnswer:
        return None
    for each in sorted(found, key=lambda record: (record.priority, -record.weight)):
        if host := str(each.target).rstrip("."):
            return Server(host, each.port, tls)
    return None


def _by_file(address: str, domain: str, fetch: Fetch) -> Proposal | None:
    """By the file that Thunderbird reads, at either of its places."""
    for url in (
        f"https://autoconfig.{domain}/mail/config-v1.1.xml?emailaddress={quote(address)}",
        f"https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress={quote(address)}",
    ):
        try:
            proposal = read_file(fetch(url), address)
        except NoAnswer:
            continue
        if proposal:
            return proposal
    return None


def _fetch(url: str) -> bytes:
    answer = get(url, Terms(SECONDS / 2))
    return answer.body if answer.status == 200 else b""


def read_file(content: bytes, address: str) -> Proposal | None:
    """What an autoconfig file proposes; None for one without an encrypted IMAP and SMTP server, or that is no such file."""
    try:
        root = tree(content)
    except Exception:
        # Strangers' XML: whatever is wrong with it, it proposes nothing.
        return None
    imap = next(_servers(root, "incomingServer", "imap"), None)
    smtp = next(_servers(root, "outgoingServer", "smtp"), None)
    if imap is None or smtp is None:
        return None
    user = _filled(_text(root.find(".//incomingServer[@type='imap']/username")), address)
    return Proposal("its domain's autoconfig file", imap, smtp, user="" if user == address else user)


def _servers(root: Any, kind: str, protocol: str) -> Iterator[Server]:
    for each in root.iter(kind):
        host, port = _text(each.find("hostname")), _text(each.find("port"))
        tls = SOCKETS.get(_text(each.find("socketType")))
        known = bool(host) and len(host) <= LONGEST_HOST and all(sign.isalnum() or sign in ".-" for sign in host)
        if each.get("type") == protocol and known and tls and port.isdecimal() and 0 < int(port) < 65536:
            yield Server(host, int(port), tls)


def _filled(user: str, address: str) -> str:
    local, _, domain = address.partition("@")
    for name, value in (("EMAILADDRESS", address), ("EMAILLOCALPART", local), ("EMAILDOMAIN", domain)):
        user = user.replace(f"%{name}%", value)
    return user if user.isprintable() and '"' not in user and "\\" not in user else ""


def _text(node: Any) -> str:
    return (node.text or "").strip() if node is not None else ""
