"""Who acts from the terminal: name and secret, the role that acting needs, and the mailboxes that are theirs.

The desk asks the same of whoever is signed in there (``desk/routes.py`` and ``desk/mailbox_rights.py``).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from processor.cli.completing import people

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from processor.config import Config
    from processor.store.accounts import Account
    from processor.store.people import Person
    from processor.store.visible import Scope

Name = Annotated[
    str,
    typer.Option(
        "--as", help="Your name, as given to: processor people add", prompt="Your name", autocompletion=people
    ),
]
Secret = Annotated[
    str, typer.Option(help="Your secret.", prompt="Your secret", hide_input=True, envvar="PROCESSOR_SECRET")
]
Hold = Annotated[
    bool, typer.Option("--hold", help="Hold the letter for undo_seconds, in which queue undo takes it back.")
]
NUMBERED = re.compile(r"([arm])([0-9]{1,17})")


def agent_of(engine: Engine, name: str, secret: str, *named: str) -> Person:
    """The person of that name and secret, if their role may act and all that is named is theirs to see; or exit 1.

    Named are tickets by their numbers, and actions (a7), replies (r7) and mails (m7).
    """
    return agent_account(engine, name, secret, *named).person


def agent_account(engine: Engine, name: str, secret: str, *named: str) -> Account:
    """``agent_of`` with all that is known of the person."""
    from processor.store.accounts import Role

    found = account_of(engine, name, secret)
    if not found.role.may(Role.AGENT):
        refuse("your role does not allow this")
    for each in named:
        if not _sees(engine, found.scope, each.strip()):
            refuse(f"there is no {each.strip()}, or it is of a mailbox that is not yours to see")
    return found


def account_of(engine: Engine, name: str, secret: str) -> Account:
    """All that is known of the person of that name and secret, or exit 1."""
    from processor.store.accounts import account

    found = account(engine, person_of(engine, name, secret).name)
    if found is None:
        refuse("your role does not allow this")
    return found


def person_of(engine: Engine, name: str, secret: str) -> Person:
    """The person of that name and secret, or exit 1."""
    from processor.store.people import verify_person

    person = verify_person(engine, name, secret)
    if person is None:
        typer.echo("Name and secret do not fit.", err=True)
        raise typer.Exit(1)
    return person


def hold_until(config: Config, now: datetime, hold: bool) -> datetime | None:
    """Until when a letter waits that may be taken back, as the desk lets each of them wait; None for not at all."""
    seconds = config.desk.undo_seconds
    return now + timedelta(seconds=seconds) if hold and seconds else None


def refuse(why: str) -> NoReturn:
    """Say that nothing was done, and why; exit 1."""
    typer.echo(f"Not done: {why}.", err=True)
    raise typer.Exit(1)


def _sees(engine: Engine, scope: Scope, which: str) -> bool:
    from processor.store import visible

    if found := NUMBERED.fullmatch(which):
        sees = {"a": visible.sees_action, "r": visible.sees_reply, "m": visible.sees_mail}[found[1]]
        return sees(engine, scope, int(found[2]))
    return visible.sees_ticket(engine, scope, which.upper())
