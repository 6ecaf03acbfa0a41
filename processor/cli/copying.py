"""``processor db copy``: a store moved from SQLite to PostgreSQL, or back."""

from __future__ import annotations

from typing import Annotated

import typer

HELP = "sqlite:///FILE or postgresql://USER@HOST/DATABASE"
Source = Annotated[str, typer.Argument(help=f"The store to copy: {HELP}.", metavar="FROM")]
Target = Annotated[str, typer.Argument(help=f"The empty one: {HELP}.", metavar="TO")]


def copy(source: Source, target: Target) -> None:
    """Copy a whole store into an empty one, all or nothing, verified by count and digest of each table.

    Stop all daemons first: it refuses while one works on either. A password is best given in PGPASSWORD or
    ~/.pgpass. Example: processor db copy sqlite:///var/processor.db postgresql://processor@db/processor
    """
    from sqlalchemy.exc import SQLAlchemyError

    from processor.store.copying import CopyError, copy_store
    from processor.store.engine import SchemaError, open_to_read
    from processor.store.lock import StoreInUseError, nobody_else

    try:
        # A source that is not there must not be made by looking for its lock.
        open_to_read(source).dispose()
        with nobody_else(source), nobody_else(target):
            copied = copy_store(source, target)
    except (CopyError, SchemaError, StoreInUseError, SQLAlchemyError, OSError) as error:
        typer.echo(f"Not copied: {str(error).splitlines()[0]}", err=True)
        raise typer.Exit(1) from None
    for name, table in sorted(copied.items()):
        typer.echo(f"{name:20} {table.rows:>9}  {table.digest[:16]}")
    typer.echo("Both are the same. Write the new url under [store] in config.toml, and start no daemon on the old one.")
