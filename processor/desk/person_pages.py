"""One person, for administrators: role, mailboxes, browsers, keys, the second step; and what happened lately."""

from __future__ import annotations

from starlette.responses import Response

from processor.desk.absence_pages import absence_shown
from processor.desk.account_pages import mailboxes, scope_said
from processor.desk.answering import go, page
from processor.desk.asking import Asked, Desk, Refusal
from processor.desk.notices import notice
from processor.store.accounts import Account, Role, account_of, set_scope
from processor.store.second_step import require_for, turn_off
from processor.store.security_events import security_events
from processor.store.sessions import browsers, end_browser
from processor.store.tokens import end_token, tokens_of

SHOWN = 200


def person(desk: Desk, asked: Asked) -> Response:
    """What a person may, and where they are signed in."""
    found = found_account(desk, asked)
    values = {
        "who": found,
        "browsers": browsers(desk.engine, found.person, desk.clock()),
        "tokens": tokens_of(desk.engine, found.person),
        "mailboxes": mailboxes(desk, found.scope),
        "notice": notice(desk.engine, asked.query.get("did", "")),
        **absence_shown(desk, found),
        "now": desk.clock(),
        "provider": desk.config.desk.provider,
    }
    return page(desk, asked, "person.html", **values)


def limit(desk: Desk, asked: Asked) -> Response:
    """Say which mailboxes a person sees."""
    found = found_account(desk, asked)
    scope = scope_said(desk, asked, found.scope)
    if scope is not None and found.role == Role.ADMIN:
        raise Refusal(422, "An administrator sees all mailboxes.")
    set_scope(desk.engine, found.person, scope, asked.person.name, desk.clock())
    desk.changed()
    return back(found, "limited")


def end_persons_browser(desk: Desk, asked: Asked) -> Response:
    """Sign a person out in one browser."""
    found = found_account(desk, asked)
    if not end_browser(desk.engine, found.person, asked.params["mark"], asked.person.name, desk.clock()):
        raise Refusal(404, "There is no such browser.")
    return back(found, "browser")


def end_persons_token(desk: Desk, asked: Asked) -> Response:
    """Take one of a person's keys away."""
    found = found_account(desk, asked)
    if not end_token(desk.engine, found.person, asked.number("token"), asked.person.name, desk.clock()):
        raise Refusal(404, "There is no such key.")
    return back(found, "token_ended")


def second_step_off(desk: Desk, asked: Asked) -> Response:
    """Let a person who has lost phone and codes sign in by password, and set up the second step anew."""
    found = found_account(desk, asked)
    turn_off(desk.engine, found.person, asked.person.name, desk.clock())
    return back(found, "second_step_off")


def require(desk: Desk, asked: Asked) -> Response:
    """Say which roles must have a second step."""
    if not set(asked.marked) <= set(Role):
        raise Refusal(422, "There is no such role.")
    require_for(desk.engine, [Role(each) for each in asked.marked], asked.person.name, desk.clock())
    return go("/people", did="required")


def events(desk: Desk, asked: Asked) -> Response:
    """What happened about people and their access, the newest first."""
    before = asked.query.get("before", "")
    until = int(before) if before.isascii() and before.isdecimal() and len(before) < 16 else None
    found = security_events(desk.engine, until, SHOWN)
    following = found[-1].id if len(found) == SHOWN else 0
    return page(desk, asked, "security_events.html", events=found, following=following)


def found_account(desk: Desk, asked: Asked) -> Account:
    """The account that the path names; Refusal 404 for one that is not there."""
    found = account_of(desk.engine, asked.number("person"))
    if found is None:
        raise Refusal(404, "There is no such person.")
    return found


def back(found: Account, did: str) -> Response:
    """The way back to a person's page, which tells what was done."""
    return go(f"/people/{found.person.id}", did=did)
