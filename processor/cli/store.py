"""The store from the command line: its schema, and how the program stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config, open_engine
from processor.cli.queue import local

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

MOST_PROBLEMS = 5

db = typer.Typer(no_args_is_help=True, help="The database: upgrade its schema, copy it to another.")


@db.command("upgrade")
def upgrade(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Bring the database's schema up to this version (SQLite does so by itself)."""
    from sqlalchemy.exc import SQLAlchemyError

    from processor.store.engine import SchemaError
    from processor.store.engine import upgrade as to_head

    try:
        typer.echo(f"The schema is at {to_head(open_config(config).store_url)}.")
    except (SchemaError, SQLAlchemyError) as error:
        typer.echo(f"The store cannot be used: {str(error).splitlines()[0]}", err=True)
        raise typer.Exit(1) from None


def status(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Show how many mails, tickets, waiting actions and replies there are, by state, the rules and the contract register."""
    from processor.store.counts import counts

    engine = open_engine(open_config(config))
    for thing, states in counts(engine).items():
        typer.echo(
            f"{thing:10} " + (", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none")
        )
    typer.echo(_due(engine))
    for line in (*_rules(engine), *_contracts(engine), *_restored(engine)):
        typer.echo(line)


def _due(engine: Engine) -> str:
    from processor.store.due import SOON, due_counts

    overdue, near = due_counts(engine, datetime.now(UTC), SOON)
    hours = int(SOON / timedelta(hours=1))
    return f"{'due':10} {overdue} overdue, {near} due within {hours} h"


def _rules(engine: Engine) -> Iterator[str]:
    """The rules in force, and why a daemon kept them at the last reload."""
    from processor.store.reloading import standing

    found = standing(engine)
    yield f"{'rules':10} " + (f"version {found.version}, since {local(found.since)}" if found.since else "none yet")
    if found.refused_at:
        yield f"{'':10} changed ones refused: {local(found.refused_at)}"
        yield from (f"{'':12} {problem}" for problem in found.problems[:MOST_PROBLEMS])


def _contracts(engine: Engine) -> Iterator[str]:
    """The register, the file that it is from, and the one that was refused since."""
    from processor.store.contracts import count_contracts, last_imports

    taken, refused = last_imports(engine)
    source = f", from {taken.file} by {taken.actor}, {local(taken.at)}" if taken else ""
    yield f"{'contracts':10} {count_contracts(engine) or 'none'}{source}"
    if refused:
        yield f"{'':10} refused: {refused.file}, {local(refused.at)}"
        yield from (f"{'':12} {problem}" for problem in refused.problems[:MOST_PROBLEMS])


def _restored(engine: Engine) -> Iterator[str]:
    """That replies wait since a backup was restored."""
    from processor.store.restored import restoration, waiting

    last = restoration(engine)
    if last is not None and (replies := waiting(engine)):
        yield f"{'restored':10} {local(last.at)}; {len(replies)} replies wait for your word: processor restored list"
