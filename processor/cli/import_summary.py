"""What became of the mails of an import, for whoever gave the command."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from processor.moving.bring_in import Span
    from processor.moving.found import Source
    from processor.store.import_runs import Run

MOST_SHOWN = 20


def short(source: Source) -> str:
    """A source by the last part of its name."""
    kind, _, place = source.name.partition(" ")
    return place if kind == "imap" or "://" in place else Path(place).name


def read(run: Run) -> int:
    """How many mails were looked at."""
    counts = run.counts
    return sum(counts.get(name, 0) for name in ("new", "again", "known", "later", "earlier", "unreadable"))


def sum_up(engine: Engine, source: Source, run: Run, span: Span) -> None:
    """What became of a source's mails, and of each that could not be read why."""
    count = run.counts.get
    typer.echo(f"{short(source)}: {read(run):,} mails read.")
    typer.echo(f"  {count('new', 0):,} new, {count('own', 0):,} of them our own; {count('tickets', 0):,} tickets made")
    told = (
        ("open", "tickets are open there, and so they are here"),
        ("known", "were here already"),
        ("again", "are another copy of a letter that is here"),
        ("later", f"came on {_day(span.before)} or later and are no history (--before)"),
        ("earlier", f"came before {_day(span.since)} and were left out"),
        ("notes", "notes of staff were taken over"),
        ("lacking", "attached files are named in the export, which does not hold them"),
        ("notes_only", "tickets hold no letter"),
        ("unreadable", "could not be taken in:"),
    )
    for name, words in told:
        if count(name):
            typer.echo(f"  {count(name):,} {words}")
    for where, why in run.faults[:MOST_SHOWN]:
        typer.echo(f"    {where}: {why}")
    if (more := count("unreadable", 0) - min(len(run.faults), MOST_SHOWN)) > 0:
        typer.echo(f"    … and {more:,} more")
    if (old := _soon_erased(engine)) and count("new"):
        typer.echo(
            f"  {old:,} tickets of history have not changed for a year: tonight's retention erases those that no law "
            "keeps (docs/operate/moving-in.md)"
        )


def _day(when: datetime | None) -> str:
    from processor.cli.queue import local

    return local(when).split()[0] if when else ""


def _soon_erased(engine: Engine) -> int:
    from processor.store.history import unchanged_since

    return unchanged_since(engine, datetime.now(UTC) - timedelta(days=365))


def list_runs(engine: Engine) -> None:
    """Every source that was ever taken in, the oldest first."""
    from processor.cli.queue import local
    from processor.store.import_runs import runs

    found = runs(engine)
    for run, ended in found:
        how = f"ended {local(ended)}" if ended else "cut off, or still under way: the same command goes on"
        told = f"{run.counts.get('new', 0):,} new in {run.counts.get('tickets', 0):,} tickets"
        typer.echo(f"{run.source}: {told}, {run.counts.get('unreadable', 0):,} not taken in; {how}")
    if not found:
        typer.echo("Nothing was ever taken in.")
