"""``make run``'s embedded default: the demo mails go the whole road, twice, and a mail sent by hand too."""

from __future__ import annotations

import email
import os
import signal
import time
from pathlib import Path

import pytest

from processor.demo import embedded
from processor.world.mailbox import Mailbox
from tests.servers import ready
from tests.servers.dovecot import free_port
from tests.world.scripted_imap import Reply, ScriptedImap

ROOT = Path(__file__).parent.parent.parent
DEMO_MAILS = len(list((ROOT / "processor" / "demo" / "mails").glob("*.eml")))


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def test_each_start_shows_a_new_set_of_mails(tmp_path: Path) -> None:
    for start in (1, 2):
        told = ready.run(["demo", "--once"], tmp_path, environment())
        assert told.returncode == 0, told.stderr
        assert told.stdout.count(" kl. ") == DEMO_MAILS
        assert f"mails {DEMO_MAILS * start} decided" in told.stdout
        assert told.stdout.count("reply  ") > DEMO_MAILS / 2
        assert "no reply: No reply leaves, since the mail asks for nothing." in told.stdout
        assert "no reply: The customer" not in told.stdout
    # The desk shows deadlines and whom to call back, since the demo's customers stand in a register.
    assert (
        "Nordlys Bakeri AS"
        in ready.run(["contracts", "list", "nordlys", "-c", "var/demo.toml"], tmp_path, environment()).stdout
    )
    answers = [email.message_from_bytes(file.read_bytes()) for file in (tmp_path / "var" / "demo-sent").glob("*.eml")]
    assert answers
    assert all(answer["Auto-Submitted"] == "auto-replied" for answer in answers)
    assert len({answer["Message-ID"] for answer in answers}) == len(answers)


def test_a_mail_sent_by_hand_is_answered(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        demo = ready.start("processor", ["demo"], tmp_path, environment(), out)
    try:
        wait_for(demo, tmp_path / "out", "Running on")
        before = answers(tmp_path)
        text = "Vi sier opp Visma Global fra nyttår. Mvh Kari, Fjord Bygg AS, org.nr 328627035"
        sent = ready.run(["demo-mail", text], tmp_path, environment())
        assert sent.returncode == 0, sent.stderr
        until = time.monotonic() + 60
        while answers(tmp_path) == before:
            assert time.monotonic() < until, (tmp_path / "out").read_text()[-2000:]
            time.sleep(0.1)
        listed = ready.run(["queue", "list", "-c", "var/demo.toml"], tmp_path, environment())
        assert "Register the termination" in listed.stdout
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(60) == 0
    finally:
        demo.kill()
        demo.wait()


def test_a_demo_that_meets_another_on_its_port_takes_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal: dict[str, Reply] = {"LOGIN": b"{tag} NO [AUTHENTICATIONFAILED] not yours\r\n"}
    with ScriptedImap(refusal) as other:
        # The other's port was free when we looked.
        looked_at = iter([other.settings().port, free_port(), free_port(), free_port()])
        monkeypatch.setattr(embedded, "free_port", lambda wanted: next(looked_at))
        with embedded.embedded(tmp_path / "var") as running:
            assert running.imap_port != other.settings().port
            mailbox, _ = embedded.configuration(running, tmp_path / "var").mailboxes
            running.put("oppsigelse", b"Subject: Hei\r\n\r\nHei.\r\n")
            with Mailbox(mailbox) as opened:
                assert [len(batch.mails) for batch in opened.fetch_new(mailbox.folder)] == [1]
    assert any(b"LOGIN" in line for line in other.heard)


def test_demo_mail_without_a_demo_says_how_to_start_one(tmp_path: Path) -> None:
    told = ready.run(["demo-mail", "hei"], tmp_path, environment())
    assert told.returncode == 1
    assert "make run" in told.stderr


def answers(folder: Path) -> int:
    return len(list((folder / "var" / "demo-sent").glob("*.eml")))


def wait_for(demo: ready.Process, file: Path, words: str) -> None:
    until = time.monotonic() + 60
    while words not in file.read_text():
        assert demo.poll() is None, file.read_text()[-2000:]
        assert time.monotonic() < until, file.read_text()[-2000:]
        time.sleep(0.1)
