"""Browsers and what happened about people: seen and ended by whose they are, and by an administrator."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from processor.desk.browsers import browser_of
from processor.store import tables as t
from processor.store.accounts import Role, account
from tests.desk.conftest import PASSWORD, Room, Visitor, room_in
from tests.store.made import column

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """Nobody's mail: it is about people alone."""
    yield from room_in(tmp_path)


def ends(page: str) -> list[str]:
    return re.findall(r'action="([^"]*/browser/[0-9a-f]{16}/end)"', page)


def test_a_person_sees_and_ends_other_browsers_and_not_this_one(room: Room) -> None:
    lost = room.browser()
    lost.post("/sign-in", data={"name": "Anne", "password": PASSWORD}, headers={"user-agent": FIREFOX})
    mine = room.sign_in()
    page = mine.get("/account")
    assert "Firefox, Linux" in page
    assert "this one" in page
    (end,) = ends(page)
    assert mine.post(end) == (303, "/account?did=browser")
    assert lost.get("/queue", follow_redirects=False).status_code == 303
    assert mine.client.get("/queue", follow_redirects=False).status_code == 200
    assert mine.post(end)[0] == 404


def test_nobody_ends_anothers_browser_but_an_administrator(room: Room) -> None:
    anne, per, admin = room.sign_in(), room.sign_in(Role.APPROVER), room.sign_in(Role.ADMIN)
    found = account(room.engine, "Anne")
    assert found
    (end,) = ends(admin.get(f"/people/{found.person.id}"))
    assert per.post(end.replace(f"/people/{found.person.id}", "/account"))[0] == 404
    assert per.post(end)[0] == 403
    assert admin.post(f"/people/{found.person.id}/browser/{'%' * 16}/end")[0] == 404
    assert anne.client.get("/queue", follow_redirects=False).status_code == 200
    assert admin.post(end)[0] == 303
    assert anne.client.get("/queue", follow_redirects=False).status_code == 303


def test_what_happened_about_access_is_told_to_administrators(room: Room) -> None:
    admin = room.sign_in(Role.ADMIN)
    room.browser().post("/sign-in", data={"name": "Anne", "password": "wrong"})
    room.browser().post("/sign-in", data={"name": "Nobody here", "password": "wrong"})
    admin.post("/people/add", name="Siv", role="agent")
    page = admin.get("/people/events")
    for said in ("A sign-in failed", "Signed in", "Added a person", "by password", "Anne", "Siv", "Agent"):
        assert said in page
    with room.engine.connect() as conn:
        added = conn.execute(t.event.select().where(t.event.c.kind == "person.added")).all()[-1]
    assert added.actor == "Ada"
    assert "Nobody here" not in page
    assert "Nobody here" not in str(column(room.engine, t.event_text.c.text))


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (FIREFOX, "Firefox, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18 Safari/604",
            "Safari, iPhone",
        ),
        ("curl/8.0", ""),
        ("<script>", ""),
    ],
)
def test_a_browser_is_named_in_short(said: str, name: str) -> None:
    assert browser_of(said) == name


def test_a_new_password_ends_a_sign_in_in_the_middle(room: Room) -> None:
    visitor: Visitor = room.sign_in()
    visitor.post("/account/second-step/begin", password=PASSWORD)
    assert len(column(room.engine, t.sign_in_step.c.digest)) == 1
    visitor.post("/account/password", old=PASSWORD, password="fem andre ord her nå", again="fem andre ord her nå")
    assert column(room.engine, t.sign_in_step.c.digest) == []
