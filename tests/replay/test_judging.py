"""What staff have said of decisions, and whether changed rules would follow it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from processor.replay.difference import Side
from processor.replay.judging import Judgement, judgement
from processor.replay.parallel import replayed
from processor.replay.play import Page
from processor.store import tables as t
from processor.store.corrections import retype
from processor.store.engine import open_store
from processor.store.people import Person, add_person, verify_person
from processor.store.queue import done, reject
from processor.store.staff_replies import cancel_reply, edit_reply
from processor.store.staff_words import Word, staff_words
from tests.cli.test_commands import run
from tests.replay.past_store import EXAMPLES, NOW, Here, past_store
from tests.replay.test_replay import trial

NOTICE = Side(
    outcome="answer",
    type=("termination",),
    rule=("termination/notice",),
    reply=("termination/received", "receipt", "nb", "kari@fjord.no"),
    withheld="",
    text="Mottatt\n\nHei",
    actions=(("register_termination", "staff", "termination"),),
    due=("2026-11-27T10:00:00Z",),
    facts=((),),
    deadline=("unknown",),
)
QUESTION = replace(
    NOTICE,
    type=("termination_question",),
    text="Svar\n\nHei",
    actions=(("answer_question", "staff", "termination_question"),),
)
SILENT = replace(NOTICE, reply=(), text="", withheld="too_old")
REWORDED = replace(NOTICE, text="Mottatt\n\nGod dag")


@pytest.mark.parametrize(
    ("word", "old", "new", "stand"),
    [
        (Word(named=("termination_question",)), NOTICE, QUESTION, "mended"),
        (Word(named=("termination_question",)), NOTICE, NOTICE, "still"),
        (Word(named=("termination",)), NOTICE, QUESTION, "broken"),
        (Word(named=("termination",)), NOTICE, REWORDED, "moved"),
        (Word(done=("register_termination",)), NOTICE, NOTICE, "kept"),
        (Word(done=("register_termination",)), NOTICE, QUESTION, "broken"),
        (Word(rejected=("register_termination",)), NOTICE, QUESTION, "mended"),
        (Word(rejected=("register_termination",)), NOTICE, REWORDED, "still"),
        (Word(cancelled=True), NOTICE, SILENT, "mended"),
        (Word(cancelled=True), NOTICE, NOTICE, "still"),
        (Word(cancelled=True), NOTICE, REWORDED, "untold"),
        (Word(written=REWORDED.text), NOTICE, REWORDED, "mended"),
        (Word(written=REWORDED.text), NOTICE, QUESTION, "untold"),
        # The reply is as they wrote it, and yet the mail is still taken for the wrong thing.
        (Word(named=("other",), written=REWORDED.text), NOTICE, REWORDED, "still"),
        # The registering that was done was a mistake that somebody saw later.
        (Word(named=("termination_question",), done=("register_termination",)), NOTICE, QUESTION, "mended"),
    ],
)
def test_a_decision_agrees_with_staff_only_where_it_agrees_with_all_they_said(
    word: Word, old: Side, new: Side, stand: str
) -> None:
    assert judgement(word, old, new).stand == stand


def test_several_requests_are_the_same_in_any_order() -> None:
    both = replace(NOTICE, type=("termination", "invoice_question"))
    assert judgement(Word(named=("invoice_question", "termination")), both, both).stand == "kept"


def test_what_staff_said_reads_as_a_sentence() -> None:
    word = Word(named=("spam",), rejected=("register_termination",), cancelled=True, by=("Kari", "Ola"))
    said = "Kari, Ola: it is spam; not to be done: register_termination; no such reply"
    assert judgement(word, NOTICE, NOTICE).said == said


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return past_store(tmp_path)


@pytest.fixture
def store(here: Here) -> Iterator[Engine]:
    engine = open_store(here.config.store_url)
    yield engine
    engine.dispose()


@pytest.fixture
def kari(store: Engine) -> Person:
    found = verify_person(store, "Kari", add_person(store, "Kari", NOW))
    assert found
    return found


Play = Callable[[Path | None], Page]


@pytest.fixture
def play(here: Here) -> Play:
    def played(folder: Path | None) -> Page:
        (page,) = replayed(trial(here, folder), here.config.store_url, 1)
        return page

    return played


def action_of(store: Engine, mail: int) -> int:
    a, i = t.action.c, t.item.c
    with store.connect() as conn:
        return int(conn.execute(select(a.id).join(t.item, a.item_id == i.id).where(i.mail_id == mail)).scalar_one())


def test_what_staff_said_of_a_mail_stands_beside_what_the_rules_say_of_it(
    here: Here, store: Engine, kari: Person, play: Play
) -> None:
    retype(store, 1, ["termination_question"], None, kari, NOW)
    done(store, action_of(store, 3), kari, NOW)
    reject(store, action_of(store, 4), kari, "not ours", NOW)
    page = play(None)
    assert page.counts == {"same": len(EXAMPLES)}
    assert page.stands == {"still": 2, "kept": 1}
    assert [(each.mail_id, each.decided, each.staff.said) for each in page.overruled] == [
        (1, "termination", "Kari: it is termination_question"),
        (4, "elma_question", "Kari: not to be done: check_elma"),
    ]


def test_a_changed_rule_is_told_to_mend_or_to_break_what_staff_said(
    here: Here, store: Engine, kari: Person, play: Play
) -> None:
    done(store, action_of(store, 3), kari, NOW)
    reject(store, action_of(store, 4), kari, "the answer says it all", NOW)
    for_all = 'kind = "register_termination"', 'kind = "look_at_termination"'
    breaking = play(here.changed("breaking", "rules/termination.toml", *for_all))
    assert {each.mail_id: each.staff and each.staff.stand for each in breaking.differences} == {
        1: None,
        2: None,
        3: "broken",
    }
    assert breaking.stands == {"broken": 1, "still": 1}
    action = 'actions = [{ kind = "check_elma", needs = "staff", due = "2 business days" }]'
    mending = play(here.changed("mending", "rules/elma_question.toml", action, ""))
    (mended,) = (each for each in mending.differences if each.mail_id == 4)
    assert mended.staff == Judgement("mended", "Kari: not to be done: check_elma")
    assert mending.overruled == []


def test_what_a_withdrawal_ended_was_not_decided_wrongly(store: Engine, kari: Person) -> None:
    a = t.action.c
    notice = action_of(store, 1)
    with store.begin() as conn:
        conn.execute(update(t.action).where(a.id == notice).values(state="held", held_by=2))
    done(store, action_of(store, 2), kari, NOW)
    with store.connect() as conn:
        assert conn.execute(select(a.state).where(a.id == notice)).scalar_one() == "rejected"
        assert staff_words(conn, 1, 2) == {2: Word(done=("register_termination",), by=("Kari",))}


def test_a_reply_that_staff_wrote_anew_or_cancelled_is_heard(store: Engine, kari: Person) -> None:
    edit_reply(store, 1, "Takk", "Vi ser på det.", kari, NOW)
    cancel_reply(store, 2, kari, NOW)
    with store.connect() as conn:
        assert staff_words(conn, 1, 2) == {
            1: Word(written="Takk\n\nVi ser på det.", by=("Kari",)),
            2: Word(cancelled=True, by=("Kari",)),
        }
        assert staff_words(conn, 3, 9) == {}


def test_one_kind_done_for_one_organisation_and_rejected_for_another_says_nothing_of_it(
    store: Engine, kari: Person
) -> None:
    first, other = action_of(store, 1), action_of(store, 2)
    with store.begin() as conn:
        conn.execute(update(t.item).where(t.item.c.mail_id == 2).values(mail_id=1))
    done(store, first, kari, NOW)
    reject(store, other, kari, "not their contract", NOW)
    with store.connect() as conn:
        assert staff_words(conn, 1, 2) == {}


def test_the_command_and_the_report_say_what_staff_said(here: Here, store: Engine, kari: Person) -> None:
    retype(store, 4, ["elma_register"], None, kari, NOW)
    retype(store, 5, ["otp_code"], None, kari, NOW)
    reject(store, action_of(store, 1), kari, "not ours", NOW)
    changed = here.changed("command", "rules/elma_question.toml", 'due = "2 business days"', 'due = "5 business days"')
    told = run("replay", "--rules", str(changed / "rules"), "--html", "r.html", "--jobs", "1", cwd=here.folder)
    assert told.returncode == 0, told.stderr
    again = "overruled by staff, and would be decided against them again"
    assert f"staff                Kari: it is elma_register ({again})" in told.stdout
    assert f"      2  {again}\n" in told.stdout
    assert "      1  confirmed by staff, and would be decided so again\n" in told.stdout
    assert "taken for termination; Kari: not to be done: register_termination" in told.stdout
    page = (here.folder / "r.html").read_text()
    assert f"<td class=n>2</td><td>{again}</td>" in page
    assert "<td>Kari: not to be done: register_termination</td>" in page
    assert "<th>staff said</th><td colspan='2'>Kari: it is elma_register</td>" in page
    as_json = run("replay", "--rules", str(changed / "rules"), "--json", "--jobs", "1", cwd=here.folder)
    (mail, sums) = map(json.loads, as_json.stdout.splitlines())
    assert mail["staff"] == {"stand": "still", "said": "Kari: it is elma_register"}
    assert sums["summary"]["staff"] == {"still": 2, "kept": 1}
    assert [each["mail"] for each in sums["summary"]["overruled_again"]] == ["m1"]
