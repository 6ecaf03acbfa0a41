"""One round: look, write down what changed, tell what is due.  Whoever has a clock calls it: the daemon, or one pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Engine

from processor import journal
from processor.alarm import Kind
from processor.alarms.conditions import alarms_in
from processor.alarms.looking import look
from processor.alarms.ways import Way, ways_of
from processor.alarms.words import Message, headline, message
from processor.config import Config
from processor.store.alarm_notices import Notice, claim_notices, forget_notices, notice_failed, notice_sent
from processor.store.alarms import Change, take_look


@dataclass(frozen=True, slots=True)
class Told:
    """How many notices were taken, and how many were not and will be tried again."""

    sent: int
    failed: int


# What a program that stood still all night finds at its start, and has put right a moment later.
OF_THE_START: tuple[Kind, ...] = ("oldest_mail", "mailbox_unread", "reconciliation_old")


def take_round(engine: Engine, config: Config, now: datetime, starting: bool = False) -> Told:
    """Look once, and tell everything that is due; raises what the store raises, and nothing of the ways.

    While ``starting``, nothing is raised that only tells how long the program stood still.
    """
    look_around(engine, config, now, starting)
    if any(each.digest for each in config.alarms.webhooks):
        # Imported where it is wanted, since it brings a calendar and its holidays along.
        from processor.alarms.digest import tell_digest

        tell_digest(engine, config, now)
    return tell_due(engine, config, ways_of(config.alarms), now)


def look_around(engine: Engine, config: Config, now: datetime, starting: bool = False) -> list[Change]:
    """What has changed since the last look by any daemon; it is logged, and waits for each way."""
    settings = config.alarms
    found = alarms_in(look(engine, config, now), settings.thresholds)
    changes = take_look(engine, found, now, settings.pace, list(ways_of(settings)), OF_THE_START if starting else ())
    for change in changes:
        journal.alarm(change.event, change.alarm.kind, change.alarm.subject, headline(change.alarm, "en"))
    forget_notices(engine, now)
    return changes


def tell_due(engine: Engine, config: Config, ways: Mapping[str, Way], now: datetime) -> Told:
    """Tell the notices whose time has come.  After a failure the rest of its way waits too, so that one that hangs
    costs its time once a round."""
    sent, broken = 0, dict[str, str]()
    notices = claim_notices(engine, ways.keys(), now)
    for notice in notices:
        error = broken.get(notice.way) or ways[notice.way](_message(notice, config.alarms.language))
        if error:
            if notice.way not in broken:
                journal.alarm_untold(notice.way, notice.alarm.kind, error)
            broken[notice.way] = error
            notice_failed(engine, notice, error, now)
        else:
            sent += 1
            notice_sent(engine, notice, now)
    return Told(sent, len(notices) - sent)


def _message(notice: Notice, language: str) -> Message:
    # A store made anew counts from 1 again, and a mail server may drop an id that it has seen.
    name = f"{notice.made_at:%Y%m%dT%H%M%S}-{notice.id}"
    return message(name, notice.alarm, notice.event, notice.raised_at, notice.made_at, language)
