"""The guards around every call of the API: host, key, role, mailbox, size, shape; then the call, in a thread.

Cookies count for nothing here, so that no page of another site can call in a person's name.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route as Path
from starlette.types import Receive, Scope, Send

from processor import journal
from processor.desk.api_calls import Call, Problem
from processor.desk.api_schemas import Schema, objections
from processor.desk.api_table import BASE, OPERATIONS, PARAMS, SAID, Operation, document
from processor.desk.asking import Desk
from processor.desk.hosts import host_is_ours
from processor.store.accounts import Account
from processor.store.events import Happening, note
from processor.store.second_step import required_roles
from processor.store.tokens import Bearer, bearer
from processor.store.visible import sees_action, sees_ticket

MOST_BYTES = 100_000
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
}
DOCUMENT = "/api/openapi.json"


def routes(desk: Desk) -> list[Path]:
    """The API's paths, each with its methods, and the document."""
    by_path: dict[str, list[Operation]] = {}
    for each in OPERATIONS:
        by_path.setdefault(BASE + each.path, []).append(each)
    found = [Path(path, _Endpoint(desk, each)) for path, each in by_path.items()]
    return [*found, Path(DOCUMENT, _Document(desk)), Path("/api/{rest:path}", _Nothing(desk))]


class _Endpoint:
    """The calls of one path, as an ASGI application of its own: Starlette then asks it whatever the method is."""

    def __init__(self, desk: Desk, operations: list[Operation]) -> None:
        self._desk = desk
        self._by_method = {each.method: each for each in operations}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        operation = self._by_method.get(request.method)
        try:
            if not host_is_ours(request, self._desk.config.desk):
                raise Problem(421, "This address is not the desk's.")
            if operation is None:
                return _not_so(sorted(self._by_method))
            body = await _body(request) if operation.method == "POST" else b""
            return await run_in_threadpool(_guarded, self._desk, operation, request, body)
        except ClientDisconnect:
            return Response(status_code=400)
        except Problem as problem:
            return _problem(problem.status, problem.detail, **problem.more)
        except Exception as error:
            mark = secrets.token_hex(4)
            journal.desk_failed(mark, operation.path if operation else "", error)
            return _problem(500, f"Something failed here, and nothing was changed; the log has more under {mark}.")


def _guarded(desk: Desk, operation: Operation, request: Request, body: bytes) -> Response:
    """The call's answer, if the key may have it."""
    who = _bearer(desk, request)
    account = who.account
    if not account.role.may(operation.needs):
        raise Problem(403, f"This key is for the role {account.role.value}; this needs {operation.needs.value}.")
    params = {name: str(value) for name, value in request.path_params.items()}
    _require_fitting(params)
    _require_seen(desk, account, params)
    call = Call(account, params, _query(operation, request), _read(operation, request, body))
    told = operation.call(desk, call)
    if operation.method == "POST":
        # The step itself names the person; this names the key.
        data = {"token": who.token_id, "call": operation.name, **params}
        note(desk.engine, Happening("person.token_used", account.person.name, desk.clock(), data=data))
    return _json(200, told)


def _bearer(desk: Desk, request: Request) -> Bearer:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    found = bearer(desk.engine, secret.strip(), desk.clock()) if scheme.lower() == "bearer" and secret else None
    if found is None:
        raise Problem(401, SAID[401])
    owner = found.owner
    if not owner.second_step and owner.role in required_roles(desk.engine) and not owner.provider_name:
        raise Problem(403, "The key's owner must set up a second step first.")
    return found


def _require_fitting(params: dict[str, str]) -> None:
    for name, value in params.items():
        schema = PARAMS[name]
        if objections(_as(schema, value), schema, name):
            raise Problem(404, SAID[404])


def _require_seen(desk: Desk, account: Account, params: Mapping[str, str]) -> None:
    """404 for what came to a mailbox that is not the key's."""
    scope = account.scope
    if "number" in params and not sees_ticket(desk.engine, scope, params["number"].upper()):
        raise Problem(404, "There is no such ticket.")
    if "action" in params and not sees_action(desk.engine, scope, int(params["action"])):
        raise Problem(404, "There is no such action.")


def _query(operation: Operation, request: Request) -> dict[str, Any]:
    given = request.query_params.multi_items()
    values = {name: _as(operation.query.get(name, {}), value) for name, value in given}
    if len(values) < len(given):
        raise Problem(422, "A value of the query is there twice.")
    schema = {"type": "object", "properties": operation.query, "required": sorted(operation.needed)}
    return _fitting(values, schema)


def _read(operation: Operation, request: Request, body: bytes) -> dict[str, Any]:
    if operation.takes is None:
        # A body that nobody asked for is not read.
        return {}
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Problem(415, SAID[415])
    try:
        value = json.loads(body, parse_float=_number)
    except (ValueError, RecursionError) as error:
        raise Problem(400, SAID[400]) from error
    return _fitting(value, operation.takes)


def _number(text: str) -> float:
    """A number with a point; in JSON Schema 1.0 is a whole one."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _fitting(value: Any, schema: Schema) -> dict[str, Any]:
    if found := objections(value, schema):
        raise Problem(422, "; ".join(found))
    return dict(value)


def _as(schema: Schema, value: str) -> object:
    """A value of path or query as its schema has it, itself where it is no such number."""
    plain = value.isascii() and value.isdecimal() and len(value) < 20
    return int(value) if schema.get("type") == "integer" and plain else value


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise Problem(413, SAID[413])
    return body


class _Document(_Endpoint):
    """The OpenAPI document, for everybody: it says what there is and nothing of what is in it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, [])

    async def _answer(self, request: Request) -> Response:
        if not host_is_ours(request, self._desk.config.desk):
            return _problem(421, "This address is not the desk's.")
        return _json(200, document()) if request.method == "GET" else _not_so(["GET"])


class _Nothing(_Endpoint):
    """What is no call, in the API's own form."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, [])

    async def _answer(self, request: Request) -> Response:  # noqa: ARG002
        return _problem(404, "There is no such call.")


def _json(status: int, told: object, kind: str = "application/json") -> Response:
    # In ASCII, since words of strangers may hold what no UTF-8 does.
    return Response(json.dumps(told), status, media_type=kind, headers=HEADERS)


def _problem(status: int, detail: str, **more: object) -> Response:
    told = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    response = _json(status, told, "application/problem+json")
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _not_so(methods: list[str]) -> Response:
    """The path is there, and not by this method."""
    response = _problem(405, "There is no such call.")
    response.headers["Allow"] = ", ".join(methods)
    return response
