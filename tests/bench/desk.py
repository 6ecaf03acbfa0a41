"""How long the desk's pages take with many tickets: `python -m tests.bench.desk --tickets 100000 --open 10000`.

Server time, from the request's last byte to the answer's, in process, each page asked many times; and the processor
time of it, which is what remains of the first on a machine with nothing else to do.  Then, in a real Chromium over loopback,
when the pages are first seen and what they weigh, and how many cases a practised agent clears by keys (browser.py).
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, insert, update
from starlette.testclient import TestClient

from processor.desk import passwords
from processor.desk.app import build
from processor.desk.asking import Desk
from processor.message import Extracted
from processor.pipeline import read_mail
from processor.steps.contracts import take_contracts
from processor.store import tables as t
from processor.store.accounts import Role, account, set_scope
from processor.store.engine import open_store
from processor.store.search import words_of
from tests.bench.browser import measure_browser
from tests.desk.conftest import MAILS, NAMES, PASSWORD, QUICK, Clock, Room, config_in, people, take_in
from tests.shipped import rulebook_of
from tests.store.made import NOW

BATCH = 5000
EXAMPLE = "termination/01-annual-with-number"
# In time for the end that it asks for, so that the day stands in the form.
CAME = datetime(2026, 9, 8, 8, 41, tzinfo=UTC)
# The example's customer is known, so that each ticket has its time line, its deadline and its letter.
CONTRACT = """customer_no;org_no;name;domains;product;family;type;signed;invoiced_to
1180457;354231336;Moldskred Tre AS;moldskredtre-demo.no;Visma Business;;A;01.01.2019;31.12.2026
"""
COMPANIES = ("Fjord", "Tind", "Havn", "Nordlys", "Solberg", "Vik", "Dal", "Moe", "Lund", "Berg")
KINDS = ("Bygg AS", "Regnskap", "og Lager DA", "Elektro AS", "Frakt", "Fisk AS", "VVS AS")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--open", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument(
        "--paints", type=int, default=10, help="times that each page is opened in a browser, cold and warm"
    )
    parser.add_argument("--cases", type=int, default=50, help="cases that are cleared by keys")
    parser.add_argument(
        "--limited", action="store_true", help="who asks sees one of two mailboxes, with every 50th mail"
    )
    asked = parser.parse_args()
    passwords.HASHER = QUICK
    with tempfile.TemporaryDirectory() as folder:
        desk, clock = known(Path(folder))
        engine = desk.engine
        began = time.perf_counter()
        fill(engine, asked.tickets, asked.open)
        print(f"{asked.tickets} tickets, {asked.open} of them open, made in {time.perf_counter() - began:.0f} s")
        if asked.limited:
            limit(engine)
        measure(desk, asked.times, 404 if asked.limited else 200)
        sound = asked.limited or measure_browser(Room(desk, clock), asked.paints, asked.cases)
        engine.dispose()
    return 0 if sound else 1


def known(folder: Path) -> tuple[Desk, Clock]:
    """A desk with one notice, of a customer whose contract is known."""
    (folder / "contracts.csv").write_text(CONTRACT, encoding="utf-8")
    config, clock = config_in(folder, '[contracts]\npath = "contracts.csv"\n'), Clock()
    engine = open_store(config.store_url)
    people(engine)
    take_contracts(engine, config, NOW)
    rulebook = rulebook_of(config.rules_dir, config.templates_dir, config.own_addresses)
    take_in(engine, config, rulebook, (EXAMPLE,), clock, came=CAME)
    return Desk(engine, config, clock), clock


def fill(engine: Engine, tickets: int, opened: int) -> None:
    """Copies of a decided mail with its ticket, item and action, of many companies and due times."""
    chance = random.Random(1)
    with engine.connect() as conn:
        first = {name: dict(conn.execute(getattr(t, name).select().limit(1)).one()._mapping) for name in TABLES}
        decided = dict(conn.execute(t.event.select().where(t.event.c.kind == "mail.decided")).one()._mapping)
        of_it = t.event_text.select().where(t.event_text.c.event_id == decided["id"])
        told = dict(conn.execute(of_it).one()._mapping)
    raw = (MAILS / f"{EXAMPLE}.eml").read_bytes()
    text = read_mail(raw, lambda *_: Extracted()).text
    types = ("termination", "termination_withdrawal", "otp_rights", "invoice_question", "elma_question")
    for start in range(1000, 1000 + tickets, BATCH):
        rows: dict[str, list[dict[str, object]]] = {
            name: [] for name in (*TABLES, "event", "event_text", "search_text")
        }
        for n in range(start, min(start + BATCH, 1000 + tickets)):
            company = f"{chance.choice(COMPANIES)} {chance.choice(KINDS)} {n}"
            state = "open" if n - 1000 < opened else "closed"
            due = NOW + timedelta(hours=chance.randrange(-48, 24 * 20))
            ids = {"ticket_id": n, "mail_id": n, "item_id": n}
            number = f"VS-{n:04d}-{n % 9999:04d}"
            about = {"number": number, "company": company, "state": state, "id": n}
            rows["ticket"].append(
                {**first["ticket"], **about, "outcome": chance.choice(("answer", "answer", "review"))}
            )
            rows["mail"].append({**first["mail"], "id": n, "ticket_id": n, "digest": f"d{n}", "message_id": f"<{n}@x>"})
            # Each is a letter of its own, else two answers had one Message-ID.
            own = raw.replace(b"Message-ID: <", b"Message-ID: <%d." % n)
            rows["raw_mail"].append({"mail_id": n, "whole": True, "content": own})
            item = {"id": n, "ticket_id": n, "mail_id": n, "type": chance.choice(types), "risk": chance.randrange(5)}
            rows["item"].append({**first["item"], **item})
            acted = {"id": n, "state": "waiting" if state == "open" else "done", "due": due, "changed_by": "Anne"}
            rows["action"].append({**first["action"], **ids_of(ids, "ticket_id", "item_id"), **acted})
            rows["event"].append({**decided, "id": n, "mail_id": n, "ticket_id": n})
            rows["event_text"].append({**told, "event_id": n})
            rows["search_text"].append({"mail_id": n, "ticket_id": n, "words": words_of([number, company, text])})
        with engine.begin() as conn:
            for name, values in rows.items():
                conn.execute(insert(getattr(t, name)), values)


TABLES = ("ticket", "mail", "raw_mail", "item", "action")


def limit(engine: Engine) -> None:
    """Let the agent see mailbox b alone, to which every fiftieth mail came."""
    found = account(engine, NAMES[Role.AGENT])
    assert found
    with engine.begin() as conn:
        conn.execute(update(t.mail).where(t.mail.c.id % 50 == 0).values(account="b"))
        conn.exec_driver_sql("ANALYZE")
    set_scope(engine, found.person, frozenset("b"), "bench", NOW)


def ids_of(ids: dict[str, int], *names: str) -> dict[str, int]:
    return {name: ids[name] for name in names}


def measure(desk: Desk, times: int, other: int = 200) -> None:
    client = TestClient(build(desk), base_url="http://127.0.0.1:8080")
    client.post("/sign-in", data={"name": NAMES[Role.AGENT], "password": PASSWORD})
    chance = random.Random(2)
    after = client.get("/queue").text.partition("after=")[2].partition('"')[0]
    pages: dict[str, Callable[[], str]] = {
        "queue, first page": lambda: "/queue",
        "queue, a page behind": lambda: f"/queue?after={after}",
        "queue, codes": lambda: "/queue?view=codes",
        "queue, review": lambda: "/queue?view=review",
        "queue, mine (none)": lambda: "/queue?view=mine",
        "queue, not sent": lambda: "/queue?view=unsent",
        "ticket": lambda: f"/ticket/VS-{(n := chance.randrange(1000, 2000)):04d}-{n % 9999:04d}",
        "search, a rare word": lambda: f"/search?part=1&q={chance.randrange(1000, 60000)}",
        "search, a common word": lambda: "/search?part=1&q=fjord bygg",
        "search, in every mail": lambda: "/search?part=1&q=visma",
    }
    for name, path in pages.items():
        took, worked = [], []
        for _ in range(times):
            where = path()
            began, begun = time.perf_counter(), time.process_time()
            answer = client.get(where)
            took.append(1000 * (time.perf_counter() - began))
            worked.append(1000 * (time.process_time() - begun))
            # A ticket of the other mailbox is not there for who sees one.
            assert answer.status_code in (200, other), where
        print(f"{name:24} {figures(took)} | processor time {figures(worked)}")
    desk.changed()
    began = time.perf_counter()
    client.get("/queue")
    print(f"{'queue, counted anew':24} {1000 * (time.perf_counter() - began):6.1f} ms")


def figures(took: list[float]) -> str:
    took.sort()
    last = took[int(len(took) * 0.99) - 1]
    return f"median {statistics.median(took):6.1f} ms, 99th {last:6.1f} ms, most {took[-1]:6.1f} ms"


if __name__ == "__main__":
    sys.exit(main())
