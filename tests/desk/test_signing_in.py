from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import pytest

from processor.desk.answering import own_path
from processor.desk.first_admin import invitation
from processor.desk.passwords import GUESSED, NAMED, SHORT, objection
from processor.store import tables as t
from processor.store.accounts import Role, account, locked, make_link, set_role
from processor.store.people import remove_person
from processor.store.sessions import end_sessions
from tests.desk.conftest import PASSWORD, Room
from tests.store.made import column, count


def try_password(room: Room, name: str, password: str) -> tuple[int, str]:
    answer = room.browser().post("/sign-in", data={"name": name, "password": password}, follow_redirects=False)
    return answer.status_code, answer.text.replace(name, "NAME")


def test_T67_an_unknown_name_and_a_wrong_password_read_alike_and_are_locked_alike(room: Room) -> None:
    for _ in range(5):
        assert try_password(room, "Anne", "wrong") == try_password(room, "Nobody", "wrong")
    for name in ("Anne", "anne ", "Nobody"):
        assert locked(room.engine, name, room.clock())
    assert try_password(room, "Anne", PASSWORD) == try_password(room, "Nobody", PASSWORD)
    room.clock.forward(seconds=16)
    assert try_password(room, "Anne", PASSWORD)[0] == 303
    assert count(room.engine, t.desk_failure, t.desk_failure.c.failed > 0) == 1


def test_T67_each_failure_after_the_fifth_locks_for_longer(room: Room) -> None:
    locks: list[datetime] = []
    for _ in range(8):
        try_password(room, "Anne", "wrong")
        if until := locked(room.engine, "Anne", room.clock()):
            locks.append(until)
            room.clock.now = until
    assert len(locks) == 4
    gaps = [(later - sooner).total_seconds() for sooner, later in pairwise(locks)]
    assert gaps == [30, 60, 120]


def test_T65_a_session_begins_anew_at_signing_in_and_a_stolen_cookie_ends_with_the_password(room: Room) -> None:
    stolen = room.sign_in(Role.AGENT)
    mine = room.sign_in(Role.AGENT)
    assert stolen.client.cookies["desk"] != mine.client.cookies["desk"]
    status, where = mine.post(
        "/account/password", old=PASSWORD, password="fem andre ord her nå", again="fem andre ord her nå"
    )
    assert (status, where) == (303, "/account?did=password")
    assert stolen.client.get("/queue", follow_redirects=False).status_code == 303
    assert "The password is changed" in mine.get(where)
    assert try_password(room, "Anne", PASSWORD)[0] == 401


def test_a_cookie_that_the_browser_brought_along_is_never_taken_over(room: Room) -> None:
    client = room.browser()
    client.cookies.set("desk", "fixed by somebody")
    answer = client.post("/sign-in", data={"name": "Anne", "password": PASSWORD}, follow_redirects=False)
    assert "fixed by somebody" not in answer.headers["set-cookie"]
    assert column(room.engine, t.desk_session.c.digest) != []
    assert client.cookies.get("desk", domain="") is not None


def test_a_session_ends_when_idle_when_old_and_when_somebody_says_so(room: Room) -> None:
    idle = room.sign_in()
    room.clock.forward(hours=1.9)
    idle.get("/queue")
    room.clock.forward(hours=2.1)
    assert idle.client.get("/queue", follow_redirects=False).status_code == 303
    busy = room.sign_in()
    for _ in range(12):
        room.clock.forward(hours=1)
        busy.client.get("/queue", follow_redirects=False)
    assert busy.client.get("/queue", follow_redirects=False).status_code == 303
    anne = account(room.engine, "Anne")
    assert anne
    ended = room.sign_in()
    assert end_sessions(room.engine, anne.person.id, "Ada", room.clock()) >= 1
    removed = room.sign_in()
    remove_person(room.engine, "Anne", "Ada", room.clock())
    for visitor in (ended, removed):
        assert visitor.client.get("/queue", follow_redirects=False).status_code == 303


def test_what_a_role_may_changes_at_once(room: Room) -> None:
    visitor = room.sign_in(Role.AGENT)
    set_role(room.engine, "Anne", Role.READER, "Ada", room.clock())
    assert visitor.post("/action/1/approve", version="1")[0] == 403


def test_signing_out_ends_the_session_itself(room: Room) -> None:
    visitor = room.sign_in()
    token = visitor.client.cookies["desk"]
    assert visitor.post("/sign-out") == (303, "/sign-in")
    visitor.client.cookies.set("desk", token)
    assert visitor.client.get("/queue", follow_redirects=False).status_code == 303


def test_a_link_sets_a_password_once_within_a_day(room: Room) -> None:
    found = account(room.engine, "Rita")
    assert found
    old = make_link(room.engine, found.person, "Ada", room.clock())
    secret = make_link(room.engine, found.person, "Ada", room.clock())
    browser = room.browser()
    assert browser.get(f"/link/{old}").status_code == 404
    words = {"password": "seks helt nye ord", "again": "seks helt nye ord"}
    assert browser.post(f"/link/{secret}", data={**words, "again": "annet"}).status_code == 422
    assert browser.post(f"/link/{secret}", data={"password": "kort", "again": "kort"}).status_code == 422
    assert browser.post(f"/link/{secret}", data=words, follow_redirects=False).status_code == 303
    assert browser.get("/queue").status_code == 200
    assert browser.post(f"/link/{secret}", data=words).status_code == 404
    late = make_link(room.engine, found.person, "Ada", room.clock())
    room.clock.forward(hours=25)
    assert browser.get(f"/link/{late}").status_code == 404


def test_the_first_administrator_is_let_in_by_a_link_and_no_second_one_is_made(room: Room) -> None:
    settings = room.desk.config.desk
    assert invitation(room.engine, settings, room.clock()) == ""
    remove_person(room.engine, "Ada", "test", room.clock())
    address = invitation(room.engine, settings, room.clock())
    assert address.startswith("http://127.0.0.1:8080/link/")
    again = invitation(room.engine, settings, room.clock())
    browser, words = room.browser(), {"password": "seks helt nye ord", "again": "seks helt nye ord"}
    assert browser.get(address).status_code == 404
    assert browser.post(again, data=words, follow_redirects=False).status_code == 303
    assert browser.get("/people").status_code == 200
    assert invitation(room.engine, settings, room.clock()) == ""


def test_secrets_and_passwords_are_stored_as_digests_only(room: Room) -> None:
    visitor = room.sign_in()
    token = visitor.client.cookies["desk"]
    assert token not in column(room.engine, t.desk_session.c.digest)
    assert all(each.startswith("$argon2id$") for each in column(room.engine, t.person.c.password))


def test_an_admin_adds_people_and_the_last_one_stays(room: Room) -> None:
    admin = room.sign_in(Role.ADMIN)
    status, page = admin.post("/people/add", name="  Siv  Ny ", role="agent")
    assert status == 200
    assert "http://127.0.0.1:8080/link/" in page
    assert admin.post("/people/add", name="Siv Ny", role="agent")[0] == 422
    assert admin.post("/people/add", name="X", role="king")[0] == 422
    ada = account(room.engine, "Ada")
    assert ada
    assert admin.post(f"/people/{ada.person.id}/role", role="agent")[0] == 409
    assert admin.post(f"/people/{ada.person.id}/remove")[0] == 409
    siv = account(room.engine, "Siv Ny")
    assert siv
    assert admin.post(f"/people/{siv.person.id}/role", role="approver")[0] == 303
    assert admin.post(f"/people/{siv.person.id}/remove")[0] == 303
    assert account(room.engine, "Siv Ny") is None


def test_T68_what_was_typed_after_the_session_had_ended_is_there_again(room: Room) -> None:
    visitor = room.sign_in()
    number = column(room.engine, t.ticket.c.number)[0]
    room.clock.forward(hours=3)
    words = "Kunden ringte & sa <dette>.\nTo linjer."
    answer = visitor.client.post(f"/ticket/{number}/note", data={"csrf": visitor.csrf, "text": words})
    assert answer.status_code == 401
    assert "Kunden ringte &amp; sa &lt;dette&gt;" in answer.text
    fields = {"name": "Anne", "to": f"/ticket/{number}/note", "kept.text": words, "password": "wrong"}
    assert "Kunden ringte" in visitor.client.post("/sign-in", data=fields).text
    page = visitor.client.post("/sign-in", data={**fields, "password": PASSWORD}).text
    assert "You are signed in again" in page
    assert "Kunden ringte &amp; sa" in page
    assert count(room.engine, t.event, t.event.c.kind == "ticket.noted") == 0
    csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
    sent = visitor.client.post(f"/ticket/{number}/note", data={"csrf": csrf, "text": words}, follow_redirects=False)
    assert sent.status_code == 303
    assert count(room.engine, t.event, t.event.c.kind == "ticket.noted") == 1


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:x",
        "/\tx",
        "queue",
        "",
        "///x",
        "http:/x",
    ],
)
def test_signing_in_leads_to_no_other_site(wanted: str) -> None:
    assert own_path(wanted) == "/"


def test_signing_in_leads_to_where_one_wanted_to_go() -> None:
    assert own_path("/ticket/VS-1?view=mine") == "/ticket/VS-1?view=mine"


@pytest.mark.parametrize(
    ("password", "why"),
    [
        *[(each, SHORT) for each in ("kort", "elleve tegn", "x" * 201)],
        *[(each, NAMED) for each in ("Kari Holm Berg", "kariholmberg2026!", "Berg-Kari-Holm-77")],
        *[(each, GUESSED) for each in ("aaaaaaaaaaaaaaaa", "abababababababab", "passord123456", "P@ssw0rd2026!!")],
        *[
            (each, GUESSED)
            for each in ("Sommer2026!!!", "vinteroslo1234", "123456789012", "qwertyuiop12", "1q2w3e4r5t6y")
        ],
        *[(each, GUESSED) for each in ("poiuytrewq098", "Velkommen-2026", "abc123abc123abc", "Admin.Admin.1234")],
    ],
)
def test_a_password_that_lists_or_the_name_lead_to_is_refused_with_a_reason(password: str, why: str) -> None:
    assert objection(password, "Kari Holm Berg") == why


@pytest.mark.parametrize(
    "password", ["fire helt vanlige ord", "Kari liker sjokolade og regn", "sommerfuglen flyr høyt", "xT4-mmQz9w!pK"]
)
def test_several_words_and_what_a_machine_drew_are_taken(password: str) -> None:
    assert objection(password, "Kari Holm Berg") == ""
