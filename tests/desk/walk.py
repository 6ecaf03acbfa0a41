"""A walk through every page of the desk in a real Chromium, in every state that a page has: who looks says what for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from playwright.sync_api import Browser, Page
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
from tests.desk.year import fill_year
from tests.moving.test_exports import ZAMMAD, written
from tests.store.made import NOW

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


def furnished(folder: Path) -> Iterator[Room]:
    """Every kind of ticket: as it came, clear of the gate, in doubt, asleep, merged, of another system, of last year."""
    for made in room_in(folder, *MAILS):
        source = Export(written(folder / "t.json", ZAMMAD), "zammad")
        list(BringIn(made.engine, made.desk.config, source, Owner("a"), made.clock).run())
        # The newest alone are made searchable by a search, and those of the year behind have no words.
        made.desk.indexing.take_newest()
        fill_year(made.engine, 150, NOW - timedelta(hours=1), days=450)
        row = {"customer_no": "100042", "product": "Visma Global", "name": "Fjord Bygg AS", "phone": "+4722123456"}
        clear = json.dumps({GATE: CLEAR, CUSTOMER: "100042"})
        with writing(made.engine) as conn:
            conn.execute(insert(t.contract).values(**row, contacts="leder@fjordbygg-demo.no"))
            conn.execute(update(t.action).where(t.action.c.ticket_id == 6).values(facts=clear))
            conn.execute(update(t.outbox).where(t.outbox.c.ticket_id == 9).values(state="failed", error="550 no such"))
            conn.execute(update(t.outbox).where(t.outbox.c.ticket_id == 1).values(state="draft"))
        yield made


@dataclass
class Walk:
    """A person at a browser, and what was found on the way."""

    page: Page
    room: Room
    base: str
    look: Callable[[Walk, str], None]
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

    def check(self, name: str, heading: str = "") -> None:
        """Look at the page where one is; ``heading`` is what it must say in Norwegian."""
        self.seen.add(name.partition("?")[0])
        said = self.page.locator("main").inner_text()
        if heading and self.language == "nb" and heading not in said:
            self.faults.append(f"{name}: it does not say {heading!r} but {said!r}")
        if self.page.evaluate("document.documentElement.lang") != self.language:
            self.faults.append(f"{name}: it says that it is in another language than it is")
        self.look(self, name)


def walk(
    chromium: Browser,
    address: str,
    room: Room,
    look: Callable[[Walk, str], None] = lambda *_: None,
    language: str = "nb",
) -> Walk:
    """A walk from the beginning, in a browser of its own that asks for less motion."""
    context = chromium.new_context(
        viewport={"width": 1280, "height": 800},
        reduced_motion="reduce",
        locale={"nb": "nb-NO", "en": "en-GB"}[language],
        base_url=address,
    )
    context.set_default_timeout(30000)
    return Walk(context.new_page(), room, address, look, language)


def unfold(page: Page) -> None:
    """Open everything folded, so that all of it is looked at; a menu lies over other words and is opened by itself."""
    page.evaluate("for (const each of document.querySelectorAll('details:not(.menu)')) each.open = true")


def everywhere(at: Walk) -> None:
    """Every page, and what opens on them."""
    outside(at)
    tickets(at)
    opened(at)
    refused(at)
    about_people(at)
    insight(at)


def unseen(at: Walk) -> list[str]:
    """The pages that were not looked at."""
    return [
        each.path
        for each in ROUTES
        if each.method == "GET" and each.path not in NOT_PAGES
        and not any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", each.path), seen) for seen in at.seen)
    ]  # fmt: skip


def code_of(room: Room) -> str:
    """The code of now of who sets the second step up."""
    with room.engine.connect() as conn:
        data = json.loads(conn.execute(t.sign_in_step.select().where(t.sign_in_step.c.kind == "enrol")).all()[-1].data)
    return code_at(secret_of(room.desk.config.key, data["nonce"]), step_of(room.clock()))


def number_of(room: Room, ticket: int) -> str:
    with room.engine.connect() as conn:
        return str(conn.execute(t.ticket.select().where(t.ticket.c.id == ticket)).one().number)


def outside(at: Walk) -> None:
    """Before one is signed in."""
    at.visit("/sign-in", "Logg inn")
    at.send("/sign-in", name="Anne", password="no such one", **{"kept.text": "x" * 50})
    # A dead session in mid-edit: what was written is kept, and sent by the person alone.
    at.send("/sign-in", "Det du skrev", name="Anne", password=PASSWORD, to="/queue", **{"kept.text": "x" * 50})
    at.page.context.clear_cookies()
    settings = at.room.desk.config
    at.room.desk.config = replace(settings, desk=replace(settings.desk, demo=True))
    at.visit("/sign-in", "demoen")
    at.room.desk.config = settings
    at.visit("/link/none")
    add_person(at.room.engine, "Ny", NOW, "reader")
    found = account(at.room.engine, "Ny")
    assert found
    at.visit(f"/link/{make_link(at.room.engine, found.person, 'Ada', at.room.clock())}", "Ny")
    at.send(at.page.url.removeprefix(at.base), password="kort", again="kortere")


def tickets(at: Walk) -> None:
    number = {each: number_of(at.room, each) for each in range(1, 12)}
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
    at.visit("/take-in")
    at.as_("Rita")
    at.visit(f"/ticket/{number[2]}")


def opened(at: Walk) -> None:
    """What lies over a page: the menu, all keys, the palette with what it found, and what is new."""
    at.as_("Anne")
    at.page.goto("/queue")
    at.page.locator(".menu summary").click()
    at.check("the menu")
    at.page.goto("/queue")
    at.page.keyboard.press("?")
    at.check("all keys")
    at.page.keyboard.press("Escape")
    at.page.keyboard.press("Control+k")
    at.page.keyboard.type("k")
    at.check("the palette")
    at.page.keyboard.press("Escape")
    at.page.keyboard.press("x")
    at.check("marked rows")
    at.page.goto(f"/ticket/{number_of(at.room, 3)}")
    at.page.keyboard.press("/")
    at.page.keyboard.type("visma")
    at.page.locator("#found .open").first.wait_for()
    at.check("found while typing")


def refused(at: Walk) -> None:
    """What a page says when there is none, when one may not, and when something failed."""
    at.as_("Anne")
    at.visit("/ticket/VS-XXXX-XXXX")
    at.page.goto("/people")
    at.check("not allowed")
    with patch("processor.desk.queue_pages.queue_page.page", side_effect=OSError("on purpose")):
        at.page.goto("/queue")
        at.check("something failed")
    at.visit(f"/ticket/{number_of(at.room, 3)}")
    at.send(f"/ticket/{number_of(at.room, 3)}/note", text="")


def about_people(at: Walk) -> None:
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
        at.page.fill("#code", code_of(at.room))
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
