"""``processor queue gate``: what must be done before rights are granted, and how to close what was seen to elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from processor.cli.completing import steps
from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, actor, open_config, open_engine
from processor.cli.signing import Name, Secret, agent_of

app = typer.Typer(no_args_is_help=True, help="The gate before rights: whom to call, called, outside, wait.")
Id = Annotated[str, typer.Argument(help="An action (a7), as queue list shows it.", autocompletion=steps)]


@app.command("whom")
def whom(which: Id, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Show whom to call back, by the contract register alone, and who else is told."""
    from processor.store.gate import call_back

    found = call_back(open_engine(open_config(config)), _action(which))
    if found is None:
        typer.echo("There is no such action behind the gate.", err=True)
        raise typer.Exit(1)
    typer.echo(f"customer  {found.customer_no or 'not known'} {found.name}".rstrip())
    typer.echo(f"call      {found.phone or 'no number in the register: it can only be closed as handled outside'}")
    typer.echo(f"told      {', '.join(found.contacts) or 'nobody: the register names no contacts'}")


@app.command("called")
def called(
    which: Id,
    name: Name,
    secret: Secret,
    said: Annotated[str, typer.Option(prompt="Who answered, and what did they say", help="For the trail.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Note that you called the register's number and the customer stands by the request.

    Example: processor queue gate called a7 --said "Per Dahl bekrefter" --as Kari
    """
    from processor.store.gate import called as note

    engine = open_engine(open_config(config))
    person = agent_of(engine, name, secret, which)
    against = note(engine, _action(which), person, said, datetime.now(UTC))
    typer.echo(f"Not done: {against}." if against else "Noted. It may be approved by a first person now.")
    raise typer.Exit(1 if against else 0)


@app.command("outside")
def outside(
    which: Id,
    name: Name,
    secret: Secret,
    reason: Annotated[str, typer.Option(prompt="How was it handled", help="For the trail.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Close an action as handled outside; two different people must say so, each with a reason.

    Example: processor queue gate outside a7 --reason "ordnet på telefon" --as Kari
    """
    from processor.cli.queue import tell
    from processor.store.actions import handled_outside

    engine = open_engine(open_config(config))
    person = agent_of(engine, name, secret, which)
    tell(handled_outside(engine, _action(which), person, reason, datetime.now(UTC)))


@app.command("wait")
def wait(
    hours: Annotated[float | None, typer.Argument(help="Hours; without them, shows what is in force.")] = None,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Show or set how long the customer's contacts have before the second person may approve."""
    from processor.store.gate import LEAST_WAIT, MOST_WAIT, WAIT_HOURS, wait_hours
    from processor.store.settings import change_setting

    engine = open_engine(open_config(config))
    if hours is not None:
        if not LEAST_WAIT <= hours <= MOST_WAIT:
            raise typer.BadParameter(f"hours must be {LEAST_WAIT:g} to {MOST_WAIT:g}")
        change_setting(engine, WAIT_HOURS, f"{hours:g}", actor(), datetime.now(UTC))
    typer.echo(f"{wait_hours(engine):g} hours.")


def _action(which: str) -> int:
    from processor.cli.queue import parse_id

    kind, number = parse_id(which)
    if kind != "a":
        raise typer.BadParameter("the gate is before actions (a7)")
    return number
