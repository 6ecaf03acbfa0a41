"""``python -m tests.bench.importing``: how fast an archive becomes history, and in how much memory.

The goal is 100,000 mails in under ten minutes on two cores, with memory flat.  The archive is an mbox of threads:
a customer's mail (the shipped examples), our answer, the customer's thanks.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from processor.loading.configuration import load_config
from processor.moving.bring_in import BringIn
from processor.moving.found import Owner
from processor.moving.mbox import Mbox
from processor.store.counts import counts
from processor.store.engine import open_store
from tests.bench.shares import peak_memory
from tests.bench.site import corpus, settings_text

OURS = b"oppsigelse@visma.no"
BEGIN = datetime(2024, 1, 1, 8, tzinfo=UTC)
ANSWER = """From: Kundesenteret <oppsigelse@visma.no>
To: {to}
Subject: Sv: henvendelse {n}
Date: {date}
Message-ID: <svar-{n}@visma.no>
In-Reply-To: {parent}
References: {parent}

Hei,

vi har sett på saken og gjort som du ba om.

Hilsen Kundesenteret
"""
THANKS = """Received: from mail.kunde.example by mx.kundesenter.example with ESMTPS; {date}
From: {to}
To: oppsigelse@visma.no
Subject: Sv: Sv: henvendelse {n}
Date: {date}
Message-ID: <takk-{n}@kunde.example>
In-Reply-To: <svar-{n}@visma.no>
References: {parent} <svar-{n}@visma.no>

Tusen takk for hjelpen!
"""


def threads(mails: int) -> Iterator[bytes]:
    """So many mails, three a thread, oldest first."""
    for n in range(0, mails, 3):
        (first,) = corpus(1, n)
        when = BEGIN + timedelta(minutes=10 * n)
        to, parent = (_header(first, name) for name in (b"From", b"Message-ID"))
        yield first.replace(b"\r\n", b"\n")
        for text, days in ((ANSWER, 1), (THANKS, 2)):
            date = format_datetime(when + timedelta(days=days))
            yield text.format(to=to, n=n, parent=parent, date=date).encode()


def _header(raw: bytes, name: bytes) -> str:
    found = next((line for line in raw.splitlines() if line.lower().startswith(name.lower() + b":")), b":")
    return found.partition(b":")[2].strip().decode("utf-8", "replace")


def archive(path: Path, mails: int) -> None:
    """Write the mbox."""
    with path.open("wb") as file:
        for number, raw in enumerate(threads(mails)):
            if number >= mails:
                break
            quoted = raw.replace(b"\nFrom ", b"\n>From ")
            file.write(b"From MAILER-DAEMON Mon Jan  1 08:00:00 2024\n" + quoted.rstrip(b"\n") + b"\n\n")


def measured(folder: Path, box: Path, jobs: int) -> str:
    """One import: its pace, and the highest memory of all processes together, at half and at the end."""
    config = load_config(folder / "config.toml", passwords=False)
    engine = open_store(config.store_url)
    source = Mbox(box)
    brought = BringIn(engine, config, source, Owner("support"), lambda: datetime.now(UTC), jobs=jobs)
    memory: list[float] = []
    began, spent_before = time.perf_counter(), _processor_seconds()
    read = 0
    for progress in brought.run():
        was = read
        read = sum(progress.run.counts.get(name, 0) for name in ("new", "again", "known", "unreadable"))
        # Looking costs something itself, and peaks stay.
        if not memory or read // 2_000 != was // 2_000:
            memory.append(peak_memory(os.getpid()))
    spent = time.perf_counter() - began
    # Beside others on a busy machine the processors' time says more than the clock's.
    busy = _processor_seconds() - spent_before
    found = counts(engine)
    engine.dispose()
    return (
        f"{jobs} processes  {read:,} mails  {read / spent:6.0f} mails/s  {spent:6.1f} s  "
        f"{1000 * busy / max(read, 1):.2f} ms of processor a mail  "
        f"peak {memory[len(memory) // 2]:4.0f} MB at half, {memory[-1]:4.0f} MB at the end  "
        f"{dict(progress.run.counts)}  outbox {sum(found['replies'].values())}, actions {sum(found['actions'].values())}"
    )


def _processor_seconds() -> float:
    """What this process and its children that ended have used."""
    told = os.times()
    return told.user + told.system + told.children_user + told.children_system


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "secrets").mkdir()
        (folder / "secrets" / "key").write_text("k" * 64)
        (folder / "config.toml").write_text(settings_text(1, 1, store=f"sqlite:///{folder}/var/store.db"))
        box = folder / "archive.mbox"
        print(f"writing an archive of {options.mails:,} mails ...", flush=True)
        archive(box, options.mails)
        print(f"{box.stat().st_size / 1e6:,.0f} MB", flush=True)
        print(f"first     {measured(folder, box, options.jobs)}", flush=True)
        print(f"again     {measured(folder, box, options.jobs)}", flush=True)


if __name__ == "__main__":
    main()
