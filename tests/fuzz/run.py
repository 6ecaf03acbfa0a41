"""One target fuzzed for a while: `python -m tests.fuzz.run TARGET --seconds N --seed N`; `make fuzz` runs them all.

Each try damages a seed or one of the kept corpus.  Prints how many tries there were; exit status 1 and the bytes, kept
in tests/fuzz/corpus/ where the tests try them again, when a promise was broken.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
from pathlib import Path

from tests.fuzz.damage import damaged
from tests.fuzz.targets import TARGETS, Target

CORPUS = Path(__file__).parent / "corpus"
SLOW = 2.0
"""Seconds of one core: what is meant to end at once takes no longer, on a slow machine neither."""


class BrokenError(Exception):
    """A promise that some bytes broke; they lie in the corpus."""


def tried(name: str, target: Target, data: bytes) -> None:
    """Give the target the bytes; raises BrokenError with the place where they were kept."""
    began = time.process_time()
    try:
        broken = target.broken(data)
    except Exception as error:
        raise _kept(name, data, f"{type(error).__name__}: {error}") from error
    took = time.process_time() - began
    if broken or took > SLOW:
        raise _kept(name, data, broken or f"it took {took:.1f} s")


def fuzz(name: str, seconds: float, executions: int, seed: int) -> int:
    """Damage seeds until the time or the number is up; how many tries there were."""
    target, rng = TARGETS[name], random.Random(seed)
    seeds, tokens = [*target.seeds(), *kept(name)], target.tokens()
    until, count = time.monotonic() + seconds, 0
    while count < executions and time.monotonic() < until:
        tried(name, target, damaged(rng.choice(seeds), rng, tokens))
        count += 1
    return count


def kept(name: str) -> list[bytes]:
    """The bytes that once broke a promise of the target."""
    return [path.read_bytes() for path in sorted((CORPUS / name).glob("*"))]


def _kept(name: str, data: bytes, broken: str) -> BrokenError:
    place = CORPUS / name / hashlib.sha256(data).hexdigest()[:12]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return BrokenError(f"{name}: {broken}; the bytes are kept in {place}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--executions", type=int, default=sys.maxsize)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    try:
        count = fuzz(given.target, given.seconds, given.executions, given.seed)
    except BrokenError as broken:
        print(broken, flush=True)
        sys.exit(1)
    print(f"{given.target}: {count} tries, no promise broken", flush=True)


if __name__ == "__main__":
    main()
