"""What people said of past decisions, mail by mail: of what it asks for, of what was to be done, of the reply."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, or_, select

from processor.store import tables as t
from processor.store.corrections import APPROVED, RETYPED
from processor.ticket import ActionState, OutboxState

EDITED, CANCELLED, REJECTED = "outbox.edited", "outbox.cancel", "action.rejected"


@dataclass(frozen=True, slots=True)
class Word:
    """What staff said of one mail's decision.

    ``named`` is what they say that the mail is (its types, or its automatic kind alone), None where nobody has.
    ``done`` and ``rejected`` are kinds of actions, never the same one in both.  ``cancelled``: its reply was not
    to leave; ``written``: subject and text that they wrote in its stead.  ``by`` are their names.
    """

    named: tuple[str, ...] | None = None
    done: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    cancelled: bool = False
    written: str = ""
    by: tuple[str, ...] = ()


@dataclass
class _Heard:
    named: tuple[str, ...] | None = None
    done: set[str] = field(default_factory=set)
    rejected: set[str] = field(default_factory=set)
    cancelled: bool = False
    written: str = ""
    by: dict[str, None] = field(default_factory=dict)

    def word(self) -> Word:
        # One kind of action for two organisations, of which one was rejected, says nothing about the kind.
        done, rejected = sorted(self.done - self.rejected), sorted(self.rejected - self.done)
        return Word(self.named, tuple(done), tuple(rejected), self.cancelled, self.written, tuple(self.by))


def staff_words(conn: Connection, first: int, last: int) -> dict[int, Word]:
    """What staff said of the mails with these ids; a mail of which they said nothing is left out."""
    heard: defaultdict[int, _Heard] = defaultdict(_Heard)
    _naming(conn, first, last, heard)
    _doing(conn, first, last, heard)
    _replying(conn, first, last, heard)
    words = {mail_id: each.word() for mail_id, each in heard.items()}
    return {mail_id: word for mail_id, word in words.items() if replace(word, by=()) != Word()}


def _naming(conn: Connection, first: int, last: int, heard: defaultdict[int, _Heard]) -> None:
    e = t.event.c
    query = select(e.mail_id, e.data, e.actor).where(e.kind == RETYPED, e.mail_id.between(first, last)).order_by(e.id)
    for row in conn.execute(query):
        said = json.loads(row.data)
        heard[row.mail_id].named = (said["automatic"],) if said["automatic"] else tuple(said["types"])
        heard[row.mail_id].by[row.actor] = None


def _doing(conn: Connection, first: int, last: int, heard: defaultdict[int, _Heard]) -> None:
    a, i, e = t.action.c, t.item.c, t.event.c
    actions = select(i.mail_id, a.kind, a.state, a.changed_by).join_from(t.action, t.item, a.item_id == i.id)
    for row in conn.execute(actions.where(i.mail_id.between(first, last), a.state.in_(APPROVED)).order_by(a.id)):
        heard[row.mail_id].done.add(row.kind)
        heard[row.mail_id].by[row.changed_by] = None
    rejections = (
        select(i.mail_id, a.kind, e.data, e.actor)
        .join_from(t.event, t.action, e.action_id == a.id)
        .join(t.item, a.item_id == i.id)
        .where(i.mail_id.between(first, last), e.kind == REJECTED, a.state == ActionState.REJECTED.value)
    )
    for row in conn.execute(rejections.order_by(e.id)):
        # What falls because the customer took it back was not decided wrongly.
        if "withdrawal" not in json.loads(row.data or "{}"):
            heard[row.mail_id].rejected.add(row.kind)
            heard[row.mail_id].by[row.actor] = None


def _replying(conn: Connection, first: int, last: int, heard: defaultdict[int, _Heard]) -> None:
    o, e = t.outbox.c, t.event.c
    query = (
        select(o.answers_mail_id, o.subject, o.text, e.kind, e.actor)
        .join_from(t.event, t.outbox, e.outbox_id == o.id)
        .where(o.answers_mail_id.between(first, last), e.kind.in_((EDITED, CANCELLED)))
        # What was brought back is withdrawn no more.
        .where(or_(e.kind == EDITED, o.state == OutboxState.CANCELLED.value))
    )
    for row in conn.execute(query.order_by(e.id)):
        found = heard[row.answers_mail_id]
        found.by[row.actor] = None
        if row.kind == EDITED:
            found.written = f"{row.subject}\n\n{row.text}"
        else:
            found.cancelled = True
