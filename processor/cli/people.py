"""The people who may approve; each has a secret that ``queue approve`` asks for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from processor.cli.completing import people as named
from processor.cli.completing import roles
from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config, open_engine

Whom = Annotated[str, typer.Argument(help="The person's name.", autocompletion=named)]
app = typer.Typer(no_args_is_help=True, help="The people who may approve what the queue holds.")


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="The person's name.")],
    role: Annotated[str, typer.Option(help="reader, agent, approver or admin.", autocompletion=roles)] = "approver",
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Add a person and print their secret, once.

    What needs two staff needs two people with two secrets.  Whoever can write the database file can
    bypass this: the secret keeps colleagues honest, the file's permissions keep others out.
    Example: processor people add Kari --role agent
    """
    from processor.cli.opening import actor
    from processor.store.accounts import Role
    from processor.store.people import NameTakenError, add_person

    if role not in tuple(Role):
        raise typer.BadParameter(f"{role!r} is no role: {', '.join(Role)}")
    try:
        secret = add_person(open_engine(open_config(config)), name, datetime.now(UTC), role, actor())
    except NameTakenError:
        typer.echo(f"There is a person named {name!r} already.", err=True)
        raise typer.Exit(2) from None
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    typer.echo(f"{name}'s secret, shown this once: {secret}")


@app.command("link")
def link(name: Whom, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Print a link by which a person chooses their password for the desk, once and within a day.

    Example: processor people link Kari
    """
    from processor.cli.opening import actor
    from processor.store.accounts import account, make_link

    settings = open_config(config)
    engine = open_engine(settings)
    found = account(engine, name)
    if found is None:
        typer.echo(f"There is nobody named {name!r}.", err=True)
        raise typer.Exit(1)
    secret = make_link(engine, found.person, actor(), datetime.now(UTC))
    typer.echo(f"{settings.desk.address}/link/{secret}")


@app.command("second-step-off")
def second_step_off(name: Whom, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Let a person who has lost phone and recovery codes sign in by password alone; they set it up anew at the desk.

    Example: processor people second-step-off Kari
    """
    from processor.cli.opening import actor
    from processor.store.accounts import account
    from processor.store.second_step import turn_off

    engine = open_engine(open_config(config))
    found = account(engine, name)
    if found is None or not turn_off(engine, found.person, actor(), datetime.now(UTC)):
        typer.echo(f"Nobody named {name!r} has a second step.", err=True)
        raise typer.Exit(1)
    typer.echo(f"{name} signs in by password alone.")


@app.command("role")
def role(
    name: Whom,
    role: Annotated[
        str,
        typer.Argument(
            help="reader, agent, approver or admin; each may what those before it may.", autocompletion=roles
        ),
    ],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Say what a person may do.

    Example: processor people role Kari admin
    """
    from processor.cli.opening import actor
    from processor.store.accounts import Role, set_role

    if role not in tuple(Role):
        raise typer.BadParameter(f"{role!r} is no role: {', '.join(Role)}")
    if not set_role(open_engine(open_config(config)), name, Role(role), actor(), datetime.now(UTC)):
        typer.echo(
            f"Not changed: nobody is named {name!r}, it is so already, or no administrator would be left.", err=True
        )
        raise typer.Exit(1)
    typer.echo(f"{name} is {role}.")


@app.command("remove")
def remove(name: Whom, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Take a person's right to approve away; their name stays in what they did.

    Example: processor people remove Kari
    """
    from processor.cli.opening import actor
    from processor.store.people import remove_person

    if not remove_person(open_engine(open_config(config)), name, actor(), datetime.now(UTC)):
        typer.echo(f"There is nobody named {name!r}.", err=True)
        raise typer.Exit(1)
    typer.echo(f"{name} may not approve any more.")


@app.command("list")
def show(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """List the people."""
    from processor.store.people import list_people

    people = list_people(open_engine(open_config(config)))
    for person in people:
        typer.echo(person.name)
    if not people:
        typer.echo("Nobody may approve yet. Add a person with: processor people add NAME")
