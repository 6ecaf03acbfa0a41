"""The table [scan] of config.toml: the virus scanner that looks at mails with files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.config import ScanSettings

if TYPE_CHECKING:
    from processor.loading.configuration import Table

LONGEST = 60.0
"""Seconds that a batch of mail may wait for its scanner at most."""


def scan_settings(entry: Table) -> ScanSettings:
    """Read [scan]; a path is a socket on this machine, ``host:port`` one of the network."""
    usual = ScanSettings()
    settings = ScanSettings(
        clamd=entry.take("clamd", str, usual.clamd), timeout=entry.positive("timeout", float, usual.timeout)
    )
    host, colon, port = settings.clamd.rpartition(":")
    place = settings.clamd.startswith("/") or (colon and host and port.isdecimal() and 0 < int(port) < 65536)
    if settings.clamd and not place:
        entry.problem("clamd", f"clamd must be a socket's whole path or host:port, and is {settings.clamd!r}")
    if settings.timeout > LONGEST:
        entry.problem("timeout", f"timeout must be {LONGEST:g} seconds at most: a batch of mail waits that long")
    entry.finish()
    return settings
