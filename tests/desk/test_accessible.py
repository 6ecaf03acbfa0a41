"""WCAG 2.2 AA on every page, in both themes: what axe-core finds in a real Chromium, and what it cannot see."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import insert, update

from processor.desk.routes import ROUTES
from processor.gate import CLEAR, CUSTOMER, GATE
from processor.moving.bring_in import BringIn
from processor.moving.exports import Export
from processor.moving.found import Owner
from processor.store import tables as t
from processor.store.accounts import account, make_link
from processor.store.people import add_person
from processor.store.sessions import begin_session
from processor.store.totp import code_at, secret_of, step_of
from processor.store.transaction import writing
from tests.desk.conftest import PASSWORD, Room, room_in
from tests.desk.test_browser import chromium, focus, served
from tests.desk.year import fill_year
from tests.moving.test_exports import ZAMMAD, written
from tests.store.made import NOW

__all__ = ["chromium"]
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What axe finds, each finding one line: the rule, the element, and how it fails.
FINDINGS = """async (options) => (await axe.run(document, options)).violations.flatMap(
  (rule) => rule.nodes.map((node) => `${rule.id}: ${node.target.join(' ')}: ${node.failureSummary.replace(/\\s+/g, ' ')}`))"""
# A mail's own frame holds what the customer wrote; its page is looked at by itself.
EVERYTHING: dict[str, Any] = {
    "iframes": False,
    "runOnly": TAGS,
    "resultTypes": ["violations"],
    "rules": {"target-size": {"enabled": True}},
}
COLOURS: dict[str, Any] = {
    "iframes": False,
    "runOnly": {"type": "rule", "values": ["color-contrast"]},
    "resultTypes": ["violations"],
}
# Laid out in CSS pixels: a phone, 1280 at twice the size, and 1280 at four times (WCAG 1.4.10).
WIDTHS = (640, 360, 320)
WIDE = """() => { const room = document.documentElement; if (room.scrollWidth <= room.clientWidth) return '';
  const beyond = [...document.querySelectorAll('body *')].filter((each) => each.getBoundingClientRect().right > room.clientWidth + 1);
  return beyond.map((each) => each.tagName + '.' + each.className).slice(0, 5).join(' ') || 'somewhere'; }"""
WEIGHT = "performance.getEntries().reduce((sum, each) => sum + (each.decodedBodySize || 0), 0)"
MOVING = """() => [...document.querySelectorAll('*')].filter((each) => { const style = getComputedStyle(each);
  return parseFloat(style.transitionDuration) > 0 || style.animationName !== 'none' || style.scrollBehavior === 'smooth'; }).length"""
# What the tab key can reach, and for what has the focus: which of these it is, and whether one sees it and its ring.
STOPS = """() => { window.stops = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, iframe, [tabindex]')]
  .filter((each) => each.tabIndex >= 0 && !each.disabled && each.checkVisibility({visibilityProperty: true})
    && !each.closest('dialog') && (each.type !== 'radio' || each.checked));
  document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex'); return window.stops.length; }"""
FOCUSED = """() => { const each = document.activeElement, style = getComputedStyle(each), box = each.getBoundingClientRect();
  const over = document.elementFromPoint(box.left + Math.min(box.width / 2, 20), box.top + Math.min(box.height / 2, 12));
  return {at: window.stops.indexOf(each), name: each.outerHTML.slice(0, 90),
    seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && over !== null && each.contains(over)}; }"""
MAILS = (
    "termination/01-annual-with-number",
    "termination/02-nynorsk-without-number",
    "termination/04-accountant-for-two-clients",
    "termination/09-forged",
    "otp_rights/02-scanner",
    "otp_rights/03-prose-english",
    "otp_rights/05-no-form",
    "admin_access/01-administrator-left",
    "invoice_question/01-quantity",
    "termination/12-quarterly",
)
NOT_PAGES = {
    "/",  # leads on
    "/live",
    "/mail/{mail}/html",  # the customer's words, in a frame where nothing runs, axe neither
    "/mail/{mail}/raw",
    "/mail/{mail}/file/{digest}",
    "/action/{action}/letter",  # a part of the ticket's page
    "/insight/numbers.csv",
    "/provider",
    "/provider/back",
    "/static/{name}",
}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """Every kind of ticket: as it came, clear of the gate, in doubt, asleep, merged, of another system, of last year."""
    tmp_path = tmp_path_factory.mktemp("desk")
    for made in room_in(tmp_path, *MAILS):
        source = Export(written(tmp_path / "t.json", ZAMMAD), "zammad")
        list(BringIn(made.engine, made.desk.config, source, Owner("a"), made.clock).run())
        fill_year(made.engine, 150, NOW - timedelta(hours=1), days=450)
        row = {"customer_no": "100042", "product": "Visma Global", "name": "Fjord Bygg AS", "phone": "+4722123456"}
        clear = json.dumps({GATE: CLEAR, CUSTOMER: "100042"})
        with writing(made.engine) as conn:
            conn.execute(insert(t.contract).values(**row, contacts="leder@fjordbygg-demo.no"))
            conn.execute(update(t.action).where(t.action.c.ticket_id == 6).values(facts=clear))
            conn.execute(update(t.outbox).where(t.outbox.c.ticket_id == 9).values(state="failed", error="550 no such"))
            conn.execute(update(t.outbox).where(t.outbox.c.ticket_id == 1).values(state="draft"))
        yield made


@pytest.fixture(scope="module")
def address(room: Room) -> Iterator[str]:
    with served(room) as found:
        yield found


@dataclass
class Walk:
    """A person at a browser, and what was found on the way."""

    page: Page
    room: Room
    base: str
    language: str = "nb"
    seen: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def as_(self, name: str) -> None:
        found = account(self.room.engine, name)
        assert found
        token = begin_session(self.room.engine, found.person, self.room.clock(), "Chromium")
        self.page.context.add_cookies([{"name": "desk", "value": token, "url": self.base}])

    def visit(self, path: str, heading: str = "") -> None:
        answer = self.page.goto(path)
        assert answer
        self.check(path, heading)

    def send(self, path: str, heading: str = "", **fields: str) -> None:
        """Send a form from where one is, and look at the page that comes."""
        with self.page.expect_navigation():
            self.page.evaluate(
                """([path, fields]) => { const form = document.createElement('form'); form.method = 'post';
                form.action = path; const csrf = document.querySelector('[name=csrf]');
                for (const [name, value] of Object.entries({csrf: csrf ? csrf.value : '', ...fields})) {
                const input = document.createElement('input'); input.name = name; input.value = value; form.append(input); }
                document.body.append(form); form.submit(); }""",
                [path, fields],
            )
        self.check(f"POST {path}", heading)

    def check(self, name: str, heading: str) -> None:
        page = self.page
        self.seen.add(name.partition("?")[0])
        if heading and heading not in page.locator("main").inner_text():
            self.faults.append(f"{name}: it does not say {heading!r} but {page.locator('main').inner_text()!r}")
        found = [f"{weight} bytes" for weight in [page.evaluate(WEIGHT)] if weight > 150_000]
        if page.evaluate("document.documentElement.lang") != self.language:
            found.append("it says that it is in another language than it is")
        # Everything folded is opened, so that all of it is looked at; the menu lies over other words and is opened once.
        menu = "" if name == "/account" else ":not(.menu)"
        page.evaluate(f"for (const each of document.querySelectorAll('details{menu}')) each.open = true")
        page.evaluate(AXE)
        found += [f"light: {each}" for each in page.evaluate(FINDINGS, EVERYTHING)]
        page.emulate_media(color_scheme="dark")
        found += [f"dark: {each}" for each in page.evaluate(FINDINGS, COLOURS)]
        page.emulate_media(color_scheme="light")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 640})
            wide = page.evaluate(WIDE)
            found += [f"wider than {width} pixels: {wide}"] if wide else []
        page.set_viewport_size({"width": 1280, "height": 800})
        if page.evaluate(MOVING):
            found.append("something moves where less motion was asked for")
        self.faults += [f"{name}: {each}" for each in found]


def walk(chromium: Browser, address: str, room: Room) -> Walk:
    context = chromium.new_context(
        viewport={"width": 1280, "height": 800}, reduced_motion="reduce", locale="nb-NO", base_url=address
    )
    context.set_default_timeout(15000)
    return Walk(context.new_page(), room, address)


def code_of(room: Room) -> str:
    """The code of now of who sets the second step up."""
    with room.engine.connect() as conn:
        data = json.loads(conn.execute(t.sign_in_step.select().where(t.sign_in_step.c.kind == "enrol")).all()[-1].data)
    return code_at(secret_of(room.desk.config.key, data["nonce"]), step_of(room.clock()))


def number_of(room: Room, ticket: int) -> str:
    with room.engine.connect() as conn:
        return str(conn.execute(t.ticket.select().where(t.ticket.c.id == ticket)).one().number)


def test_axe_finds_nothing_on_any_page_in_either_theme(chromium: Browser, address: str, room: Room) -> None:
    at = walk(chromium, address, room)
    outside(at, room)
    tickets(at, room)
    about_people(at, room)
    insight(at)
    at.page.context.close()
    assert at.faults == []
    missing = [
        each.path
        for each in ROUTES
        if each.method == "GET" and each.path not in NOT_PAGES
        and not any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", each.path), seen) for seen in at.seen)
    ]  # fmt: skip
    assert missing == []


def outside(at: Walk, room: Room) -> None:
    """Before one is signed in."""
    at.visit("/sign-in", "Logg inn")
    at.send("/sign-in", name="Anne", password="no such one", **{"kept.text": "x" * 50})
    at.visit("/link/none")
    add_person(room.engine, "Ny", NOW, "reader")
    found = account(room.engine, "Ny")
    assert found
    at.visit(f"/link/{make_link(room.engine, found.person, 'Ada', room.clock())}", "Ny")
    at.send(at.page.url.removeprefix(at.base), password="kort", again="kortere")


def tickets(at: Walk, room: Room) -> None:
    number = {each: number_of(room, each) for each in range(1, 12)}
    at.as_("Anne")
    at.visit("/queue")
    for view in ("mine", "unsent"):
        at.visit(f"/queue?view={view}")
    for words in ("visma", "zzzz"):
        at.visit(f"/search?q={words}")
    for ticket in (1, 2, 3, 4, 5, 6, 8, 9, 11):
        at.visit(f"/ticket/{number[ticket]}")
    at.send(f"/ticket/{number[10]}/snooze", "31.12.2026 14.30, 2t eller 3d", until="snart")
    at.send(f"/ticket/{number[10]}/snooze", until="3d")
    at.visit("/queue?view=snoozed", "Solli")
    at.visit(f"/ticket/{number[10]}", "Saken er utsatt til")
    at.send(f"/ticket/{number[1]}/merge", into=number[2])
    at.visit(f"/ticket/{number[1]}", "slått sammen med")
    at.visit("/ticket/VS-XXXX-XXXX")
    at.visit("/take-in")
    at.as_("Rita")
    at.visit(f"/ticket/{number[2]}")


def about_people(at: Walk, room: Room) -> None:
    at.as_("Ada")
    at.visit("/account")
    at.send("/account/token", name="Regneark", role="reader", days="30")
    at.send("/account/password", old="nei", password="x", again="y")
    at.visit("/account/notices")
    at.visit("/people")
    at.send("/people/add", name="Ola", role="agent")
    at.visit("/people/2")
    at.visit("/people/events")
    at.visit("/account/second-step")
    at.send("/account/second-step/begin", password="nei")
    at.send("/account/second-step/begin", password=PASSWORD)
    with at.page.expect_navigation():
        at.page.fill("#code", code_of(room))
        at.page.keyboard.press("Enter")
    at.check("recovery codes", "")
    at.page.context.clear_cookies()
    at.page.goto("/sign-in")
    at.send("/sign-in", name="Ada", password=PASSWORD)


def insight(at: Walk) -> None:
    at.as_("Anne")
    for path in ("", "/learning", "/report?month=2026-10"):
        at.visit(f"/insight{path}")
    at.page.goto("/insight/learning")
    at.visit(str(at.page.locator("a[href*='/insight/rule']").first.get_attribute("href")))


def test_the_tab_key_leads_through_everything_in_order_and_one_sees_where_one_is(
    chromium: Browser, address: str, room: Room
) -> None:
    at = walk(chromium, address, room)
    at.as_("Anne")
    at.page.set_viewport_size({"width": 1280, "height": 500})
    for path in ("/queue", f"/ticket/{number_of(room, 2)}", "/account", "/insight/learning"):
        at.page.goto(path)
        wanted = at.page.evaluate(STOPS)
        trail: list[int] = []
        for _ in range(wanted + 10):
            at.page.keyboard.press("Tab")
            found = at.page.evaluate(FOCUSED)
            # A field for a date is several stops, whose rings the browser draws within it.
            if found["at"] >= 0 and trail[-1:] != [found["at"]]:
                trail.append(found["at"])
                assert found["seen"], (path, found)
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
