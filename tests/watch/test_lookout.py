"""The port of a daemon whose store does not answer, and of one that stands by."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import Engine

from processor.mail_servers import MailboxSettings
from processor.steps.loops import MailboxLoop
from processor.store.engine import open_store
from processor.watch.lookout import Lookout
from processor.watch.serving import serve
from tests.servers.dovecot import free_port

NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_store(f"sqlite:///{tmp_path}/room/store.db")
    yield made
    made.dispose()


def lookout(engine: Engine) -> Lookout:
    config = cast(Any, SimpleNamespace(watch_listen=None, mailboxes=()))
    made = Lookout(config, engine, lambda: NOW, lambda: "r1")
    made.pulse.beat("main", 60)
    return made


def ask(port: int, page: str, method: str = "GET") -> tuple[int, str]:
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{page}", method=method)
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_store_that_does_not_answer_is_told_and_the_loops_are_all_the_same(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as conn:
        conn.exec_driver_sql("DROP TABLE mailbox")
    port = free_port()
    end = serve(lookout(engine), ("127.0.0.1", port))
    try:
        status, text = ask(port, "/metrics")
        assert status == 200
        assert "processor_store_up 0.0" in text
        assert 'processor_loop_late{loop="main"} 0.0' in text
        assert "processor_mails" not in text
        assert ask(port, "/health")[0] == 200
        assert ask(port, "/ready") == (
            503, '{"status": "not ready", "missing": ["the store does not answer (OperationalError)"]}\n'
        )  # fmt: skip
        assert ask(port, "/health", "HEAD") == (200, "")
        assert ask(port, "/metrics", "POST")[0] == 501
    finally:
        end()


def test_scrapes_within_a_few_seconds_ask_the_store_once(engine: Engine) -> None:
    watched = lookout(engine)
    assert watched.seen() is watched.seen()


def test_a_mailbox_loop_that_stands_by_for_another_daemon_still_ticks(engine: Engine) -> None:
    ended = threading.Event()
    beats: list[float] = []

    class Others:
        """A lease that another daemon holds."""

        changed = threading.Event()

        def reader(self) -> None:
            self.changed.set()
            ended.set()

        def let_go(self) -> None: ...

    settings = MailboxSettings("a", "127.0.0.1", 1, "plain", "a", lambda: "")
    loop = MailboxLoop(settings, engine, lambda: NOW, ended, lambda: None, beats.append)
    loop.lease = cast(Any, Others())
    loop.run()
    assert beats
