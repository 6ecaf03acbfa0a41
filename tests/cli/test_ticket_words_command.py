"""``processor queue understood``, ``ask`` and ``take-in``: correcting, asking, and mail by hand from a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from processor.store import tables as t
from processor.store.people import add_person
from tests.cli.test_queue_command import Desk
from tests.desk.conftest import MAILS, room_in
from tests.store.made import NOW, column, count

LACKING = "termination/02-nynorsk-without-number"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A notice that lacks a number, decided by the shipped rules."""
    for room in room_in(tmp_path, LACKING):
        yield Desk(tmp_path, room.engine)


def test_what_was_understood_is_told_corrected_and_asked_for(desk: Desk) -> None:
    secret = add_person(desk.engine, "Kari", NOW)
    (number,) = column(desk.engine, t.ticket.c.number)

    def said(*arguments: str) -> str:
        told = desk.queue(*arguments, "--as", "Kari", secret=secret)
        return told.stdout + told.stderr

    assert "types: termination\norg_no: -\n" in said("understood", number)
    assert "Not done: nothing is changed by it." in said("understood", number, "--org-no", "")
    assert "this is no organisation number" in said("understood", number, "--org-no", "974760674")
    asked = said("ask", number)
    assert "organisasjonsnummeret" in asked
    assert "it asks for org_no" in asked
    assert column(desk.engine, t.outbox.c.state)[-1] == "draft"
    told = said("understood", "m1", "--org-no", "974 760 673", "--customer-no", "100042")
    assert told.startswith("Decided anew: actions 0 new, 1 changed, 0 dropped."), told
    assert "org_no: 974760673\ncustomer_no: 100042\n" in said("understood", number)
    assert "Not done: the rules ask for nothing" in said("ask", number)


def test_a_mail_is_taken_in_once(desk: Desk) -> None:
    secret = add_person(desk.engine, "Kari", NOW)
    (number,) = column(desk.engine, t.ticket.c.number)

    def taken(mail: str, box: str = "a") -> str:
        file, when = str(MAILS / f"{mail}.eml"), "24.08.2026 08.15"
        told = desk.queue(
            "take-in", file, "--mailbox", box, "--arrived", when, "--said-by", "Ola", "--as", "Kari", secret=secret
        )
        return told.stdout + told.stderr

    assert taken(LACKING) == f"It was here before, in {number}.\n"
    assert "choose one of the mailboxes" in taken(LACKING, "b")
    assert taken("termination/12-quarterly") == "Taken in; its ticket comes with the next look.\n"
    assert taken("termination/12-quarterly") == "It was here before.\n"
    assert count(desk.engine, t.mail) == 2
