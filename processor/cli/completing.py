"""What the shell offers where it completes a word: from the configuration and the store, and nothing where they fail.

A completion writes nothing and says nothing: the shell shows whatever is printed in the middle of the command.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from processor.cli.opening import DEFAULT_CONFIG, closing_stores, open_config, open_engine

if TYPE_CHECKING:
    from processor.config import Config

MOST = 50


def mailboxes(ctx: typer.Context, incomplete: str) -> list[str]:
    """The mailboxes of the configuration."""
    return _offered(ctx, incomplete, lambda config: [each.name for each in config.mailboxes])


def forward_addresses(ctx: typer.Context, incomplete: str) -> list[str]:
    """To whom mail may be sent on."""
    return _offered(ctx, incomplete, lambda config: config.desk.forward_to)


def tickets(ctx: typer.Context, incomplete: str) -> list[str]:
    """The tickets that wait, the most urgent first."""

    def found(config: Config) -> Iterable[str]:
        from processor.store.queue import queue

        return dict.fromkeys(each.ticket_no for each in queue(open_engine(config), limit=MOST))

    return _offered(ctx, incomplete, found)


def steps(ctx: typer.Context, incomplete: str) -> list[str]:
    """Actions and replies that wait, as queue list shows them."""

    def found(config: Config) -> Iterable[str]:
        from processor.store.queue import queue, unsent

        engine = open_engine(config)
        actions = [f"a{each.action_id}" for each in queue(engine, limit=MOST) if each.action_id]
        return [*actions, *(f"r{each.outbox_id}" for each in unsent(engine, MOST))]

    return _offered(ctx, incomplete, found)


def people(ctx: typer.Context, incomplete: str) -> list[str]:
    """Everybody by name."""

    def found(config: Config) -> Iterable[str]:
        from processor.store.people import list_people

        return [each.name for each in list_people(open_engine(config))]

    return _offered(ctx, incomplete, found)


def saved_replies(ctx: typer.Context, incomplete: str) -> list[str]:
    """The saved replies, by their files."""

    def found(config: Config) -> Iterable[str]:
        return sorted({each.name.partition(".")[0] for each in (config.templates_dir / "saved").glob("*.txt")})

    return _offered(ctx, incomplete, found)


def roles(incomplete: str) -> list[str]:
    """The roles."""
    from processor.store.accounts import Role

    return [each.value for each in Role if each.startswith(incomplete)]


def sources(incomplete: str) -> list[str]:
    """On what a mail by hand came."""
    from processor.desk.words import SOURCES

    return [each for each in SOURCES if each.startswith(incomplete)]


def _offered(ctx: typer.Context, incomplete: str, found: Callable[[Config], Iterable[str]]) -> list[str]:
    path = ctx.params.get("config") or os.environ.get("PROCESSOR_CONFIG") or DEFAULT_CONFIG
    try:
        with redirect_stderr(StringIO()), closing_stores():
            told = list(found(open_config(Path(path))))
    except Exception:
        # Whoever presses the tab key is offered nothing, and no traceback in the middle of a line.
        return []
    return [each for each in told if each.startswith(incomplete)]
