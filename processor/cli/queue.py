"""``processor queue``: what waits for a person, from the terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config, open_engine

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

OSLO = ZoneInfo("Europe/Oslo")
app = typer.Typer(no_args_is_help=True, help="What waits for a person: list, show, approve, done, reject.")
Name = Annotated[str, typer.Option("--as", help="Your name, as given to: processor people add", prompt="Your name")]
Secret = Annotated[str, typer.Option(help="Your secret.", prompt="Your secret", hide_input=True, envvar="PROCESSOR_SECRET")]
Id = Annotated[str, typer.Argument(help="An action (a7) or a reply (r7), as queue list shows it.")]


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
    from processor.store.queue import queue

    rows = queue(open_engine(open_config(config)), limit=limit)
    for row in rows:
        if as_json:
            told = {key: value.isoformat() if isinstance(value, datetime) else value for key, value in row._asdict().items()}
            typer.echo(json.dumps(told, ensure_ascii=False))
        else:
            typer.echo(f"{row.id:>6}  {row.ticket_no}  {row.what:32} {row.state:10} due {local(row.due):22} {row.who}  {row.note}")
    if not rows and not as_json:
        typer.echo("Nothing waits for a person.")


@app.command("show")
def show(
    ticket_no: Annotated[str, typer.Argument(help="A ticket number.")], config: ConfigPath = DEFAULT_CONFIG
) -> None:
    """Show a ticket: its mails, what was understood and why, its actions, replies and history."""
    from processor.cli.ticket_view import print_ticket
    from processor.store.queue import ticket

    view = ticket(open_engine(open_config(config)), ticket_no)
    if view is None:
        typer.echo(f"No ticket {ticket_no}.", err=True)
        raise typer.Exit(1)
    print_ticket(view)


@app.command("approve")
def approve(which: Id, name: Name, secret: Secret, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Approve an action ("do it") or a waiting reply ("send it"); dangerous kinds need two people.

    Example: processor queue approve a7 --as Kari
    """
    from processor.store import queue

    engine = open_engine(open_config(config))
    person = _person(engine, name, secret)
    kind, number = _parse(which)
    act = queue.approve if kind == "a" else queue.approve_reply
    _tell(act(engine, number, person, datetime.now(UTC)))


@app.command("done")
def done(which: Id, name: Name, secret: Secret, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Say that an approved action is done in the billing system, by you, now."""
    from processor.store import queue

    engine = open_engine(open_config(config))
    person = _person(engine, name, secret)
    _, number = _parse(which)
    _tell(queue.done(engine, number, person, datetime.now(UTC)))


@app.command("reject")
def reject(
    which: Id,
    name: Name,
    secret: Secret,
    reason: Annotated[str, typer.Option(prompt="Why", help="Why, for the trail.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Reject an action, or cancel a waiting reply, with a reason."""
    from processor.store import queue

    engine = open_engine(open_config(config))
    person = _person(engine, name, secret)
    kind, number = _parse(which)
    act = queue.reject if kind == "a" else queue.cancel_reply
    _tell(act(engine, number, person, reason, datetime.now(UTC)))


def _parse(which: str) -> tuple[str, int]:
    if which[:1] in ("a", "r") and which[1:].isdigit():
        return which[0], int(which[1:])
    raise typer.BadParameter(f"{which!r} is neither an action (a7) nor a reply (r7)")


def _person(engine: Engine, name: str, secret: str) -> str:
    from processor.store.people import verify_person

    person = verify_person(engine, name, secret)
    if person is None:
        typer.echo("Name and secret do not fit.", err=True)
        raise typer.Exit(1)
    return person.name


def _tell(outcome: object) -> None:
    typer.echo(str(outcome))
    raise typer.Exit(0 if getattr(outcome, "ok", False) else 1)
