"""The guards around every page: host, session, role, origin, size, headers, and what is said when something fails.

A page is a plain function of ``Desk`` and ``Asked``; it runs in a thread, and never sees a request that it may not.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import parse_qsl, quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route as Path

from processor import journal
from processor.config import DeskSettings
from processor.desk import api, signing_in, uploads
from processor.desk.asking import Asked, Desk, Refusal
from processor.desk.browsers import browser_of
from processor.desk.cookies import cookie_name, csrf_of
from processor.desk.hosts import host_is_ours
from processor.desk.language import N_, preferred
from processor.desk.mailbox_rights import require_seen
from processor.desk.pages import render
from processor.desk.routes import ROUTES, Route
from processor.desk.second_step_pages import second_step_first
from processor.desk.uploads import Upload
from processor.store.sessions import Session, session_of

MOST_BYTES = 1_000_000
FAILED = N_(
    "Something failed here, and nothing was changed. Try again; if it stays, tell the administrator this number:"
)
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self';"
        " connect-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # "no-referrer" would take the Origin header of our own forms away.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


def build(desk: Desk, routes: Iterable[Route] = ROUTES) -> Starlette:
    """The application over these pages."""
    paths = [Path(each.path, _endpoint(desk, each), methods=[each.method]) for each in routes]

    async def missing(request: Request, error: Exception) -> Response:
        status = getattr(error, "status_code", 404)
        return _with_headers(_said(desk, request, status, "There is no such page."))

    return Starlette(routes=[*api.routes(desk), *paths], exception_handlers={404: missing, 405: missing})


def _endpoint(desk: Desk, route: Route) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            if not host_is_ours(request, desk.config.desk):
                raise Refusal(421, "This address is not the desk's.")
            form, files = await _form(desk, route, request) if route.method == "POST" else ([], ())
            return _with_headers(await run_in_threadpool(_guarded, desk, route, request, form, files))
        except ClientDisconnect:
            return Response(status_code=400)
        except Refusal as refusal:
            return _with_headers(_said(desk, request, refusal.status, refusal.words))
        except Exception as error:
            mark = secrets.token_hex(4)
            journal.desk_failed(mark, route.path, error)
            words = FAILED
            return _with_headers(_said(desk, request, 500, words, mark))

    return answer


def _guarded(
    desk: Desk, route: Route, request: Request, form: list[tuple[str, str]], files: tuple[Upload, ...]
) -> Response:
    """The page's answer, if whoever asks may have it."""
    token = request.cookies.get(cookie_name(desk.config.desk), "")
    session = _session(desk, request)
    fields = dict(form)
    chosen = session.account.language if session else ""
    asked = Asked(
        path=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        params=dict(request.path_params),
        query=dict(request.query_params),
        form={name: value for name, value in fields.items() if name != "csrf"},
        language=preferred(request.headers.get("accept-language", ""), chosen),
        marked=tuple(value for name, value in form if name == "mark"),
        session=session,
        csrf=csrf_of(token) if session else "",
        cookies=dict(request.cookies),
        files=files,
        browser=browser_of(request.headers.get("user-agent", "")),
    )
    if route.method == "POST" and not _same_origin(request, desk.config.desk):
        raise Refusal(403, "This came from another site, so nothing was done.")
    if route.needs is None:
        return route.page(desk, asked)
    if session is None:
        if route.method == "GET":
            return RedirectResponse(f"/sign-in?to={quote(asked.path)}", 303)
        # What was typed goes along to the sign-in page and back.
        return signing_in.sign_in_again(desk, asked)
    if not session.account.role.may(route.needs):
        raise Refusal(403, "Your role does not allow this.")
    if route.method == "POST" and not hmac.compare_digest(fields.get("csrf", "").encode(), asked.csrf.encode()):
        raise Refusal(403, "The form was too old or not ours, so nothing was done. Go back and send it again.")
    if first := second_step_first(desk, asked, route.path):
        return first
    require_seen(desk, asked, route.path)
    return route.page(desk, asked)


async def _form(desk: Desk, route: Route, request: Request) -> tuple[list[tuple[str, str]], tuple[Upload, ...]]:
    """The fields of a form, and its files where the page takes some; Refusal for any other, or one too large."""
    told = request.headers.get("content-type", "")
    kind = told.partition(";")[0].strip()
    with_files = route.files and kind == "multipart/form-data"
    if kind != "application/x-www-form-urlencoded" and not with_files:
        raise Refusal(415, "Only forms are taken here.")
    # Strangers send no files: much is read of those alone who are signed in.
    known = with_files and await run_in_threadpool(_session, desk, request) is not None
    body = await _body(request, uploads.MOST_BYTES if known else MOST_BYTES)
    if not with_files:
        return _fields(body), ()
    try:
        return uploads.multipart(told, body)
    except uploads.UnreadableFormError as error:
        raise Refusal(400, "The form cannot be read.") from error


async def _body(request: Request, most: int) -> bytes:
    pieces, size = [], 0
    async for piece in request.stream():
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise Refusal(413, "That is too much text.")
    return b"".join(pieces)


def _session(desk: Desk, request: Request) -> Session | None:
    token = request.cookies.get(cookie_name(desk.config.desk), "")
    return session_of(desk.engine, token, desk.clock()) if token else None


def _fields(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=1000, errors="replace")
    except ValueError as error:
        raise Refusal(400, "The form cannot be read.") from error


def _same_origin(request: Request, settings: DeskSettings) -> bool:
    """Whether a form was sent by our own page, as far as the browser tells."""
    site, origin = request.headers.get("sec-fetch-site", ""), request.headers.get("origin", "")
    if site and site not in ("same-origin", "none"):
        return False
    own = {f"{request.url.scheme}://{request.headers.get('host', '')}", settings.public_url}
    return not origin or origin in own - {""}


def _said(desk: Desk, request: Request, status: int, words: str, mark: str = "") -> Response:
    """A plain page with one sentence and a way on."""
    language = preferred(request.headers.get("accept-language", ""))
    return HTMLResponse(render("said.html", language, desk.clock(), sentence=words, mark=mark, status=status), status)


def _with_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
