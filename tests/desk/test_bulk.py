"""Several marked rows of the queue at once: closed, put to sleep, and nothing hidden that waits for a person."""

from __future__ import annotations

from sqlalchemy import update

from processor.store import tables as t
from tests.desk.conftest import Room, Visitor
from tests.store.made import column


def bulk(visitor: Visitor, what: str, *marks: int, **fields: str) -> str:
    answer = visitor.client.post(
        f"/queue/{what}",
        data={"csrf": visitor.csrf, "view": "all", "mark": [str(each) for each in marks], **fields},
        follow_redirects=False,
    )
    assert answer.status_code == 303
    return visitor.get(answer.headers["location"])


def test_only_what_needs_nobody_is_closed_and_the_rest_is_told(room: Room) -> None:
    one, two, *_ = column(room.engine, t.ticket.c.id)
    with room.engine.begin() as conn:
        conn.execute(update(t.action).where(t.action.c.ticket_id == one).values(state="done"))
        conn.execute(update(t.outbox).where(t.outbox.c.ticket_id == one).values(state="sent"))
        conn.execute(update(t.ticket).values(state="open"))
    visitor = room.sign_in()
    assert "the others stay" in bulk(visitor, "close", one, two, 99999)
    assert (
        dict(zip(column(room.engine, t.ticket.c.id), column(room.engine, t.ticket.c.state), strict=True))[one]
        == "closed"
    )
    assert column(room.engine, t.ticket.c.state)[1] == "open"
    assert "The marked tickets are closed." in bulk(visitor, "close", one)


def test_the_marked_sleep_until_one_time_and_no_time_is_told(room: Room) -> None:
    ids = column(room.engine, t.ticket.c.id)[:2]
    with room.engine.begin() as conn:
        conn.execute(update(t.action).values(state="done"))
        conn.execute(update(t.ticket).values(state="open"))
    visitor = room.sign_in()
    assert "this is no time" in bulk(visitor, "sleep", *ids, until="i fjor")
    assert "The marked tickets sleep." in bulk(visitor, "sleep", *ids, until="3d")
    assert column(room.engine, t.ticket.c.state)[:2] == ["snoozed", "snoozed"]


def test_a_reader_marks_in_vain(room: Room) -> None:
    from processor.store.accounts import Role

    visitor = room.sign_in(Role.READER)
    assert visitor.post("/queue/close", mark="1")[0] == 403
