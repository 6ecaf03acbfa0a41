"""Mails with files are shown to a real virus scanner before anyone can open one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import pytest

from processor.config import ScanSettings
from processor.desk.asking import Desk, Refusal
from processor.desk.mail_pages import files_of, refuse_infected
from processor.loading.configuration import load_config
from processor.loading.problems import Refused
from processor.message import Extracted
from processor.scan import Scan
from processor.steps.scanning import Scanner
from processor.steps.work_off import Decided, work_off
from processor.store.keep import Arrival, keep
from processor.store.past import past_mails
from processor.world.clamd import scan
from processor.world.probing_files import EICAR, probe_scanner
from tests.servers.clamav import STREAM, clamd
from tests.steps.talk import CONFIG, NOW, Talk, talk

SILENT = ScanSettings("/nowhere/clamd.ctl", 1.0)


@pytest.fixture(scope="module")
def scanner() -> Iterator[ScanSettings]:
    # A socket's path holds a hundred characters, and pytest's folders have more.
    folder = Path(tempfile.mkdtemp())
    try:
        with clamd(folder) as settings:
            yield settings
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Talk]:
    made = talk(tmp_path)
    yield made
    made.engine.dispose()


def letter(content: bytes) -> bytes:
    made = EmailMessage()
    made["Received"] = f"from x by mx.kundesenter.example; {format_datetime(NOW)}"
    made["Authentication-Results"] = "mx.kundesenter.example; dmarc=pass header.from=fjordbygg-demo.no"
    made["Date"], made["Message-ID"] = format_datetime(NOW), f"<{len(content)}@fjordbygg-demo.no>"
    made["From"], made["To"] = "Kari Holm <kari@fjordbygg-demo.no>", "oppsigelse@visma.no"
    made["Subject"] = "Oppsigelse"
    made.set_content("Vi sier opp Visma Global fra 31.12.2027.\n\nKari Holm\nFjord Bygg AS, org.nr 328627035\n")
    if content:
        made.add_attachment(content, maintype="text", subtype="csv", filename="brukere.csv")
    return made.as_bytes()


def decided(here: Talk, content: bytes, settings: ScanSettings) -> Decided:
    raw = letter(content)
    here.uid += 1
    keep(here.engine, [Arrival("a", "INBOX", 1, here.uid, NOW, len(raw), raw)], here.now)
    road = (here.engine, here.rulebook, here.config, "w", lambda: here.now, lambda *_: Extracted())
    _, (found,) = work_off(*road, scan=Scanner(settings).of)
    return found


def give_out(here: Talk, found: Decided, settings: ScanSettings) -> None:
    number = found.pending.mail_id
    (stored,) = past_mails(here.engine, number, number, None)
    desk = Desk(here.engine, replace(here.config, scan=settings), lambda: datetime.now(UTC))
    refuse_infected(desk, stored, files_of(stored.raw or b"")[0].content)


def test_T60_an_infected_mail_is_held_and_its_files_are_not_given_out(here: Talk, scanner: ScanSettings) -> None:
    found = decided(here, EICAR, scanner)
    assert found.decision.outcome == "review"
    assert found.decision.reply
    assert found.decision.reply.template == "general/received"
    assert any("virus scanner found something" in each for each in found.decision.because)
    assert [action.kind for action in found.decision.actions] == ["register_termination"]
    # What was found stands, also when the scanner is taken away.
    for settings in (scanner, SILENT, ScanSettings()):
        with pytest.raises(Refusal, match="found something"):
            give_out(here, found, settings)


def test_a_clean_mail_is_answered_and_its_files_are_scanned_again_when_opened(
    here: Talk, scanner: ScanSettings
) -> None:
    found = decided(here, b"navn;epost\n", scanner)
    assert (found.decision.outcome, found.context.scan) == ("answer", Scan("clean"))
    give_out(here, found, scanner)
    give_out(here, found, ScanSettings())


def test_T60_while_the_scanner_is_silent_no_file_is_given_out(here: Talk, scanner: ScanSettings) -> None:
    found = decided(here, b"navn;epost\n", SILENT)
    assert found.decision.outcome == "review"
    assert any("did not look at the mail's files" in each for each in found.decision.because)
    with pytest.raises(Refusal, match="until it does"):
        give_out(here, found, SILENT)
    give_out(here, found, scanner)


def test_mail_without_files_and_a_house_without_a_scanner_wait_for_nobody(here: Talk) -> None:
    assert decided(here, b"", SILENT).context.scan == Scan()
    unscanned = decided(here, b"navn;epost\n", ScanSettings())
    assert (unscanned.decision.outcome, unscanned.context.scan) == ("answer", Scan())


def test_what_is_longer_than_the_scanner_takes_is_said_so_and_the_next_is_still_scanned(scanner: ScanSettings) -> None:
    long = b"x" * (4 * STREAM)
    assert scan(scanner, long).state == "not_scanned"
    assert scan(scanner, EICAR) == Scan("infected", "Eicar-Test-Signature.UNOFFICIAL")


def test_doctor_tells_a_silent_scanner_from_one_that_knows_nothing(scanner: ScanSettings) -> None:
    assert probe_scanner(ScanSettings()) == []
    assert [each.ok for each in probe_scanner(scanner)] == [True]
    (silent,) = probe_scanner(SILENT)
    assert not silent.ok
    assert "does not answer" in silent.what


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('clamd = "clamd.ctl"', "whole path or host:port"),
        ('clamd = "/run/clamd.ctl"\ntimeout = 600', "60 seconds at most"),
        ('socket = "/run/clamd.ctl"', "knows no 'socket'"),
    ],
)
def test_a_wrong_table_is_refused_with_its_line(table: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a key")
    path = tmp_path / "config.toml"
    path.write_text(f"{CONFIG}\n[scan]\n{table}\n")
    with pytest.raises(Refused) as refused:
        load_config(path)
    assert said in "\n".join(map(str, refused.value.problems))
    assert all(problem.line for problem in refused.value.problems)
