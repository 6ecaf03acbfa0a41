"""What stands against rights that are asked for, and who may be taken for a customer (threats T07, T08, T20 to T24)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from processor.contract import Contract
from processor.deciding.decide import decide
from processor.deciding.lookalike import lookalikes, traits
from processor.findings import Fields
from processor.gate import CLEAR, CUSTOMER, GATE
from processor.likeness import domain_key, keys_like
from processor.message import Address
from processor.rulebook import Rulebook
from processor.ticket import Decision
from tests.deciding.made_cases import KARI, context, message, results, understanding

FJORD = Contract("100042", "974760673", "Fjord Bygg AS", ("fjordbygg-demo.no",), "Visma Global", "global", "A")
RIGHTS = Fields(org_no=("974760673",), domains=("fjordbygg-demo.no",), emails=("it@fjordbygg-demo.no",))
OWN = "fjordbygg-demo.no 100042"
PUBLIC = frozenset({"gmail.com", "online.no"})


def decided(
    rulebook: Rulebook,
    fields: Fields = RIGHTS,
    kind: str = "otp_rights",
    sender: Address = KARI,
    owners: tuple[str, ...] = (OWN,),
    contracts: tuple[Contract, ...] = (FJORD,),
    **world: Any,
) -> Decision:
    proof = results(("dmarc", "pass", {"header.from": sender.domain}))
    world.setdefault("owners", owners)
    mail = message(sender, authentication=(world.pop("proof", proof),))
    return decide(mail, understanding(kind, fields=fields), context(contracts=contracts, **world), rulebook)


def gate(found: Decision) -> str:
    (action,) = found.actions
    assert action.needs == "two_staff"
    return action.facts[GATE]


@pytest.mark.parametrize("kind", ["otp_rights", "admin_access"])
def test_a_customers_own_request_has_nothing_against_it(rulebook: Rulebook, kind: str) -> None:
    found = decided(rulebook, kind=kind)
    assert gate(found) == CLEAR
    assert found.actions[0].facts[CUSTOMER] == "100042"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"domains": ("fjordbygg-demo.no", "vikror-demo.no")},
            "vikror-demo.no is neither the sender's nor the customer",
        ),
        ({"domains": ("post.vikror-demo.no",)}, "but of customer 100043"),
        ({"domains": ("gmail.com",)}, "gmail.com is public"),
        ({"domains": ("co.uk",)}, "co.uk is public"),
        ({"domains": ()}, "no domain is named"),
        ({"emails": ()}, "no administrator is named"),
        ({"emails": ("it@annen-demo.no",)}, "the administrator's address is at annen-demo.no"),
        ({"emails": ("fjordbygg@gmail.com",)}, "the administrator's address is at gmail.com"),
        ({"org_no": ("991825827",)}, "no customer of the register"),
        ({"domains": ("xn--fjrdbygg-demo-cxb.no",)}, "xn--fjrdbygg-demo-cxb.no is neither"),
    ],
)
def test_T20_to_T23_each_wrong_thing_shuts_the_gate(rulebook: Rulebook, changes: dict[str, Any], why: str) -> None:
    found = decided(rulebook, replace(RIGHTS, **changes), owners=(OWN, "vikror-demo.no 100043"))
    assert why in gate(found)


def test_T22_a_domain_below_the_customers_own_is_theirs(rulebook: Rulebook) -> None:
    fields = replace(RIGHTS, domains=("post.fjordbygg-demo.no",), emails=("it@post.fjordbygg-demo.no",))
    assert gate(decided(rulebook, fields)) == CLEAR


def test_an_unproven_sender_is_never_let_through(rulebook: Rulebook) -> None:
    assert "the sender is unproven" in gate(decided(rulebook, proof=results(("spf", "pass", {}))))
    forged = results(("dmarc", "fail", {"header.from": KARI.domain}))
    assert "the sender is forged" in gate(decided(rulebook, proof=forged))


def test_a_proven_stranger_who_names_a_customer_does_not_get_rights_for_a_domain_of_their_own(
    rulebook: Rulebook,
) -> None:
    fields = replace(RIGHTS, domains=("evil-demo.no",), emails=("it@evil-demo.no",))
    stranger = Address("kari", "evil-demo.no", "Kari Holm")
    assert "evil-demo.no is neither the sender's nor the customer's" in gate(decided(rulebook, fields, sender=stranger))


def test_an_accountants_domain_that_many_customers_have_is_nobodys(rulebook: Rulebook) -> None:
    accountant = Address("ola", "regnskap-demo.no", "Ola")
    fields = replace(RIGHTS, domains=("regnskap-demo.no",), emails=("ola@regnskap-demo.no",))
    owners = ("regnskap-demo.no 100042", "regnskap-demo.no 100043")
    assert "is neither" in gate(decided(rulebook, fields, sender=accountant, owners=owners))


def test_without_a_register_nothing_is_ever_let_through(rulebook: Rulebook) -> None:
    assert "no number to call back" in gate(decided(rulebook, contracts=(), owners=()))


def test_other_requests_know_no_gate(rulebook: Rulebook) -> None:
    found = decide(message(), understanding(), context(contracts=(FJORD,)), rulebook)
    assert GATE not in found.actions[0].facts


@pytest.mark.parametrize(
    "domain",
    [
        "fj0rdbygg.no",
        "fjord-bygg.no",
        "fjordbygg.com",
        "fjordbygg-faktura.no",
        "fjordbyggas.no",
        "fjordbyggnorge.com",
        "xn--fjrdbygg-obh.no",
        "fjørdbygg.no".encode("idna").decode(),
        "fjordbyg.no",
        "fiordbygg.no",
    ],
)
def test_T08_a_name_made_to_look_like_a_customers_is_found(domain: str) -> None:
    known = [("fjordbygg.no", domain_key("fjordbygg.no"))]
    assert lookalikes(Address("kari", domain), known, PUBLIC) == ("fjordbygg.no",)


@pytest.mark.parametrize(
    ("one", "other"),
    [("nordmann.no", "nordrnann.no"), ("vestlandet.no", "vest1andet.no"), ("vvsvakten.no", "wsvakten.no")],
)
def test_T08_letters_that_look_alike_have_one_key(one: str, other: str) -> None:
    assert domain_key(one) == domain_key(other) != ""


@pytest.mark.parametrize("domain", ["post.fjordbygg.no", "fjordbygg.no", "fjellbygg.no", "gmail.com", "no", ""])
def test_the_customer_itself_and_others_are_not_suspected(domain: str) -> None:
    known = [("fjordbygg.no", domain_key("fjordbygg.no")), ("gmai1.no", domain_key("gmai1.no"))]
    assert lookalikes(Address("kari", domain), known, PUBLIC) == ()


def test_T07_a_customers_domain_in_the_display_name_of_another_is_found() -> None:
    poser = Address("x", "evil-demo.no", "Fjord Bygg (post@fjordbygg.no)")
    assert traits(poser, PUBLIC)[1] == ("fjordbygg.no",)
    assert lookalikes(poser, [("fjordbygg.no", "whatever")], PUBLIC) == ("fjordbygg.no",)
    assert traits(Address("x", "fjordbygg.no", "fjordbygg.no"), PUBLIC)[1] == ()


@pytest.mark.parametrize(
    ("kind", "outcome"), [("otp_rights", "review"), ("otp_code", "review"), ("termination", "answer")]
)
def test_T08_risky_mail_of_a_lookalike_is_held_and_both_domains_are_shown(
    rulebook: Rulebook, kind: str, outcome: str
) -> None:
    sender = Address("kari", "fjordbygg-demo.com", "Kari Holm")
    fields = replace(RIGHTS, products=("Visma Global",), company="Fjord Bygg AS")
    found = decided(rulebook, fields, kind, sender, lookalikes=("fjordbygg-demo.no",))
    assert found.outcome == outcome
    facts = found.actions[0].facts
    assert facts["lookalike"] == "fjordbygg-demo.com is not fjordbygg-demo.no"
    assert "lookalike_domain" in facts["doubts"]
    if GATE in facts:
        assert "poses as another" in facts[GATE]


def test_keys_stay_few_and_never_fail() -> None:
    for domain in ("", ".", "xn--", "xn--99999999999.no", "a" * 300 + ".no", "faktura.no", "nо.no"):
        assert len(keys_like(domain)) < 20
        assert isinstance(domain_key(domain), str)
