"""Organisational domains by the public suffix list; the only importer of publicsuffixlist.

The list is the one shipped in the package: nothing is fetched, so equal mails decide alike.
"""

from __future__ import annotations

from functools import lru_cache

from publicsuffixlist import PublicSuffixList

from processor.message import Address

OwnAddresses = frozenset[str] | tuple[str, ...]
"""The same few for every mail."""


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=4096)
def organisational(domain: str) -> str:
    """The organisational domain (RFC 7489 section 3.2), lower case; "" for a public suffix or nothing."""
    return _suffixes().privatesuffix(domain.lower().rstrip(".")) or ""


def aligned(one: str, other: str) -> bool:
    """Whether two domains align in the relaxed mode of RFC 7489 section 3.1."""
    top = organisational(one)
    return bool(top) and top == organisational(other)


def domain_of(spec: str) -> str:
    """What stands behind the last @, lower case."""
    return spec.rpartition("@")[2].lower()


@lru_cache(maxsize=16)
def own_domains(own_addresses: OwnAddresses) -> frozenset[str]:
    """The domains of our own mailboxes, as written in their addresses."""
    return frozenset(domain_of(address) for address in own_addresses)


@lru_cache(maxsize=16)
def _below(own_addresses: OwnAddresses) -> tuple[str, ...]:
    return tuple(f".{own}" for own in own_domains(own_addresses))


def is_own(address: Address, own_addresses: OwnAddresses) -> bool:
    """Whether an address is in a domain of ours, or below one."""
    return address.domain in own_domains(own_addresses) or address.domain.endswith(_below(own_addresses))
