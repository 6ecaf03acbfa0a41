"""The contract register: a file beside it, the difference, the change, and what is found in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, inspect, select

from processor.contract import Contract
from processor.store import tables as t
from processor.store.contract_staging import ChangedMeanwhileError, Difference, note_refused, staged
from processor.store.contracts import contracts_like, contracts_of, count_contracts, last_imports
from tests.store.made import NOW

FJORD = Contract("100042", "974760673", "Fjord Bygg AS", ("fjord.no",), "Visma Global", "global", "A", date(2018, 2, 1))
EXPENSE = replace(FJORD, product="Visma.net Expense", family="visma_net", type="B", invoiced_to=date(2026, 10, 31))
VIK = Contract("100043", "", "Vik 100% Rør", (), "Visma Business", "business", "")


def take(engine: Engine, *contracts: Contract, digest: str = "d1") -> Difference:
    with staged(engine, enumerate(contracts, 2)) as beside:
        assert beside.doubts() == []
        found = beside.difference()
        beside.take(found, "contracts.csv", digest, "Kari", NOW)
        return found


def test_a_file_becomes_the_register_and_comes_back_as_it_was(engine: Engine) -> None:
    assert take(engine, FJORD, EXPENSE, VIK).counts == (3, 0, 0, 0)
    assert contracts_of(engine, "100042") == [FJORD, EXPENSE]
    assert contracts_of(engine, "974 760 673") == [FJORD, EXPENSE]
    assert contracts_of(engine, "100043") == [VIK]
    assert count_contracts(engine) == 3


def test_the_difference_is_shown_before_anything_changes(engine: Engine) -> None:
    take(engine, FJORD, EXPENSE)
    moved = replace(FJORD, domains=("fjord.no", "fjordbygg.no"))
    with staged(engine, [(2, moved), (3, VIK)]) as beside:
        found = beside.difference()
    assert found.counts == (1, 1, 1, 0)
    assert found.shown_new == (VIK,)
    assert found.shown_changed == ((FJORD, moved),)
    assert found.shown_gone == (EXPENSE,)
    assert contracts_of(engine, "100042") == [FJORD, EXPENSE]


def test_a_day_that_is_taken_away_is_a_change_and_equal_lines_are_none(engine: Engine) -> None:
    take(engine, EXPENSE)
    assert take(engine, EXPENSE).nothing
    assert take(engine, replace(EXPENSE, invoiced_to=None)).counts == (0, 1, 0, 0)
    assert contracts_of(engine, "100042") == [replace(EXPENSE, invoiced_to=None)]


def test_domains_follow_their_customers(engine: Engine) -> None:
    def domains() -> set[tuple[str, str]]:
        with engine.connect() as conn:
            return {
                tuple(row) for row in conn.execute(select(t.contract_domain.c.domain, t.contract_domain.c.customer_no))
            }

    take(engine, FJORD, EXPENSE)
    assert domains() == {("fjord.no", "100042")}
    take(engine, replace(FJORD, domains=("fjord.as",)), replace(VIK, domains=("fjord.as",)))
    assert domains() == {("fjord.as", "100042"), ("fjord.as", "100043")}


def test_lines_that_do_not_agree_are_told_by_line(engine: Engine) -> None:
    other_name = replace(EXPENSE, name="Fjord Bygg Bergen AS")
    with staged(engine, [(2, FJORD), (3, VIK), (5, FJORD), (9, other_name)]) as beside:
        assert beside.doubts() == [
            (5, "customer 100042 has this product on line 2 already"),
            (9, "customer 100042 has another name or organisation number on line 2"),
        ]


def test_a_register_that_changed_while_a_person_looked_is_not_written_over(engine: Engine) -> None:
    with staged(engine, [(2, FJORD)]) as beside:
        shown = beside.difference()
        take(engine, VIK)
        with pytest.raises(ChangedMeanwhileError):
            beside.take(shown, "contracts.csv", "d2", "Ola", NOW)
    assert count_contracts(engine) == 1


def test_mail_can_be_written_while_a_person_looks_at_the_difference(engine: Engine) -> None:
    with staged(engine, [(2, FJORD)]) as beside:
        shown = beside.difference()
        note_refused(engine, "another.csv", "d9", ["x"], "schedule", NOW)
        beside.take(shown, "contracts.csv", "d2", "Ola", NOW)
    assert count_contracts(engine) == 1


def test_nothing_is_left_behind_by_a_file_that_was_only_looked_at(engine: Engine) -> None:
    with staged(engine, [(2, FJORD)]):
        pass
    assert not [name for name in inspect(engine).get_table_names() if "staged" in name]
    with staged(engine, [(2, FJORD)]) as again:
        assert again.difference().new == 1


def test_a_text_is_found_in_names_and_products_and_at_the_beginning_of_numbers(engine: Engine) -> None:
    take(engine, FJORD, EXPENSE, VIK)
    assert contracts_like(engine, "", 10) == [FJORD, EXPENSE, VIK]
    assert contracts_like(engine, "bygg", 10) == [FJORD, EXPENSE]
    assert contracts_like(engine, "EXPENSE", 10) == [EXPENSE]
    assert contracts_like(engine, "974 760", 10) == [FJORD, EXPENSE]
    assert contracts_like(engine, "100043", 10) == [VIK]
    assert contracts_like(engine, "00042", 10) == []
    # A customer's per cent is no wildcard.
    assert contracts_like(engine, "100% R", 10) == [VIK]
    assert contracts_like(engine, "", 2) == [FJORD, EXPENSE]


def test_the_last_file_taken_and_one_refused_since_are_remembered(engine: Engine) -> None:
    assert last_imports(engine) == (None, None)
    note_refused(engine, "a.csv", "d0", ["a.csv:2: wrong"], "schedule", NOW)
    taken, refused = last_imports(engine)
    assert taken is None
    assert refused is not None
    assert refused.problems == ("a.csv:2: wrong",)
    take(engine, FJORD, VIK)
    taken, refused = last_imports(engine)
    assert taken is not None
    assert (taken.contracts, taken.added, taken.actor, refused) == (2, 2, "Kari", None)
    note_refused(engine, "b.csv", "d3", ["x"], "schedule", NOW + timedelta(days=1))
    assert last_imports(engine)[1] is not None


def test_many_lines_go_through_in_parts(engine: Engine) -> None:
    many = [replace(VIK, customer_no=str(number), domains=(f"d{number % 50}.no",)) for number in range(4500)]
    assert take(engine, *many).new == 4500
    assert take(engine, *many[:-1]).counts == (0, 0, 1, 4499)


@pytest.mark.parametrize("name", ["\\N", "a\tb\\nc", 'Fjord "Bygg" AS', "100% Rør; og {varme} %s :x", "''"])
def test_signs_that_mean_something_to_a_database_stay_a_name(engine: Engine, name: str) -> None:
    odd = replace(VIK, name=name)
    take(engine, odd)
    assert contracts_of(engine, odd.customer_no) == [odd]


def test_a_domain_named_in_several_batches_stands_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("processor.store.contract_staging.BATCH", 1)
    take(engine, FJORD, EXPENSE, replace(VIK, domains=("fjord.no",)))
    with engine.connect() as conn:
        rows = conn.execute(select(t.contract_domain.c.domain, t.contract_domain.c.customer_no)).all()
    assert sorted(map(tuple, rows)) == [("fjord.no", "100042"), ("fjord.no", "100043")]
