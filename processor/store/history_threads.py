"""Which ticket a mail of history belongs to, whatever the order in which an archive brings its mails.

It joins by what it names (In-Reply-To, then References) and by who names it: a mail of our own joins always; a
customer's joins if it names a mail of ours, or comes from the side that the ticket is of, since a stranger could name
any customer's mail.  Nothing is opened or completed by it, so nobody has to be proven for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, literal, select, update

from processor.store import tables as t
from processor.store.context import bounded_address
from processor.store.decided import NumberTakenError
from processor.store.history_tables import HISTORY
from processor.store.inserting import insert_for_ids
from processor.ticket import TicketState

CHUNK = 500


@dataclass(frozen=True, slots=True)
class PastItem:
    """One thing that a mail asked for; ``known`` and ``evidence`` are canonical JSON as those of every item."""

    type: str
    org_no: str
    customer_no: str
    confidence: float
    known: str
    evidence: str


@dataclass(frozen=True, slots=True)
class PastMail:
    """A mail of the time before us, read and understood.

    ``raw`` is None for one that was kept in parts before, as mail ``kept_as``.  ``named`` are the Message-IDs of its
    thread, nearest first.  ``thread`` is its ticket's name in another system, ``""`` for a mail out of a mailbox.
    ``sender`` and ``recipient`` (the first who is none of us) are lower case.  ``arrival_from`` says what
    ``arrived_at`` rests on: received, date, server, separator or export.  ``numbers`` are those that its ticket may
    get.  ``place`` is UIDVALIDITY and UID where a server showed it at ``shown_at``.  ``open``: its ticket is not
    closed in the other system.
    """

    name: str
    raw: bytes | None = field(repr=False)
    size: int
    letter: str
    message_id: str | None
    named: tuple[str, ...]
    own: bool
    automatic: str
    sender: str
    recipient: str
    subject: str
    language: str
    company: str
    provenance: str
    arrived_at: datetime
    arrival_from: str
    items: tuple[PastItem, ...]
    numbers: tuple[str, ...]
    account: str
    folder: str
    purpose: str = ""
    thread: str = ""
    open: bool = False
    kept_as: int | None = None
    place: tuple[int, int] | None = None
    shown_at: datetime | None = None

    @property
    def answers(self) -> bool:
        """Whether it is a reply of ours to somebody, who is a customer then."""
        return self.own and bool(self.named or self.thread) and bool(self.recipient)


@dataclass(slots=True)
class Home:
    """A ticket as the mails of a batch make and change it; ``ticket_id`` is None until it is written.

    ``past``: it is of history, so its mails may move its times.  ``begun_by_us``: only mails of ours are in it.
    """

    ticket_id: int | None
    number: str
    sender: str
    side: str
    row: dict[str, Any]
    past: bool
    begun_by_us: bool = False
    changed: bool = False


class Threads:
    """The tickets that a batch's mails name, by Message-ID, and those that they make.

    ``made``, ``joined`` and ``opened`` count.
    """

    def __init__(
        self, conn: Connection, mails: Sequence[PastMail], threads: Iterable[str], side_of: Callable[[str], str]
    ) -> None:
        self.side_of = side_of
        self.homes: dict[int, Home] = {}
        self.new: list[tuple[Home, PastMail]] = []
        self.made = self.joined = self.opened = 0
        ids = {one for mail in mails for one in (mail.message_id, mail.thread, *mail.named) if one}
        ids |= {each for each in threads if each}
        self.mails = self._known(conn, ids)
        self.names = self._names(conn, ids)
        self.new_names: dict[str, tuple[Home, bool]] = {}

    def holds(self, mail: PastMail) -> bool:
        """Whether an exported mail is here by its Message-ID; its ticket then bears the other system's name too."""
        known = self.mails.get(mail.message_id or "") if mail.thread else None
        if known is None:
            return False
        self._name(mail.thread, known[0], True)
        return True

    def named(self, thread: str) -> Home | None:
        """The ticket of another system's name."""
        found = self.names.get(thread)
        return found[0] if found else None

    def land(self, mail: PastMail) -> Home:
        """The ticket that a mail joins, or one of its own."""
        home = self._found(mail)
        if home is None:
            home = self._make(mail)
        else:
            self.joined += 1
            _join(home, mail)
        if mail.open and home.past and home.row["state"] != TicketState.OPEN.value:
            home.row["state"], home.changed = TicketState.OPEN.value, True
            self.opened += 1
        if mail.message_id and (mail.message_id not in self.mails or mail.own):
            self.mails[mail.message_id] = (home, mail.own)
        if mail.thread:
            self._name(mail.thread, home, True)
        for one in mail.named:
            if one not in self.mails:
                self._name(one, home, mail.own)
        return home

    def write(self, conn: Connection) -> None:
        """Write the tickets that were made, the changes of the others, and what was named."""
        self._write_new(conn)
        changed = [
            {"which": home.ticket_id, **{f"to_{name}": value for name, value in home.row.items()}}
            for home in self.homes.values()
            if home.changed
        ]
        if changed:
            columns: dict[str, Any] = {name: bindparam(f"to_{name}") for name in next(iter(self.homes.values())).row}
            conn.execute(update(t.ticket).where(t.ticket.c.id == bindparam("which")).values(columns), changed)
        rows = [
            {"message_id": one, "ticket_id": home.ticket_id, "ours": ours}
            for one, (home, ours) in self.new_names.items()
        ]
        if rows:
            conn.execute(insert(t.thread_name), rows)

    def _found(self, mail: PastMail) -> Home | None:
        if mail.thread and (home := self.named(mail.thread)):
            return home
        known = [self.mails[one] for one in mail.named if one in self.mails]
        # A mail of ours that is named goes before one that a stranger may have chosen.
        known.sort(key=lambda pair: not pair[1])
        named = [self.names[one] for one in (mail.message_id or "", *mail.named) if one in self.names]
        return next((home for home, ours in (*known, *named) if self._joins(mail, home, ours)), None)

    def _joins(self, mail: PastMail, home: Home, ours: bool) -> bool:
        return mail.own or ours or (bool(home.side) and self.side_of(mail.sender) == home.side)

    def _make(self, mail: PastMail) -> Home:
        sender = (mail.recipient or mail.sender) if mail.own else mail.sender
        row = {
            "state": TicketState.CLOSED.value,
            **_about(mail),
            "opened_at": mail.arrived_at,
            "changed_at": mail.arrived_at,
        }
        home = Home(None, "", sender, self.side_of(sender), row, past=True, begun_by_us=mail.own)
        self.new.append((home, mail))
        self.made += 1
        return home

    def _name(self, one: str, home: Home, ours: bool) -> None:
        if one not in self.names:
            self.names[one] = self.new_names[one] = (home, ours)

    def _write_new(self, conn: Connection) -> None:
        if not self.new:
            return
        wanted = {number for _, mail in self.new for number in mail.numbers}
        taken = set(conn.execute(select(t.ticket.c.number).where(t.ticket.c.number.in_(sorted(wanted)))).scalars())
        for home, mail in self.new:
            home.number = next((each for each in mail.numbers if each not in taken), "")
            if not home.number:
                raise NumberTakenError(", ".join(mail.numbers))
            taken.add(home.number)
        rows = [{"number": home.number, "sender": bounded_address(home.sender), **home.row} for home, _ in self.new]
        for (home, _), ticket_id in zip(self.new, insert_for_ids(conn, t.ticket, rows), strict=True):
            home.ticket_id = ticket_id

    def _known(self, conn: Connection, ids: set[str]) -> dict[str, tuple[Home, bool]]:
        o, m, w = t.outbox.c, t.mail.c, t.colleague_reply.c
        sent = select(o.message_id, o.ticket_id, literal(True).label("ours"))
        came = select(m.message_id, m.ticket_id, m.own.label("ours")).where(m.ticket_id.is_not(None)).order_by(m.own)
        written = select(w.message_id, w.ticket_id, literal(True).label("ours")).where(w.ticket_id.is_not(None))
        asked = ((came, m.message_id), (written, w.message_id), (sent, o.message_id))
        return self._homes(conn, [row for query, column in asked for row in _rows(conn, query, column, ids)])

    def _names(self, conn: Connection, ids: set[str]) -> dict[str, tuple[Home, bool]]:
        n = t.thread_name.c
        return self._homes(conn, list(_rows(conn, select(n.message_id, n.ticket_id, n.ours), n.message_id, ids)))

    def _homes(self, conn: Connection, rows: Sequence[t.AnyRow]) -> dict[str, tuple[Home, bool]]:
        self._load(conn, {row.ticket_id for row in rows} - self.homes.keys())
        return {row.message_id: (self.homes[row.ticket_id], bool(row.ours)) for row in rows}

    def _load(self, conn: Connection, ids: set[int]) -> None:
        k = t.ticket.c
        for part in _chunks(sorted(ids)):
            for row in conn.execute(select(t.ticket).where(k.id.in_(part))).all():
                if row.merged_into is not None:
                    self._load(conn, {row.merged_into} - self.homes.keys())
                    self.homes[row.id] = self.homes[row.merged_into]
                    continue
                values = {name: getattr(row, name) for name in _COLUMNS}
                past = row.outcome == HISTORY
                self.homes[row.id] = Home(row.id, row.number, row.sender, self.side_of(row.sender), values, past)


_COLUMNS = ("state", "subject", "language", "company", "provenance", "outcome", "opened_at", "changed_at")


def _about(mail: PastMail) -> dict[str, Any]:
    return {
        "subject": mail.subject,
        "language": mail.language,
        "company": mail.company,
        "provenance": mail.provenance,
        "outcome": "ignore" if mail.automatic else HISTORY,
    }


def _join(home: Home, mail: PastMail) -> None:
    """A ticket of history is as old as its first mail and as new as its last; what is ours is left as it stands."""
    if not home.past:
        return
    row = home.row
    if not mail.own and (mail.arrived_at < row["opened_at"] or home.begun_by_us):
        # The customer's first mail says what the ticket is about, whatever came before it in the archive.
        row.update(_about(mail))
        home.begun_by_us = False
    row["outcome"] = HISTORY if not mail.automatic else row["outcome"]
    row["opened_at"] = min(row["opened_at"], mail.arrived_at)
    row["changed_at"] = max(row["changed_at"], mail.arrived_at)
    home.changed = True


def _rows(conn: Connection, query: Any, column: Any, ids: set[str]) -> Iterator[t.AnyRow]:
    for part in _chunks(sorted(ids)):
        yield from conn.execute(query.where(column.in_(part)))


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))
