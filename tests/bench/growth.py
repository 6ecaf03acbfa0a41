"""What a mail costs when the store is full: the same work beside 1,000, 10,000 and 100,000 stored tickets.

The store is filled by copying its own rows, each time under new ids, numbers and addresses; of raw mails
and explanations, which nothing looks through, only little is copied.
"""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from itertools import count
from math import ceil
from operator import itemgetter
from pathlib import Path

from sqlalchemy import Engine, text

from processor.config import Config
from processor.loading.configuration import load_config
from processor.loading.rules import load_rulebook
from processor.rulebook import Rulebook
from processor.steps.work_off import work_off
from processor.steps.worker import warm
from processor.store.engine import open_store
from processor.store.keep import Arrival, keep
from processor.store.tables import ticket
from processor.store.transaction import writing
from processor.world.confined import Confined
from tests.bench.site import ROOT, USER, corpus, examples, settings_text

COPIED = ("ticket", "mail", "arrival", "item", "letter", "action", "outbox", "event", "outbox_attempt", "event_text")
UNIQUE = {"number", "digest", "message_id"}
ADDRESSES = {"sender", "recipient", "to_addr"}
MEASURED = 500
TIMES = 3


def double(engine: Engine, mark: int) -> None:
    """Copy every ticket with all that hangs on it; ``mark`` tells this copy from others."""
    tables = {table.name: table for table in ticket.metadata.sorted_tables}
    with writing(engine) as conn:
        offset = 1 + max(
            conn.execute(text(f"SELECT coalesce(max(id), 0) FROM {name}")).scalar_one()
            for name in COPIED
            if "id" in tables[name].columns
        )
        for name in COPIED:
            columns = tables[name].columns
            taken = ", ".join(f'"{column.name}"' for column in columns)
            made = ", ".join(_copied(column, offset, mark) for column in columns)
            conn.execute(text(f"INSERT INTO {name} ({taken}) SELECT {made} FROM {name}"))


def _copied(column: object, offset: int, mark: int) -> str:
    name = getattr(column, "name", "")
    key = (getattr(column, "primary_key", False) and name == "id") or getattr(column, "foreign_keys", None)
    if key or name == "uid":
        return f'"{name}" + {offset}'
    if name in UNIQUE:
        return f"'{mark}' || substr(\"{name}\", 1, 60)"
    if name in ADDRESSES:
        return f"replace(\"{name}\", '@', '@{mark}-')"
    return f'substr("{name}", 1, 200)' if name == "text" else f'"{name}"'


def growth(sizes: tuple[int, ...] = (1_000, 10_000, 100_000)) -> list[tuple[int, float, float]]:
    """For each size: tickets stored, and milliseconds a mail from kept to recorded, by the clock and of the processor.

    Of three tries that with the least processor time, since a neighbour on the machine only adds.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "secrets").mkdir()
        (folder / "config.toml").write_text(settings_text(1, 1))
        for secret in ("key", "mailbox"):
            (folder / "secrets" / secret).write_text("bench")
        config = load_config(folder / "config.toml")
        rulebook = load_rulebook(ROOT / "rules", ROOT / "templates", config.own_addresses)
        warm(rulebook)
        engine = open_store(f"sqlite:///{folder}/store.db")
        found = []
        with Confined() as files:
            # The same examples each time, since of some a file is read and of others a line.
            firsts = count(0, len(examples()) * ceil(MEASURED / len(examples())))
            mark = 0
            work(engine, rulebook, config, files, next(firsts))
            for size in sizes:
                while stored(engine) < size:
                    mark += 1
                    double(engine, mark)
                tickets = stored(engine)
                tried = [work(engine, rulebook, config, files, next(firsts)) for _ in range(TIMES)]
                found.append((tickets, *min(tried, key=itemgetter(1))))
        engine.dispose()
    return found


def stored(engine: Engine) -> int:
    with engine.connect() as conn:
        return int(conn.execute(text("SELECT count(*) FROM ticket")).scalar_one())


def work(engine: Engine, rulebook: Rulebook, config: Config, files: Confined, first: int) -> tuple[float, float]:
    """Keep and work off so many fresh mails; milliseconds a mail."""
    now = datetime.now(UTC)
    mails = corpus(MEASURED, first)
    arrivals = [Arrival(USER, "INBOX", 1, first + n, now, len(raw), raw) for n, raw in enumerate(mails, 1)]
    began, used = time.perf_counter(), time.process_time()
    for start in range(0, MEASURED, 50):
        keep(engine, arrivals[start : start + 50], now)
    while work_off(engine, rulebook, config, "bench", lambda: datetime.now(UTC), files.extract)[0]:
        pass
    share = 1000 / MEASURED
    return (time.perf_counter() - began) * share, (time.process_time() - used) * share
