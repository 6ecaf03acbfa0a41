"""``processor webhooks``: how the telling stands, a try, and messages that were given up once more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, actor, open_config, open_engine

app = typer.Typer(no_args_is_help=True, help="Other programs that are told of ticket events.")


@app.command("list")
def show(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """List the webhooks: messages taken, waiting, given up, and why the last one was not taken."""
    from processor.store.webhooks import tally

    settings = open_config(config)
    found = tally(open_engine(settings))
    for hook in settings.webhooks:
        told = found.get(hook.name)
        counts = f"{told.sent} taken, {told.waiting} waiting, {told.failed} given up" if told else "nothing told yet"
        typer.echo(f"{hook.name}: {counts}" + (f" ({told.error})" if told and told.error else ""))
    if not settings.webhooks:
        typer.echo("No [[webhook]] is configured.")


@app.command("resend")
def resend(name: Annotated[str, typer.Argument(help="The webhook.")], config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Try the messages again that were given up, and those that wait, now; a running daemon sends them.

    Example: processor webhooks resend crm
    """
    from processor.store.webhooks import try_again

    settings = open_config(config)
    if name not in {each.name for each in settings.webhooks}:
        typer.echo(f"There is no webhook named {name!r}.", err=True)
        raise typer.Exit(1)
    count = try_again(open_engine(settings), name, actor(), datetime.now(UTC))
    typer.echo(f"{count} messages are tried at the next pass.")
