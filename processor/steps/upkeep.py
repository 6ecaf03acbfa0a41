"""The slow steps: reminders before and after a due time, and what the law lets us keep no longer."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.engine import Engine

from processor import journal
from processor.store.due import SOON, due_actions
from processor.store.lookups import forget_answers
from processor.store.retention import erase_automatic
from processor.store.seals import seal_events

# domain.md section 6: spam and automatic replies are kept for 30 days.
AUTOMATIC_KEPT = timedelta(days=30)
# As long as the configuration may let an answer of a register be used; it may name people.
ANSWERS_KEPT = timedelta(days=31)


def remind(engine: Engine, now: datetime) -> int:
    """Tell once of each action that is due within two hours, and once when it is overdue; returns how many."""
    told = due_actions(engine, now, SOON)
    for each in told:
        journal.action_due(each.ticket_no, each.kind, each.overdue)
    return len(told)


def seal(engine: Engine, now: datetime) -> None:
    """Chain the events that were committed since the last time; what hinders it hinders nothing else."""
    try:
        seal_events(engine, now)
    except Exception as error:
        journal.step_failed("sealing", error)


def retain(engine: Engine, now: datetime) -> int:
    """Erase the bytes of automatic mail that is old enough; its keyed digest stays, so it never comes in again.

    Answers of registers that are too old to be used are dropped with it.
    """
    forget_answers(engine, now - ANSWERS_KEPT)
    erased = erase_automatic(engine, now - AUTOMATIC_KEPT)
    journal.retained(erased)
    return erased
