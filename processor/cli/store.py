"""The store from the command line: its schema, and copies of it."""

from __future__ import annotations

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config

db = typer.Typer(no_args_is_help=True, help="The database: upgrade its schema, copy it to another, encrypt its mails.")


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
