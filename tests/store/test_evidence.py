"""A ticket's export stands alone: a shell and sha256sum check it, and see every change."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete

from processor.evidence.files import files, pack
from processor.store import tables as t
from processor.store.dossier import dossier
from processor.store.keep import keep
from processor.store.outbox import attempt, claim, sent
from processor.store.people import Person
from processor.store.queue import approve
from processor.store.record import record
from processor.store.seals import last_seal, seal_all
from processor.store.transaction import writing
from tests.store.made import LATER, NOW, arrival, made, recorded

RAW = (
    b"Received: from mail.fjordbygg-demo.no by mx.firma.no; Thu, 26 Nov 2026 09:59:58 +0000\r\n"
    b"Authentication-Results: mx.firma.no; dmarc=pass\r\n"
    b"From: =?utf-8?q?K=C3=A5re?= <kari@fjordbygg-demo.no>\r\n"
    b"Subject: =?utf-8?q?Oppsigelse_=E2=80=AEx?= <script>alert(1)</script>\r\n\r\n"
    b"Vi sier opp.\r\n"
)
SENT = "250 2.0.0 queued as 4XYZ"


def ticket(engine: Engine) -> str:
    (kept,) = keep(engine, [arrival(1, RAW, internaldate=NOW - timedelta(seconds=2))], NOW)
    (done,) = record(engine, [made(kept.mail_id, 1)])
    (row,) = claim(engine, "w", 5, NOW, 900)
    assert attempt(engine, row.id, row.fence, "smtp.firma.no", NOW)
    assert sent(engine, row.id, row.fence, SENT, LATER)
    return done.ticket_no


def export(engine: Engine, number: str, room: Path) -> Path:
    """The export unpacked as a person unpacks it."""
    found = dossier(engine, number)
    assert found
    file = io.BytesIO()
    pack(files(found, "1.0", LATER), file, number)
    zipfile.ZipFile(file).extractall(room)
    return room / number


def check(folder: Path, *digest: str) -> tuple[int, str]:
    told = subprocess.run(["sh", "check.sh", *digest], cwd=folder, capture_output=True, text=True, timeout=60)
    return told.returncode, told.stdout + told.stderr


def test_a_shell_and_sha256sum_check_it(engine: Engine, kari: Person, tmp_path: Path) -> None:
    number = ticket(engine)
    seal_all(engine, NOW)
    anchor = last_seal(engine).digest
    for n in range(2, 12):
        recorded(engine, n)
        seal_all(engine, LATER)
    approve(engine, 1, kari, LATER)
    seal_all(engine, LATER)
    folder = export(engine, number, tmp_path)
    plain = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True)
    assert (plain.returncode, plain.stdout.count(": OK")) == (0, len(list(folder.rglob("*.*"))))
    status, said = check(folder)
    assert (status, said) == (0, "mails/m1.eml is the mail that was kept.\nAll is as it was sealed.\n")
    assert check(folder, anchor)[1].splitlines()[-2] == "The digest is that of seal 1."
    assert check(folder, "0" * 64)[0] == 1
    assert len((folder / "chain" / "heads.txt").read_text().splitlines()) < 12


def test_its_first_page_is_the_proof_of_arrival(engine: Engine, tmp_path: Path) -> None:
    number = ticket(engine)
    seal_all(engine, LATER)
    folder = export(engine, number, tmp_path)
    text = (folder / "arrival.txt").read_text()
    assert "Arrived at the mail server: 26.11.2026 kl. 10.59.58 (Oslo), 2026-11-26T09:59:58+00:00" in text
    assert "Kept by this program: 26.11.2026 kl. 11.00.00 (Oslo)" in text
    assert "Topmost Received field: from mail.fjordbygg-demo.no by mx.firma.no" in text
    assert "in seal 1, made 2026-11-26T10:10:00+00:00" in text
    page = (folder / "index.html").read_text()
    first, _, rest = page.partition("<section class='next'>")
    assert "10.59.58 (Oslo)" in first
    assert "termination/notice" in rest
    assert SENT in rest
    assert "<script" not in page
    assert "\u202e" not in page
    assert "Kåre" in page


def test_what_was_decided_and_sent_is_in_it_with_its_versions(engine: Engine, tmp_path: Path) -> None:
    folder = export(engine, ticket(engine), tmp_path)
    assert (folder / "mails" / "m1.eml").read_bytes() == RAW
    (decision,) = (folder / "decisions").iterdir()
    told = json.loads(decision.read_text())
    assert (told["rules"], told["model"], told["decision"]["rule"]) == ("r1", "m1", "termination/notice")
    reply = json.loads((folder / "replies" / "r1.json").read_text())
    assert [(each["host"], each["response"]) for each in reply["attempts"]] == [("smtp.firma.no", SENT)]
    assert reply["words_sealed_in_events"] == [told["event"]]
    assert "judged as proven" in (folder / "mails" / "m1.authenticity.txt").read_text()
    assert "dmarc=pass" in (folder / "mails" / "m1.authenticity.txt").read_text()
    assert "is not sealed yet" in check(folder)[1]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mails/m1.eml", "mails/m1.eml is not the mail that was kept."),
        ("events/2.json", "Event 2 is not the one that was sealed."),
        ("events/3.text", "The text of event 3 was changed."),
        ("chain/list-1.txt", "The list of seal 1 was changed."),
        ("chain/heads.txt", "seal 2 does not hold the seal before it."),
    ],
)
def test_every_change_is_seen_even_with_sums_made_anew(
    engine: Engine, kari: Person, tmp_path: Path, name: str, said: str
) -> None:
    number = ticket(engine)
    seal_all(engine, NOW)
    approve(engine, 1, kari, LATER)
    seal_all(engine, LATER)
    folder = export(engine, number, tmp_path)
    path = folder / name
    path.write_bytes(path.read_bytes().replace(b"0", b"1", 1).replace(b"opp", b"opq", 1))
    assert "SHA256SUMS" in check(folder)[1]
    subprocess.run("sha256sum $(find . -type f ! -name SHA256SUMS) > SHA256SUMS", shell=True, cwd=folder, check=True)
    status, told = check(folder)
    assert status == 1
    assert said in told


def test_an_erased_mail_leaves_an_export_that_still_checks(engine: Engine, tmp_path: Path) -> None:
    number = ticket(engine)
    seal_all(engine, NOW)
    with writing(engine) as conn:
        conn.execute(delete(t.raw_mail))
        conn.execute(delete(t.event_text))
    folder = export(engine, number, tmp_path)
    assert check(folder) == (0, "All is as it was sealed.\n")
    assert "Bytes: erased" in (folder / "arrival.txt").read_text()
    assert not (folder / "mails" / "m1.eml").exists()


def test_an_unknown_ticket_has_none(engine: Engine) -> None:
    assert dossier(engine, "VS-0000-NONE") is None
