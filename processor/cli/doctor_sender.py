"""What ``doctor`` says of the domain that our answers come from; the names of its keys are seen in mail of our own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from processor.world.probing import Finding

if TYPE_CHECKING:
    from processor.config import Config
    from processor.mail_servers import SmtpSettings

SIGNATURE = re.compile(rb"(?im)^dkim-signature:((?:[^\r\n]|\r?\n[ \t])*)")
TAG = re.compile(rb"(?:^|;)\s*([ds])\s*=\s*([a-z0-9._-]+)", re.IGNORECASE)
# RFC 6761: names that nobody on the Internet can have.
RESERVED = ("example", "test", "invalid", "localhost", "local")


def sender_findings(settings: Config, smtp: SmtpSettings) -> list[Finding]:
    """SPF, DKIM and DMARC of the From address; nothing for an address without a domain of the world's."""
    from processor.deciding.domains import domain_of, organisational
    from processor.world.probing_sender import Sender, probe_sender

    domain, envelope = domain_of(smtp.from_address), domain_of(smtp.envelope_from)
    if "." not in domain or domain.rpartition(".")[2] in RESERVED:
        return [Finding(True, f"{smtp.from_address} is no address of the world's: SPF, DKIM and DMARC say nothing")]
    organisation = organisational(domain)
    selectors = (*smtp.dkim_selectors, *_seen(settings, {domain, organisation}))
    return probe_sender(
        Sender(
            smtp,
            domain,
            envelope,
            organisation,
            organisational(envelope) if envelope else "",
            tuple(dict.fromkeys(selectors)),
            settings.provenance.dns_servers or settings.lookups.peppol.dns_servers,
        )
    )


def _seen(settings: Config, domains: set[str]) -> list[str]:
    from sqlalchemy.exc import SQLAlchemyError

    from processor.loading.problems import Refused
    from processor.steps.opened import opened
    from processor.store.engine import connect
    from processor.store.heads import newest_heads

    try:
        engine = opened(settings, connect)
    except (Refused, SQLAlchemyError):
        # What is wrong with the database is told above.
        return []
    try:
        return selectors_in(newest_heads(engine), domains)
    except SQLAlchemyError:
        # What is wrong with the database is told above.
        return []
    finally:
        engine.dispose()


def selectors_in(heads: Iterable[bytes], domains: set[str]) -> list[str]:
    """The selectors of signatures of these domains, as colleagues' mails to us carry them."""
    found: dict[str, None] = {}
    for head in heads:
        for signature in SIGNATURE.findall(head.replace(b"\r\n\r\n", b"\n\n").partition(b"\n\n")[0]):
            tags = {name.lower(): value.decode("ascii").lower() for name, value in TAG.findall(signature)}
            if tags.get(b"d") in domains and b"s" in tags:
                found[tags[b"s"]] = None
    return list(found)
