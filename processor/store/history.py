"""History: mails of the time before us become rows, a batch with its checkpoint in one commit.

Nothing follows from them: their tickets are closed, no action waits, no outbox row is written, nobody is reminded.
Their keys are those of every mail, so one that is moved in twice, or met later in a watched folder, is known again.
The items say what a mail was about and nothing more (``how`` is IMPORTED): a new notice never repeats one of them.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, func, select

from processor.store import tables as t
from processor.store.context import put_contacts
from processor.store.engine import store_key
from processor.store.events import Happening, write_events
from processor.store.history_rows import (
    ACTOR,
    Landed,
    insert_past_items,
    insert_past_letters,
    insert_past_mails,
    insert_past_places,
    past_mail_row,
    tell_of,
)
from processor.store.history_tables import HISTORY, IMPORTED
from processor.store.history_threads import Home, PastMail, Threads
from processor.store.import_runs import Run, advance
from processor.store.keep_stream import TOO_LARGE
from processor.store.landing import known_letters
from processor.store.notes import NOTED
from processor.store.transaction import commit, reading
from processor.ticket import MailState, TicketState

__all__ = ["HISTORY", "IMPORTED", "PastMail", "PastNote", "history_ends", "known_digests", "take_history"]


@dataclass(frozen=True, slots=True)
class PastNote:
    """A note of staff in another system, on the ticket that bears the name ``thread`` there."""

    thread: str
    at: datetime
    who: str
    text: str


def known_digests(engine: Engine, raws: Sequence[bytes]) -> list[bool]:
    """Whether each mail's bytes are here already, in the order of the mails."""
    with reading(engine) as conn:
        key = store_key(conn)
        digests = [hmac.digest(key, raw, "sha256").hex() for raw in raws]
        there = _known_mails(conn, digests)
    return [digest in there for digest in digests]


def history_ends(engine: Engine) -> datetime | None:
    """When the first mailbox was first started: what came since is no history; None before any start."""
    with reading(engine) as conn:
        return conn.execute(select(t.mailbox.c.answer_from).order_by(t.mailbox.c.answer_from).limit(1)).scalar()


def take_history(
    engine: Engine,
    run: Run,
    after: Run,
    mails: Sequence[PastMail],
    notes: Sequence[PastNote],
    side_of: Callable[[str], str],
    now: datetime,
) -> Counter[str]:
    """Take a batch in, and move the checkpoint from ``run`` to ``after``, in one transaction; counts what became of it.

    ``side_of`` says who may join what an address began (its organisational domain, or the address).  Counted are
    ``new``, ``known`` (the bytes, or the Message-ID of an exported mail), ``again`` (an equal letter), ``tickets``,
    ``joined``, ``own``, ``open`` and ``notes``.
    Raises OvertakenImportError when another process has moved the checkpoint, NumberTakenError when no number is free.
    """
    return commit(engine, lambda conn: _take(conn, run, after, mails, notes, side_of, now))


def _take(
    conn: Connection,
    run: Run,
    after: Run,
    mails: Sequence[PastMail],
    notes: Sequence[PastNote],
    side_of: Callable[[str], str],
    now: datetime,
) -> Counter[str]:
    key = store_key(conn)
    threads = Threads(conn, mails, [note.thread for note in notes], side_of)
    counts: Counter[str] = Counter()
    fresh = _fresh(conn, key, mails, threads, counts)
    letters = [_keyed(key, mail.letter) for _, mail in fresh]
    first = {letter: n for n, letter in reversed(list(enumerate(letters)))}
    known = known_letters(conn, letters)
    again = [letter in known or first[letter] != n for n, letter in enumerate(letters)]
    homes = [None if old else threads.land(mail) for (_, mail), old in zip(fresh, again, strict=True)]
    threads.write(conn)
    tickets = [known.get(letter) or _ticket_id(homes[first[letter]]) for letter in letters]
    rows = [
        past_mail_row(digest, mail, ticket_id, old, now)
        for (digest, mail), ticket_id, old in zip(fresh, tickets, again, strict=True)
    ]
    mail_ids = insert_past_mails(conn, fresh, rows)
    landed = [
        Landed(mail, digest, mail_id, ticket_id, old)
        for (digest, mail), mail_id, ticket_id, old in zip(fresh, mail_ids, tickets, again, strict=True)
    ]
    insert_past_letters(conn, [(letter, each) for letter, each in zip(letters, landed, strict=True) if not each.again])
    insert_past_items(conn, landed)
    insert_past_places(conn, landed, now)
    tell_of(conn, key, landed, now)
    put_contacts(conn, {("address", mail.recipient) for _, mail in fresh if mail.answers}, now)
    counts.update(again=sum(again), new=len(fresh) - sum(again), own=sum(mail.own for _, mail in fresh))
    counts.update(tickets=threads.made, joined=threads.joined, open=threads.opened)
    counts["notes"] += _note(conn, notes, threads)
    advance(conn, run, after, counts, now)
    return counts


def _ticket_id(home: Home | None) -> int:
    if home is None or home.ticket_id is None:
        raise ValueError("a ticket was not written")
    return home.ticket_id


def _fresh(
    conn: Connection, key: bytes, mails: Sequence[PastMail], threads: Threads, counts: Counter[str]
) -> list[tuple[str, PastMail]]:
    """The mails that are not here, each with its keyed digest; those of other systems are known by Message-ID too."""
    digests = [hmac.digest(key, mail.raw, "sha256").hex() if mail.raw is not None else "" for mail in mails]
    seen = set(_known_mails(conn, [digest for digest in digests if digest]))
    fresh = []
    for digest, mail in zip(digests, mails, strict=True):
        if threads.holds(mail) or (digest and digest in seen):
            counts["known"] += 1
            continue
        seen.add(digest)
        fresh.append((digest, mail))
    return fresh


def _known_mails(conn: Connection, digests: Sequence[str]) -> set[str]:
    return set(conn.execute(select(t.mail.c.digest).where(t.mail.c.digest.in_(sorted(set(digests))))).scalars())


def _keyed(key: bytes, letter: str) -> str:
    return hmac.digest(key, letter.encode("utf-8", "surrogatepass"), "sha256").hex()


def _note(conn: Connection, notes: Sequence[PastNote], threads: Threads) -> int:
    """Notes of staff on the tickets that mails came of, each once; how many."""
    e = t.event.c
    found = [(note, home.ticket_id) for note in notes if (home := threads.named(note.thread))]
    query = select(e.ticket_id, e.at).where(e.kind == NOTED, e.ticket_id.in_({ticket_id for _, ticket_id in found}))
    there = {(row.ticket_id, row.at) for row in conn.execute(query)} if found else set()
    told = [
        Happening(
            NOTED, ACTOR, note.at, ticket_id=ticket_id, data={"from": note.thread, "who": note.who}, text=note.text
        )
        for note, ticket_id in found
        if (ticket_id, note.at) not in there
    ]
    write_events(conn, told)
    return len(told)


def waits_in_parts(engine: Engine, mail_id: int, account: str, folder: str) -> bool:
    """Whether a mail in parts was left by an import of this folder that was cut off; others belong to a person."""
    m = t.mail.c
    query = select(m.id).where(m.id == mail_id, m.state == MailState.SET_ASIDE.value, m.reason == TOO_LARGE)
    with reading(engine) as conn:
        return conn.execute(query.where(m.account == account, m.folder == folder)).first() is not None


def unchanged_since(engine: Engine, when: datetime) -> int:
    """How many closed tickets of history have not changed since a time."""
    k = t.ticket.c
    query = select(func.count()).where(k.outcome == HISTORY, k.state == TicketState.CLOSED.value, k.changed_at < when)
    with reading(engine) as conn:
        return conn.execute(query.select_from(t.ticket)).scalar_one()
