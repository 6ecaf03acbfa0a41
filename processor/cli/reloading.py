"""``processor reload``: let the running daemon take changed rules and templates, and say what came of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, actor, open_config, open_engine

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from processor.store.reloading import Answer, Wish

LOOK_SECONDS = 0.3


def reload(
    force: Annotated[
        bool, typer.Option("--force", help="Ask no examples; broken rules are refused all the same.")
    ] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the daemon's answer.", min=0)] = 60.0,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Let the running daemon take changed rules and templates, as SIGHUP does; your name is recorded.

    They are taken only if they are right and every example in examples/ beside the rules is decided as its .want says.
    Exit status 1 when the old rules stay or no daemon answers.
    """
    from processor.store.reloading import ask_reload

    engine = open_engine(open_config(config))
    now = datetime.now(UTC)
    answer = _answer(engine, ask_reload(engine, force, actor(), now), now, wait)
    if answer is None:
        typer.echo("No daemon has answered; one that runs takes the rules within seconds.", err=True)
        raise typer.Exit(1)
    if not answer.taken:
        typer.echo(answer.problems, err=True)
        typer.echo("The old rules stay.", err=True)
        raise typer.Exit(1)
    typer.echo(f"The new rules are in force, version {answer.version}.")


def _answer(engine: Engine, wish: Wish, since: datetime, wait: float) -> Answer | None:
    from processor.store.reloading import answered

    until = time.monotonic() + wait
    while True:
        found = answered(engine, wish, since)
        if found is not None or time.monotonic() >= until:
            return found
        time.sleep(LOOK_SECONDS)
