"""The tables [lookups.register] and [lookups.peppol] of config.toml: each mistake with its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from processor.config import LookupSettings, PeppolSettings, RegisterSettings

if TYPE_CHECKING:
    from processor.loading.configuration import Table

LONGEST = 30.0
"""Seconds that a batch of mail may wait for a register at most."""
MOST_HOURS = 24.0 * 31
LOOPBACK = ("127.0.0.1", "localhost", "::1")
ZONE = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,9}[a-z]{2,63}\.?")
SEAT = re.compile(r"P[A-Z]{2}[0-9]{6}")
SERVER = re.compile(r"\[([0-9a-f:.]+)\](?::([0-9]{1,5}))?|([0-9.]+)(?::([0-9]{1,5}))?|([0-9a-f:]+)", re.IGNORECASE)


def lookup_settings(values: object, table: Callable[[str, object], Table]) -> LookupSettings:
    """Read what stands under [lookups]; ``table`` makes a table that notes its problems."""
    whole = table("lookups", values)
    names = {name: whole.take(name, dict, {}) for name in ("register", "peppol")}
    whole.finish()
    return LookupSettings(
        _register(table("lookups.register", names["register"])), _peppol(table("lookups.peppol", names["peppol"]))
    )


def _register(entry: Table) -> RegisterSettings:
    usual = RegisterSettings()
    url = entry.take("url", str, usual.url)
    if not is_url(url):
        entry.problem("url", f"url must be an https:// address without user or query, and is {url!r}")
    settings = RegisterSettings(
        on=entry.take("on", bool, False),
        url=url,
        roles=entry.take("roles", bool, False),
        ca_file=entry.take("ca_file", str, "") or None,
        **_times(entry, usual.timeout, usual.cache_hours),
    )
    entry.finish()
    return settings


def _peppol(entry: Table) -> PeppolSettings:
    usual = PeppolSettings()
    zone = entry.take("zone", str, usual.zone).lower()
    if not ZONE.fullmatch(zone):
        entry.problem("zone", f"zone must be the name of a DNS zone, and is {zone!r}")
    settings = PeppolSettings(
        on=entry.take("on", bool, False),
        zone=zone,
        dns_servers=_checked(entry, "dns_servers", is_server, "an address, with :port if it is not 53"),
        autoinvoice=_checked(entry, "autoinvoice", SEAT.fullmatch, "a seat id such as PNO000123"),
        internal=entry.take("internal", bool, False),
        ca_file=entry.take("ca_file", str, "") or None,
        **_times(entry, usual.timeout, usual.cache_hours),
    )
    entry.finish()
    return settings


def _times(entry: Table, timeout: float, cache_hours: float) -> Mapping[str, Any]:
    timeout = entry.positive("timeout", float, timeout)
    hours = entry.take("cache_hours", float, cache_hours)
    if timeout > LONGEST:
        entry.problem("timeout", f"timeout must be {LONGEST:g} seconds at most: a batch of mail waits that long")
    if not 0 <= hours <= MOST_HOURS:
        entry.problem("cache_hours", f"cache_hours must be 0 to {MOST_HOURS:g}, and is {hours:g}")
    return {"timeout": timeout, "cache_hours": hours}


def _checked(entry: Table, key: str, right: Callable[[str], object], shape: str) -> tuple[str, ...]:
    values = entry.strings(key)
    for each in values:
        if not right(each):
            entry.problem(key, f"{key}: {each!r} is not {shape}")
    return values


def is_url(text: str) -> bool:
    """Whether this is an HTTPS address without user or query; in clear to this machine alone."""
    try:
        parts = urlsplit(text)
        whole = parts.hostname and parts.port != 0 and not (parts.username or parts.query or parts.fragment)
    except ValueError:
        return False
    return bool(whole) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))


def is_server(text: str) -> bool:
    """Whether this is an address of a name server, with or without a port."""
    found = SERVER.fullmatch(text)
    if not found:
        return False
    try:
        ip_address(found[1] or found[3] or found[5])
    except ValueError:
        return False
    return 0 < int(found[2] or found[4] or 53) < 65536
