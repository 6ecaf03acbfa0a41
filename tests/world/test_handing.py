"""The ways out besides SMTP: what a sendmail command, an LMTP server and a folder say is what happened to the mail."""

from __future__ import annotations

import asyncio
import stat
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.lmtp import LMTP

from processor.mail_servers import SmtpSettings
from processor.steps.deliver import deliver
from processor.store import tables as t
from processor.store.engine import open_store
from processor.world.courier import Courier
from processor.world.handing import Folder, Sendmail, way_out
from processor.world.outcomes import Deferred, Delivered, Lost, Outcome, Rejected
from processor.world.probing import probe_smtp
from tests.store.made import NOW, decision, recorded, reply

DATA = b"Subject: Kvittering\r\n\r\n.\r\nHei.\r\n"
FROM, TO = "bounce@kundesenter.example", "kari@fjordbygg-demo.no"


def sendmail(folder: Path, body: str, timeout: float = 10.0) -> SmtpSettings:
    """Settings with a program of the test's own, which keeps what it was given and then does as ``body`` says."""
    path = folder / "sendmail"
    path.write_text(
        f"#!{sys.executable}\nimport os, signal, sys, time\n"
        f"open({str(folder / 'argv')!r}, 'w').write(repr(sys.argv[1:]))\n"
        f"open({str(folder / 'stdin')!r}, 'wb').write(sys.stdin.buffer.read())\n{body}\n"
    )
    path.chmod(0o755)
    return SmtpSettings("", 0, "plain", timeout=timeout, from_address=FROM, via="sendmail", command=(str(path), "-oi"))


def sent(settings: SmtpSettings, to: str = TO, envelope_from: str = FROM, begun: list[int] | None = None) -> Outcome:
    begun = begun if begun is not None else []
    with way_out(settings) as way:
        return way.send(envelope_from, to, DATA, lambda: begun.append(1))


def test_a_sendmail_command_gets_the_mail_with_its_envelope(tmp_path: Path) -> None:
    begun: list[int] = []
    settings = sendmail(tmp_path, "")
    assert sent(settings, begun=begun) == Delivered(f"{tmp_path}/sendmail took it")
    assert (tmp_path / "argv").read_text() == repr(["-oi", "-i", "-f", FROM, "--", TO])
    # As a file of this machine's, so that no program doubles the line ends.
    assert (tmp_path / "stdin").read_bytes() == DATA.replace(b"\r\n", b"\n")
    assert begun == [1]


def test_the_null_sender_is_said_as_such_and_no_address_is_an_option(tmp_path: Path) -> None:
    settings = sendmail(tmp_path, "")
    sent(settings, to="-bs@fjordbygg-demo.no", envelope_from="")
    assert (tmp_path / "argv").read_text() == repr(["-oi", "-i", "-f", "<>", "--", "-bs@fjordbygg-demo.no"])


@pytest.mark.parametrize(
    ("code", "kind", "setup"),
    [
        (64, Deferred, True),
        (65, Rejected, False),
        (67, Rejected, False),
        (68, Rejected, False),
        (69, Deferred, False),
        (71, Deferred, False),
        (73, Deferred, False),
        (74, Deferred, False),
        (75, Deferred, False),
        (77, Deferred, True),
        (78, Deferred, True),
        (127, Deferred, True),
        (1, Lost, False),
        (99, Lost, False),
    ],
)
def test_its_exit_status_says_what_became_of_the_mail(tmp_path: Path, code: int, kind: type, setup: bool) -> None:
    outcome = sent(sendmail(tmp_path, f"print('who knows'); sys.exit({code})"))
    assert isinstance(outcome, kind)
    assert "who knows" in outcome.text  # type: ignore[union-attr]
    assert getattr(outcome, "setup", False) is setup
    assert getattr(outcome, "after_data", True) is True


def test_one_that_is_killed_or_too_slow_may_have_taken_it(tmp_path: Path) -> None:
    killed = sent(sendmail(tmp_path, "sys.stdout.flush(); os.kill(os.getpid(), signal.SIGKILL)"))
    assert killed == Lost(True, f"{tmp_path}/sendmail was killed by signal 9")
    slow = sent(sendmail(tmp_path, "time.sleep(60)", timeout=0.5))
    assert slow == Lost(True, f"{tmp_path}/sendmail did not end within 0.5 s")


def test_one_that_is_not_there_has_taken_nothing(tmp_path: Path) -> None:
    settings = SmtpSettings("", 0, "plain", via="sendmail", command=(str(tmp_path / "gone"),))
    outcome = sent(settings)
    assert isinstance(outcome, Deferred)
    assert outcome.setup
    assert "No such file" in outcome.text


def test_an_address_that_is_none_is_refused_before_anything_runs(tmp_path: Path) -> None:
    begun: list[int] = []
    outcome = sent(sendmail(tmp_path, ""), to="kari@x.no\nBcc: ola@y.no", begun=begun)
    assert isinstance(outcome, Rejected)
    assert begun == []
    assert not (tmp_path / "argv").exists()


def test_what_the_last_moment_raises_comes_out_and_nothing_is_sent(tmp_path: Path) -> None:
    def overtaken() -> None:
        raise KeyError("row")

    for settings in (sendmail(tmp_path, ""), SmtpSettings("", 0, "plain", via="file", folder=str(tmp_path / "out"))):
        with way_out(settings) as way, pytest.raises(KeyError):
            way.send(FROM, TO, DATA, overtaken)
    assert not (tmp_path / "argv").exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("body", "state"),
    [("", "sent"), ("sys.exit(75)", "retry"), ("sys.exit(67)", "failed"), ("sys.exit(1)", "unknown")],
)
def test_the_outbox_promises_the_same_as_by_smtp(tmp_path: Path, body: str, state: str) -> None:
    engine = open_store(f"sqlite:///{tmp_path}/room/store.db")
    recorded(engine, 1, decision(reply()))
    settings = sendmail(tmp_path, body)
    with way_out(settings) as way:
        deliver(engine, way, settings, "w", lambda: NOW)
        # Later: what may have left is not tried again, whatever the time.
        (tmp_path / "argv").unlink()
        deliver(engine, way, settings, "w", lambda: NOW + timedelta(hours=3))
    with engine.connect() as conn:
        assert conn.execute(t.outbox.select()).one().state == state
        assert {row.host for row in conn.execute(t.outbox_attempt.select())} == {settings.place}
    assert (tmp_path / "argv").exists() is (state == "retry")
    engine.dispose()


def test_a_folder_holds_each_mail_whole_for_the_eyes_of_its_owner(tmp_path: Path) -> None:
    settings = SmtpSettings("", 0, "plain", via="file", folder=str(tmp_path / "var" / "out"))
    for _ in range(2):
        assert isinstance(sent(settings, envelope_from=""), Delivered)
    out = tmp_path / "var" / "out"
    files = sorted((out / "new").iterdir())
    assert [each.read_bytes() for each in files] == [
        b"Return-Path: <>\r\nDelivered-To: " + TO.encode() + b"\r\n" + DATA
    ] * 2
    assert list((out / "tmp").iterdir()) == []
    assert stat.S_IMODE((out / "new").stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_written_keeps_the_mail_in_the_outbox(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    outcome = sent(SmtpSettings("", 0, "plain", via="file", folder=str(tmp_path / "out")))
    assert isinstance(outcome, Deferred)
    assert "cannot be written" in outcome.text
    assert not outcome.setup


class Local:
    """A real LMTP server, as a mailbox's own machine has one."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[str], bytes]] = []
        self.replies = ["250 2.0.0 Saved"]

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        reply = self.replies.pop() if self.replies else "250 2.0.0 Saved"
        if reply.startswith("2"):
            self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
        return reply


@pytest.fixture(params=["socket", "port"])
def local(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Local, SmtpSettings]]:
    handler, loop = Local(), asyncio.new_event_loop()
    path = str(tmp_path / "lmtp")

    def conversation() -> LMTP:
        return LMTP(handler, hostname="local.example", loop=loop)

    if request.param == "socket":
        server: Any = loop.run_until_complete(loop.create_unix_server(conversation, path))
        place, port = path, 0
    else:
        server = loop.run_until_complete(loop.create_server(conversation, "127.0.0.1", 0))
        place, port = "127.0.0.1", server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield handler, SmtpSettings(place, port, "plain", timeout=5.0, envelope_from=FROM, via="lmtp")

    async def shut() -> None:
        server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    asyncio.run_coroutine_threadsafe(shut(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()


def test_lmtp_takes_a_mail_by_its_reply_for_the_recipient(local: tuple[Local, SmtpSettings]) -> None:
    handler, settings = local
    handler.replies = ["550 5.2.2 Quota", "250 2.0.0 Saved"]
    with way_out(settings) as way:
        assert way.send(FROM, TO, DATA, lambda: None) == Delivered("250 2.0.0 Saved")
        assert way.send(FROM, TO, DATA, lambda: None) == Rejected(550, "5.2.2 Quota")
        assert isinstance(way.send(FROM, TO, DATA, lambda: None), Delivered)
    assert handler.taken == [(FROM, [TO], DATA)] * 2
    assert [finding.what for finding in probe_smtp(settings) if not finding.ok] == []


def test_each_way_is_made_as_it_is_named(tmp_path: Path) -> None:
    made = {via: type(way_out(SmtpSettings("h", 1, "plain", via=via))) for via in ("smtp", "lmtp", "sendmail", "file")}
    assert made == {"smtp": Courier, "lmtp": Courier, "sendmail": Sendmail, "file": Folder}


def test_doctor_tells_a_command_that_is_not_there_and_a_folder_that_reaches_nobody(tmp_path: Path) -> None:
    right = sendmail(tmp_path, "")
    assert [finding.ok for finding in probe_smtp(right)] == [True, False]
    gone = SmtpSettings("", 0, "plain", via="sendmail", command=(str(tmp_path / "gone"),), envelope_from=FROM)
    assert [finding.what for finding in probe_smtp(gone)] == [f"{tmp_path}/gone is no program that we may run"]
    folder = SmtpSettings("", 0, "plain", via="file", folder="/var/out", envelope_from=FROM)
    assert [finding.what for finding in probe_smtp(folder)] == ["answers are written to /var/out and reach nobody"]
