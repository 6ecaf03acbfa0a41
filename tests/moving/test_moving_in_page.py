"""Every command of docs/operate/moving-in.md does what the page says, on real files and servers."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tests.docs.pages import OPERATE, commands
from tests.moving.archive import THEN, answer, mail, mbox
from tests.moving.test_exports import ZAMMAD, ZENDESK, written
from tests.servers import ready
from tests.servers.fixtures import Box
from tests.servers.registers import Page, Site, web_server
from tests.shipped import ROOT, configuration

COMMANDS = [each.text.partition(" #")[0].split()[1:] for each in commands(OPERATE / "moving-in.md")]


@pytest.fixture
def here(tmp_path: Path, box: Box) -> Path:
    """A folder with everything that the page names."""
    (tmp_path / "key").write_text(box.server.users[box.user])
    text = configuration('level = "observe"').replace(
        'port = 9\ntls = "plain"\nuser = "u"', f'port = {box.server.imap_port}\ntls = "plain"\nuser = "{box.user}"'
    )
    (tmp_path / "config.toml").write_text(text)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "zammad").write_text("t0ken\n")
    mbox(tmp_path / "Archive.mbox", mail(1))
    mbox(tmp_path / "Sent.mbox", answer(2, 1))
    for name in ("cur", "new", "tmp"):
        (tmp_path / "Maildir" / name).mkdir(parents=True)
    (tmp_path / "Maildir" / "cur" / "1:2,S").write_bytes(mail(1))
    written(tmp_path / "tickets.json", ZENDESK)
    with box.server.client(box.user) as client:
        for folder in ("Archive", "Sent"):
            client.create_folder(folder)
    for folder, each in (("INBOX", mail(1)), ("Archive", mail(3, sender="ola@other-demo.no")), ("Sent", answer(2, 1))):
        box.deliver(each.replace(b"\n", b"\r\n"), folder, THEN)
    return tmp_path


def zammad() -> Site:
    ticket = {name: value for name, value in ZAMMAD.items() if name != "articles"}
    made = Site()
    made.pages["/api/v1/tickets?expand=true&per_page=100&page=1"] = Page(json.dumps([ticket]).encode())
    made.pages["/api/v1/ticket_articles/by_ticket/7?expand=true"] = Page(json.dumps(ZAMMAD["articles"]).encode())
    return made


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_each_command_of_the_page_takes_history_in(here: Path, command: list[str]) -> None:
    with web_server(zammad()) as site:
        arguments = [site.url if each.startswith("https://") else each for each in command]
        told = ready.run(arguments, here, {**os.environ, "PYTHONPATH": str(ROOT)})
    assert told.returncode == 0, told.stderr
    assert re.search(r"  [12] new, ", told.stdout), told.stdout
    assert (here / "var" / "processor.db").exists()


def test_the_page_has_its_commands() -> None:
    assert len(COMMANDS) == 6
