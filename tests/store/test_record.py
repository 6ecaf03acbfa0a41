from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from processor.rulebook import ReplyKind
from processor.store import tables as t
from processor.store.columns import canonical
from processor.store.engine import open_store
from processor.store.events import events
from processor.store.keep import first_start
from processor.store.outbox import claim, stop_answers
from processor.store.record import NumberTakenError, Record, record
from processor.store.replies import (
    HOLD_ALL,
    HOLD_DOMAIN,
    HOLD_EARLY,
    HOLD_OLD,
    HOLD_SENDER,
    HOLD_STOPPED,
    HOLD_THREAD,
    OBSERVE,
    references,
)
from processor.store.switch import breaker_open_since
from processor.store.ticket_view import ticket
from processor.ticket import Level, Limits, MailState, OutboxState, TicketState
from tests.store.made import (
    LATER,
    NOW,
    action,
    column,
    count,
    decision,
    kept,
    made,
    message,
    outbox_states,
    recorded,
    reply,
    understanding,
)


def test_one_mail_becomes_one_ticket_with_items_actions_and_a_reply(engine: Engine) -> None:
    done = recorded(engine)
    view = ticket(engine, done.ticket_no)
    assert view
    assert (view.state, view.sender, view.company) == (TicketState.OPEN, "kari@fjordbygg-demo.no", "Fjord Bygg AS")
    assert [mail.state for mail in view.mails] == [MailState.DECIDED]
    assert view.items[0].evidence["requests"][0][0]["text"] == "sier opp"
    assert dict(view.actions[0].facts) == {"org_no": "328627035"}
    assert [(r.id, r.state, r.message_id) for r in view.replies] == [
        (done.outbox_id, OutboxState.READY, "<out1@processor.example>")
    ]
    assert [event.kind for event in view.events] == ["mail.decided"]


def test_the_explanation_is_stored_so_that_it_can_be_repeated_and_vouched_for(engine: Engine) -> None:
    done = recorded(engine)
    (event,) = events(engine, done.ticket_no)
    r = made(1, 1)
    assert event.text == canonical({"understanding": r.understanding, "context": r.context, "decision": r.decision})
    assert (event.data["rules"], event.data["model"]) == ("r1", "m1")
    with engine.connect() as conn:
        salt = conn.execute(select(t.event_text.c.salt)).scalar_one()
        digest = conn.execute(select(t.event.c.text_digest).where(t.event.c.id == event.id)).scalar_one()
    assert digest == hashlib.sha256((salt + event.text).encode()).hexdigest()


def test_recording_twice_makes_nothing_twice(engine: Engine) -> None:
    (mail_id,) = kept(engine, 1)
    first = record(engine, [made(mail_id, 1), made(mail_id, 1)])
    again = record(engine, [made(mail_id, 1)])
    assert [one.duplicate for one in (*first, *again)] == [False, True, True]
    assert {one.ticket_id for one in (*first, *again)} == {first[0].ticket_id}
    for table in (t.ticket, t.item, t.action, t.outbox, t.letter):
        assert count(engine, table) == 1


def test_an_equal_letter_is_another_arrival_and_gets_no_reply(engine: Engine) -> None:
    one, two, three = kept(engine, 1, 2, 3)
    same = message(1)
    first, second = record(engine, [made(one, 1), made(two, 2, message=same)])
    (third,) = record(engine, [made(three, 3, message=same)])
    assert (second.ticket_id, second.duplicate, second.outbox_id) == (first.ticket_id, True, None)
    assert (third.ticket_no, third.duplicate) == (first.ticket_no, True)
    assert count(engine, t.outbox) == 1
    view = ticket(engine, first.ticket_no)
    assert view
    assert [mail.duplicate for mail in view.mails] == [False, True, True]


def test_equal_message_ids_with_other_text_are_two_mails(engine: Engine) -> None:
    one, two = kept(engine, 1, 2)
    other = replace(message(2), message_id=message(1).message_id)
    first, second = record(engine, [made(one, 1), made(two, 2, message=other)])
    assert first.ticket_id != second.ticket_id


def test_a_taken_number_records_nothing(engine: Engine) -> None:
    recorded(engine, 1)
    two, three = kept(engine, 2, 3)
    with pytest.raises(NumberTakenError):
        record(engine, [made(two, 2), made(three, 3, ticket_no="VS-0001-TEST")])
    assert count(engine, t.ticket) == 1
    assert record(engine, [made(two, 2)])[0].duplicate is False


def test_a_mail_that_was_never_kept_is_refused(engine: Engine) -> None:
    with pytest.raises(KeyError):
        record(engine, [made(99, 1)])


LEVELS: list[tuple[Level, ReplyKind, OutboxState]] = [
    (Level.OBSERVE, "receipt", OutboxState.HELD),
    (Level.DRAFT, "receipt", OutboxState.DRAFT),
    (Level.APPROVE, "receipt", OutboxState.READY),
    (Level.APPROVE, "answer", OutboxState.DRAFT),
    (Level.APPROVE, "question", OutboxState.DRAFT),
    (Level.AUTOMATIC, "receipt", OutboxState.READY),
    (Level.AUTOMATIC, "answer", OutboxState.READY),
    (Level.AUTOMATIC, "question", OutboxState.READY),
    (Level.AUTOMATIC, "confirmation", OutboxState.DRAFT),
]


@pytest.mark.parametrize(("level", "kind", "state"), LEVELS)
def test_the_level_says_which_replies_leave(engine: Engine, level: Level, kind: ReplyKind, state: OutboxState) -> None:
    recorded(engine, 1, decision(reply(kind), [action()]), level=level)
    assert outbox_states(engine) == [(state, OBSERVE if level == Level.OBSERVE else "")]
    assert len(claim(engine, "w", 10, LATER, 60)) == (state == OutboxState.READY)


def test_while_answers_are_stopped_they_are_held(engine: Engine) -> None:
    recorded(engine, 1, stopped=True)
    stop_answers(engine, "Kari", NOW)
    recorded(engine, 2)
    recorded(engine, 3, level=Level.DRAFT)
    assert outbox_states(engine) == [
        (OutboxState.HELD, HOLD_STOPPED),
        (OutboxState.HELD, HOLD_STOPPED),
        (OutboxState.DRAFT, ""),
    ]


def test_T41_mail_from_before_the_first_start_is_not_answered(engine: Engine) -> None:
    first_start(engine, "support", NOW + timedelta(seconds=1))
    recorded(engine, 1)
    assert outbox_states(engine) == [(OutboxState.HELD, HOLD_EARLY)]


def test_a_reply_that_comes_too_late_is_held(engine: Engine) -> None:
    recorded(engine, 1, leave_before=NOW)
    assert outbox_states(engine) == [(OutboxState.HELD, HOLD_OLD)]


def test_T31_the_limits_hold_within_a_batch_too(engine: Engine) -> None:
    def limited(mail_id: int, n: int, to: str, limits: Limits) -> Record:
        r = made(mail_id, n, decision(reply(to=to)))
        return replace(r, context=replace(r.context, limits=limits))

    mails = kept(engine, *range(1, 8))
    per_sender = Limits(per_sender=2)
    record(engine, [limited(m, n, "Kari@x.no", per_sender) for n, m in enumerate(mails[:3], 1)])
    record(engine, [limited(mails[3], 4, "kari@X.no", per_sender), limited(mails[4], 5, "ola@x.no", per_sender)])
    record(engine, [limited(m, m, f"{m}@x.no", Limits(in_all=4)) for m in mails[5:]])
    ready, many, in_all = (OutboxState.READY, ""), (OutboxState.HELD, HOLD_SENDER), (OutboxState.HELD, HOLD_ALL)
    assert outbox_states(engine) == [ready, ready, many, many, ready, ready, in_all]
    assert breaker_open_since(engine) == NOW


def test_T31_a_mail_that_is_not_answered_since_so_many_were_opens_the_breaker(engine: Engine) -> None:
    first, second, third = kept(engine, 1, 2, 3)
    none = decision(None)
    record(engine, [made(first, 1, replace(none, withheld="limit_sender"))])
    assert breaker_open_since(engine) is None
    record(engine, [made(second, 2, replace(none, withheld="limit_all"))])
    assert breaker_open_since(engine) == NOW
    record(engine, [made(third, 3)])
    assert outbox_states(engine) == [(OutboxState.HELD, HOLD_STOPPED)]


def test_T31_the_limit_of_a_domain_holds_within_a_batch_too(engine: Engine) -> None:
    def limited(mail_id: int, n: int, domain: str, known: bool = False) -> Record:
        r = made(mail_id, n, decision(reply(to=f"{n}@{domain or 'gmail.com'}")))
        context = replace(r.context, limits=Limits(per_domain=2), known_sender=known)
        return replace(r, context=context, reply_domain=domain)

    mails = kept(engine, *range(1, 9))
    record(engine, [limited(m, n, "x.no") for n, m in enumerate(mails[:1], 1)])
    record(engine, [limited(m, n, "x.no") for n, m in enumerate(mails[1:3], 2)])
    record(engine, [limited(mails[3], 4, "x.no", True), *(limited(m, n, "") for n, m in enumerate(mails[4:], 5))])
    ready = (OutboxState.READY, "")
    assert outbox_states(engine) == [ready, ready, (OutboxState.HELD, HOLD_DOMAIN), *[ready] * 5]


def test_T32_the_limit_of_a_thread_holds_within_a_batch_too(engine: Engine) -> None:
    first = recorded(engine, 1)
    mails = kept(engine, 2, 3)
    batch = [made(mail_id, n, joins_ticket_id=first.ticket_id) for n, mail_id in enumerate(mails, 2)]
    record(engine, [replace(r, context=replace(r.context, limits=Limits(per_thread=2))) for r in batch])
    ready = (OutboxState.READY, "")
    assert outbox_states(engine) == [ready, ready, (OutboxState.HELD, HOLD_THREAD)]


def test_a_mail_joins_its_ticket_and_opens_it(engine: Engine) -> None:
    first = recorded(engine, 1, decision(reply("answer")))
    assert column(engine, t.ticket.c.state) == [TicketState.CLOSED]
    second = recorded(engine, 2, joins_ticket_id=first.ticket_id)
    assert (second.ticket_id, second.ticket_no, second.duplicate) == (first.ticket_id, first.ticket_no, False)
    assert column(engine, t.ticket.c.state) == [TicketState.OPEN]


def test_T14_an_unproven_mail_changes_no_state_of_the_ticket_it_names(engine: Engine) -> None:
    first = recorded(engine, 1, decision(reply("answer")))
    recorded(engine, 2, decision(reply(), result="unproven"), joins_ticket_id=first.ticket_id, level=Level.DRAFT)
    view = ticket(engine, first.ticket_no)
    assert view
    assert (view.state, view.version, len(view.mails)) == (TicketState.CLOSED, 1, 2)


@pytest.mark.parametrize(
    ("what", "level", "state"),
    [
        (decision(None, outcome="ignore"), Level.AUTOMATIC, TicketState.CLOSED),
        (decision(None), Level.AUTOMATIC, TicketState.OPEN),
        (decision(reply(), outcome="review"), Level.AUTOMATIC, TicketState.OPEN),
        (decision(reply("question")), Level.AUTOMATIC, TicketState.WITH_CUSTOMER),
        (decision(reply("question")), Level.DRAFT, TicketState.OPEN),
        (decision(reply("answer")), Level.AUTOMATIC, TicketState.CLOSED),
        (decision(reply("answer"), [action()]), Level.AUTOMATIC, TicketState.OPEN),
        (decision(reply("answer")), Level.OBSERVE, TicketState.OPEN),
    ],
)
def test_a_ticket_is_open_while_a_person_is_needed(
    engine: Engine, what: object, level: Level, state: TicketState
) -> None:
    recorded(engine, 1, what, level=level)  # type: ignore[arg-type]
    assert column(engine, t.ticket.c.state) == [state]


def test_T40_references_are_bounded() -> None:
    many = replace(message(1), references=(*(f"<{n}@x.no>" for n in range(500)), "<" + "a" * 5000 + "@x.no>"))
    found = references(many).split()
    assert (found[0], found[-1], len(found)) == ("<0@x.no>", "<in1@fjordbygg-demo.no>", 20)
    assert references(replace(many, references=())) == "<in1@fjordbygg-demo.no>"


def test_T37_nul_and_surrogates_from_strangers_can_be_stored(engine: Engine) -> None:
    odd = replace(message(1), subject="æ\x00\udcff", message_id="<" + "ø" * 5000 + "@x.no>", letter="\udcff")
    odd_thoughts = replace(understanding(), topics=("\x00\udcff",))
    done = recorded(engine, 1, message=odd, understanding=odd_thoughts, sender_spec="k\x00" + "x" * 4000)
    view = ticket(engine, done.ticket_no)
    assert view
    assert "\x00" not in view.subject
    assert json.loads(view.events[0].text)["understanding"]["topics"] == ["\x00\udcff"]


def test_a_crash_before_the_commit_leaves_the_mail_to_be_decided(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mail_id,) = kept(engine, 1)

    def dies(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("processor.store.record.write_events", dies)
        with pytest.raises(KeyboardInterrupt):
            record(engine, [made(mail_id, 1)])
    for table in (t.ticket, t.item, t.action, t.outbox, t.letter):
        assert count(engine, table) == 0
    assert column(engine, t.mail.c.state) == [MailState.KEPT]
    assert not record(engine, [made(mail_id, 1)])[0].duplicate


def test_two_workers_recording_equal_letters_make_one_ticket(engine: Engine, url: str) -> None:
    mails = kept(engine, *range(1, 41))
    answers = []

    def work(mine: list[int], base: int) -> None:
        own = open_store(url)
        for n, mail_id in enumerate(mine):
            letter = made(mail_id, base + n, message=message(n % 10), reply_message_id=f"<out{n % 10}@x>")
            answers.extend(record(own, [letter]))
        own.dispose()

    threads = [threading.Thread(target=work, args=(mails[s : s + 20], s)) for s in (0, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 40
    assert sum(not one.duplicate for one in answers) == 10
    assert (count(engine, t.ticket), count(engine, t.outbox), count(engine, t.letter)) == (10, 10, 10)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    letters=st.lists(st.integers(0, 3), min_size=1, max_size=6),
    cut=st.integers(0, 6),
)
def test_any_order_and_any_batches_make_one_ticket_a_letter(engine: Engine, letters: list[int], cut: int) -> None:
    base = count(engine, t.mail) * 10 + 10
    tickets = count(engine, t.ticket)
    mails = kept(engine, *(base + n for n in range(len(letters))))
    records = [
        made(mail, base + n, message=message(base + 100_000 * (1 + letter)), reply_message_id=f"<{base}-{letter}@x>")
        for n, (mail, letter) in enumerate(zip(mails, letters, strict=True))
    ]
    for batch in (records[:cut], records[cut:], records):
        record(engine, batch)
    assert count(engine, t.ticket) - tickets == len(set(letters))
    assert count(engine, t.ticket) == count(engine, t.outbox) == count(engine, t.letter)
