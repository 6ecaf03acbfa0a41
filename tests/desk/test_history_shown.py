"""A ticket of history at the desk: whose each letter is, and what staff noted in another system."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from processor.moving.bring_in import BringIn
from processor.moving.exports import Export
from processor.moving.found import Owner
from processor.store import tables as t
from tests.desk.conftest import Room, room_in
from tests.moving.test_exports import ZAMMAD, written
from tests.store.made import column


@pytest.fixture
def moved_in(tmp_path: Path) -> Iterator[Room]:
    for room in room_in(tmp_path):
        source = Export(written(tmp_path / "t.json", ZAMMAD), "zammad")
        list(BringIn(room.engine, room.desk.config, source, Owner("a"), room.clock).run())
        yield room


def test_a_ticket_of_history_tells_our_answer_from_the_customers_mail(moved_in: Room) -> None:
    (number,) = column(moved_in.engine, t.ticket.c.number)
    page = moved_in.sign_in().get(f"/ticket/{number}")
    for words in (
        "kari@fjordbygg-demo.no",
        "Our answer",
        "Ola Berg",
        "Ring henne",
        ">sier opp</mark>",
        "328627035",
    ):
        assert words in page, words
    assert "Taken in as history" in page
    assert "There is no mail to show" not in page
