"""What a mail asks for, in wordings that stand in no labelled mail."""

from __future__ import annotations

import pytest

from tests.understanding.made_mail import main_of, understood

TERMINATION = [
    (
        "Avtale",
        "Hei, vi avslutter samarbeidet med dere og ønsker ikke Visma Business lenger. Siste bruk blir 30. juni.",
    ),
    ("Visma", "Kan dere si opp Visma Global for oss fra nyttår? Org.nr 332009826"),
    ("Abonnement", "Dere kan stenge alt fra nyttår, vi har gått over til Fiken."),
    ("AutoPay", "Vi vil ikke fornye AutoPay når perioden er over."),
    ("Lisenser", "Vi trenger færre lisenser. Vennligst reduser fra 10 til 6 brukere på Visma Business."),
    ("Opphør", "Selskapet er konkurs. Boet trer ikke inn i avtalen."),
    ("Cancel", "Hi, please cancel our subscription to Visma Severa at the end of the term."),
    ("Agreement", "We hereby give notice that we wish to end our agreement for Visma.net Payroll as of 31 March 2027."),
    ("Notice", "We have moved to Xledger and will not need Visma.net ERP after December. Kindly close our account."),
    ("Uppsägning", "Vi önskar säga upp avtalet för Visma.net Expense."),
    ("Avtal", "Vi kommer inte att förlänga avtalet när det löper ut. Vänligen avsluta Visma Sign."),
    ("Opsigelse", "Vi ønsker hermed at opsige aftalen om Visma.net Time med virkning fra 1. januar."),
    ("Aftale", "Vi skal ikke bruge AutoInvoice længere. I bedes lukke abonnementet hurtigst muligt."),
    ("Oppseiing", "Me seier med dette opp avtala på Visma Lønn."),
    ("Hei", "Me sluttar med Mamut til sommaren. Fint om de stoppar abonnementet då."),
    (
        "VS: Oppsigelse",
        "Se under, fint om dere tar denne.\n\n---------- Videresendt melding ---------\nFra: Per <per@x-demo.no>\nDato: ons. 7. okt. 2026\nEmne: Oppsigelse\nTil: post@visma.no\n\nVi sier opp Visma CRM per 31.12.",
    ),
    ("Business", "Vi har solgt bedriften og den nye eieren skal bruke noe annet. Avtalen må derfor opphøre."),
    ("Takk for oss", "Etter mange år takker vi for oss. Avtalen avsluttes ved utløpet av perioden."),
    (
        "Avtale 2231",
        "Viser til avtale om Visma Business. Styret har vedtatt å legge ned driften, og ber om at avtalen avvikles snarest.",
    ),
    (
        "Hei",
        "Kjære Visma, jeg pensjonerer meg til sommeren og trenger ikke programmet etter 30.06. Da kan dere bare skru av.",
    ),
    ("Endring", "Fra 1. mars ønsker vi kun 3 brukere på Visma.net Expense."),
    ("Modul", "Vi bruker ikke modulen Visma.net Calendar. Den kan tas bort fra abonnementet."),
    ("Lønn", "Lønnskjøringen flyttes til regnskapsfører, så vi har ikke bruk for Huldt & Lillevik lenger enn ut året."),
    ("Uppsägning", "Bolaget är sålt och de nya ägarna använder Fortnox. Avtalet ska därför upphöra den 31 mars."),
    ("Aftale", "Vi har valgt en anden leverandør og stopper med Visma Business pr. 31/12."),
    ("Slutt", "Æ vil si opp abonnementet på eAccounting, har ikkje bruk for det."),
    ("Visma Global", "Som avtalt på telefon bekrefter jeg at vi avslutter Visma Global 31.12.2026."),
    ("Subscription", "Please note that we do not wish to continue with Visma.net Time beyond 30 June 2027."),
    ("Contract end", "Our company is being wound up. All Visma services should be discontinued by 31 December."),
    ("kontrakt", "ikke forny kontrakten vår takk"),
    ("Nedgradering", "Vi ønsker å gå ned fra 8 til 5 lisenser ved neste fornyelse."),
    ("AutoInvoice", "Ta bort AutoInvoice fra oss, vi bruker det ikke."),
    ("Avsluttning", "Hej, vi lägger ner verksamheten och vill avsluta alla våra tjänster hos er."),
    ("Stopp", "Stopp abonnementet."),
    ("Oppsigelse Visma Business", "Org.nr 332009826\nKundenr 123456\nSluttdato 31.12.2026"),
]
TERMINATION_WITHDRAWAL = [
    ("Oppsigelse", "Vi ønsker å trekke oppsigelsen vi sendte forrige uke."),
    ("Oppsigelse likevel ikke", "Vi har bestemt oss for å fortsette som kunde, så dere kan se bort fra oppsigelsen."),
    ("Cancellation", "Please ignore our cancellation from last week, we will stay."),
    ("Uppsägning", "Vi vill dra tillbaka vår uppsägning."),
    ("Opsigelse", "Vi fortryder vores opsigelse og vil gerne beholde programmet."),
    ("Oppseiing", "Me har ombestemt oss og vil halde fram. Oppseiinga kan strykast."),
    ("Vedr. oppsigelse sendt 3.9.", "Den oppsigelsen dere fikk fra oss var en feil. Vi skal ikke slutte."),
    ("Angrer", "Kan vi angre oppsigelsen?"),
    ("Notice", "We hereby withdraw the notice of termination dated 1 September."),
]
TERMINATION_QUESTION = [
    ("Oppsigelse", "Hvordan sier vi opp avtalen?"),
    ("Spørsmål", "Hvor lang oppsigelsestid har vi på Payroll?"),
    ("Frist", "Når må dere ha oppsigelsen for at den skal gjelde fra nyttår?"),
    ("Tilgang", "Mister vi tilgang til regnskapet når avtalen er sagt opp?"),
    ("Status", "Vi sendte oppsigelse 3. september. Er den registrert?"),
    ("Notice period", "What is the notice period for Visma.net Expense?"),
    ("Question", "How do I cancel my subscription?"),
    ("Fråga", "Hur säger man upp avtalet och när löper det ut?"),
    ("Spørgsmål", "Hvornår kan vi tidligst opsige vores aftale?"),
    ("Spørsmål", "Korleis seier vi opp, og må det vere skriftleg?"),
    ("Vurderer", "Vi vurderer å bytte system. Hva er bindingstiden?"),
    ("Kan vi si opp?", "Kan vi si opp midt i perioden, eller må vi vente?"),
    ("Re", "Har dere mottatt oppsigelsen vår fra forrige uke? Vi har ikke fått kvittering."),
    ("Siste frist", "Hva er siste frist for oppsigelse av Visma Lønn for 2027?"),
    ("Kostnad", "Hvis vi sier opp i dag, hvor lenge må vi betale?"),
    ("Bekreftelse", "Vi venter fortsatt på bekreftelse på oppsigelsen vår."),
    ("Data", "Hva skjer med dataene våre når vi slutter?"),
    ("Adresse", "Hvor skal oppsigelsen sendes?"),
    ("Signatur", "Må oppsigelsen signeres av daglig leder?"),
    ("Ending", "If we terminate now, when will the agreement end?"),
    ("Bindningstid", "Hur lång bindningstid har vi kvar och kan vi säga upp tidigare?"),
    ("Opsigelsesvarsel", "Hvad er opsigelsesvarslet på Visma.net Payroll?"),
    ("Oppseiingstid", "Kor lang oppseiingstid har me?"),
]
OTP_CODE = [
    ("Engangskode", "Jeg har mistet mobilen og trenger engangskode til Visma."),
    ("Login", "I lost my phone and cannot log in to Visma Connect."),
    ("Hjelp", "Får ikke logget inn etter at jeg byttet telefon, authenticator viser feil kode."),
    ("Kod", "Jag har fått en ny telefon och kan inte logga in. Kan ni skicka en kod?"),
    ("Kode", "Jeg er låst ude, min telefon er stjålet."),
    ("Innlogging", "Kor finn eg beredskapskoden?"),
    ("2FA", "Hvordan setter jeg opp totrinnskontroll på ny mobil?"),
    ("Telefon", "Mobilen falt i do. Trenger hjelp til å komme inn i Visma.net"),
    ("Kode", "koden på sms kommer ikke"),
    ("Access", "The authenticator app was deleted when I reset my iPhone. What now?"),
    ("Login", "Visma ber om en kode jeg ikke har"),
    ("Inlogg", "Jag kommer inte in, appen är borta efter byte av mobil"),
]
OTP_RIGHTS = [
    ("Skjema", "Vedlagt følger skjema for rettigheter til å generere engangskode."),
    ("Administrator", "Vi ønsker at Kari Nordmann får rett til å lage engangskoder for domenet firma-demo.no."),
    ("Rights", "Please grant Anna the right to generate one-time codes for our domain acme-demo.com."),
    ("Behörighet", "Vi vill att vår administratör får generera engångskoder för domänen bolag-demo.se."),
    ("OTP", "Completed form attached."),
    ("Rett", "Eg vil kunne laga eingongskodar for dei tilsette i firmaet."),
    ("Skjema", "Kan jeg få rettigheten til å generere koder for brukerne våre? Domene: abc-demo.no"),
]
ELMA_REGISTER = [
    ("ELMA", "Kan dere registrere oss i ELMA?"),
    ("EHF", "Vi ønsker å motta EHF og må inn i ELMA."),
    ("E-invoice", "We need to be registered in ELMA to receive EHF invoices."),
    ("Fakturamottak", "Vi vil gjerne ta imot faktura på EHF. Kan dere ordne registrering?"),
    ("Peppol", "Kan ni lägga in oss i ELMA så att vi kan ta emot e-fakturor?"),
    ("Peppol", "Vi vil gerne oprettes i ELMA."),
]
ELMA_DEREGISTER = [
    ("ELMA", "Vi skal bytte aksesspunkt og må avregistreres fra ELMA hos dere."),
    ("Elma", "Vennligst slett oss fra ELMA."),
    ("ELMA", "Please remove us from ELMA, we are moving to another access point."),
    (
        "Elma",
        "Vi har gått over til Tripletex og får ikke registrert oss i ELMA der fordi dere har oss. Kan dere frigi oss?",
    ),
    ("ELMA", "Vi vil ikke lenger motta EHF. Meld oss av."),
]
ELMA_QUESTION = [
    ("Elma", "Er vi registrert i ELMA?"),
    ("EHF", "Vi får ikke EHF-fakturaer fra kunden vår, hva kan være galt?"),
    ("Peppol", "Hva er forskjellen på Peppol og ELMA?"),
    ("Elma", "Ligger vi inne i ELMA i dag, og på hvilket aksesspunkt?"),
    ("Elma", "Hvorfor kommer ikke EHF-fakturaene fram?"),
    ("Peppol", "Could you check whether our company is registered in ELMA?"),
    ("Elma", "Kan dere sjekke om vi er registrert i ELMA?"),
]
LICENCE_TRANSFER = [
    ("Lisens", "Vi har byttet organisasjonsnummer og må flytte lisensene til det nye selskapet."),
    ("Transfer", "We have merged with ABC AS and want to transfer the licences to them."),
    ("Overdragelse", "Kan avtalen overføres til ny eier?"),
    ("Nytt selskap", "Vi har startet AS og vil ta med oss Visma Business fra enkeltpersonforetaket."),
    ("Lisenser", "Søsterselskapet vårt skal overta lisensene våre fra 1. januar."),
    ("Orgnr", "Vi har fått nytt organisasjonsnummer etter omdanning til AS."),
    ("Fission", "Bolaget delas och licenserna ska flyttas till det nya bolaget."),
]
INVOICE_QUESTION = [
    ("Faktura", "Hva betyr linjen KON-ABO00?"),
    ("Faktura", "Kan dere sende meg kopi av siste faktura?"),
    ("Regning", "Vi har fått en regning vi ikke forstår. Hvorfor har prisen gått opp?"),
    ("Invoice", "We have been charged twice for the same month."),
    ("Purring", "Vi har fått purring på faktura 70123456 som allerede er betalt."),
    ("Faktura", "Hvor finner jeg fakturaene mine på Visma.net?"),
    ("Fakturan", "Varför har vi fått två fakturor i januari?"),
    ("Faktura 70123456", "Vi mener beløpet er feil og ber om kreditnota."),
    ("Antall", "Det står 36 stk på fakturaen, men vi er bare 3 brukere. Hvorfor?"),
    ("Invoice", "What is Distribusjonskost on invoice INV00123456?"),
    ("Rekning", "Kan de sende rekninga på nytt?"),
    ("Faktura", "Kan fakturaen sendes til en annen e-postadresse?"),
]
ADMIN_ACCESS = [
    ("Administrator", "Vår administrator har sluttet. Hvem kan gi oss tilgang?"),
    ("Admin", "We have no administrator any more. Could you make Per Hansen administrator?"),
    ("Tilgang", "Jeg må bli administrator i Visma.net, kan dere ordne det?"),
    ("Admin", "Den som var administrator hos oss har gått av med pensjon. Jeg skal overta."),
    ("Brukere", "Ingen hos oss får lagt til brukere i Visma.net. Hvem er administrator?"),
    ("Admin", "Ingen av oss har administratorrettigheter lenger, kan dere hjelpe?"),
]
AGREEMENT_QUESTION = [
    ("Databehandleravtale", "Kan dere sende oss databehandleravtalen?"),
    ("Vilkår", "Hvor finner jeg avtalevilkårene?"),
    ("Avtaler", "Kan vi få en oversikt over avtalene våre?"),
    ("GDPR", "Jeg ber om at mine personopplysninger slettes."),
    ("Terms", "Could you send us the current terms of service?"),
    ("Lesetilgang", "Hva koster lesetilgang til Visma Global?"),
    ("DPA", "We need a signed DPA."),
    ("Pris", "Når endres prisene, og hva sier vilkårene om prisøkning?"),
    ("Innsyn", "I henhold til GDPR ber jeg om innsyn i mine data."),
    ("Kontrakt", "Kan dere sende en kopi av avtalen vår?"),
]
OTHER = [
    ("Payroll", "En ansatt har sagt opp. Hvordan registrerer jeg sluttdato i Payroll?"),
    ("Feil", "Visma Business krasjer hver gang vi åpner rapporten."),
    ("Kurs", "Har dere kurs i Visma Business til høsten?"),
    ("Leie", "Vi sier opp leieavtalen for lokalet i Storgata."),
    ("Pris", "Hvis dere ikke setter ned prisen, sier vi opp avtalen."),
    ("Søknad", "Jeg søker på stillingen som konsulent. CV er vedlagt."),
    ("Momskode", "Hvordan endrer jeg momskode på en konto i eAccounting?"),
    ("Adresse", "Vi har flyttet. Ny adresse er Storgata 1, 0155 Oslo."),
    ("Integrasjon", "Støtter Visma.net ERP integrasjon mot Shopify?"),
    ("Hjelp", "Bankavstemmingen i eAccounting stemmer ikke, hva gjør jeg?"),
    ("Ansatt", "Hvordan fører jeg oppsigelse av en ansatt i Huldt & Lillevik?"),
    ("Bestilling", "Vi ønsker å bestille to nye lisenser på Visma Business."),
    ("Telefonnummer", "Hva er telefonnummeret deres?"),
    ("Feil", "Får feilmelding ved innsending av a-melding."),
    ("Møte", "Kan vi ta et møte om nye moduler i Visma.net?"),
]
NO_ACTION = [
    ("SV: Sak", "Tusen takk for hjelpen!"),
    ("Re: Case", "Great, thank you!"),
    ("SV: Oppsigelse", "Takk for bekreftelsen."),
    ("SV: Kode", "Det ordnet seg, takk."),
    ("Info", "Til orientering: vi har betalt fakturaen i dag."),
    ("SV: Oppsigelse", "Mottatt, takk. Ha en fin dag."),
    ("SV: Faktura", "Ok, da forstår jeg. Takk for forklaringen!"),
    ("Re: ELMA", "Thanks, that works now."),
    ("SV: Kode", "Da kom jeg inn, tusen takk!"),
    ("Tack", "Tack för snabb hjälp!"),
]
AUTO_REPLY = [
    ("Automatisk svar: Oppsigelse", "Jeg er på ferie og er tilbake mandag 4. august."),
    ("Out of office", "I am out of the office until Monday with limited access to email."),
    ("Autosvar", "Jag är föräldraledig och läser inte mejl."),
    ("Fravær", "Takk for din e-post. Jeg er ute av kontoret i dag."),
    (
        "Din henvendelse er mottatt",
        "Takk for henvendelsen. Saken er registrert med saksnummer 12345. Dette er en automatisk melding.",
    ),
    ("Automatic reply: Kvittering", "Thank you for your email. I am on annual leave and will be back on 3 August."),
    ("Frånvaro", "Jag är på semester till den 15 augusti."),
    ("Ikke på kontoret", "Jeg er på kurs til fredag og svarer når jeg er tilbake."),
]
BOUNCE = [
    (
        "Mail delivery failed: returning message to sender",
        "A message that you sent could not be delivered to one or more of its recipients. 550 user unknown",
    ),
    ("Undeliverable: Kvittering", "Your message couldn't be delivered. The recipient's mailbox is full."),
]
BULK = [
    ("Nyhetsbrev mai", "Les om våre nye produkter. Meld deg av nyhetsbrevet her."),
    ("Invitasjon til webinar", "Bli med på gratis webinar om skatt. Påmelding her. Avmeld nyhetsbrev."),
]
SPAM = [
    ("Your account", "Your account will be suspended. Verify your password within 24 hours: http://evil.example/login"),
    ("SEO services", "Hello, we can get your website to first page of Google. May I send you a quote?"),
    ("Vedr. markedsføring", "Hei! Vi hjelper bedrifter med å få flere kunder. Har du 15 minutter til en prat?"),
]


@pytest.mark.parametrize(("subject", "text"), TERMINATION)
def test_it_reads_a_notice_in_any_words(subject: str, text: str) -> None:
    assert main_of(understood(f"{text}\n\nMvh\nKari Holm\n", subject)) == "termination"


@pytest.mark.parametrize(("subject", "text"), TERMINATION_WITHDRAWAL)
def test_it_reads_a_withdrawal(subject: str, text: str) -> None:
    assert main_of(understood(f"{text}\n\nMvh\nKari Holm\n", subject)) == "termination_withdrawal"


@pytest.mark.parametrize(("subject", "text"), TERMINATION_QUESTION)
def test_it_takes_no_question_for_a_notice(subject: str, text: str) -> None:
    assert main_of(understood(f"{text}\n\nMvh\nKari Holm\n", subject)) == "termination_question"


@pytest.mark.parametrize(("subject", "text"), OTP_CODE)
def test_it_reads_a_locked_out_user(subject: str, text: str) -> None:
    assert main_of(understood(f"{text}\n\nMvh\nKari Holm\n", subject)) == "otp_code"


@pytest.mark.parametrize(("subject", "text"), OTP_RIGHTS)
def test_it_reads_who_wants_the_right_to_make_codes(subject: str, text: str) -> None:
    assert main_of(understood(f"{text}\n\nMvh\nKari Holm\n", subject)) == "otp_rights"


@pytest.mark.parametrize(("subject", "text"), ELMA_REGISTER)
def test_it_reads_who_wants_into_elma(subject: str, text: str) -> None:
    assert main_of(understood(f"{text}\n\nMvh\nKari Holm\n", subject)) == "elma_register"


@pytest.mark.parametrize(("subject", "text"), ELMA_DEREGISTER)
def test_it_reads_who_wants_out_of_elma(subject: str, text: str) -> None:
    assert main_of(understood(f"{text}\n\nMvh\nKari Holm\n", subject)) == "elma_deregister"


@pytest.mark.parametrize(("subject", "text"), ELMA_QUESTION)
def test_it_reads_a_question_about_elma(subject: str, text: str) -> None:
    assert main_of(understood(f"{text}\n\nMvh\nKari Holm\n", subject)) == "elma_question"


@pytest.mark.parametrize(("subject", "text"), LICENCE_TRANSFER)
def test_it_reads_a_transfer_of_licences(subject: str, text: str) -> None:
    assert main_of(understood(f"{text}\n\nMvh\nKari Holm\n", subject)) == "licence_transfer"


@pytest.mark.parametrize(("subject", "text"), INVOICE_QUESTION)
def test_it_reads_a_question_about_an_invoice(subject: str, text: str) -> None:
    assert main_of(understood(f"{text}\n\nMvh\nKari Holm\n", subject)) == "invoice_question"


@pytest.mark.parametrize(("subject", "text"), ADMIN_ACCESS)
def test_it_reads_who_wants_to_be_administrator(subject: str, text: str) -> None:
    assert main_of(understood(f"{text}\n\nMvh\nKari Holm\n", subject)) == "admin_access"


@pytest.mark.parametrize(("subject", "text"), AGREEMENT_QUESTION)
def test_it_reads_a_question_about_agreements(subject: str, text: str) -> None:
    assert main_of(understood(f"{text}\n\nMvh\nKari Holm\n", subject)) == "agreement_question"


@pytest.mark.parametrize(("subject", "text"), OTHER)
def test_it_takes_none_of_our_types_for_other_matters(subject: str, text: str) -> None:
    assert main_of(understood(f"{text}\n\nMvh\nKari Holm\n", subject)) == "other"


@pytest.mark.parametrize(("subject", "text"), NO_ACTION)
def test_it_reads_plain_thanks(subject: str, text: str) -> None:
    assert main_of(understood(f"{text}\n\nMvh\nKari Holm\n", subject)) == "no_action"


@pytest.mark.parametrize(("subject", "text"), AUTO_REPLY)
def test_it_reads_an_absence_or_a_receipt(subject: str, text: str) -> None:
    assert main_of(understood(f"{text}\n\nMvh\nKari Holm\n", subject)) == "auto_reply"


@pytest.mark.parametrize(("subject", "text"), BOUNCE)
def test_it_reads_a_bounce(subject: str, text: str) -> None:
    assert main_of(understood(f"{text}\n\nMvh\nKari Holm\n", subject)) == "bounce"


@pytest.mark.parametrize(("subject", "text"), BULK)
def test_it_reads_mass_mail(subject: str, text: str) -> None:
    assert main_of(understood(f"{text}\n\nMvh\nKari Holm\n", subject)) == "bulk"


@pytest.mark.parametrize(("subject", "text"), SPAM)
def test_it_reads_junk(subject: str, text: str) -> None:
    assert main_of(understood(f"{text}\n\nMvh\nKari Holm\n", subject)) == "spam"
