"""One's own page: language, password, the browsers in which one is signed in, and keys for programs."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from processor.desk.absence_pages import absence_shown
from processor.desk.answering import go, page
from processor.desk.asking import Asked, Desk, Refusal
from processor.desk.cookies import set_cookie
from processor.desk.language import LANGUAGES, N_
from processor.desk.notices import notice
from processor.desk.passwords import LEAST, fits, hash_password, objection
from processor.store.accounts import Role, set_language, set_password
from processor.store.sessions import begin_session, browsers, end_browser
from processor.store.tokens import TooManyError, end_token, make_token, tokens_of
from processor.store.visible import Scope

DAYS = (30, 90, 365)


def account(desk: Desk, asked: Asked) -> Response:
    """One's own page."""
    return _own(desk, asked)


def password(desk: Desk, asked: Asked) -> Response:
    """Change one's password; every other browser is signed out, and this one gets a new session."""
    old, first, again = (asked.form.get(name, "")[:1000] for name in ("old", "password", "again"))
    if not fits(asked.account.password, old):
        return _own(desk, asked, N_("The old password is not right."), 422)
    if first != again:
        return _own(desk, asked, N_("The two are not the same."), 422)
    if why := objection(first, asked.person.name):
        return _own(desk, asked, why, 422)
    set_password(desk.engine, asked.person, hash_password(first), desk.clock())
    response = go("/account", did="password")
    set_cookie(response, desk.config.desk, begin_session(desk.engine, asked.person, desk.clock(), asked.browser))
    return response


def language(desk: Desk, asked: Asked) -> Response:
    """Choose the language."""
    chosen = asked.form.get("language", "")
    if chosen not in LANGUAGES:
        raise Refusal(422, "There is no such language.")
    set_language(desk.engine, asked.person.id, chosen)
    return go("/account", did="language")


def end_own_browser(desk: Desk, asked: Asked) -> Response:
    """Sign oneself out in another browser."""
    if not end_browser(desk.engine, asked.person, asked.params["mark"], asked.person.name, desk.clock()):
        raise Refusal(404, "There is no such browser.")
    return go("/account", did="browser")


def add_token(desk: Desk, asked: Asked) -> Response:
    """Make a key, and show its secret this once."""
    name, role, days = " ".join(asked.form.get("name", "").split())[:100], asked.form.get("role", ""), _days(asked)
    if not name:
        return _own(desk, asked, N_("A key needs a name."), 422)
    if role not in tuple(Role) or not asked.account.role.may(Role(role)):
        raise Refusal(422, "There is no such role.")
    now = desk.clock()
    scope = scope_said(desk, asked, asked.account.scope)
    try:
        secret = make_token(desk.engine, asked.account, name, Role(role), scope, now + timedelta(days=days), now)
    except TooManyError:
        return _own(desk, asked, N_("You have too many keys. End one first."), 409)
    return _own(desk, asked, made=secret)


def end_own_token(desk: Desk, asked: Asked) -> Response:
    """Take one of one's keys away."""
    if not end_token(desk.engine, asked.person, asked.number("token"), asked.person.name, desk.clock()):
        raise Refusal(404, "There is no such key.")
    return go("/account", did="token_ended")


def scope_said(desk: Desk, asked: Asked, known: Scope = None) -> Scope:
    """The mailboxes that a form names, None for all; Refusal for one that there is not."""
    if asked.form.get("which", "all") == "all":
        return None
    said = frozenset(asked.marked)
    if not said <= set(mailboxes(desk, known)):
        raise Refusal(422, "There is no such mailbox.")
    return said


def mailboxes(desk: Desk, known: Scope = None) -> list[str]:
    """The mailboxes by name, in the order of the configuration; ``known`` may name some that are gone from it."""
    named = [each.name for each in desk.config.mailboxes]
    return [*named, *sorted((known or frozenset()) - set(named))]


def _days(asked: Asked) -> int:
    said = asked.form.get("days", "")
    if said not in {str(each) for each in DAYS}:
        raise Refusal(422, "There is no such length of time.")
    return int(said)


def _own(desk: Desk, asked: Asked, wrong: str = "", status: int = 200, made: str = "") -> Response:
    scope = asked.account.scope
    values = {
        "wrong": wrong,
        "least": LEAST,
        "notice": notice(desk.engine, asked.query.get("did", "")),
        "browsers": browsers(desk.engine, asked.person, desk.clock()),
        "here": asked.session.mark if asked.session else "",
        "tokens": tokens_of(desk.engine, asked.person),
        "made": made,
        "roles": [each for each in Role if asked.account.role.may(each)],
        "days": DAYS,
        "mailboxes": [each for each in mailboxes(desk, scope) if scope is None or each in scope],
        "now": desk.clock(),
        **absence_shown(desk, asked.account),
        "api": f"{desk.config.desk.address}/api/v1",
    }
    return page(desk, asked, "account.html", status, **values)
