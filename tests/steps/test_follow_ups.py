"""A customer is reminded of what we lack as often as the rule says, and never after an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from processor.deciding.calendar import OSLO
from processor.rulebook import FollowUp
from processor.steps.follow_ups import follow_up
from processor.store.actions import done, reject
from processor.store.follow_ups import Due, Reminder, due_follow_ups, end_reminding, write_reminder
from processor.store.levels import set_level
from processor.store.outages import note_read
from processor.store.outbox import stop_answers
from processor.ticket import Level, Limits, Reply
from tests.steps.talk import KARI, NOTICE, NOW, WITH_NUMBER, Talk, talk


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Talk]:
    made = talk(tmp_path)
    yield made
    made.engine.dispose()


def sent(here: Talk) -> None:
    with here.engine.begin() as conn:
        conn.exec_driver_sql("update outbox set state = 'sent' where state = 'ready'")


def remind(here: Talk) -> int:
    """A look at what is due, while the mailbox is read."""
    note_read(here.engine, "a", here.now)
    return follow_up(here.engine, here.rulebook, here.config, here.now)


def reminders(here: Talk) -> list[tuple[object, ...]]:
    return here.ask("select state, hold_reason, issue from outbox where template = 'general/follow_up' order by id")


def most(here: Talk, number: int) -> None:
    kind = here.rulebook.types["termination"]
    rows = tuple(replace(row, follow_up=row.follow_up and FollowUp(3, number)) for row in kind.rows)
    here.rulebook = replace(here.rulebook, types={**here.rulebook.types, "termination": replace(kind, rows=rows)})


def test_after_three_business_days_the_customer_is_reminded_once(here: Talk) -> None:
    here.say(NOTICE)
    sent(here)
    ((at,),) = here.ask("select follow_up_at from item")
    # Thursday, and three business days later it is Tuesday.
    assert str(at).startswith("2026-12-01 07:00")
    here.later(days=4)
    assert remind(here) == 0
    here.later(days=1)
    assert (remind(here), remind(here)) == (1, 0)
    assert reminders(here) == [("ready", "", 1)]
    ((to, subject, words, refs),) = here.ask(
        "select to_addr, subject, text, refs from outbox where template = 'general/follow_up'"
    )
    assert (to, refs) == (KARI, "<1@fjordbygg-demo.no>")
    assert str(subject).endswith("Vi mangler fortsatt opplysninger")
    assert "Vi mottok e-posten deres torsdag 26. november 2026 kl. 11.00." in str(words)
    assert "  - organisasjonsnummeret til firmaet" in str(words)
    sent(here)
    here.later(days=30)
    assert remind(here) == 0


def test_it_reminds_as_often_as_the_rule_says_within_the_limit_of_the_ticket(here: Talk) -> None:
    most(here, 2)
    here.say(NOTICE)
    for _ in range(4):
        sent(here)
        here.later(days=7)
        remind(here)
    assert reminders(here) == [
        ("sent", "", 1),
        ("held", "limit: the thread was answered 2 times lately", 2),
    ]


def answered(here: Talk) -> None:
    here.say("Jeg finner det ikke, men kommer tilbake.", "SV: Oppsigelse", thread=here.last_answer())


def answered_elsewhere(here: Talk) -> None:
    here.say("Hva koster Visma Global nå?", "Et spørsmål")


def withdrew(here: Talk) -> None:
    here.say("Vi trekker oppsigelsen.", "Trekkes")


def registered(here: Talk) -> None:
    assert done(here.engine, 1, here.person(), here.now).ok


def bounced(here: Talk) -> None:
    with here.engine.begin() as conn:
        conn.exec_driver_sql("update outbox set state = 'bounced'")


@pytest.mark.parametrize("what", [answered, answered_elsewhere, withdrew, registered, bounced])
def test_nobody_is_reminded_any_more(here: Talk, what: Callable[[Talk], None]) -> None:
    here.say(NOTICE)
    sent(here)
    here.later(days=1)
    what(here)
    here.later(days=6)
    assert remind(here) == 0
    assert reminders(here) == []
    assert here.ask("select follow_up_at from item where id = 1") == [(None,)]


TWO = (
    "På vegne av våre klienter sier vi opp Visma Global fra 31.12.2027: Fjord Bygg AS (org.nr 328627035) og "
    "Havn Drift AS (org.nr 974760673).\n\nMvh\nGeir Hovland\nautorisert regnskapsfører\nHovland Regnskap AS"
)
GEIR = "geir@hovlandregnskap-demo.no"
LETTER = Reminder(Reply("general/follow_up", "question", "nb", GEIR, "Vi mangler", "Hei", ""), "<r@x.no>", "", NOW)


def two_due(here: Talk) -> Due:
    """An accountant's two notices, both due for one reminder."""
    here.say(TWO, sender=GEIR)
    sent(here)
    here.later(days=7)
    (due,) = due_follow_ups(here.engine, here.now, 9)
    assert len(due.items) == 2
    return due


def times(here: Talk) -> list[tuple[object, ...]]:
    return here.ask("select id, follow_up_at is null, followed_up from item order by id")


def test_of_two_who_remind_at_once_one_does_and_nothing_is_counted_twice(here: Talk) -> None:
    due = two_due(here)
    assert write_reminder(here.engine, due, LETTER, None, here.now)
    assert write_reminder(here.engine, due, LETTER, None, here.now) is None
    assert times(here) == [(1, 1, 1), (2, 1, 1)]
    assert len(reminders(here)) == 1


def half_taken(here: Talk) -> None:
    """Another worker looked when only the first was due, and reminded of that."""
    with here.engine.begin() as conn:
        conn.exec_driver_sql("update item set follow_up_at = null, followed_up = 1 where id = 1")


def rejected(here: Talk) -> None:
    assert reject(here.engine, 1, here.person(), "a test mail", here.now).ok


@pytest.mark.parametrize("what", [half_taken, rejected])
def test_what_is_still_due_is_reminded_of_when_half_of_a_letter_fell(here: Talk, what: Callable[[Talk], None]) -> None:
    due = two_due(here)
    what(here)
    before = times(here)
    assert write_reminder(here.engine, due, LETTER, None, here.now) is None
    end_reminding(here.engine, due, "looked before", None, here.now)
    assert times(here) == before
    assert remind(here) == 1
    ((words,),) = here.ask("select text from outbox where template = 'general/follow_up'")
    assert "- fullmakt fra kunden" in words
    assert times(here)[1] == (2, 1, 1)


def test_an_absence_note_is_no_answer(here: Talk) -> None:
    here.say(NOTICE)
    sent(here)
    away = "Jeg er ute av kontoret til 4. desember. Ved spørsmål, kontakt sentralbordet."
    here.say(away, "Automatisk svar: Oppsigelse", thread=here.last_answer(), headers="Auto-Submitted: auto-replied\n")
    here.later(days=7)
    assert remind(here) == 1


def test_nobody_is_reminded_while_mail_may_lie_unread(here: Talk) -> None:
    here.say(NOTICE)
    sent(here)
    here.later(days=7)
    assert follow_up(here.engine, here.rulebook, here.config, here.now) == 0
    here.keep("Org.nr er 328627035.", "SV: Oppsigelse", thread=here.last_answer())
    here.later(minutes=11)
    assert remind(here) == 0
    here.work()
    assert remind(here) == 0
    assert reminders(here) == []


def test_a_letter_that_has_not_left_is_not_reminded_of(here: Talk) -> None:
    here.say(NOTICE)
    here.later(days=7)
    assert remind(here) == 0
    sent(here)
    here.later(hours=13)
    assert remind(here) == 1


@pytest.mark.parametrize(
    ("level", "state"),
    [(Level.OBSERVE, ("held", "observe", 1)), (Level.DRAFT, ("draft", "", 1)), (Level.APPROVE, ("draft", "", 1))],
)
def test_it_goes_by_the_level_of_the_type(here: Talk, level: Level, state: tuple[str, str, int]) -> None:
    set_level(here.engine, "termination", level, "Kari", here.now, Level.AUTOMATIC)
    here.say(NOTICE)
    with here.engine.begin() as conn:
        conn.exec_driver_sql("update outbox set state = 'sent' where state in ('draft', 'ready')")
    here.later(days=7)
    assert remind(here) == 1
    assert reminders(here) == [state]


def test_the_stop_switch_holds_it(here: Talk) -> None:
    here.say(NOTICE)
    sent(here)
    stop_answers(here.engine, "Kari", here.now)
    here.later(days=7)
    assert remind(here) == 1
    assert reminders(here) == [("held", "stopped", 1)]


def test_a_full_limit_of_the_sender_holds_it(here: Talk) -> None:
    here.say(NOTICE)
    sent(here)
    here.config = replace(here.config, limits=Limits(per_sender=0))
    here.later(days=7)
    assert remind(here) == 1
    assert reminders(here)[0][:2] == ("held", "limit: the sender was answered 0 times lately")


@pytest.mark.parametrize("words", [WITH_NUMBER, "Takk for hjelpen!"])
def test_nothing_lacking_is_nothing_to_remind_of(here: Talk, words: str) -> None:
    here.say(words)
    assert here.ask("select count(*) from item where follow_up_at is not null") == [(0,)]


def test_an_unproven_sender_is_not_reminded(here: Talk) -> None:
    here.say(NOTICE, proven=False)
    assert here.ask("select follow_up_at from item") == [(None,)]


def test_reminders_leave_in_the_morning_of_a_business_day(here: Talk) -> None:
    here.later(days=27)
    here.say(NOTICE)
    ((at,),) = here.ask("select follow_up_at from item")
    local = datetime.fromisoformat(f"{at}+00:00").astimezone(OSLO)
    # Wednesday 23 December; 24, 28 and 29 are the business days after it.
    assert f"{local:%d.%m.%Y %H.%M}" == "29.12.2026 08.00"
