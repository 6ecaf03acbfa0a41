"""The daemon takes changed rules at a signal or at an operator's wish, and says what came of it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from processor.daemon import Daemon
from processor.steps.acceptance import Acceptance
from processor.steps.in_process import InProcess
from processor.store.engine import open_store
from processor.store.reloading import answered, ask_reload
from processor.store.rules_seen import rules_seen
from tests.replay.past_store import Here, past_store
from tests.shipped import rulebook_of

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class Taking:
    """Deciders that take rules by force only, and remember how they were asked."""

    acceptance: Acceptance = Acceptance()
    name: str = "taking"
    forced: list[bool] = field(default_factory=list)

    def start(
        self, ended: threading.Event, recorded: Callable[[], None], beat: Callable[[float], None] = lambda _: None
    ) -> None: ...
    def wake(self) -> None: ...
    def hang_up(self) -> None: ...
    def stop(self) -> None: ...

    def reload(self, force: bool) -> Acceptance:
        self.forced.append(force)
        return Acceptance((), "r2", "m", {"a/b": ("v", "true", "")}, 0) if force else Acceptance(("an example fails",))


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return past_store(tmp_path, [b"From: kari@x.no\r\nSubject: Hei\r\n\r\nHei"])


@pytest.fixture
def engine(here: Here) -> Iterator[Engine]:
    made = open_store(here.config.store_url)
    yield made
    made.dispose()


def test_a_wish_is_done_once_and_answered(here: Here, engine: Engine) -> None:
    deciders = Taking()
    daemon = Daemon(here.config, engine, deciders)

    def look() -> None:
        """What a clock does, and then the main thread."""
        daemon._look_for_wish()
        if daemon.look.is_set():
            daemon.look.clear()
            daemon._reload(daemon.wish)

    look()
    assert deciders.forced == []
    refused = ask_reload(engine, False, "kari", LONG_AGO)
    for _ in range(2):
        look()
    taken = ask_reload(engine, True, "kari", LONG_AGO)
    look()
    assert deciders.forced == [False, True]
    no, yes = answered(engine, refused, LONG_AGO), answered(engine, taken, LONG_AGO)
    assert no
    assert yes
    assert (no.taken, no.problems, yes.taken) == (False, "an example fails", True)
    assert [each.version for each in rules_seen(engine)] == ["r2"]


@pytest.mark.parametrize(("number", "event"), [(signal.SIGTERM, "ended"), (signal.SIGHUP, "reload")])
def test_a_signal_at_any_moment_is_heard(number: int, event: str, here: Here, engine: Engine) -> None:
    def late(*_: object) -> None:
        raise TimeoutError("the handler waits for whom it interrupts")

    daemon = Daemon(here.config, engine, Taking())
    wanted = getattr(daemon, event)
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM)}
    try:
        daemon.listen_to_signals()
        signal.signal(signal.SIGALRM, late)
        signal.alarm(5)
        # The main thread in the middle of a turn of its waits.
        with wanted._cond:
            os.kill(os.getpid(), number)
        assert wanted.wait(5)
    finally:
        signal.alarm(0)
        for each, handler in before.items():
            signal.signal(each, handler)


def test_a_store_that_fails_ends_nothing(here: Here, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    gone = open_store(f"sqlite:///{tmp_path}/gone/x.db")
    gone.dispose()
    (tmp_path / "gone" / "x.db").unlink()
    daemon = Daemon(here.config, gone, Taking())
    daemon._look_for_wish()
    daemon._reload(None)
    gone.dispose()
    assert [each.message for each in caplog.records if each.message == "step failed"]


def test_rules_without_examples_need_the_operators_word(here: Here, engine: Engine) -> None:
    config = here.config
    rulebook = rulebook_of(config.rules_dir, config.templates_dir, config.own_addresses)
    deciders = InProcess(engine, config, rulebook, lambda: datetime.now(UTC))
    file = config.rules_dir / "other.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("rank = 80", "rank = 81"), encoding="utf-8")
    assert "reload --force" in deciders.reload(False).problems[0]
    assert deciders.rulebook is rulebook
    assert deciders.reload(True).problems == ()
    assert deciders.rulebook.types["other"].rank == 81
    file.write_text("this is no TOML")
    assert deciders.reload(True).problems
    assert deciders.rulebook.types["other"].rank == 81
