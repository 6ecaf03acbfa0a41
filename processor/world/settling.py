"""What is done on the server with mail that is safe with us.

Our ledger is the truth; marks on the server are for the people who open the mailbox.  So a server
that keeps no keywords, or a folder that is read-only, is no fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from processor.mail_servers import Settling
from processor.world.failures import Disconnected, Refusal
from processor.world.imap import Session
from processor.world.selected import Selected

KEYWORD = "$ProcessorDone"
# A command line stays near 1,000 octets (RFC 2683 3.2.1.5).
TOGETHER = 80


@dataclass(frozen=True, slots=True)
class Settled:
    """``done`` are as wished on the server now; for ``hopeless`` it has no way: do not ask again.

    What is in neither was refused or lost: ask again.
    """

    done: frozenset[int] = frozenset()
    hopeless: frozenset[int] = frozenset()


def settle(session: Session, selected: Selected, uids: Sequence[int], wish: Settling, folder: str) -> Settled:
    """Do what is wished to these mails of the open folder; mails that are gone count as done."""
    if wish == "nothing" or not uids:
        return Settled(frozenset(uids))
    if selected.read_only or (wish == "keyword" and not selected.keeps(KEYWORD)):
        return Settled(hopeless=frozenset(uids))
    done: set[int] = set()
    for some in slices(uids):
        done.update(settle_some(session, some, wish, folder))
    return Settled(frozenset(done))


def settle_some(session: Session, uids: Sequence[int], wish: Settling, folder: str) -> set[int]:
    if wish == "keyword":
        return flagged(session, uids, KEYWORD, f"UNKEYWORD {KEYWORD}")
    if wish == "seen":
        return flagged(session, uids, "\\Seen", "UNSEEN")
    if wish == "delete":
        return removed(session, uids)
    return moved(session, uids, folder)


def flagged(session: Session, uids: Sequence[int], flag: str, without: str) -> set[int]:
    tolerate(lambda: session.add_flag(uids, flag))
    return set(uids) - remaining(session, uids, without)


def moved(session: Session, uids: Sequence[int], folder: str) -> set[int]:
    """MOVE, or COPY and removal; a MOVE that fails half-way leaves each mail in one place (RFC 6851 3.3)."""
    if session.has("MOVE"):
        into(session, folder, lambda: session.move(uids, folder))
        return set(uids) - remaining(session, uids, "UNDELETED")
    left = sorted(remaining(session, uids, "UNDELETED"))
    if left and into(session, folder, lambda: session.copy(left, folder)):
        removed(session, left)
    return set(uids) - remaining(session, uids, "UNDELETED")


def removed(session: Session, uids: Sequence[int]) -> set[int]:
    """Delete these mails alone; a bare EXPUNGE would take other people's too, so never that.

    Without UIDPLUS they stay, marked \\Deleted, until somebody's program expunges.
    """
    if tolerate(lambda: session.add_flag(uids, "\\Deleted")) and session.has("UIDPLUS"):
        tolerate(lambda: session.expunge(uids))
    return set(uids) - remaining(session, uids, "UNDELETED")


def into(session: Session, folder: str, command: Callable[[], None]) -> bool:
    """Run a command that needs the folder, making the folder once if that is what is missing."""
    try:
        command()
    except Disconnected:
        raise
    except Refusal as refusal:
        if "TRYCREATE" not in refusal.reason.upper():
            return False
        return tolerate(lambda: session.create(folder)) and tolerate(command)
    return True


def tolerate(command: Callable[[], None]) -> bool:
    """Whether the server obeyed; a NO is no reason to stop, since we look at the outcome."""
    try:
        command()
    except Refusal:
        return False
    return True


def remaining(session: Session, uids: Sequence[int], criteria: str) -> set[int]:
    """Which of the mails are in the folder and still match."""
    return set(session.search(f"UID {','.join(map(str, uids))} {criteria}")) & set(uids)


def slices(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(uids), TOGETHER):
        yield uids[start : start + TOGETHER]
