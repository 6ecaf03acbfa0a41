"""A mailbox's loop: fetch, keep, settle, wait; a bad server never stops the others."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy.engine import Engine

from processor import journal
from processor.mail_servers import MailboxSettings
from processor.steps.failing import note_failure, note_success
from processor.steps.look_back import folders_to_look_in
from processor.steps.reconcile import BrokenOff, is_due, reconcile_all
from processor.steps.sent_folder import SentFolder, put_copies, read_sent
from processor.steps.several import MailboxLease
from processor.steps.take_in import Folder, Progress, settle, take_in
from processor.store.intake import note_intake
from processor.store.keep_stream import forget_halves
from processor.store.leases import LeaseLostError
from processor.store.outages import LEAST, note_outage, note_read, unread_since
from processor.store.restored import looked_back
from processor.store.transaction import commit
from processor.store.troubles import of_mailbox
from processor.world.backoff import gap
from processor.world.failures import Failure, Refusal
from processor.world.mailbox import Mailbox
from processor.world.throttling import rest_asked

# A mail already settled shows on the server within this time after it was decided.
SETTLE_PAUSE = 0.2
# IDLE may end a waiting many times a minute; that a folder was read is written down this often.
SEEN_EACH = timedelta(minutes=1)
# After each so many failures in a row another daemon gets its turn.
FAILURES_ALONE = 3
OTHERS_TURN_SECONDS = 10.0
STAND_BY_SECONDS = 0.5
# The longest that one portion may take from a slow server, in seconds; after that the loop has hung.
PORTION_SECONDS = 1800.0


class MailboxLoop(threading.Thread):
    """One account's thread.

    ``wake`` ends its waiting, for a poll or at the end; ``kept`` is called after each commit that
    brought a new mail.  IDLE tells of mail at once, the poll is the safety net behind it.  With a
    ``lease`` the thread stands by while another daemon reads the mailbox.
    """

    def __init__(
        self,
        settings: MailboxSettings,
        engine: Engine,
        clock: Callable[[], datetime],
        ended: threading.Event,
        kept: Callable[[], None],
        beat: Callable[[float], None] = lambda _: None,
    ) -> None:
        super().__init__(name=f"mailbox {settings.name}", daemon=True)
        self.settings = settings
        self.engine = engine
        self.clock = clock
        self.ended = ended
        self.kept = kept
        self.lease: MailboxLease | None = None
        self.fence = 0
        self.beat = beat
        self.interrupt = threading.Event()
        self.waiting = False
        self.owed = False
        self.mailbox = Mailbox(settings, self.interrupt)
        self.folders: list[Folder] = []
        self.elsewhere: list[Folder] | None = None
        self.failures = 0
        self.seen: datetime | None = None
        self.sent: SentFolder | None = None
        self.reconcile_due = False
        self.broken_off = BrokenOff()
        self.reconciled: Callable[[str, datetime], None] = lambda *_: None
        self.progress = Progress(
            settings.name, clock, lambda left, now: note_intake(self.engine, settings.name, left, now)
        )

    def wake(self) -> None:
        """End the waiting: fetch and settle now."""
        if self.waiting or self.ended.is_set():
            self.interrupt.set()

    def reconcile_soon(self) -> None:
        """Compare the folders with what we kept, after the next reading."""
        self.reconcile_due = True
        self.wake()

    def settle_soon(self) -> None:
        """Mails of this account may have been decided: tell the server at the next pause."""
        self.owed = True
        self.wake()

    def run(self) -> None:
        """Loop until ended; each failure is told and followed by a growing, jittered wait."""
        while not self.ended.is_set():
            # Also while another daemon reads, for which nothing is late.
            self.beat(PORTION_SECONDS)
            try:
                if self._stands_by():
                    continue
                self._pass()
                self.failures = 0
                self._reconcile()
                self._wait()
            except LeaseLostError:
                self.mailbox.close()
            except Failure as failure:
                note_failure(self.engine, self.settings.name, failure, self.clock())
                self._let_another_try()
                self._failed(failure.reason)
            except Exception as error:
                journal.step_failed(self.name, error)
                self._failed(type(error).__name__)
        self.mailbox.close()
        if self.lease:
            # A database that cannot be reached finds out by itself, when the lease runs out.
            with suppress(Exception):
                self.lease.let_go()

    def reads_by(self, lease: MailboxLease) -> bool:
        """Whether the lease lets us read, for ``once``."""
        self.lease = lease
        return not self._stands_by()

    def one_pass(self) -> bool:
        """Fetch and settle once, for ``once``; false when the server failed."""
        try:
            self._pass()
        except Failure as failure:
            note_failure(self.engine, self.settings.name, failure, self.clock())
            journal.mailbox_failed(self.settings.name, failure.reason, 0)
            self.mailbox.close()
            return False
        except LeaseLostError:
            # Whoever has it now goes on.
            self.mailbox.close()
        return True

    def settle_pass(self) -> bool:
        """Tell the server what was decided, and hang up."""
        try:
            for folder in self.folders:
                settle(self.mailbox, folder, self.engine, self.clock)
            put_copies(self.mailbox, self.sent, self.engine, self.clock)
            self._reconcile()
        except Failure as failure:
            journal.mailbox_failed(self.settings.name, failure.reason, 0)
            return False
        except LeaseLostError:
            return True
        finally:
            self.mailbox.close()
        return True

    def _stands_by(self) -> bool:
        """Whether another daemon reads the mailbox; waits a moment then, with no connection open."""
        if self.lease is None:
            return False
        reader = self.lease.reader()
        if reader is None:
            self.mailbox.close()
            self.lease.changed.wait(STAND_BY_SECONDS)
            self.lease.changed.clear()
            return True
        self.engine = reader.store
        if reader.fence != self.fence:
            # Another may have read it meanwhile.
            self.folders, self.elsewhere, self.seen = [], None, None
            commit(self.engine, lambda conn: forget_halves(conn, self.settings.name))
            self.fence = reader.fence
        return False

    def _pass(self) -> None:
        self.interrupt.clear()
        self.owed = False
        if not self.folders:
            self.folders = self._open()
            self.reconcile_due = is_due(self.engine, self.settings.name, self.clock())
        self._note_outage()
        read_sent(self.mailbox, self.sent, self.engine, self.clock)
        refused: Refusal | None = None
        for folder in self.folders:
            try:
                self._take_in(folder)
            except Refusal as refusal:
                # The connection is whole: a mail that the server will not give holds up no other folder, and
                # the server is told of those that it gave.
                refused = refusal
            settle(self.mailbox, folder, self.engine, self.clock)
        self._look_back()
        put_copies(self.mailbox, self.sent, self.engine, self.clock)
        if refused:
            raise refused
        self._note_read()

    def _take_in(self, folder: Folder) -> bool:
        """Keep what is new in the folder; whether there was anything."""
        came = False
        for arrivals, new in take_in(self.mailbox, folder, self.engine, self.clock):
            came = True
            self.beat(PORTION_SECONDS)
            self.progress.tell(folder, arrivals)
            if arrivals:
                journal.mails_kept(self.settings.name, arrivals, new)
                self.kept()
        return came

    def _reconcile(self) -> None:
        """When it is time, compare the folders with what we kept; what is refused is tried again in an hour, what breaks soon."""
        if not self.reconcile_due or self.broken_off.rests(self.clock()):
            return
        with self.broken_off.counting(self.clock):
            whole = reconcile_all(self.mailbox, self.folders, self.engine, self.clock, self._portion)
        self.reconcile_due = False
        if whole:
            self.reconciled(self.settings.name, self.clock())

    def _portion(self) -> None:
        self.beat(PORTION_SECONDS)
        if self.ended.is_set():
            raise Refusal("the program ends")

    def _look_back(self) -> None:
        """After a restore: keep what the lost store had moved out of the watched folders, until nothing more comes."""
        if self.elsewhere is None:
            return
        self.elsewhere = [folder for folder in self.elsewhere if self._take_in(folder)]
        if not self.elsewhere:
            looked_back(self.engine, self.settings.name, self.clock())
            self.elsewhere = None

    def _note_outage(self) -> None:
        """If nothing was read for hours and the server answers again, note from when to when."""
        if self.seen is not None and self.clock() - self.seen < LEAST:
            return
        poll = timedelta(seconds=self.settings.poll_seconds)
        began = unread_since(self.engine, self.settings.name, self.clock(), poll)
        if began is not None:
            self.mailbox.folders()
            ended = note_outage(self.engine, self.settings.name, began, self.clock())
            journal.outage_ended(self.settings.name, ended.hours)

    def _note_read(self) -> None:
        now = self.clock()
        if self.seen is None or now - self.seen >= SEEN_EACH:
            note_read(self.engine, self.settings.name, now)
            self.seen = now
        if self.failures or self.seen is now:
            note_success(self.engine, of_mailbox(self.settings.name))

    def _open(self) -> list[Folder]:
        names = self.mailbox.folders()
        self.elsewhere = folders_to_look_in(self.mailbox, self.engine)
        journal.mailbox_opened(self.settings.name, names[0])
        return [Folder(name, junk=number > 0) for number, name in enumerate(names)]

    def _wait(self) -> None:
        self.waiting = True
        try:
            self.beat(self.settings.poll_seconds + PORTION_SECONDS)
            if not self.owed and not self.ended.is_set():
                self.mailbox.wait(self.settings.poll_seconds)
            elif self.owed:
                self.ended.wait(SETTLE_PAUSE)
        finally:
            self.waiting = False

    def _let_another_try(self) -> None:
        """After some failures give the mailbox up for a while: another daemon's way to the server may be open."""
        if self.lease and (self.failures + 1) % FAILURES_ALONE == 0:
            with suppress(Exception):
                self.lease.let_go(OTHERS_TURN_SECONDS)

    def _failed(self, reason: str) -> None:
        self.failures += 1
        wait = max(gap(self.failures, random.random()), rest_asked(reason))  # noqa: S311  (jitter, no secret)
        journal.mailbox_failed(self.settings.name, reason, wait)
        self.beat(wait + PORTION_SECONDS)
        # The folders stay, with their count of what did not come.
        self.mailbox.close()
        self.ended.wait(wait)
