"""Killed with -9 after any step of the road and started again: nothing lost, no second answer."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.bench.site import ROOT, USER, Site, corpus
from tests.crash.crash_test import count, crash
from tests.crash.die_at import STEPS
from tests.servers import ready


def once(here: Site, *, die_at: str = "") -> int:
    config = str(here.folder / "config.toml")
    if die_at:
        return ready.run([die_at, config], ROOT, os.environ, "tests.crash.die_at").returncode
    return ready.run(["once", "--config", config], ROOT, os.environ).returncode


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_after_a_step_loses_nothing_and_answers_nobody_twice(here: Site, step: str) -> None:
    assert once(here) == 0
    mails = [raw for raw in corpus(59) if b"mailer-daemon" not in raw.lower()][:4]
    for raw in mails:
        here.dovecot.deliver(USER, raw)
    assert once(here, die_at=step) == -9, f"the step {step!r} was never reached"
    assert once(here) == 0
    assert here.ask("select state, count(*) from mail group by state") == [("decided", 4)]
    assert count(here, "select count(*) from letter") == 4
    answers = Counter(str(row["to"]) for row in here.taken())
    assert max(answers.values()) == 1
    unsent = count(here, "select count(*) from outbox where state = 'unknown'")
    # Only a kill between DATA and our note of it leaves an answer in doubt, for a person to see.
    assert unsent == (step in ("attempt written", "taken by the SMTP server"))
    assert len(answers) >= count(here, "select count(*) from outbox") - unsent
    assert count(here, "select count(*) from arrival where not done") == 0


def test_random_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    assert crash(rounds=6, mails=30, seed=20261126, folder=tmp_path, quiet=True) == []
