"""Reading the contract register, and how it came to be what it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, func, or_, select

from processor.contract import Contract
from processor.store import tables as t
from processor.store.contract_staging import contract_of
from processor.store.transaction import reading


@dataclass(frozen=True, slots=True)
class Import:
    """A file that was taken, or refused with ``problems``."""

    at: datetime
    actor: str
    file: str
    digest: str
    contracts: int
    added: int
    changed: int
    removed: int
    problems: tuple[str, ...]


def contracts_like(engine: Engine, text: str, limit: int) -> list[Contract]:
    """Contracts whose customer or organisation number begins with the text, or whose name or product holds it."""
    c = t.contract.c
    query = select(t.contract).order_by(c.customer_no, c.product).limit(limit)
    if text.strip():
        # "974 760 673" is a number too.
        number = "".join(text.split())
        holds = [column.icontains(text.strip(), autoescape=True) for column in (c.name, c.product)]
        begins = [column.startswith(number, autoescape=True) for column in (c.customer_no, c.org_no)]
        query = query.where(or_(*begins, *holds))
    with reading(engine) as conn:
        return [contract_of(row) for row in conn.execute(query)]


def contracts_of(engine: Engine, customer: str) -> list[Contract]:
    """All contracts of a customer, named by customer number or organisation number."""
    c = t.contract.c
    number = "".join(customer.split())
    query = select(t.contract).where(or_(c.customer_no == customer.strip(), c.org_no == number))
    with reading(engine) as conn:
        return [contract_of(row) for row in conn.execute(query.order_by(c.customer_no, c.product))]


def count_contracts(source: Engine | Connection) -> int:
    """How many contracts the register holds."""
    with reading(source) as conn:
        return int(conn.execute(select(func.count()).select_from(t.contract)).scalar_one())


def last_imports(source: Engine | Connection) -> tuple[Import | None, Import | None]:
    """The last file that was taken, and the last one refused if that was later."""
    i = t.contract_import.c
    query = select(t.contract_import).order_by(i.id.desc()).limit(1)
    with reading(source) as conn:
        taken = conn.execute(query.where(i.problems == "")).first()
        refused = conn.execute(query.where(i.problems != "")).first()
    if taken and refused and refused.id < taken.id:
        refused = None
    return _import(taken), _import(refused)


def _import(row: t.AnyRow | None) -> Import | None:
    if row is None:
        return None
    problems = tuple(json.loads(row.problems)) if row.problems else ()
    return Import(row.at, row.actor, row.file, row.digest, row.contracts, row.added, row.changed, row.removed, problems)
