"""Whether a mail may be corrected, and how it stands: what it was decided as, and what it continues of earlier ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from processor.store import tables as t
from processor.store.past import DECIDED, REDECIDED
from processor.store.people import Person
from processor.store.recontinuing import COMPLETES, DROPPED, continuing
from processor.store.transaction import reading
from processor.ticket import ActionState, MailState

UNKNOWN = "there is no such mail, or it is not decided"
COPY = "it is another arrival of an equal letter: name the first one"
NOBODY = "nobody of that name may correct"
CONTINUES = "what it completes came with a mail that continues an earlier one itself: correct that one first"
SEVERAL = "it completes several requests: correct the mail that they came with, or name its types anew"
MIXED = "it completes one request and makes another: correct the first mail, or name its types anew"
BUILT_UPON = "a later answer builds on it: correct that one first"
DONE = "an action of it is done already, and a correction changes nothing that was done"
CHANGED = "somebody changed it since you looked"
REASONS = (UNKNOWN, COPY, NOBODY, CONTINUES, SEVERAL, MIXED, BUILT_UPON, DONE, CHANGED)


class CannotCorrectError(Exception):
    """Nothing was changed; the words say why.  ``by`` and ``at``: who was here before, and when."""

    def __init__(self, words: str, by: str = "", at: datetime | None = None) -> None:
        super().__init__(words)
        self.by, self.at = by, at


@dataclass(frozen=True, slots=True)
class Standing:
    """How a mail stands: its ticket, the level it was decided at, what is known of its items (JSON), and a stamp
    that is another one as soon as it, or what it continues, was decided anew or one of their actions changed.

    ``takes_up`` are the types of the requests that it completes and nothing else, ``first`` the mail with which
    the one such request came, 0 where they are several; ``hows`` is how its items continue others.
    """

    ticket_id: int
    level: str
    known: tuple[str, ...]
    stamp: str
    takes_up: tuple[str, ...] = ()
    first: int = 0
    hows: frozenset[str] = frozenset()


def standing_of(source: Engine | Connection, mail_id: int) -> Standing:
    """How a mail stands; CannotCorrectError for one that was never decided."""
    e, i, a = t.event.c, t.item.c, t.action.c
    decided = select(e.id, e.ticket_id, e.data).where(e.mail_id == mail_id, e.kind.in_((DECIDED, REDECIDED)))
    with reading(source) as conn:
        latest = conn.execute(decided.order_by(e.id.desc()).limit(1)).first()
        if latest is None:
            raise CannotCorrectError(UNKNOWN)
        ticket_id = conn.execute(select(t.mail.c.ticket_id).where(t.mail.c.id == mail_id)).scalar()
        items = conn.execute(
            select(i.known, i.type, i.how).where(i.mail_id == mail_id, i.how != DROPPED).order_by(i.id)
        ).all()
        actions = conn.execute(
            select(a.id, a.version, a.state).join(t.item, i.id == a.item_id).where(i.mail_id == mail_id).order_by(a.id)
        ).all()
        found = continuing(conn, mail_id)
        firsts = sorted({each.mail_id for each in found})
        others = [standing_of(conn, each).stamp for each in firsts]
        alone = len(firsts) == 1 and len(items_of(conn, firsts[0])) == 1
    stamp = ".".join([str(latest.id), *(f"{row.id}-{row.version}-{row.state}" for row in actions)])
    takes_up = tuple(dict.fromkeys(row.type for row in items)) if {row.how for row in items} == {COMPLETES} else ()
    first = firsts[0] if takes_up and alone and len(items) == 1 else 0
    level, known = json.loads(latest.data).get("level", ""), tuple(row.known for row in items)
    return Standing(
        ticket_id or 0, level, known, "/".join([stamp, *others]), takes_up, first, frozenset(each.how for each in found)
    )


def overtaken(engine: Engine, ticket_id: int) -> CannotCorrectError:
    """That somebody was first in a ticket, with who it was and when."""
    with reading(engine) as conn:
        return _overtaken(conn, ticket_id)


def free(conn: Connection, mail_id: int, seen: str, person: Person) -> int:
    """The mail's ticket, if it may be corrected now; locks the mail."""
    m, p, i, a = t.mail.c, t.person.c, t.item.c, t.action.c
    query = select(m.state, m.ticket_id, m.duplicate).where(m.id == mail_id)
    mail = conn.execute(query.with_for_update()).first()
    if mail is None or mail.state != MailState.DECIDED.value or mail.ticket_id is None:
        raise CannotCorrectError(UNKNOWN)
    if mail.duplicate:
        raise CannotCorrectError(COPY)
    if conn.execute(select(p.id).where(p.id == person.id, p.active.is_(True))).first() is None:
        raise CannotCorrectError(NOBODY)
    if standing_of(conn, mail_id).stamp != seen:
        raise _overtaken(conn, mail.ticket_id)
    done = select(a.id).join(t.item, i.id == a.item_id).where(i.mail_id == mail_id, a.state == ActionState.DONE.value)
    if conn.execute(done.limit(1)).first():
        raise CannotCorrectError(DONE)
    return int(mail.ticket_id)


def _overtaken(conn: Connection, ticket_id: int) -> CannotCorrectError:
    e = t.event.c
    mine = (e.ticket_id == ticket_id, e.kind.in_((REDECIDED, *(f"action.{each}" for each in ActionState))))
    last = conn.execute(select(e.actor, e.at).where(*mine).order_by(e.id.desc()).limit(1)).first()
    return CannotCorrectError(CHANGED, *((last.actor, last.at) if last else ()))


def items_of(conn: Connection, mail_id: int) -> list[t.AnyRow]:
    i = t.item.c
    return list(conn.execute(select(t.item).where(i.mail_id == mail_id, i.how != DROPPED).order_by(i.id)))
