"""Single sign-on: to the provider and back, and who a person is there."""

from __future__ import annotations

import secrets
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response

from processor import journal
from processor.config import DeskSettings, ProviderSettings
from processor.desk.answering import own_path
from processor.desk.asking import Asked, Desk, Refusal
from processor.desk.language import N_
from processor.desk.person_pages import back, found_account
from processor.desk.signing_in import sign_in_page, signed_in
from processor.store.provider_people import set_provider_name
from processor.store.sessions import PROVIDER

if TYPE_CHECKING:
    from processor.steps.single_sign_on import SingleSignOn

LASTS = timedelta(minutes=10)
FAILED = N_("Single sign-on did not work just now. Try again, or sign in with name and password.")
UNKNOWN = N_("You were recognised, but nobody here is known by that. Ask an administrator.")


def begin(desk: Desk, asked: Asked) -> Response:
    """Send the browser to the provider, with a cookie that the way back must fit."""
    there = _single_sign_on(desk)
    from processor.steps.single_sign_on import NotBelieved

    secret, to = secrets.token_urlsafe(32), own_path(asked.query.get("to", "/"))
    try:
        response: Response = RedirectResponse(there.begin(secret), 303)
    except NotBelieved as error:
        return _failed(desk, asked, to, error)
    value = f"{secret}.{int(desk.clock().timestamp())}.{to.encode().hex()}"
    _set(response, desk.config.desk, value, int(LASTS.total_seconds()))
    return response


def come_back(desk: Desk, asked: Asked) -> Response:
    """Let in who comes back from the provider as somebody that we know."""
    there = _single_sign_on(desk)
    from processor.steps.single_sign_on import NotBelieved

    secret, to = _crumb(desk, asked)
    query = {name: asked.query.get(name, "")[:5000] for name in ("state", "iss", "code", "error")}
    try:
        if not secret or not query["code"]:
            raise NotBelieved(f"no sign-in was begun here, or it was not ended: {query['error'][:100]}")
        brought = (query["state"], query["iss"], query["code"])
        found = there.finish(desk.engine, secret, *brought, desk.clock())
    except NotBelieved as error:
        response = _failed(desk, asked, to, error)
    else:
        response = signed_in(desk, asked, found, to, PROVIDER) if found else _page(desk, asked, to, UNKNOWN, 403)
    # It counts for one way.
    _set(response, desk.config.desk, "", 0)
    return response


def name_at_provider(desk: Desk, asked: Asked) -> Response:
    """Write down what the provider calls a person."""
    found = found_account(desk, asked)
    if not set_provider_name(desk.engine, found.person, asked.form.get("name", ""), asked.person.name, desk.clock()):
        raise Refusal(409, "Somebody else is known by that already.")
    return back(found, "provider_name")


def _single_sign_on(desk: Desk) -> SingleSignOn:
    if desk.config.desk.provider is None:
        raise Refusal(404, "There is no such page.")
    return _made(desk.config.desk.provider, f"{desk.config.desk.address}/provider/back")


@cache
def _made(settings: ProviderSettings, redirect: str) -> SingleSignOn:
    # Imported where there is a provider, since it brings the cryptography along.
    from processor.steps.single_sign_on import SingleSignOn

    return SingleSignOn(settings, redirect)


def _cookie(settings: DeskSettings) -> str:
    return "__Host-desk-provider" if settings.public_url else "desk-provider"


def _set(response: Response, settings: DeskSettings, value: str, seconds: int) -> None:
    """The browser brings it along when the provider sends it back, which is a way from another site."""
    more = {"httponly": True, "samesite": "lax", "secure": bool(settings.public_url), "path": "/"}
    response.set_cookie(_cookie(settings), value, max_age=seconds, **more)  # type: ignore[arg-type]


def _crumb(desk: Desk, asked: Asked) -> tuple[str, str]:
    """The secret of the sign-in that was begun in this browser, and where it is to lead; ("", "/") for none."""
    secret, _, rest = asked.cookies.get(_cookie(desk.config.desk), "").partition(".")
    begun, _, to = rest.partition(".")
    try:
        late = desk.clock().timestamp() - int(begun) > LASTS.total_seconds()
        return ("", "/") if late or len(secret) < 40 else (secret, own_path(bytes.fromhex(to).decode()))
    except ValueError:
        return "", "/"


def _failed(desk: Desk, asked: Asked, to: str, error: Exception) -> Response:
    journal.single_sign_on_failed(str(error))
    return _page(desk, asked, to, FAILED, 502)


def _page(desk: Desk, asked: Asked, to: str, wrong: str, status: int) -> Response:
    return sign_in_page(desk, asked, to=to, wrong=wrong, status=status)
