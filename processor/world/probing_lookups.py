"""What ``doctor`` asks of the registers outside that are turned on."""

from __future__ import annotations

from datetime import datetime

from processor.config import LookupSettings, PeppolSettings, RegisterSettings
from processor.world.probing import Finding
from processor.world.web import NoAnswer

REGISTER_CENTRE, DIGDIR = "974760673", "991825827"
"""Organisations that there will be for as long as there are the registers (domain.md 5.1 and 5.4)."""


def probe_lookups(settings: LookupSettings, now: datetime) -> list[tuple[str, list[Finding]]]:
    """Each register that is on, with what became of a question about an organisation that it must know."""
    found = []
    if settings.register.on:
        found.append((f"lookup in Enhetsregisteret ({settings.register.url})", [_register(settings.register, now)]))
    if settings.peppol.on:
        found.append((f"lookup in Peppol ({settings.peppol.zone})", _peppol(settings.peppol, now)))
    return found


def _register(settings: RegisterSettings, now: datetime) -> Finding:
    from processor.world.company_register import look_up

    try:
        company = look_up(REGISTER_CENTRE, settings, settings.timeout, now)
    except NoAnswer as failed:
        return _failed(failed, "check url, proxy and firewall; until it answers, nothing is held because of it")
    if company.state != "found":
        return Finding(False, f"it does not know {REGISTER_CENTRE}", "check url: this is another service")
    return Finding(True, f"answers about {company.name}")


def _peppol(settings: PeppolSettings, now: datetime) -> list[Finding]:
    from processor.world.peppol import look_up

    try:
        found = look_up(DIGDIR, settings, settings.timeout, now)
    except NoAnswer as failed:
        return [_failed(failed, "check zone and dns_servers; until it answers, letters say nothing about Peppol")]
    known = found.state == "registered" and not found.smp_note
    said = f"{DIGDIR} is registered" if found.state == "registered" else f"{DIGDIR} is not registered"
    mend = "" if known else "check zone, and that HTTPS to the SMP is let through"
    findings = [Finding(known, f"{said}{f' (its SMP: {found.smp_note})' if found.smp_note else ''}", mend)]
    if not settings.autoinvoice:
        findings.append(Finding(True, "autoinvoice names no seat: letters name the provider by its certificate"))
    return findings


def _failed(failed: NoAnswer, mend: str) -> Finding:
    return Finding(False, failed.said, mend)
