from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import update

from processor.store import tables as t
from processor.store.accounts import Role
from tests.desk.conftest import Room, Visitor, room_in
from tests.store.made import column, count


def action_of(room: Room, kind: str) -> tuple[int, str]:
    """An action of this kind, and its ticket's number."""
    with room.engine.connect() as conn:
        query = t.action.select().join(t.ticket, t.ticket.c.id == t.action.c.ticket_id).where(t.action.c.kind == kind)
        row = conn.execute(query.with_only_columns(t.action.c.id, t.ticket.c.number).limit(1)).one()
    return row[0], row[1]


def state(room: Room, action: int) -> str:
    with room.engine.connect() as conn:
        return str(conn.execute(t.action.select().where(t.action.c.id == action)).one().state)


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


def opened(visitor: Visitor, number: str, action: int) -> dict[str, str]:
    """The fields that the page of a ticket puts into its forms."""
    page = visitor.get(f"/ticket/{number}?view=all&action={action}")
    return {name: field(page, name) for name in ("version", "key", "view")}


def test_what_is_done_sends_the_letter_that_was_shown_and_opens_the_next_ticket(room: Room) -> None:
    visitor = room.sign_in()
    action, number = action_of(room, "register_termination")
    fields = opened(visitor, number, action)
    shown = visitor.get(f"/action/{action}/letter?last_day=31.12.2026")
    letter = shown.partition('<div class="letter"')[2].partition("</div></div>")[0]
    assert "31. desember 2026" in letter
    status, where = visitor.post(f"/action/{action}/done", last_day="2026-12-31", **fields)
    assert status == 303
    assert where.startswith("/ticket/")
    assert number not in where
    assert state(room, action) == "done"
    with room.engine.connect() as conn:
        sent = conn.execute(t.outbox.select().where(t.outbox.c.kind == "confirmation")).one()
    # For the seconds in which it may be taken back.
    assert (sent.state, sent.hold_reason, sent.approved_by) == ("held", "time to undo", "Anne")
    assert sent.text.splitlines()[2] in letter
    assert "Done." in visitor.get(where)


def test_who_comes_second_to_a_draft_is_told_who_was_first_and_keeps_the_text(room: Room) -> None:
    anne, per = room.sign_in(Role.AGENT), room.sign_in(Role.APPROVER)
    action, number = action_of(room, "register_termination")
    fields = {**opened(anne, number, action), "subject": "Emne", "text": "Første ord"}
    mail = column(room.engine, t.mail.c.id)[0]
    number = column(room.engine, t.ticket.c.number)[0]
    assert anne.post(f"/mail/{mail}/write", **fields)[0] == 303
    with room.engine.connect() as conn:
        row = conn.execute(t.outbox.select().order_by(t.outbox.c.id.desc())).first()
        before = conn.execute(t.ticket.select().where(t.ticket.c.number == number)).one().changed_at
    assert row is not None
    room.clock.forward(minutes=1)
    seen = {"seen_at": field(anne.get(f"/ticket/{number}"), "seen_at"), "subject": "Emne"}
    assert per.post(f"/reply/{row.id}/edit", text="Pers ord", **seen)[0] == 303
    status, page = anne.post(f"/reply/{row.id}/edit", text="Annes ord", **seen)
    assert status == 409
    assert "Somebody changed this reply while you wrote." in page
    assert "(Per, 26 Nov 2026 at " in page
    assert "Annes ord" in page
    assert "Pers ord" in page
    with room.engine.connect() as conn:
        # Open pages are told by the ticket's stamp.
        assert conn.execute(t.ticket.select().where(t.ticket.c.number == number)).one().changed_at > before


def test_a_confirmation_leaves_as_the_person_has_changed_it(room: Room) -> None:
    visitor = room.sign_in()
    action, number = action_of(room, "register_termination")
    fields = {**opened(visitor, number, action), "last_day": "31.12.2026"}
    shown = visitor.get(f"/action/{action}/letter?last_day=31.12.2026")
    assert 'name="letter_day" value="2026-12-31"' in shown
    text = unescape(shown.partition("data-first")[2].partition(">")[2].partition("</textarea>")[0]).strip()
    changed = text.replace("Siste dag", "Som avtalt på telefon: siste dag")
    assert changed != text
    # For another day than the one that is registered it would tell the customer what is not so.
    status, page = visitor.post(f"/action/{action}/done", **fields, letter_text=changed, letter_day="2027-12-31")
    assert status == 422
    assert "the letter was changed for another last day" in page
    assert "Som avtalt på telefon" in unescape(page)
    assert state(room, action) == "waiting"
    assert visitor.post(f"/action/{action}/done", **fields, letter_text=changed, letter_day="2026-12-31")[0] == 303
    with room.engine.connect() as conn:
        sent = conn.execute(t.outbox.select().where(t.outbox.c.kind == "confirmation")).one()
    assert sent.text.strip() == changed
    assert sent.html == ""


def test_a_day_that_is_none_keeps_the_field_and_the_promise_of_a_confirmation(room: Room) -> None:
    visitor = room.sign_in()
    action, number = action_of(room, "register_termination")
    fields = opened(visitor, number, action)
    status, page = visitor.post(f"/action/{action}/done", last_day="31.02.2027", **fields)
    assert status == 422
    assert "this is no day" in page
    assert 'value="31.02.2027"' in page
    assert "Registered – send the confirmation" in page
    assert "It is done" not in page
    assert state(room, action) == "waiting"


def test_T68_a_double_click_takes_one_step_and_the_second_is_told_who_did_it(room: Room) -> None:
    visitor = room.sign_in()
    action, number = action_of(room, "register_termination")
    fields = {**opened(visitor, number, action), "last_day": "2026-12-31"}
    assert visitor.post(f"/action/{action}/done", **fields)[0] == 303
    status, page = visitor.post(f"/action/{action}/done", **fields)
    assert status == 409
    assert "somebody was here before you" in page
    assert "Done: Anne, 26 Nov 2026 at 11:05" in page
    assert count(room.engine, t.outbox, t.outbox.c.kind == "confirmation") == 1


def test_T68_who_comes_second_is_told_and_keeps_the_reason_that_was_typed(room: Room) -> None:
    anne, per = room.sign_in(Role.AGENT), room.sign_in(Role.APPROVER)
    action, number = action_of(room, "register_termination")
    fields = opened(anne, number, action)
    assert per.post(f"/action/{action}/approve", **fields)[0] == 303
    assert per.post(f"/action/{action}/done", **fields, no_confirmation="1")[0] == 303
    status, page = anne.post(f"/action/{action}/reject", **fields, reason="kunden <angret> seg")
    assert status == 409
    assert "Done: Per" in page
    assert state(room, action) == "done"


def test_T26_an_approval_of_what_has_changed_since_is_refused(room: Room) -> None:
    visitor = room.sign_in(Role.APPROVER)
    action, number = action_of(room, "register_termination")
    fields = opened(visitor, number, action)
    with room.engine.begin() as conn:
        conn.execute(update(t.action).where(t.action.c.id == action).values(version=2))
    status, page = visitor.post(f"/action/{action}/approve", **fields)
    assert (status, state(room, action)) == (409, "waiting")
    assert "it has changed since you looked" in page
    for version in ("", "x", "-1"):
        assert visitor.post(f"/action/{action}/approve", **{**fields, "version": version})[0] == 409
    assert visitor.post(f"/action/{action}/approve", **{**fields, "version": field(page, "version")})[0] == 303


def test_T25_what_needs_two_needs_two_approvers_and_one_in_two_browsers_is_one(room: Room) -> None:
    action, number = action_of(room, "register_termination")
    with room.engine.begin() as conn:
        conn.execute(update(t.action).where(t.action.c.id == action).values(needs="two_staff"))
    anne, per, again, ada = (room.sign_in(each) for each in (Role.AGENT, Role.APPROVER, Role.APPROVER, Role.ADMIN))
    fields = opened(per, number, action)
    assert "two people with the role approver" in anne.post(f"/action/{action}/approve", **fields)[1]
    assert per.post(f"/action/{action}/approve", **fields)[0] == 303
    status, page = again.post(f"/action/{action}/approve", **fields)
    assert status == 409
    assert "a second, different person" in page
    assert "Per has approved. You would be the second." in ada.get(f"/ticket/{number}?action={action}")
    assert ada.post(f"/action/{action}/approve", **fields)[0] == 303
    assert state(room, action) == "approved"


def test_done_without_the_day_sends_nothing_and_does_nothing(room: Room) -> None:
    visitor = room.sign_in()
    action, number = action_of(room, "register_termination")
    fields = opened(visitor, number, action)
    for day, words in (
        ("", "name the last day"),
        ("31.13.2026", "no day such as"),
        ("2020-01-01", "lies before the notice"),
    ):
        status, page = visitor.post(f"/action/{action}/done", **fields, last_day=day)
        assert status == 422
        assert words in page
    assert state(room, action) == "waiting"
    assert visitor.post(f"/action/{action}/done", **fields, no_confirmation="1")[0] == 303
    assert count(room.engine, t.outbox, t.outbox.c.kind == "confirmation") == 0


def test_a_rejection_needs_a_reason_which_the_trail_keeps(room: Room) -> None:
    visitor = room.sign_in()
    action, number = action_of(room, "register_termination")
    fields = opened(visitor, number, action)
    assert visitor.post(f"/action/{action}/reject", **fields, reason="  ")[0] == 422
    assert visitor.post(f"/action/{action}/reject", **fields, reason="Kunden ringte")[0] == 303
    assert state(room, action) == "rejected"
    assert "Kunden ringte" in column(room.engine, t.event_text.c.text)


def test_the_last_row_of_a_view_leads_back_to_the_queue(room: Room) -> None:
    visitor = room.sign_in()
    action, number = action_of(room, "grant_otp_rights")
    page = visitor.get(f"/ticket/{number}?view=codes&action={action}")
    fields = {name: field(page, name) for name in ("version", "key")}
    status, where = visitor.post(f"/action/{action}/reject", **fields, view="codes", reason="x")
    assert (status, where) == (303, f"/queue?view=codes&did=a{action}.rejected")
    assert "Rejected." in visitor.get(where)


def test_a_note_is_seen_by_colleagues_escaped_and_a_ticket_can_be_taken_and_let_go(room: Room) -> None:
    anne, per = room.sign_in(), room.sign_in(Role.APPROVER)
    number = column(room.engine, t.ticket.c.number)[0]
    assert anne.post(f"/ticket/{number}/note", text="<b>ring</b> Kari")[0] == 303
    page = per.get(f"/ticket/{number}")
    assert "&lt;b&gt;ring&lt;/b&gt; Kari" in page
    assert anne.post(f"/ticket/{number}/take")[0] == 303
    assert "taken" not in per.post(f"/ticket/{number}/take")[1]
    assert "Anne" in per.get("/queue")
    assert number in anne.get("/queue?view=mine")
    assert per.post(f"/ticket/{number}/leave")[0] == 303
    assert number not in anne.get("/queue?view=mine")


def test_several_marked_rows_are_taken_at_once(room: Room) -> None:
    visitor = room.sign_in()
    answer = visitor.client.post(
        "/queue/take",
        data={"csrf": visitor.csrf, "mark": ["1", "2", "x", "99999"], "view": "all"},
        follow_redirects=False,
    )
    assert answer.status_code == 303
    assert count(room.engine, t.ticket_holder) == 2


def test_saying_what_a_mail_is_drops_its_other_actions(room: Room) -> None:
    visitor = room.sign_in()
    action, number = action_of(room, "register_termination")
    mail = column(room.engine, t.item.c.mail_id)[0]
    assert visitor.post(f"/mail/{mail}/retype", type="nonsense")[0] == 422
    status, where = visitor.post(f"/mail/{mail}/retype", type="termination_question")
    assert (status, where.partition("?")[0]) == (303, f"/ticket/{number}")
    assert state(room, action) == "superseded"
    assert count(room.engine, t.event, t.event.c.kind == "mail.retyped") == 1


@pytest.fixture
def drafting(tmp_path: Path) -> Iterator[Room]:
    """A desk whose receipts are drafts that a person lets go."""
    for room in room_in(tmp_path, "termination/01-annual-with-number"):
        with room.engine.begin() as conn:
            conn.execute(update(t.outbox).values(state="draft"))
        yield room


def test_T68_of_two_who_edit_a_draft_the_second_keeps_both_texts(drafting: Room) -> None:
    anne, per = drafting.sign_in(), drafting.sign_in(Role.APPROVER)
    (number,) = column(drafting.engine, t.ticket.c.number)
    seen = field(anne.get(f"/ticket/{number}"), "seen_at")
    drafting.clock.forward(minutes=1)
    assert per.post("/reply/1/edit", seen_at=seen, subject="Per", text="Hei fra Per")[0] == 303
    status, page = anne.post("/reply/1/edit", seen_at=seen, subject="Anne", text="Hei fra <Anne>")
    assert status == 409
    assert "Hei fra Per" in page
    assert "Hei fra &lt;Anne&gt;</textarea>" in page
    assert anne.post("/reply/1/edit", seen_at=field(page, "seen_at"), subject="Anne", text="Hei fra Anne")[0] == 303
    assert column(drafting.engine, t.outbox.c.text) == ["Hei fra Anne"]
    assert anne.post("/reply/1/edit", seen_at="x", subject="", text="")[0] == 400


def test_a_draft_goes_out_once_and_the_second_is_told(drafting: Room) -> None:
    anne, per = drafting.sign_in(), drafting.sign_in(Role.APPROVER)
    assert anne.post("/reply/1/approve")[0] == 303
    status, page = per.post("/reply/1/approve")
    assert status == 409
    assert "Anne" in page
    assert column(drafting.engine, t.outbox.c.hold_reason) == ["time to undo"]


def test_a_draft_is_withdrawn_with_a_reason(drafting: Room) -> None:
    visitor = drafting.sign_in()
    assert visitor.post("/reply/1/cancel", reason="")[0] == 422
    assert visitor.post("/reply/1/cancel", reason="feil mottaker")[0] == 303
    assert column(drafting.engine, t.outbox.c.state) == ["cancelled"]


def test_a_withdrawn_reply_is_brought_back_from_the_next_page_or_from_the_ticket(drafting: Room) -> None:
    visitor, reader = drafting.sign_in(), drafting.sign_in(Role.READER)
    _, where = visitor.post("/reply/1/cancel", reason="feil mottaker")
    assert 'action="/reply/1/reinstate" class="undo"' in visitor.get(where)
    assert 'action="/reply/1/reinstate"' not in reader.get(where)
    number = column(drafting.engine, t.ticket.c.number)[0]
    page = visitor.get(f"/ticket/{number}")
    assert "Withdrawn replies (1)" in page
    assert '<button class="small">Bring it back</button>' in page
    assert reader.post("/reply/1/reinstate")[0] == 403
    status, back = visitor.post("/reply/1/reinstate")
    assert status == 303
    assert "Brought back. The reply waits for a person again." in visitor.get(back)
    assert column(drafting.engine, t.outbox.c.state) == ["draft"]
    status, page = visitor.post("/reply/1/reinstate")
    assert status == 409
    assert "nobody has withdrawn it" in page
