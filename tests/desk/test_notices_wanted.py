"""What a person chooses to be told is kept, and what could not be is said."""

from __future__ import annotations

import pytest

from processor.store import tables as t
from processor.store.staff_notices import wish_of
from tests.desk.conftest import Room
from tests.store.made import column

RIGHT = {"address": "anne@kundesenter.example", "quiet_from": "21", "quiet_to": "6"}


def test_what_one_wants_is_kept_and_can_be_ended(room: Room) -> None:
    visitor = room.sign_in()
    assert visitor.post("/account/notices", **RIGHT, digest="on", urgent="on")[0] == 303
    person = column(room.engine, t.notice_wish.c.person_id)[0]
    wish = wish_of(room.engine, person)
    assert wish
    assert (wish.address, wish.digest, wish.urgent, wish.quiet_from, wish.quiet_to) == (
        RIGHT["address"], True, True, 21, 6)  # fmt: skip
    page = visitor.get("/account/notices?did=notices")
    assert 'value="anne@kundesenter.example"' in page
    assert page.count(" checked") == 2
    assert visitor.post("/account/notices", **{**RIGHT, "address": ""})[0] == 303
    ended = wish_of(room.engine, person)
    assert ended
    assert not ended.digest
    assert not ended.urgent
    assert RIGHT["address"] not in "".join(column(room.engine, t.event.c.data))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"address": ""}, "Where to?"),
        ({"address": "anne"}, "not one mail address"),
        ({"address": "oppsigelse@visma.no"}, "read by the program itself"),
        ({"quiet_from": "24"}, "from 0 to 23"),
        ({"quiet_to": "x"}, "from 0 to 23"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_kept(room: Room, change: dict[str, str], said: str) -> None:
    status, page = room.sign_in().post("/account/notices", **{**RIGHT, "urgent": "on", **change})
    assert status == 422
    assert said in page
    assert column(room.engine, t.notice_wish.c.person_id) == []
