"""``processor privacy``: what is kept how long, what a person is given or has erased, and legal holds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from processor import __version__
from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, actor, open_config, open_engine

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from processor.config import Config
    from processor.store.privacy import Erased, Found

app = typer.Typer(no_args_is_help=True, help="Retention, what a person may see or have erased, legal holds.")
Address = Annotated[str, typer.Argument(help="The person's mail address.")]
Ticket = Annotated[str, typer.Argument(help="The ticket's number.")]


@app.command("retention")
def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be erased.")] = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Erase what is kept no longer, as the daemon does each night at four; docs/security.md has the periods.

    What is still being handled, or under a legal hold, stays.
    Example: processor privacy retention --dry-run
    """
    from processor.store.retention import due, retain

    engine, now = open_engine(open_config(config)), datetime.now(UTC)
    found = due(engine, now)
    for each in found:
        what = "everything" if each.what == "all" else "the bytes"
        stays = f"; STAYS: {each.kept}" if each.kept else ""
        typer.echo(f"{each.number}  {what} of {_count(each.mails, 'mail')}, {each.why}{stays}")
    if not found:
        typer.echo("Nothing is due.")
    elif dry_run:
        typer.echo(f"{_count(sum(not each.kept for each in found), 'ticket')} would be erased; nothing was changed.")
    else:
        typer.echo(f"{_count(len(retain(engine, now)), 'ticket')} erased.")


@app.command("export")
def export(
    address: Address,
    to: Annotated[Path, typer.Option("--to", help="The zip to write.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Write all that is held of a person into a zip: their tickets with mails, decisions and replies, and what else.

    It is written for your eyes alone; look through it before you hand it out, since others may be named in it.
    Example: processor privacy export kari@firma.no --to kari.zip
    """
    from processor.evidence.files import pack
    from processor.evidence.person import person_files
    from processor.steps.letters_left import letters_left
    from processor.store.dossier import dossier
    from processor.store.events import Happening, note

    settings, now = open_config(config), datetime.now(UTC)
    engine = open_engine(settings)
    found = _found(engine, address)
    dossiers = (one for each in found.tickets if (one := dossier(engine, each.number)))
    elsewhere = dict(_elsewhere(engine, found))
    made = person_files(
        found, dossiers, elsewhere, __version__, now, lambda one: letters_left(engine, settings.smtp, one.events)
    )
    try:
        with open(to, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            pack(made, file, to.stem)
    except FileExistsError:
        typer.echo(f"{to} exists already; give another name.", err=True)
        raise typer.Exit(1) from None
    for each in found.tickets:
        note(engine, Happening("ticket.exported", actor(), now, ticket_id=each.ticket_id))
    typer.echo(f"{to}: {_count(len(found.tickets), 'ticket')}, {_count(len(elsewhere), 'mail')} elsewhere.")


@app.command("erase")
def erase(
    address: Address,
    also_required: Annotated[
        bool, typer.Option("--also-required", help="Also what bookkeeping law wants kept.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Erase what is held of a person, after asking; it cannot be undone.  Exit 1 when something of theirs stays.

    What stays is told with its reason: a legal hold, work in hand, bookkeeping law.  So are the copies that this
    program cannot reach.  Digests stay, so that a mail still on the server does not come in again, and the audit
    trail verifies as before.
    Example: processor privacy erase kari@firma.no
    """
    from processor.store.privacy import erase as erase_found

    settings = open_config(config)
    engine, now = open_engine(settings), datetime.now(UTC)
    found = _found(engine, address)
    stays = list(_stays(found, now.date(), also_required))
    for line in _plan(found, stays):
        typer.echo(line)
    if not yes and typer.prompt("This cannot be undone. Type the address again to erase") != address:
        typer.echo("Nothing was changed.")
        raise typer.Exit(1)
    gone = erase_found(engine, found, actor(), now, also_required)
    typer.echo(f"{_count(len(gone.tickets), 'ticket')} and {_count(len(gone.mails), 'mail')} erased.")
    for line in copies_left(gone, settings):
        typer.echo(line)
    raise typer.Exit(1 if stays else 0)


@app.command("hold")
def hold(
    ticket: Ticket,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands in the audit trail.", prompt="Reason")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Put a ticket under a legal hold: nothing of it is erased until it is released.

    Example: processor privacy hold VS-7K3M-9QX4 --reason "dispute about the notice"
    """
    from processor.store.privacy import hold as put

    number, engine = ticket.strip().upper(), open_engine(open_config(config))
    held = put(engine, number, reason, actor(), datetime.now(UTC))
    _tell(held, number, "is under a legal hold now.", "is under a legal hold already.")


@app.command("release")
def release(ticket: Ticket, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """End a ticket's legal hold; its period applies again from the next night.

    Example: processor privacy release VS-7K3M-9QX4
    """
    from processor.store.privacy import release as end

    number, engine = ticket.strip().upper(), open_engine(open_config(config))
    _tell(end(engine, number, actor(), datetime.now(UTC)), number, "is released.", "is under no legal hold.")


@app.command("grant-ended")
def grant_ended(
    ticket: Ticket,
    on: Annotated[datetime, typer.Option("--on", formats=["%Y-%m-%d"], help="The last day of the right.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Note when a right that a ticket granted has ended; its evidence goes a year later.

    Without it the evidence stays, since nobody else tells this program.
    Example: processor privacy grant-ended VS-7K3M-9QX4 --on 2027-03-31
    """
    from processor.store.privacy import end_grant

    number, engine = ticket.strip().upper(), open_engine(open_config(config))
    done = end_grant(engine, number, on.date(), actor(), datetime.now(UTC))
    _tell(done or None, number, f"granted a right that ended {on:%Y-%m-%d}.", "")


def copies_left(gone: Erased, settings: Config) -> Iterator[str]:
    """The copies that an erasure here does not reach, a line each."""
    if gone.copies:
        yield "Copies may be left on the mail servers; erase them there:"
    boxes = {each.name: each for each in settings.mailboxes}
    for copy in gone.copies:
        box = boxes.get(copy.account)
        moved = sorted({box.handled_folder, box.review_folder} - {""}) if box else []
        or_in = f", or moved to {' or '.join(moved)}" if moved else ""
        where = f"folder {copy.folder}, UID {copy.uid} (UIDVALIDITY {copy.uidvalidity})"
        yield f"  m{copy.mail_id}  mailbox {copy.account}, {where}{or_in}"
    if gone.mails:
        yield "And in backups taken until now (a restore brings it back: erase again after one), in exports and"
        yield "corrections written earlier, in models trained from them, and in mail that was sent or forwarded."


def _elsewhere(engine: Engine, found: Found) -> Iterator[tuple[int, bytes]]:
    from processor.ciphers import DamagedError
    from processor.store.sealed import raw_of

    for each in found.elsewhere:
        try:
            yield each.mail_id, raw_of(engine, each.mail_id)
        except DamagedError as error:
            typer.echo(f"m{each.mail_id} is theirs too and is not in it: its bytes in the store are {error}.", err=True)


def _found(engine: Engine, address: str) -> Found:
    from processor.store.privacy import find

    found = find(engine, address)
    if found.shut:
        which = ", ".join(f"m{each}" for each in found.shut)
        typer.echo(f"Nobody can tell whose these are, since their bytes in the store do not open: {which}", err=True)
    if found.nothing:
        typer.echo(f"Nothing is held of {found.address}.")
        raise typer.Exit(0)
    return found


def _stays(found: Found, today: date, also_required: bool) -> Iterator[str]:
    from processor.store.privacy import obstacle

    for ticket in found.tickets:
        if said := obstacle(ticket, today, also_required):
            yield f"{ticket.number} stays: {said}."
    for each in found.elsewhere:
        if each.held:
            yield f"m{each.mail_id} stays: its ticket {each.number} is under a legal hold."


def _plan(found: Found, stays: list[str]) -> Iterator[str]:
    yield f"Held of {found.address}: {_count(len(found.tickets), 'ticket')}."
    for each in found.elsewhere:
        yield f"m{each.mail_id} is theirs too, in {each.number or 'no ticket'}."
    if found.contact:
        yield "It stands among the customers' contacts, and goes from there too, until the next file names it again."
    yield from stays


def _tell(done: bool | None, number: str, yes: str, no: str) -> None:
    if done is None:
        typer.echo(f"There is no ticket {number}.", err=True)
        raise typer.Exit(1)
    typer.echo(f"{number} {yes if done else no}")


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"
