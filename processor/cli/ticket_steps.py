"""``queue close``, ``take``, ``snooze``, ``merge``, ``forward``, ``note`` …: what the desk does with whole tickets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from processor.cli.completing import forward_addresses
from processor.cli.completing import tickets as offered
from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config, open_engine
from processor.cli.queue import local
from processor.cli.signing import Name, Secret, agent_of, refuse

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

Ticket = Annotated[str, typer.Argument(help="A ticket number.", metavar="TICKET", autocompletion=offered)]
Tickets = Annotated[list[str], typer.Argument(help="Ticket numbers.", metavar="TICKET...", autocompletion=offered)]


def close(tickets: Tickets, name: Name, secret: Secret, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Close a ticket that was looked at and needs nothing more.

    Of several, those stay in which an action or a reply waits for a person.

    \b
    Example: processor queue close VS-7K3M-9QX4 --as Kari
    Example: processor queue close VS-7K3M-9QX4 VS-1A2C-3D4E --as Kari
    """
    from processor.store.queue import set_ticket_state
    from processor.store.several_tickets import close_idle
    from processor.ticket import TicketState

    engine, now = open_engine(open_config(config)), datetime.now(UTC)
    person = agent_of(engine, name, secret, *tickets)
    if len(tickets) > 1:
        left = close_idle(engine, _ids(engine, tickets), person, now)
        typer.echo(f"Closed, but for {', '.join(left)}: there something waits for a person." if left else "Closed.")
        raise typer.Exit(1 if left else 0)
    well = set_ticket_state(engine, _number(tickets[0]), TicketState.CLOSED, person, now)
    typer.echo("Closed." if well else "It is closed already, merged, or unknown.")
    raise typer.Exit(0 if well else 1)


def take(tickets: Tickets, name: Name, secret: Secret, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Take tickets on, so that colleagues see that they are yours.

    Example: processor queue take VS-7K3M-9QX4 --as Kari
    """
    from processor.store.several_tickets import take_several

    engine = open_engine(open_config(config))
    person = agent_of(engine, name, secret, *tickets)
    held = take_several(engine, _ids(engine, tickets), person, datetime.now(UTC))
    others = sorted({holder for holder in held.values() if holder != person.name})
    if others:
        refuse(f"{' and '.join(others)} was first" + ("; the others are yours" if len(tickets) > 1 else ""))
    typer.echo("Taken on.")


def leave(tickets: Tickets, name: Name, secret: Secret, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Let tickets go that somebody has taken on.

    Example: processor queue leave VS-7K3M-9QX4 --as Kari
    """
    from processor.store.notes import leave_ticket

    engine, now = open_engine(open_config(config)), datetime.now(UTC)
    person = agent_of(engine, name, secret, *tickets)
    left = [leave_ticket(engine, each, person, now) for each in _ids(engine, tickets)]
    if not all(left):
        refuse("nobody holds it" if len(tickets) == 1 else "nobody holds one of them; the others are free")
    typer.echo("Free for others.")


def snooze(
    tickets: Tickets,
    until: Annotated[str, typer.Argument(help="31.12, 31.12.2026 14.30, 2h, 3d, 1w or tomorrow.", metavar="UNTIL")],
    name: Name,
    secret: Secret,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Let tickets sleep; each wakes by itself, by a new mail, and at the latest when an action is due.

    Example: processor queue snooze VS-7K3M-9QX4 3d --as Kari
    """
    from processor.deciding.moments import moment_of
    from processor.store import snoozing
    from processor.store.several_tickets import snooze_several

    engine = open_engine(open_config(config))
    now = datetime.now(UTC)
    when = moment_of(until, now)
    if when is None:
        raise typer.BadParameter(f"{until!r} is no time such as 31.12.2026 14.30, 2h or 3d")
    person = agent_of(engine, name, secret, *tickets)
    if len(tickets) > 1:
        left = snooze_several(engine, _ids(engine, tickets), when, person, now)
        if left:
            refuse(f"{', '.join(left)} stay as they are: closed, merged, or due before; the others sleep")
        typer.echo(f"They sleep until {local(when)}, or until an action is due.")
        return
    slept = snoozing.snooze(engine, _number(tickets[0]), when, person, now)
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
    person = agent_of(engine, name, secret, ticket_no)
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
    person = agent_of(engine, name, secret, ticket_no, into)
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
    person, now = agent_of(engine, name, secret, which), datetime.now(UTC)
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
    to: Annotated[
        str, typer.Argument(help="An address of forward_to in [desk].", metavar="TO", autocompletion=forward_addresses)
    ],
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
    person = agent_of(engine, name, secret, which)
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
    person = agent_of(engine, name, secret, ticket_no)
    view = ticket(engine, _number(ticket_no))
    if view is None or not note_ticket(engine, view.id, words, person, datetime.now(UTC)):
        refuse("there is no such ticket, or nothing was written")
    typer.echo("Noted.")


def _number(ticket_no: str) -> str:
    return ticket_no.strip().upper()


def _ids(engine: Engine, tickets: Sequence[str]) -> list[int]:
    """The tickets' ids; exit 1 where one is unknown, before anything is done to the others."""
    from processor.store.several_tickets import ids_of

    known = ids_of(engine, [_number(each) for each in tickets])
    if lacking := [each for each in tickets if _number(each) not in known]:
        refuse(f"there is no ticket {', '.join(lacking)}")
    return list(dict.fromkeys(known[_number(each)] for each in tickets))
