"""``processor queue``: what waits for a person, from the terminal."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from processor.cli import gate
from processor.cli.completing import steps
from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config, open_engine
from processor.cli.signing import Hold, Name, Secret, agent_of, hold_until

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from processor.store.queue import ActionResult, QueueRow

LONGEST_ID = 18
NEAR = timedelta(hours=24)
NO_MAIL = "a mail set aside (m7) is looked at or tried again: queue show m7, queue retry m7"
OSLO = ZoneInfo("Europe/Oslo")
app = typer.Typer(no_args_is_help=True, help="What waits for a person: list, show, approve, done, reject.")
app.add_typer(gate.app, name="gate")
Id = Annotated[
    str,
    typer.Argument(help="An action (a7), a reply (r7) or a mail (m7), as queue list shows it.", autocompletion=steps),
]


def local(when: datetime | None) -> str:
    """A time as staff read it, in Oslo."""
    return when.astimezone(OSLO).strftime("%d.%m.%Y kl. %H.%M") if when else ""


@app.command("list")
def show_list(
    config: ConfigPath = DEFAULT_CONFIG,
    limit: Annotated[int, typer.Option(help="Most rows.", min=1)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a row.")] = False,
) -> None:
    """List what waits for a person, the most urgent first."""
    from processor.cli.aside_view import aside_line, aside_values
    from processor.store.aside import set_aside_mails
    from processor.store.queue import queue, unsent

    engine = open_engine(open_config(config))
    rows = queue(engine, limit=limit)
    for row in rows:
        typer.echo(json.dumps(asdict(row), ensure_ascii=False, default=str) if as_json else _line(row))
    for reply in unsent(engine, limit):
        told = f"{f'r{reply.outbox_id}':>6}  {reply.ticket_no}  {reply.kind} to {reply.to} is {reply.state}: {reply.reason}"
        typer.echo(json.dumps(asdict(reply), ensure_ascii=False, default=str) if as_json else told)
    for mail in set_aside_mails(engine, limit):
        typer.echo(json.dumps(aside_values(mail), ensure_ascii=False, default=str) if as_json else aside_line(mail))
    if not rows and not as_json:
        typer.echo("No ticket waits for a person.")


def _line(row: QueueRow) -> str:
    from processor.deciding.answerable import withheld_in_words
    from processor.deciding.staff_words import action_words, deadline_in_short
    from processor.ticket import ActionState

    which = f"a{row.action_id}" if row.action_id else ""
    what = action_words(row.action_kind) if row.action_kind else "Look at the mail"
    people = {"two_staff": " (two people)", "staff": ""}.get(row.needs, "")
    due, colour = due_in_words(row.due, datetime.now(UTC)) if row.due else ("", None)
    stands = ActionState(row.action_state).in_words if row.action_state not in ("", "waiting") else ""
    notes = [deadline_in_short(row.deadline), stands, "review" if row.outcome == "review" else ""]
    notes += [
        f"sender {row.provenance}" if row.provenance != "proven" else "",
        f"{row.drafts} draft" if row.drafts else "",
        f"no reply: {withheld_in_words(row.withheld)}" if row.withheld else "",
    ]
    # Colours are left out where nobody sees them.
    shown = typer.style(f"{due:25}", fg=colour) if colour else f"{due:25}"
    told = f"{which:>6}  {row.ticket_no}  {what + people:44} {shown} {row.company or row.sender}"
    return f"{told}  {', '.join(filter(None, notes))}".rstrip()


def due_in_words(due: datetime, now: datetime) -> tuple[str, str | None]:
    """When an action is due, as "overdue 3 h", "due in 2 h" or a day, and the colour that says so."""
    left = due - now
    if left <= timedelta(0):
        return f"overdue {_span(-left)}", typer.colors.RED
    if left <= NEAR:
        return f"due in {_span(left)}", typer.colors.YELLOW
    return f"due {local(due)}", None


def _span(gap: timedelta) -> str:
    minutes = int(gap / timedelta(minutes=1))
    if minutes < 60:
        return f"{max(minutes, 1)} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"


@app.command("show")
def show(
    which: Annotated[str, typer.Argument(help="A ticket number, or a mail set aside (m7).", metavar="TICKET|MAIL")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Show a ticket: its mails, what was understood and why, its actions, replies and history.

    Of a mail that was set aside (m7): from whom it is, why it waits, and where it lies on the server.
    """
    from processor.cli.aside_view import print_aside
    from processor.cli.ticket_view import print_ticket
    from processor.store.aside import set_aside_mail
    from processor.store.queue import ticket

    settings = open_config(config)
    engine = open_engine(settings)
    if re.fullmatch(r"m[0-9]{1,17}", which):
        mail = set_aside_mail(engine, int(which[1:]))
        if mail is not None:
            return print_aside(mail)
    elif (view := ticket(engine, which.strip().upper())) is not None:
        from processor.cli.confirm import previews

        return print_ticket(view, previews(engine, settings, view))
    typer.echo(f"No ticket {which}, and no mail of that number is set aside.", err=True)
    raise typer.Exit(1)


@app.command("approve")
def approve(which: Id, name: Name, secret: Secret, hold: Hold = False, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Approve an action ("do it") or a waiting reply ("send it"); dangerous kinds need two people.

    Example: processor queue approve a7 --as Kari
    """
    from processor.store import queue

    settings, now = open_config(config), datetime.now(UTC)
    engine = open_engine(settings)
    person = agent_of(engine, name, secret, which)
    kind, number = parse_id(which)
    if kind == "a":
        tell(queue.approve(engine, number, person, now))
    elif kind == "r":
        until = hold_until(settings, now, hold)
        well = queue.approve_reply(engine, number, person, now, until)
        _tell_reply(engine, number, well, f"goes out in {settings.desk.undo_seconds} s" if until else "goes out")
    else:
        raise typer.BadParameter(NO_MAIL)


@app.command("reject")
def reject(
    which: Id,
    name: Name,
    secret: Secret,
    reason: Annotated[str, typer.Option(prompt="Why", help="Why, for the trail.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Reject an action, or cancel a waiting reply, with a reason.

    Example: processor queue reject a7 --reason "kunden har ingen avtale" --as Kari
    """
    from processor.store import queue

    engine = open_engine(open_config(config))
    person = agent_of(engine, name, secret, which)
    kind, number = parse_id(which)
    if kind == "a":
        tell(queue.reject(engine, number, person, reason, datetime.now(UTC)))
    elif kind == "r":
        well = queue.cancel_reply(engine, number, person, datetime.now(UTC), reason)
        _tell_reply(engine, number, well, "is cancelled")
    else:
        raise typer.BadParameter(NO_MAIL)


@app.command("resend")
def resend(which: Id, name: Name, secret: Secret, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Send a reply of unknown fate, or a refused one, again with the same Message-ID: a person's risk to take.

    Example: processor queue resend r7 --as Kari
    """
    from processor.store.outbox import resend as again

    engine = open_engine(open_config(config))
    person = agent_of(engine, name, secret, which)
    kind, number = parse_id(which)
    if kind != "r":
        raise typer.BadParameter("only a reply (r7) is sent again")
    _tell_reply(engine, number, again(engine, number, person, datetime.now(UTC)), "goes out again")


@app.command("retry")
def retry(which: Id, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Let a mail that was set aside (m7) be decided again, after an upgrade or a mended rule."""
    from processor.cli.opening import actor
    from processor.store.work import retry_mail

    kind, number = parse_id(which)
    well = kind == "m" and retry_mail(open_engine(open_config(config)), number, actor(), datetime.now(UTC))
    typer.echo("It is decided at the next pass." if well else "It is not set aside, or its bytes are not whole.")
    raise typer.Exit(0 if well else 1)


def parse_id(which: str) -> tuple[str, int]:
    """The kind (a, r, m) and the number of what queue list shows; a usage error for anything else."""
    if which[:1] in ("a", "r", "m") and which[1:].isdecimal() and len(which) < LONGEST_ID:
        return which[0], int(which[1:])
    raise typer.BadParameter(f"{which!r} is no action (a7), reply (r7) or mail (m7)")


def tell(result: ActionResult) -> None:
    """Say what came of a step, and exit 1 if none was taken."""
    typer.echo(f"{result}."[0].upper() + f"{result}."[1:])
    raise typer.Exit(0 if result.ok else 1)


def _tell_reply(engine: Engine, number: int, well: bool, what: str) -> None:
    if well:
        typer.echo(f"The reply {what}.")
        return
    from processor.store.standing import standing

    stands = standing(engine, number)
    by, at = (f" by {stands.by}" if stands.by else ""), (f", {local(stands.at)}" if stands.at else "")
    typer.echo(f"Not done: {stands.words}{by}{at}.")
    raise typer.Exit(1)
