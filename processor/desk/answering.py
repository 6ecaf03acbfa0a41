"""How a page answers: a whole page with its head, or the way to another one."""

from __future__ import annotations

from urllib.parse import quote, urlencode, urlsplit

from starlette.responses import HTMLResponse, RedirectResponse, Response

from processor.desk.asking import Asked, Desk
from processor.desk.pages import render
from processor.store.accounts import Role


def page(desk: Desk, asked: Asked, template: str, status: int = 200, /, **values: object) -> Response:
    """A page for somebody who is signed in, with the counts for its head."""
    account = asked.account
    head = {
        "me": account,
        "csrf": asked.csrf,
        "path": asked.path,
        "counts": desk.counts(account),
        "may_act": account.role.may(Role.AGENT),
        "is_admin": account.role.may(Role.ADMIN),
    }
    return HTMLResponse(render(template, asked.language, desk.clock(), **{**head, **values}), status)


def outside(desk: Desk, asked: Asked, template: str, status: int = 200, /, **values: object) -> Response:
    """A page for somebody who is not."""
    return HTMLResponse(render(template, asked.language, desk.clock(), **values), status)


def go(path: str, **query: object) -> Response:
    """The way to another page of ours; what is empty is left out."""
    told = {name: str(value) for name, value in query.items() if value not in (None, "")}
    return RedirectResponse(path + (f"?{urlencode(told, quote_via=quote)}" if told else ""), 303)


def own_path(wanted: str) -> str:
    """A path of this desk that was asked for, "/" for anything that could lead elsewhere."""
    parts = urlsplit(wanted)
    plain = wanted.isascii() and wanted.isprintable() and "\\" not in wanted
    return wanted if plain and wanted.startswith("/") and not wanted.startswith("//") and not parts.netloc else "/"
