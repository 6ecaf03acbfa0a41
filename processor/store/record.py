"""The second commit: what was decided about a batch of mails becomes rows, all of it or none.

"One reply a mail" is a unique key here, not a habit: the letter's digest lets an equal letter in only
as another arrival of the first, ``answers_mail_id`` allows one automatic reply a mail, and a mail that
is decided is not decided again.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Engine, bindparam, or_, select, update

from processor.store import tables as t
from processor.store.colleagues import attach_waiting
from processor.store.columns import canonical
from processor.store.context import bounded_id
from processor.store.decided import Landing, NumberTakenError, OvertakenRequestError, Record, Recorded
from processor.store.engine import DIGEST_KEY, store_key
from processor.store.events import Happening, write_events
from processor.store.forms import form_digest
from processor.store.inserting import insert_rows
from processor.store.items import insert_items
from processor.store.landing import land
from processor.store.prepared import Prepared
from processor.store.replies import insert_replies
from processor.store.transaction import commit
from processor.ticket import MailState

__all__ = ["NumberTakenError", "OvertakenRequestError", "Record", "Recorded", "record"]

Landed = tuple[Record, Landing]


def record(engine: Engine, records: Sequence[Record]) -> list[Recorded]:
    """Record a batch in one transaction; answers in the order of ``records``.

    Idempotent: what was recorded before comes back as a duplicate and makes nothing.  Raises
    NumberTakenError when a new ticket's number is in use, OvertakenRequestError when a request would be
    made twice, and KeyError for a mail that was never kept; nothing of the batch is recorded then.
    """
    return commit(engine, lambda conn: _record(conn, records)) if records else []


def _record(conn: Connection, records: Sequence[Record]) -> list[Recorded]:
    _look_again(conn, records)
    key = store_key(conn)
    letters = [hmac.digest(key, r.message.letter.encode("utf-8", "surrogatepass"), "sha256").hex() for r in records]
    landed = list(zip(records, land(conn, records, letters), strict=True))
    fresh = [pair for pair in landed if pair[1].fresh]
    item_ids = insert_items(conn, fresh)
    outbox_ids = insert_replies(conn, fresh, item_ids)
    _insert_letters(conn, [(letter, *pair) for letter, pair in zip(letters, landed, strict=True) if pair[1].fresh])
    changed = [pair for pair in landed if not pair[1].decided_before]
    _decide_mails(conn, changed, key)
    write_events(conn, [_happening(r, landing, outbox_ids) for r, landing in changed])
    write_events(conn, _named(conn, [pair for pair in changed if pair[1].fresh]))
    _answered_already(conn, [r for r, landing in changed if landing.fresh])
    return [
        Recorded(
            r.mail_id,
            landing.ticket_id,
            landing.ticket_no,
            outbox_ids.get(r.mail_id) if landing.fresh else None,
            not landing.fresh,
        )
        for r, landing in landed
    ]


def _look_again(conn: Connection, records: Sequence[Record]) -> None:
    """Raise OvertakenRequestError where another worker has just recorded what a mail would then only repeat."""
    looked = [(r, r.looked) for r in records if r.looked]
    if not looked:
        return
    # One at a time, lest two workers look at the same moment; SQLite's writers wait for each other anyway.
    conn.execute(select(t.setting.c.name).where(t.setting.c.name == DIGEST_KEY).with_for_update())
    i, k = t.item.c, t.ticket.c
    for r, known in looked:
        fields = r.decision.fields
        numbers = or_(i.org_no.in_(fields.org_no), i.customer_no.in_(fields.customer_no))
        query = (
            select(i.id)
            .join_from(t.item, t.ticket, k.id == i.ticket_id)
            .where(i.id > known.newest, i.how == "", i.type.in_(sorted(known.types)), numbers)
        )
        if conn.execute(query.where(k.sender.endswith(known.side, autoescape=True)).limit(1)).first():
            raise OvertakenRequestError(r.mail_id)


def _insert_letters(conn: Connection, fresh: Sequence[tuple[str, Record, Landing]]) -> None:
    rows = [{"digest": letter, "ticket_id": at.ticket_id, "mail_id": r.mail_id} for letter, r, at in fresh]
    insert_rows(conn, t.letter, rows)


def _decide_mails(conn: Connection, changed: Sequence[Landed], key: bytes) -> None:
    values = [
        {
            "which": r.mail_id,
            "decided_at": r.now,
            "ticket_id": landing.ticket_id,
            "outcome": r.decision.outcome,
            "duplicate": not landing.fresh,
            "message_id": None if r.message.message_id_made else bounded_id(r.message.message_id),
        }
        for r, landing in changed
    ]
    _DECIDED.run_each(conn, values)
    forms = [(r.mail_id, form_digest(key, r.understanding.form)) for r, _ in changed if r.understanding.form]
    _FORM.run_each(conn, [{"which": mail_id, "form_digest": digest} for mail_id, digest in forms])


# Built once: every batch is recorded by these.
_DONE = {"state": MailState.DECIDED.value, "reason": "", "sender_key": 0, "claimed_by": None, "claimed_until": None}
_DECIDED = Prepared(
    update(t.mail).where(t.mail.c.id == bindparam("which")).values(_DONE),
    ("decided_at", "ticket_id", "outcome", "duplicate", "message_id"),
)
_FORM = Prepared(update(t.mail).where(t.mail.c.id == bindparam("which")), ("form_digest",))


def _named(conn: Connection, fresh: Sequence[Landed]) -> list[Happening]:
    """Told in the ticket that a mail names and may not join: whoever looks there finds it; nothing else changes."""
    apart = {r.context.may_belong_to for r, _ in fresh if r.context.may_belong_to}
    if not apart:
        return []
    k = t.ticket.c
    ids = {row.number: row.id for row in conn.execute(select(k.number, k.id).where(k.number.in_(sorted(apart))))}
    return [
        Happening("mail.may_belong", "record", r.now, ticket_id=ids[number], data={"ticket": landing.ticket_no})
        for r, landing in fresh
        if (number := r.context.may_belong_to) in ids
    ]


def _answered_already(conn: Connection, fresh: Sequence[Record]) -> None:
    """What a colleague answered before we had decided it is not answered once more."""
    named = [(r.mail_id, r.message.message_id) for r in fresh if not r.message.message_id_made]
    if named:
        attach_waiting(conn, named, max(r.now for r in fresh))


def _happening(r: Record, landing: Landing, outbox_ids: Mapping[int, int]) -> Happening:
    if not landing.fresh:
        return Happening("mail.duplicate", "record", r.now, mail_id=r.mail_id, ticket_id=landing.ticket_id)
    return Happening(
        "mail.decided",
        "record",
        r.now,
        mail_id=r.mail_id,
        ticket_id=landing.ticket_id,
        outbox_id=outbox_ids.get(r.mail_id),
        data={
            "outcome": r.decision.outcome,
            "rule": r.decision.rule,
            "authenticity": r.decision.provenance.result,
            "withheld": r.decision.withheld,
            "level": r.level.value,
            "joined": landing.joined,
            **({"outage_hours": r.context.outage_hours} if r.context.outage_hours else {}),
            **({"may_belong_to": r.context.may_belong_to} if r.context.may_belong_to else {}),
            "rules": r.decision.version,
            "model": r.understanding.model,
        },
        text=canonical({"understanding": r.understanding, "context": r.context, "decision": r.decision}),
    )
