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
PASSWORD, LINK, PROVIDER = "password", "link", "provider"
MARK = 16
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser; ``token`` is what its cookie holds, ``way`` how the person signed in."""

    token: str
    account: Account
    way: str = PASSWORD

    @property
    def mark(self) -> str:
        """By what the browser is told from the person's others."""
        return digest(self.token)[:MARK]


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser in which a person is signed in, as they see it; ``mark`` tells it from the others and opens nothing."""

    mark: str
    browser: str
    way: str
    made_at: datetime
    seen_at: datetime


def begin_session(engine: Engine, person: Person, now: datetime, browser: str = "", way: str = PASSWORD) -> str:
    """Sign a person in; returns the new secret for the cookie.  Sessions that are over are swept out."""
    token = secrets.token_urlsafe(32)
    s = t.desk_session.c
    row = {"digest": digest(token), "person_id": person.id, "made_at": now, "seen_at": now, "ends_at": now + LONGEST}
    row |= {"browser": browser[:LONGEST_NAME], "way": way}
    with writing(engine) as conn:
        conn.execute(delete(t.desk_session).where((s.ends_at < now) | (s.seen_at < now - IDLE)))
        conn.execute(insert(t.desk_session).values(row))
        write_event(conn, Happening("person.signed_in", person.name, now, data={"way": way}))
    return token


def session_of(engine: Engine, token: str, now: datetime) -> Session | None:
    """The session of a cookie; None if it was ended, is over or idle for too long, or its person is gone."""
    s, key = t.desk_session.c, digest(token)
    with reading(engine) as conn:
        row = conn.execute(select(s.person_id, s.seen_at, s.ends_at, s.way).where(s.digest == key)).first()
        if row is None or row.ends_at <= now or row.seen_at <= now - IDLE:
            return None
        found = account_of(conn, row.person_id)
    if found is None:
        return None
    if now - row.seen_at > NOTE_EVERY:
        with writing(engine) as conn:
            conn.execute(update(t.desk_session).where(s.digest == key).values(seen_at=now))
    return Session(token, found, row.way)


def still_signed_in(engine: Engine, token: str, now: datetime) -> Account | None:
    """Whose session it is, as they may see and do by now, None when it is over; asking is no sign of life."""
    s = t.desk_session.c
    query = select(s.person_id).where(s.digest == digest(token), s.ends_at > now, s.seen_at > now - IDLE)
    with reading(engine) as conn:
        person = conn.execute(query).scalar()
        return account_of(conn, person) if person is not None else None


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


def browsers(engine: Engine, person: Person, now: datetime) -> list[Browser]:
    """In which browsers a person is signed in, the last used first."""
    s = t.desk_session.c
    query = select(s.digest, s.browser, s.way, s.made_at, s.seen_at).where(s.person_id == person.id)
    query = query.where(s.ends_at > now, s.seen_at > now - IDLE).order_by(s.seen_at.desc(), s.digest)
    with reading(engine) as conn:
        return [Browser(r.digest[:MARK], r.browser, r.way, r.made_at, r.seen_at) for r in conn.execute(query)]


def end_browser(engine: Engine, person: Person, mark: str, actor: str, now: datetime) -> bool:
    """Sign a person out in one browser; False if they are not signed in there."""
    if len(mark) != MARK or not mark.isalnum():
        return False
    s = t.desk_session.c
    with writing(engine) as conn:
        gone = delete(t.desk_session).where(s.person_id == person.id, s.digest.startswith(mark, autoescape=True))
        if not conn.execute(gone).rowcount:
            return False
        write_event(conn, Happening("person.session_ended", actor, now, text=person.name))
        return True


def sessions_by_person(engine: Engine, now: datetime) -> dict[int, int]:
    """How many browsers each person is signed in with."""
    s = t.desk_session.c
    query = select(s.person_id, func.count()).where(s.ends_at > now, s.seen_at > now - IDLE).group_by(s.person_id)
    with reading(engine) as conn:
        return {row[0]: row[1] for row in conn.execute(query)}
