"""What is an alarm: pure; each condition asks what was seen, and says what its words are made of.

Facts tell since when, never for how long, so that what merely lasts changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from processor.alarm import Alarm, Thresholds
from processor.consent import Consent, ends_soon
from processor.store.leases import MAILBOX, Lease
from processor.store.measures import MailboxMeasure
from processor.store.troubles import DELIVERY, Trouble, of_mailbox, without_addresses

MOST_NAMED = 10
DISK_STEP = 100_000_000
"""Free room is told in such steps, since it changes all the time."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How the program stands at ``at``; times are aware UTC.

    ``mailboxes`` are those of the configuration.  ``urgent`` are the numbers of tickets with a termination whose day
    has come and that nobody is on.  ``polls`` are seconds between two readings.

    ``consents`` are the logins by OAuth, which are this machine's.  ``reconciled`` is when all of a mailbox was last
    compared with the store, None for never.
    """

    at: datetime
    polls: Mapping[str, float]
    mailboxes: Mapping[str, MailboxMeasure]
    troubles: Mapping[str, Trouble]
    leases: Sequence[Lease] = ()
    oldest_mail: datetime | None = None
    breaker_at: datetime | None = None
    unknown_replies: int = 0
    urgent: Sequence[str] = ()
    disk_free: int | None = None
    consents: Sequence[Consent] = ()
    reconciled: Mapping[str, datetime | None] = field(default_factory=dict)


Condition = Callable[[Seen, Thresholds], Iterator[Alarm]]


def alarms_in(seen: Seen, limits: Thresholds) -> list[Alarm]:
    """Everything that is an alarm now, by these thresholds."""
    return [alarm for condition in CONDITIONS for alarm in condition(seen, limits) if alarm.kind not in limits.off]


def oldest_mail(seen: Seen, limits: Thresholds) -> Iterator[Alarm]:
    """A mail that is neither decided nor set aside waits too long."""
    if seen.oldest_mail and seen.at - seen.oldest_mail >= limits.oldest_mail:
        yield Alarm("oldest_mail", facts={"since": seen.oldest_mail.isoformat()})


def mailbox_unread(seen: Seen, limits: Thresholds) -> Iterator[Alarm]:
    """A mailbox was not read to its end for too long; one that refuses the login has an alarm of its own."""
    for name, poll in seen.polls.items():
        box = seen.mailboxes.get(name)
        trouble = seen.troubles.get(of_mailbox(name))
        since = (box.heard_at or box.answer_from) if box else None
        if since is None or (trouble and trouble.kind == "login" and "login_failed" not in limits.off):
            continue
        if seen.at - since >= max(limits.unread, 3 * timedelta(seconds=poll)):
            yield Alarm("mailbox_unread", name, {"since": since.isoformat(), "said": trouble.said if trouble else ""})


def login_failed(seen: Seen, limits: Thresholds) -> Iterator[Alarm]:
    """A mailbox's server refuses the name and password."""
    for name in seen.polls:
        trouble = seen.troubles.get(of_mailbox(name))
        if trouble and trouble.kind == "login" and seen.at - trouble.since >= limits.login:
            yield Alarm("login_failed", name, {"since": trouble.since.isoformat(), "said": trouble.said})


def delivery_failing(seen: Seen, limits: Thresholds) -> Iterator[Alarm]:
    """No reply leaves, since the server that takes them fails or refuses us."""
    trouble = seen.troubles.get(DELIVERY)
    if trouble and seen.at - trouble.since >= limits.delivery:
        yield Alarm("delivery_failing", facts={"since": trouble.since.isoformat(), "said": trouble.said})


def breaker_open(seen: Seen, _: Thresholds) -> Iterator[Alarm]:
    """The breaker has stopped the automatic answers; a person's stop is no alarm."""
    if seen.breaker_at:
        yield Alarm("breaker_open", facts={"since": seen.breaker_at.isoformat()})


def unknown_replies(seen: Seen, limits: Thresholds) -> Iterator[Alarm]:
    """Nobody knows whether replies arrived."""
    if seen.unknown_replies >= limits.unknown_replies:
        yield Alarm("unknown_replies", facts={"count": str(seen.unknown_replies)})


def deadline_near(seen: Seen, _: Thresholds) -> Iterator[Alarm]:
    """A termination's day has come, and nobody is on it."""
    if seen.urgent:
        named = ", ".join(sorted(seen.urgent)[:MOST_NAMED])
        yield Alarm("deadline_near", facts={"count": str(len(seen.urgent)), "tickets": named})


def disk_full(seen: Seen, limits: Thresholds) -> Iterator[Alarm]:
    """The disk on which the store lies is nearly full."""
    if seen.disk_free is not None and seen.disk_free < limits.disk_free:
        yield Alarm("disk_full", facts={"free": str(seen.disk_free // DISK_STEP * DISK_STEP)})


def lease_lost(seen: Seen, limits: Thresholds) -> Iterator[Alarm]:
    """No living daemon reads a mailbox."""
    for lease in seen.leases:
        name = lease.name.removeprefix(MAILBOX)
        read = lease.alive or not lease.name.startswith(MAILBOX) or name not in seen.polls
        if not read and seen.at - lease.until >= limits.lease:
            yield Alarm("lease_lost", name, {"since": lease.until.isoformat(), "holder": lease.holder})


def token_ending(seen: Seen, limits: Thresholds) -> Iterator[Alarm]:
    """A login by OAuth cannot be used any more, or not for long, and only a person can renew it."""
    for each in ends_soon(seen.consents, seen.at, limits.token / timedelta(days=1)):
        until = each.ends_at.isoformat() if each.ends_at and not each.trouble else ""
        yield Alarm("token_ending", each.login, {"until": until, "said": without_addresses(each.trouble)})


def reconciliation_old(seen: Seen, limits: Thresholds) -> Iterator[Alarm]:
    """What a mailbox holds was not compared with the store for too long."""
    for name, at in sorted(seen.reconciled.items()):
        box = seen.mailboxes.get(name)
        since = at or (box.answer_from if box else None)
        if name in seen.polls and since and seen.at - since >= limits.reconciled:
            yield Alarm("reconciliation_old", name, {"since": since.isoformat(), "ever": "yes" if at else "no"})


CONDITIONS: tuple[Condition, ...] = (
    oldest_mail,
    mailbox_unread,
    login_failed,
    delivery_failing,
    breaker_open,
    unknown_replies,
    deadline_near,
    disk_full,
    lease_lost,
    token_ending,
    reconciliation_old,
)
