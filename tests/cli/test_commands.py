"""The commands as an operator meets them: help, refusals with file and line, explain, init."""

from __future__ import annotations

import json
import mailbox
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import ready

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "tests" / "mails" / "termination" / "02-nynorsk-without-number.eml"


def run(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return ready.run(list(arguments), cwd, {**os.environ, "PYTHONPATH": str(ROOT)})


def test_help_names_every_command_and_gives_examples() -> None:
    told = run("--help")
    assert told.returncode == 0
    for name in (
        "run",
        "once",
        "explain",
        "replay",
        "check",
        "doctor",
        "queue",
        "people",
        "init",
        "demo",
        "stop-answers",
        "levels",
    ):
        assert name in told.stdout
    assert "Example: processor queue approve a7 --as Kari" in run("queue", "approve", "--help").stdout


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom processor.cli.main import app\n"
        "heavy = {'sqlalchemy', 'sqlmodel', 'jinja2', 'imapclient', 'mailparser', 'apscheduler', 'cel_expr_python', 'pypdf'}\n"
        "print(sorted(heavy & {name.split('.')[0] for name in sys.modules}))"
    )
    told = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert told.stdout.strip() == "[]", told.stderr


def test_run_without_a_configuration_names_the_path_and_exits_2(tmp_path: Path) -> None:
    told = run("run", cwd=tmp_path)
    assert told.returncode == 2
    assert f"No configuration at {tmp_path / 'config.toml'}." in told.stderr


def test_explain_names_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    told = run("explain", "nothing.eml", cwd=tmp_path)
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr == "nothing.eml: cannot be read.\n"


def test_init_writes_what_check_accepts_once_the_password_is_there(tmp_path: Path) -> None:
    answers = ("--host", "imap.firma.no", "--smtp-host", "smtp.firma.no", "--address", "oppsigelse@firma.no")
    assert run("init", *answers, cwd=tmp_path).returncode == 0
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "secrets" / "key").stat().st_mode & 0o777 == 0o600
    empty = run("check", cwd=tmp_path)
    assert empty.returncode == 2
    assert "mailbox is empty" in empty.stderr
    (tmp_path / "secrets" / "mailbox").write_text("pw")
    assert run("check", cwd=tmp_path).returncode == 0
    assert run("init", *answers, cwd=tmp_path).returncode == 2


def test_check_lists_mistakes_of_configuration_rules_and_templates_together(tmp_path: Path) -> None:
    for name in ("rules", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "config.toml").write_text('[company]\nteem = "x"\n')
    other = tmp_path / "rules" / "other.toml"
    other.write_text(other.read_text().replace('reply = "other/received"', 'reply = "other/recieved"'))
    letter = tmp_path / "templates" / "elma_register" / "steps.nb.txt"
    letter.write_text(letter.read_text() + "\n{{ compny }}\n")
    failing = tmp_path / "templates" / "elma_register" / "steps.en.txt"
    failing.write_text(failing.read_text() + "\n{{ received.year }}\n")
    told = run("check", cwd=tmp_path)
    assert told.returncode == 2
    assert "elma_register/steps.en: 'str object' has no attribute 'year'" in told.stderr
    assert told.stderr.count("steps.nb.txt") == 1
    assert "config.toml:2:1: [company] knows no 'teem' (did you mean team?)" in told.stderr
    assert "other/recieved" in told.stderr
    assert "compny" in told.stderr
    assert run("run", cwd=tmp_path).returncode == 2


def test_explain_reads_eml_folder_maildir_and_mbox(tmp_path: Path) -> None:
    folder, maildir, box = tmp_path / "folder", tmp_path / "maildir", tmp_path / "box.mbox"
    folder.mkdir()
    shutil.copy(EXAMPLE, folder / "a.eml")
    (folder / "ignored.txt").write_text("x")
    kept = mailbox.Maildir(str(maildir))
    kept.add(EXAMPLE.read_bytes())
    written = mailbox.mbox(str(box))
    for _ in range(3):
        written.add(EXAMPLE.read_bytes())
    written.close()
    told = run("explain", "--json", str(EXAMPLE), str(folder), str(maildir), str(box))
    assert told.returncode == 0, told.stderr
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    assert [line["file"] for line in lines[:2]] == [EXAMPLE.name, "a.eml"]
    assert [line["file"] for line in lines[3:]] == ["box.mbox#1", "box.mbox#2", "box.mbox#3"]
    assert {line["language"] for line in lines} == {"nn"}


def test_explain_says_exactly_what_the_design_promises() -> None:
    told = run("explain", "--json", "--authserv-id", "mx.kundesenter.example", str(EXAMPLE))
    line = json.loads(told.stdout)
    assert list(line) == [
        "file", "message_id", "automatic", "language", "requests", "fields", "form", "authenticity", "deadline", "decision",
    ]  # fmt: skip
    assert list(line["decision"]) == ["outcome", "rule", "because", "parts", "actions", "reply"]
    assert list(line["fields"]) == [
        "org_no", "customer_no", "company", "products", "effective_date", "invoice_no", "domains", "emails",
    ]  # fmt: skip
    assert line["authenticity"]["result"] == "proven"
    assert line["requests"][0]["type"] == "termination"
    span = line["requests"][0]["evidence"][0]
    assert span["text"]
    assert {"text", "where", "start", "end", "rule"} == set(span)


def test_explain_gives_the_same_bytes_each_time() -> None:
    first, second = (run("explain", "--json", str(EXAMPLE.parent)).stdout for _ in range(2))
    assert first == second


def test_a_mail_that_cannot_be_read_gets_a_line_and_status_1(tmp_path: Path) -> None:
    told = run("explain", "--json", str(tmp_path / "nowhere.eml"))
    assert told.returncode == 1
    assert json.loads(told.stdout)["decision"]["outcome"] == "review"


def test_an_empty_and_a_broken_mail_are_explained(tmp_path: Path) -> None:
    (tmp_path / "empty.eml").write_bytes(b"")
    (tmp_path / "broken.eml").write_bytes(b"\xff\x00garbage\r\n\r\n\x80" * 100)
    told = run("explain", "--json", str(tmp_path))
    assert told.returncode == 0, told.stderr
    assert {json.loads(line)["decision"]["outcome"] for line in told.stdout.splitlines()} == {"review"}


def test_the_terminal_shows_type_evidence_and_reply() -> None:
    told = run("explain", "--authserv-id", "mx.kundesenter.example", str(EXAMPLE)).stdout
    assert "»[" in told
    assert "sender proven" in told
    assert "why not" in told
    brief = run("explain", "--brief", "--authserv-id", "mx.kundesenter.example", str(EXAMPLE)).stdout
    assert "because" in brief
    assert len(brief.splitlines()) < len(told.splitlines())


@pytest.mark.parametrize("command", [("queue", "list"), ("status",), ("levels", "list")])
def test_looking_needs_a_configuration(command: tuple[str, ...], tmp_path: Path) -> None:
    assert run(*command, cwd=tmp_path).returncode == 2
