"""How far each source of history is read: the checkpoint from which an import that was killed goes on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select, update

from processor.store import tables as t
from processor.store.columns import canonical
from processor.store.events import Happening, write_event
from processor.store.transaction import commit, reading

MOST_FAULTS = 100


class OvertakenImportError(Exception):
    """Another process is taking in the same source."""


@dataclass(frozen=True, slots=True)
class Run:
    """A source, and what became of its mails up to ``position``.

    ``faults`` are (where, why) of what could not be read, the first MOST_FAULTS; ``counts`` has them all by
    ``unreadable``.  ``resumed``: an earlier run was cut off there.
    """

    source: str
    mark: str
    position: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[tuple[str, str], ...] = ()
    resumed: bool = False

    def at(self, position: str, counts: Mapping[str, int], faults: tuple[tuple[str, str], ...]) -> Run:
        """The run further on, with what was counted since."""
        return replace(
            self,
            position=position,
            counts=dict(Counter(self.counts) + Counter(counts)),
            faults=(*self.faults, *faults)[:MOST_FAULTS],
        )


def begin_import(engine: Engine, source: str, mark: str, now: datetime, *, anew: bool = False) -> Run:
    """Go on where the source was left, or begin: at an ended one, and at another file under the same name."""
    return commit(engine, lambda conn: _begin(conn, source, mark, now, anew))


def end_import(engine: Engine, run: Run, actor: str, now: datetime) -> None:
    """The source is read to its end."""

    def work(conn: Connection) -> None:
        conn.execute(update(t.import_run).where(t.import_run.c.source == run.source).values(ended_at=now))
        data = {"source": run.source, **run.counts}
        write_event(conn, Happening("import.ended", actor, now, data=data))

    commit(engine, work)


def runs(engine: Engine) -> list[tuple[Run, datetime | None]]:
    """Every source that was ever taken in, with when it ended; None where it did not."""
    with reading(engine) as conn:
        rows = conn.execute(select(t.import_run).order_by(t.import_run.c.began_at)).all()
    return [(_run(row, resumed=row.ended_at is None), row.ended_at) for row in rows]


def advance(conn: Connection, run: Run, after: Run, counts: Mapping[str, int], now: datetime) -> None:
    """Move the checkpoint within the caller's transaction; raises OvertakenImportError where it is not as it was."""
    moved = after.at(after.position, counts, ())
    values = {"position": moved.position, "tally": _tally(moved), "changed_at": now}
    i = t.import_run.c
    here = (i.source == run.source, i.mark == run.mark, i.position == run.position)
    if not conn.execute(update(t.import_run).where(*here).values(values)).rowcount:
        raise OvertakenImportError(run.source)


def _begin(conn: Connection, source: str, mark: str, now: datetime, anew: bool) -> Run:
    i = t.import_run.c
    row = conn.execute(select(t.import_run).where(i.source == source)).first()
    fresh = {"mark": mark, "position": "", "tally": "{}", "began_at": now, "changed_at": now, "ended_at": None}
    if row is None:
        conn.execute(insert(t.import_run).values(source=source, **fresh))
        return Run(source, mark)
    if row.ended_at is None and row.mark == mark and not anew:
        return _run(row, resumed=bool(row.position))
    conn.execute(update(t.import_run).where(i.source == source).values(fresh))
    return Run(source, mark)


def _run(row: t.AnyRow, *, resumed: bool) -> Run:
    tally = json.loads(row.tally)
    faults = tuple((str(where), str(why)) for where, why in tally.get("faults", ()))
    return Run(row.source, row.mark, row.position, tally.get("counts", {}), faults, resumed)


def _tally(run: Run) -> str:
    return canonical({"counts": dict(run.counts), "faults": [list(each) for each in run.faults]})
