"""``processor status``: how the program stands, what a person asks first standing first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config, open_engine
from processor.cli.queue import local
from processor.cli.reconciling import KINDS_IN_WORDS, folder_values

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from processor.config import Config
    from processor.store.measures import MailboxMeasure, Measures

MOST_PROBLEMS = 5
FIRST = ("unknown", "failed", "bounced")
"""The states of replies that a person has to look at."""


def status(
    config: ConfigPath = DEFAULT_CONFIG,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show how the program stands: mailboxes, what waits, replies in trouble, the stop switch, rules, disk, backup."""
    from processor.store.measures import measure

    settings = open_config(config)
    engine = open_engine(settings, keys=False)
    found = measure(engine, datetime.now(UTC))
    if as_json:
        typer.echo(json.dumps(_values(engine, found), ensure_ascii=False, default=str))
        return
    for line in (*_alarms(engine, found.at), *_mails(found), *_logins(settings, found.at), *_leases(engine)):
        typer.echo(line)
    for line in (*_queue(engine, found), *_replies(found), *_totals(engine), *_rules(engine)):
        typer.echo(line)
    for line in (*_contracts(engine), *_restored(engine), *_machine(found)):
        typer.echo(line)


def _line(name: str, said: str) -> str:
    return f"{name:10} {said}"


def _alarms(engine: Engine, now: datetime) -> Iterator[str]:
    """What is raised, first of all, and which way of telling it fails."""
    from processor.alarms.words import headline
    from processor.cli.alarms import untold
    from processor.store.alarms import open_alarms

    for each in open_alarms(engine):
        yield _line("ALARM", f"{headline(each.alarm, 'en')} ({each.alarm.kind})")
    for said in untold(engine, now):
        yield _line("UNTOLD", said)


def _mails(found: Measures) -> Iterator[str]:
    name = "mailboxes"
    for box in found.mailboxes:
        yield _line(name, f"{box.account}: {_read(box, found.at)}")
        name = ""
    if not found.mailboxes:
        yield _line(name, "none was read yet")
    name = "compared"
    for box in found.mailboxes:
        yield _line(name, f"{box.account}: {_compared(box, found.at)}")
        name = ""
    oldest = f", the oldest since {_ago(found.at - found.oldest_mail)}" if found.oldest_mail else ""
    yield _line("undecided", f"{found.mails['kept']} mails{oldest}" if found.mails["kept"] else "none")
    if aside := found.mails["set_aside"]:
        yield _line("set aside", f"{aside} mails could not be decided: processor queue list, processor retry")


def _logins(settings: Config, now: datetime) -> Iterator[str]:
    """Logins by OAuth: how old their tokens are, and when somebody has to do something."""
    from processor.consent import days_left, token_age
    from processor.steps.consents import consents

    name = "logins"
    for each in consents(settings):
        age, left = token_age(each, now), days_left(each, now)
        said = "no token yet" if age is None else f"token {_ago(timedelta(seconds=age))} old"
        said += "" if left is None or each.ends_at is None else f", ends in {left:.0f} days"
        yield _line(name, f"{each.login}: {each.trouble or said}")
        name = ""


def _leases(engine: Engine) -> Iterator[str]:
    """On PostgreSQL: which daemons live, and which of them reads each mailbox."""
    from processor.store.leases import DAEMON, leases

    for lease in leases(engine):
        kind, _, name = lease.name.partition("/")
        since = f"since {local(lease.taken_at)}"
        if kind + "/" == DAEMON:
            yield _line("daemon", f"{name}, {since}" + ("" if lease.alive else ", says nothing any more"))
        elif lease.alive:
            yield _line("lease", f"{name}: read by {lease.holder}, {since} (fence {lease.fence})")
        else:
            yield _line("lease", f"{name}: read by nobody, last by {lease.holder} (fence {lease.fence})")


def _read(box: MailboxMeasure, now: datetime) -> str:
    said = f"read {_ago(now - box.read_at)} ago" if box.read_at else "never read to its end"
    if box.intake and box.intake.left:
        said += f"; taking in, {box.intake.left} mails left {_ago(now - box.intake.at)} ago"
    return said


def _compared(box: MailboxMeasure, now: datetime) -> str:
    """When the server was last compared with what we kept, and what was not as it should be."""
    if not box.reconciled_at:
        return "never compared to its end"
    said = f"{_ago(now - box.reconciled_at)} ago, {sum(each.held for each in box.folders)} mails"
    kinds = [(kind, sum(each.counts.get(kind, 0) for each in box.folders)) for kind in KINDS_IN_WORDS]
    differences = [f"{count} {KINDS_IN_WORDS[kind]}" for kind, count in kinds if count]
    return f"{said}: {', '.join(differences) or 'all are kept'}"


def _queue(engine: Engine, found: Measures) -> Iterator[str]:
    from processor.store.due import SOON, due_counts

    said = [
        f"{sum(types.values())} {state}: " + ", ".join(f"{count} {kind}" for kind, count in sorted(types.items()))
        for state, types in _by_state(found).items()
    ]
    yield _line("queue", "; ".join(said) or "nothing waits")
    overdue, near = due_counts(engine, found.at, SOON)
    yield _line("due", f"{overdue} overdue, {near} due within {int(SOON / timedelta(hours=1))} h")


def _by_state(found: Measures) -> dict[str, dict[str, int]]:
    made: dict[str, dict[str, int]] = {}
    for (state, kind), count in found.actions.items():
        made.setdefault(state, {})[kind] = count
    return made


def _replies(found: Measures) -> Iterator[str]:
    states = (*FIRST, *sorted(found.replies.keys() - set(FIRST)))
    said = [f"{found.replies[state]} {state}" for state in states if found.replies[state]]
    yield _line("outbox", ", ".join(said) or "nothing waits")
    if late := sum(found.copies.values()):
        yield _line("", f"{late} copies of sent replies not yet in the Sent folder")
    yield _line("answers", "STOPPED: processor resume-answers" if found.stopped else "go out as the levels say")


def _totals(engine: Engine) -> Iterator[str]:
    from processor.store.counts import counts

    for thing, states in counts(engine).items():
        yield _line(thing, ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none")


def _rules(engine: Engine) -> Iterator[str]:
    """The rules in force, and why a daemon kept them at the last reload."""
    from processor.store.reloading import standing

    found = standing(engine)
    yield _line("rules", f"version {found.version}, since {local(found.since)}" if found.since else "none yet")
    if found.refused_at:
        yield _line("", f"changed ones refused: {local(found.refused_at)}")
        yield from (_line("", f"  {problem}") for problem in found.problems[:MOST_PROBLEMS])


def _contracts(engine: Engine) -> Iterator[str]:
    """The register, the file that it is from, and the one that was refused since."""
    from processor.store.contracts import count_contracts, last_imports

    taken, refused = last_imports(engine)
    source = f", from {taken.file} by {taken.actor}, {local(taken.at)}" if taken else ""
    yield _line("contracts", f"{count_contracts(engine) or 'none'}{source}")
    if refused:
        yield _line("", f"refused: {refused.file}, {local(refused.at)}")
        yield from (_line("", f"  {problem}") for problem in refused.problems[:MOST_PROBLEMS])


def _restored(engine: Engine) -> Iterator[str]:
    """That replies wait since a backup was restored."""
    from processor.store.restored import restoration, waiting

    last = restoration(engine)
    if last is not None and (replies := waiting(engine)):
        yield _line("restored", f"{local(last.at)}; {len(replies)} replies wait for your word: processor restored list")


def _machine(found: Measures) -> Iterator[str]:
    if found.disk_free is not None and found.size is not None:
        yield _line("disk", f"{found.disk_free / 1e9:.1f} GB free, the store takes {found.size / 1e6:.1f} MB")
    yield _line("backup", f"{_ago(found.at - found.backup_at)} ago" if found.backup_at else "none was recorded")


def _ago(gap: timedelta) -> str:
    seconds = max(0, int(gap.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 2 * 3600:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 48 * 3600 else f"{seconds // 86400} days"


def _values(engine: Engine, found: Measures) -> Mapping[str, object]:
    from processor.store.alarms import open_alarms
    from processor.store.leases import leases
    from processor.store.reloading import standing

    rules = standing(engine)
    return {
        "at": found.at.isoformat(),
        "alarms": [{"alarm": each.alarm.kind, "subject": each.alarm.subject} for each in open_alarms(engine)],
        "mailboxes": [
            {
                "name": box.account,
                "read_at": box.read_at and box.read_at.isoformat(),
                "answer_from": box.answer_from.isoformat(),
                "left": box.intake.left if box.intake else 0,
                "reconciled_at": box.reconciled_at and box.reconciled_at.isoformat(),
                "folders": [folder_values(each) for each in box.folders],
            }
            for box in found.mailboxes
        ],
        "leases": [
            {"name": each.name, "holder": each.holder, "fence": each.fence, "alive": each.alive}
            for each in leases(engine)
        ],
        "oldest_undecided": found.oldest_mail and found.oldest_mail.isoformat(),
        "mails": found.mails,
        "queue": _by_state(found),
        "overdue": found.overdue,
        "tickets": found.tickets,
        "replies": found.replies,
        "sent_copies": found.copies,
        "answers_stopped": found.stopped,
        "rules": {
            "version": rules.version,
            "since": rules.since and rules.since.isoformat(),
            "refused": list(rules.problems),
        },
        "schema": found.schema,
        "disk_free": found.disk_free,
        "store_bytes": found.size,
        "backup": found.backup_at and found.backup_at.isoformat(),
    }
