"""Dates, numbers, products, companies, persons: one sentence each."""

from __future__ import annotations

from typing import Any

import pytest

from processor.message import Address
from tests.understanding.made_mail import understood


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Vi sier opp Visma Global per 31.12.", "2026-12-31"),
        ("Vi sier opp Visma Global per 31/12-27.", "2027-12-31"),
        ("Vi sier opp Visma Global fra 1.1.2027.", "2026-12-31"),
        ("Vi sier opp Visma Global f.o.m. 1. januar.", "2026-12-31"),
        ("Vi sier opp Visma Global ut desember.", "2026-12-31"),
        ("Vi sier opp Visma Global ved årsskiftet.", "2026-12-31"),
        ("Vi sier opp Visma Global ved utgangen av mars 2027.", "2027-03-31"),
        ("Vi sier opp Visma Global ved utgangen av 1. kvartal 2027.", "2027-03-31"),
        ("Vi sier opp Visma Global. Siste dag blir 1. mars 2027.", "2027-03-01"),
        ("Vi sier opp Visma Global. Siste dag blir 280227.", "2027-02-28"),
        ("Vi sier opp Visma Global. Opphør 2027-06-30.", "2027-06-30"),
        ("Vi sier opp Visma Global fra 1. febuar 2027.", "2027-01-31"),
        ("Vi sier opp Visma Global 30. juni.", "2027-06-30"),
        ("Me seier opp Visma Global frå og med 1. mars 2027.", "2027-02-28"),
        ("We hereby terminate Visma Global effective 31 December 2026.", "2026-12-31"),
        ("We hereby terminate Visma Global as of 1 January 2027.", "2026-12-31"),
        ("Vi säger upp Visma Global till den 31 mars 2027.", "2027-03-31"),
        ("Vi opsiger Visma Global ved udgangen af november 2026.", "2026-11-30"),
        ("Vi sier opp Visma Global snarest mulig.", "asap"),
        ("Vi sier opp Visma Global med umiddelbar virkning.", "asap"),
        ("Vi sier opp Visma Global fra neste år.", "2026-12-31"),
        ("Vi sier opp Visma Global fra 2027.", "2026-12-31"),
        ("Vi sier opp Visma Global, det er slutt når 2026 er over.", "2026-12-31"),
        ("Me seier opp Visma Global når året er ute.", "2026-12-31"),
        ("Me seier opp Visma Global 30. juni neste år.", "2027-06-30"),
        ("Vi sier opp Visma Global fra første mars.", "2027-02-28"),
        ("Vi sier opp Visma Global ved utgangen av neste måned.", "2026-10-31"),
        ("Vi sier opp Visma Global fra neste måned.", "2026-09-30"),
        ("We will not need Visma Global after this month, please terminate it.", "2026-09-30"),
        ("Vi säger upp Visma Global per den sista december i år.", "2026-12-31"),
        ("Vi säger upp Visma Global till halvårsskiftet.", "2026-12-31"),
        ("Vi sier opp Visma Global. Siste lønn blir kjørt ut novemberlønn.", "2026-11-30"),
        ("Vi sier opp Visma Global, november ut.", "2026-11-30"),
        ("Vi sier opp Visma Global. Avtalen fornyes automatisk 01.01.2027.", "2026-12-31"),
        (
            "I am away from 1 to 19 October. We terminate Visma Global, and the term ends on 30 November 2026.",
            "2026-11-30",
        ),
        ("Vi sier opp Visma Global pr.31.12.2027.", "2027-12-31"),
        ("Vi sier opp Visma Global fra 15. mars 2027.", "2027-03-14"),
        ("Vi sier opp Visma Global. Sluttdato: juni 2027.", "2027-06-30"),
        ("Vi sier opp Visma Global ved utgangen av tredje kvartal 2027.", "2027-09-30"),
        ("Vi sier opp Visma Global, den skal ikke forlenges utover 2026.", "2026-12-31"),
        ("Vi sier opp Visma Global, jo før jo heller.", "asap"),
        ("Vi sier opp Visma Global så raskt som mulig.", "asap"),
        ("Vi sier opp Visma Global så fort dere får det til.", "asap"),
        ("Vi sier opp Visma Global fra førstkommende mulighet.", "asap"),
        ("Please terminate Visma Global at the next possible renewal.", "asap"),
        ("Please cancel our subscription for Visma Global today, we have closed.", "asap"),
        ("Avslutt Mamut-abonnementet nå.", "asap"),
        ("Vi sier opp Visma Global. Vi har kjøpt et annet system nå.", "None"),
        ("Vi sier opp Visma Global. Gi beskjed snarest.", "None"),
        ("Vi sier opp Visma Global når bindingstiden går ut.", "None"),
        ("Vi sier opp Visma Global. Bekreft snarest.", "None"),
        ("Vi sier opp Visma Global. Avtalen ble signert 15.03.2025.", "None"),
    ],
)
def test_it_reads_the_last_day_of_an_agreement(text: str, day: str) -> None:
    assert str(understood(text, "Oppsigelse").fields.effective_date) == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Vi ønsker at lisensene på Visma Business overføres til Ny Eier AS fra 1. juli 2027.", "2027-07-01"),
        ("Lisensene på Visma Business skal overføres til Ny Eier AS ved årsskiftet.", "2027-01-01"),
        ("Lisensene på Visma Business skal overføres til Ny Eier AS ved månedsskiftet oktober/november.", "2026-11-01"),
        ("Lisensane skal overførast til Ny Eigar AS. Selskapa vart slegne saman 1. september.", "2026-09-01"),
        (
            "Lisensene på Visma Business skal overføres.\n\nNytt selskap: Ny Eier AS\nDato: 15. oktober 2026",
            "2026-10-15",
        ),
    ],
)
def test_a_transfer_takes_effect_on_its_day_itself(text: str, day: str) -> None:
    assert str(understood(text).fields.effective_date) == day


@pytest.mark.parametrize(("text", "day"), [("fra mandag", "2026-09-21"), ("i morgen", "2026-09-15")])
def test_a_weekday_is_the_next_such_day(text: str, day: str) -> None:
    found = understood(f"Vi bytter aksesspunkt. Vennligst meld oss ut av ELMA {text}.")
    assert str(found.fields.effective_date) == day


def test_the_municipality_s_day_is_not_the_registration_s() -> None:
    found = understood("Kommunen krever at vi kan ta imot EHF fra 1. november. Kan dere registrere oss i ELMA?")
    assert found.fields.effective_date is None


def test_a_year_that_was_not_written_is_flagged() -> None:
    assert "year_assumed" in understood("Vi sier opp Visma Global per 31.12.", "Oppsigelse").flags


def test_a_question_has_no_effective_date() -> None:
    assert understood("Hva er fristen for å si opp til 31.12.2026?").fields.effective_date is None


@pytest.mark.parametrize(
    "text",
    [
        "org.nr 974760673",
        "Orgnr. 974 760 673",
        "NO 974 760 673 MVA",
        "0192:974760673",
        "org.nr 974\u00a0760\u00a0673",
        "974760673\n2) resten",
    ],
)
def test_it_reads_an_organisation_number_however_it_is_written(text: str) -> None:
    assert understood(f"Vi sier opp Visma Global, {text}").fields.org_no == ("974760673",)


@pytest.mark.parametrize(
    "text", ["org.nr 987654321", "tlf 974 76 067", "kundenr 974760673", "KID 974760673", "konto 9747 60 67311"]
)
def test_it_takes_no_other_number_for_an_organisation_number(text: str) -> None:
    assert understood(f"Vi sier opp Visma Global, {text}").fields.org_no == ()


def test_it_keeps_national_numbers_and_accounts_out_of_every_field() -> None:
    fields = understood("Vi sier opp Visma Global. Fnr 01010112345, konto 1503.42.11876.", "Oppsigelse").fields
    assert (fields.org_no, fields.customer_no, fields.invoice_no, fields.phone) == ((), (), (), "")


def test_it_reads_customer_numbers_after_their_label() -> None:
    fields = understood("Vi sier opp Visma Global. Kundenummer: 3055127 (Grenland) og 3058840 (Telemark).").fields
    assert fields.customer_no == ("3055127", "3058840")


def test_it_reads_invoice_numbers_with_and_without_a_prefix() -> None:
    fields = understood("Hva gjelder faktura 70123456 og INV 00733918?").fields
    assert fields.invoice_no == ("70123456", "INV00733918")


def test_a_client_s_number_is_taken_and_the_accountant_s_own_is_not() -> None:
    text = "På vegne av vår klient Skogly Barnehage SA (org.nr 390 372 906) sier vi opp Visma Lønn.\n\n"
    signature = "Camilla Strøm\nRegnskapskontoret Viken AS\nOrg.nr 305 025 283 MVA"
    found = understood(kinds=(("new", text), ("signature", signature)))
    assert found.role == "accountant"
    assert found.fields.org_no == ("390372906",)
    assert found.fields.company == "Skogly Barnehage SA"


@pytest.mark.parametrize(
    ("text", "products"),
    [
        ("Vi sier opp H&L Lønn og VDC.", ("Huldt & Lillevik Lønn", "Visma Document Center")),
        ("Vi sier opp Visma Business NXT.", ("Visma Business NXT",)),
        ("Vi sier opp Visma.net Project og Time.", ("Visma.net Project", "Visma.net Time")),
        ("We terminate our business agreement for some time.", ()),
        ("Vi sier opp avtalen for Nordic Global Logistics AS.", ()),
        ("Vi sier opp Visma Lønn, men beholder Visma Business.", ("Visma Lønn",)),
        ("Vi sier opp Visma Lønn. Autoinvoice, AutoPay og Visma.net ERP fortsetter uendret.", ("Visma Lønn",)),
        ("Si opp global fra nyttår.", ("Visma Global",)),
        ("Vi sier opp Vissma Global og Doc Center.", ("Visma Global", "Visma Document Center")),
        ("Vi sier opp Time. Payroll må vi ha videre.", ("Visma.net Time",)),
        ("Takk for tilbudet på NXT, men vi sier opp Visma Global.", ("Visma Global",)),
    ],
)
def test_it_reads_the_products_that_are_to_end(text: str, products: tuple[str, ...]) -> None:
    assert understood(text, "Oppsigelse").fields.products == products


@pytest.mark.parametrize(
    ("text", "company"),
    [
        ("Vi sier opp.\n\nFirma: Østbye Rør AS", "Østbye Rør AS"),
        ("Gjelder Moe & Sønn Arkitekter AS, org.nr 974760673.", "Moe & Sønn Arkitekter AS"),
        ("Vi sier opp.\n\nHilsen Ragnar i Opdal Varme AS", "Opdal Varme AS"),
        ("Avtalen gjelder Storli Bygdetun (stiftelse) – 974760673", "Storli Bygdetun"),
        ("Jeg er kasserer i Furulia Idrettslag og vil si opp.", "Furulia Idrettslag"),
        ("vi sier opp\n\nbakken graving as", "bakken graving as"),
        ("Vi sier opp Visma Global AS avtalen hos Visma Software AS", None),
        ("Vi sier opp.", None),
    ],
)
def test_it_reads_the_company_as_it_is_written(text: str, company: str | None) -> None:
    assert understood(text, "Oppsigelse").fields.company == company


def test_a_line_like_the_sender_s_domain_is_the_company() -> None:
    sender = Address("elisabeth", "ravninterior-demo.no", "Elisabeth Dahl")
    found = understood(
        kinds=(("new", "Vi sier opp.\n\n"), ("signature", "Elisabeth Dahl\nRavn Interiør")), sender=sender
    )
    assert found.fields.company == "Ravn Interiør"


def test_persons_addresses_are_fields_only_where_a_person_is_meant() -> None:
    assert understood("Jeg er låst ute og trenger engangskode: per@x-demo.no").fields.emails == ("per@x-demo.no",)
    assert understood("Vi sier opp Visma Global. Svar til per@x-demo.no").fields.emails == ()


def test_the_domains_asked_for_leave_out_the_one_that_works() -> None:
    text = (
        "Kan dere legge til ny-demo.no på rettigheten til å generere engangskoder? Den første (gammel-demo.no) virker."
    )
    assert understood(text).fields.domains == ("ny-demo.no",)


def test_it_counts_the_users_that_are_to_go() -> None:
    assert understood("Vi reduserer fra 12 til 7 brukere på Visma.net Expense fra 1. april.").fields.users == 5


SIGNED = (("new", "Vi sier opp Visma Global.\n"), ("signature", "Mvh\nOla Å. Nes\nFjord Bygg AS\nOrg.nr. 328 627 035"))
UNSIGNED = (("new", "Vi sier opp Visma Global.\n"), ("signature", "Mvh\nFjord Bygg AS\ntlf 22 33 44 55"))


@pytest.mark.parametrize(
    ("sender", "kinds", "contact"),
    [
        ("Kari Nordmann", UNSIGNED, "Kari Nordmann"),
        ("Fjord Bygg AS", SIGNED, "Ola Å. Nes"),
        ("", UNSIGNED, ""),
        ("regnskap", UNSIGNED, ""),
    ],
)
def test_the_contact_is_the_person_who_writes_and_never_a_firm(sender: str, kinds: Any, contact: str) -> None:
    assert understood(kinds=kinds, sender=Address("post", "fjord-demo.no", sender)).fields.contact == contact


def test_evidence_tells_in_which_part_of_the_mail_it_stands() -> None:
    told = {name: span.part for name, span in understood(kinds=SIGNED).field_evidence}
    assert (told["products"], told["org_no"]) == ("new", "signature")


def test_a_part_in_another_language_is_named() -> None:
    said = understood(
        kinds=(
            ("new", "Hei, se mailen under fra vår eier. Vi ber dere gjøre som de skriver der.\n"),
            ("forwarded", "Please note that we hereby terminate the agreement for Visma Global from 31 December."),
        )
    )
    assert (said.language, said.other_languages) == ("nb", (("forwarded", "en"),))


@pytest.mark.parametrize(
    ("text", "company"),
    [
        ("Vi sier opp Visma Global. mvh moen varme og sanitær", "moen varme og sanitær"),
        ("Moen Varme AS og Moen Rør AS er slått sammen.", "Moen Varme AS"),
        ("Gäller Moen Varme AS, vi säger upp Visma Global.", "Moen Varme AS"),
        ("Vi sier opp Visma Global for vår filial, NUF.", None),
    ],
)
def test_small_letters_that_spell_the_sender_s_domain_are_the_company(text: str, company: str | None) -> None:
    sender = Address("ingar", "moenvarme-demo.no", "Ingar Moen")
    assert understood(text, "Oppsigelse", sender=sender).fields.company == company
