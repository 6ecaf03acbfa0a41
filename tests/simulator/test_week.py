"""Two hours of the simulated week, and those of its mutants that show at once; the whole by ``make simulate-week``."""

from __future__ import annotations

from tests.simulator.test_simulator import simulator


def test_colleagues_and_an_hour_without_tokens_break_no_law_of_the_week() -> None:
    ran = simulator("week", "--hours", "1.3", "--only", "mailbox_unread", "--seed", "4")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "0 lost, 0 doubled, 0 answered after a colleague" in ran.stdout


def test_the_laws_of_the_week_see_a_program_that_is_broken() -> None:
    ran = simulator("week", "--mutants", "--quick", "--seed", "1")
    assert ran.returncode == 0, ran.stdout + ran.stderr
