"""The contracts that a batch of mails may be about, and the senders that they make known."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Engine

from processor.contract import Asked, Contract
from processor.store.context import add_contacts, known_contacts
from processor.store.contract_lookup import MOST_FOR_DOMAIN, contracts_for
from processor.store.contract_staging import staged
from tests.store.made import NOW

FJORD = Contract("100042", "974760673", "Fjord Bygg AS", ("fjord.no",), "Visma Global", "global", "A")


def register(engine: Engine, *contracts: Contract) -> None:
    with staged(engine, enumerate(contracts, 2)) as beside:
        beside.take(beside.difference(), "contracts.csv", "d", "Kari", NOW)


def looked_up(engine: Engine, *mails: Asked) -> list[tuple[Contract, ...]]:
    with engine.connect() as connection:
        return contracts_for(connection, mails)


def test_each_mail_gets_what_its_own_numbers_and_domains_lead_to(engine: Engine) -> None:
    vik = replace(FJORD, customer_no="100043", org_no="991825827", domains=("vik.no",))
    register(engine, FJORD, vik)
    by_org_no, by_number, by_domain = (
        Asked(("974760673",)),
        Asked((), ("100043",)),
        Asked(domains=("a.vik.no", "vik.no")),
    )
    assert looked_up(engine, by_org_no, by_number, by_domain, Asked()) == [(FJORD,), (vik,), (vik,), ()]


def test_a_domain_of_hundreds_of_customers_brings_a_few_of_them(engine: Engine) -> None:
    clients = [replace(FJORD, customer_no=str(n), org_no="", domains=("regnskap-demo.no",)) for n in range(400)]
    register(engine, *clients)
    many, one = looked_up(engine, Asked(domains=("regnskap-demo.no",)), Asked(customer_nos=("399",)))
    assert len(many) == MOST_FOR_DOMAIN
    assert [each.customer_no for each in one] == ["399"]


def test_names_are_looked_for_beside_their_consonants(engine: Engine) -> None:
    names = ["Fjell Bygg AS", "Fjord Bygg AS", "Fjordvik AS", "Zoo AS"]
    register(
        engine, *(replace(FJORD, customer_no=str(n), org_no="", name=name, domains=()) for n, name in enumerate(names))
    )
    alike, nothing = looked_up(engine, Asked(name="Fjård Bygg"), Asked(name=""))
    assert "Fjord Bygg AS" in {each.name for each in alike}
    assert nothing == ()


def test_senders_are_known_by_contacts_and_by_contracts_and_an_empty_register_is_told(engine: Engine) -> None:
    add_contacts(engine, ["kari@x.no"], ["vik.no"], NOW)
    with engine.connect() as connection:
        asked = ({"kari@x.no", "ola@y.no"}, {"vik.no", "fjord.no", "y.no"})
        assert known_contacts(connection, *asked) == ({("address", "kari@x.no"), ("domain", "vik.no")}, False)
    register(engine, FJORD)
    with engine.connect() as connection:
        known = {("address", "kari@x.no"), ("domain", "vik.no"), ("domain", "fjord.no")}
        assert known_contacts(connection, *asked) == (known, True)
