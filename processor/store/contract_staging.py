"""A file's contracts beside the register: what would change, and the change itself, all of it or nothing.

The lines go into temporary tables of one connection, so that a file of any length costs no memory here,
locks nobody out while a person looks at the difference, and leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Date,
    Engine,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
)

from processor.contract import Contract, name_key
from processor.likeness import domain_key
from processor.store import tables as t
from processor.store.columns import canonical, storable
from processor.store.events import Happening, write_event
from processor.store.transaction import WRITES

BATCH = 2000
SHOWN = 20
MOST_TOLD = 1000
KEY = ("customer_no", "product")
VALUES = ("org_no", "name", "name_key", "domains", "family", "type", "signed", "invoiced_to", "phone", "contacts")
LISTS = ("domains", "contacts")

_METADATA = MetaData()
_STAGED = Table(
    "contract_staged",
    _METADATA,
    Column("line", Integer, primary_key=True),
    *(Column(name, Text if name in ("product", "name") else String, index=name == "customer_no") for name in KEY),
    *(Column(name, Date if name in ("signed", "invoiced_to") else Text) for name in VALUES),
    prefixes=["TEMPORARY"],
)
_DOMAINS = Table(
    "contract_domain_staged",
    _METADATA,
    # A domain stands here once for each batch of lines that names it.
    Column("domain", String, index=True),
    Column("customer_no", String),
    Column("likeness", String),
    prefixes=["TEMPORARY"],
)


class ChangedMeanwhileError(Exception):
    """The register is not what it was when the difference was shown."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a file would do to the register; a few of each kind are shown, of the changed ones before and after."""

    new: int
    changed: int
    gone: int
    same: int
    shown_new: tuple[Contract, ...] = ()
    shown_changed: tuple[tuple[Contract, Contract], ...] = ()
    shown_gone: tuple[Contract, ...] = ()

    @property
    def counts(self) -> tuple[int, int, int, int]:
        return self.new, self.changed, self.gone, self.same

    @property
    def nothing(self) -> bool:
        return not (self.new or self.changed or self.gone)


@dataclass(frozen=True, slots=True)
class Staged:
    """A file's contracts in temporary tables of ``conn``."""

    conn: Connection

    def doubts(self) -> list[tuple[int, str]]:
        """Lines that do not agree with an earlier one, with the reason: a contract twice, a customer of two names."""
        s = _STAGED.c
        first = func.min(s.line).label("first")
        last = func.max(s.line).label("last")
        twice = select(first, last, s.customer_no).group_by(s.customer_no, s.product).having(func.count() > 1)
        differ = or_(func.min(s.org_no) != func.max(s.org_no), func.min(s.name) != func.max(s.name))
        other = select(first, last, s.customer_no).group_by(s.customer_no).having(differ)
        found = []
        with self.conn.begin():
            for row in self.conn.execute(twice.order_by(first).limit(MOST_TOLD)):
                found.append((row.last, f"customer {row.customer_no} has this product on line {row.first} already"))
            for row in self.conn.execute(other.order_by(first).limit(MOST_TOLD)):
                said = f"customer {row.customer_no} has another name or organisation number on line {row.first}"
                found.append((row.last, said))
        return sorted(found)

    def difference(self) -> Difference:
        """The difference to the register as it is now."""
        with self.conn.begin():
            return self._difference(SHOWN)

    def take(self, shown: Difference, file: str, digest: str, actor: str, now: datetime) -> None:
        """Make the register what the file says, in one transaction, with an event.

        Raises ChangedMeanwhileError when the difference is no longer the one that was ``shown``.
        """
        self.conn.execution_options(**{WRITES: True})
        with self.conn.begin():
            if self.conn.dialect.name == "postgresql":
                self.conn.exec_driver_sql("LOCK TABLE contract IN SHARE ROW EXCLUSIVE MODE")
            if self._difference(0).counts != shown.counts:
                raise ChangedMeanwhileError
            self._write()
            row = {"contracts": shown.new + shown.changed + shown.same, "added": shown.new}
            row |= {"changed": shown.changed, "removed": shown.gone}
            told = {"at": now, "actor": actor, "file": storable(file), "digest": digest, "problems": ""}
            self.conn.execute(insert(t.contract_import).values(**row, **told))
            write_event(self.conn, Happening("contracts.imported", actor, now, data={**row, "digest": digest}))

    def _write(self) -> None:
        c, s = t.contract.c, _STAGED.c
        equal = select(s.line).where(_same_key(), ~_differs())
        self.conn.execute(delete(t.contract).where(~equal.exists()))
        names = [*KEY, *VALUES]
        missing = select(*(s[name] for name in names)).where(~select(c.customer_no).where(_same_key()).exists())
        self.conn.execute(insert(t.contract).from_select(names, missing))
        d, e = t.contract_domain.c, _DOMAINS.c
        one = and_(d.domain == e.domain, d.customer_no == e.customer_no)
        self.conn.execute(delete(t.contract_domain).where(~select(e.domain).where(one).exists()))
        names = ["domain", "customer_no", "likeness"]
        fresh = select(*(e[name] for name in names)).distinct().where(~select(d.domain).where(one).exists())
        self.conn.execute(insert(t.contract_domain).from_select(names, fresh))

    def _difference(self, shown: int) -> Difference:
        c, s = t.contract.c, _STAGED.c
        new = select(_STAGED).where(~select(c.customer_no).where(_same_key()).exists())
        gone = select(t.contract).where(~select(s.line).where(_same_key()).exists())
        old = [c[name].label(f"old_{name}") for name in (*KEY, *VALUES)]
        changed = select(_STAGED, *old).join_from(_STAGED, t.contract, _same_key()).where(_differs())
        counts = [self._count(each) for each in (new, changed, gone, select(_STAGED))]
        rows = [
            self.conn.execute(each.limit(shown)).all() if shown else []
            for each in (new.order_by(s.line), changed.order_by(s.line), gone.order_by(c.customer_no, c.product))
        ]
        return Difference(
            new=counts[0],
            changed=counts[1],
            gone=counts[2],
            same=counts[3] - counts[0] - counts[1],
            shown_new=tuple(contract_of(row) for row in rows[0]),
            shown_changed=tuple((contract_of(row, "old_"), contract_of(row)) for row in rows[1]),
            shown_gone=tuple(contract_of(row) for row in rows[2]),
        )

    def _count(self, query: Select[*tuple[Any, ...]]) -> int:
        return int(self.conn.execute(select(func.count()).select_from(query.subquery())).scalar_one())


@contextmanager
def staged(engine: Engine, rows: Iterable[tuple[int, Contract]]) -> Iterator[Staged]:
    """Put the lines of a file beside the register for as long as the context lasts."""
    with engine.connect() as conn:
        try:
            with conn.begin():
                _METADATA.create_all(conn, checkfirst=False)
            each = iter(rows)
            while part := list(islice(each, BATCH)):
                with conn.begin():
                    _stage(conn, part)
            with conn.begin():
                _let_planner_know(conn)
            yield Staged(conn)
        finally:
            # The connection goes back to the pool, and its temporary tables would go with it.
            conn.invalidate()


def contract_of(row: Any, prefix: str = "") -> Contract:
    """A row of the register, or of a file beside it, as a value."""
    value = {name: getattr(row, prefix + name) for name in (*KEY, *VALUES) if name != "name_key"}
    lists = {name: tuple(value[name].split()) for name in LISTS}
    return Contract(**{**value, **lists})


def note_refused(engine: Engine, file: str, digest: str, problems: Sequence[str], actor: str, now: datetime) -> None:
    """Remember that a file was refused and why, so that it is not tried again and a person can see it."""
    row = {"at": now, "actor": actor, "file": storable(file), "digest": digest}
    with engine.connect().execution_options(**{WRITES: True}) as conn, conn.begin():
        conn.execute(insert(t.contract_import).values(**row, problems=canonical(list(problems))))
        write_event(
            conn, Happening("contracts.refused", actor, now, data={"digest": digest, "problems": len(problems)})
        )


def _stage(conn: Connection, part: Sequence[tuple[int, Contract]]) -> None:
    _put(conn, _STAGED, [_row(line, contract) for line, contract in part])
    domains = sorted({(domain, contract.customer_no) for _, contract in part for domain in contract.domains})
    rows = [{"domain": domain, "customer_no": number, "likeness": domain_key(domain)} for domain, number in domains]
    _put(conn, _DOMAINS, rows)


def _put(conn: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Put rows into a table; by COPY on PostgreSQL, where a statement a row is most of an import's time."""
    if not rows:
        return
    if conn.dialect.name != "postgresql":
        conn.execute(insert(table), rows)
        return
    names = [column.name for column in table.columns]
    driver: Any = conn.connection.dbapi_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([row[name] for name in names])


def _let_planner_know(conn: Connection) -> None:
    """Count the lines for PostgreSQL, which never does so by itself for temporary tables, and else plans for few."""
    if conn.dialect.name == "postgresql":
        for table in (_STAGED, _DOMAINS):
            conn.exec_driver_sql(f"ANALYZE {table.name}")


def _row(line: int, contract: Contract) -> dict[str, object]:
    plain = {name: getattr(contract, name) for name in (*KEY, *VALUES) if name not in ("name_key", *LISTS)}
    lists = {name: " ".join(getattr(contract, name)) for name in LISTS}
    return {**plain, **lists, "line": line, "name_key": name_key(contract.name)}


def _same_key() -> ColumnElement[bool]:
    return and_(*(t.contract.c[name] == _STAGED.c[name] for name in KEY))


def _differs() -> ColumnElement[bool]:
    return or_(*(t.contract.c[name].is_distinct_from(_STAGED.c[name]) for name in VALUES))
