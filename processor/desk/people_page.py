"""Who may sign in and what they may do, for administrators."""

from __future__ import annotations

from starlette.responses import Response

from processor.desk.answering import go, page
from processor.desk.asking import Asked, Desk, Refusal
from processor.desk.language import N_
from processor.desk.notices import notice
from processor.desk.person_pages import found_account
from processor.store.accounts import Account, Role, accounts, make_link, set_role
from processor.store.accounts import account as account_named
from processor.store.people import NameTakenError, add_person, remove_person
from processor.store.second_step import required_roles
from processor.store.sessions import end_sessions, sessions_by_person


def people(desk: Desk, asked: Asked) -> Response:
    """Everybody with role and sessions."""
    return _people(desk, asked)


def add(desk: Desk, asked: Asked) -> Response:
    """Add a person and show the link by which they set a password."""
    name, role = " ".join(asked.form.get("name", "").split())[:100], _role(asked)
    try:
        # The secret for the command line can be had there; here a password is set by a link.
        add_person(desk.engine, name, desk.clock(), role.value, asked.person.name)
    except NameTakenError:
        return _people(desk, asked, wrong=N_("There is a person of that name already."), status=422)
    except ValueError:
        return _people(desk, asked, wrong=N_("A person needs a name."), status=422)
    found = account_named(desk.engine, name)
    return _with_link(desk, asked, found) if found else _people(desk, asked)


def role(desk: Desk, asked: Asked) -> Response:
    """Give a person another role."""
    found = found_account(desk, asked)
    if not set_role(desk.engine, found.person.name, _role(asked), asked.person.name, desk.clock()):
        return _people(
            desk, asked, wrong=N_("Not changed: it is so already, or the last administrator would go."), status=409
        )
    return go("/people")


def link(desk: Desk, asked: Asked) -> Response:
    """Make a link by which a person sets a new password."""
    return _with_link(desk, asked, found_account(desk, asked))


def end(desk: Desk, asked: Asked) -> Response:
    """Sign a person out everywhere."""
    end_sessions(desk.engine, found_account(desk, asked).person.id, asked.person.name, desk.clock())
    return go("/people")


def remove(desk: Desk, asked: Asked) -> Response:
    """Take a person's access away; oneself and the last administrator stay."""
    found = found_account(desk, asked)
    if found.person.id == asked.person.id:
        return _people(desk, asked, wrong=N_("You cannot remove yourself."), status=409)
    remove_person(desk.engine, found.person.name, asked.person.name, desk.clock())
    return go("/people")


def _people(desk: Desk, asked: Asked, wrong: str = "", status: int = 200, **more: object) -> Response:
    values = {
        "people": accounts(desk.engine),
        "sessions": sessions_by_person(desk.engine, desk.clock()),
        "roles": list(Role),
        "required": required_roles(desk.engine),
        "notice": notice(desk.engine, asked.query.get("did", "")),
    }
    return page(desk, asked, "people.html", status, **values, **{"wrong": wrong, "made": None, "name": "", **more})


def _with_link(desk: Desk, asked: Asked, found: Account) -> Response:
    secret = make_link(desk.engine, found.person, asked.person.name, desk.clock())
    return _people(desk, asked, made=f"{desk.config.desk.address}/link/{secret}", name=found.person.name)


def _role(asked: Asked) -> Role:
    said = asked.form.get("role", "")
    if said not in tuple(Role):
        raise Refusal(422, "There is no such role.")
    return Role(said)
