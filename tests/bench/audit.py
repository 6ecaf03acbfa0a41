"""``make bench-audit``: 100,000 events are recorded, sealed and verified.

A sixth of them is a decision with its explanation of 6 kB, as with a mail of six events.  PostgreSQL is measured
where PROCESSOR_TEST_POSTGRES names a database; a schema of its own is made in it and dropped again.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import make_url, text

from processor.store.audit import anchor_of, verify
from processor.store.engine import connect, open_store, upgrade
from processor.store.events import Happening, write_events
from processor.store.seals import last_seal, seal_all
from processor.store.transaction import writing

NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
EVENTS_A_MAIL = 6
WORDS = '{"decision":{"because":["a notice"],"rule":"termination/notice"}}' * 94
GOAL_SECONDS = 5.0


def measure(url: str, count: int) -> float:
    """Print what each step took; the seconds of verifying."""
    engine = open_store(url)
    began = time.perf_counter()
    data = {"outcome": "answer", "rule": "termination/notice", "authenticity": "proven", "level": "automatic"}
    for start in range(0, count, 600):
        with writing(engine) as conn:
            batch = range(start, min(start + 600, count))
            write_events(
                conn,
                [
                    Happening("mail.decided", "record", NOW, data=data, text=WORDS if n % EVENTS_A_MAIL == 0 else "")
                    for n in batch
                ],
            )
    recorded = time.perf_counter()
    seal_all(engine, NOW)
    sealed = time.perf_counter()
    verdict = verify(engine, [anchor_of(last_seal(engine), NOW)])
    verified = time.perf_counter()
    assert (verdict.faults, verdict.events, verdict.unsealed) == ([], count, 0)
    spent = verified - sealed
    print(
        f"{engine.dialect.name:10}  {count:,} events: recorded in {recorded - began:.1f} s,"
        f" sealed in {sealed - recorded:.2f} s ({verdict.seals} seals), verified in {spent:.2f} s"
    )
    engine.dispose()
    return spent


@contextmanager
def schema(postgres: str) -> Iterator[str]:
    name = f"bench_{secrets.token_hex(6)}"
    admin = connect(postgres)
    with admin.begin() as conn:
        conn.execute(text(f"CREATE SCHEMA {name}"))
    url = make_url(postgres).update_query_dict({"options": f"-csearch_path={name}"}).render_as_string(False)
    upgrade(url)
    yield url
    with admin.begin() as conn:
        conn.execute(text(f"DROP SCHEMA {name} CASCADE"))
    admin.dispose()


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--events", type=int, default=100_000)
    count = reader.parse_args().events
    with tempfile.TemporaryDirectory() as room:
        spent = [measure(f"sqlite:///{room}/store/processor.db", count)]
    if postgres := os.environ.get("PROCESSOR_TEST_POSTGRES", ""):
        with schema(postgres) as url:
            spent.append(measure(url, count))
    print(f"goal: verified in under {GOAL_SECONDS:.0f} s: {'met' if max(spent) < GOAL_SECONDS else 'MISSED'}")
    sys.exit(max(spent) >= GOAL_SECONDS)


if __name__ == "__main__":
    main()
