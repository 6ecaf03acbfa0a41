"""Whose mail it is, by numbers and the sender's domain; and the deadline that this gives, for staff alone."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from processor.contract import Asked, Contract
from processor.deciding.case import Case
from processor.deciding.decide import decide
from processor.deciding.matching import account, asked
from processor.deciding.register import Register
from processor.deciding.staff_words import account_in_words
from processor.deciding.wording import MONTHS, in_words
from processor.findings import Fields
from processor.message import Address, Message
from processor.rulebook import Rulebook
from processor.ticket import Account, Agreement, Deadline, Decision, Provenance
from tests.deciding.made_cases import KARI, context, message, understanding

ROOT = Path(__file__).parent.parent.parent
ORG = "974760673"
FJORD = Contract(
    "100042", ORG, "Fjord Bygg AS", ("fjordbygg-demo.no",), "Visma Global", "global", "A", date(2018, 2, 1)
)
EXPENSE = replace(FJORD, product="Visma.net Expense", family="visma_net", type="B", signed=date(2021, 3, 15))
VIK = Contract("100043", "991825827", "Vik Rør AS", ("vikror-demo.no",), "Visma Business", "business", "A")
NAMELESS = Contract("100044", "", "Ås Kafé", (), "Visma Global", "global", "A")
REGISTER = (FJORD, VIK, NAMELESS)


def case(
    rulebook: Rulebook, *contracts: Contract, sender: Address | None = KARI, result: str = "proven", **said: Any
) -> Case:
    role = said.pop("role", "customer")
    says = understanding(fields=Fields(**said), role=role)
    provenance = Provenance(result, "a test")  # type: ignore[arg-type]
    return Case(message(sender), says, provenance, context(contracts=contracts or REGISTER), rulebook, frozenset())


def who(found: Account) -> tuple[str, str]:
    return found.how, found.customer_no


def decided(rulebook: Rulebook, *contracts: Contract, mail: Message | None = None, **changes: Any) -> Decision:
    says = understanding(**changes)
    return decide(mail or message(), says, context(contracts=contracts or REGISTER), rulebook)


def test_the_organisation_number_comes_first_then_the_customer_number_then_the_domain(rulebook: Rulebook) -> None:
    elsewhere = Address("kari", "another-demo.no")
    assert who(account(ORG, case(rulebook, sender=elsewhere, org_no=(ORG,)))) == ("org_no", "100042")
    assert who(account("", case(rulebook, sender=elsewhere, customer_no=("100043",)))) == ("customer_no", "100043")
    assert who(account("", case(rulebook))) == ("domain", "100042")
    assert who(account("", case(rulebook, sender=Address("kari", "post.fjordbygg-demo.no")))) == ("domain", "100042")


def test_a_public_domain_tells_nothing_even_where_the_register_has_it(rulebook: Rulebook) -> None:
    careless = replace(FJORD, domains=("gmail.com",))
    sender = Address("kari", "gmail.com")
    assert who(account("", case(rulebook, careless, sender=sender))) == ("", "")
    assert asked(message(sender), understanding(), rulebook.public_domains).domains == ()


@pytest.mark.parametrize("role", ["accountant", "estate"])
def test_an_accountants_and_a_trustees_own_domain_are_never_their_clients(role: str, rulebook: Rulebook) -> None:
    assert who(account("", case(rulebook, role=role))) == ("", "")
    found = account(VIK.org_no, case(rulebook, role=role, org_no=(VIK.org_no,)))
    assert (who(found), found.flags) == (("org_no", "100043"), ())


def test_a_domain_of_several_customers_gives_suggestions_and_no_customer(rulebook: Rulebook) -> None:
    shared = replace(VIK, domains=("fjordbygg-demo.no",))
    found = account("", case(rulebook, FJORD, shared))
    assert (who(found), found.flags) == (("", ""), ("customer_ambiguous",))
    assert found.suggestions == ("100042 Fjord Bygg AS", "100043 Vik Rør AS")


def test_a_forged_senders_domain_tells_nothing(rulebook: Rulebook) -> None:
    assert who(account("", case(rulebook, result="forged"))) == ("", "")


def test_a_name_alone_is_a_suggestion_however_like_it_is(rulebook: Rulebook) -> None:
    stranger = Address("x", "gmail.com")
    for written in ("Fjord Bygg AS", "FJORDBYGG", "Fjord Byg A/S", "Fjort Bygg"):
        found = account("", case(rulebook, sender=stranger, company=written))
        assert (who(found), found.suggestions) == (("", ""), ("100042 Fjord Bygg AS",)), written
    assert account("", case(rulebook, sender=stranger, company="Fjell og Vidde AS")).suggestions == ()


def test_an_unknown_organisation_number_is_not_made_the_senders_company(rulebook: Rulebook) -> None:
    found = account("923609016", case(rulebook, org_no=("923609016",)))
    assert (who(found), found.suggestions) == (("", ""), ("100042 Fjord Bygg AS",))


def test_an_unknown_customer_number_leaves_the_domain_a_suggestion(rulebook: Rulebook) -> None:
    found = account("", case(rulebook, customer_no=("999",)))
    assert (who(found), found.suggestions) == (("", ""), ("100042 Fjord Bygg AS",))


def test_numbers_of_two_customers_are_for_a_person(rulebook: Rulebook) -> None:
    found = account(ORG, case(rulebook, org_no=(ORG,), customer_no=("100043",)))
    assert (who(found), found.flags) == (("", ""), ("numbers_disagree",))
    assert set(found.suggestions) == {"100042 Fjord Bygg AS", "100043 Vik Rør AS"}


def test_a_customer_without_an_organisation_number_is_found_by_its_own(rulebook: Rulebook) -> None:
    found = account("923609016", case(rulebook, org_no=("923609016",), customer_no=("100044",)))
    assert who(found) == ("customer_no", "100044")


def test_an_organisation_with_two_customer_numbers_needs_the_right_one(rulebook: Rulebook) -> None:
    second = replace(FJORD, customer_no="200001")
    assert account(ORG, case(rulebook, FJORD, second, org_no=(ORG,))).flags == ("customer_ambiguous",)
    assert who(account(ORG, case(rulebook, FJORD, second, org_no=(ORG,), customer_no=("200001",)))) == (
        "org_no",
        "200001",
    )


def test_a_sender_of_another_customers_domain_is_flagged(rulebook: Rulebook) -> None:
    found = account(VIK.org_no, case(rulebook, org_no=(VIK.org_no,)))
    assert (who(found), found.flags) == (("org_no", "100043"), ("sender_elsewhere",))


def test_with_a_contract_the_deadline_is_known_and_staff_read_why(rulebook: Rulebook) -> None:
    found = decided(rulebook)
    assert (found.deadline.status, found.deadline.last_service_day) == ("timely", date(2026, 12, 31))
    assert (found.deadline.basis, found.deadline.access_until) == ("source", date(2027, 6, 20))
    account_ = found.items[0].account
    assert account_ is not None
    told = "\n".join(account_in_words(account_))
    assert "customer 100042 Fjord Bygg AS, by organisation number" in told
    assert "ends 31.12.2026 (source); last safe notice 30.09.2026 (source)" in told
    assert any("The customer is 100042 Fjord Bygg AS" in said for said in found.because)


def test_without_a_contract_it_stays_unknown_with_candidates(rulebook: Rulebook) -> None:
    for contracts in ((), (VIK,)):
        found = decide(message(), understanding(), context(contracts=contracts), rulebook)
        assert found.deadline.status == "unknown"
        assert [(each.contract, each.last_service_day) for each in found.deadline.candidates] == [
            ("A", date(2026, 12, 31))
        ]


def test_the_day_of_arrival_is_oslos(rulebook: Rulebook) -> None:
    for arrival, status in (
        (datetime(2026, 9, 30, 21, 59, tzinfo=UTC), "timely"),
        (datetime(2026, 9, 30, 22, 0, tzinfo=UTC), "late"),
    ):
        mail = message(date=arrival)
        found = decide(mail, understanding(), context(contracts=REGISTER, arrival=arrival, now=arrival), rulebook)
        assert found.deadline.status == status


def test_the_products_named_choose_the_contract(rulebook: Rulebook) -> None:
    both = (FJORD, EXPENSE)
    fields = Fields(org_no=(ORG,), products=("Visma.net Expense",))
    assert decided(rulebook, *both, fields=fields).deadline.rule == "B"
    fields = Fields(org_no=(ORG,), products=("Visma Severa",))
    other = decided(rulebook, *both, fields=fields).deadline
    assert other.status == "unknown"
    assert "product_not_in_register" in other.flags
    assert {each.contract for each in other.candidates} == {"Visma Global", "Visma.net Expense"}


def test_several_contracts_of_different_ends_are_candidates_each(rulebook: Rulebook) -> None:
    found = decided(rulebook, FJORD, EXPENSE, fields=Fields(org_no=(ORG,))).deadline
    assert found.status == "unknown"
    assert "several_contracts" in found.flags
    assert [each.contract for each in found.candidates] == ["Visma Global", "Visma.net Expense"]
    alike = decided(rulebook, FJORD, replace(FJORD, product="Visma Business"), fields=Fields(org_no=(ORG,))).deadline
    assert (alike.status, alike.last_service_day) == ("timely", date(2026, 12, 31))


def test_an_accountants_mail_has_a_deadline_for_each_client(rulebook: Rulebook) -> None:
    late = replace(VIK, type="B", signed=date(2025, 9, 1))
    fields = Fields(org_no=(ORG, VIK.org_no, "923609016"))
    found = decided(rulebook, FJORD, late, fields=fields, role="accountant")
    told = {item.org_no: item.account for item in found.items}
    assert [each and each.customer_no for each in told.values()] == ["100042", "100043", ""]
    deadlines = [each.deadline for each in told.values() if each and each.deadline]
    assert [each.status for each in deadlines] == ["timely", "late", "unknown"]
    assert all("authority" in each.flags for each in deadlines)
    assert found.deadline.status == "unknown"
    assert found.deadline.flags[0] == "several_customers"
    assert found.deadline.candidates[0].contract == "100042 A"
    assert found.rule == "termination/accountant"


def test_an_estates_notice_falls_to_no_deadline(rulebook: Rulebook) -> None:
    found = decided(rulebook, role="estate")
    assert found.deadline == Deadline("unknown", flags=("estate",))
    assert found.rule == "termination/estate"
    assert found.items[0].account is not None
    assert found.items[0].account.customer_no == "100042"


def test_a_part_follows_the_whole_contract_with_a_flag(rulebook: Rulebook) -> None:
    found = decided(rulebook, topics=("partial",))
    assert (found.deadline.status, "part_only" in found.deadline.flags) == ("timely", True)


def test_other_requests_get_the_customer_and_no_deadline(rulebook: Rulebook) -> None:
    says = understanding("invoice_question")
    found = decide(message(), says, context(contracts=REGISTER), rulebook)
    assert found.deadline == Deadline("unknown")
    told = found.items[0].account
    assert told is not None
    assert (told.customer_no, told.deadline, told.agreements) == ("100042", None, ())


def test_a_flag_is_told_once_and_in_words() -> None:
    agreement = Agreement(FJORD, Deadline("late", date(2027, 12, 31), date(2027, 9, 30), flags=("weekend_deadline",)))
    told = account_in_words(Account("domain", "100042", "Fjord", agreements=(agreement,), deadline=agreement.deadline))
    assert sum("weekend" in line for line in told) == 1


@pytest.mark.parametrize("language", ["nb", "nn", "en", "sv", "da"])
@pytest.mark.parametrize("role", ["customer", "accountant", "estate"])
@pytest.mark.parametrize(
    "kind", ["termination", "termination_question", "termination_withdrawal", "agreement_question"]
)
def test_no_letter_names_a_day_that_nobody_has_registered(
    kind: str, role: str, language: str, rulebook: Rulebook
) -> None:
    """Whatever the register knows: the deadline, the end, the end after it and access stay with staff."""
    says = understanding(kind, "termination", language=language, role=role)
    with_contract = decide(message(), says, context(contracts=REGISTER), rulebook)
    without = decide(message(), says, context(), rulebook)
    assert with_contract.reply == without.reply
    assert with_contract.reply is not None
    deadline = with_contract.deadline
    days = [date(2026, 12, 31), date(2026, 9, 30), date(2027, 12, 31), date(2027, 6, 20), deadline.last_service_day]
    letter = with_contract.reply.subject + with_contract.reply.text + with_contract.reply.html
    for day in filter(None, days):
        month = MONTHS[language][day.month - 1]
        forms = (in_words(day, language), f"{day.day}. {month} {day.year}", f"{day.day} {month} {day.year}")
        assert not [form for form in (*forms, f"{day:%d.%m.%Y}", day.isoformat()) if form in letter]


def test_only_confirmations_have_a_place_for_a_day() -> None:
    """A confirmation leaves when a person has registered its day, and no other letter could name one."""
    kinds = {
        reply: kind
        for path in (ROOT / "rules").glob("*.toml")
        for reply, kind in tomllib.loads(path.read_text(encoding="utf-8")).get("replies", {}).items()
    }
    placed = {
        f"{path.parent.name}/{path.name.split('.')[0]}"
        for path in (ROOT / "templates").rglob("*.*")
        if any(word in path.read_text(encoding="utf-8") for word in ("last_day", "access_until"))
    }
    assert "termination/confirmed" in placed
    assert {kinds[each] for each in placed} == {"confirmation"}


def test_a_register_in_memory_finds_by_number_domain_and_name() -> None:
    register = Register([VIK, EXPENSE, FJORD])
    assert register.of(Asked(org_nos=(ORG,))) == (FJORD, EXPENSE)
    assert register.of(Asked(customer_nos=("100043",))) == (VIK,)
    assert register.of(Asked(domains=("post.vikror-demo.no", "vikror-demo.no"))) == (VIK,)
    assert register.of(Asked(name="Vik Ror")) == (FJORD, EXPENSE, VIK)
    assert register.of(Asked()) == ()


@pytest.mark.parametrize(
    ("changes", "asks"),
    [
        ({"company": "Fjord Bygg AS"}, ()),
        ({"company": "fjord bygg a/s"}, ()),
        ({"company": "Havn Regnskap AS"}, ("org_no", "customer_no")),
        ({}, ("org_no", "customer_no")),
        ({"company": "Fjord Bygg AS", "customer_no": ("999999",)}, ()),
    ],
)
def test_a_notice_that_names_the_company_of_its_senders_domain_is_asked_for_no_number(
    rulebook: Rulebook, changes: dict[str, Any], asks: tuple[str, ...]
) -> None:
    found = decided(rulebook, fields=Fields(**changes))
    assert [each.asks for each in found.items] == [asks]
    assert found.reply
    assert ("organisasjonsnummeret" in found.reply.text) == bool(asks)


def test_a_notice_of_an_unproven_sender_or_without_a_register_is_asked_for_its_numbers(rulebook: Rulebook) -> None:
    said = Fields(company="Fjord Bygg AS")
    nobodys = decide(message(), understanding(fields=said), context(), rulebook)
    assert nobodys.items[0].asks == ("org_no", "customer_no")
    elsewhere = decided(rulebook, VIK, fields=said)
    assert elsewhere.items[0].asks == ("org_no", "customer_no")
