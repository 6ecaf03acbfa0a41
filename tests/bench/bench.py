"""``make bench``: the whole road and each stage, beside the naive baseline, in one run on one machine.

The whole road is from a Dovecot mailbox of N mixed mails to the last answer that the SMTP sink took and
the last mail recorded.  Ratios are against ``naive.py`` in the same run; its definition is there.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from processor.store.engine import upgrade
from tests.bench.alone import workers_alone
from tests.bench.growth import growth
from tests.bench.latency import latencies, summary
from tests.bench.naive import naive
from tests.bench.shares import processor_time
from tests.bench.site import AUTHSERV_ID, PASSWORD, USER, corpus, kill, site
from tests.bench.waiting import CLOSELY, started, wait, wait_for_all
from tests.servers.postgres import Postgres, installed

ROOT = Path(__file__).parent.parent.parent
In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True, slots=True)
class Road:
    """Mails a second, answers sent, peak memory in MB; then processor time in ms a mail: our program's, the servers'."""

    rate: float
    answers: int
    memory: float
    ours: float
    servers: float

    def row(self, name: str, base: float) -> str:
        memory = f"{self.memory:.0f}" if self.memory else "-"
        told = f"{name:46} {self.rate:8.0f} {self.rate / base:9.2f} {self.answers:9} {memory:>9}"
        return f"{told} {self.ours:9.2f} {self.servers:9.2f}"


def whole_road_naive(mails: Sequence[bytes]) -> Road:
    with tempfile.TemporaryDirectory() as name, site(Path(name)) as here:
        here.dovecot.deliver_at_once(USER, mails)
        theirs, ours, began = processor_time(here.servers), time.process_time(), time.perf_counter()
        answered = naive(here.dovecot.imap_port, USER, PASSWORD, here.smtp_port, Path(name) / "naive.db")
        spent, ours = time.perf_counter() - began, time.process_time() - ours
        theirs = processor_time(here.servers) - theirs
        assert answered == len(mails) == len(here.taken())
        # It runs in this process, whose memory tells nothing of it.
        return Road(len(mails) / spent, answered, 0.0, *(1000 * each / len(mails) for each in (ours, theirs)))


def whole_road(mails: Sequence[bytes], workers: int, store: str = "") -> Road:
    """From the first mail kept to all done; ``store`` is a URL, "" for SQLite."""
    with tempfile.TemporaryDirectory() as name, site(Path(name)) as here:
        here.store = store
        here.configure(workers)
        process = started(here, workers)
        try:
            time.sleep(1)
            sides = ((process.pid,), here.servers)
            before = [processor_time(side) for side in sides]
            here.dovecot.deliver_at_once(USER, mails)
            wait(lambda: here.ask("select 1 from mail limit 1"), "the first mail", pause=lambda: CLOSELY)
            began = time.perf_counter()
            wait_for_all(here, len(mails))
            spent = time.perf_counter() - began
            worked = [processor_time(side) - begun for side, begun in zip(sides, before, strict=True)]
            memory = peak_memory(process.pid)
        finally:
            kill(process)
        ours, servers = (1000 * each / len(mails) for each in worked)
        return Road(len(mails) / spent, len(here.taken()), memory, ours, servers)


def idle_memory(workers: int) -> float:
    """Memory of the daemon and its children with an empty mailbox, in MB; what they share counts once.

    The store is there, as on every day but the first, when the schema is made.
    """
    with tempfile.TemporaryDirectory() as name, site(Path(name)) as here:
        here.configure(workers)
        here.start("once").wait()
        process = started(here, workers)
        try:
            time.sleep(3)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            rolled = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in (process.pid, *children)]
            return sum(int(found[1]) for text in rolled if (found := re.search(r"(?m)^Pss:\s+(\d+)", text))) / 1024
        finally:
            kill(process)


def peak_memory(pid: int) -> float:
    """The highest resident memory of a process and its children together, in MB."""
    total = 0
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            said = dict(line.split(":\t", 1) for line in path.read_text().splitlines() if ":\t" in line)
        except OSError:
            continue
        if path.parent.name == str(pid) or said.get("PPid") == str(pid):
            total += int(said.get("VmHWM", "0 kB").split()[0])
    return total / 1024


def stages(mails: Sequence[bytes]) -> dict[str, float]:
    """Each stage alone, in mails a second on one core."""
    from processor.deciding.decide import decide
    from processor.deciding.without_world import context_without_world
    from processor.letter import compose
    from processor.loading.rules import load_rulebook
    from processor.reading.read import read
    from processor.store.engine import open_store
    from processor.store.keep import Arrival, keep
    from processor.understanding.understand import understand

    book = load_rulebook(ROOT / "rules", ROOT / "templates", ())
    found: dict[str, float] = {}
    messages = timed(found, "reading", mails, read)
    understood = timed(found, "understanding", messages, lambda each: understand(each, book))
    pairs = list(zip(messages, understood, strict=True))
    decided = timed(
        found,
        "deciding and rendering",
        pairs,
        lambda each: decide(each[0], each[1], context_without_world(each[0], "VS-0000-0000", (AUTHSERV_ID,)), book),
    )
    replies = [each.reply for each in decided if each.reply]
    now = datetime.now(UTC)
    timed(
        found,
        "composing",
        replies,
        lambda each: compose(
            message_id="<x@visma.no>", in_reply_to="<y@x.no>", references=(), from_address="a@visma.no", from_name="K",
            reply_to="", to=each.to, date=now, subject=each.subject, text=each.text, html=each.html,
        ),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        engine = open_store(f"sqlite:///{name}/x.db")
        arrivals = [Arrival("a", "INBOX", 1, uid, now, len(raw), raw) for uid, raw in enumerate(mails, 1)]
        batches = [arrivals[start : start + 50] for start in range(0, len(arrivals), 50)]
        began = time.perf_counter()
        for batch in batches:
            keep(engine, batch, now)
        found["keeping (batches of 50, synchronous FULL)"] = len(mails) / (time.perf_counter() - began)
        engine.dispose()
    return found


def timed(found: dict[str, float], name: str, items: Sequence[In], work: Callable[[In], Out]) -> list[Out]:
    began = time.perf_counter()
    done = [work(item) for item in items]
    found[name] = len(items) / (time.perf_counter() - began)
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=1000)
    parser.add_argument("--latency", type=int, default=200)
    parser.add_argument("--stages-only", action="store_true")
    options = parser.parse_args()
    mails = corpus(options.mails)
    print(f"{len(mails)} mixed mails, {sum(map(len, mails)) // len(mails)} bytes each on average")
    print("\nstage alone                                     mails/s   ms a mail")
    for name, rate in stages(mails).items():
        print(f"{name:46} {rate:8.0f} {1000 / rate:10.2f}")
    print(f"peak memory of the stages' process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    if options.stages_only:
        return
    for workers, name in ((0, "one process"), (1, "one worker beside the daemon")):
        print(f"idle memory, {name}: {idle_memory(workers):.0f} MB")
    for workers in (1, 2):
        name = f"kept to recorded alone, {workers} worker{'s' * (workers > 1)}"
        print(f"{name:46} {workers_alone(mails, workers):8.0f}")
    print(
        "\nwhole road                                      mails/s     ratio   answers   peak MB   ours ms servers ms"
    )
    naively = whole_road_naive(mails)
    base = naively.rate
    print(naively.row("naive baseline (understands nothing)", base))
    for workers, name in (
        (0, "processor, one process"),
        (1, "processor, one worker beside the daemon"),
        (2, "processor, two workers"),
    ):
        print(whole_road(mails, workers).row(name, base))
    on_postgres(mails, base)
    print(f"All of it, with the measuring, shares {os.cpu_count()} cores; ms are processor time a mail: ours,")
    print("and that of the SMTP sink and Dovecot, which would have cores of their own elsewhere.")
    median, late = summary(latencies(options.latency))
    print(
        f"\narrival to answer with IDLE, {options.latency} mails: median {median * 1000:.0f} ms, 99th {late * 1000:.0f} ms"
    )
    print("\ntickets stored   ms a mail kept to recorded   processor time   beside the first")
    rows = growth()
    for tickets, clock, cpu in rows:
        print(f"{tickets:14} {clock:28.2f} {cpu:16.2f} {cpu / rows[0][2]:18.2f}")


def on_postgres(mails: Sequence[bytes], base: float) -> None:
    """The same road on PostgreSQL, which syncs each commit too; nothing where none is installed."""
    if not installed():
        print("PostgreSQL is not installed: its road is not measured")
        return
    with Postgres(sync=True) as server:
        for workers in (1, 2):
            url = server.url(f"bench_{workers}")
            upgrade(url)
            name = f"on PostgreSQL, {workers} worker{'s' * (workers > 1)}"
            print(whole_road(mails, workers, url).row(name, base))


if __name__ == "__main__":
    main()
