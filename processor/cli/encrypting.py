"""``processor db encrypt``: mails that lie in clear are encrypted, and a new key takes the place of an older one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, actor, open_config, open_engine, refusals

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from processor.config import Config
    from processor.store.encrypting import Step

Vacuum = Annotated[
    bool, typer.Option("--vacuum", help="Then write the database anew without its free room; stop all daemons first.")
]


def encrypt(vacuum: Vacuum = False, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Encrypt the mails that lie in clear, and wrap the keys of the others under the key in encrypt_with.

    May run beside the daemon, once that was restarted with this key; may be broken off, and goes on where it was.
    Exit 1 when something did not open and stays as it lies. Example: processor db encrypt --vacuum
    """
    from sqlalchemy.exc import SQLAlchemyError

    from processor.store.encrypting import note_encrypted, rewrite, settle, summed
    from processor.store.keys_in_use import without_key
    from processor.store.lock import StoreInUseError, nobody_else

    settings = open_config(config)
    engine = open_engine(settings)
    key = _key(settings)
    with ExitStack() as held:
        try:
            held.enter_context(nobody_else(settings.store_url))
            beside = False
        except StoreInUseError as error:
            beside = True
            if vacuum:
                _refuse(f"--vacuum needs the store alone. {error}.")
            if others := without_key(engine, key):
                _refuse(
                    f"{', '.join(others)} works on the store with another key, or none: restart it first, then try again."
                )
        try:
            done = summed(_shown(engine))
            if done.mails or done.files or done.keys:
                note_encrypted(engine, done, actor(), datetime.now(UTC))
            settled = settle(engine)
            if vacuum:
                rewrite(engine)
        except (SQLAlchemyError, OSError) as error:
            _refuse(f"Broken off, and what is done is done: {str(error).splitlines()[0]}")
    _tell(done, key)
    if not vacuum and done.mails:
        _tell_of_room(settled, beside)
    raise typer.Exit(1 if done.damaged else 0)


def _key(settings: Config) -> str:
    """The name of the key that encrypts, or exit 2."""
    from processor.loading.store_settings import SEALS, keyring, refused

    with refusals():
        ring = keyring(settings.encryption)
        if ring is None or not ring.current:
            raise refused(settings.encryption, f"[store] names no {SEALS}: there is nothing to encrypt with")
        return ring.current


def _shown(engine: Engine) -> Iterator[Step]:
    """The batches as they are done, with a bar on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from processor.store.encrypting import encrypt as batches
    from processor.store.encrypting import left

    columns = (TextColumn("encrypt"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    terminal = sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not terminal) as bar:
        task = bar.add_task("encrypt", total=left(engine) if terminal else None)
        for step in batches(engine):
            bar.advance(task, step.mails + step.files + step.keys)
            yield step


def _tell(done: Step, key: str) -> None:
    typer.echo(
        f"{done.mails} mails and {done.files} files encrypted, {done.keys} keys wrapped anew: all under the key {key}."
        if done.mails or done.files or done.keys
        else f"Nothing was left to do: all lies under the key {key}."
        if not done.damaged
        else "Nothing was changed."
    )
    for each in done.damaged:
        typer.echo(f"Left as it lies: {each}.", err=True)
    if done.keys and not done.damaged:
        typer.echo(
            "decrypt_with is needed here no more. Keep older keys for as long as backups that were made with them."
        )


def _tell_of_room(settled: bool, beside: bool) -> None:
    if not settled:
        typer.echo("The write-ahead log is in use and may hold clear bytes until it is begun anew.")
    stop = "stop all daemons, then run" if beside else "run"
    typer.echo(f"Free room in the database may still hold clear bytes: {stop} processor db encrypt --vacuum")
    typer.echo("Backups and snapshots made until now hold the mails in clear.")


def _refuse(said: str) -> None:
    typer.echo(said, err=True)
    raise typer.Exit(1)
