"""Ways of speaking that many use: what ends an agreement without the word, and what only sounds like it."""

from __future__ import annotations

import pytest

from tests.understanding.made_mail import main_of, understood

ENDS = [
    ("Visma", "Vi trekker oss ut av avtalen om Visma Severa fra årsskiftet."),
    ("Visma", "Kan dokker kople oss fra Visma Time, vi e ferdig me det."),
    ("Visma", "Vi er ikke kunde hos dere lenger fra 1. mars, steng kontoen."),
    ("Visma", "Butikken er solgt og driften opphører 31. august. Visma Global kan avsluttes da."),
    ("Visma", "Sett en stopper for abonnementet vårt på Mamut."),
    ("Visma", "Ikke send flere fakturaer, vi er ferdige med Visma eAccounting."),
    ("Visma", "Jeg er blitt pensjonist og har ikke bruk for Avendo mer. Siste måned blir mars."),
    ("Visma", "Vi ska inte ha kvar Visma Expense efter nyår."),
    ("Visma", "Vi bruger ikke Visma Time mere, I kan lukke det ned."),
    ("Visma", "Please take this as our notice on Visma.net Payroll, last day 31 March."),
    ("Visma", "Kindly discontinue Visma Scenario from next renewal."),
    ("Visma", "Me kuttar ut Huldt og Lillevik frå nyttår."),
    ("Visma", "Grunnet oppbud i Fjord AS må alle avtaler hos dere opphøre snarest."),
    ("", "Visma Tid: terminer. Takk."),
    ("Time", "Ta bort Visma Time, vi skriver timer på lapp."),
    ("AutoInvoice", "Me sender ikkje fakturaer lenger, so AutoInvoice treng me ikkje. Ta det vekk."),
    ("Expense", "We've moved to Pleo, so we won't need Visma.net Expense after this month. Could you close it down?"),
    ("To brukere mindre", "Fra neste faktura ønsker vi bare å betale for 4 på Visma.net Logistics. Takk!"),
    ("Visma", "Stop Visma Expense, please. Thank you."),
    ("Priser", "Aga Fruktlager avsluttar Expense den 15. oktober og går attende til papir."),
    ("Nya priser", "Tack, men nej tack. Brandt Friluft avslutar AutoCollect när kvartalet är slut."),
    ("Severa", "Vi har bestämt oss: Visma Severa slutar vi med."),
    ("Mamut", "Mamut One ska sägas upp, helst redan den här månaden ut. Tack för alla år!"),
    ("Lønn", "Som regnskapsfører for Løvli AS melder jeg herved opp deres abonnement på Huldt & Lillevik Lønn."),
    ("Payroll", "Vi har ingen ansatte lenger og sier opp Payroll."),
    ("Software", "I'd like us to end the subscriptions for Visma.net Insight by 31 March 2027."),
    ("Fornyelse", "Vi önskar ingen förnyelse av avtalet."),
    ("Oppsigelse", "Vi sier opp Visma Global per 31.12. Si fra hvis dere trenger mer."),
    ("Notice", "We cancel Visma Business as of 31 December. Let me know if you need anything else."),
    ("Opsigelse", "Til orientering har bestyrelsen besluttet at lukke. Aftalen om Visma.net Payroll bedes ophøre."),
]
HELD_BACK = [
    ("Visma", "På ingen måte si opp avtalen vår!"),
    ("Visma", "Ikke si opp noe ennå, vi venter på styret."),
    ("Visma", "Please do not terminate anything until we have spoken."),
    ("Visma", "Ingen av brukerne skal sies opp."),
    ("Visma", "Ni får inte säga upp vårt avtal."),
    ("Visma", "I må ikke opsige vores aftale."),
    ("Visma", "De må ikkje seie opp avtalen."),
    ("Visma", "Vent med oppsigelsen til vi gir beskjed."),
    ("Visma", "Utkast til oppsigelse, ikke sendt ennå: vi sier opp Visma Business."),
    ("Visma", "Ikke steng Visma Global!"),
    ("Visma", "Avtalen skal ikke avsluttes."),
    ("Visma", "Dette er ikke en oppsigelse."),
    ("Visma", "Dette er ingen oppsigelse, bare et spørsmål."),
    ("Visma", "Det var aldri meningen å si opp."),
    ("Visma", "Inget ska sägas upp än."),
    ("Visma", "Nothing should be cancelled yet."),
    ("Visma", "Don't act on this yet: we plan to cancel Visma Payroll."),
    ("Visma", "Hold av oppsigelsen foreløpig."),
    ("Visma", "Vi vil på ingen måte si opp avtalen."),
    ("Oppsigelse", "Ikke gjør noe med oppsigelsen ennå, styret har ikke møttes."),
    ("Cancellation", "Please don't cancel anything yet."),
    ("Notice", "Do not act on this until you hear from us. It is only a draft of the notice."),
    ("Avtalen", "Ingen av avtalene skal sies opp."),
    ("Misfornøyd", "Får vi ikke hjelp innen fredag så sier vi opp hele pakka."),
    ("Final warning", "Should this not be resolved by the end of the month we shall terminate."),
    ("Oppsigelse", "Vi skal slutte med Visma Business. Hvordan gjør vi det?"),
]
NOT_OURS = [
    ("Visma", "Vi vil si opp strømavtalen vår fra 1. mars."),
    ("Visma", "Min sønn slutter i barnehagen, vi sier opp plassen fra 1. august."),
    ("Visma", "Treningskortet mitt skal sies opp fra mai."),
    ("Oppsigelse av avisen", "Jeg vil si opp avisa på papir fra 1. desember, men beholde nettutgaven."),
    ("Garasjen", "Jeg sier opp garasjeplassen fra nyttår."),
    ("Oppsigelse", "Vi sier opp barnehageplassen til Emil fra 1. januar."),
    ("Uppsägning", "Jag säger upp min lägenhet med tre månaders uppsägningstid."),
    ("Gym", "I want to cancel my gym membership."),
    ("Forsikring", "Vi ønsker å si opp bilforsikringen vår."),
]
OTHERS = [
    ("Visma", "Hvis dere ikke senker prisen, sier vi opp."),
    ("Visma", "Om ni inte svarar byter vi leverantör."),
    ("Visma", "Kan ni hjälpa mig med momsrapporten?"),
    ("Visma", "Hvordan stopper jeg den faste fakturaen til en kunde?"),
    ("Moms", "Hvilken mva-kode skal jeg bruke på kjøp fra Sverige?"),
    ("Lønseddel", "Kan lønsedlen i Payroll udskrives på dansk?"),
    ("A-melding avvist", "Meldingen for mai ble avvist med feil 302 på yrkeskode. Hvor retter jeg den?"),
    ("Error in app", "The time app is closing when I press save, please fix."),
    ("Integrasjon", "Finnes det et åpent API for eAccounting?"),
    ("Endring av e-post", "Tannklinikken har bytt e-postadresse, bruk den nye heretter."),
    ("Service", "Det här är under all kritik. Jag får bara autosvar."),
    ("Rådgiver", "Hvem er kontaktpersonen vår hos dere?"),
    ("Meld meg av", "Kan dere melde meg av nyhetsbrevene deres?"),
    ("Priset", "Fortsätter det så här lämnar vi er."),
    ("Pris", "Justeres ikke satsene, går vi til en konkurrent."),
]
QUESTIONS = [
    ("Hei", "Hvor lang bindingstid har vi igjen? Vi vurderer å bytte til et annet system."),
    ("Visma", "Hva er fristen for å komme seg ut av avtalen?"),
    ("Visma", "Hvis vi går over til Fiken, kan vi ta ut alle bilag fra eAccounting?"),
    ("Visma", "Fikk dere brevet vårt om oppsigelse? Har ikke hørt noe."),
    ("Visma", "What happens to our data once we have cancelled?"),
    ("Visma", "Hur gör vi om vi vill lämna Visma?"),
    ("Visma", "Hvornår skal vi senest sige til, hvis vi ikke vil fortsætte med Severa?"),
    ("visma", "Hva må jeg gjøre for å komme meg ut av abonnementet på Mamut?"),
    ("frist?", "Når må vi senest gi beskjed hvis vi ikke skal ha Visma Lønn neste år?"),
    (
        "Oppsagt?",
        "Ringte dere i forrige uke og sa at vi skulle slutte med Visma CRM. Holder det eller må det skriftlig?",
    ),
    ("Bekreftet oppsigelse", "Når mister vi innsyn i lønnsslippene?"),
    (
        "Payroll",
        "We have your confirmation that Payroll ends on 31 March. Will our employees still be able to see their payslips after that?",
    ),
    ("Bytte", "Hvis vi bytter til Tripletex midt i året, må vi da betale Visma Lønn ut året?"),
]
TRANSFERS = [
    ("Visma", "Firmaet gjøres om fra ENK til AS og Visma-avtalen skal følge med."),
    ("Visma", "Sønnen min tar over firmaet og skal ha eAccounting i sitt navn."),
    ("Visma", "Vårt bolag har sålts, licenserna ska överlåtas till köparen."),
    ("Visma", "Vi har købt et firma og vil overtage deres aftale."),
    ("Sal", "Frå 1. januar er det eg som driv garden, og eg tek over eAccounting-avtalen."),
    ("Contract", "Our Visma Severa contract should be held by our subsidiary from 1 April."),
    ("Novation", "We would like the subscriptions novated to the buyer."),
    ("Salg", "Av våre ni lisenser på Visma Global går fire med til kjøper."),
]
AGREEMENTS = [
    ("Hei", "Hvor lang bindingstid er det på Visma Severa, og løper den fra bestilling?"),
    ("Spørsmål", "Kor lenge er me bundne på Visma.net Time?"),
    ("Fråga", "Hur lång är bindningstiden på Visma Sign?"),
    ("Question", "How long is the minimum term for Visma.net Expense?"),
    ("Spørgsmål", "Er der bindingsperiode på Visma.net AutoPay?"),
    ("Kontrakt", "Vi finner ikke igjen kontrakten. Kan dere sende en kopi av avtalen?"),
    ("Binding", "Vi vurderer å ta i bruk Visma.net Project. Hvor lang bindingstid er det på brukerne?"),
    ("Sletting", "Slett navnet mitt og mobilnummeret fra registrene deres."),
]
WITHDRAWALS = [
    ("Visma", "Vi har snudd, behold avtalen som før. Oppsigelsen vi sendte 3. mars kan dere kaste."),
    ("Visma", "Ber om at oppsigelsen vår annulleres."),
    ("Visma", "Oppseiinga me sende i går var ein feil."),
    ("Visma", "Please do not process our cancellation after all."),
    ("Visma", "Opsigelsen var en fejl, vi vil gerne fortsætte."),
    ("Visma", "Den oppsigelsen kom fra en ansatt uten fullmakt og må annulleres."),
    ("Oppsigelse", "Vi har ikke sagt opp noe som helst! Registreringen må annulleres straks."),
    ("feil", "Mailen om oppsigelse av Visma Scenario var ment for en annen leverandør. Slett den."),
]
FOR_INFORMATION = [
    ("VS: Prisjustering", "Til info, ikke noe å svare på."),
    ("Kvittering", "Kvittering mottatt, god helg!"),
    ("Glem den forrige", "Dere kan se bort fra mailen jeg sendte kl 9 om pålogging, fant koden."),
    ("Ticket", "Our bank has corrected it. You may close ticket 88213."),
]


@pytest.mark.parametrize(("subject", "text"), ENDS)
def test_it_hears_a_notice_without_the_word(subject: str, text: str) -> None:
    assert main_of(understood(text, subject)) == "termination"


@pytest.mark.parametrize(("subject", "text"), HELD_BACK)
def test_it_takes_no_notice_from_one_who_holds_back(subject: str, text: str) -> None:
    assert main_of(understood(text, subject)) != "termination"


@pytest.mark.parametrize(("subject", "text"), NOT_OURS)
def test_what_others_sell_is_not_ended_with_us(subject: str, text: str) -> None:
    assert main_of(understood(text, subject)) == "other"


@pytest.mark.parametrize(("subject", "text"), FOR_INFORMATION)
def test_what_is_only_told_needs_nothing(subject: str, text: str) -> None:
    assert main_of(understood(text, subject)) == "no_action"


@pytest.mark.parametrize(("subject", "text"), OTHERS)
def test_a_person_answers_what_is_of_no_kind(subject: str, text: str) -> None:
    assert main_of(understood(text, subject)) == "other"


@pytest.mark.parametrize(("subject", "text"), QUESTIONS)
def test_it_hears_a_question_of_leaving_without_the_word(subject: str, text: str) -> None:
    assert main_of(understood(text, subject)) == "termination_question"


@pytest.mark.parametrize(("subject", "text"), TRANSFERS)
def test_an_agreement_is_handed_over_in_many_words(subject: str, text: str) -> None:
    assert main_of(understood(text, subject)) == "licence_transfer"


@pytest.mark.parametrize(("subject", "text"), AGREEMENTS)
def test_one_who_stays_asks_of_the_agreement(subject: str, text: str) -> None:
    assert main_of(understood(text, subject)) == "agreement_question"


@pytest.mark.parametrize(("subject", "text"), WITHDRAWALS)
def test_a_notice_that_was_never_meant_is_undone(subject: str, text: str) -> None:
    assert main_of(understood(text, subject)) == "termination_withdrawal"
