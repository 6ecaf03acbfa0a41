"""Draw the desk's pictures: ``python docs/desk_pictures.py`` writes docs/desk_*.png from the shipped demo mails.

Needs what the tests need: Debian's Chromium and Playwright.  The clock stands still, so the pictures change when
the pages do.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import uvicorn
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
        with sync_playwright() as play:
            chromium = shutil.which("chromium") or shutil.which("chromium-browser")
            arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = play.chromium.launch(executable_path=chromium, args=arguments)
            draw(browser, address, "light", "nb-NO")
            draw(browser, address, "dark", "en-GB")
            # Last, since a year of tickets would fill the queue.
            fill_year(desk.engine, 2500, CAME, days=460)
            draw_insight(browser, address, "light", "nb-NO")
            draw_insight(browser, address, "dark", "en-GB")
            browser.close()
        server.should_exit = True
        thread.join()
        desk.engine.dispose()


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
    return Desk(engine, config, lambda: NOW)


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


def draw(browser: Browser, address: str, theme: str, locale: str) -> None:
    """The pictures of one theme and language."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 760},
        color_scheme="dark" if theme == "dark" else "light",
        locale=locale,
        base_url=address,
    )
    page = context.new_page()
    page.goto("/")
    keep_picture(page, "sign_in", theme)
    page.get_by_role("button", name=DEMO_USERS[0][0]).click()
    page.wait_for_url(lambda url: "sign-in" not in url)
    keep_picture(page, "queue", theme)
    for name, search in (("ticket", "fjordbygg-demo"), ("otp", "fjordlast")):
        page.goto(f"/search?q={search}")
        page.locator("[data-rows] .open").first.click()
        page.wait_for_url("**/ticket/**")
        keep_picture(page, name, theme)
    context.close()


def draw_insight(browser: Browser, address: str, theme: Literal["light", "dark"], locale: str) -> None:
    """Insight, over a year that was made up."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 1180}, color_scheme=theme, locale=locale, base_url=address
    )
    page = context.new_page()
    page.goto("/")
    page.get_by_role("button", name=DEMO_USERS[0][0]).click()
    page.wait_for_url(lambda url: "sign-in" not in url)
    page.goto("/insight")
    keep_picture(page, "insight", theme)
    context.close()


def keep_picture(page: Page, name: str, theme: str) -> None:
    """What the page shows, without the rest of its length."""
    page.screenshot(path=ROOT / "docs" / f"desk_{name}_{theme}.png")


if __name__ == "__main__":
    main()
