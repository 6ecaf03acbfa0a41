from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from processor.store import tables as t
from processor.store.engine import open_store
from processor.store.outbox import (
    TRANSITIONS,
    Outgoing,
    abandon,
    approve_reply,
    attempt,
    bounced,
    cancel,
    claim,
    failed,
    issue_confirmation,
    outbox_counts,
    release,
    resend,
    resume_answers,
    retry_at,
    sent,
    stop_answers,
    stopped,
    sweep,
    unknown,
)
from processor.store.people import Person
from processor.store.queue import cancel_reply, done, edit_reply
from processor.store.replies import HOLD_OLD, OBSERVE
from processor.store.settings import OUTBOX_CAP, change_setting
from processor.store.sweep import Swept
from processor.ticket import Level, OutboxState
from tests.store.made import LATER, NOW, action, column, count, decision, outbox_states, recorded, reply

LEASE = 60
AFTER = NOW + timedelta(seconds=LEASE + 1)


def one(engine: Engine, worker: str = "w", now: datetime = NOW) -> Outgoing:
    (row,) = claim(engine, worker, 10, now, LEASE)
    return row


def state(engine: Engine) -> OutboxState:
    (found,) = column(engine, t.outbox.c.state)
    return OutboxState(found)


def attempted(engine: Engine) -> Outgoing:
    """The one row, claimed and attempted."""
    row = one(engine)
    assert attempt(engine, row.id, row.fence, "mx.example", NOW)
    return row


def confirmed(engine: Engine, kari: Person) -> int:
    """A confirmation of what Kari has done, ready to leave."""
    recorded(engine, 1, decision(None, [action()]))
    done(engine, 1, kari, NOW)
    made = issue_confirmation(engine, 1, "confirmation", reply("confirmation"), "<c1@x>", kari, NOW)
    assert made
    return made


def test_a_reply_goes_out_once(engine: Engine) -> None:
    recorded(engine)
    row = attempted(engine)
    assert (row.to, row.message_id, row.in_reply_to, row.kind, row.tries, row.created) == (
        "kari@fjordbygg-demo.no",
        "<out1@processor.example>",
        "<in1@fjordbygg-demo.no>",
        "receipt",
        0,
        NOW,
    )
    assert not attempt(engine, row.id, row.fence, "mx.example", NOW)
    assert sent(engine, row.id, row.fence, "250 ok", NOW)
    assert not sent(engine, row.id, row.fence, "250 ok", NOW)
    assert claim(engine, "w", 10, LATER, LEASE) == []
    assert state(engine) == OutboxState.SENT
    assert column(engine, t.outbox_attempt.c.outcome) == ["sent"]


def test_nobody_claims_what_another_holds(engine: Engine) -> None:
    recorded(engine)
    first = one(engine, "a")
    assert claim(engine, "b", 10, NOW, LEASE) == []
    second = one(engine, "b", AFTER)
    assert second.fence == first.fence + 1
    assert not attempt(engine, first.id, first.fence, "mx", AFTER)
    assert attempt(engine, second.id, second.fence, "mx", AFTER)


def test_T94_a_lease_that_ended_forbids_the_attempt_even_if_nobody_took_over(engine: Engine) -> None:
    recorded(engine)
    row = one(engine)
    assert not attempt(engine, row.id, row.fence, "mx", AFTER)


def test_a_crash_before_data_loses_and_doubles_nothing(engine: Engine) -> None:
    recorded(engine)
    one(engine)
    assert sweep(engine, AFTER) == Swept()
    assert state(engine) == OutboxState.READY
    assert one(engine, "next", AFTER).tries == 0


def test_T94_a_crash_in_the_middle_of_data_is_unknown_and_not_repeated(engine: Engine) -> None:
    recorded(engine)
    row = attempted(engine)
    assert sweep(engine, NOW) == Swept()
    assert sweep(engine, AFTER) == Swept(unknown=1)
    assert state(engine) == OutboxState.UNKNOWN
    assert not sent(engine, row.id, row.fence, "250 late", AFTER)
    assert claim(engine, "w", 10, AFTER, LEASE) == []


def test_a_confirmation_is_repeated_after_a_crash_with_the_same_message_id(engine: Engine, kari: Person) -> None:
    confirmed(engine, kari)
    row = attempted(engine)
    assert sweep(engine, AFTER) == Swept(again=1)
    again = one(engine, "next", AFTER)
    assert (again.message_id, again.fence, again.tries) == (row.message_id, row.fence + 1, 1)
    assert not sent(engine, row.id, row.fence, "250 late", AFTER)


def test_T94_a_late_worker_cannot_end_what_another_is_sending(engine: Engine, kari: Person) -> None:
    confirmed(engine, kari)
    late = attempted(engine)
    sweep(engine, AFTER)
    now_sending = one(engine, "next", AFTER)
    assert attempt(engine, now_sending.id, now_sending.fence, "mx", AFTER)
    for end in (sent, failed, unknown):
        assert not end(engine, late.id, late.fence, "late", AFTER)
    assert not retry_at(engine, late.id, late.fence, "late", AFTER)
    assert state(engine) == OutboxState.SENDING
    assert sent(engine, now_sending.id, now_sending.fence, "250", AFTER)


def test_at_the_only_daemons_start_no_lease_holds(engine: Engine) -> None:
    recorded(engine, 1)
    attempted(engine)
    recorded(engine, 2)
    one(engine)
    assert sweep(engine, NOW, all_leases=True) == Swept(unknown=1)
    assert one(engine).message_id == "<out2@processor.example>"


def test_a_stopping_worker_abandons_only_its_own(engine: Engine) -> None:
    recorded(engine, 1)
    attempted(engine)
    recorded(engine, 2)
    one(engine, "other")
    assert abandon(engine, "w", NOW) == Swept(unknown=1)
    assert claim(engine, "w", 10, NOW, LEASE) == []


def test_a_retry_waits_for_its_time(engine: Engine) -> None:
    recorded(engine)
    row = attempted(engine)
    assert retry_at(engine, row.id, row.fence, "451 later", LATER)
    assert claim(engine, "w", 10, LATER - timedelta(seconds=1), LEASE) == []
    again = one(engine, "w", LATER)
    assert again.tries == 1
    assert retry_at(engine, again.id, again.fence, "no connection", LATER + timedelta(hours=1))
    assert column(engine, t.outbox.c.tries) == [2]


def test_T95_what_a_wrong_clock_claimed_or_put_off_does_not_wait_until_that_clock_is_right(engine: Engine) -> None:
    """Found by the simulator (seed 20010): a clock that was a year ahead kept replies back for a year."""
    ahead = NOW + timedelta(days=365)
    recorded(engine, 1, leave_before=None)
    recorded(engine, 2, leave_before=None)
    first, second = claim(engine, "wrong", 2, ahead, 60)
    assert retry_at(engine, second.id, second.fence, "450 later", ahead + timedelta(minutes=5), ahead)
    assert [each.id for each in claim(engine, "right", 2, NOW, 60)] == [first.id, second.id]
    assert not attempt(engine, first.id, first.fence, "host", NOW)


def test_T95_a_sending_that_a_wrong_clock_began_is_unknown_in_the_end(engine: Engine) -> None:
    recorded(engine, 1, leave_before=None)
    (row,) = claim(engine, "wrong", 1, NOW + timedelta(days=365), 60)
    assert attempt(engine, row.id, row.fence, "host", NOW + timedelta(days=365))
    assert sweep(engine, NOW) == Swept(unknown=1)


@pytest.mark.parametrize(("end", "state_after"), [(failed, OutboxState.FAILED), (unknown, OutboxState.UNKNOWN)])
def test_staff_may_send_again_what_failed_or_is_unknown(
    engine: Engine, kari: Person, end: object, state_after: OutboxState
) -> None:
    recorded(engine)
    row = attempted(engine)
    assert end(engine, row.id, row.fence, "no", NOW)  # type: ignore[operator]
    assert state(engine) == state_after
    assert resend(engine, row.id, kari, LATER)
    assert not resend(engine, row.id, kari, LATER)
    again = one(engine, "w", LATER)
    assert (again.message_id, again.fence) == (row.message_id, row.fence + 1)


def test_T38_only_a_bounce_of_what_we_sent_changes_anything(engine: Engine) -> None:
    recorded(engine)
    assert not bounced(engine, "<out1@processor.example>", "550", NOW)
    row = attempted(engine)
    sent(engine, row.id, row.fence, "250", NOW)
    assert not bounced(engine, "<never@x>", "550", NOW)
    assert bounced(engine, "<out1@processor.example>", "550 no such user", NOW)
    assert state(engine) == OutboxState.BOUNCED


def test_the_stop_switch_keeps_back_even_what_is_claimed(engine: Engine) -> None:
    recorded(engine, 1)
    row = one(engine)
    assert stop_answers(engine, "Kari", NOW)
    assert not stop_answers(engine, "Ola", NOW)
    assert stopped(engine)
    assert not attempt(engine, row.id, row.fence, "mx", NOW)
    assert claim(engine, "w", 10, AFTER, LEASE) == []
    assert resume_answers(engine, "Kari", AFTER)
    assert one(engine, "w", AFTER).id == row.id
    assert column(engine, t.event.c.kind).count("setting.changed") == 2


def test_what_staff_approved_leaves_while_answers_are_stopped(engine: Engine, kari: Person) -> None:
    draft = recorded(engine, 1, level=Level.DRAFT)
    recorded(engine, 2)
    stop_answers(engine, "Kari", NOW)
    assert approve_reply(engine, draft.outbox_id or 0, kari, NOW)
    row = one(engine)
    assert row.id == draft.outbox_id
    assert attempt(engine, row.id, row.fence, "mx", NOW)


def test_T31_the_cap_of_an_hour_turns_the_breaker(engine: Engine) -> None:
    change_setting(engine, OUTBOX_CAP, "2", "Kari", NOW)
    for n in range(1, 4):
        recorded(engine, n, decision(reply(to=f"{n}@x.no")))
    rows = claim(engine, "w", 10, NOW, LEASE)
    assert len(rows) == 2
    assert stopped(engine)
    resume_answers(engine, "Kari", NOW)
    assert claim(engine, "w", 10, NOW, LEASE) == []
    assert stopped(engine)
    assert "breaker" in column(engine, t.event.c.actor)
    resume_answers(engine, "Kari", NOW)
    assert len(claim(engine, "w", 10, NOW + timedelta(hours=2), LEASE)) == 2


def test_a_receipt_that_grew_old_is_held_for_a_person(engine: Engine, kari: Person) -> None:
    recorded(engine, leave_before=LATER)
    assert claim(engine, "w", 10, LATER, LEASE) == []
    assert sweep(engine, LATER) == Swept(too_old=1)
    assert outbox_states(engine) == [(OutboxState.HELD, HOLD_OLD)]
    assert release(engine, 1, kari, LATER)
    row = one(engine, "w", LATER)
    assert attempt(engine, row.id, row.fence, "mx", LATER)


def test_what_was_only_observed_never_leaves(engine: Engine, kari: Person) -> None:
    recorded(engine, level=Level.OBSERVE)
    assert not release(engine, 1, kari, LATER)
    assert not approve_reply(engine, 1, kari, LATER)
    assert sweep(engine, LATER) == Swept()
    assert outbox_states(engine) == [(OutboxState.HELD, OBSERVE)]
    assert cancel(engine, 1, kari, LATER)


def test_a_draft_is_edited_approved_or_cancelled_once(engine: Engine, kari: Person) -> None:
    recorded(engine, 1, level=Level.DRAFT)
    recorded(engine, 2, level=Level.DRAFT)
    assert edit_reply(engine, 1, "Sv: hei", "Ny tekst", kari, NOW)
    assert approve_reply(engine, 1, kari, NOW)
    assert not approve_reply(engine, 1, kari, NOW)
    assert not edit_reply(engine, 1, "x", "x", kari, NOW)
    assert cancel_reply(engine, 2, kari, NOW)
    assert not cancel_reply(engine, 2, kari, NOW)
    assert one(engine).text == "Ny tekst"
    assert not cancel_reply(engine, 1, kari, NOW)
    assert cancel_reply(engine, 1, kari, AFTER)


def test_only_done_releases_a_confirmation(engine: Engine, kari: Person) -> None:
    recorded(engine, 1, decision(reply("confirmation"), [action()]))
    assert not approve_reply(engine, 1, kari, NOW)
    assert issue_confirmation(engine, 1, "confirmation", reply("confirmation"), "<c@x>", kari, NOW, issue=2) is None
    assert claim(engine, "w", 10, NOW, LEASE) == []
    assert done(engine, 1, kari, NOW).ok
    assert one(engine).kind == "confirmation"


def test_a_confirmation_is_issued_once_and_a_correction_has_the_next_number(engine: Engine, kari: Person) -> None:
    first = confirmed(engine, kari)
    repeat = issue_confirmation(engine, 1, "confirmation", reply("confirmation"), "<c2@x>", kari, NOW)
    assert repeat is None
    second = issue_confirmation(engine, 1, "confirmation", reply("confirmation"), "<c3@x>", kari, NOW, issue=2)
    assert second not in (None, first)
    assert issue_confirmation(engine, 99, "confirmation", reply("confirmation"), "<c4@x>", kari, NOW) is None


def test_a_confirmation_may_wait_so_that_one_can_change_ones_mind(engine: Engine, kari: Person) -> None:
    recorded(engine, 1, decision(None, [action()]))
    done(engine, 1, kari, NOW)
    held = issue_confirmation(engine, 1, "confirmation", reply(), "<c@x>", kari, NOW, hold_until=LATER)
    assert sweep(engine, NOW) == Swept()
    assert claim(engine, "w", 10, NOW, LEASE) == []
    assert sweep(engine, LATER) == Swept(released=1)
    assert one(engine, "w", LATER).id == held


def test_the_counts_name_every_state(engine: Engine) -> None:
    recorded(engine, 1)
    found = outbox_counts(engine)
    assert found[OutboxState.READY] == 1
    assert set(found) == set(OutboxState)


def test_no_move_leads_out_of_sent_or_bounced_but_a_bounce_and_from_cancelled_a_person_alone_leads_back() -> None:
    ends = {OutboxState.SENT, OutboxState.BOUNCED}
    assert {name for name, move in TRANSITIONS.items() if ends & set(move.sources)} == {"bounced"}
    back = {name: move.target for name, move in TRANSITIONS.items() if OutboxState.CANCELLED in move.sources}
    assert back == {"reinstate": OutboxState.DRAFT, "doubt_again": OutboxState.UNKNOWN}
    # Receipts are repeated by a person only: nothing but "repeat" (of confirmations) leads from sending to ready.
    again = {n for n, m in TRANSITIONS.items() if OutboxState.SENDING in m.sources and m.target == OutboxState.READY}
    assert again == {"repeat"}


def test_workers_side_by_side_attempt_each_reply_once(engine: Engine, url: str) -> None:
    change_setting(engine, OUTBOX_CAP, "100", "Kari", NOW)
    for n in range(1, 31):
        recorded(engine, n, decision(reply(to=f"{n}@x.no")))
    attempts: list[str] = []

    def work(name: str) -> None:
        own = open_store(url)
        while rows := claim(own, name, 4, NOW, LEASE):
            for row in rows:
                if attempt(own, row.id, row.fence, "mx", NOW):
                    attempts.append(row.message_id)
                    sent(own, row.id, row.fence, "250", NOW)
        own.dispose()

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(attempts) == len(set(attempts)) == 30
    assert count(engine, t.outbox, t.outbox.c.state == OutboxState.SENT.value) == 30
    assert not stopped(engine)
