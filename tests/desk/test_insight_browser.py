"""In a real Chromium: the pages of insight in both themes, on paper and on a phone, and the browser's own signs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.desk.conftest import PASSWORD, Room, room_in
from tests.desk.test_browser import address, chromium
from tests.desk.year import fill_year
from tests.store.made import NOW

__all__ = ["address", "chromium"]
PATHS = ("/insight", "/insight/learning", "/insight/report?month=2026-10")
# Each shape that is drawn, with its colour and that of what it stands on.
COLOURS = """() => [...document.querySelectorAll('.plot rect, .plot circle, .plot polyline, .plot text, .swatch')]
  .map((each) => { const style = getComputedStyle(each);
    return each.matches('.swatch') ? style.backgroundColor : each.matches('polyline') ? style.stroke : style.fill; })"""


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    for made in room_in(tmp_path):
        fill_year(made.engine, 250, NOW - timedelta(hours=1), days=450)
        yield made


def context_of(chromium: Browser, address: str, theme: Literal["light", "dark"]) -> BrowserContext:
    made = chromium.new_context(
        viewport={"width": 1280, "height": 800}, color_scheme=theme, locale="nb-NO", base_url=address
    )
    made.set_default_timeout(8000)
    return made


def sign_in(page: Page) -> None:
    page.goto("/sign-in")
    page.fill("#name", "Anne")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "sign-in" not in url)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast of two colours as the browser writes them."""

    def light(colour: str) -> float:
        parts = [float(each) / 255 for each in colour[colour.index("(") + 1 : -1].split(",")[:3]]
        red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_plots_are_seen_in_both_themes_and_break_no_policy(
    chromium: Browser, address: str, theme: Literal["light", "dark"]
) -> None:
    context = context_of(chromium, address, theme)
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    sign_in(page)
    for path in PATHS:
        page.goto(path)
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        colours = set(page.evaluate(COLOURS)) - {"none"}
        empty = page.evaluate("getComputedStyle(document.querySelector('.plot .s0') || document.body).fill")
        assert len(colours) > 3, path
        for colour in colours - {empty}:
            assert contrast(colour, paper) >= 3, (path, theme, colour)
        page.set_viewport_size({"width": 360, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        page.set_viewport_size({"width": 1280, "height": 800})
    context.close()
    assert faults == []


def test_the_report_prints_on_white_without_what_paper_cannot_press(chromium: Browser, address: str) -> None:
    context = context_of(chromium, address, "dark")
    page = context.new_page()
    sign_in(page)
    page.goto(PATHS[2])
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for gone in (".top", ".insight-views", ".tools"):
        assert not page.locator(gone).first.is_visible(), gone
    assert page.locator(".report .plot").first.is_visible()
    assert page.pdf(prefer_css_page_size=True)[:5] == b"%PDF-"
    context.close()


def test_signs_are_shown_only_where_they_were_asked_for(chromium: Browser, address: str) -> None:
    context = context_of(chromium, address, "light")
    page = context.new_page()
    sign_in(page)
    page.goto("/account/notices")
    button = page.locator("[data-notify]")
    assert button.get_attribute("aria-pressed") == "false"
    button.click()
    page.locator("[data-notify-refused]").wait_for()
    assert button.get_attribute("aria-pressed") == "false"
    context.grant_permissions(["notifications"], origin=address)
    page.reload()
    button.click()
    page.wait_for_function("document.querySelector('[data-notify]').getAttribute('aria-pressed') === 'true'")
    button.click()
    page.wait_for_function("document.querySelector('[data-notify]').getAttribute('aria-pressed') === 'false'")
    context.close()


def test_on_a_phone_a_plot_keeps_its_letters_and_the_page_its_width(chromium: Browser, address: str) -> None:
    context = context_of(chromium, address, "light")
    page = context.new_page()
    sign_in(page)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto("/insight?span=year")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("document.querySelector('.plot').getBoundingClientRect().width") >= 500
    # A month of which nothing is known says so, and draws nothing.
    page.goto("/insight/report?month=2001-01")
    assert page.locator(".panel .empty").count() > 0
    context.close()
