"""Staff's secrets hashed in no time: a test has no use for what that costs who guesses, and it has hundreds of people."""

from __future__ import annotations

import os

from processor.store import people

SHIPPED = people.COST


def hash_quickly() -> None:
    """From now on; not where programs are started afresh, which hash as they are shipped."""
    if not os.environ.get("PROCESSOR_TESTS_FRESH"):
        people.COST = 2
