"""The table [provenance] of config.toml: own checks of signatures, and what each level may cause."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from processor.config import ProvenanceSettings
from processor.loading.lookup_settings import is_server
from processor.provenance import ORDER, Power, Powers

if TYPE_CHECKING:
    from processor.loading.configuration import Table

LONGEST = 10.0
"""Seconds that a batch of mail may wait for keys at most."""


def provenance_settings(values: object, table: Callable[[str, object], Table]) -> ProvenanceSettings:
    """Read [provenance]; a value that is looser than the default is refused, since the guards rest on it."""
    entry, usual = table("provenance", values), ProvenanceSettings()
    timeout = entry.positive("timeout", float, usual.timeout)
    if timeout > LONGEST:
        entry.problem("timeout", f"timeout must be {LONGEST:g} seconds at most: a batch of mail waits that long")
    servers = entry.strings("dns_servers")
    for each in servers:
        if not is_server(each):
            entry.problem("dns_servers", f"dns_servers: {each!r} is not an address, with :port if it is not 53")
    settings = ProvenanceSettings(
        check_signatures=entry.take("check_signatures", bool, usual.check_signatures),
        arc_sealers=tuple(each.lower() for each in entry.strings("arc_sealers")),
        dns_servers=servers,
        timeout=timeout,
        powers=Powers(
            proven=_power(entry, table, "proven", usual.powers.proven),
            unproven=_power(entry, table, "unproven", usual.powers.unproven),
            forged=_power(entry, table, "forged", usual.powers.forged),
        ),
    )
    entry.finish()
    return settings


def _power(entry: Table, table: Callable[[str, object], Table], name: str, loosest: Power) -> Power:
    row = table(f"provenance.{name}", entry.take(name, dict, {}))
    reply = row.choice("reply", ORDER, loosest.reply)
    found = Power(
        reply=reply,  # type: ignore[arg-type]  # choice() returns one of ORDER
        joins=row.take("joins", bool, loosest.joins),
        review=row.take("review", bool, loosest.review),
    )
    if ORDER.index(found.reply) > ORDER.index(loosest.reply):
        row.problem("reply", f"{name} may cause {loosest.reply!r} at most, and is {found.reply!r}")
    if found.joins and not loosest.joins:
        row.problem("joins", f"a mail of this level ({name}) may not join another's ticket")
    if loosest.review and not found.review:
        row.problem("review", f"a mail of this level ({name}) is always seen by a person")
    row.finish()
    return found
