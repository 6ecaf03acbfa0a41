"""``processor run`` and ``processor once``: the program against the configured servers."""

from __future__ import annotations

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config, open_engine, open_rules


def run(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Run as a daemon: watch the mailboxes, decide, answer.

    SIGTERM ends it within seconds with exit status 0; SIGHUP reloads rules and templates, keeping the
    old ones when the new are broken.
    """
    from processor import journal
    from processor.daemon import Daemon
    from processor.store.lock import StoreInUseError, only_one

    settings = open_config(config)
    rulebook = open_rules(settings)
    journal.write_to_stderr()
    try:
        with only_one(settings.store_url):
            daemon = Daemon(settings, open_engine(settings), rulebook)
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
    from processor.daemon import once as one_pass
    from processor.store.lock import StoreInUseError, only_one

    settings = open_config(config)
    rulebook = open_rules(settings)
    journal.write_to_stderr()
    try:
        with only_one(settings.store_url):
            well = one_pass(settings, open_engine(settings), rulebook)
    except StoreInUseError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(0 if well else 1)
