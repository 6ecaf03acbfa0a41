"""The API: keys, what they may, and that it tells and does what the pages tell and do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from processor.desk.api_schemas import objections
from processor.desk.api_table import BASE, OPERATIONS, Operation, document
from processor.store import tables as t
from processor.store.accounts import Role, account, set_role, set_scope
from processor.store.people import remove_person
from processor.store.second_step import require_for
from processor.store.tokens import BEGINNING, make_token
from processor.store.visible import Scope
from tests.desk.conftest import MAILS_IN_ROOM, NAMES, Room, room_in
from tests.desk.test_mailbox_rights import B, things
from tests.store.made import column, count

MINE, THEIRS = 1, 3


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """Two tickets of mailbox a, one of mailbox b."""
    for made in room_in(tmp_path, *MAILS_IN_ROOM, more=B):
        with made.engine.begin() as conn:
            conn.execute(update(t.mail).where(t.mail.c.id == THEIRS).values(account="b"))
        yield made


def key(room: Room, owner: Role = Role.APPROVER, role: Role | None = None, scope: Scope = None, days: int = 30) -> str:
    found, now = account(room.engine, NAMES[owner]), room.clock()
    assert found
    return make_token(room.engine, found, "test", role or owner, scope, now + timedelta(days=days), now)


def client(room: Room) -> TestClient:
    """One for all calls of a desk, since to build one takes longer than a call."""
    if "api" not in vars(room):
        vars(room)["api"] = room.browser()
    made: TestClient = vars(room)["api"]
    return made


def call(room: Room, secret: str, method: str, path: str, body: object = None, **more: Any) -> tuple[int, Any]:
    headers = {"authorization": f"Bearer {secret}", **more.pop("headers", {})}
    answer = client(room).request(method, BASE + path, json=body, headers=headers, **more)
    assert answer.headers["content-type"] in ("application/json", "application/problem+json")
    return answer.status_code, answer.json()


def action_of(room: Room, mail: int) -> int:
    return int(things(room, mail)["action"])


def path_of(operation: Operation, room: Room, mail: int) -> str:
    return operation.path.format(**things(room, mail))


def body_of(operation: Operation) -> dict[str, object] | None:
    values: dict[str, object] = {"version": 1, "reason": "nei", "text": "hei"}
    needed = operation.takes["required"] if operation.takes else []
    return {name: values[name] for name in needed} or None


def test_T66_a_key_may_what_its_role_and_its_owner_both_may(room: Room) -> None:
    keys: dict[tuple[Role, Role], str] = {}
    for owner, role, operation in product(Role, Role, OPERATIONS):
        may = role if owner.may(role) else owner
        secret = keys.get((owner, role)) or keys.setdefault((owner, role), key(room, owner, role))
        query = {"q": "x"} if operation.needed else {}
        path = path_of(operation, room, MINE)
        status, _ = call(room, secret, operation.method, path, body_of(operation), params=query)
        assert (status == 403) == (not may.may(operation.needs)), (operation.path, status)
        assert status < 500


@pytest.mark.parametrize("limited", ["owner", "key", "both apart"])
def test_T66_a_key_meets_nothing_of_other_mailboxes(room: Room, limited: str) -> None:
    of_owner, of_key = {"owner": ("a", "ab"), "key": ("ab", "a"), "both apart": ("a", "b")}[limited]
    secret = key(room, scope=frozenset(of_key))
    found = account(room.engine, "Per")
    assert found
    set_scope(room.engine, found.person, frozenset(of_owner), "Ada", room.clock())
    before = column(room.engine, t.action.c.state)
    for operation in OPERATIONS:
        query = {"q": "visma"} if operation.needed else {}
        status, told = call(
            room, secret, operation.method, path_of(operation, room, THEIRS), body_of(operation), params=query
        )
        assert status == (404 if "{" in operation.path else 200), operation
        assert things(room, THEIRS)["number"] not in json.dumps(told)
    assert column(room.engine, t.action.c.state) == before
    own = 404 if limited == "both apart" else 200
    assert call(room, secret, "GET", f"/tickets/{things(room, MINE)['number']}")[0] == own


def test_a_ticket_is_cleared_by_a_program_as_by_a_person(room: Room) -> None:
    secret = key(room)
    _, listed = call(room, secret, "GET", "/tickets", params={"limit": 1})
    (first,) = listed["rows"]
    _, rest = call(room, secret, "GET", "/tickets", params={"after": listed["following"]})
    assert first["number"] not in {each["number"] for each in rest["rows"]}
    number, action = things(room, MINE)["number"], action_of(room, MINE)
    assert action in {each["action"]["id"] for each in (first, *rest["rows"])}
    assert call(room, secret, "POST", f"/tickets/{number}/take")[1] == {"number": number, "holder": "Per"}
    assert call(room, secret, "POST", f"/tickets/{number}/notes", {"text": "ringt"})[1]["by"] == "Per"
    _, whole = call(room, secret, "GET", f"/tickets/{number.lower()}")
    version = next(each["version"] for each in whole["actions"] if each["id"] == action)
    assert (whole["holder"], whole["notes"][0]["text"]) == ("Per", "ringt")
    assert call(room, secret, "POST", f"/actions/{action}/approve", {"version": version + 1})[0] == 409
    status, step = call(room, secret, "POST", f"/actions/{action}/approve", {"version": version})
    assert (status, step["outcome"], step["by"]) == (200, "approved", "Per")
    status, told = call(room, secret, "POST", f"/actions/{action}/done", {"version": version})
    assert (status, told["detail"]) == (
        409,
        "No confirmation can be sent, so nothing was done: name the last day that you registered",
    )
    asked = {"version": version, "last_day": "2027-12-31"}
    status, step = call(room, secret, "POST", f"/actions/{action}/done", asked)
    assert (status, step["state"]) == (200, "done")
    assert count(room.engine, t.outbox, t.outbox.c.kind == "confirmation") == 1
    status, told = call(room, secret, "POST", f"/actions/{action}/done", asked)
    assert (status, told["outcome"], told["by"]) == (409, "already", "Per")
    assert call(room, secret, "POST", f"/tickets/{number}/close")[1] == {"number": number, "state": "closed"}
    with room.engine.connect() as conn:
        used = conn.execute(select(t.event.c.data).where(t.event.c.kind == "person.token_used")).scalars().all()
    assert [json.loads(each)["call"] for each in used] == ["take", "note", "approve", "done", "close"]


def test_T25_a_key_is_the_same_person_and_no_more_than_its_role(room: Room) -> None:
    action = action_of(room, THEIRS)
    with room.engine.begin() as conn:
        conn.execute(update(t.action).where(t.action.c.id == action).values(needs="two_staff"))
        conn.execute(update(t.item).values(type="termination"))
        conn.execute(update(t.action).values(kind="register_termination"))
    for path in ("approve", "done"):
        status, told = call(room, key(room, role=Role.AGENT), "POST", f"/actions/{action}/{path}", {"version": 1})
        assert (status, "approver" in told["detail"]) == (403, True)
    assert call(room, key(room), "POST", f"/actions/{action}/approve", {"version": 1})[1]["state"] == "seconded"
    status, told = call(room, key(room), "POST", f"/actions/{action}/approve", {"version": 1})
    assert (status, told["outcome"]) == (409, "same_person")
    other = key(room, Role.ADMIN)
    assert call(room, other, "POST", f"/actions/{action}/approve", {"version": 1})[1]["state"] == "approved"


def test_search_finds_by_the_words_of_mails(room: Room) -> None:
    _, told = call(room, key(room, Role.READER), "GET", "/search", params={"q": things(room, MINE)["number"]})
    assert [each["number"] for each in told["tickets"]] == [things(room, MINE)["number"]]
    assert call(room, key(room, Role.READER), "GET", "/search")[0] == 422


def test_a_key_ends_with_its_time_its_owner_and_by_hand(room: Room) -> None:
    short, gone, ended = key(room, days=1), key(room, Role.AGENT), key(room, Role.ADMIN)
    assert {call(room, each, "GET", "/me")[0] for each in (short, gone, ended)} == {200}
    room.clock.forward(hours=25)
    remove_person(room.engine, "Anne", "Ada", room.clock())
    admin = room.sign_in(Role.ADMIN)
    found = column(room.engine, t.api_token.c.id)[-1]
    assert admin.post(f"/account/token/{found}/end")[0] == 303
    for each in (short, gone, ended, "", "x", BEGINNING):
        status, told = call(room, each, "GET", "/me")
        assert (status, told["title"]) == (401, "Unauthorized")
    assert count(room.engine, t.event, t.event.c.kind == "person.token_ended") == 1


def test_what_a_key_may_follows_its_owner_at_once(room: Room) -> None:
    secret = key(room, Role.APPROVER)
    assert call(room, secret, "GET", "/me")[1] == {"name": "Per", "role": "approver", "mailboxes": None}
    set_role(room.engine, "Per", Role.READER, "Ada", room.clock())
    assert call(room, secret, "GET", "/me")[1]["role"] == "reader"
    require_for(room.engine, [Role.READER], "Ada", room.clock())
    assert call(room, secret, "GET", "/me")[0] == 403


def test_a_key_is_made_on_ones_page_shown_once_and_kept_as_a_digest(room: Room) -> None:
    visitor = room.sign_in(Role.AGENT)
    fields = {"name": "Regneark", "role": "reader", "days": "30", "which": "some", "mark": "a"}
    status, page = visitor.post("/account/token", **fields)
    assert status == 200
    secret = page.partition('<code class="wrap">')[2].partition("<")[0]
    assert secret.startswith(BEGINNING)
    assert call(room, secret, "GET", "/me")[1] == {"name": "Anne", "role": "reader", "mailboxes": ["a"]}
    again = visitor.get("/account")
    assert "Regneark" in again
    assert secret not in again
    assert secret not in str(column(room.engine, t.api_token.c.digest))
    for wrong in ({"role": "admin"}, {"role": "king"}, {"days": "9999"}, {"mark": "c"}, {"name": " "}):
        assert visitor.post("/account/token", **{**fields, **wrong})[0] == 422, wrong
    other = room.sign_in(Role.APPROVER)
    assert other.post("/account/token/1/end")[0] == 404
    for _ in range(19):
        visitor.post("/account/token", **fields)
    assert visitor.post("/account/token", **fields)[0] == 409


def test_T65_a_cookie_opens_no_call_and_another_host_none_either(room: Room) -> None:
    visitor = room.sign_in(Role.ADMIN)
    assert visitor.client.get(f"{BASE}/me").status_code == 401
    elsewhere = room.browser("http://evil.example:8080")
    assert elsewhere.get(f"{BASE}/me", headers={"authorization": f"Bearer {key(room)}"}).status_code == 421
    assert elsewhere.get("/api/openapi.json").status_code == 421


def test_what_cannot_be_read_or_does_not_fit_is_told(room: Room) -> None:
    secret, path = key(room), f"/actions/{action_of(room, MINE)}/reject"
    raw = {"headers": {"content-type": "application/json"}}
    assert call(room, secret, "POST", path, content=b"{", **raw)[0] == 400
    assert call(room, secret, "POST", path, content=b"[" * 50_000, **raw)[0] == 400
    assert call(room, secret, "POST", path, content=b" " * 100_001, **raw)[0] == 413
    assert call(room, secret, "POST", path, content=b"version=1")[0] == 415
    status, told = call(room, secret, "POST", path, {"version": True, "extra": 1})
    assert status == 422
    assert told["detail"] == "reason is needed; there is no 'extra'; version must be of type integer"
    for path in (
        "/tickets?view=x",
        "/tickets?limit=0",
        "/tickets?limit=x",
        "/tickets?nothing=1",
        "/tickets?limit=1&limit=2",
    ):
        assert call(room, secret, "GET", path)[0] == 422, path
    assert call(room, secret, "DELETE", "/me")[0] == 405
    assert call(room, secret, "GET", "/nothing")[0] == 404
    assert set(column(room.engine, t.action.c.state)) == {"waiting"}


def test_a_fault_is_told_with_a_number_that_the_log_knows(
    room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("processor.desk.api_calls.page", lambda *_: 1 / 0)
    status, told = call(room, key(room), "GET", "/tickets")
    (record,) = [each for each in caplog.records if each.message == "desk page failed"]
    assert status == 500
    assert record.told["mark"] in told["detail"]  # type: ignore[attr-defined]


def test_the_document_names_every_call_once_and_the_page_of_it_too() -> None:
    told = document()
    assert told["openapi"] == "3.1.0"
    names = [each["operationId"] for path in told["paths"].values() for each in path.values()]
    assert len(set(names)) == len(names) == len(OPERATIONS)
    written = (Path(__file__).parent.parent.parent / "docs" / "api.md").read_text(encoding="utf-8")
    for operation in OPERATIONS:
        assert f"`{operation.method} {operation.path}`" in written, operation


@pytest.mark.parametrize("value", [1, None, [], "x", {"version": 0}, {"version": 10**10}, {"version": "1"}])
def test_a_body_of_another_shape_is_refused(value: object) -> None:
    approve = next(each.takes for each in OPERATIONS if each.name == "approve")
    assert approve
    assert objections(value, approve)
    assert objections({"version": 1}, approve) == []
