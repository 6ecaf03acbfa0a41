"""Taking mails into the search: a few at each search, so that the newest are always found, and all in the background."""

from __future__ import annotations

import threading

from sqlalchemy.engine import Engine

from processor import journal
from processor.message import Extracted, Message
from processor.pipeline import read_mail
from processor.store.search import Unindexed, add_to_index, unindexed, words_of

AT_ONCE = 20
BATCH = 100
PAUSE_SECONDS = 0.05
LOOK_SECONDS = 30.0


class Indexing:
    """``behind``: older mails are not all in yet."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.behind = False

    def take_newest(self) -> None:
        """Take in what has arrived since the last time, so that it is found at once."""
        self._take(AT_ONCE, arrived=True)

    def keep_on(self, ended: threading.Event) -> None:
        """Take all in, a batch at a time with pauses, for as long as the desk runs; faults are for the next look."""
        while not ended.is_set():
            try:
                self.behind = self._take(BATCH, arrived=False) == BATCH
            except Exception as error:
                journal.step_failed("search index", error)
                self.behind = False
            ended.wait(PAUSE_SECONDS if self.behind else LOOK_SECONDS)

    def _take(self, limit: int, arrived: bool) -> int:
        waiting = unindexed(self._engine, limit, arrived)
        if waiting:
            add_to_index(self._engine, [(each.mail_id, each.ticket_id, words_of(_texts(each))) for each in waiting])
        return len(waiting)


def _texts(mail: Unindexed) -> list[str]:
    if not mail.raw:
        return list(mail.about)
    # Private numbers are hidden here as everywhere, so that nobody finds a person by theirs.
    message = read_mail(mail.raw, lambda *_: Extracted())
    return [*mail.about, *_addresses(message), message.subject, message.text]


def _addresses(message: Message) -> list[str]:
    return [f"{each.name} {each.spec}" for each in (*message.from_, *message.cc)]
