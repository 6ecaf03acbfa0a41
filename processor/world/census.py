"""All that a folder holds, by UID with time and size, in few commands and bounded portions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from processor.world.failures import Transient
from processor.world.fetching import FACTS, claimed_size, time_of, uids_after
from processor.world.imap import Session
from processor.world.selected import Selected

# A command line of some 5 kB, which every known server takes.
TOGETHER = 500
# RFC 9051 section 2.3.1.1: 32 bits.
LAST_UID = 2**32 - 1


@dataclass(frozen=True, slots=True)
class OnServer:
    """A mail as the server tells of it; ``internaldate`` aware UTC or None, ``size`` 0 where it does not say."""

    internaldate: datetime | None
    size: int


@dataclass(frozen=True, slots=True)
class Portion:
    """The mails with UIDs of ``low`` up to ``high``, both included: whatever is not in ``mails`` is not there.

    ``next_uid`` is the first that was not given out when the folder was opened, 0 where the server does not tell.
    """

    uidvalidity: int
    next_uid: int
    low: int
    high: int
    mails: Mapping[int, OnServer]


def census(session: Session, selected: Selected, below: int) -> Iterator[Portion]:
    """Portions that lie side by side, from above ``below`` up to what was given out when the folder was opened, or to
    the end of all UIDs.

    Raises Transient when the folder's UIDVALIDITY changes on the way.
    """
    end = selected.next_uid - 1 if selected.next_uid else None
    low = below + 1
    for found in uids_after(session, selected.exists, below):
        uids = [uid for uid in found if end is None or uid <= end]
        for start in range(0, len(uids), TOGETHER):
            asked = uids[start : start + TOGETHER]
            told = session.fetch(asked, FACTS)
            if session.uidvalidity != selected.uidvalidity:
                raise Transient(f"UIDVALIDITY of {selected.folder} changed while we compared it")
            mails = {uid: OnServer(time_of(told[uid]), claimed_size(told[uid])) for uid in asked if uid in told}
            yield Portion(selected.uidvalidity, selected.next_uid, low, asked[-1], mails)
            low = asked[-1] + 1
    high = LAST_UID if end is None else end
    if low <= high or low == below + 1:
        yield Portion(selected.uidvalidity, selected.next_uid, low, high, {})
