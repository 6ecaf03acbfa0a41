"""What the workers do by themselves: kept mails to recorded decisions, nobody fetching or sending beside them.

On the whole road they share the machine's cores with the daemon, Dovecot and the SMTP sink.  This is what they
would do where those have cores of their own.
"""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from processor.loading.configuration import load_config
from processor.steps.worker import LOOK, WAKE
from processor.store.engine import open_store
from processor.store.keep import Arrival, keep
from tests.bench.site import PASSWORD, ROOT, USER, settings_text
from tests.bench.waiting import CLOSELY, wait


def workers_alone(mails: Sequence[bytes], workers: int) -> float:
    """Mails a second, from the word to begin until the last one is recorded."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        (folder / "secrets").mkdir()
        (folder / "secrets" / "key").write_text("bench key")
        (folder / "secrets" / "mailbox").write_text(PASSWORD)
        # Nobody listens at these ports: who decides asks neither server.
        (folder / "config.toml").write_text(settings_text(1, 1, workers))
        config = load_config(folder / "config.toml")
        engine = open_store(config.store_url)
        now = datetime.now(UTC)
        arrivals = [Arrival(USER, "INBOX", 1, uid, now, len(raw), raw) for uid, raw in enumerate(mails, 1)]
        for start in range(0, len(arrivals), 50):
            keep(engine, arrivals[start : start + 50], now)
        engine.dispose()
        reader = stack.enter_context(contextlib.closing(sqlite3.connect(folder / "var" / "processor.db")))
        begun = [stack.enter_context(_worker(folder, number)) for number in range(workers)]
        for each in begun:
            assert each.stdout
            each.stdout.readline()
        # Between their line and the word for which they wait they warm up.
        time.sleep(1)
        began = time.perf_counter()
        for each in begun:
            assert each.stdin
            each.stdin.write(f"{WAKE}\n".encode())
            each.stdin.flush()
        wait(
            lambda: not reader.execute("select 1 from mail where state <> 'decided' limit 1").fetchall(),
            "all decisions",
            pause=lambda: CLOSELY,
        )
        return len(mails) / (time.perf_counter() - began)


@contextlib.contextmanager
def _worker(folder: Path, number: int) -> Iterator[subprocess.Popen[bytes]]:
    """A worker as the daemon starts it, which waits for a word; it ends with its standard input."""
    words = [str(folder / "config.toml"), f"bench/worker-{number}", str(ROOT / "rules"), str(ROOT / "templates"), LOOK]
    with subprocess.Popen(
        [sys.executable, "-m", "processor.steps.worker", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        yield process
