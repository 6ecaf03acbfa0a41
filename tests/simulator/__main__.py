"""``python -m tests.simulator --steps N --seed S``: runs of a few thousand steps, each with a seed of its own.

``week`` simulates seven days (``week.py``), or ``--hours`` of them with the troubles ``--only`` names.
``--one`` replays a single run; ``--mutants`` breaks the program in each way of ``mutants.py`` and must be told so.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time

RUN_STEPS = 2_000
# A mutant that calls the program as it was once breaks no safeguard, and no law has seen anything.
UNFIT = ("TypeError(", "AttributeError(")


def simulate(steps: int, seed: int, one: bool, mutant: str = "") -> int:
    """Run until so many steps are done; 1 when a law was broken."""
    from tests.simulator.disk import Disk
    from tests.simulator.mutants import broken_by
    from tests.simulator.simulation import Run

    began, done, mails, sent, changes, runs = time.monotonic(), 0, 0, 0, 0, 0
    disk = Disk()
    try:
        while done < steps:
            with broken_by(mutant):
                ran = Run(seed + runs, disk).go(steps if one else min(RUN_STEPS, steps))
            runs, done, mails, sent = runs + 1, done + ran.steps, mails + ran.mails, sent + ran.sent
            changes += ran.changes
            for each in ran.broken:
                print(f"{mutant or 'BROKEN'} in seed {ran.seed} at step {ran.steps}: {each}", flush=True)
            if mutant and any(each in text for text in ran.broken for each in UNFIT):
                return 0
            if ran.broken:
                if not mutant:
                    again = f"--one --seed {ran.seed} --steps {min(RUN_STEPS, steps)}"
                    print(f"replay: python -m tests.simulator {again}")
                return 1
            if one:
                break
            if runs % 20 == 0 and not mutant:
                print(f"{done} steps, up to seed {ran.seed}, {time.monotonic() - began:.0f} s", flush=True)
    finally:
        disk.close()
    took = time.monotonic() - began
    print(
        f"{done} steps in {runs} runs (seeds {seed} to {seed + runs - 1}), {mails} letters, {sent} mails taken, "
        f"{changes} changes checked, {took:.0f} s ({done / took:.0f} steps a second): 0 laws broken"
    )
    return 0


def prove(steps: int, seed: int) -> int:
    """Break the program in every way; 1 when the laws did not see one of them."""
    from tests.simulator.mutants import MUTANTS

    blind = [name for name in MUTANTS if simulate(steps, seed, False, name) == 0]
    print(f"{len(MUTANTS) - len(blind)} of {len(MUTANTS)} mutants found" + "".join(f", not {name}" for name in blind))
    return 1 if blind else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=("steps", "week"), default="steps")
    parser.add_argument("--hours", type=float, default=168.0, help="of the week")
    parser.add_argument("--only", action="append", default=[], help="of the week: an alarm's kind, or hang")
    parser.add_argument("--quick", action="store_true", help="of the week's mutants those that show at once")
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--one", action="store_true", help="a single run, to replay a failure")
    parser.add_argument("--mutants", action="store_true", help="break the program, to prove that the laws can fail")
    options = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":
        # The order of sets is part of what a seed must replay.
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "tests.simulator", *sys.argv[1:]])
    logging.disable(logging.CRITICAL)
    if options.what == "week":
        from tests.simulator.week import prove_week, simulate_week

        if options.mutants:
            return prove_week(options.seed, options.quick)
        return simulate_week(options.seed, options.hours, tuple(options.only))
    if options.mutants:
        return prove(options.steps, options.seed)
    return simulate(options.steps, options.seed, options.one)


if __name__ == "__main__":
    raise SystemExit(main())
