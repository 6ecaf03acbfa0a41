"""``queue done`` and ``queue correct``: what staff have registered, and the confirmation that says so."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from processor.cli.completing import steps
from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config, open_engine, open_rules
from processor.cli.queue import parse_id, tell
from processor.cli.signing import Hold, agent_of, hold_until

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from processor.config import Config
    from processor.rulebook import Rulebook
    from processor.store.confirming import About
    from processor.store.queue import TicketView
    from processor.store.staff_replies import Letter

Day = Annotated[str, typer.Option(metavar="DD.MM.YYYY", help="The last day that you registered.")]
Access = Annotated[
    str, typer.Option(metavar="DD.MM.YYYY", help="Until when the customer has access, if that is later.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be sent, and do nothing.")]
WRITTEN = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")


def done(
    which: Annotated[str, typer.Argument(help="An action (a7), as queue list shows it.", autocompletion=steps)],
    name: Annotated[str, typer.Option("--as", help="Your name, as given to: processor people add")] = "",
    secret: Annotated[str, typer.Option(help="Your secret.", envvar="PROCESSOR_SECRET")] = "",
    last_day: Day = "",
    access_until: Access = "",
    no_confirmation: Annotated[bool, typer.Option(help="Send the customer nothing.")] = False,
    dry_run: DryRun = False,
    hold: Hold = False,
    text_file: Annotated[
        typer.FileText | None,
        typer.Option(help="The confirmation's words, as --dry-run shows them and you changed them.", encoding="utf-8"),
    ] = None,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Say that an approved action is done in the billing system, by you, now; the confirmation goes out.

    Example: processor queue done a7 --as Kari --last-day 31.12.2026
    """
    from processor.store import queue

    settings = open_config(config)
    engine = open_engine(settings)
    kind, number = parse_id(which)
    if kind != "a":
        raise typer.BadParameter("only an action (a7) is done; a reply is approved or rejected")
    letter = None if no_confirmation else _letter_of(engine, settings, number, last_day, access_until)
    if letter is not None and text_file is not None:
        letter = _changed(letter, text_file.read())
    if dry_run:
        _show(letter)
        return
    person = agent_of(engine, *_signed(name, secret), which)
    now = datetime.now(UTC)
    result = queue.done(engine, number, person, now, letter=letter, hold_until=hold_until(settings, now, hold))
    if letter is not None and result.ok and result.letter is None:
        typer.echo("No confirmation leaves, since another action of the same item is open or one was issued already.")
    elif result.letter is not None:
        typer.echo(f"The confirmation r{result.letter} goes out to {letter.reply.to if letter else ''}.")
    tell(result)


def correct(
    which: Annotated[str, typer.Argument(metavar="TICKET|ACTION", help="A ticket, or an action of it (a7).")],
    last_day: Day,
    name: Annotated[str, typer.Option("--as", help="Your name, as given to: processor people add")] = "",
    secret: Annotated[str, typer.Option(help="Your secret.", envvar="PROCESSOR_SECRET")] = "",
    access_until: Access = "",
    dry_run: DryRun = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Send a corrected confirmation, which names the one that it replaces.

    Example: processor queue correct VS-7K3M-9QX4 --as Kari --last-day 31.12.2027
    """
    from processor.steps.letters import CannotError
    from processor.store.staff_replies import issue

    settings = open_config(config)
    engine = open_engine(settings)
    # A look costs nobody a name, as with done.
    person = None if dry_run else agent_of(engine, *_signed(name, secret), which)
    action = _confirmed_action(engine, which)
    try:
        letter = _letter(engine, settings, open_rules(settings), action, last_day, access_until)
    except CannotError as cannot:
        typer.echo(f"Not done: {cannot}.", err=True)
        raise typer.Exit(1) from None
    if letter is None or letter.issue < 2:
        typer.echo("Not done: nothing was confirmed that could be corrected.", err=True)
        raise typer.Exit(1)
    if person is None:
        _show(letter)
        return
    outbox_id = issue(engine, letter, person, datetime.now(UTC))
    if outbox_id is None:
        typer.echo("Not done: somebody was here before.", err=True)
        raise typer.Exit(1)
    typer.echo(f"The corrected confirmation r{outbox_id} goes out to {letter.reply.to}.")


def previews(engine: Engine, settings: Config, view: TicketView) -> dict[int, str]:
    """For each open action what leaves when it is done, in a line; nothing where the rules cannot be read."""
    from processor.loading.problems import Refused
    from processor.loading.rules import load_rulebook
    from processor.steps.letters import template_of
    from processor.store.confirming import about_item
    from processor.store.staff_replies import OPEN_ACTIONS

    waiting = [each for each in view.actions if each.state.value in OPEN_ACTIONS]
    if not waiting:
        return {}
    try:
        # Without the model, which takes long to load and decides nothing here.
        rulebook = load_rulebook(settings.rules_dir, settings.templates_dir, settings.own_addresses, None)
    except Refused:
        return {}
    found = {}
    for each in waiting:
        about = about_item(engine, each.item_id)
        template = template_of(rulebook, about, each.kind) if about else ""
        if about and template:
            command = f"queue done a{each.id} --last-day DD.MM.YYYY --dry-run"
            found[each.id] = f"when done: {template} leaves{_proposal(about)}; see it with: {command}"
    return found


def _letter_of(engine: Engine, settings: Config, action: int, last_day: str, access_until: str) -> Letter | None:
    """The confirmation of an action that is not done yet; None where none is due, exit where it lacks a day."""
    from processor.steps.letters import CannotError
    from processor.store.standing import open_action

    if not open_action(engine, action):
        # Whoever was first is told by ``done`` itself.
        return None
    try:
        return _letter(engine, settings, open_rules(settings), action, last_day, access_until)
    except CannotError as cannot:
        typer.echo(f"No confirmation can be sent: {cannot}. Without one: --no-confirmation", err=True)
        raise typer.Exit(1) from None


def _changed(letter: Letter, text: str) -> Letter:
    """The letter in the person's own words; exit where they cannot be sent."""
    from processor.steps.letters import CannotError
    from processor.steps.writing import in_own_words

    try:
        return in_own_words(letter, text)
    except CannotError as cannot:
        typer.echo(f"No confirmation can be sent: {cannot}.", err=True)
        raise typer.Exit(1) from None


def _letter(
    engine: Engine, settings: Config, rulebook: Rulebook, action: int, last_day: str, access_until: str
) -> Letter | None:
    from processor.steps.letters import Facts, confirming, template_of
    from processor.store.confirming import about_item, item_of_action

    found = item_of_action(engine, action)
    about = about_item(engine, found[0]) if found else None
    template = template_of(rulebook, about, found[1]) if found and about else ""
    if not template or about is None:
        return None
    if not last_day:
        typer.echo(f"Name the last day that you registered: --last-day DD.MM.YYYY{_proposal(about)}", err=True)
        typer.echo("To send the customer nothing: --no-confirmation", err=True)
        raise typer.Exit(2)
    until = day_of(access_until) if access_until else None
    return confirming(engine, settings, rulebook, about.item_id, template, Facts(day_of(last_day), until))


def _proposal(about: About) -> str:
    from processor.deciding.staff_words import deadline_in_words

    found = about.deadline
    if found is None or found.last_service_day is None:
        return " (no contract is known that tells it)"
    return f" (by the contract: {found.last_service_day:%d.%m.%Y}; {deadline_in_words(found)[0]})"


def _confirmed_action(engine: Engine, which: str) -> int:
    """The action whose confirmation is corrected; a ticket must have one such."""
    from processor.store.confirming import confirmed_actions

    if re.fullmatch(r"a[0-9]{1,17}", which):
        return int(which[1:])
    found = confirmed_actions(engine, which.strip().upper())
    if len(found) != 1:
        said = f"has several: name one ({', '.join(f'a{each}' for each in found)})" if found else "has no confirmation"
        raise typer.BadParameter(f"ticket {which} {said}")
    return found[0]


def day_of(text: str) -> date:
    """A day as staff write it, 31.12.2026 or 2026-12-31; a usage error for anything else."""
    found = WRITTEN.fullmatch(text.strip())
    try:
        return date(int(found[3]), int(found[2]), int(found[1])) if found else date.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day such as 31.12.2026") from None


def _signed(name: str, secret: str) -> tuple[str, str]:
    """Name and secret, asked for where they are not given."""
    name = name or typer.prompt("Your name")
    return name, secret or typer.prompt("Your secret", hide_input=True)


def _show(letter: Letter | None) -> None:
    if letter is None:
        typer.echo("Nothing would be sent.")
        return
    typer.echo(f"To: {letter.reply.to}\nSubject: {letter.reply.subject}\nMessage-ID: {letter.message_id}\n")
    typer.echo(letter.reply.text)
    typer.echo("Nothing was done or sent.")
