"""The slow steps: reminders before and after a due time, and what the law lets us keep no longer."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.engine import Engine

from processor import journal
from processor.config import Config
from processor.store import retention
from processor.store.absences import hand_over
from processor.store.colleagues import forget_unmatched
from processor.store.daily import count_days
from processor.store.due import SOON, due_actions
from processor.store.gone_back import note_mark
from processor.store.lookups import forget_answers
from processor.store.seals import seal_events
from processor.store.settings import change_setting, setting
from processor.store.snoozing import wake_tickets
from processor.store.staff_notices import wishes

# As long as the configuration may let an answer of a register be used; it may name people.
ANSWERS_KEPT = timedelta(days=31)
# What colleagues wrote, while the mail that it answers may still come.
UNMATCHED_KEPT = timedelta(days=30)
# Less than a day, since the clock that runs it each night is not exact.
ONCE_A_DAY = timedelta(hours=20)
RETAINED = "retained_at"


def remind(engine: Engine, now: datetime) -> int:
    """Tell once of each action that is due within two hours, and once when it is overdue; returns how many.

    Tickets that slept until now wake, and those of who is away go to whom they named.
    """
    wake_tickets(engine, now)
    hand_over(engine, now)
    told = due_actions(engine, now, SOON)
    for each in told:
        journal.action_due(each.ticket_no, each.kind, each.overdue)
    return len(told)


def remind_staff(engine: Engine, config: Config, now: datetime) -> None:
    """``remind``, and write to those of the staff who asked for notices; what hinders that hinders nothing else."""
    remind(engine, now)
    try:
        if config.smtp and wishes(engine):
            # Imported where somebody is to be told, since it brings a calendar and its holidays along.
            from processor.steps.staff_notices import tell_staff

            tell_staff(engine, config, now)
    except Exception as error:
        journal.step_failed("notices", error)


def seal(engine: Engine, now: datetime) -> None:
    """Chain the events that were committed since the last time; what hinders it hinders nothing else."""
    try:
        if seal_events(engine, now):
            note_mark(engine)
    except Exception as error:
        journal.step_failed("sealing", error)


def count(engine: Engine, now: datetime) -> None:
    """Count what happened on the days that are over, for the pages of insight; what hinders it hinders nothing else."""
    try:
        count_days(engine, now)
    except Exception as error:
        journal.step_failed("counting", error)


def retain(engine: Engine, now: datetime) -> int:
    """Erase what the periods of domain.md section 6 let us keep no longer; of how many mails.

    Their keyed digests stay, so they never come in again.  Answers of registers that are too old to be used are
    dropped with it, and colleagues' letters that answered no mail of ours.  It goes through every old ticket, so a single pass by cron each minute does it once a day only.
    """
    last = setting(engine, RETAINED)
    if last and now - datetime.fromisoformat(last) < ONCE_A_DAY:
        return 0
    forget_answers(engine, now - ANSWERS_KEPT)
    forget_unmatched(engine, now - UNMATCHED_KEPT)
    erased = sum(each.mails for each in retention.retain(engine, now))
    change_setting(engine, RETAINED, now.isoformat(), "retention", now)
    journal.retained(erased)
    return erased


def take_register(engine: Engine, config: Config, now: datetime) -> None:
    """Take the configured file of contracts if it has changed; mail is worked off whatever comes of it."""
    # Imported when there is one, since it brings a calendar and its holidays along.
    from processor.steps.contracts import take_contracts

    try:
        take_contracts(engine, config, now)
    except Exception as error:
        journal.step_failed("contracts", error)
