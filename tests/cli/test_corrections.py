"""From a customer's mail over a person's correction to a model that was trained from it."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from processor.loading.configuration import load_config
from processor.message import Extracted
from processor.steps.work_off import work_off
from processor.store.engine import open_store
from processor.store.keep import Arrival, keep
from processor.training.dataset import labelled
from tests.cli.test_commands import ROOT
from tests.cli.test_levels import CONFIG
from tests.servers import ready
from tests.shipped import rulebook_of

NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)
TEXTS = {
    "Spørsmål": "Hei, når kan vi tidligst si opp Visma Global? Mvh Kari, Fjord Bygg AS",
    "Oppsigelse": "Vi sier opp Visma Global for Fjord Bygg AS, org.nr 328627035, fra 31.12.2027.",
    "Faktura": "Hva betyr 108 på fakturaen?",
}
LABELS = ("termination", "invoice_question", "elma_register")


def mail(subject: str, text: str) -> bytes:
    head = (
        "Received: from x by mx.kundesenter.example; Thu, 26 Nov 2026 10:00:00 +0000\r\n"
        f"From: Kari <kari@fjordbygg-demo.no>\r\nTo: oppsigelse@visma.no\r\nSubject: {subject}\r\n"
        f"Message-ID: <{len(text)}@fjordbygg-demo.no>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    return (head + text).encode()


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "key").write_text("a key")
    (tmp_path / "config.toml").write_text(CONFIG)
    config = load_config(tmp_path / "config.toml")
    engine = open_store(config.store_url)
    raws = [mail(subject, text) for subject, text in TEXTS.items()]
    keep(engine, [Arrival("a", "INBOX", 7, n, NOW, len(raw), raw) for n, raw in enumerate(raws, 1)], NOW)
    rulebook = rulebook_of(config.rules_dir, config.templates_dir, config.own_addresses)
    work_off(engine, rulebook, config, "w", lambda: NOW, lambda *_: Extracted(fault="unavailable"))
    engine.dispose()
    return tmp_path


def run(here: Path, *arguments: str, secret: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PROCESSOR_SECRET": secret}
    return ready.run(list(arguments), here, environment)


def person(here: Path, name: str) -> str:
    return run(here, "people", "add", name).stdout.split()[-1]


def ticket(here: Path, mail_id: int) -> str:
    import sqlite3

    with closing(sqlite3.connect(here / "var" / "processor.db")) as connection:
        query = "select number from ticket join mail on mail.ticket_id = ticket.id where mail.id = ?"
        return str(connection.execute(query, (mail_id,)).fetchone()[0])


def test_a_correction_becomes_a_labelled_mail_and_a_model(here: Path) -> None:
    secret = person(here, "Kari")
    told = run(here, "queue", "retype", ticket(here, 1), "termination_question", "--as", "Kari", secret=secret)
    assert told.stdout == "Recorded as termination_question.\n", told.stderr
    assert run(here, "queue", "approve", "a1", "--as", "Kari", secret=secret).returncode == 0
    assert "mail.retyped by Kari" in run(here, "queue", "show", ticket(here, 1)).stdout

    told = run(here, "corrections", "export", "judged")
    assert told.stdout.startswith("2 judged mails in judged: 1 typed by a person, the others approved as they were.")
    folder = here / "judged"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    found = {mail.main: mail for mail in labelled([folder])}
    assert set(found) == {"termination_question", "termination"}
    assert found["termination_question"].raw == mail("Spørsmål", TEXTS["Spørsmål"])
    assert found["termination"].label["why"] == "confirmed by staff"
    assert found["termination"].label["reply_ok"] is True

    chosen = [json.loads(line) for line in (ROOT / "training" / "mails_c.jsonl").read_text("utf-8").splitlines()]
    few = [line for label in LABELS for line in [each for each in chosen if each["intents"][:1] == [label]][:8]]
    (here / "few.jsonl").write_text("".join(json.dumps(line) + "\n" for line in few), "utf-8")
    rules = ("--rules", str(ROOT / "rules"))
    told = run(here, "train", "--mails", "few.jsonl", "--mails", "judged", "--out", "model.json.gz", *rules)
    assert told.returncode == 0, told.stderr
    assert f"{len(few) + 2} labelled mails" in told.stdout
    assert "termination_question" in json.loads(gzip.decompress((here / "model.json.gz").read_bytes()))["labels"]


def test_the_masked_file_names_nobody_and_is_trained_from(here: Path) -> None:
    secret = person(here, "Kari")
    for mail_id, types in (("m1", "termination_question"), ("m2", "termination")):
        assert run(here, "queue", "retype", mail_id, types, "--as", "Kari", secret=secret).returncode == 0
    told = run(here, "corrections", "masked", "judged.jsonl")
    assert told.stdout.startswith("2 judged mails, masked, in judged.jsonl."), told.stderr
    file = here / "judged.jsonl"
    assert file.stat().st_mode & 0o777 == 0o600
    assert {mail.main for mail in labelled([file])} == {"termination_question", "termination"}
    for word in ("Kari", "kari", "Fjord", "fjordbygg", "328627035"):
        assert word not in file.read_text("utf-8"), word


def test_no_masked_file_comes_into_a_repository(here: Path) -> None:
    (here / ".git").mkdir()
    told = run(here, "corrections", "masked", "judged.jsonl")
    assert told.returncode == 2
    assert "belong in none" in " ".join(told.stderr.replace("│", " ").split())
    assert not (here / "judged.jsonl").exists()
    assert run(here, "corrections", "masked", "var/judged.jsonl").returncode == 0
    assert run(here, "corrections", "masked", "var/judged.csv").returncode == 2


def test_a_second_export_has_the_last_word(here: Path) -> None:
    secret = person(here, "Kari")
    for types in (["other"], ["auto_reply"], ["termination", "invoice_question"]):
        assert run(here, "queue", "retype", "m3", *types, "--as", "Kari", secret=secret).returncode == 0
        assert run(here, "corrections", "export", "judged").returncode == 0
        (found,) = labelled([here / "judged"])
        automatic = types == ["auto_reply"]
        assert found.label["intents"] == ([] if automatic else types)
        assert found.label["auto"] == ("auto_reply" if automatic else None)
        assert found.label["reply_ok"] is not automatic


def test_a_folder_that_was_there_keeps_its_mode(here: Path) -> None:
    (here / "judged").mkdir(mode=0o755)
    (here / "judged").chmod(0o755)
    assert run(here, "corrections", "export", "judged").returncode == 0
    assert (here / "judged").stat().st_mode & 0o777 == 0o755
    assert (here / "judged" / "labels.jsonl").stat().st_mode & 0o777 == 0o600


def test_with_nothing_judged_the_folder_is_empty_of_mails(here: Path) -> None:
    told = run(here, "corrections", "export", "judged")
    assert told.stdout.startswith("0 judged mails")
    assert [file.name for file in (here / "judged").iterdir()] == ["labels.jsonl"]


@pytest.mark.parametrize(
    ("types", "said"),
    [
        (["terminaton"], "no type 'terminaton': there are"),
        (["general"], "no type 'general'"),
        (["no_action", "termination"], "no_action stands alone"),
        (["termination", "spam"], "spam stands alone"),
    ],
)
def test_what_is_no_type_is_refused(here: Path, types: list[str], said: str) -> None:
    told = run(here, "queue", "retype", "m1", *types, "--as", "Kari", secret="x")
    assert told.returncode == 2
    assert said in " ".join(told.stderr.replace("│", " ").split())


def test_without_the_right_secret_nothing_is_recorded(here: Path) -> None:
    person(here, "Kari")
    told = run(here, "queue", "retype", "m1", "other", "--as", "Kari", secret="wrong")
    assert (told.returncode, told.stderr) == (1, "Name and secret do not fit.\n")
    assert run(here, "corrections", "export", "judged").stdout.startswith("0 judged")


def test_an_unknown_ticket_and_mail_are_named(here: Path) -> None:
    secret = person(here, "Kari")
    assert "is not known" in run(here, "queue", "retype", "VS-0000-0000", "other", "--as", "Kari", secret=secret).stderr
    told = run(here, "queue", "retype", "m99", "other", "--as", "Kari", secret=secret)
    assert (told.returncode, told.stderr) == (1, "Not recorded: there is no such mail, or it is not decided.\n")
