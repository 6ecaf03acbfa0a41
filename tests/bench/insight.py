"""How long the pages of insight take: `python -m tests.bench.insight --tickets 100000`, server time in process."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from starlette.testclient import TestClient

from processor.desk import passwords
from processor.desk.app import build
from processor.desk.asking import Desk
from processor.store.accounts import Role
from processor.store.daily import count_days
from processor.store.engine import open_store
from tests.desk.conftest import NAMES, PASSWORD, QUICK, Clock, config_in, people
from tests.desk.year import fill_year
from tests.store.made import NOW

PAGES = ("/insight", "/insight?span=year", "/insight/learning", "/insight/learning?span=year", "/insight/report",
         "/insight/rule?name=termination/plain", "/insight/numbers.csv?span=year")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=10)
    asked = parser.parse_args()
    passwords.HASHER = QUICK
    with tempfile.TemporaryDirectory() as folder:
        config, clock = config_in(Path(folder)), Clock()
        engine = open_store(config.store_url)
        people(engine)
        fill_year(engine, asked.tickets, NOW)
        for what in ("counted first", "counted again"):
            began = time.process_time()
            numbers = count_days(engine, NOW)
            print(f"{what:32} {numbers} numbers changed in {time.process_time() - began:.2f} s of CPU")
        client = TestClient(build(Desk(engine, config, clock)), base_url="http://127.0.0.1:8080")
        client.post("/sign-in", data={"name": NAMES[Role.READER], "password": PASSWORD})
        for path in PAGES:
            took = []
            for _ in range(asked.times):
                began = time.process_time()
                assert client.get(path).status_code == 200, path
                took.append(1000 * (time.process_time() - began))
            print(f"{path:40} median {statistics.median(took):6.0f} ms of CPU, most {max(took):6.0f} ms")
        engine.dispose()


if __name__ == "__main__":
    main()
