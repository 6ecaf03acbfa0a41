"""One IMAP account: what is new, what is done with it, and waiting for more.

The order that loses nothing: keep what a batch brings, then ask for the next; settle only what is
committed.  One thread uses a Mailbox; ``abort`` alone may come from another.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType, TracebackType

from processor.mail_servers import MailboxSettings
from processor.world.census import Portion, census
from processor.world.failures import Disconnected, Failure, Transient
from processor.world.fetching import WINDOW, Batch, Fetched, batches, by_header, first_since, uids_after
from processor.world.idling import await_news
from processor.world.imap import Session, open_session
from processor.world.selected import Selected
from processor.world.sent_mail import SentBatch, beginning, headers_above, holds, sent_folder
from processor.world.settling import Settled, settle

SPECIAL = frozenset({"\\all", "\\archive", "\\drafts", "\\flagged", "\\sent", "\\trash"})
JUNK_NAMES = frozenset({"junk", "junk email", "junk e-mail", "spam", "søppelpost", "søppel-e-post", "uønsket e-post"})
TOKEN_EXPIRED = "ACCESSTOKENEXPIRED"  # noqa: S105  (Exchange's word in its BYE, no secret)
SHORTEST_SESSION = 60.0
"""A server that says so sooner is not to be asked again at once."""


class Mailbox:
    """An account's one connection, opened when needed and again after a failure.

    Every method may raise Transient, LoginRefused or Misconfigured (failures.py); the caller counts
    failures and waits (backoff.py).  ``stop`` ends waits and fetches early.
    """

    def __init__(self, settings: MailboxSettings, stop: threading.Event | None = None) -> None:
        self.settings = settings
        self._stop = stop or threading.Event()
        self._session: Session | None = None
        self._opened = 0.0
        self._selected: Selected | None = None
        self._seen: dict[str, tuple[int, int]] = {}

    def __enter__(self) -> Mailbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def connect(self) -> Session:
        """The open session; a new one when there is none."""
        if self._session is None:
            self._selected = None
            self._session = open_session(self.settings)
            self._opened = time.monotonic()
        return self._session

    def close(self) -> None:
        """Log out and hang up; never raises, takes two seconds at most."""
        session, self._session, self._selected = self._session, None, None
        if session is not None:
            session.close()

    def abort(self) -> None:
        """Cut the connection under whatever waits on it; callable from any thread."""
        session = self._session
        if session is not None:
            session.abort()

    def folders(self) -> list[str]:
        """The watched folders: the account's own, and Junk by setting, by its \\Junk mark (RFC 6154) or by its name."""
        junk = self.settings.junk_folder
        if junk is None:
            with Watch(self) as session:
                junk = junk_among(session.folders(), marked=session.has("SPECIAL-USE"))
        return [self.settings.folder] + ([junk] if junk and junk != self.settings.folder else [])

    def fetch_new(
        self,
        folder: str,
        last_uid: int = 0,
        uidvalidity: int | None = None,
        again: Sequence[int] = (),
        broke: Mapping[tuple[int, int], int] = MappingProxyType({}),
    ) -> Iterator[Batch]:
        """Batches of what stands above ``last_uid`` in the folder, and of the UIDs in ``again``.

        Both are forgotten when the folder's UIDVALIDITY is no longer the one given: everything comes
        then, and is known by its digest.  Each batch is to be stored before the next is asked for.
        ``broke`` counts by UIDVALIDITY and UID how often the line broke at a mail (``Disconnected.mails``).
        """
        with Watch(self) as session:
            selected = self._select(session, folder)
            if uidvalidity is not None and uidvalidity != selected.uidvalidity:
                last_uid, again = 0, ()
            if not last_uid and self.settings.since and selected.exists:
                last_uid = self._below(session, selected, self.settings.since)
            breaks = {uid: times for (validity, uid), times in broke.items() if validity == selected.uidvalidity}
            highest, left = last_uid, 0
            for uids in self._wanted(session, selected, last_uid, again):
                highest = max(highest, uids[-1])
                left = left or self._above(session, selected, uids)
                for batch in batches(session, selected, uids, self.settings.batch, self.settings.max_bytes, breaks):
                    left = max(0, left - len(batch.mails) - len(batch.gone) - len(batch.pending))
                    yield replace(batch, left=left)
                    if self._stop.is_set():
                        return
                    self._return_to(session, selected)
            self._seen[folder] = (selected.uidvalidity, highest)

    def before(self, folder: str, day: date) -> tuple[int, int] | None:
        """UIDVALIDITY, and the UID below that of the first mail that arrived on that day or later; None without the folder.

        The server judges by INTERNALDATE, in its own zone (RFC 9051 section 6.4.4).
        """
        with Watch(self) as session:
            if folder not in [name for _, name in session.folders()]:
                return None
            selected = self._select(session, folder)
            if not selected.exists:
                return selected.uidvalidity, 0
            return selected.uidvalidity, self._below(session, selected, day)

    def fetch_header(self, folder: str, uidvalidity: int, uid: int) -> Fetched:
        """What can be had of a mail whose bytes do not come; may be asked between two batches."""
        with Watch(self) as session:
            if self._select(session, folder).uidvalidity != uidvalidity:
                raise Transient(f"UIDVALIDITY of {folder} changed while we were reading it")
            return by_header(session, uid, uidvalidity)

    def settle(self, folder: str, uidvalidity: int, handled: Sequence[int], review: Sequence[int] = ()) -> Settled:
        """Do to committed mails what the settings say; nothing when the UIDVALIDITY is another now."""
        ours = self.settings
        with Watch(self) as session:
            selected = self._selected
            # What is open already need not be opened anew: only its UIDs are named, and what may be kept there.
            if selected is None or selected.folder != folder or session.uidvalidity != selected.uidvalidity:
                selected = self._select(session, folder)
            if selected.uidvalidity != uidvalidity:
                return Settled(hopeless=frozenset((*handled, *review)))
            one = settle(session, selected, handled, ours.handled, ours.handled_folder)
            two = settle(session, selected, review, ours.review, ours.review_folder)
            return Settled(one.done | two.done, one.hopeless | two.hopeless)

    def sent_folder(self) -> str:
        """The folder of sent mail: as set, by its \\Sent mark or by its usual names; "" for none."""
        if self.settings.sent_folder is not None:
            return self.settings.sent_folder
        with Watch(self) as session:
            return sent_folder(session.folders())

    def sent_headers(self, folder: str, last_uid: int, uidvalidity: int) -> Iterator[SentBatch]:
        """The headers of what stands above ``last_uid``; of everything where the UIDVALIDITY is another now."""
        with Watch(self) as session:
            selected = self._select(session, folder)
            for batch in headers_above(session, selected, last_uid if uidvalidity == selected.uidvalidity else 0):
                yield batch
                if self._stop.is_set():
                    return
                self._return_to(session, selected)

    def beginning(self, folder: str, uidvalidity: int, uid: int, most: int) -> bytes | None:
        """A mail's first bytes; None when it is gone."""
        with Watch(self) as session:
            selected = self._select(session, folder)
            return beginning(session, uid, most) if selected.uidvalidity == uidvalidity else None

    def put_copy(self, folder: str, raw: bytes, message_id: str, when: datetime) -> bool:
        """Let a copy of a sent mail lie in the folder; False if one lay there already."""
        with Watch(self) as session:
            self._select(session, folder)
            if holds(session, message_id, when):
                return False
            session.append(folder, raw, when)
            return True

    def census(self, folder: str) -> Iterator[Portion]:
        """All that the folder holds since the day from which it is read, in portions."""
        with Watch(self) as session:
            selected = self._select(session, folder)
            since = self.settings.since
            below = self._below(session, selected, since) if since and selected.exists else 0
            for portion in census(session, selected, below):
                yield portion
                self._return_to(session, selected)

    def wait(self, seconds: float) -> bool:
        """Wait for news in the account's folder; True when there is some, False when time is up.

        With IDLE where the server has it.  False is no proof of anything: fetch all the same.
        A server that ends the session since its token has expired is no failure: the next use shows a new one.
        """
        try:
            return self._wait(seconds)
        except Disconnected as lost:
            aged = time.monotonic() - self._opened > SHORTEST_SESSION
            if self.settings.oauth and aged and TOKEN_EXPIRED in lost.reason.upper():
                return True
            raise

    def _wait(self, seconds: float) -> bool:
        with Watch(self) as session:
            if not session.has("IDLE"):
                self._stop.wait(seconds)
                return False
            selected = self._select(session, self.settings.folder)
            uidvalidity, highest = self._seen.get(selected.folder, (selected.uidvalidity, 0))
            # A mail that came since the last search may have been told of already, and IDLE tells once.
            if uidvalidity != selected.uidvalidity or any(uids_after(session, selected.exists, highest)):
                return True
            return await_news(session, seconds, self._stop)

    def _select(self, session: Session, folder: str) -> Selected:
        self._selected = session.select(folder)
        return self._selected

    def _return_to(self, session: Session, selected: Selected) -> None:
        """Open the folder again if the caller settled mail of another between two batches."""
        if self._session is not session:
            raise Disconnected("the connection was lost between two batches")
        if self._selected is None or self._selected.folder != selected.folder:
            self._select(session, selected.folder)

    def _below(self, session: Session, selected: Selected, day: date) -> int:
        """The UID before that of the first mail since the day; the folder's last where there is none."""
        first = first_since(session, selected.exists, day)
        return max(session.search("UID *"), default=0) if first is None else first - 1

    def _above(self, session: Session, selected: Selected, uids: Sequence[int]) -> int:
        """How many mails are to come, from the first of these UIDs on."""
        if selected.exists <= WINDOW:
            return len(uids)
        return sum(len(each) for each in uids_after(session, selected.exists, uids[0] - 1))

    def _wanted(
        self, session: Session, selected: Selected, last_uid: int, again: Sequence[int]
    ) -> Iterator[Sequence[int]]:
        if again:
            yield sorted(again)
        yield from uids_after(session, selected.exists, last_uid)


def junk_among(folders: Sequence[tuple[frozenset[str], str]], *, marked: bool) -> str:
    """The folder of junk, "" for none: by its mark, and by its name at a server that marks no folder at all."""
    if found := next((name for flags, name in folders if "\\junk" in flags), ""):
        return found
    if marked or any(flags & SPECIAL for flags, _ in folders):
        return ""
    return next((name for _, name in folders if re.split(r"[/.]", name)[-1].casefold() in JUNK_NAMES), "")


class Watch:
    """The session for a ``with``; a lost connection is forgotten, so that the next use opens a new one."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def __enter__(self) -> Session:
        return self._mailbox.connect()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Disconnected) or (error is not None and not isinstance(error, Failure | GeneratorExit)):
            self._mailbox.close()
