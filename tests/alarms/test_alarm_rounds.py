"""From what a server does to somebody who hears of it: real loops, a real store and real ways, with a clock passed in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, update

from processor.alarms.digest import tell_digest
from processor.alarms.rounds import Told, look_around, take_round
from processor.alarms.watching import DeadMansPing, Watchman
from processor.config import AlarmSettings, Config, Webhook
from processor.mail_servers import MailboxSettings, SmtpSettings
from processor.steps.delivering import DeliveryLoop
from processor.steps.loops import MailboxLoop
from processor.store import tables as t
from processor.store.alarms import open_alarms
from processor.store.engine import open_store
from processor.store.troubles import troubles
from processor.store.watermarks import first_start
from processor.watch.pulse import Pulse
from tests.servers.dovecot import free_port
from tests.servers.hooks import Hook, hook_server
from tests.servers.smtp_sink import SmtpSink
from tests.store.made import decision, recorded, reply
from tests.world.scripted_imap import ScriptedImap

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Place:
    """A store, a clock that is moved by hand, and a chat that hears of alarms."""

    def __init__(self, folder: Path, hook: Hook) -> None:
        self.now, self.hook = NOW, hook
        self.engine: Engine = open_store(f"sqlite:///{folder}/room/store.db")
        self.config = Config(
            path=folder / "config.toml",
            store_url="",
            key=b"k",
            rules_dir=folder,
            templates_dir=folder,
            mailboxes=(),
            smtp=None,
            alarms=AlarmSettings(webhooks=(Webhook(lambda: hook.url, timeout=2.0),)),
        )

    def clock(self) -> datetime:
        return self.now

    def round(self, minutes: float = 0) -> Told:
        self.now += minutes * MINUTE
        return take_round(self.engine, self.config, self.now)

    @property
    def heard(self) -> list[tuple[str, str]]:
        return [(body["alarm"], body["event"]) for body in self.hook.bodies]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with hook_server() as hook:
        made = Place(tmp_path, hook)
        yield made
        made.engine.dispose()


def mailbox_loop(here: Place, settings: MailboxSettings) -> MailboxLoop:
    here.config = replace(here.config, mailboxes=(settings,))
    first_start(here.engine, settings.name, NOW)
    return MailboxLoop(settings, here.engine, here.clock, threading.Event(), lambda: None)


def test_a_refused_login_is_told_after_its_time_and_is_over_when_it_works_again(here: Place) -> None:
    with ScriptedImap({"LOGIN": b"{tag} NO [AUTHENTICATIONFAILED] wrong password for kari@firma.no\r\n"}) as server:
        loop = mailbox_loop(here, server.settings(name="support", timeout=5.0))
        assert not loop.one_pass()
        here.round()
        assert here.heard == []
        here.now += 10 * MINUTE
        assert not loop.one_pass()
        assert here.round() == Told(1, 0)
        assert here.heard == [("login_failed", "raised")]
        assert "kari" not in str(here.hook.bodies)
        del server.replies["LOGIN"]
        here.now += 5 * MINUTE
        assert loop.one_pass()
        loop.mailbox.close()
        assert troubles(here.engine) == {}
        here.round(1)
        here.round(10)
        assert here.heard == [("login_failed", "raised"), ("login_failed", "cleared")]


def test_an_alarm_about_a_broken_mail_server_leaves_by_the_other_ways(here: Place, sink: SmtpSink) -> None:
    broken = SmtpSettings("127.0.0.1", free_port(), "plain", timeout=2.0, from_address="a@firma.no")
    here.config = replace(
        here.config, smtp=broken, alarms=replace(here.config.alarms, mails=("vakt@firma.no",), smtp=broken)
    )
    recorded(here.engine, 1, decision(reply()))
    loop = DeliveryLoop(broken, here.engine, "w", here.clock, threading.Event())
    loop._note(loop._step())
    here.now += 15 * MINUTE
    told = here.round()
    # The mail about it waits for its own way, and is tried again.
    assert told == Told(1, 1)
    assert here.heard == [("delivery_failing", "raised")]
    mended = replace(broken, port=sink.port)
    here.config = replace(here.config, alarms=replace(here.config.alarms, smtp=mended))
    assert here.round(1) == Told(1, 0)
    assert len(here.heard) == 1
    assert sink.accepted[0].recipients == ("vakt@firma.no",)
    loop = DeliveryLoop(mended, here.engine, "w", here.clock, threading.Event())
    with loop.courier:
        loop._note(loop._step())
    assert troubles(here.engine) == {}


def test_a_way_that_hangs_costs_its_time_once_a_round(here: Place) -> None:
    recorded(here.engine, 1, decision(reply()))
    with here.engine.begin() as conn:
        conn.execute(update(t.outbox).values(state="unknown"))
        conn.execute(insert(t.setting).values(name="answers_stopped", value="1"))
        conn.execute(insert(t.setting).values(name="breaker_open_since", value=NOW.isoformat()))
    here.hook.hang()
    here.config = replace(
        here.config, alarms=replace(here.config.alarms, webhooks=(Webhook(lambda: here.hook.url, timeout=0.2),))
    )
    assert here.round() == Told(0, 2)
    assert len(here.hook.asked) == 1
    here.hook.hung.set()
    assert here.round(1) == Told(2, 0)


def test_alarms_are_raised_and_shown_where_nobody_is_to_be_told(here: Place) -> None:
    here.config = replace(here.config, alarms=AlarmSettings())
    with here.engine.begin() as conn:
        conn.execute(insert(t.setting).values(name="answers_stopped", value="1"))
        conn.execute(insert(t.setting).values(name="breaker_open_since", value=NOW.isoformat()))
    assert [each.event for each in look_around(here.engine, here.config, NOW)] == ["raised"]
    assert [each.alarm.kind for each in open_alarms(here.engine)] == ["breaker_open"]


def test_the_sweep_that_is_too_long_ago_is_found_by_the_folder_that_waits_longest(here: Place) -> None:
    settings = MailboxSettings("support", "127.0.0.1", 1, "plain", "u", lambda: "")
    mailbox_loop(here, settings)
    row = {"account": "support", "uidvalidity": 1, "next_uid": 1, "began_at": NOW, "held": 0, "counts": "{}"}
    with here.engine.begin() as conn:
        conn.execute(update(t.mailbox).values(seen_at=NOW + timedelta(hours=4)))
        for folder, hours in (("INBOX", 3), ("Junk", 0)):
            values = {**row, "folder": folder, "swept_at": NOW + timedelta(hours=hours), "examples": "{}"}
            conn.execute(insert(t.reconciliation).values(**values))
    here.round(4 * 60)
    assert here.heard == [("reconciliation_old", "raised")]


def test_a_program_that_stood_still_all_night_does_not_ring_at_its_start(here: Place) -> None:
    mailbox_loop(here, MailboxSettings("support", "127.0.0.1", 1, "plain", "u", lambda: ""))
    with here.engine.begin() as conn:
        conn.execute(update(t.mailbox).values(seen_at=NOW - timedelta(hours=12)))
        row = {"account": "support", "folder": "INBOX", "uidvalidity": 1, "next_uid": 1, "held": 0}
        night = NOW - timedelta(hours=12)
        conn.execute(insert(t.reconciliation).values(**row, began_at=night, swept_at=night))
    assert look_around(here.engine, here.config, NOW, starting=True) == []
    # It still has not read when the start is over: that is an alarm, and a new start does not end it.
    raised = look_around(here.engine, here.config, NOW + 10 * MINUTE)
    assert sorted(each.alarm.kind for each in raised) == ["mailbox_unread", "reconciliation_old"]
    for minutes in (11, 25):
        assert look_around(here.engine, here.config, NOW + minutes * MINUTE, starting=True) == []
    assert len(open_alarms(here.engine)) == 2


def test_the_ping_says_that_all_is_well_and_nothing_when_a_loop_hangs_or_the_store_is_gone(here: Place) -> None:
    seconds = 0.0
    pulse = Pulse(lambda: seconds)
    pulse.beat("work", 60)
    ended = threading.Event()
    watchman = Watchman(here.config, here.engine, here.clock, ended, pulse.of("alarms"))
    pings = DeadMansPing(Webhook(lambda: f"{here.hook.url}/ping"), watchman, lambda: pulse.ticking, ended)
    assert not pings.once()
    watchman.round()
    assert pings.once()
    assert here.hook.asked == [("GET", "/ping", None)]
    seconds = 61.0
    assert not pings.once()
    pulse.beat("work", 60)
    assert pings.once()
    watchman.looked -= 1000
    with here.engine.begin() as conn:
        conn.exec_driver_sql("DROP TABLE alarm")
    watchman.round()
    assert not pings.once()
    assert len(here.hook.asked) == 2


def test_a_chat_that_wants_it_hears_each_working_morning_how_the_queue_stands(here: Place) -> None:
    morning = datetime(2026, 11, 26, 6, 0, tzinfo=UTC)
    wants = Webhook(lambda: here.hook.url, form="slack", digest=True, timeout=2.0)
    here.config = replace(here.config, alarms=AlarmSettings(webhooks=(wants,)))
    assert tell_digest(here.engine, here.config, morning) == 0
    recorded(here.engine, 1)
    assert tell_digest(here.engine, here.config, morning - timedelta(minutes=1)) == 0
    here.hook.statuses.append(500)
    assert tell_digest(here.engine, here.config, morning) == 0
    assert tell_digest(here.engine, here.config, morning + MINUTE) == 0
    assert tell_digest(here.engine, here.config, morning + timedelta(minutes=31)) == 1
    assert tell_digest(here.engine, here.config, morning + timedelta(hours=2)) == 0
    assert tell_digest(here.engine, here.config, morning + timedelta(days=2)) == 0
    said = here.hook.bodies[-1]["text"]
    assert said.startswith("*Køen i dag: 1 venter, ")
    for hidden in ("fjordbygg", "kari", "kontosiden"):
        assert hidden not in said.lower(), hidden
