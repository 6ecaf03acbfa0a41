"""The tickets on which staff overruled a rule: what there is to look at when it is to be written better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select

from processor.store import tables as t
from processor.store.staff_said import Said, StaffSaid, decided_within
from processor.store.transaction import reading
from processor.store.visible import Scope, within


@dataclass(frozen=True, slots=True)
class Overruled:
    """A decision of a rule that staff changed or rejected; ``named`` are the types that they gave the mail, if any."""

    ticket_no: str
    decided_at: datetime
    type: str
    confidence: float
    said: Said
    named: Sequence[str]


def overruled(
    engine: Engine, rule: str, since: datetime, until: datetime, most: int, scope: Scope = None
) -> list[Overruled]:
    """The latest of them among the mails decided from ``since`` until before ``until``, of tickets that are seen."""
    i, m, o, k = t.item.c, t.mail.c, t.outbox.c, t.ticket.c
    query = (
        select(i.id, i.mail_id, i.type, i.confidence, m.decided_at, o.id.label("outbox_id"), o.approved_by, k.number)
        .join_from(t.item, t.mail, m.id == i.mail_id)
        .join(t.ticket, k.id == i.ticket_id)
        .outerjoin(t.outbox, (o.item_id == i.id) & (o.answers_mail_id == i.mail_id))
        .where(i.rule == rule, m.duplicate.is_(False), *decided_within(since, until), *within(scope, k.id))
        .order_by(m.decided_at.desc(), i.id.desc())
    )
    found: list[Overruled] = []
    with reading(engine) as conn:
        words = StaffSaid(conn, since, until)
        for row in conn.execute(query):
            if (said := words.of(row)) in ("changed", "rejected"):
                named = words.retyped.get(row.mail_id, ())
                found.append(Overruled(row.number, row.decided_at, row.type, row.confidence, said, named))
                if len(found) == most:
                    break
    return found
