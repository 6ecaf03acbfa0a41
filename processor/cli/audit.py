"""``processor audit``: whether the trail is what it was, an anchor to keep outside, and a ticket as evidence."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from processor import __version__
from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, actor, open_config, open_engine
from processor.cli.queue import local

if TYPE_CHECKING:
    from processor.store.audit import Anchor, Verdict

app = typer.Typer(no_args_is_help=True, help="The audit trail: verify it, anchor it, export a ticket as evidence.")
KEEP = "To prove that nothing was written anew, keep anchors outside: processor audit anchor"


@app.command("verify")
def verify(
    anchor: Annotated[
        Path | None, typer.Option("--anchor", help="A file of anchors that was kept outside.", show_default=False)
    ] = None,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Read every event and seal, and say whether they are what was sealed; exit 1 and name the first bad row if not.

    With anchors it proves all history up to the newest of them; without one it shows consistency only.
    Example: processor audit verify --anchor /mnt/elsewhere/anchors.txt
    """
    from processor.store.audit import verify as look

    anchors = _anchors(anchor) if anchor else []
    verdict = look(open_engine(open_config(config)), anchors)
    for fault in verdict.faults:
        typer.echo(fault, err=True)
    for line in told(verdict):
        typer.echo(line)
    raise typer.Exit(1 if verdict.faults else 0)


@app.command("anchor")
def anchor(
    append: Annotated[
        Path | None, typer.Option("--append", help="Add the line to this file too.", show_default=False)
    ] = None,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Print the newest seal as one line, to be kept where nobody who can write the store can change it.

    What was committed just now is sealed first.  Let cron mail it, or write it to another machine, once a day.
    Example: processor audit anchor | mail -s "processor anchor" revisor@firma.no
    """
    from processor.store.audit import anchor_of
    from processor.store.seals import last_seal, seal_all

    engine, now = open_engine(open_config(config)), datetime.now(UTC)
    seal_all(engine, now)
    newest = last_seal(engine)
    if not newest.id:
        typer.echo("There is nothing to anchor yet: no event was sealed.", err=True)
        raise typer.Exit(1)
    line = anchor_of(newest, now).line()
    typer.echo(line)
    if append:
        with append.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")


@app.command("export")
def export(
    ticket: Annotated[str, typer.Argument(help="The ticket's number.")],
    to: Annotated[
        Path | None, typer.Option("--to", help="The zip to write; TICKET.zip if not given.", show_default=False)
    ] = None,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Write all of a ticket into a zip that stands alone: mails, decisions, replies, events, seals, and how to check them.

    Its first page, index.html, is the proof of arrival.  It holds a customer's mail: it is made for your eyes alone.
    Example: processor audit export VS-7K3M-9QX4 && unzip VS-7K3M-9QX4.zip && sh VS-7K3M-9QX4/check.sh
    """
    from processor.evidence.files import files, pack
    from processor.steps.letters_left import letters_left
    from processor.store.dossier import dossier
    from processor.store.events import Happening, note
    from processor.store.seals import seal_all

    settings, number, now = open_config(config), ticket.strip().upper(), datetime.now(UTC)
    engine = open_engine(settings)
    seal_all(engine, now)
    found = dossier(engine, number)
    if found is None:
        typer.echo(f"There is no ticket {number}.", err=True)
        raise typer.Exit(1)
    path = to or Path(f"{re.sub(r'[^A-Z0-9-]', '', number)}.zip")
    made = files(found, __version__, now, letters_left(engine, settings.smtp, found.events))
    try:
        with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            pack(made, file, number)
    except FileExistsError:
        typer.echo(f"{path} exists already; give another name with --to.", err=True)
        raise typer.Exit(1) from None
    note(engine, Happening("ticket.exported", actor(), now, ticket_id=found.ticket.id))
    typer.echo(
        f"{path}: {_count(len(found.mails), 'mail')}, {_count(len(found.events), 'event')}, {_count(len(made), 'file')}."
    )


def told(verdict: Verdict) -> list[str]:
    """What a verification has found, in words."""
    lines = [f"{_count(verdict.events, 'event')} in {_count(verdict.seals, 'seal')} read."]
    if verdict.erased:
        lines.append(f"{_count(verdict.erased, 'text')} of events erased; what remains of them is as it was sealed.")
    if verdict.unsealed:
        lines.append(
            f"{_count(verdict.unsealed, 'event')} after the last seal, not sealed yet: nothing vouches for that."
        )
    if verdict.faults:
        lines.append("THE TRAIL IS NOT WHAT IT WAS: see above.")
    if verdict.proven:
        how = "Otherwise" if verdict.faults else "PROVEN"
        lines.append(
            f"{how}: the history up to event {verdict.proven.last_event} is what it was when the anchor was taken,"
            f" {_local(verdict.proven)}."
        )
    elif not verdict.faults:
        lines.append(f"CONSISTENT, and no more: no anchor was given. {KEEP}")
    return lines


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


def _local(anchor: Anchor) -> str:
    try:
        return local(datetime.fromisoformat(anchor.at))
    except ValueError:
        return anchor.at


def _anchors(path: Path) -> list[Anchor]:
    from processor.store.audit import AnchorError, anchors_of

    try:
        return anchors_of(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no text"
        typer.echo(f"{path} cannot be read: {said}.", err=True)
    except AnchorError as error:
        typer.echo(f"{path}: {error}.", err=True)
    raise typer.Exit(2)
