from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from gettext import GNUTranslations

import pytest

from processor.deciding.looked_up import REASONS, company_in_words, participant_in_words
from processor.desk.action_words import SOON as SOON_WORD
from processor.desk.correct_page import SOON
from processor.desk.language import LANGUAGES, Language, preferred, translations
from processor.desk.timeline import timeline
from processor.desk.wording import Wording, org_no, phone
from processor.desk.words import (
    ACTIONS,
    EVENTS,
    FACTS,
    OUTCOMES,
    actor_words,
    detail,
    doubts_words,
    fact_words,
    facts_told,
    sentence,
    whole,
)
from processor.loading.rows import ASKS
from processor.lookup import Company, Participant, Role
from processor.store.actions import Outcome
from processor.store.events import Event
from processor.store.transitions import TRANSITIONS
from processor.ticket import ActionState, Deadline, TicketState
from tests.desk.catalog import DESK, MO, compiled, stored, untranslated, words
from tests.shipped import ROOT
from tests.store.made import NOW

PROGRAM = ROOT / "processor"
PLACE = re.compile(r"%\(\w+\)s|\{\w*\}")


def test_no_word_of_the_pages_lacks_a_translation() -> None:
    known = {message.id for message in stored()}
    assert [message.id for message in words() if message.id not in known] == [], "run: make locale"
    assert untranslated(stored()) == []


def test_no_translation_is_left_of_a_word_that_is_gone() -> None:
    wanted = {message.id for message in words()}
    assert [message.id for message in stored() if message.id not in wanted] == []


def test_what_the_pages_read_is_compiled_from_what_people_wrote() -> None:
    read, written = MO.read_bytes(), compiled(stored())
    assert read == written, "run: make locale"
    assert isinstance(translations("nb"), GNUTranslations)


def test_a_translation_has_the_places_of_its_word() -> None:
    for message in stored():
        if message.id:
            ids = [message.id] if isinstance(message.id, str) else list(message.id)
            strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
            for said in strings:
                assert set(PLACE.findall(str(said))) == set(PLACE.findall(str(ids[-1]))), message.id


def test_every_kind_of_action_and_every_outcome_has_words() -> None:
    kinds = set(re.findall(r'kind = "([a-z_]+)"', "".join(p.read_text() for p in (ROOT / "rules").glob("*.toml"))))
    assert kinds <= set(ACTIONS)
    assert set(OUTCOMES) == set(Outcome)


def test_everything_that_may_happen_has_words_and_no_word_is_of_what_never_happens() -> None:
    areas = "mail|ticket|action|outbox|person|gate|item|follow_up|notice|rules|contracts|webhook|store|mailbox|import|grant|setting|level|uid"
    rooms = [
        path
        for room in ("store", "steps", "cli", "moving", "desk")
        for path in (PROGRAM / room).glob("*.py")
        if path.name != "trail.py"
    ]
    named = {each for path in rooms for each in re.findall(rf'"((?:{areas})\.[a-z_]+)"', path.read_text())}
    columns = {f"{table}.{end}" for table in areas.split("|") for end in ("id", "html")}
    made = {f"outbox.{name}" for name in TRANSITIONS} | {f"action.{each}" for each in ActionState}
    made |= {f"ticket.{each}" for each in TicketState} | {f"notice.{each}" for each in ("digest", "urgent")}
    assert (named - columns) - set(EVENTS) == set()
    assert set(EVENTS) - named - made == set()


def test_the_trail_tells_who_by_name_and_the_program_as_such() -> None:
    say = translations("nb").gettext
    assert (actor_words("record", say), actor_words("Kari Demo", say)) == ("programmet", "Kari Demo")
    rejected = Event(1, NOW, "action.rejected", "Kari", None, 1, 2, None, {}, "hun har\nringt " + "og " * 200)
    assert detail(rejected).startswith("hun har ringt og og")
    assert len(detail(rejected)) <= 300
    assert detail(replace(rejected, kind="ticket.noted")) == ""


def test_what_an_event_of_access_tells_is_worded_and_its_ids_are_left_out() -> None:
    say = translations("nb").gettext

    def told(**data: object) -> list[str]:
        return facts_told(Event(1, NOW, "person.x", "Ada", None, None, None, None, data, ""), say)

    assert told(failed=5) == ["mislykkede på rad: 5"]
    assert told(name="outbox_cap_per_hour", **{"from": "", "to": "1000"}) == ["outbox_cap_per_hour", "fra – til 1000"]
    assert told(person=3, since="2026-12-01", until="2026-12-24", to=0, at="x") == ["01.12.2026 – 24.12.2026"]
    assert told(mailboxes=["a", "b"], role="agent") == ["a, b", "agent"]


def test_as_soon_as_possible_is_read_as_it_is_shown() -> None:
    assert {SOON_WORD, translations("nb").gettext(SOON_WORD)} <= SOON


def test_everything_that_a_row_may_ask_for_has_words() -> None:
    assert set(ASKS) <= set(FACTS)


def test_what_stands_beside_an_action_is_told_in_the_desks_words() -> None:
    say = translations("nb").gettext
    told = "a3 register_termination in VS-7K3M-9QX4: done by Kari, 27.11.2026; a4 answer_mail in VS-1: waiting"
    assert fact_words("already", told, say) == (
        "a3 Registrer oppsigelsen (VS-7K3M-9QX4): Utført, Kari, 27.11.2026; a4 Svar på e-posten (VS-1): Venter"
    )
    told = "users: none, then 3; products: Visma Global, then none by name, perhaps all"
    said = fact_words("differs", told, say)
    assert said == "Brukere: – → 3; Produkt: Visma Global → ingen nevnt, kanskje alle"
    said = fact_words("withdrawn", "26.11.2026 kl. 10.02 by kari@fjordbygg-demo.no", say)
    assert said == "26.11.2026 kl. 10.02, kari@fjordbygg-demo.no"
    assert fact_words("company", "users: none, then 3", say) == "users: none, then 3"


def test_templates_translate_by_the_marked_word_what_is_written_there_alone() -> None:
    # What comes from elsewhere goes by w.say, whose words stay text: gettext's own would be taken for HTML.
    for path in (DESK / "templates").glob("*.html"):
        assert re.findall(r"\b_\((?![\"'])", path.read_text()) == [], path.name


@pytest.mark.parametrize(
    ("accept", "chosen", "language"),
    [
        ("", "", "nb"),
        ("nn-NO,nn;q=0.9", "", "nb"),
        ("en-GB,nb;q=0.5", "", "en"),
        ("de,fr", "", "nb"),
        ("en", "nb", "nb"),
        ("nb", "en", "en"),
        (",;q=x,en", "xx", "en"),
    ],
)
def test_the_language_is_the_persons_then_the_browsers_then_ours(accept: str, chosen: str, language: Language) -> None:
    assert preferred(accept, chosen) == language


@pytest.mark.parametrize(
    ("gap", "nb", "en", "urgency"),
    [
        (timedelta(hours=-3), "3 timer over fristen", "3 hours overdue", "late"),
        (timedelta(minutes=-1), "1 minutt over fristen", "1 minute overdue", "late"),
        (timedelta(days=-4), "4 dager over fristen", "4 days overdue", "late"),
        (timedelta(hours=5), "i dag 16.00", "today 16:00", "soon"),
        (timedelta(hours=23), "i morgen 10.00", "tomorrow 10:00", "soon"),
        (timedelta(days=4), "man. 11.00", "Mon 11:00", ""),
        (timedelta(days=40), "05.01.2027", "5 Jan 2027", ""),
    ],
)
def test_a_due_time_is_said_from_now(gap: timedelta, nb: str, en: str, urgency: str) -> None:
    for language, words_ in zip(LANGUAGES, (nb, en), strict=True):
        said = Wording(language, translations(language), NOW)
        assert said.due(NOW + gap) == words_
        assert said.urgency(NOW + gap) == urgency


def test_times_numbers_and_shares_are_written_as_people_do() -> None:
    nb, en = (Wording(language, translations(language), NOW) for language in LANGUAGES)
    assert nb.when(NOW) == "26.11.2026 kl. 11.00"
    assert en.when(NOW) == "26 Nov 2026 at 11:00"
    assert (nb.month(NOW.date()), en.month(NOW.date())) == ("november 2026", "November 2026")
    assert nb.ago(NOW - timedelta(days=1)) == "i går 11.00"
    assert (nb.per_cent(0.612), en.per_cent(0.9999)) == ("61 %", "99%")
    assert (org_no("974760673"), org_no("12")) == ("974 760 673", "12")
    assert (phone("+4722001005"), phone("22001005"), phone("+46 8 1")) == ("+47 22 00 10 05", "22 00 10 05", "+46 8 1")
    assert (whole("det haster"), whole("Er det?")) == ("Det haster.", "Er det?")


def test_one_doubt_is_told_once_and_each_by_itself() -> None:
    nb = translations("nb").gettext
    assert doubts_words("form_no_date, form_undated, year_assumed", nb) == [
        "Datoen i skjemaet er ikke fylt ut",
        "E-posten nevner ikke år; det neste er lagt til grunn",
    ]


def test_a_composed_sentence_is_translated_with_its_values() -> None:
    nb = translations("nb").gettext
    assert (
        sentence("no DKIM signature of x.no and no DMARC pass", nb)
        == "ingen DKIM-signatur for x.no og ikke bestått DMARC"
    )
    assert sentence("something {0} new", nb) == "something {0} new"


def test_the_days_of_a_deadline_stand_in_their_order_on_the_line() -> None:
    deadline = Deadline("late", date(2026, 12, 31), date(2026, 9, 30), next_service_day=date(2027, 12, 31))
    line = timeline(deadline, NOW, NOW)
    assert line
    assert [mark.kind for mark in line.marks] == ["safe", "arrived", "end", "next"]
    assert [mark.x for mark in line.marks] == sorted(mark.x for mark in line.marks)
    assert 0 <= line.marks[0].x < line.marks[-1].x <= line.width
    assert timeline(Deadline("unknown"), NOW, NOW) is None
    # The period that ends and the one after it, as far as the line goes.
    assert [(each.first, each.last) for each in line.periods] == [
        (date(2026, 1, 1), date(2026, 12, 31)),
        (date(2027, 1, 1), date(2027, 12, 31)),
    ]
    assert line.periods[0].until <= line.periods[1].x
    assert line.periods[0].x == line.marks[0].x


def test_one_day_alone_is_a_line_too() -> None:
    arrived = datetime(2026, 12, 31, 9, tzinfo=NOW.tzinfo)
    assert timeline(Deadline("timely", date(2026, 12, 31), date(2026, 12, 31)), arrived, arrived)


def test_what_registers_answered_is_told_in_the_desks_words() -> None:
    say = translations("nb").gettext
    asked = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
    gone = Company(
        "974760673", "found", name="FJORD, BERG & SØNN", form="AS", asked_at=asked, bankrupt=True,
        bankrupt_on=date(2026, 6, 1), winding_up=True, roles=(Role("DAGL", "Kari Holm"),),
    )  # fmt: skip
    told = company_in_words(gone)
    assert fact_words("register", told, str) == told
    assert fact_words("register", told, say) == (
        "974760673 FJORD, BERG & SØNN AS: er konkurs (siden 01.06.2026) og er under avvikling, daglig leder Kari Holm, "
        "slått opp 26.11.2026 10.00"
    )
    sound = company_in_words(replace(gone, bankrupt=False, winding_up=False, forced=False, roles=()))
    assert "AS: verken slettet, konkurs eller under avvikling, slått opp" in fact_words("register", sound, say)
    for reason in set(REASONS) - {"off"}:
        silent = company_in_words(Company("974760673", "not_checked", reason))
        assert fact_words("register", silent, say) == f"974760673 ikke undersøkt: {say(REASONS[reason])}"
    found = Participant("974760673", "registered", asked_at=asked, access_point="PNO000123", ours=True, invoices=False)
    assert fact_words("peppol", participant_in_words(found), say) == (
        "974760673 er registrert, hos PNO000123 (vårt), tar ikke imot EHF-fakturaer, slått opp 26.11.2026 10.00"
    )
