"""In a real Chromium: what only a browser shows.  Keys alone, focus, frames that nothing runs in, a phone's width."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from processor.desk.app import build
from processor.desk.door import listen
from processor.store import tables as t
from tests.desk.conftest import PASSWORD, Room, room_in
from tests.desk.test_mail_shown import EVIL
from tests.store.made import column

EXPECTED = "sandbox|ERR_INTERNET_DISCONNECTED"
"""What the browser says of a frame that nothing runs in, and where a test takes the connection away."""
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
MAILS = (
    "termination/01-annual-with-number",
    "termination/02-nynorsk-without-number",
    "termination/03-fewer-users",
    "termination/12-quarterly",
    "termination/04-accountant-for-two-clients",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is missing: .ci/debian installs it")
        pytest.skip("Chromium is not installed; .ci/debian installs it")
    with sync_playwright() as play:
        # Chromium's own sandbox does not start for root, as which tests may run.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = play.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    yield from room_in(tmp_path, *MAILS)


@contextmanager
def served(room: Room) -> Iterator[str]:
    """Where the desk is served, by a real server."""
    listening = listen(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(build(room.desk), ws="none", lifespan="off", log_config=None))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        # Else whoever fails waits for this thread for ever.
        room.desk.ended.set()
        server.should_exit = True
        thread.join(10)
        listening.close()


@pytest.fixture
def address(room: Room) -> Iterator[str]:
    with served(room) as found:
        yield found


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """A page whose scripts may not fail and whose policy may not be broken."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="nb-NO", base_url=address)
    context.set_default_timeout(8000)
    made = context.new_page()
    faults: list[str] = []
    made.on("pageerror", lambda error: faults.append(str(error)))
    made.on(
        "console",
        lambda said: faults.append(said.text) if said.type == "error" and not re.search(EXPECTED, said.text) else None,
    )
    yield made
    context.close()
    assert faults == []


def sign_in(page: Page, name: str = "Anne") -> None:
    page.goto("/queue")
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "sign-in" not in url)


def focus(page: Page) -> str:
    """Where the keys go."""
    return str(
        page.evaluate("document.activeElement.className || document.activeElement.id || document.activeElement.tagName")
    )


def test_five_tickets_are_cleared_by_keys_alone_and_the_focus_is_never_lost(page: Page, room: Room) -> None:
    sign_in(page)
    assert focus(page) == "open"
    page.keyboard.press("j")
    page.keyboard.press("k")
    waiting = len(column(room.engine, t.action.c.id))
    assert waiting >= 5
    page.keyboard.press("Enter")
    page.wait_for_url("**/ticket/**")
    for _ in range(waiting):
        assert focus(page) != "BODY"
        before = page.url
        page.keyboard.press("a")
        if page.locator("#last_day").count() and focus(page) == "last_day":
            # The browser asks for the day that was registered, since no contract tells it.
            page.keyboard.type("31.12.2026")
            page.keyboard.press("Enter")
        page.wait_for_url(lambda url, before=before: url != before)  # type: ignore[misc]
    assert "/queue" in page.url
    assert set(column(room.engine, t.action.c.state)) == {"done"}
    assert "Utført." in page.locator(".notice").inner_text()
    assert page.locator("[data-rows] .row").count() == 0


def test_keys_lead_everywhere_and_typing_is_typing(page: Page) -> None:
    sign_in(page)
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("o")
    page.wait_for_url("**/queue?view=terminations")
    page.keyboard.press("x")
    assert page.locator("input[name=mark]:checked").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_url("**/ticket/**")
    page.keyboard.press("r")
    page.keyboard.type("aj?/gx nei")
    assert page.locator("#reason").input_value() == "aj?/gx nei"
    page.keyboard.press("Escape")
    assert focus(page) == "main"
    page.keyboard.press("u")
    page.wait_for_url("**/queue?view=terminations")
    assert focus(page) == "open"
    page.keyboard.press("/")
    page.keyboard.type("moldsk")
    page.wait_for_url("**/search?q=moldsk")
    page.keyboard.type("red")
    page.wait_for_url("**/search?q=moldskred")
    page.locator("#found .open").first.wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ticket/**")


def test_going_back_finds_the_row_that_one_came_from(page: Page) -> None:
    sign_in(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    number = page.evaluate("document.activeElement.closest('[data-ticket]').dataset.ticket")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ticket/**")
    page.keyboard.press("u")
    page.wait_for_url("**/queue*")
    page.wait_for_function(
        f"document.activeElement.closest('[data-ticket]')?.dataset.ticket === '{number}'", timeout=4000
    )


def test_without_an_answer_nothing_typed_is_lost_and_it_is_said(page: Page, room: Room) -> None:
    sign_in(page)
    page.keyboard.press("Enter")
    page.wait_for_url("**/ticket/**")
    page.keyboard.press("n")
    page.keyboard.type("Ringte kunden")
    page.context.set_offline(True)
    page.locator("#lost").wait_for()
    page.keyboard.press("Control+Enter")
    assert page.locator("#note").input_value() == "Ringte kunden"
    assert "/ticket/" in page.url
    page.context.set_offline(False)
    page.locator("#lost").wait_for(state="hidden")
    page.locator("#note").press("Control+Enter")
    page.locator(".entry.note").wait_for()
    assert "Ringte kunden" in page.locator(".entry.note").inner_text()


def test_the_palette_names_a_field_by_what_it_is_for(page: Page) -> None:
    sign_in(page)
    page.keyboard.press("Enter")
    page.wait_for_url("**/ticket/**")
    page.keyboard.press("Control+k")
    offered = page.locator("#palette-list li").all_inner_texts()
    assert any(each.startswith("Rett det som er forstått") for each in offered), offered
    assert max(map(len, offered)) < 80


def test_T50_T51_nothing_of_a_hostile_mail_runs_or_is_fetched(page: Page, room: Room, address: str) -> None:
    raw = b"From: a@b.no\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + EVIL.encode()
    with room.engine.begin() as conn:
        conn.execute(t.raw_mail.update().where(t.raw_mail.c.mail_id == 1).values(content=raw))
        number = conn.execute(t.mail.select().join(t.ticket, t.ticket.c.id == t.mail.c.ticket_id).where(t.mail.c.id == 1)
                              .with_only_columns(t.ticket.c.number)).scalar_one()  # fmt: skip
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
    sign_in(page)
    page.goto(f"/ticket/{number}?mail=1")
    page.locator("details.html summary").click()
    frame = page.frame_locator("details.html iframe")
    assert "slutt" in frame.locator("body").inner_text()
    assert frame.locator("script, img, form, iframe, object, video, svg").count() == 0
    page.wait_for_timeout(300)
    assert [each for each in asked if not each.startswith(address)] == []


def test_it_fits_a_phone_and_a_page_at_twice_the_size(page: Page, room: Room) -> None:
    sign_in(page)
    number = column(room.engine, t.ticket.c.number)[0]
    for width in (360, 640):
        page.set_viewport_size({"width": width, "height": 640})
        for path in ("/queue", f"/ticket/{number}", "/account"):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)


def test_pages_are_light(page: Page, room: Room) -> None:
    sign_in(page)
    number = column(room.engine, t.ticket.c.number)[0]
    whole = "performance.getEntries().reduce((sum, each) => sum + (each.decodedBodySize || 0), 0)"
    for path in ("/queue", f"/ticket/{number}"):
        page.goto(path, wait_until="networkidle")
        assert 20_000 < page.evaluate(whole) < 150_000
