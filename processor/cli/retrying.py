"""``processor retry``: mails that were set aside are decided anew, after an upgrade or a mended rule."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, actor, open_config, open_engine
from processor.cli.queue import parse_id


def retry(
    which: Annotated[
        list[str] | None, typer.Argument(help="Mails (m7) as queue list shows them.", metavar="MAIL")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All mails that are set aside.")] = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Let mails that were set aside be decided anew, after an upgrade or a mended rule.

    Those whose bytes are not whole here stay: they are looked at in the mailbox. Example: processor retry --all
    """
    from processor.store.aside import set_aside_ids
    from processor.store.work import retry_mail

    if bool(which) == everything:
        raise typer.BadParameter("name mails (m7), or all of them with --all")
    named = [parse_id(each) for each in which or []]
    if any(kind != "m" for kind, _ in named):
        raise typer.BadParameter("only a mail that was set aside (m7) is tried again")
    engine = open_engine(open_config(config))
    ids = set_aside_ids(engine) if everything else [number for _, number in named]
    stay = [each for each in ids if not retry_mail(engine, each, actor(), datetime.now(UTC))]
    typer.echo(f"{len(ids) - len(stay)} of {len(ids)} mails are decided at the next pass.")
    if stay:
        names = ", ".join(f"m{each}" for each in stay)
        typer.echo(f"Not set aside, or their bytes are not whole: {names}", err=True)
        raise typer.Exit(1)
