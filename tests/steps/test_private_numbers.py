"""A national identity number and a bank account in every place of a mail stay in its raw bytes alone."""

from __future__ import annotations

import io
import json
import logging
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import docx
import pytest
from sqlalchemy import Engine, select

from processor import journal
from processor.loading.configuration import load_config
from processor.pipeline import read_and_understand, read_header
from processor.steps.work_off import work_off
from processor.store import tables as t
from processor.store.actions import reject
from processor.store.engine import open_store
from processor.store.keep import Arrival, keep
from processor.store.outbox import attempt, claim, failed
from processor.store.people import add_person, verify_person
from processor.store.queue import edit_reply
from processor.store.work import set_aside
from processor.world.confined import Confined
from tests.servers import ready
from tests.shipped import configuration, rulebook_of

ROOT = Path(__file__).parents[2]
NUMBERS = ("010190 12345", "1234.56.12345")
DIGITS = ("01019012345", "12345612345")
BOTH = " ".join(NUMBERS)
NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)
CONFIG = configuration('level = "draft"')
NOTICE = f"Hei, vi sier opp Visma Global for Fjord Bygg AS, org.nr 328627035, fra 31.12.2027. Født {BOTH}.\n\nMvh Kari {BOTH}"
FORM = (
    f"Rettigheter til å generere engangskoden\nAdministrator (navn): Kari Holm {BOTH}\nE-post: kari@fjordbygg-demo.no\n"
    f"Firma: Fjord Bygg AS {BOTH}\nOrg.nr: {NUMBERS[0]}\nDomene(r): fjordbygg-demo.no\nTelefon: {NUMBERS[1]}\nDato: 20.11.2026"
)


def filled() -> bytes:
    document = docx.Document()
    for line in FORM.splitlines():
        document.add_paragraph(line)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def mail(text: str, subject: str, attached: bytes = b"") -> bytes:
    made = EmailMessage()
    made["Received"] = f"from x by mx.kundesenter.example; {format_datetime(NOW)}"
    made["Authentication-Results"] = "mx.kundesenter.example; dmarc=pass header.from=fjordbygg-demo.no"
    made["From"] = f'"Kari {BOTH}" <kari@fjordbygg-demo.no>'
    made["Reply-To"] = f'"Kari {BOTH}" <kari@fjordbygg-demo.no>'
    made["To"] = "oppsigelse@visma.no"
    made["Date"] = format_datetime(NOW)
    made["Subject"] = f"{subject} {BOTH}"
    made["Message-ID"] = f"<{abs(hash(text + subject)) % 10**6}@fjordbygg-demo.no>"
    made.set_content(text)
    if attached:
        made.add_attachment(attached, maintype="application", subtype="octet-stream", filename=f"skjema {BOTH}.docx")
    forwarded = EmailMessage()
    forwarded["From"], forwarded["Subject"] = f'"Ola {BOTH}" <o@x-demo.no>', f"Skjema {BOTH}"
    forwarded.set_content(f"Vi vil ha faktura {BOTH} forklart.")
    made.add_attachment(forwarded)
    return made.as_bytes().replace(b"\n", b"\r\n")


MAILS = (
    mail(NOTICE, "Oppsigelse"),
    mail(FORM, "Engangskode"),
    mail("Skjema vedlagt.", "Engangskode", filled()),
    mail(f"Kundenr {NUMBERS[0]}. Hva er faktura {NUMBERS[1]}?", "Faktura"),
)


def told(text: str) -> list[str]:
    """What of the numbers stands in a text, with or without their blanks and stops."""
    squeezed = re.sub(r"[ .\-]", "", text)
    return [number for number in DIGITS if number in squeezed]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    (tmp_path / "key").write_text("a key")
    (tmp_path / "config.toml").write_text(CONFIG)
    config = load_config(tmp_path / "config.toml")
    engine = open_store(config.store_url)
    keep(engine, [Arrival("a", "INBOX", 7, n, NOW, len(raw), raw) for n, raw in enumerate(MAILS, 1)], NOW)
    rulebook = rulebook_of(config.rules_dir, config.templates_dir, config.own_addresses)
    with Confined() as files:
        work_off(engine, rulebook, config, "w", lambda: NOW, files.extract)
    yield engine
    engine.dispose()


def all_told(engine: Engine) -> dict[str, str]:
    """Every table's rows as text, but for the raw bytes."""
    with engine.connect() as conn:
        return {
            table.name: "\n".join(map(str, conn.execute(select(table)).all()))
            for table in t.metadata.sorted_tables
            if table.name not in ("raw_mail", "raw_part")
        }


def run(store: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PROCESSOR_CONFIG": str(store / "config.toml")}
    done = ready.run(list(arguments), ROOT, environment)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_nothing_but_the_raw_bytes_keeps_them(store: Engine) -> None:
    tables = all_told(store)
    assert tables["item"]
    assert tables["outbox"]
    assert "Oppsigelse •••••• •••••" in tables["ticket"]
    assert {name: told(text) for name, text in tables.items() if told(text)} == {}
    with store.connect() as conn:
        assert all(b"010190" in raw for raw in conn.execute(select(t.raw_mail.c.content)).scalars())


def test_the_queue_and_a_ticket_show_none_of_them(store: Engine, tmp_path: Path) -> None:
    with store.connect() as conn:
        numbers = conn.execute(select(t.ticket.c.number)).scalars().all()
    assert len(numbers) == len(MAILS)
    for arguments in (("list",), ("list", "--json"), *(("show", number) for number in numbers)):
        shown = run(tmp_path, "queue", *arguments)
        assert shown
        assert told(shown) == []


def test_a_search_for_one_finds_nothing(store: Engine) -> None:
    from processor.store.queue import queue

    assert queue(store, search="Oppsigelse")
    assert queue(store, search=NUMBERS[0]) == []


@pytest.mark.parametrize("how", [(), ("--json",), ("--brief",)])
def test_explain_shows_none_of_them(tmp_path: Path, how: tuple[str, ...]) -> None:
    for number, raw in enumerate(MAILS):
        (tmp_path / f"{number}.eml").write_bytes(raw)
    shown = run(tmp_path, "explain", *how, "--authserv-id", "mx.kundesenter.example", str(tmp_path))
    assert "••" in shown
    assert told(shown) == []


def test_the_mail_behind_the_pipeline_has_none_of_them() -> None:
    rulebook = rulebook_of(ROOT / "rules", ROOT / "templates")
    with Confined() as files:
        found = [(raw, read_and_understand(raw, rulebook, files.extract)) for raw in MAILS]
    for raw, read in found:
        attachments = [(each.filename, each.extracted and each.extracted.text) for each in read.message.attachments]
        shown = read.message, read.message.attached, attachments, read.understanding
        assert told(repr(shown)) == []
        assert read.message.subject.endswith("•••••• ••••• ••••.••.•••••")
        assert told(repr(read_header(raw))) == []


def test_what_people_and_servers_write_about_it_is_masked_too(store: Engine) -> None:
    person = verify_person(store, "Kari", add_person(store, "Kari", NOW))
    assert person
    with store.connect() as conn:
        actions = conn.execute(select(t.action.c.id)).scalars().all()
        drafts = conn.execute(select(t.outbox.c.id).where(t.outbox.c.state == "draft")).scalars().all()
        mail_id = conn.execute(select(t.mail.c.id)).scalars().first()
    assert reject(store, actions[0], person, f"fnr {BOTH}", NOW).ok
    assert edit_reply(store, drafts[0], f"Svar {BOTH}", f"Du er {BOTH}.", person, NOW)
    from processor.store.queue import approve_reply, cancel_reply

    assert approve_reply(store, drafts[0], person, NOW)
    (leaving,) = claim(store, "w", 5, NOW, 60)
    assert attempt(store, leaving.id, leaving.fence, "h", NOW)
    assert failed(store, leaving.id, leaving.fence, f"550 no {BOTH}", NOW)
    assert cancel_reply(store, drafts[1], person, NOW, f"fnr {BOTH}")
    keep(store, [Arrival("a", "INBOX", 7, 99, NOW, 5, b"a\r\n\r\nb")], NOW + timedelta(1))
    assert mail_id is not None
    with store.connect() as conn:
        last = conn.execute(select(t.mail.c.id).order_by(t.mail.c.id.desc())).scalars().first()
    assert set_aside(store, last or 0, f"ValueError: {BOTH}", NOW)
    assert {name: told(text) for name, text in all_told(store).items() if told(text)} == {}


def test_the_log_has_none_of_them(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "processor"):
        journal.rules_refused([f"a {BOTH}"])
        try:
            raise ValueError(f"invalid literal {BOTH}")
        except ValueError as error:
            journal.step_failed("deciding", error)
    lines = [journal.OneLine().format(record) for record in caplog.records]
    assert [json.loads(line)["event"] for line in lines] == ["rules refused, the old ones stay", "step failed"]
    plain = [journal.Plain().format(record) for record in caplog.records]
    assert plain[0].startswith("rules refused, the old ones stay: problems ")
    assert told("".join([*lines, *plain])) == []
