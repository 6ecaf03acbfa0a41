"""The queue narrowed by mailbox, type, holder and due time, and such views saved by a name of one's own."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from processor.store import tables as t
from processor.store.narrowing import DUE, Narrow
from processor.store.queue_page import Key, Selection, View, number_of, page
from processor.store.saved_views import MOST, NO_NAME, TOO_MANY, drop_view, save_view, saved_views
from tests.desk.conftest import Room
from tests.store.made import NOW, column

WORDS = st.text(max_size=30)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(View), WORDS, WORDS, st.sampled_from(["", "nobody", "me", "17"]), st.sampled_from(["", *DUE]))
def test_a_selection_is_read_back_as_it_was_told(view: View, mailbox: str, kind: str, holder: str, due: str) -> None:
    selection = Selection(view, Narrow(mailbox, kind, holder, due))
    assert Selection.read(str(selection)) == selection
    assert "&" not in str(selection)


@settings(max_examples=60, deadline=None)
@given(WORDS)
def test_whatever_a_link_says_there_is_a_selection(said: str) -> None:
    Selection.read(said)
    assert Narrow().over({"holder": said, "due": said, "else": said}).due in ("", *DUE)


def numbers(room: Room, view: View = View.ALL, **narrow: str) -> list[str]:
    selection = Selection(view, Narrow(**narrow))
    rows = page(room.engine, view, room.clock(), 1, None, 50, None, selection.narrow).rows
    assert number_of(room.engine, selection, room.clock(), 1) == len(rows)
    return [row.ticket_no for row in rows]


def test_it_shows_what_is_of_the_type_the_mailbox_the_holder_and_the_time(room: Room) -> None:
    one, two, codes = column(room.engine, t.ticket.c.number)
    first, second, third = column(room.engine, t.ticket.c.id)
    with room.engine.begin() as conn:
        conn.execute(update(t.mail).where(t.mail.c.ticket_id == second).values(account="b"))
        conn.execute(t.ticket_holder.insert().values(ticket_id=first, person_id=2, at=NOW))
        for ticket_id, hours in ((first, -1), (second, 1), (third, 24 * 5)):
            conn.execute(
                update(t.action).where(t.action.c.ticket_id == ticket_id).values(due=NOW + timedelta(hours=hours))
            )
    assert set(numbers(room)) == {one, two, codes}
    assert numbers(room, type="termination") == [one, two]
    assert numbers(room, mailbox="b") == [two]
    assert numbers(room, holder="2") == [one]
    assert numbers(room, holder="me") == []
    assert set(numbers(room, holder="nobody")) == {two, codes}
    assert numbers(room, due="overdue") == [one]
    assert numbers(room, due="today") == [one, two]
    assert numbers(room, due="week") == [one, two, codes]
    assert numbers(room, View.TERMINATIONS, holder="nobody") == [two]
    assert numbers(room, type="termination", due="overdue", mailbox="b") == []


def test_a_page_behind_a_key_stays_as_narrow(room: Room) -> None:
    narrow = Narrow(type="termination")
    first = page(room.engine, View.ALL, room.clock(), 1, None, 1, None, narrow)
    assert first.following
    rest = page(room.engine, View.ALL, room.clock(), 1, Key.read(str(first.following)), 5, None, narrow)
    assert [row.type for row in (*first.rows, *rest.rows)] == ["termination", "termination"]
    assert rest.following is None


def test_after_a_step_the_next_of_the_narrowed_queue_opens(room: Room) -> None:
    visitor = room.sign_in()
    shown = visitor.get("/queue?view=all&type=termination&holder=&due=")
    assert "2 shown:" in shown
    one, two, codes = column(room.engine, t.ticket.c.number)
    assert codes not in shown
    link = f"/ticket/{one}?view=all~type=termination"
    assert link in shown
    with room.engine.connect() as conn:
        action = conn.execute(select(t.action).order_by(t.action.c.due, t.action.c.id)).first()
    assert action
    key = str(page(room.engine, View.ALL, room.clock(), 1, None, 1).following)
    status, where = visitor.post(
        f"/action/{action.id}/reject",
        reason="dobbelt",
        version=str(action.version),
        view="all~type=termination",
        key=key,
    )
    assert status == 303
    assert where.startswith(f"/ticket/{two}?view=all~type%3Dtermination") or where.startswith(f"/ticket/{two}?view=all")
    assert "~type" in where


def test_a_view_is_saved_by_a_name_stands_beside_the_others_and_is_forgotten(room: Room) -> None:
    visitor = room.sign_in()
    view = "all~type=termination~holder=nobody"
    status, where = visitor.post("/queue/view", view=view, name="  Mine   <b>nye</b> ")
    assert status == 303
    shown = visitor.get(where)
    assert "The view is saved" in shown
    assert "Mine &lt;b&gt;nye&lt;/b&gt;" in shown
    assert "Forget this view" in shown
    assert "Mine &lt;b&gt;" not in room.sign_in(name="Per").get("/queue")
    status, where = visitor.post("/queue/view/drop", view=view, name="Mine <b>nye</b>")
    assert status == 303
    assert "Mine &lt;b&gt;" not in visitor.get(where)


def test_a_view_without_a_name_is_not_saved_and_it_is_told(room: Room) -> None:
    status, shown = room.sign_in().post("/queue/view", view="all~due=week", name=" ")
    assert status == 422
    assert "Not saved: a view needs a name" in shown


def test_saving_by_a_name_that_is_there_takes_its_place_and_there_is_an_end(room: Room) -> None:
    for number in range(MOST):
        assert save_view(room.engine, 1, f"nr. {number}", "all") == ""
    assert save_view(room.engine, 1, "en til", "all") == TOO_MANY
    assert save_view(room.engine, 1, "nr. 3", "mine") == ""
    assert save_view(room.engine, 1, "  ", "mine") == NO_NAME
    assert [each.view for each in saved_views(room.engine, 1)] == ["all"] * 3 + ["mine"] + ["all"] * (MOST - 4)
    drop_view(room.engine, 1, "nr. 3")
    assert len(saved_views(room.engine, 1)) == MOST - 1
    assert saved_views(room.engine, 2) == []


@pytest.mark.parametrize(
    "said", ["all~due=never", "all~holder=x", "nonsense", "unsent~type=termination", "snoozed~due=week"]
)
def test_a_link_that_says_nothing_sensible_shows_a_queue_all_the_same(room: Room, said: str) -> None:
    assert "Narrow it" in room.sign_in().get(f"/queue?view={said}") or said.startswith("unsent")
