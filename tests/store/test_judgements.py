"""Staff's word on decisions by type, and which replies each level would have let out."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from processor.store.corrections import retype
from processor.store.judgements import TypeRecord, leaves, letters, type_records
from processor.store.people import Person
from processor.store.queue import approve, done, reject
from processor.store.staff_replies import cancel_reply, edit_reply, release
from processor.ticket import Level
from tests.store.made import LATER, NOW, action, decision, recorded, reply


def only(engine: Engine) -> TypeRecord:
    (record,) = type_records(engine).values()
    return record


def test_what_staff_did_with_the_action_is_their_word(engine: Engine, kari: Person) -> None:
    for n in (1, 2, 3):
        recorded(engine, n)
    done(engine, 1, kari, NOW)
    reject(engine, 2, kari, "not their contract", NOW)
    record = only(engine)
    assert (record.type, record.decided, record.outcomes["answer"]) == ("termination", 3, 3)
    assert dict(record.said) == {"confirmed": 1, "rejected": 1, "open": 1}


def test_the_first_of_two_people_has_not_judged(engine: Engine, kari: Person) -> None:
    recorded(engine, 1, decision(None, [action("two_staff")]))
    approve(engine, 1, kari, NOW)
    assert only(engine).judged == 0


def test_a_person_who_names_the_mail_outweighs_what_was_done_with_it(engine: Engine, kari: Person) -> None:
    recorded(engine, 1)
    done(engine, 1, kari, NOW)
    retype(engine, 1, ["invoice_question"], None, kari, LATER)
    records = type_records(engine)
    assert dict(records["termination"].said) == {"changed": 1}
    assert (records["invoice_question"].missed, records["invoice_question"].decided) == (1, 0)
    retype(engine, 1, ["termination"], None, kari, LATER)
    assert dict(only(engine).said) == {"confirmed": 1}


def test_a_draft_that_was_rewritten_or_withdrawn_was_not_right(engine: Engine, kari: Person) -> None:
    drafts = [recorded(engine, n, decision(reply("answer")), level=Level.DRAFT).outbox_id or 0 for n in (1, 2, 3)]
    edit_reply(engine, drafts[0], "Sv", "Et annet svar", kari, NOW)
    cancel_reply(engine, drafts[1], kari, NOW)
    assert dict(only(engine).said) == {"changed": 1, "rejected": 1, "open": 1}
    release(engine, drafts[2], kari, NOW)


@pytest.mark.parametrize(
    ("kind", "levels"),
    [
        ("receipt", {Level.APPROVE, Level.AUTOMATIC}),
        ("answer", {Level.AUTOMATIC}),
        ("question", {Level.AUTOMATIC}),
        ("confirmation", set()),
    ],
)
def test_each_level_lets_out_what_the_outbox_would(kind: str, levels: set[Level]) -> None:
    assert {level for level in Level if leaves(kind, level)} == levels  # type: ignore[arg-type]


def test_what_was_only_observed_is_counted_as_if(engine: Engine, kari: Person) -> None:
    recorded(engine, 1, decision(reply("receipt"), [action()]), level=Level.OBSERVE)
    recorded(engine, 2, decision(reply("answer"), [action()]), level=Level.OBSERVE)
    reject(engine, 2, kari, "wrong", NOW)
    record = only(engine)
    assert [record.leaving(level) for level in Level] == [0, 0, 1, 2]
    assert [record.wrongly(level) for level in Level] == [0, 0, 0, 1]


def test_the_sample_is_what_the_next_level_adds_the_latest_first(engine: Engine) -> None:
    for n, kind in enumerate(("receipt", "answer", "receipt", "receipt"), 1):
        recorded(engine, n, decision(reply(kind)), level=Level.OBSERVE)  # type: ignore[arg-type]
    found = letters(engine, "termination", Level.APPROVE, Level.DRAFT, 2)
    assert [(each.ticket_no, each.kind, each.asked) for each in found] == [
        ("VS-0004-TEST", "receipt", "Oppsigelse 4"),
        ("VS-0003-TEST", "receipt", "Oppsigelse 3"),
    ]
    (added,) = letters(engine, "termination", Level.AUTOMATIC, Level.APPROVE, 5)
    assert (added.kind, added.text) == ("answer", "Vi har mottatt mailen.")


def test_a_day_leaves_earlier_decisions_out(engine: Engine, kari: Person) -> None:
    recorded(engine, 1)
    retype(engine, 1, ["invoice_question"], None, kari, NOW)
    recorded(engine, 2, now=LATER)
    assert {name: each.decided for name, each in type_records(engine, LATER).items()} == {"termination": 1}
