"""The stop switch of all automatic answers, and how much each request type may do alone."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, actor, open_config, open_engine, open_rules

if TYPE_CHECKING:
    from processor.rulebook import Rulebook
    from processor.store.judgements import TypeRecord

levels = typer.Typer(
    invoke_without_command=True, help="How much each request type may do alone: observe, draft, approve, automatic."
)


def stop_answers(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Stop every automatic answer at once, in a running daemon too; mail is still read and queued."""
    from processor.store import switch

    fresh = switch.stop_answers(open_engine(open_config(config), keys=False), actor(), datetime.now(UTC))
    stand = "are stopped" if fresh else "were stopped already"
    typer.echo(f"Automatic answers {stand}. Go on with: processor resume-answers")


def resume_answers(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Let automatic answers go out again; what was held meanwhile stays held for a person."""
    from processor.store import switch
    from processor.store.counts import counts
    from processor.ticket import OutboxState

    engine = open_engine(open_config(config), keys=False)
    if not switch.resume_answers(engine, actor(), datetime.now(UTC)):
        typer.echo("Automatic answers were not stopped.")
    else:
        typer.echo("Automatic answers go out again.")
    if held := counts(engine)["replies"].get(OutboxState.HELD.value, 0):
        typer.echo(f"{held} held answer{'s wait' if held != 1 else ' waits'} for a person: processor queue list")


@levels.callback()
def bare(context: typer.Context, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """How much each request type may do alone: observe, draft, approve, automatic; alone it lists them."""
    if context.invoked_subcommand is None:
        level_list(config)
    elif (source := context.get_parameter_source("config")) and source.name == "COMMANDLINE":
        raise typer.BadParameter("write it after the command: processor levels list --config …")


@levels.command("list")
def level_list(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Show each request type's level, how much precision has been shown for it, and what staff have said of it."""
    from processor.store.judgements import type_records
    from processor.store.levels import levels as in_force
    from processor.ticket import Level
    from processor.training.shown import in_words, reached

    settings = open_config(config)
    rulebook = open_rules(settings)
    defaults = {name: settings.levels.get(name, settings.level) for name in rulebook.types}
    engine = open_engine(settings)
    records = type_records(engine)
    for name, level in sorted(in_force(engine, defaults).items()):
        behind = level.level == Level.AUTOMATIC and not reached(name, rulebook.model)
        said = f"{name:24} {level.level:10} {'! ' if behind else '  '}{in_words(name, rulebook.model)}"
        typer.echo(said.rstrip() + _by_staff(records.get(name)))


def _by_staff(record: TypeRecord | None) -> str:
    """What staff have said of a type's decisions, where they have said anything."""
    if record is None or not record.judged:
        return ""
    said = record.said
    return f"; staff: {said['confirmed']} confirmed, {said['changed']} changed, {said['rejected']} rejected"


@levels.command("set")
def level_set(
    request_type: Annotated[str, typer.Argument(help="A request type, or 'all'.")],
    level: Annotated[str, typer.Argument(help="observe, draft, approve or automatic.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask when the goal is not shown yet.")] = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Raise or lower a request type's level; mail that arrived earlier is never answered by raising it.

    The level automatic warns of a type whose precision is not yet shown to reach its goal: a terminal asks
    (--yes does not), a script is warned on standard error and obeyed.
    Example: processor levels set elma_question approve
    """
    from processor.store.levels import set_level
    from processor.ticket import Level

    settings = open_config(config)
    rulebook = open_rules(settings)
    known = rulebook.types
    if level not in tuple(Level):
        raise typer.BadParameter(f"no level {level!r}: choose observe, draft, approve or automatic")
    if request_type != "all" and request_type not in known:
        raise typer.BadParameter(f"no request type {request_type!r}: there are {', '.join(sorted(known))}")
    names = sorted(known) if request_type == "all" else [request_type]
    if level == Level.AUTOMATIC:
        _warn(names, rulebook, ask=not yes and sys.stdin.isatty())
    engine = open_engine(settings)
    for name in names:
        set_level(engine, name, Level(level), actor(), datetime.now(UTC))
        typer.echo(f"{name:24} {level}")


def _warn(names: list[str], rulebook: Rulebook, *, ask: bool) -> None:
    """Say which types' goals are not shown yet; on a terminal, ask before going on."""
    from processor.training.shown import warnings

    said = warnings(names, rulebook.model)
    for line in said:
        typer.echo(line, err=True)
    if said and ask and not typer.confirm("Answer alone all the same?", err=True):
        typer.echo("Nothing was changed.")
        raise typer.Exit(1)
