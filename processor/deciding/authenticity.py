"""Who wrote this: what a trusted server's Authentication-Results prove (design.md, the table).

A header that we do not trust is as good as none, and a ``pass`` for another domain than From's
proves nothing.  Whatever is unclear is unproven, never proven.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from processor.deciding.domains import OwnAddresses, aligned, domain_of, is_own, organisational
from processor.message import AuthenticationResults, Message, MethodResult
from processor.provenance import Signature
from processor.ticket import Provenance

MOST_RECEIVED_ABOVE = 1
"""Our server writes its header above or directly below its own Received; a deeper one came along."""
UNCLEAR = "authentication_results_unclear"
"""Reading's word for a header that it dropped; were it the topmost, one that came along would take its place."""
POLICIES = ("policy.dmarc", "header.policy", "policy.p", "p", "policy", "action", "comment.p")


def judge(
    message: Message,
    authserv_ids: Iterable[str],
    own_addresses: OwnAddresses = (),
    signatures: Sequence[Signature] = (),
) -> Provenance:
    """Say who wrote a mail, as far as the topmost trusted Authentication-Results tells.

    ``authserv_ids`` are compared whole and without regard to case (RFC 8601 section 2.5); with none,
    every sender is unproven.  Where our server wrote nothing that can be read, the ``signatures`` count that
    we checked ourselves: they can prove a sender, never show a forged one.
    """
    author = message.sender
    if author is None:
        return Provenance("unproven", "From does not name one author")  # RFC 7489 section 6.6.1
    found = _judged(author.domain, _trusted(message, authserv_ids))
    if any(d.code == UNCLEAR and d.detail.startswith("header 1:") for d in message.defects):
        found = Provenance("unproven", "the topmost Authentication-Results cannot be read")
    if found.result == "unproven" and signatures and _trusted(message, authserv_ids) is None:
        found = _by_signatures(author.domain, message, signatures)
    if found.result == "unproven" and is_own(author, own_addresses):
        return Provenance("forged", f"{author.domain} is our own domain, but the mail lacks our signature")
    return found


def checkable(message: Message, authserv_ids: Iterable[str]) -> bool:
    """Whether it is worth to check the mail's signatures: one author, signed, and our server says nothing."""
    return message.sender is not None and message.signed and _trusted(message, authserv_ids) is None


def spoken(message: Message, authserv_ids: Iterable[str]) -> bool:
    """Whether our own server said something about the mail."""
    return _trusted(message, authserv_ids) is not None


def brought_along(message: Message, authserv_ids: Iterable[str]) -> bool:
    """Whether the mail came with a header under our own server's id, which that server should have removed."""
    trusted = _folded(tuple(authserv_ids))
    return any(
        header.authserv_id.casefold() in trusted and header.received_above > MOST_RECEIVED_ABOVE
        for header in message.authentication
    )


def _by_signatures(domain: str, message: Message, signatures: Sequence[Signature]) -> Provenance:
    for each in signatures:
        if each.by == "dkim" and each.result == "pass" and organisational(each.domain) and aligned(each.domain, domain):
            return Provenance("proven", f"DKIM signature of {each.domain}, which we checked")
    for each in signatures:
        if each.by == "arc" and each.result == "pass" and message.sealed:
            seen = _judged(domain, message.sealed)
            if seen.result == "proven":
                return Provenance("proven", f"{seen.why} by {message.sealed.authserv_id}, as {each.domain} has sealed")
    told = "; ".join(f"{each.by.upper()} of {each.domain}: {each.why}" for each in signatures if each.why)
    return Provenance(
        "unproven", f"our server checked nothing, and no signature proves {domain}" + (told and f" ({told})")
    )


def _trusted(message: Message, authserv_ids: Iterable[str]) -> AuthenticationResults | None:
    """The topmost header of a trusted server; one further down was brought along by the mail."""
    trusted = _folded(tuple(authserv_ids)) if message.authentication else frozenset()
    for header in message.authentication:
        if header.authserv_id.casefold() in trusted:
            return header if header.received_above <= MOST_RECEIVED_ABOVE else None
    return None


@lru_cache(maxsize=16)
def _folded(authserv_ids: tuple[str, ...]) -> frozenset[str]:
    return frozenset(each.casefold() for each in authserv_ids)


def _judged(domain: str, header: AuthenticationResults | None) -> Provenance:
    if header is None:
        return Provenance("unproven", "no Authentication-Results of a trusted server")
    dmarc = [each for each in header.results if each.method == "dmarc" and _speaks_of(each, domain)]
    outcomes = {each.result for each in dmarc}
    if len(outcomes) > 1:
        return Provenance("unproven", f"DMARC results contradict each other for {domain}")
    if outcomes == {"pass"}:
        return Provenance("proven", f"DMARC passed for {domain}")
    if outcomes == {"fail"}:
        if any(_policy(each, domain) == "none" for each in dmarc):
            return Provenance("unproven", f"DMARC failed for {domain}, whose policy is none")
        return Provenance("forged", f"DMARC failed for {domain}")
    signers = [signer for signer in map(_signer, header.results) if signer]
    if signed := next((each for each in signers if aligned(each, domain)), ""):
        return Provenance("proven", f"DKIM signature of {signed}")
    return Provenance("unproven", _what_lacks(domain, signers))


def _speaks_of(result: MethodResult, domain: str) -> bool:
    """Whether a DMARC result is about From's domain; one without header.from can be about nothing else."""
    named = dict(result.properties).get("header.from", "")
    return not named or domain_of(named) == domain or (aligned(named, domain) and result.result != "fail")


def _signer(result: MethodResult) -> str:
    """The domain of a DKIM signature that passed, never a public suffix."""
    if result.method != "dkim" or result.result != "pass":
        return ""
    properties = dict(result.properties)
    domain = domain_of(properties.get("header.d") or properties.get("header.i", ""))
    return domain if organisational(domain) else ""


def _policy(result: MethodResult, domain: str) -> str:
    """The policy that a result tells; below the organisational domain, the one for subdomains (RFC 7489 6.3)."""
    properties = dict(result.properties)
    if domain != organisational(domain) and "comment.sp" in properties:
        return properties["comment.sp"]
    return next((properties[name] for name in POLICIES if name in properties), "")


def _what_lacks(domain: str, signers: Sequence[str]) -> str:
    if signers:
        return f"signed by {', '.join(sorted(set(signers)))}, which is not {domain}"
    return f"no DKIM signature of {domain} and no DMARC pass"
