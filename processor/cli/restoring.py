"""``processor restore`` and what follows it: what waits for an operator's word, and the mail that nobody had seen."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, actor, open_config, open_engine
from processor.cli.queue import local, parse_id

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from processor.config import Config
    from processor.store.restored import FoundMail, Waiting

app = typer.Typer(no_args_is_help=True, help="After a restore: what waits for your word, and mail that was found.")
Which = Annotated[list[str] | None, typer.Argument(help="Replies (r7 r8); without any: all.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def restore(
    folder: Annotated[Path, typer.Argument(help="A backup.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Restore a backup into the configured store, which must be empty; stop the daemon first.

    Nothing that was unsent when the backup was taken goes out before: processor restored release
    Mail that arrived since is read from the mailbox and listed, and never answered by itself.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from processor.store import restoration
    from processor.store.backup import BackupError
    from processor.store.copying import CopyError
    from processor.store.engine import SchemaError
    from processor.store.lock import StoreInUseError, nobody_else

    settings = open_config(config)
    url = settings.store_url
    try:
        with nobody_else(url):
            done = restoration.restore(folder, url, actor(), datetime.now(UTC))
    except BackupError as error:
        for problem in error.problems:
            typer.echo(problem, err=True)
        raise typer.Exit(1) from None
    except (CopyError, SchemaError, StoreInUseError, SQLAlchemyError, OSError) as error:
        typer.echo(f"Not restored: {str(error).splitlines()[0]}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"Restored: the store is as it was {local(done.manifest.taken_at)}.")
    _tell_of_keys(settings)
    typer.echo(
        f"{done.held} replies wait for your word, {done.in_doubt} are in doubt, {done.reminders} reminders fell away."
    )
    typer.echo("Look at: processor levels list, processor people list (both are as they were then)")
    typer.echo("Then start the daemon, which reads what arrived since, and see: processor restored list")


def _tell_of_keys(settings: Config) -> None:
    """What the configuration lacks to read what was restored."""
    from processor.loading.problems import Refused
    from processor.steps.opened import opened

    try:
        opened(settings).dispose()
    except Refused as refused:
        for problem in refused.problems:
            typer.echo(f"Before the start: {problem}", err=True)


@app.command("list")
def show(
    config: ConfigPath = DEFAULT_CONFIG,
    limit: Annotated[int, typer.Option(help="Most mails.", min=1)] = 200,
) -> None:
    """List the replies that wait for your word, and the mails that arrived between the backup and its restore."""
    from processor.store.restored import found_mails, restoration, waiting

    engine = open_engine(open_config(config))
    last = restoration(engine)
    if last is None:
        typer.echo("No backup was ever restored into this store.")
        return
    typer.echo(f"Restored {local(last.at)} by {last.by}, from a backup of {local(last.taken_at)}.")
    replies = waiting(engine)
    typer.echo(f"\n{len(replies)} replies had not left then, and may have left since:")
    for reply in replies:
        typer.echo(_line(reply))
    mails = found_mails(engine, limit)
    typer.echo(f"\n{len(mails)} mails were not decided then; none is answered by itself:")
    for mail in mails:
        typer.echo(_mail_line(mail))


@app.command("accept")
def accept(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Go on with a store that has lost its last commits, as if a backup of that moment had been restored.

    Do so only where the lost part cannot be found again: its -wal file, or the newer copy.
    """
    from processor.store.gone_back import gone_back
    from processor.store.lock import StoreInUseError, nobody_else
    from processor.store.restoration import accept_older

    settings = open_config(config)
    try:
        with nobody_else(settings.store_url):
            engine = open_engine(settings)
            if gone_back(engine) is None:
                typer.echo("The store has lost nothing; nothing was changed.", err=True)
                raise typer.Exit(1)
            came = accept_older(engine, actor(), datetime.now(UTC))
    except StoreInUseError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(
        f"{came.held} replies wait for your word, {came.in_doubt} are in doubt, {came.reminders} reminders fell."
    )
    typer.echo("Start the daemon, which reads again what arrived since, and see: processor restored list")


@app.command("release")
def release(which: Which = None, yes: Yes = False, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Show what would be sent, ask, and let it go; drafts wait for their approval again.

    Whatever the lost store sent since its backup is sent once more: look into your sent mail first.
    Example: processor restored release r7 r9
    """
    from processor.store.restored import release as let_go

    engine = open_engine(open_config(config))
    chosen = _chosen(engine, which)
    leaving = [reply for reply in chosen if reply.leaves]
    for reply in leaving:
        typer.echo(f"{_line(reply)}\n{_quoted(reply)}")
    others = len(chosen) - len(leaving)
    typer.echo(f"{len(leaving)} would be sent; {others} wait again for what they waited for.")
    _ask("Send them?" if leaving else "Go on?", yes)
    count = let_go(engine, [reply.outbox_id for reply in chosen], actor(), datetime.now(UTC))
    typer.echo(f"{count} of {len(chosen)} released.")
    raise typer.Exit(0 if count == len(chosen) else 1)


@app.command("withdraw")
def withdraw(which: Which = None, yes: Yes = False, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Cancel replies that have left already, or shall not leave; without any named, all that a release would send."""
    from processor.store.restored import withdraw as cancel

    engine = open_engine(open_config(config))
    falling = [reply for reply in _chosen(engine, which) if reply.leaves or which]
    for reply in falling:
        typer.echo(_line(reply))
    _ask(f"Cancel these {len(falling)}?", yes)
    count = cancel(engine, [reply.outbox_id for reply in falling], actor(), datetime.now(UTC))
    typer.echo(f"{count} of {len(falling)} cancelled.")


def _chosen(engine: Engine, which: list[str] | None) -> list[Waiting]:
    """The replies that wait, of those that were named; exit 1 when there is nothing to do."""
    from processor.store.restored import waiting

    only = [_reply(each) for each in which] if which else None
    chosen = waiting(engine, only)
    missing = set(only or ()) - {reply.outbox_id for reply in chosen}
    for number in sorted(missing):
        typer.echo(f"r{number} does not wait since a restore.", err=True)
    if not chosen and not missing:
        typer.echo("No reply waits for your word since a restore.", err=True)
    if missing or not chosen:
        typer.echo("Nothing was changed.", err=True)
        raise typer.Exit(1)
    return chosen


def _reply(which: str) -> int:
    kind, number = parse_id(which)
    if kind != "r":
        raise typer.BadParameter("only replies (r7) are held by a restore")
    return number


def _ask(question: str, yes: bool) -> None:
    if not yes and not typer.confirm(question):
        typer.echo("Nothing was changed.")
        raise typer.Exit(1)


def _line(reply: Waiting) -> str:
    was = f"{reply.was}: {reply.reason}" if reply.reason else str(reply.was)
    which = f"r{reply.outbox_id}"
    return f"{which:>6}  {reply.ticket_no}  {reply.kind} to {reply.to}, of {local(reply.created_at)}, was {was}"


def _quoted(reply: Waiting) -> str:
    return "\n".join(f"        {line}".rstrip() for line in (f"Subject: {reply.subject}", "", *reply.text.splitlines()))


def _mail_line(mail: FoundMail) -> str:
    which, state = f"m{mail.mail_id}", mail.outcome or mail.state
    return (
        f"{which:>6}  {mail.ticket_no:12}  {local(mail.arrived_at)}  {state:9} {mail.sender}  {mail.subject}".rstrip()
    )
