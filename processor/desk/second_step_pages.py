"""The second step: a code after the password, and the pages on which a person sets it up and takes it away again."""

from __future__ import annotations

from collections.abc import Callable

import segno
from starlette.responses import Response

from processor.desk.answering import go, page
from processor.desk.asking import Asked, Desk, Refusal
from processor.desk.language import N_
from processor.desk.notices import notice
from processor.desk.passwords import fits
from processor.store.accounts import Account, locked, note_failure
from processor.store.second_step import codes_left, renew_codes, required_roles, take_code, turn_off, turn_on
from processor.store.sessions import PROVIDER
from processor.store.sign_in_steps import ENROL, begin_step, end_step, step
from processor.store.totp import address_of, in_letters, matching_step, new_nonce, secret_of

ISSUER = "processor"
PATH = "/account/second-step"
# What can be done before the second step is set up, where it must be.
BEFORE = (PATH, "/account/language", "/sign-out", "/static/")
WRONG_CODE = N_("That is not the code of now, or it was used already.")
WRONG_PASSWORD = N_("The password is not right.")


def second_step_first(desk: Desk, asked: Asked, path: str) -> Response | None:
    """The way to set it up, for somebody whose role needs a second step and who has none; None for all others.

    Who came by single sign-on was asked for it there.
    """
    if not lacks_second_step(desk, asked) or path.startswith(BEFORE):
        return None
    if not asked.form:
        return go(PATH)
    raise Refusal(403, "Your role needs a second step at sign-in. Set it up first.")


def lacks_second_step(desk: Desk, asked: Asked) -> bool:
    """Whether the person must set up a second step."""
    if asked.session is None or asked.session.way == PROVIDER or asked.account.second_step:
        return False
    return asked.account.role in required_roles(desk.engine)


def second_step(desk: Desk, asked: Asked) -> Response:
    """Whether it is on, and what can be done about it."""
    return _page(desk, asked)


def begin(desk: Desk, asked: Asked) -> Response:
    """Show a new secret, after the password was said once more: a browser left open sets nothing up."""
    if asked.account.second_step or not _password(desk, asked):
        return _page(desk, asked, "" if asked.account.second_step else WRONG_PASSWORD, 422)
    nonce = new_nonce()
    return _enrol(desk, asked, nonce, begin_step(desk.engine, ENROL, asked.person.id, {"nonce": nonce}, desk.clock()))


def confirm(desk: Desk, asked: Asked) -> Response:
    """Turn it on, if the person has a code of the new secret, and show the recovery codes."""
    token = asked.form.get("step", "")
    begun = step(desk.engine, ENROL, token, desk.clock())
    if begun is None or begun.person_id != asked.person.id:
        return _page(desk, asked, N_("That took too long. Begin again."), 422)
    nonce = str(begun.data["nonce"])
    used = matching_step(secret_of(desk.config.key, nonce), asked.form.get("code", "")[:20], desk.clock(), 0)
    if not used:
        return _enrol(desk, asked, nonce, token, WRONG_CODE)
    if not end_step(desk.engine, token):
        return go(PATH)
    return _page(desk, asked, codes=turn_on(desk.engine, asked.person, nonce, used, desk.clock()))


def codes(desk: Desk, asked: Asked) -> Response:
    """Make new recovery codes."""
    if not _code(desk, asked):
        return _page(desk, asked, WRONG_CODE, 422)
    return _page(desk, asked, codes=renew_codes(desk.engine, asked.person, desk.clock()))


def off(desk: Desk, asked: Asked) -> Response:
    """Turn it off again, where the role does not need it."""
    if asked.account.role in required_roles(desk.engine):
        raise Refusal(403, "Your role needs a second step at sign-in.")
    if not _code(desk, asked):
        return _page(desk, asked, WRONG_CODE, 422)
    turn_off(desk.engine, asked.person, asked.person.name, desk.clock())
    return go(PATH, did="second_step_off")


def qr(text: str) -> str:
    """A text as a QR code, in SVG that is drawn as large as the page has it, and whole."""
    made = segno.make(text, error="m")
    return made.svg_inline(border=4, svgclass="qr", lineclass=None, light="#fff", omitsize=True)


def _enrol(desk: Desk, asked: Asked, nonce: str, token: str, wrong: str = "") -> Response:
    secret = secret_of(desk.config.key, nonce)
    letters = in_letters(secret)
    values = {
        "picture": qr(address_of(secret, f"{ISSUER} {desk.config.team}", asked.person.name)),
        "letters": " ".join(letters[at : at + 4] for at in range(0, len(letters), 4)),
        "step": token,
        "wrong": wrong,
    }
    return page(desk, asked, "second_step_new.html", 422 if wrong else 200, **values)


def _page(desk: Desk, asked: Asked, wrong: str = "", status: int = 200, codes: list[str] | None = None) -> Response:
    values: dict[str, object] = {
        "on": asked.account.second_step or bool(codes),
        "must": asked.account.role in required_roles(desk.engine),
        "left": codes_left(desk.engine, asked.person),
        "codes": codes or [],
        "wrong": wrong,
        "notice": notice(desk.engine, asked.query.get("did", "")),
    }
    return page(desk, asked, "second_step.html", status, **values)


def _password(desk: Desk, asked: Asked) -> bool:
    """Whether the password was said; failures count as those at the sign-in do."""
    return _counted(desk, asked.account, lambda: fits(asked.account.password, asked.form.get("password", "")[:1000]))


def _code(desk: Desk, asked: Asked) -> bool:
    said = asked.form.get("code", "")[:40]
    return _counted(
        desk, asked.account, lambda: take_code(desk.engine, asked.person, desk.config.key, said, desk.clock())
    )


def _counted(desk: Desk, account: Account, right: Callable[[], bool]) -> bool:
    name, now = account.person.name, desk.clock()
    if locked(desk.engine, name, now):
        return False
    if right():
        return True
    note_failure(desk.engine, name, now)
    return False
