"""Ten thousand steps of the simulator; a million by ``make simulate STEPS=1000000``."""

from __future__ import annotations

import os
import subprocess

from tests.servers import ready
from tests.shipped import ROOT


def simulator(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A process of its own, since the order of sets is part of what a seed must replay."""
    environment = {**os.environ, "PYTHONHASHSEED": ready.SEED}
    return ready.run(list(arguments), ROOT, environment, "tests.simulator", longest=300)


def test_no_law_is_broken_in_ten_thousand_steps() -> None:
    ran = simulator("--steps", "10000", "--seed", "20261126")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_laws_see_each_way_in_which_the_program_may_be_broken() -> None:
    ran = simulator("--mutants", "--steps", "20000", "--seed", "1")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_batch_that_uses_the_last_of_the_limit_makes_no_reply_ready_behind_the_breaker() -> None:
    # A million steps had found it: the breaker opened first, and then the replies for which there was room were ready.
    assert "0 laws broken" in simulator("--one", "--steps", "420", "--seed", "1795756159").stdout


def test_a_seed_replays_its_run() -> None:
    once, again = (simulator("--one", "--steps", "200", "--seed", "3").stdout.partition(" s (")[0] for _ in range(2))
    assert once.rpartition(",")[0] == again.rpartition(",")[0] != ""
