"""An overdue action is told by mail, by the real program over real SMTP, and once."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import UTC, datetime, timedelta

from tests.bench.site import USER, Site
from tests.road.test_road import mail, run, started

BOSS = "leder@kundesenter.example"


def test_an_overdue_action_is_told_once_by_smtp_while_answers_are_stopped(here: Site) -> None:
    path = here.folder / "config.toml"
    path.write_text(f'{path.read_text()}\n[[escalation]]\nto = "{BOSS}"\nafter_hours = 2\n')
    started(here)
    assert run(here, "stop-answers").returncode == 0
    here.dovecot.deliver(USER, mail())
    assert run(here, "once").returncode == 0
    assert here.taken() == []
    due = datetime.now(UTC) - timedelta(hours=3)
    with contextlib.closing(sqlite3.connect(here.database)) as store, store:
        store.execute("update action set due = ?", [f"{due:%Y-%m-%d %H:%M:%S.%f}"])
    for _ in range(2):
        assert run(here, "once").returncode == 0
    (told,) = here.taken()
    assert told["to"] == [BOSS]
    assert here.ask("select kind, state from outbox order by id") == [("receipt", "held"), ("escalation", "sent")]
