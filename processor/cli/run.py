"""``processor run`` and ``processor once``: the program against the configured servers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config, open_engine, open_rules, refuse_gone_back

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from processor.config import Config
    from processor.daemon import Deciders


def run(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Run as a daemon: watch the mailboxes, decide, answer.

    SIGTERM ends it within seconds with exit status 0; SIGHUP reloads rules and templates, keeping the
    old ones when the new are broken or an example beside them is decided otherwise than its .want says.
    """
    from processor import journal
    from processor.daemon import Daemon
    from processor.desk.door import open_door
    from processor.steps.worker import keep_out_of_collections
    from processor.store.lock import StoreInUseError, only_one

    settings = open_config(config, passwords=True)
    journal.write_to_stderr()
    try:
        with only_one(settings.store_url):
            engine = open_engine(settings)
            refuse_gone_back(engine)
            daemon = Daemon(settings, engine, _deciders(settings, engine))
            daemon.listen_to_signals()
            _invite(settings, engine)
            door = open_door(settings.desk.listen, settings.path)
            try:
                keep_out_of_collections()
                daemon.run()
            finally:
                if door:
                    door.stop()
    except StoreInUseError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def once(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Make one pass and end, for cron: exit status 0 when every server answered, 1 when one did not.

    A lock keeps two passes, or a pass and a daemon, from working on one store at once.
    """
    from processor import journal
    from processor.single_pass import once as one_pass
    from processor.steps.in_process import InProcess
    from processor.store.clock import StoreClock
    from processor.store.lock import StoreInUseError, only_one

    settings = open_config(config, passwords=True)
    rulebook = open_rules(settings)
    journal.write_to_stderr()
    try:
        with only_one(settings.store_url):
            engine = open_engine(settings)
            refuse_gone_back(engine)
            well = one_pass(settings, engine, InProcess(engine, settings, rulebook, StoreClock(engine)))
    except StoreInUseError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(0 if well else 1)


def desk(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Serve the staff's pages alone, without reading mail, until Ctrl-C; `processor run` serves them too."""
    from processor.desk.__main__ import alone

    settings = open_config(config)
    if settings.desk.listen is None:
        typer.echo('The desk is turned off: [desk] listen = "" in the configuration.', err=True)
        raise typer.Exit(2)
    _invite(settings, open_engine(settings))
    typer.echo(f"The desk is at {settings.desk.address}")
    raise typer.Exit(alone(settings))


def _invite(settings: Config, engine: Engine) -> None:
    """At a terminal: tell how the first administrator comes in, while there is none."""
    from datetime import UTC, datetime

    from processor.desk.first_admin import invitation

    # A log is no place for a link that lets somebody in; there: processor people link NAME.
    if sys.stdout.isatty() and (link := invitation(engine, settings.desk, datetime.now(UTC))):
        typer.echo(
            f"Nobody can sign in to the desk yet. Choose the first administrator's password, within a day:\n\n  {link}\n"
        )


def _deciders(settings: Config, engine: Engine) -> Deciders:
    """Children that understand and decide, or this process; refuses broken rules before anything starts."""
    if settings.workers == 0:
        from processor.steps.in_process import InProcess
        from processor.store.clock import StoreClock

        return InProcess(engine, settings, open_rules(settings), StoreClock(engine))
    from processor.steps.workers import Workers

    workers = Workers(settings)
    if problems := workers.begin().problems:
        for problem in problems:
            typer.echo(problem, err=True)
        typer.echo(f"{len(problems)} problem{'s' if len(problems) != 1 else ''}; nothing was started.", err=True)
        raise typer.Exit(2)
    return workers
