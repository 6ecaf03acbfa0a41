"""What is an alarm and what is not, each at its threshold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from processor.alarm import Alarm, Kind, Thresholds
from processor.alarms.conditions import CONDITIONS, Seen, alarms_in
from processor.alarms.words import EVENTS, FIRST, WHAT, headline, message
from processor.consent import Consent
from processor.store.intake import Intake
from processor.store.leases import Lease
from processor.store.measures import MailboxMeasure
from processor.store.troubles import Trouble

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=30)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WELL = Seen(
    at=NOW,
    polls={"support": 60.0},
    mailboxes={"support": MailboxMeasure("support", LONG_AGO, NOW - MINUTE)},
    troubles={},
    disk_free=50_000_000_000,
)


def trouble(kind: str, ago: timedelta, said: str = "no") -> Trouble:
    return Trouble(kind, said, NOW - ago, NOW)


def lease(name: str, ended: timedelta, alive: bool = False) -> Lease:
    return Lease(name, "machine-7", 3, 1, LONG_AGO, NOW - ended, alive)


def box(read: timedelta, intake: Intake | None = None) -> dict[str, MailboxMeasure]:
    return {"support": MailboxMeasure("support", LONG_AGO, NOW - read, intake)}


AT_THRESHOLD: dict[str, tuple[Seen, Seen]] = {
    "oldest_mail": (
        replace(WELL, oldest_mail=NOW - 30 * MINUTE),
        replace(WELL, oldest_mail=NOW - 30 * MINUTE + SECOND),
    ),
    "mailbox_unread": (replace(WELL, mailboxes=box(30 * MINUTE)), replace(WELL, mailboxes=box(29 * MINUTE))),
    "login_failed": (
        replace(WELL, troubles={"mailbox/support": trouble("login", 10 * MINUTE)}),
        replace(WELL, troubles={"mailbox/support": trouble("login", 9 * MINUTE)}),
    ),
    "delivery_failing": (
        replace(WELL, troubles={"delivery": trouble("unreachable", 15 * MINUTE)}),
        replace(WELL, troubles={"delivery": trouble("unreachable", 14 * MINUTE)}),
    ),
    "breaker_open": (replace(WELL, breaker_at=NOW), WELL),
    "unknown_replies": (replace(WELL, unknown_replies=1), WELL),
    "deadline_near": (replace(WELL, urgent=["VS-7K3M-9QX4"]), WELL),
    "disk_full": (replace(WELL, disk_free=999_999_999), replace(WELL, disk_free=1_000_000_000)),
    "lease_lost": (
        replace(WELL, leases=[lease("mailbox/support", 5 * MINUTE)]),
        replace(WELL, leases=[lease("mailbox/support", 4 * MINUTE), lease("daemon/machine-7", HOUR)]),
    ),
    "token_ending": (
        replace(WELL, consents=[Consent("support", ends_at=NOW + 14 * DAY)]),
        replace(WELL, consents=[Consent("support", ends_at=NOW + 15 * DAY), Consent("smtp")]),
    ),
    "reconciliation_old": (
        replace(WELL, reconciled={"support": NOW - 3 * HOUR}),
        replace(WELL, reconciled={"support": NOW - 2 * HOUR}),
    ),
}


def test_there_is_a_condition_with_words_for_each_kind() -> None:
    kinds = set(get_args(Kind))
    assert {each.__name__ for each in CONDITIONS} == kinds == set(AT_THRESHOLD)
    for words in (*WHAT.values(), *FIRST.values()):
        assert set(words) == kinds


@pytest.mark.parametrize("kind", AT_THRESHOLD)
def test_it_is_an_alarm_at_its_threshold_and_none_below(kind: str) -> None:
    there, below = AT_THRESHOLD[kind]
    assert [each.kind for each in alarms_in(there, Thresholds())] == [kind]
    assert alarms_in(below, Thresholds()) == []


@pytest.mark.parametrize("kind", AT_THRESHOLD)
def test_one_that_is_turned_off_is_none(kind: str) -> None:
    assert alarms_in(AT_THRESHOLD[kind][0], Thresholds(off=frozenset({kind}))) == []


@pytest.mark.parametrize("kind", sorted(AT_THRESHOLD))
def test_what_merely_lasts_is_the_same_alarm(kind: str) -> None:
    there = AT_THRESHOLD[kind][0]
    later = replace(there, at=there.at + 3 * SECOND)
    assert alarms_in(there, Thresholds()) == alarms_in(later, Thresholds())


def test_a_mailbox_that_is_not_configured_any_more_alarms_nobody() -> None:
    for there, _ in AT_THRESHOLD.values():
        kinds = {each.kind for each in alarms_in(replace(there, polls={}), Thresholds())}
        assert not kinds & {"mailbox_unread", "login_failed", "lease_lost", "reconciliation_old"}


def test_a_refused_login_is_not_told_a_second_time_as_an_unread_mailbox() -> None:
    seen = replace(WELL, mailboxes=box(HOUR), troubles={"mailbox/support": trouble("login", HOUR)})
    assert [each.kind for each in alarms_in(seen, Thresholds())] == ["login_failed"]
    # Turned off, it must not hide that nothing is read.
    off = Thresholds(off=frozenset({"login_failed"}))
    assert [each.kind for each in alarms_in(seen, off)] == ["mailbox_unread"]


def test_a_long_taking_in_is_no_silence_and_a_slow_poll_is_not_either() -> None:
    assert alarms_in(replace(WELL, mailboxes=box(HOUR, Intake(90_000, NOW))), Thresholds()) == []
    assert alarms_in(replace(WELL, mailboxes=box(HOUR), polls={"support": 1300.0}), Thresholds()) == []


def test_a_mailbox_that_was_never_read_or_reconciled_counts_from_its_first_start() -> None:
    never = {"support": MailboxMeasure("support", NOW - HOUR, None)}
    (alarm,) = alarms_in(replace(WELL, mailboxes=never), Thresholds())
    assert (alarm.kind, alarm.facts["since"]) == ("mailbox_unread", (NOW - HOUR).isoformat())
    (alarm,) = alarms_in(replace(WELL, reconciled={"support": None}), Thresholds())
    assert alarm.facts["ever"] == "no"


def test_a_login_that_cannot_be_used_is_told_at_once_and_as_such() -> None:
    gone = Consent("support", ends_at=NOW + 80 * DAY, trouble="AADSTS70000: kari@firma.no revoked")
    (alarm,) = alarms_in(replace(WELL, consents=[gone]), Thresholds())
    assert headline(alarm, "nb") == "Innloggingen til support kan ikke brukes: noen må logge inn på nytt"
    said = message("1", alarm, "raised", NOW, NOW, "nb").text
    assert "«processor login support»" in said
    assert "AADSTS70000: …@… revoked" in said


@pytest.mark.parametrize("language", ["nb", "en"])
@pytest.mark.parametrize("kind", AT_THRESHOLD)
def test_every_alarm_reads_as_a_sentence_in_both_languages(kind: str, language: str) -> None:
    (alarm,) = alarms_in(AT_THRESHOLD[kind][0], Thresholds())
    for event in ("raised", "repeated", "cleared"):
        said = message("1", alarm, event, NOW, NOW, language)
        assert said.title.startswith(EVENTS[language][event] + ": ")
        assert f"docs/operate/alarms.md#{kind}" in said.text
        assert "{" not in said.title + said.text


def test_it_is_told_in_oslo_s_time_and_in_the_singular_for_one() -> None:
    since = Alarm("oldest_mail", facts={"since": NOW.isoformat()})
    assert headline(since, "nb") == "En e-post har ligget ubehandlet siden 26.11. kl. 03.00"
    one = Alarm("unknown_replies", facts={"count": "1"})
    assert headline(one, "nb") == "Ett svar kan være sendt eller ikke: ingen vet det"
    assert headline(Alarm("unknown_replies", facts={"count": "3"}), "nb").startswith("3 svar")
    assert headline(Alarm("disk_full", facts={"free": "900000000"}), "nb") == "Disken er nesten full: 0,9 GB ledig"
