"""``python -m tests.bench.contracts``: how long a contract register of 100,000 lines takes to be imported.

The goal is 20 seconds on two cores.  The same file is then looked at once more, unchanged, as the clock does
when only the rules have changed.  PostgreSQL is measured where PROCESSOR_TEST_POSTGRES names a database; a
schema of its own is made there and dropped again.
"""

from __future__ import annotations

import argparse
import csv
import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import make_url, text

from processor.loading.contracts import COLUMNS
from processor.steps.contracts import all_problems, contract_file
from processor.store.contract_staging import staged
from processor.store.engine import connect, open_store, upgrade

GOAL_SECONDS = 20.0
PRODUCTS = ("Visma Global", "Visma.net Expense", "Visma Business")
FIRST = date(2015, 1, 1)
ROOT = Path(__file__).parent.parent.parent

WEIGHTS = (3, 2, 7, 6, 5, 4, 3, 2)
"""Of an organisation number's digits in its check digit (modulus 11)."""


def register(path: Path, lines: int) -> None:
    """Write a file of so many contracts: three to a customer, each with a number, two domains and days."""
    numbers = org_numbers()
    org_no = ""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, delimiter=";")
        writer.writeheader()
        for line in range(lines):
            customer, which = divmod(line, len(PRODUCTS))
            org_no = next(numbers) if which == 0 else org_no
            signed = FIRST + timedelta(days=customer % 3000)
            row = {
                "customer_no": 100_000 + customer,
                "org_no": org_no,
                "name": f"Øvre Firma {customer} Rør og Varme AS",
                "domains": f"firma{customer}-demo.no post.firma{customer}-demo.no",
                "product": PRODUCTS[which],
                "type": "B" if which else "A",
                "signed": f"{signed:%d.%m.%Y}",
                "phone": f"+47{22_000_000 + customer}",
                "contacts": f"post@firma{customer}-demo.no",
            }
            writer.writerow(row)


def org_numbers() -> Iterator[str]:
    """Organisation numbers that pass modulus 11."""
    for number in range(81_000_000, 99_999_999):
        rest = 11 - sum(weight * int(digit) for weight, digit in zip(WEIGHTS, str(number), strict=True)) % 11
        if rest != 10:
            yield f"{number}{rest % 11}"


def imported(url: str, file: Path) -> tuple[float, str]:
    """The seconds of one import as the command does it, and what it found."""
    engine = open_store(url)
    now = datetime.now(UTC)
    began = time.perf_counter()
    opened = contract_file(file, ROOT / "rules", now)
    with staged(engine, opened.rows()) as beside:
        problems = all_problems(opened, beside)
        if problems:
            raise SystemExit(str(problems[0]))
        found = beside.difference()
        beside.take(found, str(file), opened.digest, "bench", now)
    spent = time.perf_counter() - began
    engine.dispose()
    return spent, f"{found.new:,} new, {found.changed:,} changed, {found.gone:,} gone, {found.same:,} as before"


@contextmanager
def schema_of_its_own(url: str) -> Iterator[str]:
    """A PostgreSQL schema that is dropped when the block ends."""
    name = f"bench_{secrets.token_hex(4)}"
    admin = connect(url)
    with admin.begin() as conn:
        conn.execute(text(f"CREATE SCHEMA {name}"))
    try:
        made = make_url(url).update_query_dict({"options": f"-csearch_path={name}"}).render_as_string(False)
        upgrade(made)
        yield made
    finally:
        with admin.begin() as conn:
            conn.execute(text(f"DROP SCHEMA {name} CASCADE"))
        admin.dispose()


def measure(name: str, url: str, file: Path) -> bool:
    """Print two imports of the file; whether both kept the goal."""
    good = True
    for title in ("first", "again"):
        spent, found = imported(url, file)
        good &= spent <= GOAL_SECONDS
        print(f"{name:10} {title:5}  {spent:5.1f} s (goal {GOAL_SECONDS:.0f} s)  {found}", flush=True)
    return good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    options = parser.parse_args()
    postgres = os.environ.get("PROCESSOR_TEST_POSTGRES", "")
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "contracts.csv"
        register(file, options.lines)
        good = measure("SQLite", f"sqlite:///{name}/room/store.db", file)
        if postgres:
            with schema_of_its_own(postgres) as url:
                good &= measure("PostgreSQL", url, file)
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
