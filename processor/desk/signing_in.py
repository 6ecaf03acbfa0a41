"""Signing in and out: a name and a password, or a link that sets one; every refusal reads alike (threats T67)."""

from __future__ import annotations

from starlette.responses import Response

from processor.desk.answering import go, outside, own_path
from processor.desk.asking import Asked, Desk, Refusal
from processor.desk.cookies import cookie_name, csrf_of, set_cookie
from processor.desk.demo_users import DEMO_USERS
from processor.desk.language import N_
from processor.desk.passwords import LEAST, fits, hash_password, objection
from processor.store.accounts import (
    Account,
    account,
    account_of,
    locked,
    note_failure,
    note_success,
    person_by_link,
    set_password,
)
from processor.store.second_step import take_code
from processor.store.sessions import LINK, PASSWORD, begin_session, end_session
from processor.store.sign_in_steps import CODE, begin_step, end_step, step

WRONG = N_("Name and password do not fit. After several tries the name is locked for a while.")
WRONG_CODE = N_(
    "That is not the code of now, or it was used already. After several tries the name is locked for a while."
)
KEPT = "kept."
LONGEST_KEPT = 200_000


def page(desk: Desk, asked: Asked) -> Response:
    """Where one signs in; who is already goes on."""
    to = own_path(asked.query.get("to", "/"))
    return go(to) if asked.session else sign_in_page(desk, asked, to=to)


def sign_in(desk: Desk, asked: Asked) -> Response:
    """Check name and password; the password is weighed also where there is no such name, so that both take as long."""
    name, password = " ".join(asked.form.get("name", "").split())[:200], asked.form.get("password", "")[:1000]
    to, now = own_path(asked.form.get("to", "/")), desk.clock()
    if asked.session and _kept(asked):
        # Signed in meanwhile in another tab, as by single sign-on: what was typed comes back without a password.
        return _again(desk, asked, to, asked.csrf)
    if locked(desk.engine, name, now):
        return sign_in_page(desk, asked, to=to, name=name, wrong=WRONG, status=401)
    found = account(desk.engine, name)
    if not fits(found.password if found else "", password) or found is None:
        note_failure(desk.engine, name, now)
        return sign_in_page(desk, asked, to=to, name=name, wrong=WRONG, status=401)
    if found.second_step:
        # The failures are forgotten when both are right, or codes could be guessed without end.
        return _code_page(desk, asked, begin_step(desk.engine, CODE, found.person.id, {"way": PASSWORD}, now), to)
    note_success(desk.engine, name)
    return signed_in(desk, asked, found, to, PASSWORD)


def code(desk: Desk, asked: Asked) -> Response:
    """The second step: the code of now, or a recovery code, each of which is taken once."""
    token, to, now = asked.form.get("step", ""), own_path(asked.form.get("to", "/")), desk.clock()
    begun = step(desk.engine, CODE, token, now)
    found = account_of(desk.engine, begun.person_id) if begun and begun.person_id else None
    if begun is None or found is None:
        return sign_in_page(desk, asked, to=to, wrong=N_("That took too long. Sign in again."), status=401)
    name = found.person.name
    if locked(desk.engine, name, now):
        return _code_page(desk, asked, token, to, WRONG_CODE, 401)
    if not take_code(desk.engine, found.person, desk.config.key, asked.form.get("code", "")[:40], now):
        note_failure(desk.engine, name, now)
        return _code_page(desk, asked, token, to, WRONG_CODE, 401)
    end_step(desk.engine, token)
    note_success(desk.engine, name)
    return signed_in(desk, asked, found, to, str(begun.data["way"]))


def sign_in_again(desk: Desk, asked: Asked) -> Response:
    """A form was sent after the session had ended: its fields wait in the page, and come back after signing in."""
    kept = {f"{KEPT}{name}": value for name, value in asked.form.items()}
    words = N_("You were signed out meanwhile. Sign in, and what you wrote is here again.")
    return sign_in_page(desk, asked, to=asked.path, wrong=words, status=401, kept=kept)


def sign_out(desk: Desk, asked: Asked) -> Response:
    """End this browser's session."""
    if asked.session:
        end_session(desk.engine, asked.session.token, asked.person, desk.clock())
    response = go("/sign-in")
    response.delete_cookie(cookie_name(desk.config.desk), path="/")
    return response


def link_page(desk: Desk, asked: Asked) -> Response:
    """Where a person sets a password by the link that they were given."""
    return _link_page(desk, asked, _by_link(desk, asked))


def set_by_link(desk: Desk, asked: Asked) -> Response:
    """Set it, and sign the person in."""
    found = _by_link(desk, asked)
    first, again = asked.form.get("password", ""), asked.form.get("again", "")
    if first != again:
        return _link_page(desk, asked, found, N_("The two are not the same."), 422)
    if why := objection(first, found.person.name):
        return _link_page(desk, asked, found, why, 422)
    set_password(desk.engine, found.person, hash_password(first), desk.clock())
    if found.second_step:
        # The link stands for the password alone.
        return _code_page(desk, asked, begin_step(desk.engine, CODE, found.person.id, {"way": LINK}, desk.clock()), "/")
    return signed_in(desk, asked, found, "/", LINK)


def _by_link(desk: Desk, asked: Asked) -> Account:
    found = person_by_link(desk.engine, asked.params["secret"], desk.clock())
    if found is None:
        raise Refusal(404, "This link was used already or is too old. Ask an administrator for another.")
    return found


def signed_in(desk: Desk, asked: Asked, found: Account, to: str, way: str) -> Response:
    """Begin a session, and go on to where the person wanted to; what was kept comes back on the way."""
    token = begin_session(desk.engine, found.person, desk.clock(), asked.browser, way)
    response = _again(desk, asked, to, csrf_of(token)) if _kept(asked) else go(to)
    set_cookie(response, desk.config.desk, token)
    return response


def _again(desk: Desk, asked: Asked, to: str, csrf: str) -> Response:
    """The form that was sent without a session, to be sent once more."""
    kept = {name.removeprefix(KEPT): value for name, value in asked.form.items() if name.startswith(KEPT)}
    return outside(desk, asked, "again.html", to=to, kept=kept, csrf=csrf)


def sign_in_page(
    desk: Desk, asked: Asked, *, to: str, name: str = "", wrong: str = "", status: int = 200, **more: object
) -> Response:
    """The page itself, with what went wrong and with what was typed before."""
    kept = _kept(asked)
    demo = DEMO_USERS if desk.config.desk.demo else ()
    values = {
        "to": to,
        "name": name,
        "wrong": wrong,
        "demo": demo,
        "kept": kept,
        "provider": desk.config.desk.provider,
        **more,
    }
    return outside(desk, asked, "sign_in.html", status, **values)


def _code_page(desk: Desk, asked: Asked, token: str, to: str, wrong: str = "", status: int = 200) -> Response:
    values = {"step": token, "to": to, "wrong": wrong, "kept": _kept(asked)}
    return outside(desk, asked, "code.html", status, **values)


def _kept(asked: Asked) -> dict[str, str]:
    """What was typed before the session ended."""
    return {key: value[:LONGEST_KEPT] for key, value in asked.form.items() if key.startswith(KEPT)}


def _link_page(desk: Desk, asked: Asked, found: Account, wrong: str = "", status: int = 200) -> Response:
    return outside(desk, asked, "link.html", status, name=found.person.name, least=LEAST, wrong=wrong)
