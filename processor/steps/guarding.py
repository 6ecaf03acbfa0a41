"""What a worker may use up: a mail that hangs or bloats it ends in a try that failed, and not in a worker that is lost.

Reading is total by design; this is for what the design did not foresee.  The hung process prints where it stood
and ends, also from within C code; its successor tries the batch's mails one by one.
"""

from __future__ import annotations

import faulthandler
import resource
from collections.abc import Iterator
from contextlib import contextmanager

HUNG_SECONDS = 240.0
"""Less than a claim lasts, so that no other worker takes up what this one still holds."""
MEMORY_BYTES = 1_500_000_000
"""Of data; the largest batch is 64 MB of mail.  Above it a MemoryError sets the mail aside."""


def bound_memory() -> None:
    """Let the process, and its children, hold no more than MEMORY_BYTES."""
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    bound = MEMORY_BYTES if most == resource.RLIM_INFINITY else min(MEMORY_BYTES, most)
    resource.setrlimit(resource.RLIMIT_DATA, (bound, most))


@contextmanager
def bounded_time() -> Iterator[None]:
    """End the process if the block takes longer than HUNG_SECONDS."""
    faulthandler.dump_traceback_later(HUNG_SECONDS, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
