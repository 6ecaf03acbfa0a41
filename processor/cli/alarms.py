"""``processor alarms``: what is raised, what of it could not be told, and whether the ways work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config, open_engine
from processor.cli.queue import local

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from processor.store.alarms import Known

app = typer.Typer(no_args_is_help=True, help="What is raised, and a test of who would hear of it.")


@app.command("list")
def list_(
    config: ConfigPath = DEFAULT_CONFIG,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
) -> None:
    """List the alarms that are raised and the ways that fail; what each means: docs/operate/alarms.md."""
    from processor.store.alarms import known_alarms

    now = datetime.now(UTC)
    engine = open_engine(open_config(config))
    shown = [each for each in known_alarms(engine) if everything or each.episode.cleared_at is None]
    if as_json:
        typer.echo(json.dumps(_values(engine, shown, now), ensure_ascii=False))
        return
    for each in shown:
        typer.echo(_line(each))
    if not shown:
        typer.echo("No alarm is raised." if not everything else "No alarm was ever raised.")
    for line in untold(engine, now):
        typer.echo(line)


@app.command("test")
def try_ways(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Tell a test by every way of [alarms], and ask the ping's URL, now: what came of each.

    The database is not asked.  Exit status 1 when any did not take it, or when there is none.
    """
    from processor.alarms.ways import ping, ways_of
    from processor.alarms.words import test_message

    settings = open_config(config, passwords=True).alarms
    now = datetime.now(UTC)
    told = test_message(f"test-{now:%Y%m%dT%H%M%S}", now, settings.language)
    tests = {name: partial(way, told) for name, way in ways_of(settings).items()}
    if settings.ping:
        tests["ping"] = partial(ping, settings.ping)
    bad = 0
    for way, tell in tests.items():
        error = tell()
        bad += bool(error)
        typer.echo(f"{'BAD' if error else 'ok '} {way}{f': {error}' if error else ''}")
    if not tests:
        typer.echo("Nobody hears of alarms: [alarms] in the configuration names no way.", err=True)
    raise typer.Exit(1 if bad or not tests else 0)


def untold(engine: Engine, now: datetime) -> Iterator[str]:
    """The ways that do not take what they should, a line each."""
    from processor.store.alarm_notices import way_measures

    for way in way_measures(engine, now):
        if way.waiting and way.error:
            yield f"{way.way}: {way.waiting} not told, tried {way.tries} times: {way.error}"
        if way.given_up:
            yield f"{way.way}: {way.given_up} given up within a day: {way.error}"


def _line(known: Known) -> str:
    from processor.alarms.words import headline

    episode = known.episode
    over = f", over {local(episode.cleared_at)}" if episode.cleared_at else ""
    return f"{known.alarm.kind:18} raised {local(episode.raised_at)}{over}: {headline(known.alarm, 'en')}"


def _values(engine: Engine, shown: list[Known], now: datetime) -> dict[str, object]:
    from processor.store.alarm_notices import way_measures

    return {
        "alarms": [
            {
                "alarm": each.alarm.kind,
                "subject": each.alarm.subject,
                "facts": dict(each.alarm.facts),
                "raised_at": each.episode.raised_at.isoformat(),
                "told_at": each.episode.told_at.isoformat(),
                "cleared_at": each.episode.cleared_at and each.episode.cleared_at.isoformat(),
            }
            for each in shown
        ],
        "ways": [
            {"way": way.way, "waiting": way.waiting, "tries": way.tries, "given_up": way.given_up, "error": way.error}
            for way in way_measures(engine, now)
        ],
    }
