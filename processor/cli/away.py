"""``queue away``: days on which somebody is away, and to whom what they have taken on goes meanwhile."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from processor.cli.completing import people
from processor.cli.confirm import day_of
from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config, open_engine
from processor.cli.signing import Name, Secret, agent_account, refuse

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from processor.store.accounts import Account

Day = Annotated[str, typer.Option(metavar="DD.MM.YYYY", help="A day in Oslo; both days count.")]


def away(
    name: Name,
    secret: Secret,
    since: Day = "",
    until: Day = "",
    to: Annotated[
        str, typer.Option(help="Who takes over; everybody, where nobody is named.", autocompletion=people)
    ] = "",
    who: Annotated[str, typer.Option(help="Another person, for administrators.", autocompletion=people)] = "",
    back: Annotated[bool, typer.Option("--back", help="Say that the person is back.")] = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Say when you are away and who takes over what you have taken on; without days, show what was said.

    \b
    Example: processor queue away --since 21.12.2026 --until 2.1.2027 --to Ola --as Kari
    Example: processor queue away --back --as Kari
    """
    from processor.store.absences import CannotBeAwayError, end_absence, hand_over, set_absence

    engine, now = open_engine(open_config(config)), datetime.now(UTC)
    me = agent_account(engine, name, secret)
    gone = _other(engine, me, who) if who else me
    first, last = (day_of(each) if each else None for each in (since, until))
    if back:
        end_absence(engine, gone.person.id, me.person, now)
        typer.echo(f"{gone.person.name} is back.")
        return
    if first is None and last is None:
        _tell(engine, gone)
        return
    days: list[date] = [each for each in (first, last) if each is not None]
    try:
        set_absence(engine, gone.person.id, days[0], days[-1], _taker(engine, to), me.person, now)
    except CannotBeAwayError as cannot:
        refuse(str(cannot))
    moved = hand_over(engine, now)
    typer.echo(f"{gone.person.name} is away {days[0]:%d.%m.%Y} to {days[-1]:%d.%m.%Y}.")
    typer.echo(f"{moved} ticket{'s' if moved != 1 else ''} handed over now.")


def _tell(engine: Engine, gone: Account) -> None:
    from processor.store.absences import absence_of
    from processor.store.accounts import account_of

    found = absence_of(engine, gone.person.id)
    taker = account_of(engine, found.to) if found and found.to else None
    to = f", {taker.person.name} takes over" if taker else ""
    days = f"away {found.since:%d.%m.%Y} to {found.until:%d.%m.%Y}{to}" if found else "not away"
    typer.echo(f"{gone.person.name} is {days}.")


def _other(engine: Engine, me: Account, who: str) -> Account:
    from processor.store.accounts import Role, account

    if not me.role.may(Role.ADMIN):
        refuse("only an administrator says it of another")
    found = account(engine, who)
    if found is None:
        refuse(f"there is nobody named {who!r}")
    return found


def _taker(engine: Engine, to: str) -> int:
    from processor.store.accounts import account

    if not to:
        return 0
    found = account(engine, to)
    if found is None:
        refuse(f"there is nobody named {to!r}")
    return found.person.id
