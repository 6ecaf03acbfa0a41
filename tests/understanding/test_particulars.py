"""Numbers, products, domains and addresses in ways that many write them."""

from __future__ import annotations

import pytest

from tests.understanding.made_mail import understood


@pytest.mark.parametrize(
    ("text", "products"),
    [
        ("Vi skal over til nytt ERP-system. Hvordan melder vi oss ut av ELMA?", ()),
        ("We need a quote for your ERP and expense solutions.", ()),
        ("We want to transfer our Visma.net licences (ERP + Logistics).", ("Visma.net ERP", "Visma.net Logistics")),
        ("The contracting party should be Fjord AS. Send us the agreement for Visma Severa.", ("Visma Severa",)),
        ("PaperLess er overflødig etter oppgradering til NXT og sies opp.", ("Visma PaperLess",)),
        ("We cancel Visma Severa since we have moved over to Visma.net ERP.", ("Visma Severa",)),
        ("Vi sier opp Visma Global og går over til papir.", ("Visma Global",)),
        ("Kan dere melde oss inn i ELMA? Vi bruker global.", ("Visma Global",)),
        ("Vi bruker global handel som tema på kurset.", ()),
        ("Business har hengt seg tre ganger i dag.", ("Visma Business",)),
        ("Tid har vi ikke til dette, kan dere ringe?", ()),
        ("Vi sier opp Visma Global, DI og PaperLess.", ("Visma Global", "Visma DI Regnskap", "Visma PaperLess")),
        ("Me seier opp Visma Global, takk for di hjelp.", ("Visma Global",)),
    ],
)
def test_a_word_is_a_product_where_the_writer_means_ours(text: str, products: tuple[str, ...]) -> None:
    assert understood(text).fields.products == products


def test_a_product_that_fails_may_open_the_subject() -> None:
    assert understood("Appen krasjar. Er feilen kjend?", "Expense på mobil").fields.products == ("Visma.net Expense",)
    assert understood("Kan vi ta en prat om saken?", "Time på mandag?").fields.products == ()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Avtalen til Fjord AS (9747 60673) sies opp.", "974760673"),
        ("Orgnr 97 47 60 673. Vi sier opp Visma Global.", "974760673"),
        ("Vi sier opp Visma Global, org.nr.974 760 673.", "974760673"),
        ("Are we registered in ELMA? Is that the case for 974760673?", "974760673"),
        ("We sent you case 974760673 last week and have no answer.", None),
        ("Vi sier opp Visma Global. Ring 9747 60673.", None),
        ("Vi sier opp Visma Global. Beløpet er 1.974 760 673 kr.", None),
    ],
)
def test_an_organisation_number_may_be_spaced_oddly(text: str, number: str | None) -> None:
    assert understood(text).fields.org_no == ((number,) if number else ())


@pytest.mark.parametrize(
    "text",
    [
        "Jeg kan allerede lage engangskoder for gammel-demo.no. Kan rettigheten utvides til ny-demo.no også?",
        "Jeg er registrert med rett til å generere engangskoder for gammel-demo.no. Nå trenger vi et nytt domene, ny-demo.no.",
        "Eg fekk rettigheit til å generera eingongskodar for gammel-demo.no. Kan ny-demo.no leggjast til?",
        "You already gave me the right to generate one-time codes for gammel-demo.no. Please add ny-demo.no.",
        "Vi byttet fra @gammel-demo.no til @ny-demo.no. Lena trenger rett til å generere engangskoder.",
        "Kan Lena få rettighet til å generere engangskoder for alle på @ny-demo.no?",
    ],
)
def test_a_domain_that_one_has_is_not_asked_for(text: str) -> None:
    assert understood(text).fields.domains == ("ny-demo.no",)


@pytest.mark.parametrize("domain", ["a-demo.no", "b-demo.no"])
def test_domains_asked_for_together_are_all_kept(domain: str) -> None:
    text = "Kari er registrert som ansatt. Hun skal ha rett til å generere engangskoder for a-demo.no og b-demo.no."
    assert domain in understood(text).fields.domains


def test_a_new_contact_s_address_is_a_person_s_and_never_the_firm_s() -> None:
    text = "Fra nå er det Synne Dahl (synne@dahl-demo.no) som er deres kontaktperson. Kopi til post@dahl-demo.no."
    found = understood(text, "Ny kontaktperson")
    assert found.requests[0].type == "other"
    assert found.fields.emails == ("synne@dahl-demo.no",)
    assert understood(text.replace("synne@", "heidi@"), "Ny kontaktperson").fields.emails == ("heidi@dahl-demo.no",)


def test_a_note_tells_who_writes_but_asks_for_nothing() -> None:
    note = understood(
        kinds=(
            ("new", "Tusen takk for hjelpen! Notert.\n\n"),
            ("signature", "Kari Holm\nFjordbygg AS\nOrg.nr 974760673"),
        ),
        subject="SV: Oppsigelse av Visma Global per 31.12.2026",
    )
    assert note.requests[0].type == "no_action"
    assert (note.fields.company, note.fields.org_no) == ("Fjordbygg AS", ("974760673",))
    assert (note.fields.products, note.fields.effective_date) == ((), None)
