"""What ``doctor`` says of the domain that our answers come from: SPF, DKIM and DMARC, and what makes spam of them.

Signing is the mail server's; what can be seen from here is what stands in DNS.  No mail is sent.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from processor.mail_servers import SmtpSettings
from processor.world.probing import Finding
from processor.world.resolving import records, texts
from processor.world.spf import Spf, addresses, or_none, read_spf
from processor.world.web import NoAnswer

SECONDS = 10.0
# Who takes mail under these names sends it onwards from what this record allows.
SENT_BY: Mapping[str, str] = {
    "smtp.office365.com": "spf.protection.outlook.com",
    "smtp-mail.outlook.com": "spf.protection.outlook.com",
    "smtp.gmail.com": "_spf.google.com",
    "smtp-relay.gmail.com": "_spf.google.com",
    "smtp.fastmail.com": "spf.messagingengine.com",
    "smtp.domeneshop.no": "_spf.domeneshop.no",
}
# Names under which the large providers put their keys, and those that mail servers' guides choose.
USUAL_SELECTORS = ("selector1", "selector2", "google", "fm1", "fm2", "fm3", "default", "dkim", "mail", "s1", "s2", "k1")
# A public key of 1024 and of 2048 bits in DER has 162 and 294 bytes.
SHORT_KEY, GOOD_KEY = 160, 290
DNS_FIRST = "Add it in DNS where the domain is kept; it works for receivers within an hour or so."


@dataclass(frozen=True, slots=True)
class Sender:
    """Our answers' domain: of From, and of the envelope ("" for the null sender), each with its organisational one."""

    smtp: SmtpSettings
    domain: str
    envelope: str
    organisation: str
    envelope_organisation: str
    selectors: Sequence[str] = ()
    dns_servers: Sequence[str] = ()


def probe_sender(sender: Sender) -> list[Finding]:
    """What receivers will find when they ask about our answers; takes some seconds at most."""
    until = time.monotonic() + SECONDS
    try:
        return list(_findings(sender, until))
    except NoAnswer as error:
        return [Finding(False, f"DNS cannot be asked about {sender.domain}: {error.said}", "try again later")]


def _findings(sender: Sender, until: float) -> Iterator[Finding]:
    yield _reachable(sender, until)
    spf = read_spf(sender.envelope or sender.domain, sender.dns_servers, until)
    yield from _spf_findings(sender, spf, until)
    keys = list(_keys(sender, until))
    yield from keys
    policy, found = _policy(sender, until)
    yield found
    yield from _alignment(sender, policy, signed=any(each.ok for each in keys))


def _reachable(sender: Sender, until: float) -> Finding:
    """Many servers refuse mail from a domain that takes none."""
    found = [str(each.exchange).rstrip(".") for each in records(sender.domain, "MX", sender.dns_servers, until) or []]
    if [each for each in found if each]:
        return Finding(True, f"MX: answers to {sender.domain} go to {found[0]}")
    return Finding(
        False,
        f"MX: {sender.domain} takes no mail, so nobody can answer our answers and many servers refuse them",
        f"Add an MX record for {sender.domain}, or write from a domain that has one.",
    )


def _spf_findings(sender: Sender, spf: Spf, until: float) -> Iterator[Finding]:
    domain = sender.envelope or sender.domain
    if not spf.record and not spf.faults:
        wanted = SENT_BY.get(sender.smtp.host.lower(), "")
        record = f"v=spf1 include:{wanted} -all" if wanted else "v=spf1 … -all, as your mail provider says"
        yield Finding(False, f"SPF: {domain} has no record: receivers cannot tell our server from another", record)
        return
    if spf.faults:
        said = "; ".join(dict.fromkeys(spf.faults))
        yield Finding(
            False, f"SPF: the record of {domain} counts as none: {said}", "Correct it: one record, without that."
        )
        return
    if spf.ends == "+":
        yield Finding(False, f'SPF: {domain} lets everybody send ("+all")', 'Write "-all" or "~all" in its place.')
    elif spf.ends in ("", "?"):
        yield Finding(True, f"SPF: {domain} says nothing of other servers", 'End the record with "-all" or "~all".')
    else:
        yield Finding(True, f"SPF: {domain} names its servers and disowns others ({spf.lookups} lookups of 10)")
    yield from _our_server(sender, spf, domain, until)


def _our_server(sender: Sender, spf: Spf, domain: str, until: float) -> Iterator[Finding]:
    """Whether the record knows the server that we hand mail to."""
    host = sender.smtp.host.lower()
    if wanted := SENT_BY.get(host, ""):
        if wanted in [each.lower().rstrip(".") for each in spf.includes]:
            yield Finding(True, f"SPF: it includes {wanted}, from where {host} sends")
        else:
            mend = f"Add include:{wanted} before the end of the record."
            yield Finding(False, f"SPF: {domain} does not include {wanted}, from where {host} sends: spam", mend)
        return
    if sender.smtp.via in ("sendmail", "file", "lmtp") or spf.unclear:
        yield Finding(
            True, "SPF: from which address our mail leaves cannot be seen here; send one and look at its header"
        )
        return
    found = or_none(lambda: addresses(host, sender.dns_servers, until))
    if any(map(spf.allows, found)):
        yield Finding(True, f"SPF: it allows {host}")
    elif found:
        mend = f"Ask who runs {host} what to include; a mail sent to yourself shows spf=pass or spf=fail in its header."
        yield Finding(True, f"SPF: it does not name the address of {host}, which may send onwards from another", mend)


def _keys(sender: Sender, until: float) -> Iterator[Finding]:
    """The keys that are there under names that we know of; one that is missing is told of where we know that it is used."""
    found = False
    for selector in dict.fromkeys((*sender.selectors, *USUAL_SELECTORS)):
        for domain in dict.fromkeys((sender.domain, sender.organisation)):
            text = texts(f"{selector}._domainkey.{domain}", sender.dns_servers, until) if domain else None
            if text:
                found = True
                yield _key(f"{selector}._domainkey.{domain}", text)
            elif selector in sender.selectors and domain == sender.domain:
                yield Finding(False, f"DKIM: there is no key {selector}._domainkey.{domain}", DNS_FIRST)
    if not found:
        yield Finding(
            False,
            f"DKIM: no key of {sender.domain} is found, so our answers are probably not signed",
            "Turn signing on at your mail provider, and put the key that it shows into DNS. If it is on, write the name"
            ' behind s= in a mail that you have sent as dkim_selectors = ["…"] under [smtp].',
        )


def _key(name: str, text: Sequence[bytes]) -> Finding:
    tags = _tags(text[0])
    key = tags.get("p", "")
    if len(text) > 1:
        return Finding(False, f"DKIM: {name} has {len(text)} records, and receivers may take either", "Keep one.")
    if not key:
        return Finding(
            False, f"DKIM: the key {name} is withdrawn (p= is empty): signatures with it fail", "Use another."
        )
    try:
        length = len(base64.b64decode(key, validate=True))
    except (binascii.Error, ValueError):
        return Finding(
            False, f"DKIM: the key {name} cannot be read: it was cut or broken when it was put into DNS", DNS_FIRST
        )
    if tags.get("k", "rsa") == "rsa" and length < SHORT_KEY:
        return Finding(
            False, f"DKIM: the key {name} is shorter than 1024 bits, and is not believed", "Make one of 2048 bits."
        )
    if "y" in tags.get("t", "").split(":"):
        return Finding(False, f"DKIM: the key {name} is in testing (t=y), and is not counted by some", "Take t=y away.")
    short = tags.get("k", "rsa") == "rsa" and length < GOOD_KEY
    return Finding(True, f"DKIM: {name} is a key" + (" of 1024 bits; 2048 are better" if short else ""))


def _policy(sender: Sender, until: float) -> tuple[Mapping[str, str], Finding]:
    """The DMARC record of the domain, or that of the organisation."""
    for domain in dict.fromkeys(filter(None, (sender.domain, sender.organisation))):
        found = [each for each in texts(f"_dmarc.{domain}", sender.dns_servers, until) or [] if _is_dmarc(each)]
        if len(found) > 1:
            return {}, Finding(
                False, f"DMARC: {domain} has {len(found)} records, and receivers then take none", "Keep one."
            )
        if found:
            return _tags(found[0]), _policy_finding(domain, _tags(found[0]))
    mend = f'Add a TXT record _dmarc.{sender.organisation or sender.domain}: "v=DMARC1; p=none; rua=mailto:…" to begin with.'
    return {}, Finding(False, f"DMARC: {sender.domain} has no record; Gmail and others want one", mend)


def _policy_finding(domain: str, tags: Mapping[str, str]) -> Finding:
    policy = tags.get("p", "").lower()
    if policy not in ("none", "quarantine", "reject"):
        return Finding(
            False, f"DMARC: the record of {domain} has no policy (p=), and counts as none", "Add p=none at least."
        )
    said = {
        "none": "only asks for reports",
        "quarantine": "has forgeries put into spam",
        "reject": "has forgeries refused",
    }
    mend = 'Once reports show that all your mail passes, choose "quarantine" or "reject".' if policy == "none" else ""
    return Finding(True, f"DMARC: {domain} {said[policy]} (p={policy})", mend)


def _alignment(sender: Sender, policy: Mapping[str, str], *, signed: bool) -> Iterator[Finding]:
    """Whether SPF counts for the domain that readers see; where it does not, everything hangs on the signature."""
    strict = policy.get("aspf", "r").lower() == "s"
    same = sender.envelope == sender.domain if strict else sender.envelope_organisation == sender.organisation != ""
    if sender.envelope and same:
        return
    why = f"the envelope's domain is {sender.envelope}" if sender.envelope else "the envelope sender is <>"
    mend = f"Set envelope_from to an address at {sender.domain} that is read."
    if signed:
        yield Finding(True, f"DMARC: {why}, so SPF does not count for {sender.domain}, and all rests on DKIM", mend)
    elif policy:
        end = "refused" if policy.get("p") == "reject" else "put into spam"
        said = f"DMARC: {why}, and no signature is known of: our answers fail DMARC and may be {end}"
        yield Finding(False, said, mend)


def _is_dmarc(text: bytes) -> bool:
    return text.replace(b" ", b"").lower().startswith(b"v=dmarc1")


def _tags(text: bytes) -> Mapping[str, str]:
    pairs = (part.partition("=") for part in text.decode("latin-1").split(";"))
    return {name.strip().lower(): "".join(value.split()) for name, _, value in pairs if name.strip()}
