"""Records from DNS within a bounded time; the only importer of dnspython."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import dns.exception
import dns.resolver

from processor.world.web import NoAnswer

DNS_PORT = 53


def records(
    name: str, kind: str, servers: Sequence[str], until: float, *, absent_is_failure: bool = False
) -> list[Any] | None:
    """The records of a name; None for "no such name" and "no such record"; raises NoAnswer for all else.

    ``servers`` are addresses with an optional port, none for this machine's own; ``until`` is monotonic.
    ``absent_is_failure``: no such name is a failure then; a name without such a record is not.
    """
    try:
        left = max(0.001, until - time.monotonic())
        answer = _resolver(servers).resolve(name, kind, lifetime=left, search=False, raise_on_no_answer=False)
        return list(answer.rrset) if answer.rrset else None
    except dns.resolver.NXDOMAIN as error:
        if absent_is_failure:
            raise NoAnswer("nonsense", f"there is no zone {name}") from error
        return None
    except (dns.resolver.LifetimeTimeout, TimeoutError) as error:
        raise NoAnswer("timed_out", "DNS did not answer in time") from error
    except (dns.exception.DNSException, OSError, ValueError) as error:
        raise NoAnswer("unreachable", f"DNS failed: {type(error).__name__}") from error


def texts(name: str, servers: Sequence[str], until: float) -> list[bytes] | None:
    """The TXT records of a name, each in one piece (RFC 6376 section 3.6.2.2); raises NoAnswer as ``records``."""
    found = records(name, "TXT", servers, until)
    return None if found is None else [b"".join(each.strings) for each in found]


def _resolver(servers: Sequence[str]) -> dns.resolver.Resolver:
    if not servers:
        return dns.resolver.Resolver()
    resolver = dns.resolver.Resolver(configure=False)
    places = [server_place(each) for each in servers]
    resolver.nameservers = [host for host, _ in places]
    resolver.nameserver_ports = dict(places)
    return resolver


def server_place(text: str) -> tuple[str, int]:
    """Address and port of "192.0.2.1", "192.0.2.1:5353", "2001:db8::1" or "[2001:db8::1]:5353"."""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        return host, int(port.lstrip(":") or DNS_PORT)
    host, _, port = text.partition(":") if text.count(":") == 1 else (text, "", "")
    return host, int(port or DNS_PORT)
