"""Draw the desk's pictures: ``python docs/desk_pictures.py`` writes docs/desk_*.png from the shipped demo mails:
queue, tickets (a notice, a form for codes, one in doubt) and insight, each in both languages and themes.

Needs what the tests need: Debian's Chromium and Playwright.  The clock stands still, so the pictures change when
the pages do.
"""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import tempfile
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import uvicorn
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from processor.config import Config
from processor.demo.smtpd import AUTHSERV_ID, stamp
from processor.desk.app import build
from processor.desk.asking import Desk
from processor.desk.demo_users import DEMO_USERS, make_demo_users
from processor.desk.door import listen
from processor.loading.configuration import load_config
from processor.loading.rules import load_rulebook
from processor.reading.read import read
from processor.steps.contracts import take_contracts
from processor.steps.work_off import work_off
from processor.store.engine import open_store
from processor.store.keep import Arrival, keep
from processor.store.search import unindexed
from processor.world.confined import Confined
from tests.desk.year import fill_year

ROOT = Path(__file__).parent.parent
CAME = datetime(2026, 8, 18, 8, 2, tzinfo=UTC)
NOW = datetime(2026, 8, 18, 9, 30, tzinfo=UTC)
CONTRACTS = """customer_no;org_no;name;domains;product;family;type;signed;invoiced_to
100042;328627035;Fjord Bygg AS;fjordbygg-demo.no;Visma Global;;A;01.01.2019;31.12.2026
"""
NOTICE = """From: Kari Holm <kari@fjordbygg-demo.no>
To: oppsigelse@visma.no
Subject: Oppsigelse av Visma Global
Content-Type: text/plain; charset=utf-8

Hei,

Vi sier opp Visma Global fra 31.12.2026. Org.nr 328627035.

Mvh
Kari Holm
Fjord Bygg AS
"""
COLOURS = 256
LANGUAGES = {"nb": "nb-NO", "en": "en-GB"}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
CONFIG = """
[company]
key = {{ file = "key" }}
own_addresses = ["oppsigelse@visma.no", "skysupport@visma.com"]
authserv_ids = ["{authserv}"]
[rules]
rules = "{root}/rules"
templates = "{root}/templates"
[contracts]
path = "contracts.csv"
[answers]
level = "automatic"
[smtp]
host = "127.0.0.1"
port = 9
tls = "plain"
from_address = "oppsigelse@visma.no"
[[mailbox]]
name = "oppsigelse"
purpose = "termination"
host = "127.0.0.1"
port = 9
tls = "plain"
user = "u"
password = {{ file = "key" }}
"""


def main() -> None:
    """Take the mails in, serve the desk on loopback, and look at it in both themes and languages."""
    with tempfile.TemporaryDirectory() as folder:
        desk = furnished(Path(folder))
        listening = listen(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(build(desk), ws="none", lifespan="off", log_config=None))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
        thread.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            look(address, desk)
        finally:
            desk.ended.set()
            server.should_exit = True
            thread.join()
        desk.engine.dispose()


def look(address: str, desk: Desk) -> None:
    """Every picture."""
    with sync_playwright() as play:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = play.chromium.launch(executable_path=chromium, args=arguments)
        looks = [(language, theme) for language in LANGUAGES for theme in THEMES]
        for language, theme in looks:
            draw(browser, address, language, theme)
        # Last, since a year of tickets would fill the queue.
        fill_year(desk.engine, 2500, CAME, days=460)
        for language, theme in looks:
            draw_insight(browser, address, language, theme)
        browser.close()


def furnished(folder: Path) -> Desk:
    """A desk over a store with the demo mails and one contract."""
    (folder / "key").write_text("only for pictures, long enough", encoding="ascii")
    (folder / "contracts.csv").write_text(CONTRACTS, encoding="utf-8")
    (folder / "config.toml").write_text(CONFIG.format(root=ROOT.as_posix(), authserv=AUTHSERV_ID), encoding="utf-8")
    loaded = load_config(folder / "config.toml")
    config = replace(loaded, desk=replace(loaded.desk, demo=True))
    engine = open_store(config.store_url)
    take_contracts(engine, config, CAME)
    keep(engine, arrivals(config), CAME)
    rulebook = load_rulebook(config.rules_dir, config.templates_dir, config.own_addresses)
    files = Confined()
    while work_off(engine, rulebook, config, "pictures", lambda: CAME, files.extract)[0]:
        pass
    files.close()
    make_demo_users(engine, CAME)
    desk = Desk(engine, config, lambda: NOW)
    # As the desk's own process does: a search takes in the newest alone.
    threading.Thread(target=desk.indexing.keep_on, args=(desk.ended,), daemon=True).start()
    while unindexed(engine, 1, arrived=False):
        time.sleep(0.05)
    return desk


def arrivals(config: Config) -> list[Arrival]:
    """The mails as they would lie in the mailbox."""
    files = sorted((ROOT / "processor" / "demo" / "mails").glob("*.eml"))
    mails = [NOTICE.replace("\n", "\r\n").encode(), *(path.read_bytes() for path in files)]
    found = []
    for uid, raw in enumerate(mails, 1):
        sender = read(raw).sender
        came = stamp(raw, sender.spec if sender else "", CAME, uid)
        found.append(Arrival(config.mailboxes[0].name, "INBOX", 7, uid, CAME, len(came), came))
    return found


def page_of(browser: Browser, address: str, language: str, theme: Literal["light", "dark"], height: int) -> Page:
    """A browser of its own, at the page where one signs in."""
    context = browser.new_context(
        viewport={"width": 1280, "height": height},
        color_scheme=theme,
        reduced_motion="reduce",
        locale=LANGUAGES[language],
        base_url=address,
    )
    page = context.new_page()
    page.goto("/")
    return page


def sign_in(page: Page) -> None:
    """As the first of the demo's people."""
    page.get_by_role("button", name=DEMO_USERS[0][0]).click()
    page.wait_for_url(lambda url: "sign-in" not in url)


def draw(browser: Browser, address: str, language: str, theme: Literal["light", "dark"]) -> None:
    """The pictures of one language and theme."""
    page = page_of(browser, address, language, theme, 760)
    if (language, theme) == ("nb", "light"):
        keep_picture(page, "sign_in", language, theme)
    sign_in(page)
    keep_picture(page, "queue", language, theme)
    for name, search in (("termination", "fjordbygg-demo"), ("otp", "fjordlast"), ("review", "haugen elektro")):
        page.goto(f"/search?q={search}")
        page.locator("[data-rows] .open").first.click()
        page.wait_for_url("**/ticket/**")
        keep_picture(page, name, language, theme)
    page.context.close()


def draw_insight(browser: Browser, address: str, language: str, theme: Literal["light", "dark"]) -> None:
    """Insight, over a year that was made up."""
    page = page_of(browser, address, language, theme, 1180)
    sign_in(page)
    page.goto("/insight")
    keep_picture(page, "insight", language, theme)
    page.context.close()


def keep_picture(page: Page, name: str, language: str, theme: str) -> None:
    """What the page shows, without the rest of its length, in the colours it has most of: a third of the bytes."""
    shown = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    pixels = list(zip(*[iter(shown.tobytes())] * 3, strict=True))
    counted = Counter(pixels)
    often = [colour for colour, _ in counted.most_common(COLOURS)]
    place = {each: min((distance(one, each), at) for at, one in enumerate(often))[1] for each in counted}
    few = Image.frombytes("P", shown.size, bytes(place[each] for each in pixels))
    few.putpalette([part for colour in often for part in colour])
    few.save(ROOT / "docs" / f"desk_{name}_{language}_{theme}.png", optimize=True)


def distance(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    """How far two colours are apart, 0 for the same."""
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


if __name__ == "__main__":
    main()
