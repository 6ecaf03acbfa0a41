"""The second step: set up, asked for, taken once, required, lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from processor.cli.main import app
from processor.desk.second_step_pages import qr
from processor.store import tables as t
from processor.store.accounts import Role, account, locked, make_link
from processor.store.second_step import require_for
from processor.store.totp import code_at, secret_of, step_of
from tests.desk.conftest import MAILS_IN_ROOM, PASSWORD, Room, Visitor, room_in
from tests.store.made import column, count


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """One notice, since a ticket is wanted here now and then."""
    yield from room_in(tmp_path, MAILS_IN_ROOM[0])


def secret(room: Room, name: str = "Anne") -> bytes:
    with room.engine.connect() as conn:
        nonce = conn.execute(t.person.select().where(t.person.c.name == name)).one().totp_nonce
    return secret_of(room.desk.config.key, nonce)


def code_now(room: Room, name: str = "Anne") -> str:
    return code_at(secret(room, name), step_of(room.clock()))


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, page
    return found[1]


def set_up(room: Room, visitor: Visitor) -> list[str]:
    """Turn the second step on as a person does; the recovery codes."""
    status, page = visitor.post("/account/second-step/begin", password=PASSWORD)
    assert status == 200, page
    letters = re.search(r'<code class="wrap">([A-Z2-7 ]+)</code>', page)
    assert letters
    with room.engine.connect() as conn:
        data = conn.execute(t.sign_in_step.select().where(t.sign_in_step.c.kind == "enrol")).all()[-1].data
    made = secret_of(room.desk.config.key, re.findall(r"[0-9a-f]{32}", data)[0])
    step = hidden(page, "step")
    status, again = visitor.post("/account/second-step/confirm", step=step, code="000000")
    assert status == 422
    assert "That is not the code" in again
    status, page = visitor.post("/account/second-step/confirm", step=step, code=code_at(made, step_of(room.clock())))
    assert status == 200
    room.clock.forward(seconds=60)
    return re.findall(r"<li><code>([a-z0-9-]+)</code></li>", page)


def first_half(room: Room, name: str = "Anne", **more: str) -> tuple[Visitor, str]:
    """Name and password; the page that asks for the code, and its hidden step."""
    client = room.browser()
    answer = client.post("/sign-in", data={"name": name, "password": PASSWORD, **more}, follow_redirects=False)
    assert answer.status_code == 200, answer.text
    assert "desk" not in client.cookies
    return Visitor(client), hidden(answer.text, "step")


def test_the_code_is_asked_for_after_the_password_and_taken_once(room: Room) -> None:
    set_up(room, room.sign_in())
    visitor, step = first_half(room, to="/queue?view=mine")
    code = code_now(room)
    assert visitor.post("/sign-in/code", step=step, to="/queue?view=mine", code=code) == (303, "/queue?view=mine")
    assert visitor.client.get("/queue").status_code == 200
    other, step = first_half(room)
    assert other.post("/sign-in/code", step=step, code=code)[0] == 401
    room.clock.forward(seconds=30)
    assert other.post("/sign-in/code", step=step, code=code_now(room))[0] == 303
    assert other.post("/sign-in/code", step=step, code=code_now(room))[0] == 401


def test_T67_codes_are_not_guessed_though_the_password_is_known(room: Room) -> None:
    set_up(room, room.sign_in())
    for _ in range(5):
        # The password being right forgets no failure.
        visitor, step = first_half(room)
        assert visitor.post("/sign-in/code", step=step, code="123456")[0] == 401
    assert locked(room.engine, "Anne", room.clock())
    assert visitor.post("/sign-in/code", step=step, code=code_now(room))[0] == 401
    room.clock.forward(seconds=16)
    assert visitor.post("/sign-in/code", step=step, code=code_now(room))[0] == 303
    assert not locked(room.engine, "Anne", room.clock())


def test_a_recovery_code_stands_in_for_the_phone_once(room: Room) -> None:
    codes = set_up(room, room.sign_in())
    assert len(codes) == 10
    visitor, step = first_half(room)
    assert visitor.post("/sign-in/code", step=step, code=codes[0].upper())[0] == 303
    other, step = first_half(room)
    assert other.post("/sign-in/code", step=step, code=codes[0])[0] == 401
    assert "9 recovery codes are left" in visitor.client.get("/account/second-step").text
    assert count(room.engine, t.event, t.event.c.kind == "person.recovery_code_used") == 1
    stored = column(room.engine, t.recovery_code.c.digest)
    assert all(len(each) == 64 for each in stored)


def test_anothers_recovery_code_and_step_open_nothing(room: Room) -> None:
    codes = set_up(room, room.sign_in())
    set_up(room, room.sign_in(Role.APPROVER))
    visitor, step = first_half(room, "Per")
    assert visitor.post("/sign-in/code", step=step, code=codes[0])[0] == 401
    assert visitor.post("/sign-in/code", step="none", code=codes[0])[0] == 401
    room.clock.forward(minutes=11)
    assert visitor.post("/sign-in/code", step=step, code=code_now(room, "Per"))[0] == 401


def test_who_must_have_a_second_step_sets_it_up_before_anything_else(room: Room) -> None:
    visitor, admin = room.sign_in(), room.sign_in(Role.ADMIN)
    assert admin.client.post(
        "/people/second-step", data={"csrf": admin.csrf, "mark": ["agent", "reader"]}, follow_redirects=False
    ).headers["location"] == ("/people?did=required")
    assert visitor.client.get("/queue", follow_redirects=False).headers["location"] == "/account/second-step"
    assert visitor.post("/action/1/approve", version="1")[0] == 403
    assert set(column(room.engine, t.action.c.state)) == {"waiting"}
    assert "Your role needs a second step" in visitor.get("/account/second-step")
    set_up(room, visitor)
    assert visitor.client.get("/queue", follow_redirects=False).status_code == 200
    assert visitor.post("/account/second-step/off", code=code_now(room))[0] == 403
    assert admin.client.get("/queue", follow_redirects=False).status_code == 200


def test_it_is_turned_off_by_its_code_or_by_an_administrator(room: Room) -> None:
    visitor = room.sign_in()
    set_up(room, visitor)
    assert visitor.post("/account/second-step/off", code="000000")[0] == 422
    assert visitor.post("/account/second-step/off", code=code_now(room))[0] == 303
    assert room.sign_in().client.get("/queue").status_code == 200
    set_up(room, visitor)
    anne, admin = account(room.engine, "Anne"), room.sign_in(Role.ADMIN)
    assert anne
    assert admin.post(f"/people/{anne.person.id}/second-step-off")[0] == 303
    assert count(room.engine, t.recovery_code) == 0
    assert room.sign_in().client.get("/queue").status_code == 200
    kinds = column(room.engine, t.event.c.kind)
    assert (kinds.count("person.second_step_on"), kinds.count("person.second_step_off")) == (2, 2)


def test_a_browser_left_open_sets_nothing_up_without_the_password(room: Room) -> None:
    visitor = room.sign_in()
    assert visitor.post("/account/second-step/begin", password="wrong")[0] == 422
    assert count(room.engine, t.sign_in_step) == 0
    other = room.sign_in(Role.APPROVER)
    _, page = other.post("/account/second-step/begin", password=PASSWORD)
    assert visitor.post("/account/second-step/confirm", step=hidden(page, "step"), code="123456")[0] == 422


def test_a_link_stands_for_the_password_alone(room: Room) -> None:
    set_up(room, room.sign_in())
    anne = account(room.engine, "Anne")
    assert anne
    link = make_link(room.engine, anne.person, "Ada", room.clock())
    browser, words = room.browser(), "seks helt nye ord"
    page = browser.post(f"/link/{link}", data={"password": words, "again": words}, follow_redirects=False)
    assert page.status_code == 200
    assert "desk" not in browser.cookies
    visitor = Visitor(browser)
    assert visitor.post("/sign-in/code", step=hidden(page.text, "step"), code=code_now(room))[0] == 303


def test_what_was_typed_survives_the_second_step_too(room: Room) -> None:
    visitor = room.sign_in()
    set_up(room, visitor)
    number = column(room.engine, t.ticket.c.number)[0]
    fields = {"name": "Anne", "password": PASSWORD, "to": f"/ticket/{number}/note", "kept.text": "Kunden <ringte>"}
    page = room.browser().post("/sign-in", data=fields).text
    assert "Kunden &lt;ringte&gt;" in page
    sent = {"step": hidden(page, "step"), "to": f"/ticket/{number}/note", "kept.text": "Kunden <ringte>"}
    assert "Kunden &lt;ringte&gt;" in room.browser().post("/sign-in/code", data={**sent, "code": "1"}).text
    done = room.browser().post("/sign-in/code", data={**sent, "code": code_now(room)}).text
    assert "You are signed in again" in done
    assert "Kunden &lt;ringte&gt;" in done


def test_the_picture_is_plain_svg_and_the_secret_is_not_in_the_store(room: Room) -> None:
    set_up(room, room.sign_in())
    made = qr("otpauth://totp/x")
    assert made.startswith("<svg ")
    assert " style=" not in made
    # With a size of its own and none of the whole, what is beyond the page's is cut off, and no app reads it.
    assert " viewBox=" in made
    assert " width=" not in made
    with room.engine.connect() as conn:
        row = str(conn.execute(t.person.select().where(t.person.c.name == "Anne")).one())
    assert secret(room).hex() not in row


def test_a_role_that_needs_it_is_recorded_with_who_said_so(room: Room) -> None:
    require_for(room.engine, [Role.ADMIN], "Ada", room.clock())
    with room.engine.connect() as conn:
        row = conn.execute(t.event.select().where(t.event.c.kind == "setting.changed")).one()
    assert (row.actor, '"to":"admin"' in row.data) == ("Ada", True)


def test_the_terminal_helps_an_administrator_who_has_lost_phone_and_codes(room: Room) -> None:
    set_up(room, room.sign_in(Role.ADMIN))
    where = ["--config", str(room.desk.config.path)]
    assert CliRunner().invoke(app, ["people", "second-step-off", "Nobody", *where]).exit_code == 1
    assert (
        "Ada signs in by password alone."
        in CliRunner().invoke(app, ["people", "second-step-off", "Ada", *where]).output
    )
    assert room.sign_in(Role.ADMIN).client.get("/people").status_code == 200
    assert CliRunner().invoke(app, ["people", "second-step-off", "Ada", *where]).exit_code == 1
