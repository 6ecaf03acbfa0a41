"""An operator's wish that changed rules be taken, as a row: it reaches a daemon on any machine, and says who."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from processor.store import tables as t
from processor.store.events import Happening, write_event
from processor.store.rules_seen import ACCEPTED
from processor.store.settings import change_setting, setting
from processor.store.transaction import reading, writing

ASKED = "reload_asked"
RELOADED, REFUSED = "rules.reloaded", "rules.refused"


@dataclass(frozen=True, slots=True)
class Wish:
    """One wish to reload; ``force`` takes rules whose examples fail, never broken ones."""

    token: str
    force: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What a daemon did about a wish; ``problems`` are why it kept the old rules."""

    taken: bool
    version: str
    problems: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Which rules are in force and since when; ``refused_at`` and ``problems`` of the last reload, if it was refused."""

    version: str = ""
    since: datetime | None = None
    refused_at: datetime | None = None
    problems: tuple[str, ...] = ()


def standing(source: Engine | Connection) -> Standing:
    """How the rules stand, by what daemons have noted."""
    e = t.event.c
    last = select(e.kind, e.at, e.data, t.event_text.c.text).outerjoin(t.event_text, t.event_text.c.event_id == e.id)
    last = last.order_by(e.id.desc()).limit(1)
    with reading(source) as conn:
        accepted = conn.execute(last.where(e.kind == ACCEPTED)).first()
        reload = conn.execute(last.where(e.kind.in_((RELOADED, REFUSED)))).first()
    made = Standing(json.loads(accepted.data)["version"], accepted.at) if accepted else Standing()
    if reload is None or reload.kind == RELOADED:
        return made
    return replace(made, refused_at=reload.at, problems=tuple((reload.text or "").splitlines()))


def ask_reload(engine: Engine, force: bool, actor: str, now: datetime) -> Wish:
    """Ask the running daemons to take the rules anew."""
    wish = Wish(secrets.token_hex(8), force)
    change_setting(engine, ASKED, json.dumps({"token": wish.token, "force": force}), actor, now)
    return wish


def wished(engine: Engine) -> Wish | None:
    """The wish that was made last, None if there never was one."""
    found = setting(engine, ASKED)
    if not found:
        return None
    data = json.loads(found)
    return Wish(data["token"], bool(data["force"]))


def note_reload(
    engine: Engine, version: str, problems: tuple[str, ...], wish: Wish | None, actor: str, now: datetime
) -> None:
    """Record that rules were taken, or refused with the problems; ``wish`` is None after a signal."""
    data = {"version": version, "token": wish.token if wish else "", "force": bool(wish and wish.force)}
    with writing(engine) as conn:
        kind = REFUSED if problems else RELOADED
        write_event(conn, Happening(kind, actor, now, data=data, text="\n".join(problems)))


def answered(engine: Engine, wish: Wish, since: datetime) -> Answer | None:
    """What came of a wish, None while no daemon has answered it."""
    e = t.event.c
    query = select(e.kind, e.data, t.event_text.c.text).outerjoin(t.event_text, t.event_text.c.event_id == e.id)
    with reading(engine) as conn:
        for row in conn.execute(query.where(e.kind.in_((RELOADED, REFUSED)), e.at >= since).order_by(e.id)):
            data = json.loads(row.data)
            if data["token"] == wish.token:
                return Answer(row.kind == RELOADED, data["version"], row.text or "")
    return None
