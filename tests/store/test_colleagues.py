"""A colleague's reply of the Sent folder: where it belongs, and what is not sent because of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from processor.store import tables as t
from processor.store.answered import ANSWERED, WROTE
from processor.store.colleagues import (
    SentMail,
    attach_late,
    forget_unmatched,
    note_sent,
    note_text,
    unread,
)
from processor.store.context import ticket_for
from processor.store.keep import keep
from processor.store.outbox import attempt, claim, sent
from processor.store.people import Person
from processor.store.privacy import erase, find
from processor.store.record import record
from processor.store.sent_copies import Due, copied, copies, copy_failed, due_copies, want_none
from processor.store.staff_replies import approve_reply
from processor.store.ticket_view import ticket
from processor.store.transaction import writing
from processor.ticket import Level, TicketState
from tests.store.made import (
    LATER,
    NOW,
    action,
    arrival,
    column,
    count,
    decision,
    kept,
    made,
    message,
    outbox_states,
    recorded,
    reply,
)

KARI = "kari@fjordbygg-demo.no"
EVENTS = (ANSWERED, WROTE)


def letter(uid: int = 1, *names: str, **changes: Any) -> SentMail:
    """A colleague's reply to mail 1."""
    made = SentMail(
        uid,
        f"<ola{uid}@visma.no>",
        names or ("<in1@fjordbygg-demo.no>",),
        "ola@visma.no",
        (KARI,),
        "SV: Oppsigelse",
        LATER,
    )
    return replace(made, **changes)


def found(engine: Engine, *mails: SentMail) -> int:
    return note_sent(engine, "support", "Sent", 9, mails or (letter(),), LATER)


def events(engine: Engine, *kinds: str) -> list[str]:
    with engine.connect() as conn:
        e = t.event.c
        return list(conn.execute(select(e.kind).where(e.kind.in_(kinds or EVENTS)).order_by(e.id)).scalars())


@pytest.mark.parametrize("state", ["draft", "held", "ready", "retry", "failed"])
def test_what_is_not_sent_is_cancelled_by_a_colleagues_reply(engine: Engine, state: str) -> None:
    recorded(engine)
    with writing(engine) as conn:
        conn.execute(update(t.outbox).values(state=state))
    assert found(engine) == 1
    assert outbox_states(engine) == [("cancelled", "")]
    assert events(engine, *EVENTS, "outbox.answered") == ["outbox.answered", ANSWERED]
    view = ticket(engine, "VS-0001-TEST")
    assert view
    assert (view.items[0].answered_at, view.colleagues[0].answered) == (LATER, True)


@pytest.mark.parametrize("state", ["sending", "sent", "unknown", "bounced"])
def test_what_left_or_may_have_left_stays_as_it_is(engine: Engine, state: str) -> None:
    recorded(engine)
    with writing(engine) as conn:
        conn.execute(update(t.outbox).values(state=state))
    assert found(engine) == 1
    assert outbox_states(engine) == [(state, "")]


def test_a_worker_that_holds_the_reply_sends_it_no_more(engine: Engine) -> None:
    recorded(engine)
    (claimed,) = claim(engine, "w", 1, NOW, 900)
    found(engine)
    assert not attempt(engine, claimed.id, claimed.fence, "h", LATER)
    assert outbox_states(engine) == [("cancelled", "")]


def test_one_that_is_being_sent_at_this_moment_is_told_of(engine: Engine) -> None:
    outbox_id = recorded(engine).outbox_id
    (claimed,) = claim(engine, "w", 1, NOW, 900)
    assert attempt(engine, claimed.id, claimed.fence, "h", LATER)
    found(engine)
    view = ticket(engine, "VS-0001-TEST")
    assert view
    (told,) = (event for event in view.events if event.kind == ANSWERED)
    assert (told.data["sent_too"], told.data["cancelled"]) == ([outbox_id], [])


def test_a_reply_that_is_found_before_its_mail_is_decided_waits_for_it(engine: Engine) -> None:
    (mail_id,) = kept(engine, 1)
    assert found(engine) == 0
    record(engine, [made(mail_id, 1)])
    assert outbox_states(engine) == [("cancelled", "")]
    assert events(engine) == [ANSWERED]
    assert count(engine, t.colleague_reference) == 0


def test_a_reply_and_its_mail_written_down_at_the_same_moment_find_each_other(engine: Engine) -> None:
    """Neither transaction saw the other, as may happen on PostgreSQL."""
    found(engine)
    recorded(engine, what=decision(reply()), message=message(1, message_id="<other@x.no>"))
    with writing(engine) as conn:
        conn.execute(update(t.mail).values(message_id="<in1@fjordbygg-demo.no>"))
    assert (attach_late(engine, "support", LATER), attach_late(engine, "support", LATER)) == (1, 0)
    assert outbox_states(engine) == [("cancelled", "")]


def test_a_mail_passed_on_to_somebody_else_answers_nobody(engine: Engine) -> None:
    recorded(engine)
    found(engine, letter(recipients=("leverandor@annet-demo.no",)))
    assert outbox_states(engine)[0][0] == "ready"
    assert events(engine) == [WROTE]
    view = ticket(engine, "VS-0001-TEST")
    assert view
    assert (view.items[0].answered_at, view.colleagues[0].answered) == (None, False)


@pytest.mark.parametrize("to", [KARI, "per@fjordbygg-demo.no", "kari.privat@hjemme-demo.no"])
def test_the_customer_is_who_wrote_their_domain_and_where_they_want_the_answer(engine: Engine, to: str) -> None:
    head = b"From: kari@fjordbygg-demo.no\r\nReply-To: <Kari.Privat@hjemme-demo.no>\r\n\r\nHei"
    (one,) = keep(engine, [arrival(1, head)], NOW)
    record(engine, [made(one.mail_id, 1)])
    found(engine, letter(recipients=(to,)))
    assert events(engine) == [ANSWERED]


def test_our_own_reply_in_the_sent_folder_is_nobodys(engine: Engine) -> None:
    recorded(engine)
    assert found(engine, letter(message_id="<out1@processor.example>")) == 0
    assert (count(engine, t.colleague_reply), outbox_states(engine)[0][0]) == (0, "ready")


def test_the_same_reply_seen_again_changes_nothing(engine: Engine) -> None:
    recorded(engine)
    assert (found(engine), found(engine, letter(uid=1), letter(uid=7, message_id="<ola1@visma.no>"))) == (1, 0)
    assert events(engine) == [ANSWERED]


def test_a_later_mail_of_the_customer_keeps_its_own_reply(engine: Engine) -> None:
    first = recorded(engine)
    (later,) = keep(engine, [arrival(2, b"mail 2", internaldate=LATER)], LATER)
    record(engine, [made(later.mail_id, 2, joins_ticket_id=first.ticket_id)])
    found(engine)
    assert [state for state, _ in outbox_states(engine)] == ["cancelled", "ready"]
    found(engine, letter(2, "<in2@fjordbygg-demo.no>"))
    assert [state for state, _ in outbox_states(engine)] == ["cancelled", "cancelled"]


def test_what_a_person_let_go_out_afterwards_is_sent_all_the_same(engine: Engine, kari: Person) -> None:
    recorded(engine, level=Level.DRAFT)
    with writing(engine) as conn:
        conn.execute(update(t.outbox).values(created_at=LATER + timedelta(minutes=1)))
    (outbox_id,) = column(engine, t.outbox.c.id)
    assert approve_reply(engine, outbox_id, kari, LATER + timedelta(minutes=2))
    found(engine)
    assert outbox_states(engine)[0][0] == "ready"


def test_a_confirmation_is_not_taken_back(engine: Engine) -> None:
    recorded(engine, what=decision(reply("confirmation"), [action()]))
    found(engine)
    assert outbox_states(engine)[0][0] == "draft"


def test_the_ticket_waits_for_the_customer_only_where_nothing_else_is_to_be_done(engine: Engine) -> None:
    recorded(engine, 1, decision(None, outcome="review"))
    recorded(engine, 2)
    found(engine, letter(1), letter(2, "<in2@fjordbygg-demo.no>"))
    assert column(engine, t.ticket.c.state) == [TicketState.WITH_CUSTOMER, TicketState.OPEN]
    assert column(engine, t.action.c.state) == ["waiting"]


def test_a_customers_answer_to_a_colleague_finds_the_ticket_as_one_to_us(engine: Engine) -> None:
    recorded(engine)
    found(engine)
    joined = ticket_for(engine, ["<ola1@visma.no>"])
    assert joined
    assert (joined.ticket_no, joined.ours) == ("VS-0001-TEST", True)
    found(engine, letter(2, "<ola1@visma.no>"))
    assert count(engine, t.colleague_reply, t.colleague_reply.c.ticket_id.is_not(None)) == 2


def test_the_words_are_read_once_and_private_numbers_hidden(engine: Engine) -> None:
    recorded(engine)
    found(engine, letter(subject="Gjelder 010190 12345"))
    (one,) = unread(engine, "support", 10)
    note_text(engine, one.reply_id, "Fødselsnummer 010190 12345")
    assert unread(engine, "support", 10) == []
    assert column(engine, t.colleague_reply.c.text) == ["Fødselsnummer •••••• •••••"]
    assert column(engine, t.colleague_reply.c.subject) == ["Gjelder •••••• •••••"]


def test_an_erased_ticket_keeps_nothing_that_a_colleague_wrote(engine: Engine) -> None:
    recorded(engine, what=decision(reply()))
    found(engine)
    note_text(engine, 1, "hemmelig")
    erase(engine, find(engine, KARI), "Kari", LATER, also_required=True)
    c = t.colleague_reply.c
    with engine.connect() as conn:
        assert [
            tuple(row) for row in conn.execute(select(c.sender, c.recipients, c.subject, c.text, c.message_id))
        ] == [("", "", "", "", None)]


def test_what_was_written_to_a_person_and_answers_no_mail_of_ours_goes_with_them(engine: Engine) -> None:
    found(engine, letter(1), letter(2, recipients=("a" + KARI,)))
    erase(engine, find(engine, KARI), "Kari", LATER)
    assert column(engine, t.colleague_reply.c.recipients) == ["a" + KARI]


def test_a_reply_that_answers_no_mail_of_ours_is_forgotten_after_a_month(engine: Engine) -> None:
    found(engine)
    assert forget_unmatched(engine, LATER) == 0
    assert forget_unmatched(engine, LATER + timedelta(days=1)) == 1
    assert (count(engine, t.colleague_reply), count(engine, t.colleague_reference)) == (0, 0)


def taken(engine: Engine, n: int = 1, **changes: Any) -> int:
    """Reply ``n`` was taken by a server; its id."""
    recorded(engine, n, **changes)
    (one,) = claim(engine, "w", 1, NOW, 900)
    attempt(engine, one.id, one.fence, "h", NOW)
    assert sent(engine, one.id, one.fence, "250 ok", LATER, NOW)
    return one.id


def test_each_sent_reply_has_one_copy_to_be_made(engine: Engine) -> None:
    outbox_id = taken(engine)
    assert due_copies(engine, "support", LATER, 9) == [Due(outbox_id, 0, NOW)]
    assert due_copies(engine, "annen", LATER, 9) == []
    with writing(engine) as conn:
        conn.execute(update(t.outbox).values(state="sending"))
    assert sent(engine, outbox_id, 1, "250 again", LATER)
    assert count(engine, t.sent_copy) == 1


def test_a_copy_is_put_off_given_up_or_done_and_the_reply_stays_sent(engine: Engine) -> None:
    one = Due(taken(engine), 0, NOW)
    copy_failed(engine, one, "over quota", LATER + timedelta(minutes=1))
    assert (due_copies(engine, "support", LATER, 9), copies(engine)["waiting"]) == ([], 1)
    (again,) = due_copies(engine, "support", LATER + timedelta(minutes=1), 9)
    assert again.tries == 1
    copy_failed(engine, again, "over quota", None)
    assert copies(engine) == {"waiting": 0, "given_up": 1}
    other = Due(taken(engine, 2), 0, NOW)
    copied(engine, other, "Sent", True, LATER)
    copied(engine, other, "Sent", True, LATER)
    assert events(engine, "outbox.copied") == ["outbox.copied"]
    assert [state for state, _ in outbox_states(engine)] == ["sent", "sent"]


def test_an_account_without_copies_waits_for_none(engine: Engine) -> None:
    taken(engine)
    want_none(engine, "support")
    assert column(engine, t.sent_copy.c.state) == ["none"]
