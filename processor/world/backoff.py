"""How long to wait after failures."""

from __future__ import annotations

LONGEST = 300.0


def gap(failures: int, jitter: float) -> float:
    """Seconds to wait after so many failures in a row: 1 s doubling to 5 minutes.

    ``jitter`` is a random number from 0 to 1; up to half of the wait is taken off by it, so that
    many clients of a server that came back do not all come at once.  No failures, no wait.
    """
    if failures <= 0:
        return 0.0
    whole = min(LONGEST, 2.0 ** min(failures - 1, 30))
    return whole * (1.0 - 0.5 * min(1.0, max(0.0, jitter)))
