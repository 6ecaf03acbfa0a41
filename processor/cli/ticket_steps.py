"""``queue snooze``, ``open``, ``merge``, ``split``, ``forward`` and ``note``: what the desk does with whole tickets."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config, open_engine
from processor.cli.queue import Name, Secret, local, person_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from processor.store.people import Person

Ticket = Annotated[str, typer.Argument(help="A ticket number.", metavar="TICKET")]


def snooze(
    ticket_no: Ticket,
    until: Annotated[str, typer.Argument(help="31.12, 31.12.2026 14.30, 2h, 3d, 1w or tomorrow.", metavar="UNTIL")],
    name: Name,
    secret: Secret,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Let a ticket sleep; it wakes by itself, by a new mail, and at the latest when an action is due.

    Example: processor queue snooze VS-7K3M-9QX4 3d --as Kari
    """
    from processor.deciding.moments import moment_of
    from processor.store import snoozing

    engine = open_engine(open_config(config))
    now = datetime.now(UTC)
    when = moment_of(until, now)
    if when is None:
        raise typer.BadParameter(f"{until!r} is no time such as 31.12.2026 14.30, 2h or 3d")
    slept = snoozing.snooze(engine, _number(ticket_no), when, agent_of(engine, name, secret), now)
    if slept.until is None:
        refuse(slept.why)
    typer.echo(f"It sleeps until {local(slept.until)}{', when an action is due' if slept.earlier else ''}.")


def open_again(ticket_no: Ticket, name: Name, secret: Secret, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Bring a ticket back that was closed or sleeps.

    Example: processor queue open VS-7K3M-9QX4 --as Kari
    """
    from processor.store.queue import set_ticket_state
    from processor.ticket import TicketState

    engine = open_engine(open_config(config))
    person = agent_of(engine, name, secret)
    if not set_ticket_state(engine, _number(ticket_no), TicketState.OPEN, person, datetime.now(UTC)):
        refuse("it is open already, merged, or unknown")
    typer.echo("Open.")


def merge(
    ticket_no: Ticket,
    into: Annotated[str, typer.Argument(help="The number of the ticket that it goes into.", metavar="INTO")],
    name: Name,
    secret: Secret,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Put a ticket with all its mails into another one; split takes it back.

    Example: processor queue merge VS-7K3M-9QX4 VS-1A2C-3D4E --as Kari
    """
    from processor.store import merging

    engine = open_engine(open_config(config))
    person = agent_of(engine, name, secret)
    try:
        target = merging.merge(engine, _number(ticket_no), _number(into), person, datetime.now(UTC))
    except merging.CannotMergeError as cannot:
        refuse(str(cannot))
    typer.echo(f"Merged into {target}.")


def split(
    which: Annotated[str, typer.Argument(help="A merged ticket, or one mail of a ticket (m7).", metavar="TICKET|MAIL")],
    name: Name,
    secret: Secret,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Take a merge back, or give one mail (m7) a ticket of its own.

    Example: processor queue split m7 --as Kari
    """
    from processor.store import merging

    settings = open_config(config)
    engine = open_engine(settings)
    person, now = agent_of(engine, name, secret), datetime.now(UTC)
    try:
        if re.fullmatch(r"m[0-9]{1,17}", which):
            from processor.steps.apart import apart

            made = apart(engine, settings, int(which[1:]))
            merging.split(engine, int(which[1:]), made, person, now)
            typer.echo(f"The mail has ticket {made.number} now.")
            return
        target = merging.unmerge(engine, _number(which), person, now)
    except merging.CannotMergeError as cannot:
        refuse(str(cannot))
    typer.echo(f"Split from {target}.")


def forward(
    which: Annotated[str, typer.Argument(help="A mail (m7), as queue show shows it.", metavar="MAIL")],
    to: Annotated[str, typer.Argument(help="An address of forward_to in [desk].", metavar="TO")],
    name: Name,
    secret: Secret,
    note: Annotated[str, typer.Option(help="What stands above the mail.")] = "",
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Send a customer's mail on to somebody of our own, with its files.

    Example: processor queue forward m7 faktura@example.com --note "Kan du se på denne?" --as Kari
    """
    from processor.desk.mail_pages import is_program
    from processor.steps.forwarding import CannotForwardError, forward_of
    from processor.store import forwarding

    if not re.fullmatch(r"m[0-9]{1,17}", which):
        raise typer.BadParameter("only a mail (m7) is sent on")
    settings = open_config(config)
    engine = open_engine(settings)
    person = agent_of(engine, name, secret)
    try:
        letter = forward_of(engine, settings, int(which[1:]), to, note, "nb", is_program)
    except CannotForwardError as cannot:
        refuse(str(cannot))
    made = forwarding.forward(engine, letter, person, datetime.now(UTC))
    if made is None:
        refuse("it was forwarded to this address before")
    typer.echo(f"It goes out to {letter.to} as r{made}.")


def note(
    ticket_no: Ticket,
    words: Annotated[str, typer.Argument(help="The note.", metavar="WORDS")],
    name: Name,
    secret: Secret,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Write a note for colleagues; the customer never sees it.

    Example: processor queue note VS-7K3M-9QX4 "Kari ringer tilbake" --as Ola
    """
    from processor.store.notes import note_ticket
    from processor.store.queue import ticket

    engine = open_engine(open_config(config))
    person = agent_of(engine, name, secret)
    view = ticket(engine, _number(ticket_no))
    if view is None or not note_ticket(engine, view.id, words, person, datetime.now(UTC)):
        refuse("there is no such ticket, or nothing was written")
    typer.echo("Noted.")


def agent_of(engine: Engine, name: str, secret: str) -> Person:
    """The person of that name and secret whose role may act, or exit 1."""
    from processor.store.accounts import Role, account

    person = person_of(engine, name, secret)
    found = account(engine, person.name)
    if found is None or not found.role.may(Role.AGENT):
        refuse("your role does not allow this")
    return person


def _number(ticket_no: str) -> str:
    return ticket_no.strip().upper()


def refuse(why: str) -> NoReturn:
    typer.echo(f"Not done: {why}.", err=True)
    raise typer.Exit(1)
