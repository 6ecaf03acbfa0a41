"""``processor replay``: stored mails through changed rules, templates or model, without any effect."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config, refusals

if TYPE_CHECKING:
    from rich.console import Console

    from processor.config import Config
    from processor.replay.difference import Difference
    from processor.replay.play import Page, Trial
    from processor.replay.totals import Totals

Since = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Mails that arrived on or after this day (Oslo).", metavar="DATE"),
]


def replay(
    rules: Annotated[Path | None, typer.Option(help="The changed rules.", show_default="the rules in force")] = None,
    templates: Annotated[
        Path | None,
        typer.Option(help="The changed templates.", show_default="the folder beside the rules, else those in force"),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Another model.", show_default="the shipped one")] = None,
    since: Since = None,
    context: Annotated[
        str, typer.Option(help="stored: what was known then; now: what registers and configuration say today.")
    ] = "stored",
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a changed mail, and the sums in the last line.")
    ] = False,
    brief: Annotated[bool, typer.Option("--brief", help="The sums only.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write a report for a browser here too.", metavar="FILE")] = None,
    jobs: Annotated[int | None, typer.Option(help="Processes.", min=1, show_default="one a core")] = None,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Decide stored mails anew by changed rules, and print what would differ; nothing is sent or written.

    The store is opened for reading only.  Without --rules, --templates and --model nothing may differ.
    Example: processor replay --rules ../next/rules --since 2026-10-01 --html replay.html
    """
    if context not in ("stored", "now"):
        raise typer.BadParameter(f"no context {context!r}: choose stored or now")
    settings = open_config(config)
    trial = _trial(settings, rules, templates, model, since, context == "now")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    pages = _pages(trial, settings, jobs or cores)
    from processor.replay.totals import Aside, Totals

    totals = Totals()
    with Aside() as aside:
        for page in pages:
            totals.add(page)
            if html:
                aside.put(page.differences)
            if not brief:
                _tell(page.differences, as_json)
        if as_json:
            typer.echo(json.dumps({"summary": totals.values()}, ensure_ascii=False))
        else:
            _sum(totals)
        if html:
            from processor.replay.page import html_page

            with private(html) as file:
                file.writelines(html_page("What the changed rules would do", _about(trial, settings), totals, aside))
            typer.echo(f"The report is in {html}; it quotes customers' mails.", err=True)


def private(path: Path) -> IO[str]:
    """Open a file for writing that only its owner may read, since it quotes customers' mails."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8")


def _trial(
    settings: Config, rules: Path | None, templates: Path | None, model: Path | None, since: datetime | None, now: bool
) -> Trial:
    """What is tried, once the rules are known to be right."""
    from zoneinfo import ZoneInfo

    from processor.loading.model import SHIPPED
    from processor.loading.rules import load_rulebook
    from processor.replay.play import Trial

    rules_dir = (rules or settings.rules_dir).absolute()
    beside = rules_dir.parent / settings.templates_dir.name
    templates_dir = (templates or (beside if rules and beside.is_dir() else settings.templates_dir)).absolute()
    model_file = (model or SHIPPED).absolute()
    with refusals():
        version = load_rulebook(rules_dir, templates_dir, (), model_file).version
    begin = since.replace(tzinfo=ZoneInfo("Europe/Oslo")) if since else None
    return Trial(settings.path, rules_dir, templates_dir, model_file, begin, now, version)


def _pages(trial: Trial, settings: Config, jobs: int) -> Iterator[Page]:
    """The pages as they come, with a bar on a terminal; exit 1 with the reason when they cannot be had."""
    from sqlalchemy.exc import SQLAlchemyError

    from processor.replay.parallel import PAGE, replayed
    from processor.replay.play import ChangedMeanwhileError
    from processor.steps.opened import opened
    from processor.store.engine import SchemaError, open_to_read
    from processor.store.past import past_count

    try:
        with refusals():
            engine = opened(settings, open_to_read)
        count = past_count(engine, trial.since)
        engine.dispose()
        yield from _shown(replayed(trial, settings.store_url, max(1, min(jobs, -(-count // PAGE)))), count)
    except (SchemaError, SQLAlchemyError, ChangedMeanwhileError) as error:
        typer.echo(f"The replay cannot go on: {str(error).splitlines()[0]}", err=True)
        raise typer.Exit(1) from None


def _shown(pages: Iterator[Page], count: int) -> Iterator[Page]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("replay"), BarColumn(), MofNCompleteColumn(), TextColumn("mails"), TimeRemainingColumn())
    # On one terminal, a bar above lines of text would be drawn through them.
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("replay", total=count)
        for page in pages:
            bar.advance(task, page.counts.total())
            yield page


def _tell(differences: Iterable[Difference], as_json: bool) -> None:
    if as_json:
        for each in differences:
            typer.echo(json.dumps(values(each), ensure_ascii=False))
        return
    console = _console()
    for each in differences:
        _tell_one(each, console)


def values(difference: Difference) -> dict[str, Any]:
    """One changed mail as JSON has it."""
    from processor.replay.difference import line_diff

    return {
        "mail": f"m{difference.mail_id}",
        "ticket": difference.ticket_no,
        "arrived_at": difference.arrived_at.isoformat(),
        "sender": difference.sender,
        "subject": difference.subject,
        "differs": list(difference.kinds),
        "old": asdict(difference.old),
        "new": asdict(difference.new),
        "diff": line_diff(difference.old.text, difference.new.text),
        "staff": asdict(difference.staff) if difference.staff else None,
    }


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def _tell_one(difference: Difference, console: Console) -> None:
    from rich.text import Text

    from processor.cli.highlighting import printable
    from processor.cli.queue import local
    from processor.replay.difference import KINDS, changes, line_diff
    from processor.replay.judging import STANDS

    head = f"m{difference.mail_id}  {difference.ticket_no}  {local(difference.arrived_at)}  {difference.sender}"
    console.print(Text.assemble((head, "bold"), "  ", (printable(difference.subject), "italic")))
    for kind, old, new in changes(difference):
        console.print(Text(f"    {KINDS[kind]:20} {printable(old)} → {printable(new)}"))
    if staff := difference.staff:
        style = {"broken": "bold red", "mended": "bold green"}.get(staff.stand, "bold")
        console.print(Text(f"    {'staff':20} {printable(staff.said)} ({STANDS[staff.stand]})", style))
    styles = {"-": "red", "+": "green"}
    for line in line_diff(difference.old.text, difference.new.text):
        console.print(Text(f"    {printable(line)}", styles.get(line[:1], "dim")))
    console.print()


def _sum(totals: Totals) -> None:
    from processor.cli.highlighting import printable
    from processor.replay.difference import KINDS
    from processor.replay.judging import STANDS
    from processor.replay.page import COUNTED

    typer.echo(f"{totals.mails:>7,}  mails")
    for name, words in COUNTED.items():
        if totals.counts[name] or name == "changed":
            typer.echo(f"{totals.counts[name]:>7,}  {words}")
    for kind, words in KINDS.items():
        if totals.kinds[kind]:
            typer.echo(f"{totals.kinds[kind]:>11,}  in {words}")
    for (kind, old, new), count in totals.moves.most_common():
        typer.echo(f"{count:>7,}  {KINDS[kind]}: {old} → {new}")
    for stand, words in STANDS.items():
        if totals.stands[stand]:
            typer.echo(f"{totals.stands[stand]:>7,}  {words}")
    for each in totals.overruled:
        typer.echo(
            f"{'':>7}  m{each.mail_id}  {each.ticket_no}  taken for {each.decided}; {printable(each.staff.said)}"
        )
    for mail_id, error in totals.faults:
        typer.echo(f"m{mail_id} broke the program: {error}", err=True)


def _about(trial: Trial, settings: Config) -> list[tuple[str, str]]:
    changed = "" if trial.rules_dir != settings.rules_dir.absolute() else " (the rules in force)"
    known = "what registers and configuration say today" if trial.context_now else "what was known at the time"
    return [
        ("rules on trial", f"{trial.rules_dir}{changed}, version {trial.version}"),
        ("templates on trial", str(trial.templates_dir)),
        ("mails since", trial.since.date().isoformat() if trial.since else "the beginning"),
        ("decided by", known),
    ]
