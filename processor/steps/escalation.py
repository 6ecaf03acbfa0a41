"""One step of escalating: who was named in [[escalation]] gets one mail for each open action and level.

It goes through the same outbox as every letter.  Whatever comes back from it (an answer, a mail that was forwarded
into our own mailbox) is never escalated itself, so that no two robots tell each other for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy.engine import Engine

from processor import journal
from processor.config import Config, Escalation
from processor.deciding.escalation import Overdue, letter_to_staff
from processor.deciding.identity import reply_message_id
from processor.deciding.staff_words import action_words
from processor.loading.catalog import saying
from processor.store.escalations import OpenAction, StaffMail, open_actions, told_already, write_to_staff

OLDEST = timedelta(days=7)
"""A level that was reached longer ago is not told of any more: who turns this on is not told of years."""


def escalate(engine: Engine, config: Config, now: datetime) -> int:
    """Write to staff of each action that has reached a level; how many mails were written."""
    if not config.escalations or config.smtp is None:
        return 0
    ours = {*config.own_addresses, config.smtp.from_address.lower(), *(each.to.lower() for each in config.escalations)}
    written = 0
    for to, levels in _by_address(config.escalations):
        first, last = levels[0].after, levels[-1].after
        for action in open_actions(engine, now - last - OLDEST, now - first, ours):
            mail = _mail(action, to, levels, config, now)
            if mail and not told_already(engine, mail.known_as) and write_to_staff(engine, action, mail, now):
                journal.action_escalated(action.ticket_no, action.kind)
                written += 1
    return written


def _by_address(escalations: Sequence[Escalation]) -> list[tuple[str, list[Escalation]]]:
    """Each address with its levels, the earliest first."""
    ordered = sorted(escalations, key=lambda each: (each.to, each.after))
    return [(to, list(each)) for to, each in groupby(ordered, key=lambda each: each.to)]


def _mail(action: OpenAction, to: str, levels: Sequence[Escalation], config: Config, now: datetime) -> StaffMail | None:
    """The mail about the highest level that was reached; after an outage, the lower ones are not told any more."""
    reached = [each for each in levels if action.due + each.after <= now < action.due + each.after + OLDEST]
    if not reached or config.smtp is None:
        return None
    highest = levels.index(reached[-1])
    domain = config.smtp.from_address.rpartition("@")[2]
    names = [f"escalation/{action.action_id}/{to}/{each.after.total_seconds():.0f}" for each in levels[highest:]]
    ids = tuple(reply_message_id(config.key, action.ticket_no, name, domain) for name in names)
    language = reached[-1].language
    what = action_words(action.kind, saying(language))
    overdue = Overdue(action.action_id, action.ticket_no, what, action.needs, action.due)
    subject, text = letter_to_staff(overdue, now, language)
    return StaffMail(to, subject, text, ids[0], ids, config.smtp.envelope_from)
