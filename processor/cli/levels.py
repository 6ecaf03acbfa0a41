"""``processor levels``: a type's level beside what staff have said of its decisions, and one step up or down."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, actor, open_config, open_engine, open_rules

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from processor.cli.levels_report import Report
    from processor.config import Config
    from processor.rulebook import Rulebook
    from processor.store.levels import TypeLevel

OSLO = ZoneInfo("Europe/Oslo")
TypeName = Annotated[str, typer.Argument(metavar="TYPE", help="A request type.")]
Since = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Decisions from this day on (Oslo).")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask when the goal is not shown yet.")]


def show(
    request_type: TypeName,
    sample: Annotated[int, typer.Option(help="How many letters to show.", min=0)] = 3,
    since: Since = None,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Show a type's level, what staff have said of its decisions, and what would have gone out at the next level.

    Example: processor levels show termination --sample 5 --since 2026-10-01
    """
    from processor.cli.levels_report import letter_lines, type_lines

    made = _report(config, since, sample, request_type)
    (entry,) = made.entries
    for line in (*type_lines(entry), *letter_lines(entry)):
        typer.echo(line)


def report(
    since: Since = None,
    sample: Annotated[int, typer.Option(help="How many letters to show of each type.", min=0)] = 3,
    html: Annotated[
        Path | None, typer.Option(help="Write it for a browser, to print and sign.", metavar="FILE")
    ] = None,
    language: Annotated[str, typer.Option(help="en or nb: who signs it need not read English.")] = "en",
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Print what was decided, what staff said of it, and what each level would have sent: a report to sign.

    At observe and draft every reply is written as if it were to leave, so a month of either is enough for it.
    Example: processor levels report --since 2026-10-01 --html levels.html
    """
    from processor.cli.levels_report import html_page, report_lines
    from processor.cli.levels_words import LANGUAGES, Words
    from processor.cli.replay import private

    if language not in LANGUAGES:
        raise typer.BadParameter(f"language must be one of {', '.join(LANGUAGES)}, and is {language!r}")
    made = replace(_report(config, since, sample), words=Words("nb" if language == "nb" else "en"))
    if html is None:
        for line in report_lines(made):
            typer.echo(line)
        return
    with private(html) as file:
        file.writelines(html_page(made))
    typer.echo(f"The report is in {html}; it quotes replies to customers.")


def up(request_type: TypeName, yes: Yes = False, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Raise a type by one level; mail that arrived earlier is never answered by it.  Your name is recorded."""
    _step(request_type, 1, config, yes)


def down(request_type: TypeName, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Lower a type by one level, for all mail at once.  Your name is recorded."""
    _step(request_type, -1, config, True)


def _step(request_type: str, by: int, config: Path, yes: bool) -> None:
    from processor.cli.answers import _warn
    from processor.store.levels import ORDER, set_level
    from processor.ticket import Level

    settings = open_config(config)
    rulebook = open_rules(settings)
    engine = open_engine(settings)
    now = _in_force(engine, settings, rulebook, request_type)
    at = ORDER.index(now.level) + by
    if not 0 <= at < len(ORDER):
        typer.echo(f"{request_type} is at {now.level} already; there is no level {'above' if by > 0 else 'below'}.")
        raise typer.Exit(1)
    if by > 0 and ORDER[at] == Level.AUTOMATIC:
        _warn([request_type], rulebook, ask=not yes and sys.stdin.isatty())
    default = settings.levels.get(request_type, settings.level)
    set_level(engine, request_type, ORDER[at], actor(), datetime.now(UTC), default)
    typer.echo(f"{request_type:24} {now.level} → {ORDER[at]}")


def _in_force(engine: Engine, settings: Config, rulebook: Rulebook, request_type: str) -> TypeLevel:
    from processor.store.levels import level

    if request_type not in rulebook.types:
        raise typer.BadParameter(f"no request type {request_type!r}: there are {', '.join(sorted(rulebook.types))}")
    return level(engine, request_type, settings.levels.get(request_type, settings.level))


def _report(config: Path, since: datetime | None, sample: int, only: str = "") -> Report:
    """The report on one type or on all."""
    from processor.cli.levels_report import Entry, Report
    from processor.store.judgements import TypeRecord, letters, type_records
    from processor.store.levels import ORDER

    settings = open_config(config)
    rulebook = open_rules(settings)
    engine = open_engine(settings)
    begin = since.replace(tzinfo=OSLO) if since else None
    records = type_records(engine, begin)
    entries = []
    for name in [only] if only else sorted(rulebook.types, key=lambda name: rulebook.types[name].rank):
        level = _in_force(engine, settings, rulebook, name)
        after = ORDER[min(ORDER.index(level.level) + 1, len(ORDER) - 1)]
        # Nothing leaves at draft, so before it the sample shows what the level after it would send.
        shown = max(after, ORDER[2], key=ORDER.index)
        below = ORDER[ORDER.index(shown) - 1] if after != level.level else ORDER[0]
        found = letters(engine, name, shown, below, sample, begin) if sample else []
        record = records.get(name, TypeRecord(name))
        entries.append(Entry(name, rulebook.types[name].title["nb"], level, after, shown, record, tuple(found)))
    return Report(settings.team, begin, datetime.now(UTC), tuple(entries))
