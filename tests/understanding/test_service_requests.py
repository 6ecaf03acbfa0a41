"""Codes, ELMA, invoices and administrators: further ways of asking, in wordings of no labelled mail."""

from __future__ import annotations

import pytest

from tests.understanding.made_mail import main_of, understood

CASES = {
    "elma_register": [
        ("EHF", "Kunne dere fått Bygg AS inn i ELMA? Kommunen krever EHF."),
        ("EHF-mottak", "Vær vennlige å melde dem inn som EHF-mottaker."),
        ("Peppol", "Please enter Fjord Rentals AS in ELMA for inbound EHF."),
        ("ELMA", "Ny kund hos oss, Bygg AS. De ska kunna ta emot EHF. Kan ni lägga in dem?"),
        ("Tilmelding", "Vi skal kunne modtage EHF. Ordner I det?"),
        ("elma", "kan vi få elma på 332 009 826?"),
        ("EHF", "Me vil kome i gang med EHF. Kan de leggja oss inn?"),
        ("E-invoice", "Could you switch on e-invoicing for us in Peppol?"),
    ],
    "elma_deregister": [
        ("ELMA", "Kan de ta oss vekk frå ELMA?"),
        ("EHF", "ELMA-registreringen må også slettes når vi går over til PowerOffice."),
        ("ELMA", "We wish to be removed from the ELMA register as of 31 March."),
        ("ELMA", "Vi flytter til et andet system og skal derfor ud af ELMA hos jer."),
        ("EHF", "Vi vil ikke lenger ta imot EHF. Kan dere stenge mottaket?"),
        ("Peppol", "Pagero sier de ikke får registrert oss i ELMA. Slett oss hos dere."),
        ("ELMA", "Bolaget ska ut ur ELMA så att ny leverantör kan registrera oss."),
    ],
    "elma_question": [
        ("EHF", "Leverandøren har sendt EHF, men ingenting har dukket opp i AutoInvoice. Hva er galt?"),
        ("e-fakturor", "Varför dyker inte e-fakturorna upp hos oss?"),
        ("ELMA", 'Får feilen "participant already exist" i ELMA. Har noen andre meldt oss inn?'),
        ("EHF", "Hvilket aksesspunkt ligger vi på i ELMA?"),
        ("ELMA", "Blir vi meldt ut av ELMA automatisk, eller må vi gjøre det selv?"),
    ],
    "otp_code": [
        ("SV: Kode", "Koden gikk ut før jeg rakk å bruke den. Kan jeg få en ny kode?"),
        ("Kod", "Jag har bytt lur och inloggningen är låst. En engångskod vore toppen."),
        ("Innlogging", "Hun har byttet nummer og får ikke SMS med kode."),
        ("Kode", "Telefonen ligger på bunnen av fjorden, jeg er utestengt."),
        ("Kode", "Eg er einaste administrator og utestengd, så ingen kan lage eingongskode til meg her."),
    ],
    "otp_rights": [
        ("Engångskoder", "Blanketten är ifylld och kommer här."),
        ("Engangskoder", "La Mona få lage engangskoder for alle på domenet fjordbygg-demo.no."),
        ("OTP", "Our administrator should be able to issue one-time codes for the domain fjord-demo.com."),
        ("Rett", "Eg vil gjerne få rett til eingongskodar for domenet vårt."),
    ],
    "admin_access": [
        ("Admin", "Kan dere gjøre kari@fjordbygg-demo.no til administrator?"),
        ("Adm", "Jeg trenger adm-rettigheter i Visma.net, hun som er admin går ut i permisjon."),
        ("Tilgang", "Forrige regnskapsfører står som administrator. Kan dere sette meg inn i stedet?"),
        ("Admin", "Kan ni lägga upp mig som administratör? Den tidigare administratören har slutat."),
        ("Access", "Who is our administrator in Visma.net? Please appoint me."),
    ],
    "invoice_question": [
        ("Dobbelt", "Dere har trukket 70123456 to ganger. Vil ha igjen den ene."),
        ("Fråga", "Jag förstår inte vad raden avser på fakturan."),
        ("Regning", "Hvorfor er regningen høyere enn i fjor?"),
        ("Faktura", "Har ikke mottatt fakturaen for mai. Kan den ettersendes?"),
    ],
}


@pytest.mark.parametrize(
    ("kind", "subject", "text"), [(kind, *each) for kind, cases in CASES.items() for each in cases]
)
def test_it_reads_what_is_asked_for(kind: str, subject: str, text: str) -> None:
    assert main_of(understood(f"{text}\n\nMvh\nKari Holm\n", subject)) == kind


def _sure(kind: str, text: str, subject: str = "") -> float:
    return dict(understood(text, subject).chances)[kind]


@pytest.mark.parametrize(
    ("kind", "subject", "text"),
    [
        ("elma_register", "ELMA", "Slett oss fra ELMA, slik at ny leverandør kan melde oss inn."),
        ("elma_register", "ELMA", "Selskapet skulle aldri ha vært meldt inn i ELMA. Ta oss ut."),
        ("elma_deregister", "Ny", "Det nye selskapet blir meldt inn i ELMA for mottak av EHF."),
        ("otp_code", "Moms", "Code 86 posts to the wrong VAT account in Visma.net ERP."),
        ("admin_access", "Feil", "Vi har kjørt installasjonen som lokal administrator, men den stopper."),
        ("admin_access", "Kode", "Kan jeg som admin lage en kode til ham selv?"),
        ("invoice_question", "Slutt", "Vi sier opp Visma Global og KON-ABO00 fra nyttår."),
    ],
)
def test_words_of_a_request_are_not_the_request(kind: str, subject: str, text: str) -> None:
    assert _sure(kind, text, subject) < 0.3
