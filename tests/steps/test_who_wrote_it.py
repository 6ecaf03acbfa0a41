"""A letter that a person wrote or let go says nothing of being automatic (RFC 3834), and what answers it is no loop."""

from __future__ import annotations

import email
from collections.abc import Iterator
from datetime import timedelta
from email.message import Message
from pathlib import Path

import pytest

from processor.steps.deliver import letter as bytes_of
from processor.steps.follow_ups import follow_up
from processor.steps.writing import letter
from processor.store.drafting import draft
from processor.store.levels import set_level
from processor.store.outages import note_read
from processor.store.outbox import outgoing
from processor.store.people import Person
from processor.store.staff_replies import approve_reply, edit_reply, resend
from processor.store.switch import stop_answers
from processor.store.undoing import undo_reply
from processor.ticket import Level
from tests.steps.talk import NOTICE, Talk, talk

MARKS = ("Auto-Submitted", "X-Auto-Response-Suppress")
AWAY = "Jeg er ute av kontoret til 4. desember. Ved spørsmål, kontakt sentralbordet."


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Talk]:
    made = talk(tmp_path)
    yield made
    made.engine.dispose()


def leaves(here: Talk, outbox_id: int) -> Message:
    """The letter as a server gets it."""
    assert here.config.smtp
    return email.message_from_bytes(bytes_of(outgoing(here.engine, outbox_id), here.config.smtp, here.now))


def marks(here: Talk, outbox_id: int) -> tuple[str | None, ...]:
    made = leaves(here, outbox_id)
    return tuple(made[name] for name in MARKS)


def newest(here: Talk) -> int:
    return int(here.ask("select max(id) from outbox")[0][0])


def own_words(here: Talk, person: Person) -> int:
    """A letter of a person's own, let go."""
    made = letter(here.engine, here.config, 1, ("Om saken", "Hei Kari. Vi ser på det."), ())
    drafted = draft(here.engine, made, person, here.now)
    assert drafted
    assert approve_reply(here.engine, drafted, person, here.now)
    return drafted


def test_a_receipt_that_left_by_itself_says_that_it_is_automatic(here: Talk) -> None:
    here.say(NOTICE)
    assert marks(here, newest(here)) == ("auto-replied", "All")


def test_a_reminder_says_that_it_is_automatic(here: Talk) -> None:
    here.say(NOTICE)
    with here.engine.begin() as conn:
        conn.exec_driver_sql("update outbox set state = 'sent'")
    here.later(days=7)
    note_read(here.engine, "a", here.now)
    assert follow_up(here.engine, here.rulebook, here.config, here.now) == 1
    assert marks(here, newest(here)) == ("auto-replied", "All")


def test_a_persons_own_letter_says_nothing_of_it(here: Talk) -> None:
    here.say(NOTICE)
    assert marks(here, own_words(here, here.person())) == (None, None)


def test_what_a_person_let_go_says_nothing_of_it_unless_it_is_taken_back(here: Talk) -> None:
    stop_answers(here.engine, "test", here.now)
    here.say(NOTICE)
    person, reply = here.person(), newest(here)
    assert approve_reply(here.engine, reply, person, here.now, here.now + timedelta(seconds=10))
    assert marks(here, reply) == (None, None)
    assert undo_reply(here.engine, reply, person, here.now) == ""
    assert marks(here, reply) == ("auto-replied", "All")


def test_an_edited_draft_says_nothing_of_it(here: Talk) -> None:
    for kind in ("general", "termination"):
        set_level(here.engine, kind, Level.DRAFT, "test", here.now)
    here.say(NOTICE)
    person, reply = here.person(), newest(here)
    assert here.ask("select state from outbox") == [("draft",)]
    assert edit_reply(here.engine, reply, "Takk", "Hei Kari, takk.", person, here.now)
    assert approve_reply(here.engine, reply, person, here.now)
    assert marks(here, reply) == (None, None)


def test_a_receipt_that_is_sent_again_stays_the_letter_that_it_was(here: Talk) -> None:
    here.say(NOTICE)
    reply = newest(here)
    with here.engine.begin() as conn:
        conn.exec_driver_sql("update outbox set state = 'failed'")
    assert resend(here.engine, reply, here.person(), here.now)
    assert marks(here, reply) == ("auto-replied", "All")


@pytest.mark.parametrize("headers", ["Auto-Submitted: auto-replied (vacation)\n", "X-Autoreply: yes\n", ""])
def test_T33_a_vacation_note_that_answers_a_persons_letter_is_answered_by_nothing(here: Talk, headers: str) -> None:
    here.say(NOTICE)
    wrote = leaves(here, own_words(here, here.person()))["Message-ID"]
    before = here.ask("select count(*) from outbox")
    here.later(minutes=1)
    seen = here.say(AWAY, "Automatisk svar: Om saken", thread=wrote, headers=headers)
    assert seen.decision.reply is None
    assert here.ask("select count(*) from outbox") == before
    assert here.ask("select count(*) from ticket") == [(1,)]


def test_T32_a_robot_without_any_mark_gets_no_more_answers_because_a_person_wrote(here: Talk) -> None:
    here.say(NOTICE)
    person = here.person()
    for number in range(4):
        thread = leaves(here, own_words(here, person))["Message-ID"]
        here.later(minutes=5)
        here.say(f"{NOTICE}\nSak {number}", f"Sak {number}", thread=thread)
    assert here.ask("select count(*) from outbox where automatic") == [(2,)]
