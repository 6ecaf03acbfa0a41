"""Who is signed in at the desk: a row for each browser, so that any of them can be ended from here."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, func, insert, select, update

from processor.store import tables as t
from processor.store.accounts import Account, account_of, digest
from processor.store.events import Happening, write_event
from processor.store.people import Person
from processor.store.transaction import reading, writing

LONGEST = timedelta(hours=12)
IDLE = timedelta(hours=2)
# A row is not written anew for every page.
NOTE_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser; ``token`` is what its cookie holds."""

    token: str
    account: Account


def begin_session(engine: Engine, person: Person, now: datetime) -> str:
    """Sign a person in; returns the new secret for the cookie.  Sessions that are over are swept out."""
    token = secrets.token_urlsafe(32)
    s = t.desk_session.c
    row = {"digest": digest(token), "person_id": person.id, "made_at": now, "seen_at": now, "ends_at": now + LONGEST}
    with writing(engine) as conn:
        conn.execute(delete(t.desk_session).where((s.ends_at < now) | (s.seen_at < now - IDLE)))
        conn.execute(insert(t.desk_session).values(row))
        write_event(conn, Happening("person.signed_in", person.name, now))
    return token


def session_of(engine: Engine, token: str, now: datetime) -> Session | None:
    """The session of a cookie; None if it was ended, is over or idle for too long, or its person is gone."""
    s, key = t.desk_session.c, digest(token)
    with reading(engine) as conn:
        row = conn.execute(select(s.person_id, s.seen_at, s.ends_at).where(s.digest == key)).first()
        if row is None or row.ends_at <= now or row.seen_at <= now - IDLE:
            return None
        found = account_of(conn, row.person_id)
    if found is None:
        return None
    if now - row.seen_at > NOTE_EVERY:
        with writing(engine) as conn:
            conn.execute(update(t.desk_session).where(s.digest == key).values(seen_at=now))
    return Session(token, found)


def end_session(engine: Engine, token: str, person: Person, now: datetime) -> None:
    """Sign this browser out."""
    with writing(engine) as conn:
        conn.execute(delete(t.desk_session).where(t.desk_session.c.digest == digest(token)))
        write_event(conn, Happening("person.signed_out", person.name, now))


def end_sessions(engine: Engine, person_id: int, actor: str, now: datetime) -> int:
    """Sign a person out everywhere; how many browsers it were."""
    with writing(engine) as conn:
        ended = conn.execute(delete(t.desk_session).where(t.desk_session.c.person_id == person_id)).rowcount
        name = conn.execute(select(t.person.c.name).where(t.person.c.id == person_id)).scalar() or ""
        write_event(conn, Happening("person.sessions_ended", actor, now, data={"sessions": ended}, text=name))
        return ended


def sessions_by_person(engine: Engine, now: datetime) -> dict[int, int]:
    """How many browsers each person is signed in with."""
    s = t.desk_session.c
    query = select(s.person_id, func.count()).where(s.ends_at > now, s.seen_at > now - IDLE).group_by(s.person_id)
    with reading(engine) as conn:
        return {row[0]: row[1] for row in conn.execute(query)}
