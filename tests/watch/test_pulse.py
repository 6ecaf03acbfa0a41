"""Loops that say by when they will be heard of, and what the daemon may say of itself."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

from processor.store.intake import Intake
from processor.store.measures import MailboxMeasure, Measures
from processor.store.migrate import code_version
from processor.watch.pulse import Pulse
from processor.watch.readiness import not_ready
from processor.watch.systemd import ALIVE, READY, Systemd

NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_loop_is_late_once_its_time_is_over_and_not_when_it_is_heard_of_again() -> None:
    clock = Clock()
    pulse = Pulse(clock)
    assert not pulse.ticking
    pulse.beat("main", 10)
    pulse.of("mailbox a")(60)
    clock.now = 30
    assert pulse.late() == {"mailbox a": False, "main": True}
    assert not pulse.ticking
    pulse.beat("main", 10)
    assert pulse.ticking


def test_notices_are_datagrams_and_nobody_hears_without_a_socket(tmp_path: Path) -> None:
    Systemd({}).tell(READY)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        Systemd({"NOTIFY_SOCKET": str(tmp_path / "notify")}).tell(READY, ALIVE)
        assert heard.recv(100) == b"READY=1\nWATCHDOG=1"
    Systemd({"NOTIFY_SOCKET": str(tmp_path / "gone")}).tell(READY)


def test_an_abstract_socket_is_reached_too() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind("\0processor-test-notify")
        Systemd({"NOTIFY_SOCKET": "@processor-test-notify"}).tell(ALIVE)
        assert heard.recv(100) == b"WATCHDOG=1"


def test_a_watchdog_that_is_another_processs_is_not_ours() -> None:
    assert Systemd({"WATCHDOG_USEC": "120000000"}).watchdog == 120
    assert Systemd({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "1"}).watchdog is None
    assert Systemd({"WATCHDOG_USEC": "soon"}).watchdog is None


def seen(read: datetime | None, schema: str = "", taken: datetime | None = None) -> Measures:
    box = MailboxMeasure("a", NOW - timedelta(days=9), read, Intake(5, taken) if taken else None)
    nothing: dict[str, int] = {}
    return Measures(
        NOW, schema or code_version(), None, None, nothing, nothing, {}, 0, nothing, (box,), False, None, None, None
    )


def missing(measures: Measures, poll: float = 60.0, rules: str = "r1") -> list[str]:
    return list(not_ready(measures, {"a": poll, "b": 60.0}, rules))


def test_it_is_ready_while_one_mailbox_was_read_lately() -> None:
    assert missing(seen(NOW - timedelta(minutes=4))) == []
    assert missing(seen(NOW - timedelta(minutes=6))) == ["no mailbox was read lately"]
    assert missing(seen(None)) == ["no mailbox was read lately"]


def test_lately_is_three_polls_where_a_poll_is_long() -> None:
    assert missing(seen(NOW - timedelta(minutes=50)), poll=1800) == []


def test_a_long_first_taking_in_is_a_reading() -> None:
    assert missing(seen(None, taken=NOW - timedelta(seconds=5))) == []


def test_it_is_not_ready_with_another_schema_or_without_rules() -> None:
    assert missing(seen(NOW, schema="0001")) == ["the store's schema is 0001, which is not this program's"]
    assert missing(seen(NOW), rules="") == ["no rules were accepted"]
