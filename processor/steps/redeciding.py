"""A mail decided anew by what a person says of it: the road of a mail from understanding on, with their word for ours.

What the world knew when the mail came stays as it was, but for the contracts, to which a corrected number leads.

An answer that completed a request stands in it: what is corrected of its fields is corrected in the request, so the
mail that this came with is decided anew.  Of an answer whose types are corrected, and of what repeats a request or
takes one back, all that it did to earlier items is taken back, and it is decided anew beside them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.engine import Engine

from processor.config import Config
from processor.deciding.corrected import Correction, corrected, differing, whole
from processor.deciding.identity import reply_message_id
from processor.deciding.matching import asked
from processor.findings import Request, Understanding
from processor.message import Extracted
from processor.pipeline import Read, conclude, read_mail
from processor.rulebook import Rulebook
from processor.store.contract_lookup import contracts_for
from processor.store.decided import Record
from processor.store.earlier import items_of_ticket
from processor.store.past import PastMail, past_mails
from processor.store.people import Person
from processor.store.recontinuing import continuing
from processor.store.redecidable import MIXED, SEVERAL, CannotCorrectError, Standing, overtaken, standing_of
from processor.store.redeciding import Anew, Redecided, record_anew, record_continuing
from processor.store.restoring import restored
from processor.store.transaction import reading
from processor.ticket import Context, Decision, Earlier, Known, Level

GONE = "the mail is erased, so it cannot be decided anew"
NO_RULES = "the rules cannot be read just now"
NOTHING = "nothing is changed by it"
REGISTER = "register"
"""What a correction changed where the person changed nothing, and the contract register is another."""
REASONS = (GONE, NO_RULES, NOTHING)


def understood(told: str, stands: Standing) -> Understanding | None:
    """What is understood of a mail by now, with what its customer brought later; None for an erased one.

    Of an answer that completed a request, it is the request as it stands now.
    """
    if not told:
        return None
    said = restored(Understanding, json.loads(told)["understanding"])
    known = [restored(Known, json.loads(each)) for each in stands.known if each]
    fields = [each.fields for each in known]
    if not stands.takes_up or not known:
        return replace(said, fields=whole(said.fields, fields))
    return replace(
        said,
        fields=whole(fields[0], fields[1:]),
        role=known[0].role,
        topics=known[0].topics,
        requests=tuple(Request(each, 1.0) for each in stands.takes_up),
    )


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
    stored = _stored(engine, mail_id)
    stands = standing_of(engine, mail_id)
    before = understood(stored.told, stands)
    if before is None:
        raise CannotCorrectError(GONE)
    changed = differing(before.fields, said.fields)
    types = tuple(each.type for each in before.requests)
    about = _About(engine, config, rulebook, person, now)
    if not changed and said.types == types:
        if stands.hows or not _register_changed(about, stored, before):
            raise CannotCorrectError(NOTHING)
        changed = (REGISTER,)
    if stands.takes_up and said.types == types:
        return _in_its_request(about, stands, said, seen)
    if "completes" in stands.hows and said.types == types:
        raise CannotCorrectError(MIXED)
    what = (*(["types"] if said.types != types else []), *changed)
    if stands.hows:
        return _beside(about, stored, stands, corrected(before, said), what, seen)
    anew = _anew(about, stored, corrected(before, said), stands)
    return record_anew(engine, anew, stored.told, seen, what, person)


@dataclass(frozen=True, slots=True)
class _About:
    """Who corrects, when, and by what."""

    engine: Engine
    config: Config
    rulebook: Rulebook
    person: Person
    now: datetime


def _in_its_request(about: _About, stands: Standing, said: Correction, seen: str) -> Redecided:
    """Decide the mail anew with which the request came that this answer completed."""
    if not stands.first:
        raise CannotCorrectError(SEVERAL)
    if stands.stamp != seen:
        raise overtaken(about.engine, stands.ticket_id)
    first = _stored(about.engine, stands.first)
    there = standing_of(about.engine, stands.first)
    before = understood(first.told, there)
    types = tuple(each.type for each in before.requests) if before else said.types
    anew = replace(said, types=types)
    return correct(about.engine, about.config, about.rulebook, stands.first, anew, there.stamp, about.person, about.now)


def _register_changed(about: _About, stored: PastMail, before: Understanding) -> bool:
    """Whether the contract register knows otherwise by now than when the mail was decided."""
    message = read_mail(stored.raw or b"", lambda *_: Extracted())
    with reading(about.engine) as conn:
        (contracts,) = contracts_for(conn, [asked(message, before, about.rulebook.public_domains)])
    knew = restored(Context, json.loads(stored.told)["context"]).contracts
    return set(contracts) != set(knew)


def _beside(
    about: _About, stored: PastMail, stands: Standing, said: Understanding, what: tuple[str, ...], seen: str
) -> Redecided:
    """Decide a mail anew beside the items that it continued, from which all that it did is taken back first."""
    was = restored(Decision, json.loads(stored.told)["decision"])
    knew = {each.item_id: each for each in restored(Context, json.loads(stored.told)["context"]).earlier}
    with reading(about.engine) as conn:
        found = continuing(conn, stored.mail_id)
        there = [each.item for each in items_of_ticket(conn, stands.ticket_id)]
    completed = {each.first for each in found if each.how == "completes"}
    earlier = tuple(each for each in there if each.item_id in knew)
    if "types" in what:
        # A person has said what it is, so it is not taken for an answer to what was asked.
        before = {each: knew[each].known for each in completed if each in knew}
        earlier = tuple(replace(each, known=before.get(each.item_id, each.known), asks=()) for each in earlier)
    firsts = []
    for mail_id in sorted({each.mail_id for each in found if each.how == "completes"}):
        of_mail = [each.first for each in found if each.mail_id == mail_id and each.how == "completes"]
        firsts.append(_without(about, mail_id, [knew[each].known for each in of_mail if each in knew]))
    anew = Anew(_anew(about, stored, said, stands, earlier), stored.told, what)
    return record_continuing(about.engine, anew, seen, firsts, was, about.person)


def _without(about: _About, mail_id: int, knew: Sequence[Known]) -> Anew:
    """A mail as it is decided with what was known of its request before an answer completed it."""
    stored, stands = _stored(about.engine, mail_id), standing_of(about.engine, mail_id)
    said = restored(Understanding, json.loads(stored.told)["understanding"])
    before = understood(stored.told, stands)
    said = replace(said, fields=whole(said.fields, [each.fields for each in knew]))
    changed = differing(before.fields, said.fields) if before else ()
    return Anew(_anew(about, stored, said, stands), stored.told, changed)


def _stored(engine: Engine, mail_id: int) -> PastMail:
    found = next(iter(past_mails(engine, mail_id, mail_id, None, history=True)), None)
    if found is None or found.raw is None or not found.told:
        raise CannotCorrectError(GONE)
    return found


def _anew(
    about: _About,
    stored: PastMail,
    understanding: Understanding,
    stands: Standing,
    earlier: tuple[Earlier, ...] = (),
) -> Record:
    config, now = about.config, about.now
    message = read_mail(stored.raw or b"", lambda *_: Extracted())
    with reading(about.engine) as conn:
        (contracts,) = contracts_for(conn, [asked(message, understanding, about.rulebook.public_domains)])
    context = restored(Context, json.loads(stored.told)["context"])
    # What the mail may continue is what there is of it now; a request that continues nothing stays so.
    context = replace(context, contracts=contracts, earlier=earlier)
    decision: Decision = conclude(Read(message, understanding), context, about.rulebook)
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
