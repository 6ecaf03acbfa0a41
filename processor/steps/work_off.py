"""One step of the second commit: kept mails are understood, decided and recorded, a batch at a time.

A mail that breaks the program (a bug of ours, since reading and deciding are total) is set aside
with its traceback, and the rest of the batch goes on.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from processor.config import Config
from processor.deciding.identity import reply_message_id
from processor.extracting.of_message import Extract
from processor.findings import Understanding
from processor.message import Message
from processor.pipeline import Read, conclude, read_mail, understood
from processor.rulebook import Rulebook
from processor.steps.authenticating import Verify, unverified
from processor.steps.bounces import note_bounce
from processor.steps.lookups import LookUp, no_lookups
from processor.steps.scanning import ScanMails, unasked
from processor.steps.surroundings import Surroundings
from processor.store.by_hand import BY_HAND
from processor.store.decided import NumberTakenError, OvertakenRequestError, Record, Recorded
from processor.store.levels import TypeLevel, levels, lowest
from processor.store.record import record
from processor.store.switch import stopped
from processor.store.transaction import reading
from processor.store.watermarks import first_start
from processor.store.work import Pending, give_back, pending, set_aside
from processor.ticket import Context, Decision, Level

Made = TypeVar("Made")

# Faults of the mail or of our code, not of the world: the world's are raised and tried again.
UNRECORDABLE = (NumberTakenError, ValueError, TypeError, KeyError, IntegrityError, DataError)


@dataclass(frozen=True, slots=True)
class Decided:
    """A mail of the batch with all that was found out about it."""

    pending: Pending
    message: Message
    understanding: Understanding
    context: Context
    decision: Decision
    recorded: Recorded


def work_off(
    engine: Engine,
    rulebook: Rulebook,
    config: Config,
    worker: str,
    clock: Callable[[], datetime],
    extract: Extract,
    limit: int = 50,
    look_up: LookUp = no_lookups,
    verify: Verify = unverified,
    scan: ScanMails = unasked,
) -> tuple[int, list[Decided]]:
    """Claim up to ``limit`` kept mails, decide and record them in one commit; ``extract`` reads their files
    and ``look_up`` asks outside registers about them; ``verify`` checks their signatures, ``scan`` shows their files
    to a virus scanner.

    Returns how many were claimed (0: nothing waits) and those that were decided.
    """
    now = clock()
    claimed = pending(engine, limit, worker, now)
    try:
        return len(claimed), _work_off(engine, rulebook, config, worker, claimed, extract, (look_up, verify, scan), now)
    except (SQLAlchemyError, OSError):
        # The world failed (a locked or full database), not the mails: they are not counted as tried.
        with suppress(Exception):
            give_back(engine, [mail.mail_id for mail in claimed], worker)
        raise


def _work_off(
    engine: Engine,
    rulebook: Rulebook,
    config: Config,
    worker: str,
    claimed: Sequence[Pending],
    extract: Extract,
    world: tuple[LookUp, Verify, ScanMails],
    now: datetime,
) -> list[Decided]:
    # All go from room to room together: a room's code and tables stay in the processor's cache.
    read = _sound(engine, claimed, [_read(mail, extract) for mail in claimed], now)
    found = _sound(engine, [mail for mail, _ in read], understood([each for _, each in read], rulebook), now)
    if not found:
        return []
    # Before a connection is held, since registers may take their time.
    look_up, verify, scan = world
    raws = [(mail.raw, each.message) for mail, each in found]
    signed, scanned = verify(raws), scan(raws)
    starts = {account: first_start(engine, account, now) for account in {mail.account for mail, _ in found}}
    messages, understandings = [each.message for _, each in found], [each.understanding for _, each in found]

    def surroundings_on(connection: Connection) -> Surroundings:
        return Surroundings(connection, rulebook, config, messages, starts, now, understandings, signed)

    if look_up is no_lookups:
        asked = look_up(understandings)
    else:
        asked = look_up(_with_what_they_complete(engine, found, surroundings_on))
    decided: list[tuple[Pending, Read, Context, Decision, Record]] = []
    waiting: list[int] = []
    with reading(engine) as connection:
        in_force = levels(connection, _defaults(rulebook, config))
        stop = stopped(connection)
        surroundings = surroundings_on(connection)
        for (mail, each), told, scan_of in zip(found, asked, scanned, strict=True):
            if surroundings.conversation.must_wait(each.message, each.understanding):
                waiting.append(mail.mail_id)
                continue
            try:
                context, joins = surroundings.of(mail, each.message, told, scan_of)
                decision = conclude(each, context, rulebook)
            except Exception:
                set_aside(engine, mail.mail_id, traceback.format_exc(limit=-8), now)
                continue
            surroundings.conversation.note(each.message, decision)
            if decision.reply:
                surroundings.note_reply(each.message)
            level = _level(decision, in_force, mail.arrival_time)
            made = _record(mail, each, context, decision, joins, level, stop, surroundings)
            decided.append((mail, each, context, decision, made))
    for _, each, *_ in decided:
        if each.understanding.automatic == "bounce":
            note_bounce(engine, each.message, now)
    recorded = _commit(engine, [made for *_, made in decided], worker, now)
    give_back(engine, waiting, worker)
    return [
        Decided(mail, each.message, each.understanding, context, decision, done)
        for (mail, each, context, decision, _), done in zip(decided, recorded, strict=True)
        if done is not None
    ]


def _with_what_they_complete(
    engine: Engine, found: Sequence[tuple[Pending, Read]], surroundings_on: Callable[[Connection], Surroundings]
) -> list[Understanding]:
    """What is asked about: a number that an answer brings stands for the notice that lacked it (domain.md R08)."""
    whole = [each.understanding for _, each in found]
    answers = [n for n, (_, each) in enumerate(found) if each.message.in_reply_to or each.message.references]
    if not answers:
        return whole
    with reading(engine) as connection:
        surroundings = surroundings_on(connection)
        for n in answers:
            mail, each = found[n]
            # What breaks here breaks again where it is decided, and is set aside there.
            with suppress(ValueError, TypeError, KeyError):
                whole[n] = surroundings.whole_of(mail, each.message)
    return whole


def _commit(engine: Engine, records: list[Record], worker: str, now: datetime) -> list[Recorded | None]:
    """Record a batch in one commit; if one of it cannot be recorded, each alone, and that one is set aside."""
    try:
        return list(record(engine, records))
    except (*UNRECORDABLE, OvertakenRequestError):
        return [_commit_one(engine, each, worker, now) for each in records]


def _commit_one(engine: Engine, made: Record, worker: str, now: datetime) -> Recorded | None:
    try:
        return record(engine, [made])[0]
    except OvertakenRequestError:
        # Decided anew at the next pass, it sees what it repeats.
        give_back(engine, [made.mail_id], worker)
        return None
    except UNRECORDABLE:
        set_aside(engine, made.mail_id, traceback.format_exc(limit=-8), now)
        return None


def _read(mail: Pending, extract: Extract) -> Message | Exception:
    try:
        message = read_mail(mail.raw, extract)
    except Exception as fault:
        return fault
    # No server of ours vouches for the headers of what a person brought.
    return replace(message, authentication=()) if mail.folder == BY_HAND else message


def _sound(
    engine: Engine, mails: Sequence[Pending], made: Sequence[Made | Exception], now: datetime
) -> list[tuple[Pending, Made]]:
    """The mails with what was made of them, but for those that broke the program: these are set aside."""
    sound: list[tuple[Pending, Made]] = []
    for mail, each in zip(mails, made, strict=True):
        if isinstance(each, Exception):
            set_aside(engine, mail.mail_id, "".join(traceback.format_exception(each, limit=-8)), now)
        else:
            sound.append((mail, each))
    return sound


def _record(
    mail: Pending,
    read: Read,
    context: Context,
    decision: Decision,
    joins: int | None,
    level: Level,
    stop: bool,
    surroundings: Surroundings,
) -> Record:
    message, reply, config = read.message, decision.reply, surroundings.config
    domain = config.smtp.from_address.rpartition("@")[2] if config.smtp else "processor.invalid"
    return Record(
        mail_id=mail.mail_id,
        ticket_no=context.ticket_no,
        joins_ticket_id=joins,
        message=message,
        understanding=read.understanding,
        decision=decision,
        context=context,
        level=level,
        stopped=stop,
        envelope_from=config.smtp.envelope_from if config.smtp else "",
        reply_message_id=reply_message_id(config.key, message.letter, reply.kind, domain) if reply else "",
        sender_spec=message.sender.spec if message.sender else "",
        now=context.now,
        leave_before=context.arrival + timedelta(hours=config.answer_within_hours),
        looked=surroundings.conversation.looked(message, decision),
        reply_domain=surroundings.circle(message),
    )


def _defaults(rulebook: Rulebook, config: Config) -> dict[str, Level]:
    return {name: config.levels.get(name, config.level) for name in ("general", *rulebook.types)}


def _level(decision: Decision, in_force: Mapping[str, TypeLevel], arrival: datetime) -> Level:
    """The lowest level among the mail's items; a mail in review goes by the level of ``general``."""
    names = [item.type for item in decision.items] or ["general"]
    if decision.outcome == "review":
        names.append("general")
    return lowest(in_force, names, arrival)
