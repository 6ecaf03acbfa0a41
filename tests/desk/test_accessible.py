"""WCAG 2.2 AA on every page: what axe-core finds in a real Chromium, and what it cannot see.

The whole matrix of pages, themes, languages and widths is `python -m tests.desk.axe_report`; here is every page in
Norwegian, and a sample in English, dark, on a phone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.desk import axe
from tests.desk.axe_report import DOCS, named, settled
from tests.desk.conftest import PASSWORD, Room
from tests.desk.test_browser import chromium, focus, served
from tests.desk.walk import Walk, everywhere, furnished, number_of, opened, unfold, unseen, walk

__all__ = ["chromium"]
COLOURS: dict[str, Any] = {**axe.EVERYTHING, "runOnly": {"type": "rule", "values": ["color-contrast"]}, "rules": {}}
# Laid out in CSS pixels: 1280 at twice the size, and at four times (WCAG 1.4.10), which is less than any phone.
WIDTHS = (640, 320)
WIDE = """() => { const room = document.documentElement; if (room.scrollWidth <= room.clientWidth) return '';
  const beyond = [...document.querySelectorAll('body *')].filter((each) => each.getBoundingClientRect().right > room.clientWidth + 1);
  return beyond.map((each) => each.tagName + '.' + each.className).slice(0, 5).join(' ') || 'somewhere'; }"""
WEIGHT = "performance.getEntries().reduce((sum, each) => sum + (each.decodedBodySize || 0), 0)"
MOVING = """() => [...document.querySelectorAll('*')].filter((each) => { const style = getComputedStyle(each);
  return parseFloat(style.transitionDuration) > 0 || style.animationName !== 'none' || style.scrollBehavior === 'smooth'; }).length"""
# What is pressed, by how much of it can be: a box together with its label (WCAG 2.5.8; words in a line may be smaller).
SMALL = """() => [...document.querySelectorAll('button, input:not([type=hidden]), select, textarea, summary, [role=option], nav a, a.open, a.button, a.back')]
  .filter((each) => each.checkVisibility({visibilityProperty: true}) && !each.closest('.unseen'))
  .filter((each) => [each, ...(each.labels || [])].every((one) => { const box = one.getBoundingClientRect(); return box.width < 24 || box.height < 24; }))
  .map((each) => each.outerHTML.slice(0, 90))"""
# The edge of what is written in or pressed, against what it stands on (WCAG 1.4.11), and a field's own hint (1.4.3).
FAINT = """() => [...document.querySelectorAll('input:not([type=hidden]):not([type=checkbox]):not([type=radio]), select, textarea, button:not(.plain)')]
  .filter((each) => each.checkVisibility({visibilityProperty: true}) && !each.closest('.unseen') && (contrastOf(each).edge < 3 || contrastOf(each).hint < 4.5))
  .map((each) => each.outerHTML.slice(0, 90) + JSON.stringify(contrastOf(each)))"""
# What the tab key can reach, and for what has the focus: which of these it is, and whether one sees it and its ring.
STOPS = """() => { window.stops = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, iframe, [tabindex]')]
  .filter((each) => each.tabIndex >= 0 && !each.disabled && each.checkVisibility({visibilityProperty: true})
    && !each.closest('dialog') && (each.type !== 'radio' || each.checked));
  document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex'); return window.stops.length; }"""
FOCUSED = """() => { const each = document.activeElement, style = getComputedStyle(each), box = each.getBoundingClientRect();
  const over = document.elementFromPoint(box.left + Math.min(box.width / 2, 20), box.top + Math.min(box.height / 2, 12));
  return {at: window.stops.indexOf(each), name: each.outerHTML.slice(0, 90),
    ring: contrastOf(each).ring, seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && over !== null && each.contains(over)}; }"""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    yield from furnished(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def address(room: Room) -> Iterator[str]:
    with served(room) as found:
        yield found


def every_way(at: Walk, name: str) -> None:
    """All rules in the light, colours in the dark, widths, weight, motion, sizes and edges."""
    page = at.page
    found = [f"{weight} bytes" for weight in [page.evaluate(WEIGHT)] if weight > 150_000]
    unfold(page)
    found += [f"light: {each}" for each in axe.look(page).faults]
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        found += [f"{theme}: a faint edge: {each}" for each in page.evaluate(FAINT)]
    found += [f"dark: {each}" for each in axe.look(page, COLOURS).faults]
    page.emulate_media(color_scheme="light")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 640})
        wide = page.evaluate(WIDE)
        found += [f"wider than {width} pixels: {wide}"] if wide else []
    page.set_viewport_size({"width": 1280, "height": 800})
    found += [f"too small to press: {each}" for each in page.evaluate(SMALL)]
    if page.evaluate(MOVING):
        found.append("something moves where less motion was asked for")
    at.faults += [f"{name}: {each}" for each in found]


def test_axe_finds_nothing_on_any_page_in_either_theme(chromium: Browser, address: str, room: Room) -> None:
    at = walk(chromium, address, room, every_way)
    everywhere(at)
    at.page.context.close()
    assert not at.faults, "\n".join(at.faults)
    assert unseen(at) == []
    # The report that stands in the documents is of these pages, and of this axe.
    text = DOCS.read_text(encoding="utf-8")
    assert {line.split("`")[1] for line in text.splitlines() if line.startswith("| `")} == {*map(named, at.seen)}
    assert f"axe-core {axe.VERSION}," in text
    assert settled() in text


def test_axe_finds_nothing_in_english_in_the_dark_on_a_phone(chromium: Browser, address: str, room: Room) -> None:
    def look(at: Walk, name: str) -> None:
        unfold(at.page)
        at.page.set_viewport_size({"width": 360, "height": 640})
        at.faults.extend(f"{name}: {each}" for each in axe.look(at.page).faults)
        at.page.set_viewport_size({"width": 1280, "height": 800})

    at = walk(chromium, address, room, look, "en")
    at.page.emulate_media(color_scheme="dark")
    at.visit("/sign-in")
    opened(at)
    for path in (f"/ticket/{number_of(room, 6)}", "/insight", "/account"):
        at.visit(path)
    at.page.context.close()
    assert not at.faults, "\n".join(at.faults)


def test_what_axe_cannot_tell_is_a_fault_unless_it_is_settled(chromium: Browser, address: str, room: Room) -> None:
    """Else a page that hides a fault behind a picture would pass."""
    at = walk(chromium, address, room)
    at.page.goto("/sign-in")
    at.page.evaluate("""() => document.querySelector('main').insertAdjacentHTML('beforeend',
      '<p id="faint" style="color: #999">faint <svg width="9" height="9"></svg></p><div aria-label="x">y</div>')""")
    at.page.evaluate("document.querySelector('#faint').style.color = '#999'")
    found = {(each.kind, each.rule) for each in axe.look(at.page).faults}
    assert {("incomplete", "aria-prohibited-attr")} <= found
    assert "color-contrast" in {rule for _, rule in found}
    at.page.context.close()


def test_a_password_and_a_code_may_be_pasted_and_filled_in(chromium: Browser, address: str, room: Room) -> None:
    """WCAG 3.3.8: nothing has to be remembered or copied by hand."""
    at = walk(chromium, address, room)
    at.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
    page = at.page
    page.goto("/sign-in")
    fields = {"name": "username", "password": "current-password"}
    assert {each: page.locator(f"#{each}").get_attribute("autocomplete") for each in fields} == fields
    for field, words in (("name", "Anne"), ("password", PASSWORD)):
        page.evaluate("words => navigator.clipboard.writeText(words)", words)
        page.locator(f"#{field}").focus()
        page.keyboard.press("Control+v")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "/queue" in page.url
    page.goto("/account/second-step")
    page.fill("#password", PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    code = page.locator("#code")
    assert code.get_attribute("autocomplete") == "one-time-code"
    page.evaluate("navigator.clipboard.writeText('123456')")
    code.focus()
    page.keyboard.press("Control+v")
    assert code.input_value() == "123456"
    page.context.close()


def test_what_was_refused_need_not_be_written_again(chromium: Browser, address: str, room: Room) -> None:
    """WCAG 3.3.7, passwords and codes excepted."""
    at = walk(chromium, address, room)
    at.page.goto("/sign-in")
    at.send("/sign-in", name="Anne", password="feil passord her")
    assert at.page.input_value("#name") == "Anne"
    at.as_("Anne")
    number = number_of(room, 3)
    for path, fields in (
        (f"/ticket/{number}/snooze", {"until": "snart"}),
        (f"/ticket/{number}/merge", {"into": "VS-XXXX-XXXX"}),
        (
            "/take-in",
            {"sender": "ikke en adresse", "arrived_at": "i går", "subject": "Et brev", "text": "Vi sier opp."},
        ),
    ):
        at.page.goto(path if path == "/take-in" else f"/ticket/{number}")
        at.send(path, **fields)
        kept = at.page.evaluate("[...document.querySelectorAll('input, textarea')].map((each) => each.value)")
        assert set(fields.values()) <= set(kept), path
    at.page.context.close()


def test_in_a_dialog_the_focus_is_seen_and_stays(chromium: Browser, address: str, room: Room) -> None:
    at = walk(chromium, address, room)
    at.as_("Anne")
    page = at.page
    page.goto("/queue")
    page.evaluate(axe.CONTRAST + "; null")
    for key, dialog in (("?", "#keys"), ("Control+k", "#palette")):
        page.keyboard.press(key)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            page.keyboard.press("Tab")
            page.keyboard.press("Shift+Tab")
            found = page.evaluate(FOCUSED.replace("window.stops.indexOf(each)", "0"))
            assert page.evaluate("dialog => document.activeElement.closest(dialog) !== null", dialog)
            assert found["seen"], (dialog, theme, found)
            assert found["ring"] >= 3, (dialog, theme, found)
        page.keyboard.press("Escape")
        assert focus(page) == "open"
    page.context.close()


def test_the_tab_key_leads_through_everything_in_order_and_one_sees_where_one_is(
    chromium: Browser, address: str, room: Room
) -> None:
    at = walk(chromium, address, room)
    at.as_("Anne")
    at.page.set_viewport_size({"width": 1280, "height": 500})
    for path, theme in (
        ("/queue", "light"),
        (f"/ticket/{number_of(room, 2)}", "dark"),
        ("/account", "light"),
        ("/insight/learning", "dark"),
    ):
        at.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        at.page.goto(path)
        at.page.evaluate(axe.CONTRAST + "; null")
        wanted = at.page.evaluate(STOPS)
        trail: list[int] = []
        for _ in range(wanted + 10):
            at.page.keyboard.press("Tab")
            found = at.page.evaluate(FOCUSED)
            # A field for a date is several stops, whose rings the browser draws within it.
            if found["at"] >= 0 and trail[-1:] != [found["at"]]:
                trail.append(found["at"])
                # Not hidden (2.4.11), two pixels thick and told from what it stands on (2.4.13).
                assert found["seen"], (path, found)
                assert found["ring"] >= 3, (path, found)
            if len(trail) == wanted:
                break
        assert trail == list(range(wanted)), path
        assert wanted > 15, path
    # The first stop leads past what every page begins with.
    at.page.goto(f"/ticket/{number_of(room, 2)}")
    at.page.evaluate(STOPS)
    at.page.keyboard.press("Tab")
    assert focus(at.page) == "skip"
    at.page.keyboard.press("Enter")
    assert focus(at.page) == "main"
    at.page.context.close()


def test_the_focus_stays_where_it_is_when_parts_of_the_page_are_put_anew(
    chromium: Browser, address: str, room: Room
) -> None:
    at = walk(chromium, address, room)
    at.as_("Anne")
    page = at.page
    page.goto(f"/ticket/{number_of(room, 2)}")
    day = page.locator("#last_day")
    day.focus()
    page.keyboard.type("31.12.2026")
    expect(page.locator("#letter .letter")).to_contain_text("2026")
    assert focus(page) == "last_day"
    # A letter is spoken in the language it is written in, and so is the mail.
    assert page.locator("#letter [lang=nn], .mail [lang=nn]").count() >= 1
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("visma")
    expect(page.locator("#say")).to_contain_text("Funnet: ")
    assert focus(page) == "q"
    page.context.close()


def test_what_is_chosen_is_told_apart_where_the_system_chooses_the_colours(
    chromium: Browser, address: str, room: Room
) -> None:
    at = walk(chromium, address, room)
    at.as_("Anne")
    page = at.page
    page.emulate_media(forced_colors="active")
    page.goto("/queue")
    line = "each => getComputedStyle(each).textDecorationLine"
    assert page.locator(".views [aria-current]").evaluate(line) == "underline"
    assert page.locator(".views a:not([aria-current])").first.evaluate(line) == "none"
    page.keyboard.press("Control+k")
    ring = "each => getComputedStyle(each).outlineStyle"
    assert page.locator("#palette [aria-selected=true]").evaluate(ring) == "solid"
    assert page.locator("#palette [aria-selected=false]").first.evaluate(ring) == "none"
    page.context.close()


def test_things_move_a_little_for_who_did_not_ask_for_less(chromium: Browser, address: str, room: Room) -> None:
    """Else the look for motion on every page would find nothing whatever stood there."""
    at = walk(chromium, address, room)
    at.as_("Anne")
    at.page.goto("/queue")
    assert at.page.evaluate(MOVING) == 0
    at.page.emulate_media(reduced_motion="no-preference")
    assert at.page.evaluate(MOVING) > 0
    at.page.context.close()
