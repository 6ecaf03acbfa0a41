"""T66: whoever sees some mailboxes is shown the numbers of these alone: nothing of the others moves one figure."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from processor.desk.mailbox_rights import INSIGHT
from processor.store import tables as t
from processor.store.accounts import Role, account, set_scope
from processor.store.daily import count_days
from processor.store.visible import Scope
from tests.desk.conftest import NAMES, Room, Visitor, room_in
from tests.desk.year import fill_year
from tests.store.made import NOW

B = '[[mailbox]]\nname = "b"\nhost = "127.0.0.1"\nport = 9\ntls = "plain"\nuser = "u2"\npassword = { file = "key" }\n'
RULE = "termination/plain"
PAGES = (*(each for each in INSIGHT if each != "/insight/rule"), "/insight?span=year", "/insight/learning?span=year",
         f"/insight/rule?name={RULE}&span=year", "/insight/report?month=2026-09", "/insight/numbers.csv?span=year")  # fmt: skip


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """A year's mails, every third of them in mailbox b; one ticket of a has a mail of b too."""
    for made in room_in(tmp_path, more=B):
        fill_year(made.engine, 300, NOW - timedelta(hours=1), days=450)
        with made.engine.begin() as conn:
            conn.execute(update(t.mail).where(t.mail.c.id % 3 == 0).values(account="b"))
        yield made


def limited(room: Room, scope: Scope, role: Role = Role.READER) -> Visitor:
    found = account(room.engine, NAMES[role])
    assert found
    set_scope(room.engine, found.person, scope, "Ada", NOW)
    room.desk.changed()
    return room.sign_in(role)


def shown(visitor: Visitor) -> dict[str, str]:
    return {path: visitor.get(path) for path in PAGES}


def sums(visitor: Visitor) -> Counter[tuple[str, ...]]:
    answer = visitor.client.get("/insight/numbers.csv?span=year")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    return Counter({tuple(row[:4]): int(row[4]) for row in rows[1:]})


@pytest.mark.parametrize("kept", [False, True], ids=["live", "counted"])
def test_T66_what_happens_in_another_mailbox_moves_no_figure(room: Room, kept: bool) -> None:
    visitor = limited(room, frozenset({"a"}))
    everyone = room.sign_in(Role.ADMIN)
    if kept:
        count_days(room.engine, NOW)
    before, all_before = shown(visitor), shown(everyone)
    theirs = select(t.mail.c.id).where(t.mail.c.account == "b")
    with room.engine.begin() as conn:
        conn.execute(update(t.item).where(t.item.c.mail_id.in_(theirs)).values(type="elma_register", rule=RULE))
        conn.execute(update(t.outbox).where(t.outbox.c.mail_id.in_(theirs)).values(automatic=False, kind="answer"))
        late = NOW - timedelta(minutes=5)
        conn.execute(update(t.action).where(t.action.c.item_id.in_(theirs)).values(state="rejected", changed_at=late))
        conn.execute(delete(t.day_count))
    if kept:
        count_days(room.engine, NOW)
    assert shown(visitor) == before
    assert [path for path, page in shown(everyone).items() if page == all_before[path]] == []


def test_T66_the_numbers_of_two_mailboxes_are_together_those_of_all(room: Room) -> None:
    of_a, of_b = sums(limited(room, frozenset({"a"}))), sums(limited(room, frozenset({"b"}), Role.AGENT))
    assert of_a.total() > of_b.total() > 100
    assert of_a + of_b == sums(room.sign_in(Role.ADMIN))
    assert not sums(limited(room, frozenset()))


def test_T66_a_rule_leads_to_tickets_of_ones_own_alone(room: Room) -> None:
    def numbers(visitor: Visitor) -> set[str]:
        page = visitor.get(f"/insight/rule?name={RULE}&span=year")
        return {each.partition('"')[0] for each in page.split('href="/ticket/')[1:]}

    everyone, of_a = numbers(room.sign_in(Role.ADMIN)), numbers(limited(room, frozenset({"a"})))
    assert set() < of_a < everyone
    # A ticket that has a mail of another mailbox too is for those who see both.
    one = sorted(of_a)[0]
    with room.engine.begin() as conn:
        ticket = conn.execute(select(t.ticket.c.id).where(t.ticket.c.number == one)).scalar_one()
        conn.execute(update(t.mail).where(t.mail.c.account == "b", t.mail.c.id % 2 == 1).values(ticket_id=ticket))
    assert one not in numbers(limited(room, frozenset({"a"})))


def test_it_says_whose_numbers_they_are_and_leads_to_them(room: Room) -> None:
    visitor = limited(room, frozenset({"a"}))
    assert 'href="/insight"' in visitor.get("/queue")
    assert "Only what came to your mailboxes: a." in visitor.get("/insight")
    assert "Only what came" not in room.sign_in(Role.ADMIN).get("/insight/report")
    assert "You see no mailbox" in limited(room, frozenset()).get("/insight/learning")
