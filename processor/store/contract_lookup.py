"""The contracts that mails may be about, looked up for a batch of them in at most three queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, literal, or_, select, union_all

from processor.contract import Asked, Contract, name_key
from processor.store import tables as t
from processor.store.contract_staging import contract_of

MOST_FOR_DOMAIN = 50
"""An accountant's domain may stand at hundreds of customers; some of them show that it is no one customer's."""
MOST_FOR_NUMBERS = 5000
MOST_FOR_MAIL = 200
NEIGHBOURS = 10


def contracts_for(conn: Connection, mails: Sequence[Asked]) -> list[tuple[Contract, ...]]:
    """For each mail its contracts: by organisation and customer number, by domain, and names alike for the rest."""
    numbered = _by_numbers(conn, mails)
    of_domains = _by_domains(conn, {domain for mail in mails for domain in mail.domains})
    found = [_of(mail, numbered, of_domains) for mail in mails]
    keys = {name_key(mail.name) for mail, own in zip(mails, found, strict=True) if not own}
    named = _alike(conn, sorted(keys - {""}))
    return [own or named.get(name_key(mail.name), ()) for mail, own in zip(mails, found, strict=True)]


def _of(mail: Asked, numbered: Iterable[Contract], of_domains: Iterable[tuple[str, Contract]]) -> tuple[Contract, ...]:
    own = [each for each in numbered if each.org_no in mail.org_nos or each.customer_no in mail.customer_nos]
    own += [each for domain, each in of_domains if domain in mail.domains]
    return tuple(dict.fromkeys(own))[:MOST_FOR_MAIL]


def _by_numbers(conn: Connection, mails: Sequence[Asked]) -> list[Contract]:
    c = t.contract.c
    org_nos = sorted({number for mail in mails for number in mail.org_nos})
    customer_nos = sorted({number for mail in mails for number in mail.customer_nos})
    asked = [
        *([c.org_no.in_(org_nos)] if org_nos else []),
        *([c.customer_no.in_(customer_nos)] if customer_nos else []),
    ]
    if not asked:
        return []
    query = select(t.contract).where(or_(*asked)).order_by(c.customer_no, c.product).limit(MOST_FOR_NUMBERS)
    return [contract_of(row) for row in conn.execute(query)]


def _by_domains(conn: Connection, domains: set[str]) -> list[tuple[str, Contract]]:
    if not domains:
        return []
    c, d = t.contract.c, t.contract_domain.c
    place = func.row_number().over(partition_by=d.domain, order_by=(c.customer_no, c.product)).label("place")
    joined = select(t.contract, d.domain.label("domain"), place).join_from(
        t.contract_domain, t.contract, d.customer_no == c.customer_no
    )
    rows = joined.where(d.domain.in_(sorted(domains))).subquery()
    query = select(rows).where(rows.c.place <= MOST_FOR_DOMAIN).order_by(rows.c.domain, rows.c.place)
    return [(row.domain, contract_of(row)) for row in conn.execute(query)]


def _alike(conn: Connection, keys: Sequence[str]) -> dict[str, tuple[Contract, ...]]:
    """The names that stand next to each key in the alphabet of consonants; matching chooses among them."""
    if not keys:
        return {}
    sides = [side for key in keys for side in (_neighbours(key, after=True), _neighbours(key, after=False))]
    found: dict[str, list[Contract]] = {}
    for row in conn.execute(union_all(*sides)):
        found.setdefault(row.asked, []).append(contract_of(row))
    return {key: tuple(sorted(rows, key=lambda each: (each.customer_no, each.product))) for key, rows in found.items()}


def _neighbours(key: str, *, after: bool) -> Select[*tuple[Any, ...]]:
    c = t.contract.c
    query = select(t.contract).where(c.name_key >= key if after else c.name_key < key)
    near = query.order_by(c.name_key if after else c.name_key.desc(), c.customer_no).limit(NEIGHBOURS).subquery()
    return select(near, literal(key).label("asked"))
