"""Notices and what looks like them, as people write them: the request, its day and its products."""

from __future__ import annotations

import pytest

from tests.understanding.made_mail import main_of, understood

LETTERS = [
    (
        "Vedr. kundeforhold 20441",
        "Til rette vedkommende\n\nStyret i Lia Borettslag har besluttet at forretningsførselen overføres til OBOS fra 1. januar. Vårt abonnement på Visma eAccounting bortfaller dermed, og vi anser avtalen som avsluttet fra samme dato.",
        "termination",
        "2026-12-31",
        {"Visma eAccounting"},
    ),
    (
        "Lisensreduksjon",
        "Vi har mistet et stort oppdrag og må dessverre kutte kostnader. Av dagens 15 brukere på Visma.net Expense vil vi bare ha 6 fra 1. november.",
        "termination",
        "2026-10-31",
        {"Visma.net Expense"},
    ),
    (
        "Avslutning av Severa",
        "Hei. Konsulentene våre har gått over i morselskapet og Severa står ubrukt. Skal ikke forlenges.",
        "termination",
        None,
        {"Visma Severa"},
    ),
    (
        "RE: Fornyelse",
        "Nei, vi ønsker ikke tilbudet. La Visma Global gå ut som planlagt 30.11.2026.",
        "termination",
        "2026-11-30",
        {"Visma Global"},
    ),
    (
        "Pensjonist",
        "Jeg runder av butikken til påske og får ikke bruk for Avendo etter 31. mars. Kan du sørge for at det stopper da?",
        "termination",
        "2027-03-31",
        {"Visma Avendo"},
    ),
    (
        "End of service",
        "As our parent has rolled out SAP group-wide, Visma Business is redundant and the contract should end on its anniversary, 14 February 2027.",
        "termination",
        "2027-02-14",
        {"Visma Business"},
    ),
    (
        "Cancelling",
        "Hello, we'd like out of the AutoPay agreement as soon as you can let us go.",
        "termination",
        "asap",
        {"Visma.net AutoPay"},
    ),
    (
        "Uppsägning av moduler",
        "Från och med den 1 mars behöver vi bara Visma Business. Approval och Calendar kan ni ta bort.",
        "termination",
        "2027-02-28",
        {"Visma.net Approval", "Visma.net Calendar"},
    ),
    (
        "Opsigelse",
        "Til orientering har bestyrelsen besluttet at lukke afdelingen i Oslo. Aftalen om Visma.net Payroll bedes ophøre med udgangen af marts 2027.",
        "termination",
        "2027-03-31",
        {"Visma.net Payroll"},
    ),
    (
        "Oppseiing Finale",
        "Revisoren tek årsoppgjeret no, så Finale kan de avslutte ved utgangen av året.",
        "termination",
        "2026-12-31",
        {"Finale"},
    ),
    (
        "Brukere",
        "3 stk brukere på Visma Business kan fjernes fra neste år.",
        "termination",
        "2026-12-31",
        {"Visma Business"},
    ),
    (
        "Terminering",
        "Med henvisning til kontraktens punkt 7 varsler vi terminering av leveransen Visma.net Logistics. Kontrakten opphører 31. august 2027.",
        "termination",
        "2027-08-31",
        {"Visma.net Logistics"},
    ),
    (
        "Visma Sign",
        "Vi prøvde Visma Sign, men det var ikke noe for oss. Vennligst steng kontoen.",
        "termination",
        None,
        {"Visma Sign"},
    ),
    (
        "Fwd: oppsigelse",
        "Hei, denne kom til meg ved en feil.\n\nFrom: Per Lie <per@lie-demo.no>\nSent: 3 September 2026 10:00\nTo: Ola\nSubject: oppsigelse\n\nHei, vi sier opp Visma CRM fra årsskiftet. Lie Bygg AS.",
        "termination",
        "2026-12-31",
        {"Visma CRM"},
    ),
    (
        "Klient",
        "Vår klient Nes Fisk AS har lagt ned driften. Vi ber på deres vegne om at Visma Business avvikles 31.10.",
        "termination",
        "2026-10-31",
        {"Visma Business"},
    ),
    ("Oppsigelse sendt", "Hei, jeg sendte en oppsigelse i august. Kom den frem?", "termination_question", None, None),
    (
        "Sagt opp - når?",
        "Vi fikk bekreftet oppsigelsen i juni. Hvilken dato er siste dag?",
        "termination_question",
        None,
        None,
    ),
    (
        "Vilkår ved oppsigelse",
        "Får vi igjen penger for resten av året hvis vi går nå?",
        "termination_question",
        None,
        None,
    ),
    (
        "Bytte av system",
        "Vi tenker å gå over til noe annet neste år og lurer på når vi må gi beskjed.",
        "termination_question",
        None,
        None,
    ),
    ("Exit", "What would we need to do to get our data out if we left Visma?", "termination_question", None, None),
    (
        "Oppsigelse av Payroll",
        "Forrige uke sendte vi en oppsigelse av Payroll. Vi vil likevel ha det et år til, så den kan dere slette.",
        "termination_withdrawal",
        None,
        {"Visma.net Payroll"},
    ),
    (
        "Stans oppsigelsen",
        "Kan dere stanse behandlingen av oppsigelsen vår? Vi fortsetter.",
        "termination_withdrawal",
        None,
        None,
    ),
    ("Sorry", "We sent you a cancellation on Monday. Please do not process it.", "termination_withdrawal", None, None),
    (
        "Ny telefon",
        "Har fått ny jobbtelefon og nå får jeg ikke opp koden når jeg skal inn i Visma.",
        "otp_code",
        None,
        None,
    ),
    (
        "Pålogging",
        "En av våre ansatte kommer ikke inn på Visma.net Expense fordi hun har skiftet telefon.",
        "otp_code",
        None,
        {"Visma.net Expense"},
    ),
    (
        "Oppgave",
        "Utfylt skjema følger vedlagt, ta kontakt om noe mangler. Gjelder rettighet for engangskoder.",
        "otp_rights",
        None,
        None,
    ),
    (
        "Ikke mottatt EHF",
        "Vi venter på en EHF fra en leverandør, men den har ikke dukket opp. Er noe galt med oppsettet vårt i ELMA?",
        "elma_question",
        None,
        None,
    ),
    ("Feilmelding", "Får feilmelding 503 når jeg åpner bilag i Visma.net ERP.", "other", None, {"Visma.net ERP"}),
    ("Sluttoppgjør", "Hvordan fører jeg sluttoppgjør for en ansatt som har sagt opp?", "other", None, None),
    ("Misnøye", "Nå er vi lei. Kommer dere ikke med et bedre tilbud, finner vi noen andre.", "other", None, None),
    (
        "Faktura etter oppsigelse",
        "Avtalen ble avsluttet i fjor, men vi har fått faktura 70998877 likevel. Vennligst krediter.",
        "invoice_question",
        None,
        None,
    ),
    (
        "Regnskapsfører",
        "Vi bytter regnskapsfører 1. mai og lisensen på Visma Business skal flyttes til det nye kontoret.",
        "licence_transfer",
        "2027-05-01",
        {"Visma Business"},
    ),
]


@pytest.mark.parametrize(("subject", "text", "kind", "day", "products"), LETTERS)
def test_it_reads_the_request_its_day_and_its_products(
    subject: str, text: str, kind: str, day: str | None, products: set[str] | None
) -> None:
    found = understood(f"{text}\n\nMvh\nKari Holm\n", subject)
    assert main_of(found) == kind
    assert (str(found.fields.effective_date) if found.fields.effective_date else None) == day
    assert set(found.fields.products) == (products or set())
