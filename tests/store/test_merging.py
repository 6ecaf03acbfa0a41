"""Tickets made one and made two: everything a mail brought goes along, and the trail still tells it all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, insert, select

from processor.store import tables as t
from processor.store.actions import approve, done, reject
from processor.store.context import ticket_for
from processor.store.merging import (
    BARE,
    BEFORE,
    HELD,
    ITSELF,
    NO_MAIL,
    NOT_MERGED,
    ONLY_MAIL,
    UNKNOWN,
    Apart,
    CannotMergeError,
    merge,
    split,
    unmerge,
)
from processor.store.notes import note_ticket
from processor.store.people import Person
from processor.store.privacy import erase, find
from processor.store.queue import TicketView, queue, ticket
from processor.store.record import record
from processor.store.retention import retain
from tests.store.made import LATER, NOW, action, column, count, decision, kept, made, recorded, reply

ONE, TWO, NEW = "VS-0001-TEST", "VS-0002-TEST", "VS-0009-TEST"
APART = Apart(NEW, "Ola@Havn.no", "Et annet spørsmål")


@pytest.fixture
def two(engine: Engine) -> None:
    """Two tickets of one mail, reply and action each."""
    for n in (1, 2):
        recorded(engine, n)


def view(engine: Engine, number: str) -> TicketView:
    found = ticket(engine, number)
    assert found
    return found


def shape(engine: Engine, number: str) -> tuple[str, list[int], list[int], list[int], list[int]]:
    """State, mails, items, actions and replies."""
    it = view(engine, number)
    return it.state.value, *([each.id for each in parts] for parts in (it.mails, it.items, it.actions, it.replies))  # type: ignore[return-value]


@pytest.mark.usefixtures("two")
def test_all_of_a_merged_ticket_is_in_the_other_with_its_story(engine: Engine, kari: Person) -> None:
    note_ticket(engine, 1, "ringt kunden", kari, NOW)
    assert merge(engine, ONE, TWO, kari, LATER) == TWO
    assert shape(engine, ONE) == ("merged", [], [], [], [])
    assert view(engine, ONE).merged_into == TWO
    assert shape(engine, TWO) == ("open", [1, 2], [1, 2], [1, 2], [1, 2])
    assert {row.ticket_no for row in queue(engine)} == {TWO}
    assert "ringt kunden" in [event.text for event in view(engine, TWO).events]
    assert done(engine, 1, kari, LATER).ok
    assert "action.done" in [event.kind for event in view(engine, TWO).events]


@pytest.mark.usefixtures("two")
def test_later_mail_of_either_thread_lands_in_the_other(engine: Engine, kari: Person) -> None:
    merge(engine, ONE, TWO, kari, LATER)
    for known in ("<in1@fjordbygg-demo.no>", "<out1@processor.example>", "<in2@fjordbygg-demo.no>"):
        found = ticket_for(engine, [known])
        assert found
        assert found.ticket_no == TWO
    (mail,) = kept(engine, 3)
    record(engine, [made(mail, 3, joins_ticket_id=1)])
    assert shape(engine, TWO)[1] == [1, 2, 3]


@pytest.mark.usefixtures("two")
def test_a_merge_is_taken_back_with_what_was_done_meanwhile(engine: Engine, kari: Person) -> None:
    merge(engine, ONE, TWO, kari, LATER)
    reject(engine, 1, kari, "trukket", LATER)
    (mail,) = kept(engine, 3)
    record(engine, [made(mail, 3, joins_ticket_id=1)])
    assert unmerge(engine, ONE, kari, LATER) == TWO
    assert shape(engine, ONE) == ("open", [1], [1], [1], [1])
    assert shape(engine, TWO)[1] == [2, 3]
    kinds = [event.kind for event in view(engine, ONE).events]
    assert "action.rejected" in kinds
    assert "action.rejected" not in [event.kind for event in view(engine, TWO).events if event.action_id != 1]
    merge(engine, ONE, TWO, kari, LATER + timedelta(minutes=1))
    assert shape(engine, TWO)[1] == [1, 2, 3]


def test_a_chain_of_merges_is_one_story(engine: Engine, kari: Person) -> None:
    for n in (1, 2, 3):
        recorded(engine, n)
    note_ticket(engine, 1, "den første", kari, NOW)
    merge(engine, ONE, TWO, kari, LATER)
    assert merge(engine, TWO, "VS-0003-TEST", kari, LATER) == "VS-0003-TEST"
    assert view(engine, ONE).merged_into == "VS-0003-TEST"
    assert "den første" in [event.text for event in view(engine, "VS-0003-TEST").events]
    assert merge(engine, _fresh(engine, 4), ONE, kari, LATER) == "VS-0003-TEST"
    assert shape(engine, "VS-0003-TEST")[1] == [1, 2, 3, 4]


def _fresh(engine: Engine, n: int) -> str:
    recorded(engine, n)
    return f"VS-{n:04d}-TEST"


def test_T26_what_two_must_approve_waits_for_both_again(engine: Engine, kari: Person, ola: Person) -> None:
    for n in (1, 2):
        recorded(engine, n, decision(actions=[action("two_staff")]))
    for n in (1, 2):
        approve(engine, n, kari, NOW)
    merge(engine, ONE, TWO, kari, LATER)
    assert column(engine, t.action.c.state) == ["waiting", "waiting"]
    assert column(engine, t.action.c.version) == [2, 2]
    approve(engine, 1, ola, LATER)
    split(engine, 1, APART, kari, LATER)
    assert column(engine, t.action.c.state) == ["waiting", "waiting"]


@pytest.mark.usefixtures("two")
def test_a_mail_gets_a_ticket_of_its_own_with_what_it_brought(engine: Engine, kari: Person) -> None:
    (mail,) = kept(engine, 3)
    record(engine, [made(mail, 3, joins_ticket_id=1)])
    reject(engine, 3, kari, "gjelder noe annet", NOW)
    split(engine, mail, APART, kari, LATER)
    assert shape(engine, NEW) == ("open", [mail], [3], [3], [3])
    assert shape(engine, ONE)[1] == [1]
    it = view(engine, NEW)
    assert (it.sender, it.subject, it.provenance) == ("ola@havn.no", "Et annet spørsmål", "proven")
    assert [event.kind for event in it.events if event.kind in ("mail.decided", "action.rejected")] == [
        "mail.decided",
        "action.rejected",
    ]
    found = ticket_for(engine, ["<out3@processor.example>"])
    assert found
    assert found.ticket_no == NEW
    assert merge(engine, NEW, ONE, kari, LATER) == ONE
    assert shape(engine, ONE)[1] == [1, mail]


@pytest.mark.usefixtures("two")
def test_what_cannot_be_is_said_and_changes_nothing(engine: Engine, kari: Person) -> None:
    def why(source: str, target: str) -> str:
        with pytest.raises(CannotMergeError) as cannot:
            merge(engine, source, target, kari, LATER)
        return str(cannot.value)

    assert why(ONE, ONE) == ITSELF
    assert why(ONE, NEW) == why(NEW, ONE) == UNKNOWN
    with engine.begin() as conn:
        conn.execute(insert(t.legal_hold).values(ticket_id=2, at=NOW, actor="x", reason=""))
    assert why(ONE, TWO) == HELD
    with engine.begin() as conn:
        conn.execute(t.legal_hold.delete())
    for mail, reason in ((1, ONLY_MAIL), (99, NO_MAIL)):
        with pytest.raises(CannotMergeError, match=reason):
            split(engine, mail, APART, kari, LATER)
    with pytest.raises(CannotMergeError, match=NOT_MERGED):
        unmerge(engine, ONE, kari, LATER)
    merge(engine, ONE, TWO, kari, LATER)
    assert why(ONE, TWO) == BEFORE
    assert why(TWO, ONE) == ITSELF
    split(engine, 1, APART, kari, LATER)
    with pytest.raises(CannotMergeError, match=BARE):
        unmerge(engine, ONE, kari, LATER)


def test_erasing_forgets_what_was_merged_and_what_was_split(engine: Engine, kari: Person) -> None:
    for n in (1, 2):
        recorded(engine, n, decision(reply()))
    note_ticket(engine, 1, "Kari ringte", kari, NOW)
    merge(engine, ONE, TWO, kari, NOW)
    with engine.begin() as conn:
        conn.execute(t.ticket.update().values(state="closed").where(t.ticket.c.id == 2))
        conn.execute(t.outbox.update().values(state="sent"))
    erased = retain(engine, NOW + timedelta(days=4000))
    assert [each.number for each in erased] == [TWO]
    with engine.connect() as conn:
        rows = conn.execute(select(t.ticket.c.sender, t.ticket.c.subject)).all()
    assert [tuple(row) for row in rows] == [("", ""), ("", "")]
    assert "Kari ringte" not in column(engine, t.event_text.c.text)


def test_a_persons_address_leaves_their_merged_ticket_too(engine: Engine, kari: Person) -> None:
    recorded(engine, 1, decision(reply()))
    recorded(engine, 2, decision(reply()), sender_spec="ola@havn.no")
    merge(engine, ONE, TWO, kari, NOW)
    erase(engine, find(engine, "kari@fjordbygg-demo.no"), "Ada", LATER)
    assert count(engine, t.ticket, t.ticket.c.sender == "kari@fjordbygg-demo.no") == 0
