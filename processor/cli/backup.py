"""``processor backup``: the store into a folder, while the daemon runs; and looking whether one is whole."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config
from processor.cli.queue import local


def backup(
    folder: Annotated[Path, typer.Argument(help="A new folder for the backup, or one to verify.")],
    verify: Annotated[bool, typer.Option("--verify", help="Only read that backup and check it.")] = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Back the store up with all raw mails, while the daemon runs; the backup is read back before it has its name.

    Not in it: config.toml, secrets/, rules/ and templates/. Example: processor backup /srv/backup/2026-11-26
    """
    from sqlalchemy.exc import SQLAlchemyError

    from processor.store.backup import BackupError, back_up
    from processor.store.backup import verify as look
    from processor.store.copying import CopyError
    from processor.store.engine import SchemaError

    try:
        made = look(folder) if verify else back_up(open_config(config).store_url, folder, datetime.now(UTC))
    except BackupError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        raise typer.Exit(1) from None
    except (CopyError, SchemaError, SQLAlchemyError, OSError) as error:
        typer.echo(f"No backup was made: {str(error).splitlines()[0]}", err=True)
        raise typer.Exit(1) from None
    rows = sum(table.rows for table in made.tables.values())
    mails = made.tables["mail"].rows if "mail" in made.tables else 0
    typer.echo(f"{folder}: {mails} mails, {rows} rows, {made.size / 1e6:.1f} MB, as of {local(made.taken_at)}.")
    if not verify:
        _note(config, folder)
    typer.echo("Every table was read back and is as it was." if not verify else "It is as it was written.")


def _note(config: Path, folder: Path) -> None:
    """Let the store know, so that status and metrics tell how old the last backup is; one that cannot be written is."""
    from sqlalchemy.exc import SQLAlchemyError

    from processor.cli.opening import actor
    from processor.store.engine import open_store
    from processor.store.measures import note_backup

    try:
        engine = open_store(open_config(config).store_url)
        note_backup(engine, folder.absolute(), actor(), datetime.now(UTC))
        engine.dispose()
    except SQLAlchemyError:
        typer.echo("The store may only be read: status will not tell of this backup.", err=True)
