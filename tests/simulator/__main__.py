"""``python -m tests.simulator --steps N --seed S``: runs of a few thousand steps each, each with a seed of its own."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time

RUN_STEPS = 2_000


def simulate(steps: int, seed: int, one: bool) -> int:
    """Run until so many steps are done; 1 when a law was broken."""
    from tests.simulator.disk import Disk
    from tests.simulator.simulation import Run

    logging.disable(logging.CRITICAL)
    began, done, mails, sent, commits, runs = time.monotonic(), 0, 0, 0, 0, 0
    disk = Disk()
    try:
        while done < steps:
            ran = Run(seed + runs, disk).go(steps if one else min(RUN_STEPS, steps))
            runs += 1
            done, mails, sent, commits = (
                done + ran.steps, mails + ran.mails, sent + ran.sent, commits + ran.commits,
            )  # fmt: skip
            for each in ran.broken:
                print(f"BROKEN in seed {ran.seed} at step {ran.at}: {each}", flush=True)
            if ran.broken:
                print(f"replay: python -m tests.simulator --one --seed {ran.seed} --steps {min(RUN_STEPS, steps)}")
                return 1
            if one:
                break
    finally:
        disk.close()
    took = time.monotonic() - began
    print(
        f"{done} steps in {runs} runs (seeds {seed} to {seed + runs - 1}), {mails} letters, {sent} mails taken, "
        f"{commits} changes checked, {took:.0f} s ({done / took:.0f} steps a second): 0 laws broken"
    )
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--one", action="store_true", help="a single run, to replay a failure")
    options = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":
        # The order of sets is part of what a seed must replay.
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "tests.simulator", *sys.argv[1:]])
    return simulate(options.steps, options.seed, options.one)


if __name__ == "__main__":
    raise SystemExit(main())
