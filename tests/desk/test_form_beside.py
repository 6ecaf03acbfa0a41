"""Where an attached form and its mail differ, both stand beside each other (threats T24)."""

from __future__ import annotations

import re
from pathlib import Path

from processor.steps.work_off import work_off
from processor.store import tables as t
from processor.store.keep import Arrival, keep
from processor.world.confined import Confined
from tests.desk.conftest import MAILS, Room, room_in
from tests.shipped import rulebook_of
from tests.store.made import NOW, column

EML = (MAILS / "otp_rights" / "01-form-docx.eml").read_bytes()
SAID = b"for engangskoder til org.nr 974 760 673.\n"


def taken(room: Room, raw: bytes) -> str:
    keep(room.engine, [Arrival("a", "INBOX", 7, 1, NOW, len(raw), raw)], NOW)
    config = room.desk.config
    with Confined() as files:
        rules = rulebook_of(config.rules_dir, config.templates_dir, config.own_addresses)
        work_off(room.engine, rules, config, "w", room.clock, files.extract)
    return str(column(room.engine, t.ticket.c.number)[0])


def test_T24_form_and_mail_stand_beside_each_other_and_what_differs_is_marked(tmp_path: Path) -> None:
    (room,) = [next(room_in(tmp_path))]
    raw = EML.replace(b"for engangskoder.\n", SAID, 1).replace(b"for engangskoder.\r\n", SAID, 1)
    assert raw != EML
    page = room.sign_in().get(f"/ticket/{taken(room, raw)}")
    rows = {
        name: (form, mail)
        for name, form, mail in re.findall(
            r'<tr class="differs"><th scope="row">([^<]*)</th><td>([^<]*)</td><td>([^<]*)', page
        )
    }
    assert rows["Org. no."][0].replace(" ", "") == "338566174"
    assert rows["Org. no."][1].replace(" ", "").startswith("974760673")
    assert "not the same" in page
    room.engine.dispose()
