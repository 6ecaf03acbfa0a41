"""Correcting in place in a real Chromium, by keys, while the session dies in mid-edit: nothing that was typed is lost."""

from __future__ import annotations

from playwright.sync_api import Browser, expect
from sqlalchemy import delete

from processor.store import tables as t
from tests.desk.conftest import PASSWORD, Room
from tests.desk.test_acting import action_of
from tests.desk.test_browser import address, chromium, room, sign_in  # noqa: F401  (fixtures)
from tests.store.made import column, count


def test_what_was_typed_in_place_outlives_the_session(chromium: Browser, address: str, room: Room) -> None:  # noqa: F811
    # A page of its own, since the browser counts the 401 that it is to get here among its faults.
    page = chromium.new_context(locale="nb-NO", base_url=address).new_page()
    page.set_default_timeout(8000)
    sign_in(page)
    action, number = action_of(room, "register_termination")
    page.goto(f"/ticket/{number}?action={action}")
    page.keyboard.press("i")
    assert page.evaluate("document.activeElement.id") == "type0"
    page.locator("#company").fill("Ny Eier «Æ» AS")
    page.locator("#effective_date").fill("31.01.2028")
    with room.engine.begin() as conn:
        conn.execute(delete(t.desk_session))
    page.locator("#company").press("Enter")
    page.wait_for_selector("#password")
    assert count(room.engine, t.event, t.event.c.kind == "mail.redecided") == 0
    page.locator("#name").fill("Anne")
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")
    # The form waits in the page after signing in, and its button has the focus.
    page.wait_for_selector("form[action$='/correct']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ticket/**")
    expect(page.locator("#company")).to_have_value("Ny Eier «Æ» AS")
    expect(page.locator(".changes")).to_contain_text("31.01.2028")
    assert "Ny Eier «Æ» AS" in column(room.engine, t.ticket.c.company)
    page.context.close()
