"""Who may sign in and what they may do, for administrators; and one's own password and language."""

from __future__ import annotations

from starlette.responses import Response

from processor.desk.answering import go, page
from processor.desk.asking import Asked, Desk, Refusal
from processor.desk.cookies import set_cookie
from processor.desk.language import LANGUAGES, N_
from processor.desk.notices import notice
from processor.desk.passwords import LEAST, fits, hash_password, too_weak
from processor.store.accounts import (
    Account,
    Role,
    account_of,
    accounts,
    make_link,
    set_language,
    set_password,
    set_role,
)
from processor.store.accounts import account as account_named
from processor.store.people import NameTakenError, add_person, remove_person
from processor.store.sessions import begin_session, end_sessions, sessions_by_person


def people(desk: Desk, asked: Asked) -> Response:
    """Everybody with role and sessions."""
    return _people(desk, asked)


def add(desk: Desk, asked: Asked) -> Response:
    """Add a person and show the link by which they set a password."""
    name, role = " ".join(asked.form.get("name", "").split())[:100], _role(asked)
    try:
        # The secret for the command line can be had there; here a password is set by a link.
        add_person(desk.engine, name, desk.clock(), role.value)
    except NameTakenError:
        return _people(desk, asked, wrong=N_("There is a person of that name already."), status=422)
    except ValueError:
        return _people(desk, asked, wrong=N_("A person needs a name."), status=422)
    found = account_named(desk.engine, name)
    return _with_link(desk, asked, found) if found else _people(desk, asked)


def role(desk: Desk, asked: Asked) -> Response:
    """Give a person another role."""
    found = _account(desk, asked)
    if not set_role(desk.engine, found.person.name, _role(asked), asked.person.name, desk.clock()):
        return _people(
            desk, asked, wrong=N_("Not changed: it is so already, or the last administrator would go."), status=409
        )
    return go("/people")


def link(desk: Desk, asked: Asked) -> Response:
    """Make a link by which a person sets a new password."""
    return _with_link(desk, asked, _account(desk, asked))


def end(desk: Desk, asked: Asked) -> Response:
    """Sign a person out everywhere."""
    end_sessions(desk.engine, _account(desk, asked).person.id, asked.person.name, desk.clock())
    return go("/people")


def remove(desk: Desk, asked: Asked) -> Response:
    """Take a person's access away; oneself and the last administrator stay."""
    found = _account(desk, asked)
    if found.person.id == asked.person.id:
        return _people(desk, asked, wrong=N_("You cannot remove yourself."), status=409)
    remove_person(desk.engine, found.person.name, asked.person.name, desk.clock())
    return go("/people")


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
    if too_weak(first, asked.person.name):
        return _own(desk, asked, N_("That is too easy to guess."), 422)
    set_password(desk.engine, asked.person, hash_password(first), desk.clock())
    response = go("/account", did="password")
    set_cookie(response, desk.config.desk, begin_session(desk.engine, asked.person, desk.clock()))
    return response


def language(desk: Desk, asked: Asked) -> Response:
    """Choose the language."""
    chosen = asked.form.get("language", "")
    if chosen not in LANGUAGES:
        raise Refusal(422, "There is no such language.")
    set_language(desk.engine, asked.person.id, chosen)
    return go("/account", did="language")


def _people(desk: Desk, asked: Asked, wrong: str = "", status: int = 200, **more: object) -> Response:
    values = {
        "people": accounts(desk.engine),
        "sessions": sessions_by_person(desk.engine, desk.clock()),
        "roles": list(Role),
    }
    return page(desk, asked, "people.html", status, **values, **{"wrong": wrong, "made": None, "name": "", **more})


def _with_link(desk: Desk, asked: Asked, found: Account) -> Response:
    secret = make_link(desk.engine, found.person, asked.person.name, desk.clock())
    return _people(desk, asked, made=f"{desk.config.desk.address}/link/{secret}", name=found.person.name)


def _account(desk: Desk, asked: Asked) -> Account:
    found = account_of(desk.engine, asked.number("person"))
    if found is None:
        raise Refusal(404, "There is no such person.")
    return found


def _role(asked: Asked) -> Role:
    said = asked.form.get("role", "")
    if said not in tuple(Role):
        raise Refusal(422, "There is no such role.")
    return Role(said)


def _own(desk: Desk, asked: Asked, wrong: str = "", status: int = 200) -> Response:
    values = {"wrong": wrong, "least": LEAST, "notice": notice(desk.engine, asked.query.get("did", ""))}
    return page(desk, asked, "account.html", status, **values)
