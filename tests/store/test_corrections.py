from __future__ import annotations

from sqlalchemy import Engine, update

from processor.store import tables as t
from processor.store.corrections import Judged, judged, mails_of, retype
from processor.store.people import Person, remove_person
from processor.store.queue import approve, done, reject
from processor.ticket import ActionState
from tests.store.made import LATER, NOW, action, column, decision, recorded, reply


def labels(engine: Engine) -> list[tuple[int, tuple[str, ...], str | None, str]]:
    return [(mail.mail_id, mail.types, mail.automatic, mail.how) for mail in judged(engine)]


def test_a_mail_that_nobody_looked_at_is_not_judged(engine: Engine) -> None:
    recorded(engine)
    assert labels(engine) == []


def test_an_approved_action_confirms_what_the_mail_was_taken_for(engine: Engine, kari: Person) -> None:
    recorded(engine)
    approve(engine, 1, kari, NOW)
    (mail,) = judged(engine)
    assert (mail.types, mail.automatic, mail.how, mail.raw) == (("termination",), None, "confirmed", b"mail 1")
    assert (mail.language, mail.withheld) == ("nb", "")
    done(engine, 1, kari, LATER)
    assert [each.name for each in judged(engine)] == [mail.name]


def test_the_first_of_two_people_confirms_nothing_yet(engine: Engine, kari: Person, ola: Person) -> None:
    recorded(engine, 1, decision(None, [action("two_staff")]))
    approve(engine, 1, kari, NOW)
    assert labels(engine) == []
    approve(engine, 1, ola, NOW)
    assert len(labels(engine)) == 1


def test_a_rejected_action_and_a_reply_alone_judge_nothing(engine: Engine, kari: Person) -> None:
    recorded(engine)
    recorded(engine, 2, decision(reply()))
    reject(engine, 1, kari, "not their contract", NOW)
    assert labels(engine) == []


def test_a_person_says_what_it_is_and_the_last_word_counts(engine: Engine, kari: Person, ola: Person) -> None:
    recorded(engine)
    assert retype(engine, 1, ["invoice_question"], None, kari, NOW).superseded == 1
    assert labels(engine) == [(1, ("invoice_question",), None, "corrected")]
    assert retype(engine, 1, ["termination", "invoice_question"], None, ola, LATER).superseded == 0
    assert labels(engine) == [(1, ("termination", "invoice_question"), None, "corrected")]


def test_it_is_recorded_who_corrected_what_into_what(engine: Engine, kari: Person) -> None:
    recorded(engine)
    retype(engine, 1, [], "spam", kari, NOW)
    with engine.connect() as conn:
        events = conn.execute(t.event.select().where(t.event.c.actor == "Kari").order_by(t.event.c.id)).all()
    assert [row.kind for row in events[-2:]] == ["action.superseded", "mail.retyped"]
    assert events[-1].data == '{"automatic":"spam","person":1,"types":[],"was":["termination"]}'
    assert events[-1].mail_id == 1


def test_only_open_actions_of_other_types_fall(engine: Engine, kari: Person) -> None:
    recorded(engine)
    recorded(engine, 2)
    recorded(engine, 3)
    done(engine, 2, kari, NOW)
    for mail_id, types in ((1, ["termination"]), (2, ["other"]), (3, ["other"])):
        assert retype(engine, mail_id, types, None, kari, LATER).refused == ""
    assert column(engine, t.action.c.state) == [ActionState.WAITING, ActionState.DONE, ActionState.SUPERSEDED]


def test_a_person_who_has_left_an_unknown_mail_and_a_second_arrival_are_refused(engine: Engine, kari: Person) -> None:
    recorded(engine)
    assert "no such mail" in retype(engine, 99, ["other"], None, kari, NOW).refused
    with engine.begin() as conn:
        conn.execute(update(t.mail).values(duplicate=True))
    assert "equal letter" in retype(engine, 1, ["other"], None, kari, NOW).refused
    with engine.begin() as conn:
        conn.execute(update(t.mail).values(duplicate=False))
    remove_person(engine, "Kari", "operator", NOW)
    assert "nobody of that name" in retype(engine, 1, ["other"], None, kari, NOW).refused
    assert labels(engine) == []


def test_a_mail_whose_bytes_are_gone_is_left_out(engine: Engine, kari: Person) -> None:
    recorded(engine)
    retype(engine, 1, ["other"], None, kari, NOW)
    with engine.begin() as conn:
        conn.execute(update(t.raw_mail).values(whole=False))
    assert labels(engine) == []


def test_a_ticket_names_its_mails(engine: Engine) -> None:
    first = recorded(engine)
    recorded(engine, 2, decision(None), joins_ticket_id=first.ticket_id)
    assert mails_of(engine, first.ticket_no) == [1, 2]
    assert mails_of(engine, "VS-0000-NONE") == []


def test_a_name_is_the_same_at_every_reading_and_no_two_are_equal(engine: Engine, kari: Person) -> None:
    for n in (1, 2):
        recorded(engine, n)
        retype(engine, n, ["other"], None, kari, NOW)
    names = [[mail.name for mail in judged(engine)] for _ in range(2)]
    assert names[0] == names[1]
    assert len(set(names[0])) == 2
    assert all(isinstance(mail, Judged) for mail in judged(engine))
