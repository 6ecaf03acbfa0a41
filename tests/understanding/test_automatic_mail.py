"""Mail that nobody wrote, and mail that only looks it, in wordings that stand in no labelled mail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from processor.loading.model import SHIPPED, load_model
from processor.message import Address
from processor.rulebook import Rulebook
from processor.understanding.automatic import automatic_kinds
from processor.understanding.passages import passages
from processor.understanding.recognise import recognise
from processor.understanding.understand import understand
from tests.understanding.made_mail import mail, main_of, rulebook, understood

SPAM = [
    (
        "Viktig",
        "Kjære kunde! Kontoen din er sperret. Bekreft passordet ditt her innen 12 timer: http://x-demo.com/login",
    ),
    ("Viktigt", "Kära kund, ditt konto har spärrats. Uppdatera dina kortuppgifter via länken."),
    ("Vigtigt", "Kære kunde, din adgang er blevet spærret. Bekræft dine kortoplysninger her: tryk på linket."),
    ("Viktig", "Kjære brukar, kontoen din vert stengd. Stadfest passordet ditt ved å klikke på lenkja."),
    ("Password", "Dear user, your password expires today. Click here to keep the same password."),
    ("Er du ledig?", "Hei, sitter i et møte og kan ikke snakke. Kan du ordne en betaling til en leverandør?"),
    ("Rask jobb", "Are you available? I am in a meeting, I need you to buy gift cards."),
    ("Pakke", "Pakken din venter hos oss. Betal 29 kr i frakt her: http://pakke-demo.com/betal"),
    ("Faktura", "Se vedlegg. Åpne dokumentet og aktiver innhold.\n\nfaktura_4411.xlsm"),
    ("Business proposal", "Dear friend, I am barrister to a late client who left USD 7.2 million and no next of kin."),
    ("Kapital", "Vi tilbyr lån til bedrifter uten sikkerhet, 2 % rente. Svar JA, så ringer vi deg."),
    ("Utviklere", "Hi sir, we are a team of developers from Pune. Can we schedule a quick call?"),
    (
        "Hej",
        "Hej! Jag hittade er på nätet. Vi hjälper företag att synas på Google. Passar det med ett möte på torsdag?",
    ),
    ("Hej", "Jeg faldt over jeres hjemmeside. Vi hjælper virksomheder med SEO. Passer det med en snak? Svar JA."),
]
BULK = [
    ("Ukens nytt", "I denne utgaven: ti råd om årsoppgjøret. Du mottar dette fordi du abonnerer på brevet."),
    ("Nyhetsbrev", "Läs mer på vår webb. Avsluta prenumerationen längst ned i brevet."),
    ("Haustkurs", "Meld deg på haustkursa våre. Denne e-posten er sendt til alle på kurslista."),
    ("Seminar", "Velkommen til frokostseminar. Svar STOPP for å bli fjernet fra listen."),
    ("The weekly", "In this issue: ten tips. You are receiving this because you subscribed. Unsubscribe."),
]
AUTO_REPLY = [
    ("Automatisk svar: Oppsigelse", "Kontoret holder påskelukket. Ved akutt behov, ring Per."),
    ("Fråversmelding", "Eg er bortreist og svarar på e-post når eg er attende. Hastar det, ring Ola."),
    (
        "[#ABC-1234] Sak registrert",
        "Takk for henvendelsen! Saken din har fått nummer ABC-1234. En av oss svarer innen i morgen.",
    ),
]
BOUNCE = [
    ("Uleverbar: Svar", "Meldingen kom ikke frem til mottakeren. Postboksen er deaktivert. #5.2.1"),
    (
        "Warning: message delayed 24 hours",
        "A message that you sent has not yet been delivered. Delivery attempts will continue.",
    ),
]
FORWARDED = [
    (
        "VS: VIKTIG",
        "Er denne ekte? Har ikke trykket på noe.\n\n",
        "Kjære kunde, kontoen din er sperret. Bekreft passordet ditt her innen 12 timer.",
    ),
    (
        "Fwd: Undeliverable",
        "Hva betyr dette, og er det noe vi kan rette?\n\n",
        "Undeliverable: 550 5.1.1 user unknown. Mailbox full.",
    ),
    (
        "VB: Nyhetsbrev",
        "Är det ni som skickar detta?\n\n",
        "Nyhetsbrev vecka 4. Läs mer. Avsluta prenumerationen längst ned i brevet.",
    ),
]
NOT_AUTOMATIC = [
    ("Ute av kontoret fra i morgen", "Jeg er ute av kontoret fra i morgen, så dette haster. Mistet mobilen. Kan jeg få en kode?"),
    ("Sv: Autosvar: Opsigelse", "Jeg fik kun et autosvar. Er vores opsigelse registreret?"),
    ("Svindel?", "Fikk en SMS med purring. Er dette virkelig fra dere, eller er det svindel?"),
    ("BankID", "En kunde får feilmelding på BankID i Visma Sign. Må vi sende dokumentet på nytt?"),
    ("Final warning", "This is the third time I am writing about the same fault in Visma.net ERP."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "subject", "text"),
    [
        (kind, *each)
        for kind, cases in {"spam": SPAM, "bulk": BULK, "auto_reply": AUTO_REPLY, "bounce": BOUNCE}.items()
        for each in cases
    ],
)
def test_it_knows_mail_that_nobody_wrote_to_us(kind: str, subject: str, text: str) -> None:
    assert main_of(understood(text, subject)) == kind


@pytest.mark.parametrize(("subject", "own", "below"), FORWARDED)
def test_who_passes_junk_on_and_asks_is_a_person(subject: str, own: str, below: str) -> None:
    assert understood(subject=subject, kinds=(("new", own), ("forwarded", below))).automatic is None


@pytest.mark.parametrize(("subject", "own", "below"), FORWARDED)
def test_the_same_words_with_nobodys_above_them_are_automatic(subject: str, own: str, below: str) -> None:
    assert understood(below, subject.split(": ", 1)[1]).automatic


@pytest.mark.parametrize(("subject", "text"), NOT_AUTOMATIC)
def test_a_person_who_only_sounds_like_a_machine_is_one(subject: str, text: str) -> None:
    assert understood(text, subject).automatic is None


@pytest.mark.parametrize(
    ("sender", "nearer"),
    [
        (Address("post", "visma-konto-demo.com", "Kundesenter"), True),
        (Address("post", "konto-demo.com", "Visma Support"), True),
        (Address("post", "visma.com", "Visma Support"), False),
        (Address("post", "fjordbygg-demo.no", "Kari Holm"), False),
    ],
)
def test_a_stranger_with_our_name_is_nearer_to_junk(sender: Address, nearer: bool) -> None:
    def spam(sender: Address) -> float:
        message = mail("Bekreft passordet ditt.", sender=sender, to=(Address("oppsigelse", "visma.no"),))
        found = recognise(rulebook().needles, passages(message, rulebook().needles))
        return automatic_kinds(message, found)["spam"]

    assert (spam(sender) > spam(Address("ola", "bygg-demo.no", "Ola Bygg"))) is nearer


def _with_model() -> Rulebook:
    model, _ = load_model(SHIPPED)
    return replace(rulebook(), model=model)


def test_words_that_the_model_knows_from_junk_do_not_outweigh_who_passed_it_on() -> None:
    junk = (
        "Kjære kunde, kontoen din er sperret. Bekreft passordet ditt her innen 12 timer: http://konto-demo.com/login\n"
    )
    alone = understand(mail(junk, "VIKTIG: Kontoen din sperres"), _with_model())
    asked = mail(subject="VS: VIKTIG: Kontoen din sperres", kinds=(("new", "Er denne ekte?\n\n"), ("forwarded", junk)))
    found = understand(asked, _with_model())
    assert alone.automatic == "spam"
    assert found.automatic is None
