"""The store's part of the desk: pages of the queue, their counts, notes, holders and search."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, update

from processor.store import tables as t
from processor.store.notes import holder_of, leave_ticket, note_ticket, take_ticket
from processor.store.people import Person, add_person, verify_person
from processor.store.queue import approve, reject
from processor.store.queue_page import Key, View, counts, holders, page
from processor.store.search import add_to_index, search, unindexed, words_of
from processor.store.staff_replies import OPEN_ACTIONS
from processor.store.ticket_tables import OPEN
from processor.ticket import ActionState
from tests.store.made import NOW, action, decision, recorded, reply


def person(engine: Engine, name: str, role: str = "agent") -> Person:
    found = verify_person(engine, name, add_person(engine, name, NOW, role))
    assert found
    return found


def numbers(engine: Engine, view: View = View.ALL, limit: int = 50, who: int = 0) -> list[str]:
    """The ticket numbers of all pages of a view."""
    found: list[str] = []
    after: Key | None = None
    while True:
        shown = page(engine, view, NOW, who, after, limit)
        found += [row.ticket_no for row in shown.rows]
        if shown.following is None:
            return found
        after = Key.read(str(shown.following))
        assert after == shown.following


def test_pages_of_any_size_have_each_row_once_in_the_same_order(engine: Engine) -> None:
    for n in range(1, 9):
        recorded(engine, n, decision(None, [action()] if n % 3 else [], outcome="review"))
    with engine.begin() as conn:
        # Two are due together, and the riskier of them comes first.
        conn.execute(update(t.action).where(t.action.c.id == 4).values(due=NOW))
        conn.execute(update(t.action).where(t.action.c.id == 5).values(due=NOW))
        conn.execute(update(t.item).where(t.item.c.id == 7).values(risk=9))
    whole = numbers(engine)
    assert len(whole) == len(set(whole)) == 8
    assert whole[:2] == ["VS-0007-TEST", "VS-0005-TEST"]
    assert whole[-2:] == ["VS-0003-TEST", "VS-0006-TEST"]
    for size in (1, 2, 3, 7):
        assert numbers(engine, limit=size) == whole


def test_counts_are_of_what_the_views_show(engine: Engine) -> None:
    kari = person(engine, "Kari")
    for n in range(1, 6):
        recorded(engine, n, decision(None, [action()] if n % 2 else [], outcome="review" if n > 3 else "answer"))
    with engine.begin() as conn:
        conn.execute(update(t.action).where(t.action.c.id == 2).values(due=NOW + timedelta(days=9)))
        conn.execute(update(t.item).where(t.item.c.id == 5).values(type="otp_rights"))
    take_ticket(engine, 2, kari, NOW)
    shown = {view: len(numbers(engine, view, who=kari.id)) for view in View if view != View.UNSENT}
    assert {view: number for view, number in counts(engine, NOW, kari.id).items() if view != View.UNSENT} == shown
    assert shown[View.CODES] == 1
    assert shown[View.MINE] == 1


def test_the_queue_is_read_in_the_order_of_its_index(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL chooses by its statistics")
    recorded(engine)
    asked: list[tuple[str, Any]] = []
    event.listen(engine, "before_cursor_execute", lambda *said: asked.append((said[2], said[3])))
    page(engine, View.TERMINATIONS, NOW)
    queue, values = next(each for each in asked if "ORDER BY action.due" in each[0])
    with engine.connect() as conn:
        plan = [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {queue}", values)]
    assert plan[0].endswith("USING INDEX ix_action_open_due")
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan


def test_the_words_for_open_mean_the_open_states() -> None:
    assert {each.value for each in ActionState if f"'{each.value}'" not in OPEN} == set(OPEN_ACTIONS)


def test_a_key_that_nobody_wrote_is_none() -> None:
    for text_ in ("", "x", "1_2", "2026-01-01_0_1", "2026-01-01T00:00:00+00:00_x_1", "_0_"):
        assert Key.read(text_) is None


def test_who_comes_first_holds_the_ticket_and_the_other_is_told(engine: Engine) -> None:
    recorded(engine)
    kari, ola = person(engine, "Kari"), person(engine, "Ola")
    assert take_ticket(engine, 1, kari, NOW) == "Kari"
    assert take_ticket(engine, 1, ola, NOW) == "Kari"
    assert holders(engine, [1]) == {1: "Kari"}
    assert leave_ticket(engine, 1, ola, NOW)
    assert not leave_ticket(engine, 1, ola, NOW)
    assert holder_of(engine, 1) == ""


def test_a_note_hides_what_is_nobodys_business_and_an_empty_one_is_none(engine: Engine) -> None:
    recorded(engine)
    kari = person(engine, "Kari")
    assert not note_ticket(engine, 1, "  ", kari, NOW)
    assert not note_ticket(engine, 99, "Hei", kari, NOW)
    assert note_ticket(engine, 1, "Født 010190 39875 sier hun, 01019039875", kari, NOW)


def test_a_reader_does_nothing_and_two_people_are_approvers(engine: Engine) -> None:
    recorded(engine, 1, decision(None, [action("two_staff", "grant_otp")]))
    assert approve(engine, 1, person(engine, "Rita", "reader"), NOW).outcome == "not_staff"
    agent = person(engine, "Anne")
    assert approve(engine, 1, agent, NOW).outcome == "not_approver"
    assert approve(engine, 1, person(engine, "Per", "approver"), NOW).outcome == "seconded"
    assert reject(engine, 1, agent, "feil", NOW, seen_version=7).outcome == "changed"


def index(engine: Engine) -> None:
    rows = [(each.mail_id, each.ticket_id, words_of([*each.about, each.raw.decode()])) for each in unindexed(engine, 9)]
    add_to_index(engine, rows)
    add_to_index(engine, rows)


def found(engine: Engine, asked: str) -> list[str]:
    return [each.ticket_no for each in search(engine, asked)[0]]


def test_it_finds_by_beginnings_of_words_numbers_and_what_was_read(engine: Engine) -> None:
    recorded(engine, 1, decision(reply()))
    recorded(engine, 2, decision(None))
    index(engine)
    assert unindexed(engine, 9) == []
    assert found(engine, "VS-0001") == ["VS-0001-TEST"]
    assert found(engine, "fjordb bygg") == ["VS-0002-TEST", "VS-0001-TEST"]
    assert found(engine, "328 627 035") == ["VS-0002-TEST", "VS-0001-TEST"]
    assert found(engine, "mail 2") == ["VS-0002-TEST"]
    for nothing in ("", '"', "' OR 1", "NEAR(", "*", "ukjent"):
        assert found(engine, nothing) == []


def test_what_is_erased_is_found_no_more(engine: Engine) -> None:
    recorded(engine)
    index(engine)
    with engine.begin() as conn:
        conn.execute(t.erasure.insert().values(mail_id=1, at=NOW, whole=True, why="test"))
    assert found(engine, "fjord") == []
    assert unindexed(engine, 9) == []


def test_search_goes_on_where_it_ended(engine: Engine) -> None:
    for n in range(1, 6):
        recorded(engine, n, decision(None))
    index(engine)
    first, before = search(engine, "fjord", limit=2)
    assert [each.ticket_no for each in first] == ["VS-0005-TEST", "VS-0004-TEST"]
    more, end = search(engine, "fjord", before, limit=9)
    assert [each.ticket_no for each in more] == ["VS-0003-TEST", "VS-0002-TEST", "VS-0001-TEST"]
    assert end is None
