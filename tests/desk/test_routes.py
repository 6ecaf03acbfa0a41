"""Every page with every role: who may is a table, and whoever is not in it is refused."""

from __future__ import annotations

import runpy

import pytest

from processor.desk.app import HEADERS
from processor.desk.routes import ROUTES, Route
from processor.store import tables as t
from processor.store.accounts import Role, account
from processor.store.people import add_person
from tests.desk.conftest import Room
from tests.shipped import ROOT
from tests.store.made import NOW, column

# The page that ends one's own session comes last.
ROUTES_IN_ORDER = sorted(ROUTES, key=lambda route: route.path == "/sign-out")


def path_of(route: Route, room: Room) -> str:
    """The route's path with things that exist."""
    number = column(room.engine, t.ticket.c.number)[0]
    victim = account(room.engine, "Victim")
    person = str(victim.person.id) if victim else "1"
    values = {
        "number": number,
        "mail": "1",
        "action": "1",
        "reply": "1",
        "person": person,
        "name": "desk.css",
        "mark": "0" * 16,
        "token": "1",
    }
    return route.path.format(**{"digest": "0" * 64, "secret": "none", **values})


@pytest.fixture(autouse=True)
def victim(room: Room) -> None:
    add_person(room.engine, "Victim", NOW, "reader")


@pytest.mark.parametrize("role", list(Role))
def test_T66_a_page_is_given_to_the_roles_that_may_and_no_other(room: Room, role: Role) -> None:
    visitor = room.sign_in(role)
    for route in ROUTES_IN_ORDER:
        path, may = path_of(route, room), route.needs is None or role.may(route.needs)
        if route.method == "GET":
            status = visitor.client.get(path, follow_redirects=False).status_code
        else:
            status, _ = visitor.post(path, version="1", role="reader", reason="x", language="en")
        assert status < 500, (route, status)
        assert (status == 403) == (not may), (route, role, status)


def test_the_table_of_roles_is_that_of_the_program() -> None:
    written = "\n".join(runpy.run_path(str(ROOT / "docs" / "roles.py"))["lines"]()) + "\n"
    assert (ROOT / "docs" / "roles.md").read_text(encoding="utf-8") == written, "run: python docs/roles.py --write"
    for route in ROUTES:
        who = [each.value for each in Role if route.needs is None or each.may(route.needs)]
        (line,) = [each for each in written.splitlines() if each.startswith(f"| {route.method} | `{route.path}` |")]
        yes = [cell.strip() == "yes" for cell in line.split("|")[4:-2]]
        assert yes == [route.needs is None, *(each.value in who for each in Role)], route


def test_T66_nobody_sees_anything_before_signing_in(room: Room) -> None:
    browser = room.browser()
    for route in ROUTES:
        if route.needs is None:
            continue
        path = path_of(route, room)
        if route.method == "GET":
            answer = browser.get(path, follow_redirects=False)
            assert (answer.status_code, answer.headers["location"][:8]) == (303, "/sign-in"), route
        else:
            answer = browser.post(path, data={"reason": "x"})
            assert answer.status_code == 401, route
    assert set(column(room.engine, t.action.c.state)) == {"waiting"}


def test_T66_a_number_that_somebody_guesses_is_not_found(room: Room) -> None:
    visitor = room.sign_in()
    for path in (
        "/ticket/VS-XXXX-XXXX",
        "/mail/999/html",
        "/mail/x/raw",
        "/mail/1/file/abc",
        "/nothing",
        "/static/../app.py",
    ):
        assert visitor.client.get(path).status_code == 404, path
    for path in ("/action/999/approve", "/action/x/done", "/reply/9999999999999999/cancel", "/ticket/VS-X/note"):
        assert visitor.post(path, reason="x", version="1")[0] == 404, path


def test_T65_a_form_without_the_sessions_token_or_of_another_site_does_nothing(room: Room) -> None:
    visitor = room.sign_in()
    client, right = visitor.client, {"csrf": visitor.csrf, "version": "1"}
    other = room.sign_in(Role.APPROVER)
    for fields in ({"version": "1"}, {**right, "csrf": other.csrf}, {**right, "csrf": "ø"}):
        assert client.post("/action/1/approve", data=fields).status_code == 403
    for header in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        assert client.post("/action/1/approve", data=right, headers=header).status_code == 403
        assert client.post("/sign-in", data={"name": "Anne"}, headers=header).status_code == 403
    assert client.post("/action/1/approve", json=right).status_code == 415
    assert client.post("/action/1/approve", data={**right, "reason": "x" * 1_100_000}).status_code == 413
    assert set(column(room.engine, t.action.c.state)) == {"waiting"}


def test_T65_no_page_may_be_framed_run_scripts_of_others_or_be_kept_by_a_cache(room: Room) -> None:
    visitor = room.sign_in(Role.ADMIN)
    for path in ("/queue", "/people", "/sign-in", "/nothing"):
        headers = visitor.client.get(path, follow_redirects=False).headers
        assert {name: headers[name] for name in HEADERS} == HEADERS
    policy = HEADERS["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    cookie = room.browser().post(
        "/sign-in", data={"name": "Anne", "password": "fire vanlige ord her"}, follow_redirects=False
    )
    said = cookie.headers["set-cookie"].lower()
    assert "httponly" in said
    assert "samesite=lax" in said


def test_another_name_that_leads_here_is_not_served(room: Room) -> None:
    assert room.browser("http://evil.example:8080").get("/sign-in").status_code == 421
    for ours in ("http://localhost:8080", "http://[::1]:8080"):
        assert room.browser(ours).get("/sign-in").status_code == 200


def test_pages_have_no_script_or_style_of_their_own(room: Room) -> None:
    visitor = room.sign_in(Role.ADMIN)
    number = column(room.engine, t.ticket.c.number)[0]
    for path in ("/queue", f"/ticket/{number}", "/search?q=visma", "/people", "/account", "/sign-in"):
        page = visitor.client.get(path).text
        assert " style=" not in page, path
        assert "<script>" not in page, path
        assert " onclick" not in page, path


def test_a_fault_is_told_with_a_number_that_the_log_knows(
    room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    visitor = room.sign_in()
    monkeypatch.setattr("processor.store.queue_page.page", lambda *_: 1 / 0)
    answer = visitor.client.get("/queue")
    assert answer.status_code == 500
    (record,) = [each for each in caplog.records if each.message == "desk page failed"]
    assert record.told["mark"] in answer.text  # type: ignore[attr-defined]
    assert "ZeroDivisionError" not in answer.text
