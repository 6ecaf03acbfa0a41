"""Customers' domains that a stranger's may be taken for, and whose a domain is, by the contract register."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, or_, select

from processor.store import tables as t

MOST = 500
"""Rows for a batch; names as common as this tell nothing."""


def domains_like(conn: Connection, keys: Collection[str], names: Collection[str]) -> list[tuple[str, str]]:
    """Known domains with one of these keys, or of these very names; each with its key."""
    if not keys and not names:
        return []
    d = t.contract_domain.c
    wanted = or_(d.likeness.in_(sorted(keys)), d.domain.in_(sorted(names)))
    query = select(d.domain, d.likeness).where(wanted).distinct().order_by(d.domain).limit(MOST)
    return [(row.domain, row.likeness) for row in conn.execute(query)]


def owners_of(conn: Connection, domains: Collection[str]) -> list[tuple[str, str]]:
    """The known among some domains, each with the customer whose it is."""
    if not domains:
        return []
    d = t.contract_domain.c
    query = select(d.domain, d.customer_no).where(d.domain.in_(sorted(domains))).order_by(d.domain, d.customer_no)
    return [(row.domain, row.customer_no) for row in conn.execute(query.limit(MOST))]
