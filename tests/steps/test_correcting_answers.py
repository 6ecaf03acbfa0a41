"""A mail that continues an earlier one is corrected too: what it did is taken back, and what is said instead is done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from processor.contract import Contract
from processor.deciding.corrected import Correction
from processor.gate import CHANGED as SHUT
from processor.gate import GATE
from processor.steps.redeciding import correct, understood
from processor.store.actions import approve, done
from processor.store.contract_staging import staged
from processor.store.past import past_mails
from processor.store.people import Person
from processor.store.queue import queue
from processor.store.recontinuing import continuing, take_back
from processor.store.redecidable import BUILT_UPON, CHANGED, DONE, SEVERAL, CannotCorrectError, standing_of
from processor.store.redeciding import Redecided
from processor.store.restoring import restored
from processor.store.transaction import writing
from processor.ticket import Decision
from tests.steps.talk import NOTICE, WITH_NUMBER, Talk, talk

ANSWER = "SV: Oppsigelse mottatt"
LATER = "Vi sier opp Visma Global fra 31.12.2028.\n\nMvh\nKari Holm\nFjord Bygg AS\norg.nr 328627035"
TAKEN_BACK = "Vi trekker oppsigelsen av Visma Global.\n\nMvh\nKari Holm\nFjord Bygg AS\norg.nr 328627035"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Talk]:
    made = talk(tmp_path)
    yield made
    made.engine.dispose()


@pytest.fixture
def anne(here: Talk) -> Person:
    return here.person("Anne")


def read(here: Talk, mail: int) -> Correction:
    """What stands in the form of a mail."""
    (stored,) = past_mails(here.engine, mail, mail, None, history=True)
    said = understood(stored.told, standing_of(here.engine, mail))
    assert said
    return Correction(tuple(each.type for each in said.requests), said.fields)


def say_of(here: Talk, person: Person, mail: int, *types: str, seen: str = "", **fields: Any) -> Redecided:
    """Correct a mail from what stands in its form."""
    here.later(minutes=5)
    form = read(here, mail)
    said = Correction(types or form.types, replace(form.fields, **fields))
    stamp = seen or standing_of(here.engine, mail).stamp
    return correct(here.engine, here.config, here.rulebook, mail, said, stamp, person, here.now)


def actions(here: Talk) -> list[tuple[str, str]]:
    return [(kind, state) for kind, state in here.ask("select kind, state from action order by id")]


def facts(here: Talk, action: int = 1) -> dict[str, str]:
    return dict(json.loads(here.ask(f"select facts from action where id = {action}")[0][0]))


def live(here: Talk) -> list[tuple[Any, ...]]:
    """The items that a correction has not dropped."""
    return here.ask("select how, type, continues from item where how != 'corrected' order by id")


def answered(here: Talk, words: str = "Kundenummeret er 100042.") -> None:
    """A notice that lacked a number, and the answer to our question."""
    here.say(NOTICE)
    here.later(days=1)
    here.say(words, ANSWER, thread=here.last_answer())
    assert here.ask("select how from item order by id") == [("",), ("completes",)]


def test_a_number_that_was_misread_in_an_answer_is_corrected_in_the_request(here: Talk, anne: Person) -> None:
    contracts = [
        Contract(n, "328627035", "Fjord Bygg AS", (), "Visma Global", "global", k)
        for n, k in (("100042", "A"), ("100024", "B"))
    ]
    with staged(here.engine, [(n, each) for n, each in enumerate(contracts, 2)]) as beside:
        beside.take(beside.difference(), "contracts.csv", "d", "Kari", here.now)
    answered(here)
    before = queue(here.engine)[0].deadline
    assert approve(here.engine, 1, anne, here.now).ok
    assert read(here, 2) == replace(read(here, 1), types=("termination",))
    made = say_of(here, anne, 2, customer_no=("100024",))
    assert (made.mail_id, made.changed, made.new, made.dropped) == (1, 1, 0, 0)
    assert here.ask("select customer_no from item order by id") == [("100024",), ("100024",)]
    assert facts(here)["customer_no"] == "100024"
    # The notice keeps the day on which it came, and what was approved was another one.
    assert facts(here)["completed"] == "27.11.2026 kl. 11.00"
    assert actions(here) == [("register_termination", "waiting")]
    assert queue(here.engine)[0].deadline != before
    assert read(here, 2).fields.customer_no == ("100024",)
    assert here.ask("select count(*) from event where kind = 'mail.redecided' and mail_id = 1") == [(1,)]


def test_an_answer_that_is_a_question_of_its_own_leaves_the_request_as_it_was(here: Talk, anne: Person) -> None:
    answered(here)
    made = say_of(here, anne, 2, "agreement_question")
    assert (made.mail_id, made.new) == (2, 1)
    assert here.ask("select how, customer_no, asks != '' from item order by id")[0] == ("", "", 1)
    assert live(here)[1] == ("", "agreement_question", None)
    assert actions(here) == [("register_termination", "waiting"), ("answer_agreement_question", "waiting")]
    assert "customer_no" not in facts(here)
    # The number is asked for as before, and the next answer brings it.
    here.later(hours=1)
    here.say("Kundenummeret er 100024.", ANSWER, thread=here.last_answer())
    assert here.ask("select how, customer_no from item order by id")[0] == ("", "100024")
    assert here.ask("select how from item order by id")[-1] == ("completes",)


def test_an_answer_that_takes_the_notice_back_holds_it(here: Talk, anne: Person) -> None:
    answered(here)
    say_of(here, anne, 2, "termination_withdrawal")
    assert actions(here) == [("register_termination", "held"), ("decide_withdrawal", "waiting")]
    assert live(here)[1] == ("withdraws", "termination_withdrawal", 1)
    assert done(here.engine, 2, anne, here.now).ok
    assert actions(here)[0] == ("register_termination", "rejected")


def test_a_withdrawal_that_is_none_lets_the_notice_go_on(here: Talk, anne: Person) -> None:
    here.say(WITH_NUMBER)
    here.later(days=1)
    here.say(TAKEN_BACK, "Oppsigelse trekkes")
    assert actions(here) == [("register_termination", "held"), ("decide_withdrawal", "waiting")]
    say_of(here, anne, 2, "termination_question")
    assert actions(here)[:2] == [("register_termination", "waiting"), ("decide_withdrawal", "superseded")]
    assert "withdrawn" not in facts(here)
    assert live(here) == [("", "termination", None), ("", "termination_question", None)]


def test_a_second_notice_whose_day_was_misread_differs_no_more(here: Talk, anne: Person) -> None:
    here.say(WITH_NUMBER)
    here.later(days=1)
    here.say(LATER, "Oppsigelse av Visma Global")
    assert "31" in facts(here)["differs"]
    assert approve(here.engine, 1, anne, here.now).ok
    say_of(here, anne, 2, effective_date=read(here, 1).fields.effective_date)
    told = facts(here)
    assert "differs" not in told
    assert told["second_notice"].startswith("27.11.2026")
    assert actions(here) == [("register_termination", "waiting")]
    # Of another organisation it is a notice of its own.
    say_of(here, anne, 2, org_no=("974760673",))
    assert "second_notice" not in facts(here)
    assert actions(here) == [("register_termination", "waiting"), ("register_termination", "waiting")]


def refused(here: Talk, *arguments: Any, **more: Any) -> str:
    before = here.ask("select count(*) from event"), here.ask("select * from item"), here.ask("select * from action")
    with pytest.raises(CannotCorrectError) as cannot:
        say_of(here, *arguments, **more)
    assert before == (
        here.ask("select count(*) from event"),
        here.ask("select * from item"),
        here.ask("select * from action"),
    )
    return str(cannot.value)


def test_what_a_later_answer_builds_on_and_what_is_done_is_not_taken_away(here: Talk, anne: Person) -> None:
    answered(here)
    with here.engine.begin() as conn:
        conn.exec_driver_sql("update item set asks = 'org_no' where id = 1")
    here.later(days=1)
    here.say("Org.nr er 328627035.", ANSWER, thread=here.last_answer())
    assert here.ask("select how from item order by id")[-1] == ("completes",)
    assert refused(here, anne, 2, "agreement_question") == BUILT_UPON
    assert done(here.engine, 1, anne, here.now).ok
    assert refused(here, anne, 3, "agreement_question") == DONE
    assert refused(here, anne, 3, customer_no=("100024",)) == DONE


def test_T68_who_looked_before_the_request_changed_is_told(here: Talk, anne: Person) -> None:
    answered(here)
    seen = standing_of(here.engine, 2).stamp
    say_of(here, here.person("Per"), 1, company="Fjord Bygg ASA")
    for types in ((), ("agreement_question",)):
        with pytest.raises(CannotCorrectError) as cannot:
            say_of(here, anne, 2, *types, seen=seen, customer_no=("100024",))
        assert (str(cannot.value), cannot.value.by) == (CHANGED, "Per")
    assert read(here, 2).fields.company == "Fjord Bygg ASA"


def test_an_answer_to_several_requests_is_corrected_where_they_stand(here: Talk, anne: Person) -> None:
    answered(here)
    with here.engine.begin() as conn:
        conn.exec_driver_sql(
            "insert into item (ticket_id, mail_id, type, org_no, customer_no, rule, template, confidence, risk, evidence,"
            " how, known, asks, followed_up) select ticket_id, mail_id, type, '974760673', '', rule, template, confidence,"
            " risk, evidence, '', known, '', 0 from item where id = 1"
        )
    assert refused(here, anne, 2, customer_no=("100024",)) == SEVERAL


SECOND = {
    "an answer": "Kundenummeret er 100042.",
    "an answer with the organisation": "Org.nr er 328627035.",
    "a second notice": LATER,
    "a withdrawal": TAKEN_BACK,
    "thanks": "Tusen takk for hjelpen!",
}


def request(here: Talk) -> list[tuple[Any, ...]]:
    """The first request with its action, but for what counts changes."""
    items = here.ask("select org_no, customer_no, rule, template, known, asks, how from item where id = 1")
    return items + here.ask("select kind, state, needs, due, facts from action where id = 1")


@pytest.mark.parametrize("number", [NOTICE, WITH_NUMBER], ids=["lacking a number", "with its number"])
@pytest.mark.parametrize("words", SECOND.values(), ids=SECOND)
def test_a_request_stands_as_if_the_mail_had_never_come_that_was_said_to_be_another_thing(
    here: Talk, anne: Person, number: str, words: str
) -> None:
    here.say(number)
    before = request(here)
    here.later(days=1)
    here.say(words, ANSWER, thread=here.last_answer())
    say_of(here, anne, 2, "invoice_question")
    assert request(here) == before
    assert ("", "invoice_question", None) in live(here)
    assert ("answer_invoice_question", "waiting") in actions(here)


def test_T25_no_correction_opens_the_gate_that_another_mail_has_shut(here: Talk, anne: Person) -> None:
    here.say(WITH_NUMBER)
    here.later(days=1)
    here.say(LATER, ANSWER, thread=here.last_answer())
    assert facts(here)[GATE] == SHUT
    with here.engine.begin() as conn:
        conn.exec_driver_sql("update item set type = 'otp_rights' where id = 1")
        conn.exec_driver_sql("update action set kind = 'register_otp_rights' where id = 1")
    (stored,) = past_mails(here.engine, 2, 2, None, history=True)
    was = restored(Decision, json.loads(stored.told)["decision"])
    with writing(here.engine) as conn:
        take_back(conn, continuing(conn, 2), was, anne, here.now)
    told = facts(here)
    assert (told[GATE], "second_notice" in told, "differs" in told) == (SHUT, False, False)
