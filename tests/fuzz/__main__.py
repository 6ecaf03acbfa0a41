"""All targets fuzzed at once, each in a process of its own: `make fuzz T=seconds` (for each target) `SEED=n`."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from tests.fuzz.targets import TARGETS


def one(name: str, seconds: float, executions: int, seed: int) -> tuple[str, int]:
    """What the target's run said last, and its exit status."""
    asked = [name, "--seconds", str(seconds), "--executions", str(executions), "--seed", str(seed)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.run", *asked], capture_output=True, text=True, check=False, env=os.environ
    )
    said = (done.stdout or done.stderr).strip().splitlines() or ["it said nothing"]
    print(said[-1], flush=True)
    return said[-1], done.returncode


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--executions", type=int, default=sys.maxsize)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    print(f"seed {given.seed}, {len(TARGETS)} targets, {given.jobs} at a time", flush=True)
    with ThreadPoolExecutor(given.jobs) as pool:
        told = list(pool.map(lambda name: one(name, given.seconds, given.executions, given.seed), TARGETS))
    tries = sum(int(found[1]) for said, _ in told if (found := re.search(r": (\d+) tries", said)))
    broken = sum(status != 0 for _, status in told)
    print(f"{tries} tries in all, {broken} of {len(TARGETS)} targets broke a promise")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
