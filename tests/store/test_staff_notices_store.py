"""Notices to staff on both databases: wanted, urgent, written once, and gone with their person."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine

from processor.store import tables as t
from processor.store.overruled import overruled
from processor.store.people import Person, remove_person
from processor.store.queue import reject
from processor.store.staff_notices import (
    URGENT,
    StaffLetter,
    Waiting,
    Wish,
    set_wish,
    waiting,
    wish_of,
    wishes,
    write_notice,
)
from tests.store.made import NOW, count, recorded


def letter(about: list[Waiting], number: int = 1) -> StaffLetter:
    return StaffLetter(URGENT, "Haster", "…", "nb", f"<{number}@x.no>", "a@x.no", about)


def test_what_is_urgent_is_written_once_to_each_person(engine: Engine, kari: Person) -> None:
    set_wish(engine, Wish(kari, "", None, "kari@x.no", urgent=True), NOW)
    (wish,) = wishes(engine)
    recorded(engine, 1)
    recorded(engine, 2)
    until = NOW + timedelta(days=2)
    about = waiting(engine, wish, until, NOW, ("nobody@x.no",), 10)
    assert [each.action_id for each in about] == [1, 2]
    assert waiting(engine, wish, until, NOW, ("kari@fjordbygg-demo.no",), 10) == []
    assert write_notice(engine, wish, letter(about[:1]), NOW)
    assert not write_notice(engine, wish, letter(about[:1]), NOW)
    assert [each.action_id for each in waiting(engine, wish, until, NOW, (), 10)] == [2]
    assert not write_notice(engine, wish, letter(about[1:], 2), NOW + timedelta(minutes=59))
    assert write_notice(engine, wish, letter(about[1:], 2), NOW + timedelta(minutes=61))
    assert count(engine, t.outbox, t.outbox.c.kind == URGENT) == 2


def test_who_is_removed_is_forgotten(engine: Engine, kari: Person) -> None:
    set_wish(engine, Wish(kari, "", None, "kari@x.no", urgent=True), NOW)
    recorded(engine, 1)
    wish = wish_of(engine, kari.id)
    assert wish
    about = waiting(engine, wish, NOW + timedelta(days=2), NOW, (), 10)
    write_notice(engine, wish, letter(about), NOW)
    assert remove_person(engine, "Kari", "Ola", NOW)
    assert count(engine, t.notice_wish) == count(engine, t.notice_told) == 0


def test_a_rule_that_was_overruled_names_its_tickets(engine: Engine, kari: Person) -> None:
    recorded(engine, 1)
    recorded(engine, 2)
    reject(engine, 2, kari, "no", NOW)
    (found,) = overruled(engine, "termination/notice", NOW, NOW + timedelta(days=1), 5)
    assert (found.ticket_no, found.said) == ("VS-0002-TEST", "rejected")
    assert overruled(engine, "termination/notice", NOW - timedelta(days=1), NOW, 5) == []
