"""All that is known of a ticket, as evidence: bytes, arrivals, events as they were sealed, and the seals that matter."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, or_, select

from processor.ciphers import NotOpenedError
from processor.store import tables as t
from processor.store.arrivals import proof_salt
from processor.store.copying import snapshot
from processor.store.engine import store_key
from processor.store.sealed import raw_of
from processor.store.seals import leaf, way
from processor.store.story import of_ticket
from processor.store.ticket_view import MailView, TicketView, ticket

KEPT = "mail.kept"


@dataclass(frozen=True, slots=True)
class SealedEvent:
    """An event: its canonical bytes, of which ``seal`` (None for not yet) lists the SHA-256.

    Of ``salt`` and ``text`` in a row the event holds the SHA-256; both are "" where there is none or it was erased.
    """

    id: int
    at: datetime
    kind: str
    actor: str
    mail_id: int | None
    outbox_id: int | None
    data: Mapping[str, Any]
    content: bytes
    salt: str
    text: str
    seal: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server showed a mail; ``internaldate`` (aware UTC) is when that server got it, as it says."""

    account: str
    folder: str
    uidvalidity: int
    uid: int
    internaldate: datetime | None
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class MailEvidence:
    """A mail; ``raw`` is None when it was erased or does not open, and a header alone when it is not ``whole``.

    ``fault`` says why it does not open.
    """

    view: MailView
    raw: bytes | None
    whole: bool
    salt: str
    places: tuple[Place, ...]
    kept: SealedEvent | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try to send a reply, with what the server said."""

    outbox_id: int
    at: datetime
    host: str
    message_id: str
    outcome: str
    response: str
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class SealLine:
    """A seal that vouches for the ticket's events, or links such a one with the next."""

    id: int
    head: str
    digest: str
    listed: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """A ticket as evidence; ``seals`` are a way through the chain, oldest first, up to its end."""

    ticket: TicketView
    mails: tuple[MailEvidence, ...]
    events: tuple[SealedEvent, ...]
    attempts: tuple[Attempt, ...]
    seals: tuple[SealLine, ...]


def dossier(engine: Engine, ticket_no: str) -> Dossier | None:
    """All of a ticket at one moment; None if there is no such number."""
    with snapshot(engine) as conn:
        view = ticket(conn, ticket_no)
        if view is None:
            return None
        rows = _events(conn, view)
        seals = _seals(conn, [row.id for row in rows])
        sealed = {int(line.split(" ")[0]): each.id for each in seals for line in each.listed.splitlines()}
        events = tuple(_event(row, sealed.get(row.id)) for row in rows)
        key = store_key(conn)
        mails = tuple(_mail(conn, each, events, key) for each in view.mails)
        return Dossier(view, mails, events, _attempts(conn, view.id), seals)


def _events(conn: Connection, view: TicketView) -> Sequence[t.AnyRow]:
    """The ticket's events, and those of its mails from before it had one."""
    e, x = t.event.c, t.event_text.c
    ours = or_(of_ticket(conn, view.id), e.mail_id.in_([mail.id for mail in view.mails]))
    query = select(t.event, x.salt, x.text.label("words")).outerjoin(t.event_text, x.event_id == e.id)
    return conn.execute(query.where(ours).order_by(e.id)).all()


def _event(row: t.AnyRow, seal: int | None) -> SealedEvent:
    return SealedEvent(
        id=row.id,
        at=row.at,
        kind=row.kind,
        actor=row.actor,
        mail_id=row.mail_id,
        outbox_id=row.outbox_id,
        data=json.loads(row.data),
        content=leaf(row),
        salt=row.salt or "",
        text=row.words or "",
        seal=seal,
    )


def _mail(conn: Connection, view: MailView, events: Iterable[SealedEvent], key: bytes) -> MailEvidence:
    a = t.arrival.c
    places = conn.execute(
        select(a.account, a.folder, a.uidvalidity, a.uid, a.internaldate, a.seen_at)
        .where(a.mail_id == view.id)
        .order_by(a.id)
    ).all()
    digest = conn.execute(select(t.mail.c.digest).where(t.mail.c.id == view.id)).scalar_one()
    whole = conn.execute(select(t.raw_mail.c.whole).where(t.raw_mail.c.mail_id == view.id)).scalar()
    raw, fault = None, ""
    try:
        raw = raw_of(conn, view.id)
    except KeyError:
        pass
    except NotOpenedError as error:
        fault = str(error)
    kept = next((each for each in events if each.kind == KEPT and each.mail_id == view.id), None)
    where, salt = tuple(Place(*p) for p in places), proof_salt(key, digest)
    return MailEvidence(view, raw, whole is not False, salt, where, kept, fault)


def _attempts(conn: Connection, ticket_id: int) -> tuple[Attempt, ...]:
    a = t.outbox_attempt.c
    query = (
        select(a.outbox_id, a.at, a.host, a.message_id, a.outcome, a.response, a.ended_at)
        .join(t.outbox, t.outbox.c.id == a.outbox_id)
        .where(t.outbox.c.ticket_id == ticket_id)
        .order_by(a.id)
    )
    return tuple(Attempt(*row) for row in conn.execute(query))


def _seals(conn: Connection, events: Sequence[int]) -> tuple[SealLine, ...]:
    """The seals over these events, with those that link them and lead to the newest seal of all."""
    s = t.seal.c
    over = set()
    for event in events:
        covers = select(s.id).where(s.last_event >= event).order_by(s.last_event).limit(1)
        over |= set(conn.execute(covers).scalars())
    newest = conn.execute(select(s.id).order_by(s.id.desc()).limit(1)).scalar()
    if newest is None or not over:
        return ()
    wanted = {newest} | over
    upper = newest
    for lower in sorted(over, reverse=True):
        wanted |= set(way(upper, lower))
        upper = lower
    rows = conn.execute(select(s.id, s.head, s.digest, s.listed).where(s.id.in_(sorted(wanted))).order_by(s.id))
    # Whose list holds none of the ticket's events is there as a link only.
    return tuple(SealLine(row.id, row.head, row.digest, row.listed if row.id in over else "") for row in rows)
