"""The embedded server of the demo, whose folders keep no keywords."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from processor.mail_servers import MailboxSettings
from processor.world.failures import Transient
from processor.world.mailbox import Mailbox
from tests.servers.dovecot import free_port


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    chosen = free_port()
    program = str(Path(sys.executable).with_name("pymap"))
    command = [program, "--host", "127.0.0.1", "--port", str(chosen), "--no-tls", "dict", "--demo-data"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        yield chosen
        process.terminate()


def test_pymap_is_read_and_forgiven_its_missing_keywords(port: int) -> None:
    settings = MailboxSettings("demo", "127.0.0.1", port, "plain", "demouser", lambda: "demopass", timeout=5.0)
    with Mailbox(settings) as mailbox:
        for _ in range(100):
            try:
                mailbox.connect()
                break
            except Transient:
                time.sleep(0.1)
        (batch,) = mailbox.fetch_new("INBOX")
        uids = [mail.uid for mail in batch.mails]
        assert uids
        assert all(mail.raw and mail.size == len(mail.raw) for mail in batch.mails)
        assert batch.pending == ()
        assert mailbox.settle("INBOX", batch.uidvalidity, uids).hopeless == frozenset(uids)
        assert list(mailbox.fetch_new("INBOX", uids[-1], batch.uidvalidity)) == []
        assert not mailbox.wait(0.5)
