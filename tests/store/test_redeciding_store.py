"""A correction, a mail by hand and an absence, as both databases keep them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Engine, select

from processor.store import tables as t
from processor.store.absences import hand_over, set_absence
from processor.store.by_hand import Brought, take_in, told_of
from processor.store.notes import take_ticket
from processor.store.past import past_mails
from processor.store.people import Person, add_person
from processor.store.redecidable import CannotCorrectError, standing_of
from processor.store.redeciding import record_anew
from tests.store.made import LATER, NOW, column, count, made, recorded


def person(engine: Engine, name: str) -> Person:
    add_person(engine, name, NOW, "approver")
    with engine.connect() as conn:
        return Person(conn.execute(select(t.person.c.id).where(t.person.c.name == name)).scalar_one(), name)


def test_a_correction_is_recorded_once_by_whoever_saw_how_it_stood(engine: Engine) -> None:
    recorded(engine, 1)
    kari = person(engine, "Kari")
    (past,) = past_mails(engine, 1, 1, None, history=True)
    stands = standing_of(engine, 1)
    anew = replace(made(1, 1), now=LATER, joins_ticket_id=stands.ticket_id)
    done = record_anew(engine, anew, past.told, stands.stamp, ("company",), kari)
    assert (done.new, done.dropped) == (0, 0)
    assert count(engine, t.event, t.event.c.kind == "mail.redecided") == 1
    with pytest.raises(CannotCorrectError, match="somebody changed it since you looked") as told:
        record_anew(engine, anew, past.told, stands.stamp, ("company",), kari)
    assert (told.value.by, told.value.at) == ("Kari", LATER)


def test_a_mail_by_hand_is_kept_once_and_an_absence_moves_what_is_held(engine: Engine) -> None:
    recorded(engine, 1)
    kari, ola = person(engine, "Kari"), person(engine, "Ola")
    brought = Brought("support", b"Subject: Hei\r\n\r\nHei", NOW, "letter", "Per")
    assert [take_in(engine, brought, kari, LATER).new for _ in range(2)] == [True, False]
    assert [each.said_by for each in told_of(engine, [2]).values()] == ["Per"]
    assert take_ticket(engine, 1, kari, NOW) == "Kari"
    set_absence(engine, kari.id, date(2026, 11, 26), date(2026, 11, 27), ola.id, kari, LATER)
    assert hand_over(engine, LATER) == 1
    assert column(engine, t.ticket_holder.c.person_id) == [ola.id]
