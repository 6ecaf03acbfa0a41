"""Every call of the API in one table: who may, what it takes and gives, and the document that is made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from processor import __version__
from processor.desk import api_calls as calls
from processor.desk import api_schemas as s
from processor.desk.api_calls import Call
from processor.desk.api_schemas import Schema, named
from processor.desk.asking import Desk
from processor.store.accounts import Role

BASE = "/api/v1"
PARAMS: Mapping[str, Schema] = {"number": s.NUMBER, "action": s.ID}
SAID: Mapping[int, str] = {
    400: "What was sent cannot be read.",
    401: "The key is missing, unknown or over.",
    403: "The key does not allow this.",
    404: "It is not there, or not for this key.",
    409: "It has changed since you looked, or somebody was first; the answer says who.",
    413: "That is too much.",
    415: "Only JSON is taken.",
    422: "A value does not fit its schema.",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """A call.  ``gives`` names a shape; ``takes`` is the body's schema, ``query`` those of the query's values."""

    method: str
    path: str
    needs: Role
    call: Callable[[Desk, Call], object]
    gives: str
    takes: Schema | None = None
    query: Mapping[str, Schema] = field(default_factory=dict)
    needed: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """What clients that are made of the document call it."""
        return self.call.__name__


READER, AGENT = Role.READER, Role.AGENT
LIST = {"view": s.VIEW, "after": s.text(maxLength=100), "limit": s.number(minimum=1, maximum=200)}
FIND = {"q": s.WORDS | {"maxLength": 200}, "before": s.ID}
OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/me", READER, calls.me, "Me"),
    Operation("GET", "/queue/counts", READER, calls.queue_counts, "Counts"),
    Operation("GET", "/tickets", READER, calls.tickets, "Rows", query=LIST),
    Operation("GET", "/search", READER, calls.find, "Found", query=FIND, needed=frozenset({"q"})),
    Operation("GET", "/tickets/{number}", READER, calls.ticket, "Ticket"),
    Operation("POST", "/tickets/{number}/notes", AGENT, calls.note, "Note", s.NOTE),
    Operation("POST", "/tickets/{number}/take", AGENT, calls.take, "Holder"),
    Operation("POST", "/tickets/{number}/close", AGENT, calls.close, "State"),
    Operation("POST", "/actions/{action}/approve", AGENT, calls.approve, "Step", s.APPROVE),
    Operation("POST", "/actions/{action}/done", AGENT, calls.done, "Step", s.DONE),
    Operation("POST", "/actions/{action}/reject", AGENT, calls.reject, "Step", s.REJECT),
)


@cache
def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    paths: dict[str, dict[str, Any]] = {}
    for each in OPERATIONS:
        paths.setdefault(BASE + each.path, {})[each.method.lower()] = _described(each)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "processor",
            "version": __version__,
            "description": "Tickets of the desk, for programs. Keys are made on the account page; docs/api.md.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": dict(s.SHAPES),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}],
    }


def _described(each: Operation) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": each.name,
        "summary": (each.call.__doc__ or "").strip(),
        "description": f"Needs the role {each.needs.value}.",
        "parameters": list(_parameters(each)),
        "responses": {"200": _content("What came of it.", "application/json", named(each.gives)), **_problems(each)},
    }
    if each.takes is not None:
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": each.takes}}}
    return told


def _parameters(each: Operation) -> Iterator[dict[str, Any]]:
    for name, schema in PARAMS.items():
        if f"{{{name}}}" in each.path:
            yield {"name": name, "in": "path", "required": True, "schema": schema}
    for name, schema in each.query.items():
        yield {"name": name, "in": "query", "required": name in each.needed, "schema": schema}


def _problems(each: Operation) -> dict[str, Any]:
    possible = [400, 401, 403, 404, 422]
    possible += [409, 413, 415] if each.method == "POST" else []
    return {
        str(status): _content(SAID[status], "application/problem+json", named("Problem")) for status in sorted(possible)
    }


def _content(words: str, kind: str, schema: Schema) -> dict[str, Any]:
    return {"description": words, "content": {kind: {"schema": schema}}}
