"""``make bench``: the whole road and each stage, beside the naive baseline, in one run on one machine.

The whole road (``roads.py``) is from a Dovecot mailbox of N mixed mails to the last answer that the SMTP sink took and
the last mail recorded.  Ratios are against ``naive.py`` in the same run; its definition is there.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import sys
import tempfile
import time
import timeit
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from tests.bench.alone import workers_alone
from tests.bench.growth import growth
from tests.bench.latency import latencies, summary
from tests.bench.roads import HEAD, in_turn, measures, rows
from tests.bench.site import AUTHSERV_ID, corpus, kill, site
from tests.bench.waiting import started

ROOT = Path(__file__).parent.parent.parent
In = TypeVar("In")
Out = TypeVar("Out")


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


def million() -> float:
    """How quick this interpreter is here and now, in ms: the best of three."""
    return 1000 * min(timeit.repeat("for i in range(1_000_000): total += i * i", "total = 0", repeat=3, number=1))


def timed(found: dict[str, float], name: str, items: Sequence[In], work: Callable[[In], Out]) -> list[Out]:
    began = time.perf_counter()
    done = [work(item) for item in items]
    found[name] = len(items) / (time.perf_counter() - began)
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=1000)
    parser.add_argument("--latency", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3, help="how often each road is measured")
    parser.add_argument("--stages-only", action="store_true")
    options = parser.parse_args()
    mails = corpus(options.mails)
    print(f"{len(mails)} mixed mails, {sum(map(len, mails)) // len(mails)} bytes each on average")
    print(f"Python {sys.version}")
    print(f"which adds a million squares in {million():.0f} ms")
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
    print(f"\n{HEAD}")
    with measures(mails) as roads:
        for row in rows(in_turn(roads, options.rounds)):
            print(row)
    print(f"Medians of {options.rounds} rounds, in each of which all were measured, one after the other;")
    print("the ratios are to the naive baseline of the same round.")
    print(f"All of it, with the measuring, shares {os.cpu_count()} cores; ms are processor time a mail: ours,")
    print("and that of the SMTP sink and Dovecot, which would have cores of their own elsewhere.")
    median, late = summary(latencies(options.latency))
    print(
        f"\narrival to answer with IDLE, {options.latency} mails: median {median * 1000:.0f} ms, 99th {late * 1000:.0f} ms"
    )
    print("\ntickets stored   ms a mail kept to recorded   processor time   beside the first")
    grown = growth()
    for tickets, clock, cpu in grown:
        print(f"{tickets:14} {clock:28.2f} {cpu:16.2f} {cpu / grown[0][2]:18.2f}")


if __name__ == "__main__":
    main()
