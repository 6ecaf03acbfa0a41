"""Which mail breaks the line?  A server that dies of one, or answers what cannot be read, must not stop the mailbox."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence

from processor.world.failures import Disconnected

# So often may the line break at a mail, all but the first time at it alone, before its bytes are asked for no more.
BREAKS = 5


def runs(uids: Sequence[int], count: int, breaks: Mapping[int, int]) -> Iterator[list[int]]:
    """The UIDs by ``count``, in order; one at which the line broke before comes alone, to show whether it was it."""
    run: list[int] = []
    for uid in uids:
        if run and (len(run) == count or uid in breaks or run[-1] in breaks):
            yield run
            run = []
        run.append(uid)
    if run:
        yield run


@contextlib.contextmanager
def suspecting(uidvalidity: int, uids: Sequence[int]) -> Iterator[None]:
    """Let a broken line tell which mails were being fetched."""
    try:
        yield
    except Disconnected as lost:
        lost.mails = tuple((uidvalidity, uid) for uid in uids)
        raise
