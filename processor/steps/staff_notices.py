"""One step of telling staff what they asked to be told: a digest each working morning, and what is urgent.

Both go through the outbox.  What is urgent goes in one mail an hour at most, in no quiet hours, each action once;
nothing that our own addresses or those of the notices themselves wrote makes one, so that no robots tell each other.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Engine

from processor import journal
from processor.config import Config
from processor.deciding.identity import reply_message_id
from processor.deciding.staff_notice import Named, digest, urgent
from processor.deciding.staff_words import action_words
from processor.loading.catalog import saying
from processor.loading.escalation_settings import read_by_us
from processor.store.queue_page import View, counts, page
from processor.store.staff_notices import (
    DIGEST,
    URGENT,
    StaffLetter,
    Waiting,
    Wish,
    waiting,
    wishes,
    write_notice,
    written,
)

OSLO = ZoneInfo("Europe/Oslo")
MORNING, NOON = 7, 12
"""The digest leaves between these hours; one that a stop of the program delayed beyond is of no use."""
SOON = timedelta(hours=2)
OLDEST = timedelta(days=2)
"""What was due longer ago is told of in the digest alone: who turns this on is not told of years."""
MOST = 200


def tell_staff(engine: Engine, config: Config, now: datetime) -> int:
    """Write what is to be written now; how many mails it was."""
    if config.smtp is None:
        return 0
    wanted = [each for each in wishes(engine) if each.address.lower() not in read_by_us(config)]
    ours = {*read_by_us(config), *(each.address.lower() for each in wanted)}
    local = now.astimezone(OSLO)
    morning, done = is_morning(now), 0
    for wish in wanted:
        made = _digest(engine, config, wish, now) if morning and wish.digest else None
        done += bool(made and write_notice(engine, wish, made, now))
        made = _urgent(engine, config, wish, ours, now) if wish.urgent and not wish.quiet(local.hour) else None
        done += bool(made and write_notice(engine, wish, made, now))
    if done:
        journal.staff_told(done)
    return done


def is_morning(now: datetime) -> bool:
    """Whether it is the time of the digest: the morning of a working day in Oslo."""
    local = now.astimezone(OSLO)
    return local.weekday() < 5 and MORNING <= local.hour < NOON


def digest_for_all(engine: Engine, config: Config, language: str, now: datetime) -> tuple[str, str] | None:
    """Title and text of the digest for a chat, of all mailboxes; None where nothing waits."""
    found = {view.value: count for view, count in counts(engine, now).items()}
    if not any(found.values()):
        return None
    return digest(found, config.desk.address, language, personal=False)


def _digest(engine: Engine, config: Config, wish: Wish, now: datetime) -> StaffLetter | None:
    """The morning's mail; None once it was written, and where nothing waits."""
    name = f"digest/{wish.person.id}/{now.astimezone(OSLO):%Y-%m-%d}"
    message_id = _message_id(config, name)
    if written(engine, message_id):
        return None
    shown = page(engine, View.ALL, now, wish.person.id, limit=1, scope=wish.scope).rows
    if not shown:
        return None
    first = [
        Waiting(row.action_id or 0, row.ticket_id, row.ticket_no, row.action_kind, row.due or now) for row in shown
    ]
    found = counts(engine, now, wish.person.id, wish.scope)
    language = wish.language or "nb"
    subject, text = digest({view.value: count for view, count in found.items()}, config.desk.address, language)
    return _letter(config, DIGEST, subject, text, language, message_id, first)


def _urgent(engine: Engine, config: Config, wish: Wish, ours: Collection[str], now: datetime) -> StaffLetter | None:
    """One mail about all that has become urgent and was not told; None where there is nothing."""
    about = waiting(engine, wish, now + SOON, now - OLDEST, ours, MOST)
    if not about:
        return None
    language = wish.language or "nb"
    say = saying(language)
    named = [Named(each.ticket_no, action_words(each.kind, say), each.due) for each in about]
    subject, text = urgent(named, now, config.desk.address, language)
    message_id = _message_id(config, f"urgent/{wish.person.id}/{about[0].action_id}/{now.isoformat()}")
    return _letter(config, URGENT, subject, text, language, message_id, about)


def _letter(
    config: Config, kind: str, subject: str, text: str, language: str, message_id: str, about: list[Waiting]
) -> StaffLetter:
    envelope_from = config.smtp.envelope_from if config.smtp else ""
    return StaffLetter(kind, subject, text, language, message_id, envelope_from, about)


def _message_id(config: Config, name: str) -> str:
    domain = config.smtp.from_address.rpartition("@")[2] if config.smtp else ""
    return reply_message_id(config.key, "staff", name, domain)
