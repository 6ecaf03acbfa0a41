"""``processor import``: archives, folders of a server and other systems' exports, taken in as history."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from processor.cli.import_summary import list_runs, read, short, sum_up
from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, actor, open_config, open_engine, open_rules

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from processor.config import Config
    from processor.mail_servers import MailboxSettings
    from processor.moving.bring_in import BringIn, Span
    from processor.moving.found import Source
    from processor.rulebook import Rulebook
    from processor.store.import_runs import Run

HISTORY = "history"
"""The account that history is attributed to where no mailbox of several is named."""


def bring_in(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="An mbox, a Maildir, a folder of .eml files, a mail, or an export of Zammad or Zendesk."),
    ] = None,
    mailbox: Annotated[
        str, typer.Option(help="The configured mailbox that it belongs to.", show_default="the only one there is")
    ] = "",
    folder: Annotated[
        list[str] | None, typer.Option(help="A folder of that mailbox's server (repeat for more).")
    ] = None,
    dialect: Annotated[
        str, typer.Option("--as", help="zammad or zendesk, where the export does not tell by itself.")
    ] = "",
    zammad: Annotated[str, typer.Option(help="The address of a running Zammad.", metavar="URL")] = "",
    token_file: Annotated[
        Path | None, typer.Option(help="The file with a token of that Zammad, of a user who sees every group.")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Only what came on that day or later.")
    ] = None,
    before: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="DATE",
            help="Only what came before that day.",
            show_default="the first start, since what came after it is answered",
        ),
    ] = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="Read from the beginning, not from where it was cut off.")
    ] = False,
    listed: Annotated[
        bool, typer.Option("--list", help="Only list what was ever taken in, and what was cut off.")
    ] = False,
    jobs: Annotated[int | None, typer.Option(help="Processes that read.", min=1, show_default="one a core")] = None,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Take mail of the time before us in as history: threads, customers and closed tickets; nothing is ever answered.

    What is here already is known again, so it may be run twice, and one that was killed goes on where it was.
    Example: processor import Archive.mbox Sent.mbox
    """
    settings = open_config(config, passwords=bool(folder))
    if listed:
        list_runs(open_engine(settings))
        return
    # Looked at before anything is written, since every process would stumble over them.
    rulebook = open_rules(settings)
    box = _mailbox(settings, mailbox, bool(folder))
    sources = _sources(paths or [], folder or [], box, dialect, bool(zammad)) + _servers(zammad, token_file)
    engine = open_engine(settings)
    span = _span(engine, sources, box, since, before)
    unread = 0
    for source in sources:
        unread += _one(engine, settings, rulebook, source, box, span, jobs or cores(), anew)
    engine.dispose()
    raise typer.Exit(1 if unread else 0)


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _mailbox(settings: Config, name: str, needed: bool) -> MailboxSettings | None:
    found = next((each for each in settings.mailboxes if each.name == name), None)
    if found is None and name:
        names = ", ".join(each.name for each in settings.mailboxes)
        typer.echo(f"No mailbox {name!r} is configured: there is {names}.", err=True)
        raise typer.Exit(2)
    if found is None and len(settings.mailboxes) == 1:
        found = settings.mailboxes[0]
    if found is None and needed:
        typer.echo("Say with --mailbox of which mailbox the folder is.", err=True)
        raise typer.Exit(2)
    return found


def _sources(
    paths: list[Path], folders: list[str], box: MailboxSettings | None, dialect: str, servers: bool
) -> list[Source]:
    """Every source, or exit 2 with all that is wrong with them."""
    from processor.moving.exports import DIALECTS
    from processor.moving.folder import Folder
    from processor.moving.sources import NoSourceError, source_of
    from processor.world.mailbox import Mailbox

    found: list[Source] = []
    problems = [f"--as {dialect}: choose one of {', '.join(DIALECTS)}."] if dialect and dialect not in DIALECTS else []
    if not (paths or folders or servers):
        problems.append("Name what to take in: a file or a folder of this machine, or --folder of a mailbox's server.")
    for path in [] if problems else paths:
        try:
            found.append(source_of(path, dialect))
        except NoSourceError as error:
            problems.append(str(error))
    if box:
        # History is taken whole: ``since`` says from when mail is watched.
        found += [Folder(Mailbox(replace(box, since=None)), name) for name in folders]
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(2)
    return found


def _servers(url: str, token_file: Path | None) -> list[Source]:
    import time

    from processor.moving.zammad_server import ZammadServer
    from processor.world.zammad_api import ZammadApi

    if not url:
        return []
    try:
        token = token_file.read_text(encoding="utf-8").strip() if token_file else ""
    except (OSError, ValueError) as error:
        typer.echo(f"{token_file}: {getattr(error, 'strerror', None) or 'it is no text'}.", err=True)
        raise typer.Exit(2) from None
    if not token.isascii() or not token.isprintable() or not token:
        typer.echo("Name with --token-file the file that holds a token of that Zammad, and nothing else.", err=True)
        raise typer.Exit(2)
    return [ZammadServer(ZammadApi(url, token, time.sleep))]


def _span(
    engine: Engine, sources: list[Source], box: MailboxSettings | None, since: datetime | None, before: datetime | None
) -> Span:
    from zoneinfo import ZoneInfo

    from processor.moving.bring_in import Span
    from processor.store.history import history_ends

    oslo = ZoneInfo("Europe/Oslo")
    ends = before.replace(tzinfo=oslo) if before else history_ends(engine)
    watched = {f"imap {box.name} {name}" for name in (box.folder, box.junk_folder)} if box else set()
    if ends is None and any(source.name in watched for source in sources):
        typer.echo(
            "That folder is watched, and what came lately waits for an answer there: say with --before DATE "
            "up to which day its mail is history.",
            err=True,
        )
        raise typer.Exit(2)
    return Span(since.replace(tzinfo=oslo) if since else None, ends)


def _one(
    engine: Engine,
    settings: Config,
    rulebook: Rulebook,
    source: Source,
    box: MailboxSettings | None,
    span: Span,
    jobs: int,
    anew: bool,
) -> int:
    """Take a source in and say what became of it; how many mails could not be read."""
    from processor.moving.bring_in import BringIn
    from processor.moving.found import Owner

    owner = Owner(box.name, box.purpose) if box else Owner(HISTORY)
    brought = BringIn(engine, settings, source, owner, _clock, span, jobs, actor(), rulebook)
    with _told(source):
        run = _shown(brought, anew)
    sum_up(engine, source, run, span)
    return run.counts.get("unreadable", 0)


def _clock() -> datetime:
    return datetime.now(UTC)


@contextmanager
def _told(source: Source) -> Iterator[None]:
    """Say in words what cut the import off, and that it can go on; exit 1."""
    from sqlalchemy.exc import SQLAlchemyError

    from processor.store.import_runs import OvertakenImportError
    from processor.world.failures import Failure

    try:
        yield
    except OvertakenImportError:
        why = "another import of the same source is running; this one ends"
    except (Failure, OSError) as error:
        why = f"{str(error).splitlines()[0] if str(error) else type(error).__name__}"
    except SQLAlchemyError as error:
        why = f"the store cannot be written: {str(error).splitlines()[0]}"
    except KeyboardInterrupt:
        why = "stopped"
    else:
        return
    typer.echo(f"{source.name}: {why}.", err=True)
    typer.echo("What was read by then is kept; the same command goes on from there.", err=True)
    raise typer.Exit(1)


def _shown(brought: BringIn, anew: bool) -> Run:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    source = brought.source
    amount = TaskProgressColumn() if source.unit == "bytes" else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), amount, TextColumn("{task.fields[mails]} mails"))
    run: Run | None = None
    bar = Progress(
        *columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    )
    with bar:
        task = bar.add_task(short(source), total=source.size or None, mails=0)
        for progress in brought.run(anew=anew):
            if run is None and progress.run.resumed:
                # By the bar's own console, which knows what it has drawn.
                said = f"{short(source)}: goes on where it was cut off."
                bar.console.print(said, markup=False, highlight=False, soft_wrap=True)
            run = progress.run
            bar.update(task, completed=progress.done, total=source.size or None, mails=f"{read(run):,}")
    if run is None:
        raise AssertionError("an import that begins says so")
    return run
