"""What is looked up about a batch of mails: the contract register costs a few queries, and none while it is empty."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from processor.cli.queue import _line
from processor.cli.ticket_view import print_ticket
from processor.config import Config
from processor.contract import Contract
from processor.deciding.register import Register
from processor.findings import Fields, Understanding
from processor.loading.rules import load_rulebook
from processor.message import Address, Extracted, Message
from processor.rulebook import Rulebook
from processor.steps.surroundings import Surroundings
from processor.steps.work_off import work_off
from processor.store.contract_staging import staged
from processor.store.engine import open_store
from processor.store.keep import Arrival, keep
from processor.store.queue import queue, ticket
from processor.store.work import Pending
from processor.ticket import Context, Limits
from tests.deciding.made_cases import message, understanding
from tests.steps.talk import WITH_NUMBER, talk

ROOT = Path(__file__).parent.parent.parent
NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
FJORD = Contract("100042", "974760673", "Fjord Bygg AS", ("fjordbygg-demo.no",), "Visma Global", "global", "A")
CONFIG = Config(Path("config.toml"), "", b"key", ROOT / "rules", ROOT / "templates", (), None)


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook(ROOT / "rules", ROOT / "templates", (), None)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_store(f"sqlite:///{tmp_path}/room/store.db")
    yield made
    made.dispose()


def register(engine: Engine, *contracts: Contract) -> None:
    with staged(engine, enumerate(contracts, 2)) as beside:
        beside.take(beside.difference(), "contracts.csv", "d", "Kari", NOW)


@contextmanager
def counted(connection: Connection) -> Iterator[list[str]]:
    said: list[str] = []
    driver: Any = connection.connection.dbapi_connection
    driver.set_trace_callback(said.append)
    yield said
    driver.set_trace_callback(None)


def around(
    engine: Engine, rulebook: Rulebook, mails: list[tuple[Message, Understanding]]
) -> tuple[list[Context], list[str]]:
    """The context of each mail, and the queries that the batch cost before the first of them."""
    messages, says = [mail for mail, _ in mails], [each for _, each in mails]
    with engine.connect() as connection:
        with counted(connection) as queries:
            made = Surroundings(connection, rulebook, CONFIG, messages, {"a": NOW}, NOW, says)
        return [made.of(Pending(1, b"", NOW, "a", "INBOX", "", False, 0), mail)[0] for mail in messages], queries


def mail(number: int, sender: str = "kari@fjordbygg-demo.no", **said: object) -> tuple[Message, Understanding]:
    local, _, domain = sender.partition("@")
    made = replace(message(Address(local, domain)), digest=f"d{number}")
    return made, understanding(fields=Fields(**said))  # type: ignore[arg-type]


def test_an_empty_register_costs_no_query(engine: Engine, rulebook: Rulebook) -> None:
    mails = [mail(number, org_no=("974760673",), company="Fjord Bygg AS") for number in range(50)]
    contexts, queries = around(engine, rulebook, mails)
    assert all(each.contracts == () for each in contexts)
    assert not [each for each in queries if "FROM contract " in each and "EXISTS" not in each.upper()]
    assert len([each for each in queries if each.startswith("SELECT")]) == 5


def test_fifty_mails_cost_three_queries_more(engine: Engine, rulebook: Rulebook) -> None:
    empty = len(around(engine, rulebook, [mail(1)])[1])
    others = [
        replace(FJORD, customer_no=str(n), org_no="", name=f"Firma {n} AS", domains=(f"f{n}.no",)) for n in range(200)
    ]
    register(engine, FJORD, *others)
    mails = [mail(n, f"x@f{n}.no") for n in range(20)]
    mails += [mail(n, "x@gmail.com", org_no=("974760673",)) for n in range(20, 40)]
    mails += [mail(n, "x@gmail.com", company=f"Firma {n}") for n in range(40, 50)]
    contexts, queries = around(engine, rulebook, mails)
    assert len(queries) - empty == 3
    assert [each.contracts[0].customer_no for each in contexts[:20]] == [str(n) for n in range(20)]
    assert all(each.contracts == (FJORD,) for each in contexts[20:40])
    assert all(str(n) in {c.customer_no for c in each.contracts} for n, each in enumerate(contexts[40:], 40))


def test_a_contracts_domain_makes_its_senders_known(engine: Engine, rulebook: Rulebook) -> None:
    register(engine, FJORD)
    senders = ["kari@fjordbygg-demo.no", "kari@post.fjordbygg-demo.no", "kari@another-demo.no", "kari@gmail.com"]
    contexts, _ = around(engine, rulebook, [mail(n, sender) for n, sender in enumerate(senders)])
    assert [each.known_sender for each in contexts] == [True, True, False, False]
    # What explain --contracts asks knows the same senders.
    wrote = [mail(n, sender)[0].sender for n, sender in enumerate(senders)]
    assert [Register([FJORD]).knows(each, rulebook.public_domains) for each in wrote] == [True, True, False, False]


def test_staff_read_the_customer_and_the_deadline_beside_the_ticket(
    engine: Engine, rulebook: Rulebook, capsys: pytest.CaptureFixture[str]
) -> None:
    register(engine, replace(FJORD, org_no="354231336", name="Moldskred Tre AS", type="A", product="Visma Business"))
    raw = (ROOT / "tests/mails/termination/01-annual-with-number.eml").read_bytes()
    keep(engine, [Arrival("a", "INBOX", 7, 1, NOW, len(raw), raw)], NOW)
    _, (done,) = work_off(engine, rulebook, CONFIG, "w", lambda: NOW, lambda *_: Extracted())
    assert done.context.contracts[0].customer_no == "100042"
    view = ticket(engine, done.recorded.ticket_no)
    assert view is not None
    assert view.items[0].account == done.decision.items[0].account
    print_ticket(view)
    told = capsys.readouterr().out
    assert "customer 100042 Moldskred Tre AS, by organisation number" in told
    assert "contract Visma Business, type A" in told
    assert "deadline too late for the end before, reaches the next; ends 31.12.2027 (interpretation)" in told
    assert "note: an earlier end was asked for than the contract has" in told
    (row,) = queue(engine)
    assert row.deadline == done.decision.deadline
    assert "ends 31.12.2027, too late for the end before" in _line(row)


def test_T31_the_colleagues_of_one_domain_are_answered_so_often_and_the_publics_by_themselves(tmp_path: Path) -> None:
    here = talk(tmp_path)
    here.config = replace(here.config, limits=Limits(per_domain=2))
    for number in range(3):
        here.keep(WITH_NUMBER, sender=f"u{number}@mail.fjordbygg-demo.no")
        here.keep(WITH_NUMBER, sender=f"u{number}@online.no")
    here.work()
    late = here.say(WITH_NUMBER, sender="u9@fjordbygg-demo.no")
    assert late.decision.withheld == "limit_domain"
    counted = here.ask("select recipient_domain, state, count(*) from outbox group by 1, 2 order by 1, 2")
    assert counted == [("", "ready", 3), ("fjordbygg-demo.no", "ready", 2)]
    here.engine.dispose()
