"""Open pages hear of what others do; in two browsers too, where nothing moves that nobody moved."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from processor.desk import live, lookout
from processor.desk.asking import Asked
from processor.desk.live import Stream
from processor.store import tables as t
from processor.store.accounts import Role, account, set_scope
from processor.store.actions import done
from processor.store.presence import look_at
from processor.store.sessions import begin_session, end_sessions, session_of
from tests.desk.conftest import NAMES, Room, take_in
from tests.desk.test_browser import address, chromium, focus, page, sign_in  # noqa: F401  (fixtures)
from tests.shipped import rulebook_of
from tests.store.made import column


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (live, lookout):
        monkeypatch.setattr(module, "TURN_SECONDS", 0.05)
    monkeypatch.setattr(live, "LEAST_SECONDS", 0.0)


def stream(room: Room, role: Role = Role.AGENT, **query: str) -> Stream:
    found = account(room.engine, NAMES[role])
    assert found
    session = session_of(room.engine, begin_session(room.engine, found.person, room.clock()), room.clock())
    return Stream(room.desk, Asked("/live", {}, query, {}, "en", session=session), None, None)


def heard(said: list[str] | None) -> dict[str, object]:
    lines = [each.splitlines() for each in said or [] if each.startswith("event")]
    return {first.removeprefix("event: "): json.loads(second.removeprefix("data: ")) for first, second, *_ in lines}


def look_again(room: Room) -> None:
    room.desk.lookout._at = float("-inf")


def test_a_page_hears_counts_then_what_is_done_and_who_looks_at_what(room: Room) -> None:
    (number, *_), anne = column(room.engine, t.ticket.c.number), stream(room)
    first = heard(anne.turn())
    assert first["counts"]["all"] == 3  # type: ignore[index]
    assert first["present"] == {}
    look_again(room)
    assert heard(anne.turn()) == {}
    per = account(room.engine, "Per")
    assert per
    look_at(room.engine, 1, per.person.id, room.clock())
    look_at(room.engine, 1, anne.asked.person.id, room.clock())
    look_again(room)
    assert heard(anne.turn()) == {"present": {number: ["Per"]}}
    done(room.engine, column(room.engine, t.action.c.id)[0], per.person, room.clock())
    look_again(room)
    assert heard(anne.turn())["queue"]["all"] == 2  # type: ignore[index]


def test_a_page_hears_that_its_ticket_was_changed_by_others_once(room: Room) -> None:
    with room.engine.connect() as conn:
        row = conn.execute(t.ticket.select().order_by(t.ticket.c.id)).first()
    assert row
    anne = replace(stream(room, ticket=row.number), ticket_id=row.id, changed_at=row.changed_at)
    assert "ticket" not in heard(anne.turn())
    per = account(room.engine, "Per")
    assert per
    for n in (0, 1):
        done(room.engine, column(room.engine, t.action.c.id)[n], per.person, room.clock())
        look_again(room)
        assert ("ticket" in heard(anne.turn())) == (n == 0)


def test_a_stream_ends_with_its_session_and_says_so(room: Room) -> None:
    anne = stream(room)
    assert anne.turn()
    end_sessions(room.engine, anne.asked.person.id, "Ada", room.clock())
    anne.renewed = float("-inf")
    assert anne.turn() is None


def test_who_does_not_follow_is_told_once(room: Room) -> None:
    visitor = room.sign_in(Role.READER)
    answer = visitor.client.get("/live")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert '"terminations": 2' in answer.text
    assert column(room.engine, t.ticket_presence.c.person_id) == []


def test_two_at_one_queue_see_each_other_and_what_the_other_does(page: Page, room: Room) -> None:  # noqa: F811
    sign_in(page)
    rows = page.locator("[data-row]")
    expect(rows).to_have_count(3)
    page.keyboard.press("j")
    held = page.evaluate("document.activeElement.closest('[data-row]').dataset.row")
    browser = page.context.browser
    assert browser
    other = browser.new_context(base_url=page.url.partition("/queue")[0], locale="nb-NO").new_page()
    sign_in(other, "Per")
    other.goto("/queue?view=terminations")
    other.keyboard.press("Enter")
    other.wait_for_url("**/ticket/**")
    row = page.locator(f"[data-ticket='{other.locator('[data-present]').get_attribute('data-present')}']")
    expect(row.locator(".present")).to_have_text("Per")
    row.locator(".open").evaluate("each => open(each.href)")
    mine = page.context.wait_for_event("page") if len(page.context.pages) < 2 else page.context.pages[1]
    expect(mine.locator("[data-present]")).to_contain_text("Per")
    expect(other.locator("[data-present]")).to_contain_text("Anne")
    page.bring_to_front()
    asks = other.locator("#last_day").count() and not other.locator("#last_day").input_value()
    other.keyboard.press("a")
    if asks:
        other.keyboard.type("31.12.2026")
        other.keyboard.press("Enter")
    other.wait_for_url("**did=**")
    expect(row).to_have_class("row gone")
    expect(page.locator(".views [data-count=all]")).to_have_text("2")
    expect(rows).to_have_count(3)
    assert page.evaluate("document.activeElement.closest('[data-row]').dataset.row") == held
    expect(mine.locator("#moved")).to_be_visible()
    config = room.desk.config
    rules = rulebook_of(config.rules_dir, config.templates_dir, config.own_addresses)
    take_in(room.engine, config, rules, ("termination/12-quarterly",), room.clock, first_uid=50)
    expect(page.locator("[data-row], #fresh")).to_have_count(4)
    if page.locator("#fresh").count():
        page.keyboard.press(".")
        expect(page.locator("#fresh, .gone")).to_have_count(0)
    assert focus(page) == "open"
    assert page.evaluate("document.activeElement.closest('[data-row]').dataset.row") == held
    other.context.close()


def test_T66_whoever_sees_no_mailbox_hears_of_nobody(room: Room) -> None:
    anne, per = stream(room), account(room.engine, "Per")
    assert per
    look_at(room.engine, 1, per.person.id, room.clock())
    set_scope(room.engine, anne.asked.person, frozenset(), "Ada", room.clock())
    said = heard(anne.turn())
    assert said["present"] == {}
    assert set(said["counts"].values()) == {0}  # type: ignore[attr-defined]
