from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import Engine, select

from processor.store import people
from processor.store import tables as t
from processor.store.levels import level, levels, lowest, set_level
from processor.store.people import NameTakenError, add_person, list_people, remove_person, verify_person
from processor.ticket import Level
from tests.store import hashing
from tests.store.made import LATER, NOW, column

EARLIER = NOW.replace(hour=1)


def test_a_person_is_known_by_the_secret_that_was_shown_once(engine: Engine) -> None:
    secret = add_person(engine, " Kari  Holm ", NOW)
    found = verify_person(engine, "Kari Holm", secret)
    assert found
    assert (found.name, list_people(engine)) == ("Kari Holm", [found])
    assert verify_person(engine, "Kari Holm", secret + "x") is None
    assert verify_person(engine, "Ola", secret) is None
    assert secret not in str(column(engine, t.person.c.secret))


def test_a_secret_is_slow_to_guess_from_a_stolen_store(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "COST", hashing.SHIPPED)
    secret = add_person(engine, "Kari", NOW)
    ((salt, stored),) = zip(column(engine, t.person.c.salt), column(engine, t.person.c.secret), strict=True)
    # Some hundredths of a second and sixteen megabytes a guess.
    assert hashlib.scrypt(secret.encode(), salt=bytes.fromhex(salt), n=2**14, r=8, p=1, dklen=32).hex() == stored
    assert verify_person(engine, "Kari", secret)


def test_a_name_is_given_once_even_after_its_person_left(engine: Engine) -> None:
    secret = add_person(engine, "Kari", NOW)
    assert remove_person(engine, "Kari", "Ola", NOW)
    assert not remove_person(engine, "Kari", "Ola", NOW)
    assert verify_person(engine, "Kari", secret) is None
    assert list_people(engine) == []
    with pytest.raises(NameTakenError):
        add_person(engine, "Kari", NOW)
    with pytest.raises(ValueError, match="needs a name"):
        add_person(engine, " ", NOW)


def test_a_new_installation_observes_until_told_otherwise(engine: Engine) -> None:
    assert level(engine, "termination").level == Level.OBSERVE
    assert level(engine, "termination", Level.AUTOMATIC).at(EARLIER) == Level.AUTOMATIC


def test_raising_a_level_never_answers_earlier_mail(engine: Engine) -> None:
    new = set_level(engine, "termination", Level.AUTOMATIC, "Kari", NOW, default=Level.DRAFT)
    assert new == level(engine, "termination")
    assert (new.at(EARLIER), new.at(NOW), new.at(LATER)) == (Level.DRAFT, Level.AUTOMATIC, Level.AUTOMATIC)
    assert str(new) == "automatic"


def test_lowering_a_level_holds_for_all_mail(engine: Engine) -> None:
    set_level(engine, "termination", Level.AUTOMATIC, "Kari", EARLIER)
    new = set_level(engine, "termination", Level.DRAFT, "Kari", NOW)
    assert (new.at(EARLIER), new.at(LATER)) == (Level.DRAFT, Level.DRAFT)


def test_setting_the_same_level_again_changes_no_time(engine: Engine) -> None:
    set_level(engine, "termination", Level.APPROVE, "Kari", NOW)
    assert set_level(engine, "termination", Level.APPROVE, "Ola", LATER).since == NOW
    with engine.connect() as conn:
        actors = conn.execute(select(t.event.c.actor).where(t.event.c.kind == "level.changed")).scalars().all()
    assert actors == ["Kari"]


def test_a_mail_goes_by_the_lowest_level_of_its_items(engine: Engine) -> None:
    set_level(engine, "termination", Level.APPROVE, "Kari", EARLIER)
    known = levels(engine, {"general": Level.DRAFT, "elma_register": Level.AUTOMATIC})
    assert lowest(known, ["elma_register", "termination"], NOW) == Level.APPROVE
    assert lowest(known, [], NOW) == Level.DRAFT
    assert lowest(known, ["elma_register", "never_heard_of"], NOW) == Level.DRAFT
    assert lowest({}, [], NOW) == Level.OBSERVE
