"""``processor doctor``: does the world answer?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config

if TYPE_CHECKING:
    from processor.config import Config
    from processor.world.probing import Finding

UNMADE = "no file yet; the first start makes it"


def doctor(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Try each mailbox, the SMTP server, the database, lookups and the reading of files: what works, what does not, how to mend it.

    Nothing is changed and no mail is sent.  Exit status 1 when anything does not work.
    """
    from processor.cli.doctor_headers import header_findings
    from processor.cli.doctor_sender import sender_findings
    from processor.store.engine import check_store, made_later
    from processor.world.probing import Finding, probe, probe_smtp
    from processor.world.probing_files import probe_files, probe_scanner
    from processor.world.probing_lookups import probe_lookups

    settings = open_config(config, passwords=True)
    bad = 0

    def tell(place: str, findings: list[Finding]) -> None:
        nonlocal bad
        typer.echo(place)
        for finding in findings:
            bad += not finding.ok
            typer.echo(f"  {'ok ' if finding.ok else 'BAD'} {finding.what}")
            if finding.mend:
                typer.echo(f"      {finding.mend}")

    # Before the first start nothing is wrong, and there is nothing to look into.
    unmade = made_later(settings.store_url)
    problems = [] if unmade else check_store(settings.store_url) or _keys(settings)
    tell(
        f"database {settings.store_url.rpartition('@')[2]}",
        [Finding(not problems, each, "") for each in problems or [UNMADE if unmade else "opens"]]
        + ([] if problems or unmade else _in_clear(settings)),
    )
    if not problems and not unmade:
        tell("who wrote it", header_findings(settings))
    for mailbox in settings.mailboxes:
        tell(f"mailbox {mailbox.name} ({mailbox.user} at {mailbox.host}:{mailbox.port})", probe(mailbox))
    if settings.smtp:
        tell(f"{settings.smtp.via} {settings.smtp.place}", probe_smtp(settings.smtp))
        tell(f"answers from {settings.smtp.from_address}", sender_findings(settings, settings.smtp))
    else:
        tell(
            "smtp",
            [Finding(False, "no [smtp] in the configuration: answers wait in the outbox", "Add an [smtp] table.")],
        )
    for place, findings in probe_lookups(settings.lookups, datetime.now(UTC)):
        tell(place, findings)
    tell("attached files", [*probe_files(), *probe_scanner(settings.scan)])
    raise typer.Exit(1 if bad else 0)


def _keys(settings: Config) -> list[str]:
    """What is wrong with the keys of the store's mails."""
    from processor.loading.problems import Refused
    from processor.steps.opened import opened
    from processor.store.engine import connect

    try:
        opened(settings, connect).dispose()
    except Refused as refused:
        return [str(each) for each in refused.problems]
    return []


def _in_clear(settings: Config) -> list[Finding]:
    """Where mails are to be encrypted: whether all are, under the key of now."""
    from processor.steps.opened import opened
    from processor.store.encrypting import left
    from processor.store.engine import connect
    from processor.world.probing import Finding

    if settings.encryption.seals is None:
        return []
    engine = opened(settings, connect)
    count = left(engine)
    engine.dispose()
    if not count:
        return [Finding(True, "all mails lie encrypted under the key of encrypt_with", "")]
    said = f"{count} mails or files lie in clear, or under a key of decrypt_with"
    return [Finding(True, said, "Encrypt them: processor db encrypt")]
