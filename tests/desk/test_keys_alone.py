"""A whole morning by keys alone in a real Chromium: twenty tickets, every key, and the focus never lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from processor.store import tables as t
from processor.store.queue_page import View, counts
from tests.bench.desk import known
from tests.desk.conftest import MAILS, Room, room_in
from tests.desk.test_browser import address, chromium, focus, page, served, sign_in  # noqa: F401  (fixtures)
from tests.store.made import column, count

TWENTY = 20


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """Notices and questions enough for twenty tickets that wait."""
    notices = sorted(each.stem for each in (MAILS / "termination").glob("*.eml"))
    others = sorted(each.stem for each in (MAILS / "invoice_question").glob("*.eml"))
    mails = [f"termination/{each}" for each in notices if "forged" not in each][:17]
    mails += [f"invoice_question/{each}" for each in others][:9]
    yield from room_in(tmp_path, *mails)


def waiting(room: Room) -> int:
    return counts(room.engine, room.clock())[View.ALL]


def press(page: Page, *keys: str) -> None:  # noqa: F811
    assert focus(page) != "BODY"
    for key in keys:
        page.keyboard.press(key)


def after(page: Page, before: str) -> None:  # noqa: F811
    page.wait_for_url(lambda url: (url != before and "/ticket/" in url) or "/queue" in url)
    page.wait_for_load_state("domcontentloaded")
    assert focus(page) != "BODY"


def approve(page: Page) -> None:  # noqa: F811
    """The main button, and the day where no contract tells it."""
    before = page.url
    day = page.locator("#last_day")
    asks = day.count() and not day.input_value()
    press(page, "a")
    if asks:
        assert focus(page) == "last_day"
        page.keyboard.type("31.12.2026")
        page.keyboard.press("Enter")
    after(page, before)


def test_twenty_tickets_are_cleared_by_keys_alone_and_the_focus_is_never_lost(
    page: Page,  # noqa: F811
    room: Room,
) -> None:
    sign_in(page)
    begun = waiting(room)
    assert begun >= TWENTY
    # One is put off from the list, one is rejected there, and that is taken back.
    press(page, "j", "s")
    page.wait_for_url("**press=s")
    assert focus(page) == "until"
    before = page.url
    page.keyboard.type("2t")
    page.keyboard.press("Enter")
    after(page, before)
    assert waiting(room) == begun - 1
    before = page.url
    press(page, "r")
    page.keyboard.type("gjelder noe annet")
    page.keyboard.press("Enter")
    after(page, before)
    before = page.url
    press(page, "z")
    after(page, before)
    assert count(room.engine, t.event, t.event.c.kind == "action.undone") == 1
    page.keyboard.press("Control+k")
    page.keyboard.type("kø")
    page.keyboard.press("Enter")
    page.wait_for_url("**/queue")
    press(page, "Enter")
    page.wait_for_url("**/ticket/**")
    for _ in range(begun + 5):
        if "/queue" in page.url:
            if not waiting(room):
                break
            # Those that stood before the one where this began.
            press(page, "Enter")
            page.wait_for_url("**/ticket/**")
        if page.locator("button.main").count():
            approve(page)
        else:
            before = page.url
            press(page, "c")
            after(page, before)
    assert waiting(room) == 0
    assert page.locator("[data-row]").count() == 0
    done = [state for state in column(room.engine, t.action.c.state) if state == "done"]
    assert len(done) + column(room.engine, t.ticket.c.state).count("closed") >= TWENTY


def test_a_typical_approval_takes_two_keys(chromium: Browser, tmp_path: Path) -> None:  # noqa: F811
    desk, clock = known(tmp_path)
    with served(Room(desk, clock)) as where:
        context = chromium.new_context(locale="nb-NO", base_url=where)
        context.set_default_timeout(15000)
        page = context.new_page()
        sign_in(page)
        page.keyboard.press("Enter")
        page.wait_for_url("**/ticket/**")
        page.keyboard.press("a")
        page.wait_for_url("**/queue**")
        context.close()
    assert set(column(desk.engine, t.action.c.state)) == {"done"}
    # The day that was registered is the contract's, and the customer is told.
    assert any("31. desember 2026" in text for text in column(desk.engine, t.outbox.c.text))
    desk.engine.dispose()


def test_the_palette_finds_what_can_be_done_here_and_gives_the_focus_back(page: Page, room: Room) -> None:  # noqa: F811
    sign_in(page)
    page.keyboard.press("Enter")
    page.wait_for_url("**/ticket/**")
    page.keyboard.press("n")
    assert focus(page) == "note"
    page.keyboard.press("Control+k")
    rows = page.locator("#palette-list li")
    expect(page.locator("#palette")).to_be_visible()
    assert rows.count() > 10
    page.keyboard.press("Escape")
    assert focus(page) == "note"
    page.keyboard.press("Control+k")
    page.keyboard.type("utsett")
    expect(rows.first).to_have_text("Utsett s")
    page.keyboard.press("Enter")
    assert focus(page) == "until"
    number = column(room.engine, t.ticket.c.number)[3]
    page.keyboard.press("Control+k")
    page.keyboard.type(number.lower())
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/ticket/{number}")
    page.keyboard.press("Control+k")
    page.keyboard.type("moldskred")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=moldskred")
