"""What staff have said of decisions, by request type, and which replies each level would have let out.

Every reply is written at every level, also where it only waits or is observed, so that a month of
``observe`` or ``draft`` shows what ``approve`` or ``automatic`` would have done.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, select

from processor.rulebook import ReplyKind
from processor.store import tables as t
from processor.store.history_tables import IMPORTED
from processor.store.replies import first_state
from processor.store.staff_said import Said, StaffSaid, decided_within
from processor.store.transaction import reading
from processor.ticket import Level, OutboxState


@dataclass
class TypeRecord:
    """What became of one request type's decisions.

    ``said`` counts staff's word on each; ``missed`` are mails that a person has said are of this type and
    that were not taken for it.  ``replies`` counts by kind, ``wrong`` those of them on mails that staff changed
    or rejected.
    """

    type: str
    outcomes: Counter[str] = field(default_factory=Counter)
    said: Counter[Said] = field(default_factory=Counter)
    missed: int = 0
    replies: Counter[ReplyKind] = field(default_factory=Counter)
    wrong: Counter[ReplyKind] = field(default_factory=Counter)

    @property
    def decided(self) -> int:
        return self.outcomes.total()

    @property
    def judged(self) -> int:
        return self.said["confirmed"] + self.said["changed"] + self.said["rejected"]

    def leaving(self, level: Level) -> int:
        """How many replies would have gone out by themselves at a level."""
        return sum(count for kind, count in self.replies.items() if leaves(kind, level))

    def wrongly(self, level: Level) -> int:
        """How many of those on mails that staff changed or rejected."""
        return sum(count for kind, count in self.wrong.items() if leaves(kind, level))


@dataclass(frozen=True, slots=True)
class Letter:
    """A reply as it was written, with the mail that it answers and staff's word on the decision."""

    ticket_no: str
    at: datetime
    asked: str
    kind: ReplyKind
    template: str
    to: str
    subject: str
    text: str
    said: Said


def leaves(kind: ReplyKind, level: Level) -> bool:
    """Whether a reply of a kind goes out by itself at a level."""
    return first_state(kind, level, False)[0] == OutboxState.READY


def type_records(source: Engine | Connection, since: datetime | None = None) -> dict[str, TypeRecord]:
    """The record of each request type that was decided, or missed, since a time."""
    found: dict[str, TypeRecord] = {}
    with reading(source) as conn:
        words = StaffSaid(conn, since)
        taken: dict[int, set[str]] = {}
        for row in conn.execute(_items(since)):
            record = found.setdefault(row.type, TypeRecord(row.type))
            said = words.of(row)
            record.outcomes[row.outcome] += 1
            record.said[said] += 1
            taken.setdefault(row.mail_id, set()).add(row.type)
            if row.kind:
                record.replies[row.kind] += 1
                record.wrong[row.kind] += said in ("changed", "rejected")
        for mail_id, types in words.retyped.items():
            for name in types:
                if name not in taken.get(mail_id, ()):
                    found.setdefault(name, TypeRecord(name)).missed += 1
    return found


def letters(
    source: Engine | Connection, type: str, level: Level, below: Level, most: int, since: datetime | None = None
) -> list[Letter]:
    """The latest replies of a type that would have gone out at a level and not at the one below it."""
    o, m, k = t.outbox.c, t.mail.c, t.ticket.c
    with reading(source) as conn:
        words = StaffSaid(conn, since)
        query = _items(since).add_columns(o.ticket_no, o.created_at, k.subject.label("asked"), o.template)
        query = query.add_columns(o.to_addr, o.subject, o.text).join(t.ticket, k.id == m.ticket_id)
        found = []
        latest = query.where(t.item.c.type == type, o.id.is_not(None)).order_by(None).order_by(o.id.desc())
        for row in conn.execute(latest):
            if leaves(row.kind, level) and not leaves(row.kind, below):
                found.append(_letter(row, words.of(row)))
                if len(found) == most:
                    break
        return found


def _letter(row: t.AnyRow, said: Said) -> Letter:
    return Letter(
        ticket_no=row.ticket_no,
        at=row.created_at,
        asked=row.asked,
        kind=row.kind,
        template=row.template,
        to=row.to_addr,
        subject=row.subject,
        text=row.text,
        said=said,
    )


def _items(since: datetime | None) -> Select[Any]:
    """Each item that we decided, with its mail's outcome, and the automatic reply that was written for it."""
    i, m, o = t.item.c, t.mail.c, t.outbox.c
    query = (
        select(i.id, i.mail_id, i.type, m.outcome, o.kind, o.id.label("outbox_id"), o.approved_by)
        .join_from(t.item, t.mail, m.id == i.mail_id)
        .outerjoin(t.outbox, (o.item_id == i.id) & (o.answers_mail_id == i.mail_id))
        .where(m.duplicate.is_(False), i.how != IMPORTED)
        .order_by(i.id)
    )
    return query.where(*decided_within(since, None))
