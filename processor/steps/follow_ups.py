"""One step of reminding: customers are told what we still lack, as often as the rule says and no oftener.

It goes by the same guards, levels and limits as every other reply, and only while nothing lies unread:
an answer that we have not looked at would make us look foolish.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.engine import Engine

from processor import journal
from processor.config import Config
from processor.deciding.answerable import objection
from processor.deciding.calendar import morning
from processor.deciding.case import Case
from processor.deciding.compose import Part, compose
from processor.deciding.identity import reply_message_id
from processor.rulebook import FollowUp, RenderError, Row, Rulebook
from processor.steps.letters import CannotError, case_of
from processor.store.confirming import about_item
from processor.store.context import replies_lately
from processor.store.follow_ups import (
    Due,
    DueItem,
    Reminder,
    Standing,
    backlog,
    due_follow_ups,
    end_reminding,
    write_reminder,
)
from processor.store.levels import TypeLevel, levels, lowest

TEMPLATE = "general/follow_up"
UNREAD = timedelta(minutes=10)
LOOK_AGAIN = timedelta(hours=12)
LIMIT = "limit_"


def follow_up(engine: Engine, rulebook: Rulebook, config: Config, now: datetime, limit: int = 50) -> int:
    """Write the reminders whose time has come; how many were written."""
    due = due_follow_ups(engine, now, limit)
    polls = [timedelta(seconds=3 * each.poll_seconds) for each in config.mailboxes]
    if not due or backlog(engine, now - max(UNREAD, *polls), [each.name for each in config.mailboxes]):
        return 0
    in_force = levels(engine, {name: config.levels.get(name, config.level) for name in ("general", *rulebook.types)})
    return sum(_one(engine, rulebook, config, each, in_force, now) for each in due)


def _one(
    engine: Engine, rulebook: Rulebook, config: Config, due: Due, in_force: Mapping[str, TypeLevel], now: datetime
) -> bool:
    if due.standing != Standing.NOW:
        at = now + LOOK_AGAIN if due.standing == Standing.LATER else None
        end_reminding(engine, due, "answered, settled or not arrived", at, now)
        return False
    rows = {row.name: row for kind in rulebook.types.values() for row in kind.rows}
    allowed = [each for each in due.items if (rule := _rule(rows, each)) and each.followed_up < rule.most]
    try:
        if not allowed:
            raise CannotError("the rule asks for none, or for no more")
        reminder, case = _reminder(engine, rulebook, config, allowed, due.ticket_id, now)
    except CannotError as cannot:
        end_reminding(engine, due, str(cannot), None, now)
        return False
    level = lowest(in_force, {each.type for each in due.items}, case.context.arrival)
    written = write_reminder(engine, due, replace(reminder, level=level), _again(rows, allowed, now), now)
    if written:
        journal.follow_up_written(case.context.ticket_no)
    return written is not None


def _reminder(
    engine: Engine, rulebook: Rulebook, config: Config, items: Sequence[DueItem], ticket_id: int, now: datetime
) -> tuple[Reminder, Case]:
    """The letter and its case; raises CannotError where a guard forbids it or nothing is lacking."""
    first = items[0]
    about = about_item(engine, first.item_id)
    if about is None:
        raise CannotError("there is no such item")
    case = _as_of_today(case_of(about, rulebook), engine, config, ticket_id, now)
    forbidden = objection(case)
    if forbidden and not forbidden.guard.startswith(LIMIT):
        raise CannotError(forbidden.why)
    asks = tuple(dict.fromkeys(ask for each in items for ask in each.asks))
    row = Row(TEMPLATE, "", lambda _: True, TEMPLATE, "question", (), asks)
    try:
        reply = compose([Part(row)], case)
    except RenderError as error:
        raise CannotError(f"the letter cannot be made: {error}") from error
    smtp = config.smtp
    domain = smtp.from_address.rpartition("@")[2] if smtp else "processor.invalid"
    name = f"follow_up/{first.type}/{first.org_no}/{first.followed_up + 1}"
    reminder = Reminder(
        reply=reply,
        message_id=reply_message_id(config.key, case.message.letter, name, domain),
        envelope_from=smtp.envelope_from if smtp else "",
        leave_before=now + timedelta(hours=config.answer_within_hours),
        hold=f"limit: {forbidden.why}" if forbidden else "",
    )
    return reminder, case


def _as_of_today(case: Case, engine: Engine, config: Config, ticket_id: int, now: datetime) -> Case:
    """The case with today's counts of replies; the mail's age is no objection to a reminder."""
    sender = case.message.sender
    counts = replies_lately(engine, sender.spec if sender else "", ticket_id, now)
    context = replace(
        case.context,
        now=case.context.arrival,
        replies_to_sender=counts.to_sender,
        replies_in_thread=counts.in_thread,
        replies_in_all=counts.in_all,
        limits=config.limits,
    )
    return replace(case, context=context)


def _rule(rows: Mapping[str, Row], item: DueItem) -> FollowUp | None:
    row = rows.get(item.rule)
    return row.follow_up if row and item.asks else None


def _again(rows: Mapping[str, Row], items: Sequence[DueItem], now: datetime) -> datetime | None:
    """When to remind again, None if that was the last time."""
    rules = [(each, _rule(rows, each)) for each in items]
    days = [rule.days for each, rule in rules if rule and each.followed_up + 1 < rule.most]
    return morning(now, min(days)) if days else None
