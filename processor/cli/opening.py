"""What most commands begin with: the configuration, the rules, the store; and how refusals are told."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from processor.loading.problems import Refused

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from processor.config import Config
    from processor.rulebook import Rulebook

ConfigPath = Annotated[
    Path,
    typer.Option("--config", "-c", help="The configuration file.", envvar="PROCESSOR_CONFIG", show_default=True),
]
DEFAULT_CONFIG = Path("config.toml")
NO_PRIVILEGE, READ_ONLY_TRANSACTION = "42501", "25006"
"""PostgreSQL's words for both (its manual, appendix A)."""

_OPENED: ContextVar[ExitStack] = ContextVar("the stores that a command has opened")


@contextmanager
def closing_stores() -> Iterator[None]:
    """Close at the end what ``open_engine`` opens meanwhile."""
    with ExitStack() as stores:
        before = _OPENED.set(stores)
        try:
            yield
        finally:
            _OPENED.reset(before)


@contextmanager
def refusals() -> Iterator[None]:
    """Print an operator's mistakes, one a line, and exit 2."""
    try:
        yield
    except Refused as refused:
        for problem in refused.problems:
            typer.echo(str(problem), err=True)
        count = len(refused.problems)
        typer.echo(f"{count} problem{'s' if count != 1 else ''}; nothing was started.", err=True)
        raise typer.Exit(2) from None


def open_config(path: Path, *, passwords: bool = False) -> Config:
    """Load the configuration or exit 2; a missing one is named by the path that was looked for.

    ``passwords`` is for those who talk to the servers: a colleague at the queue may not read these files at all.
    """
    from processor.loading.configuration import load_config

    if not path.exists():
        typer.echo(f"No configuration at {path.absolute()}.", err=True)
        typer.echo("Write one with: processor init   Or see it work first with: processor demo", err=True)
        raise typer.Exit(2)
    with refusals():
        return load_config(path, passwords=passwords)


def open_rules(config: Config) -> Rulebook:
    """Load rules and templates or exit 2 with all that is wrong in them."""
    from processor.loading.rules import load_rulebook

    with refusals():
        return load_rulebook(config.rules_dir, config.templates_dir, config.own_addresses)


def shipped(name: str) -> Path:
    """The folder ``rules`` or ``templates``: of the working directory, else the one beside the program."""
    here = Path(name)
    return here if here.is_dir() else Path(__file__).parent.parent.parent / name


def open_engine(config: Config, *, keys: bool = True) -> Engine:
    """Open the store or exit 1 with the reason in words; exit 2 where a key of its mails is missing or another.

    Without ``keys`` no mail can be read or written: for what must work at any rate.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from processor.steps.opened import opened
    from processor.store.engine import SchemaError, open_store

    try:
        with refusals():
            engine = opened(config) if keys else open_store(config.store_url)
    except (SchemaError, SQLAlchemyError, OSError) as error:
        typer.echo(f"The store cannot be used: {str(error).splitlines()[0]}", err=True)
        raise typer.Exit(1) from None
    if stores := _OPENED.get(None):
        stores.callback(engine.dispose)
    return engine


def refuse_gone_back(engine: Engine) -> None:
    """Exit 2 where the store has lost commits, since what it answered in them it would answer again."""
    from processor.store.gone_back import gone_back

    if lost := gone_back(engine):
        typer.echo(
            f"The store ends at event {lost.has} and once held event {lost.had}: its last commits are lost. Its -wal "
            "file was taken away, or an older copy lies in its place.\n"
            "Put the file back that belongs there. If it is gone for good: processor restored accept",
            err=True,
        )
        raise typer.Exit(2)


def store_refusal(error: BaseException) -> str:
    """What to tell whose store may only be read, or holds bytes that do not open, "" for any other error."""
    from sqlalchemy.exc import DBAPIError

    from processor.ciphers import NotOpenedError

    if isinstance(error, NotOpenedError):
        return f"The bytes of a mail in the store are {error}."
    if not isinstance(error, DBAPIError):
        return ""
    state = getattr(error.orig, "sqlstate", None)
    # SQLite's primary code is the last byte of its extended one.
    read_only = (getattr(error.orig, "sqlite_errorcode", None) or 0) & 0xFF == sqlite3.SQLITE_READONLY
    if state not in (NO_PRIVILEGE, READ_ONLY_TRANSACTION) and not read_only:
        return ""
    reason = str(error.orig).splitlines()[0]
    if state == NO_PRIVILEGE and (error.statement or "").lstrip().upper().startswith("SELECT"):
        return f"The store does not let this user read what the command shows: {reason}."
    return f"The store may only be read by this user, and this command writes to it: {reason}."


def actor() -> str:
    """Who gives the command, as the audit trail names them."""
    return f"{os.environ.get('SUDO_USER') or os.environ.get('USER') or 'operator'} (command line)"
