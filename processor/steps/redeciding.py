"""A mail decided anew by what a person says of it: the road of a mail from understanding on, with their word for ours.

What the world knew when the mail came stays as it was, but for the contracts, to which a corrected number leads.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.engine import Engine

from processor.config import Config
from processor.deciding.corrected import Correction, corrected, differing, whole
from processor.deciding.identity import reply_message_id
from processor.deciding.matching import asked
from processor.findings import Understanding
from processor.message import Extracted
from processor.pipeline import Read, conclude, read_mail
from processor.rulebook import Rulebook
from processor.store.contract_lookup import contracts_for
from processor.store.decided import Record
from processor.store.past import PastMail, past_mails
from processor.store.people import Person
from processor.store.redeciding import CannotCorrectError, Redecided, Standing, record_anew, standing_of
from processor.store.restoring import restored
from processor.store.transaction import reading
from processor.ticket import Context, Decision, Known, Level

GONE = "the mail is erased, so it cannot be decided anew"
NO_RULES = "the rules cannot be read just now"
NOTHING = "nothing is changed by it"
REASONS = (GONE, NO_RULES, NOTHING)


def understood(told: str, known: Sequence[str]) -> Understanding | None:
    """What is understood of a mail by now, with what its customer brought later; None for an erased one."""
    if not told:
        return None
    said = restored(Understanding, json.loads(told)["understanding"])
    later = [restored(Known, json.loads(each)).fields for each in known if each]
    return replace(said, fields=whole(said.fields, later))


def correct(
    engine: Engine,
    config: Config,
    rulebook: Rulebook | None,
    mail_id: int,
    said: Correction,
    seen: str,
    person: Person,
    now: datetime,
) -> Redecided:
    """Decide a mail anew by what a person says, and record it; CannotCorrectError, in words, where that cannot be.

    ``seen`` is how the mail stood when the person looked (``Standing.stamp``).
    """
    if rulebook is None:
        raise CannotCorrectError(NO_RULES)
    stored = next(iter(past_mails(engine, mail_id, mail_id, None, history=True)), None)
    if stored is None or stored.raw is None or not stored.told:
        raise CannotCorrectError(GONE)
    stands = standing_of(engine, mail_id)
    before = understood(stored.told, stands.known)
    if before is None:
        raise CannotCorrectError(GONE)
    changed = differing(before.fields, said.fields)
    types = tuple(each.type for each in before.requests)
    if not changed and said.types == types:
        raise CannotCorrectError(NOTHING)
    anew = _anew(engine, config, rulebook, stored, corrected(before, said), stands, now)
    return record_anew(engine, anew, stored.told, seen, (*(["types"] if said.types != types else []), *changed), person)


def _anew(
    engine: Engine,
    config: Config,
    rulebook: Rulebook,
    stored: PastMail,
    understanding: Understanding,
    stands: Standing,
    now: datetime,
) -> Record:
    message = read_mail(stored.raw or b"", lambda *_: Extracted())
    with reading(engine) as conn:
        (contracts,) = contracts_for(conn, [asked(message, understanding, rulebook.public_domains)])
    context = restored(Context, json.loads(stored.told)["context"])
    # A mail that continues an earlier one is not decided anew, so there is none to continue.
    context = replace(context, contracts=contracts, earlier=())
    decision: Decision = conclude(Read(message, understanding), context, rulebook)
    domain = config.smtp.from_address.rpartition("@")[2] if config.smtp else "processor.invalid"
    reply = decision.reply
    return Record(
        mail_id=stored.mail_id,
        ticket_no=stored.ticket_no,
        joins_ticket_id=stands.ticket_id,
        message=message,
        understanding=understanding,
        decision=decision,
        context=context,
        level=Level(stands.level) if stands.level else Level.DRAFT,
        stopped=True,
        reply_message_id=reply_message_id(config.key, message.letter, f"corrected/{now.isoformat()}", domain)
        if reply
        else "",
        sender_spec=message.sender.spec if message.sender else "",
        now=now,
        envelope_from=config.smtp.envelope_from if config.smtp else "",
    )
