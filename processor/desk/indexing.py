"""Taking mails into the search: a few at each search, so that the newest are always found, and all in the background."""

from __future__ import annotations

import threading

from sqlalchemy.engine import Engine

from processor.message import Extracted, Message
from processor.pipeline import read_mail
from processor.store.search import Unindexed, add_to_index, count_unindexed, unindexed, words_of

AT_ONCE = 20
BATCH = 100
PAUSE_SECONDS = 0.05
LOOK_SECONDS = 30.0


def index_some(engine: Engine) -> int:
    """Take the newest few in; how many are left."""
    if not _index(engine, AT_ONCE):
        return 0
    return count_unindexed(engine)


def keep_indexing(engine: Engine, ended: threading.Event) -> None:
    """Take all in, a batch at a time with pauses, for as long as the desk runs; faults are for the next look."""
    while not ended.is_set():
        try:
            more = _index(engine, BATCH) == BATCH
        except Exception:
            more = False
        ended.wait(PAUSE_SECONDS if more else LOOK_SECONDS)


def _index(engine: Engine, limit: int) -> int:
    waiting = unindexed(engine, limit)
    add_to_index(engine, [(each.mail_id, each.ticket_id, words_of(_texts(each))) for each in waiting])
    return len(waiting)


def _texts(mail: Unindexed) -> list[str]:
    if not mail.raw:
        return list(mail.about)
    # Private numbers are hidden here as everywhere, so that nobody finds a person by theirs.
    message = read_mail(mail.raw, lambda *_: Extracted())
    return [*mail.about, *_addresses(message), message.subject, message.text]


def _addresses(message: Message) -> list[str]:
    return [f"{each.name} {each.spec}" for each in (*message.from_, *message.cc)]
