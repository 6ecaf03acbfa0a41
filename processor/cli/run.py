"""``processor run`` and ``processor once``: the program against the configured servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config, open_engine, open_rules

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
    from processor.store.lock import StoreInUseError, only_one

    settings = open_config(config, passwords=True)
    journal.write_to_stderr()
    try:
        with only_one(settings.store_url):
            engine = open_engine(settings)
            daemon = Daemon(settings, engine, _deciders(settings, engine))
            daemon.listen_to_signals()
            daemon.run()
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
            well = one_pass(settings, engine, InProcess(engine, settings, rulebook, StoreClock(engine)))
    except StoreInUseError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(0 if well else 1)


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
