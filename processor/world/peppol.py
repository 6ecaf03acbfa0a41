"""Is an organisation a recipient in Peppol, and where?  The SML by DNS, then its SMP (domain.md 5.1).

The SML is the one valid source: ELMA holds only its own share of the Norwegian
recipients, and the Peppol Directory may be stale.  Records of the old form (MD5 and CNAME) are dead and never asked
for.  No name means *not registered*; a failing or silent server means nothing at all.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

from processor.config import PeppolSettings
from processor.lookup import Participant, SmpNote
from processor.world.resolving import records
from processor.world.smp import Group, Service, group, service
from processor.world.web import NoAnswer, Terms, get, host_of

SCHEME = "iso6523-actorid-upis"
ICD = "0192"
SERVICE = "meta:smp"
BILLING = (
    "busdox-docid-qns::urn:oasis:names:specification:ubl:schema:xsd:Invoice-2::Invoice##urn:cen.eu:en16931:2017"
    "#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0::2.1"
)
"""The document type of an EHF invoice, Peppol BIS Billing 3.0; document types are case-sensitive."""
SEAT = re.compile(r"P[A-Z]{2}[0-9]{6}")
NOTES: dict[str, SmpNote] = {"nonsense": "nonsense", "refused": "unreachable", "unreachable": "unreachable"}


def dns_name(value: str, zone: str) -> str:
    """The name that holds a participant's NAPTR record: BASE32(SHA-256) of the value in lower case, without padding."""
    digest = hashlib.sha256(value.lower().encode()).digest()
    label = base64.b32encode(digest).decode().rstrip("=").lower()
    return f"{label}.{SCHEME}.{zone.rstrip('.')}."


def look_up(org_no: str, settings: PeppolSettings, seconds: float, now: datetime) -> Participant:
    """Whether and where an organisation is registered; takes so many seconds at most.

    Raises NoAnswer when the SML cannot be heard.  An SMP that cannot be heard leaves the answer *registered*,
    with a note: the SML alone says that.
    """
    until = time.monotonic() + seconds
    found = Participant(org_no, "not_registered", asked_at=now, source=settings.zone.rstrip("."))
    pointers = naptr(dns_name(f"{ICD}:{org_no}", settings.zone), settings, until)
    if pointers is None:
        return found
    registered = replace(found, state="registered")
    base = smp_address(pointers)
    if not base:
        return replace(registered, smp_note="none")
    registered = replace(registered, smp=host_of(base))
    try:
        return _at_smp(registered, base, settings, until)
    except NoAnswer as failed:
        return replace(registered, smp_note=NOTES.get(failed.reason, "unreachable"))


def naptr(name: str, settings: PeppolSettings, until: float) -> list[Any] | None:
    """The records of a name; None when there is none, which counts only if the zone itself is there."""
    found = records(name, "NAPTR", settings.dns_servers, until)
    if found is None:
        records(settings.zone, "SOA", settings.dns_servers, until, absent_is_failure=True)
    return found


def smp_address(found: Iterable[Any]) -> str:
    """The SMP's base URL: of the record of best order, what stands between its 2nd and 3rd delimiter (U-NAPTR)."""
    for each in sorted(found, key=lambda record: (record.order, record.preference)):
        if each.flags.lower() == b"u" and each.service.decode("latin-1").lower() == SERVICE:
            text = each.regexp.decode("latin-1")
            pieces = text.split(text[:1]) if text else []
            if len(pieces) == 4 and pieces[2].startswith(("https://", "http://")):
                return str(pieces[2])
    return ""


def _at_smp(found: Participant, base: str, settings: PeppolSettings, until: float) -> Participant:
    """What the SMP says: which documents it takes, and whose access point takes its invoices."""
    participant = quote(f"{SCHEME}::{ICD}:{found.org_no}", safe="")
    place = f"{base.rstrip('/')}/{participant}"
    documents = _group(place, settings, until)
    if documents is None:
        return replace(found, smp_note="unknown_group")
    invoices = any(unquote(each) == BILLING for each in documents.documents)
    found = replace(found, invoices=invoices)
    if not invoices:
        return found
    seats = _seats(f"{place}/services/{quote(BILLING, safe='')}", settings, until)
    if len(seats) != 1 or not SEAT.fullmatch(seats[0][0]):
        return found
    seat, provider = seats[0]
    return replace(found, access_point=seat, provider=provider[:100])


def _group(place: str, settings: PeppolSettings, until: float) -> Group | None:
    answer = get(place, _terms(settings, until))
    return group(answer) if answer.status == 200 else None


def _seats(place: str, settings: PeppolSettings, until: float) -> tuple[tuple[str, str], ...]:
    """Seat id and name of each access point that takes the document; a redirect to another SMP is followed once."""
    found = _service(place, settings, until)
    if found and found.elsewhere:
        found = _service(found.elsewhere, settings, until)
    return found.seats if found else ()


def _service(place: str, settings: PeppolSettings, until: float) -> Service | None:
    answer = get(place, _terms(settings, until))
    return service(answer) if answer.status == 200 else None


def _terms(settings: PeppolSettings, until: float) -> Terms:
    # The SML's word is a stranger's: it may not send us into our own network.
    return Terms(until - time.monotonic(), settings.ca_file, settings.internal, {"Accept": "application/xml, text/xml"})
