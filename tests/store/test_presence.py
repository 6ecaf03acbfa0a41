from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine

from processor.store import tables as t
from processor.store.people import Person
from processor.store.presence import SEEN_FOR, look_at, look_away, newest_event, present, ticket_stamp
from tests.store.made import NOW, count, recorded


def test_who_has_a_ticket_open_is_known_until_they_close_it_or_fall_silent(
    engine: Engine, kari: Person, ola: Person
) -> None:
    for n in (1, 2):
        recorded(engine, n)
    look_at(engine, 1, ola.id, NOW)
    look_at(engine, 1, kari.id, NOW)
    look_at(engine, 2, kari.id, NOW)
    look_at(engine, 1, kari.id, NOW + timedelta(seconds=20))
    both = ((kari.id, "Kari"), (ola.id, "Ola"))
    assert present(engine, NOW) == {"VS-0001-TEST": both, "VS-0002-TEST": both[:1]}
    assert present(engine, NOW + SEEN_FOR) == {"VS-0001-TEST": both[:1]}
    look_away(engine, 1, kari.id)
    assert present(engine, NOW + SEEN_FOR) == {}
    look_at(engine, 2, ola.id, NOW + SEEN_FOR)
    assert count(engine, t.ticket_presence) == 1


def test_the_newest_event_grows_with_what_is_done(engine: Engine) -> None:
    assert newest_event(engine) == 0
    recorded(engine)
    assert newest_event(engine) > 0
    assert ticket_stamp(engine, "VS-0001-TEST") == (1, NOW)
    assert ticket_stamp(engine, "VS-9999-TEST") == (None, None)
