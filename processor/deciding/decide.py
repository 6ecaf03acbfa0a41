"""Choose what to do about a mail; the last pure step of the road.

Guards come first and cannot be switched off; then the rows of each request's rules file, from top
to bottom like a checklist; then the letter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from processor.deciding.accounts import accounts, deadline_of
from processor.deciding.answerable import addressed, objection
from processor.deciding.authenticity import judge
from processor.deciding.authority import with_authority
from processor.deciding.case import Case
from processor.deciding.completing import completed
from processor.deciding.compose import compose, fallback, neutral
from processor.deciding.conversation import continued, first_arrival, in_sentences, letter_parts
from processor.deciding.doubts import HELD, UNREAD, doubts
from processor.deciding.invoice_objection import reasons
from processor.deciding.items import Matched, make_items, match, without_known
from processor.deciding.lookalike import held_by_likeness
from processor.deciding.looked_up import held_by_register
from processor.deciding.staff_words import customers_in_words
from processor.findings import Understanding
from processor.message import Message
from processor.rulebook import RenderError, Rulebook
from processor.ticket import Context, Decision, Outcome, Reply

FAILED = "The letter could not be made"
SILENT_MOST = 0.05
"""A mail in review gets the neutral receipt only below this chance of being automatic or plain thanks."""
NOTICE_LEAST = 0.02
"""From this chance on, a mail that would be ignored is shown to a person: a lost notice costs a year."""
RIVAL_LEAST = 0.3
"""From this chance on, a type that was not taken is too near to the one that was."""
GRAVE_RIVAL_LEAST = 0.05
"""The same for the type of greatest consequence."""
UNSAFE = {"from_repeated", "from_several", "from_missing", "from_group", "address_in_name", "structure_refused"}
"""Defects after which nothing may be done without a person (threats T06, T07, T55)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How sure we are, with the reasons in sentences."""

    outcome: Outcome
    because: tuple[str, ...]


def decide(message: Message, understanding: Understanding, context: Context, rulebook: Rulebook) -> Decision:
    """Choose what to do about a mail; touch nothing.

    The first row of the request type's table that holds wins, so a rules file reads from top to
    bottom.  No row holding is not an error: the ticket waits for a person, since a wrong answer
    costs more than a late one.
    """
    own = _own(rulebook.own_addresses, context.own_addresses)
    provenance = judge(message, context.authserv_ids, own, context.signatures)
    understanding = with_authority(message, understanding, rulebook)
    flags = doubts(message, understanding, context, rulebook)
    if flags != understanding.flags:
        understanding = replace(understanding, flags=flags)
    case = completed(Case(message, understanding, provenance, context, rulebook, own))
    found = accounts(case)
    deadline = deadline_of(found)
    matched = without_known(match(case, deadline), found, case)
    case = first_arrival(matched, case)
    verdict = _verdict(case, matched)
    warnings = _warnings(case)
    if no := objection(case):
        reply, withheld, why = None, no.guard, f"No reply leaves, since {no.why}."
    else:
        reply, withheld, why = _reply(case, verdict, matched)
    if withheld == "render" or why.startswith(FAILED):
        warnings += ("render_failed",)
    items = continued(make_items(matched, case, found), matched, case, reply)
    return Decision(
        outcome=verdict.outcome,
        rule=_rule(case.understanding, matched),
        because=(
            *verdict.because,
            *in_sentences(items),
            *_objected(case.understanding),
            *filter(None, (_apart(context), why, fallback(reply, case))),
            *customers_in_words(found),
        ),
        provenance=provenance,
        items=items,
        deadline=deadline,
        reply=reply,
        withheld=withheld,
        warnings=warnings,
        fields=case.understanding.fields,
        version=rulebook.version,
    )


@lru_cache(maxsize=16)
def _own(rules: frozenset[str], context: tuple[str, ...]) -> frozenset[str]:
    return rules | {address.lower() for address in context}


def _apart(context: Context) -> str:
    number = context.may_belong_to
    return f"It names our case {number}, and may belong there; who wrote it may not join it." if number else ""


def _objected(understanding: Understanding) -> tuple[str, ...]:
    said = reasons(understanding.topics)
    return (f"The invoice is objected to: {', '.join(said)}.",) if said else ()


def _rule(understanding: Understanding, matched: tuple[Matched, ...]) -> str:
    if understanding.automatic:
        return f"automatic/{understanding.automatic}"
    main = next((each.row for each in matched if each.row), None)
    return main.name if main else ""


def _verdict(case: Case, matched: tuple[Matched, ...]) -> Verdict:
    understanding, rulebook = case.understanding, case.rulebook
    evidence = _evidence(understanding)
    silent = understanding.automatic or [r.type for r in understanding.requests] == ["no_action"]
    doubt = [
        *_unsure(understanding, rulebook),
        *(_unread(case) if silent else _unsafe(case)),
        *(f"No row of {each.request.type} holds." for each in matched if each.row is None),
    ]
    if silent and not doubt and dict(understanding.chances).get(_gravest(rulebook), 0.0) >= NOTICE_LEAST:
        doubt.append("It may be a notice after all.")
    if doubt:
        return Verdict("review", (*evidence, *doubt))
    if silent:
        return Verdict("ignore", evidence)
    rows = tuple(f"Rule {each.row.name} holds: {each.row.when}." for each in matched if each.row)
    return Verdict("answer", (*evidence, *rows, f"The sender is {case.provenance.result}: {case.provenance.why}."))


def _evidence(understanding: Understanding) -> tuple[str, ...]:
    if understanding.automatic:
        return (f"The mail is automatic: {understanding.automatic}.",)
    found = []
    for request in understanding.requests:
        words = ", ".join(f"“{each.text}”" for each in request.evidence[:3] if each.text)
        found.append(f"{request.type} at {_percent(request.confidence)}" + (f", by {words}." if words else "."))
    return tuple(found)


def _unsure(understanding: Understanding, rulebook: Rulebook) -> list[str]:
    """Requests below their threshold, and types too near to them."""
    if kind := understanding.automatic:
        least = rulebook.model.answer_from.get(kind, 0.0) if rulebook.model else 0.0
        chance = dict(understanding.chances).get(kind, 0.0)
        return [f"{kind} is not sure enough: {chance:.1%}, and {least:.1%} is asked."] if chance < least else []
    if not understanding.requests:
        return ["Nothing that we know was found in the mail."]
    said = []
    for request in understanding.requests:
        known = rulebook.types.get(request.type)
        least = known.answer_from if known else 1.0
        if request.confidence < least:
            said.append(f"{request.type} is not sure enough: {request.confidence:.1%}, and {least:.1%} is asked.")
    taken = {request.type for request in understanding.requests}
    for label, chance in understanding.chances:
        if chance < GRAVE_RIVAL_LEAST:
            # The best stand first, and most are next to nothing.
            break
        if label in taken or label not in rulebook.types:
            continue
        if chance >= RIVAL_LEAST or label == _gravest(rulebook):
            said.append(f"It may also be {label}: {chance:.0%}.")
    # Nobody is answered whose second request may be overlooked.
    return said + [f"It may ask for {name} too: {chance:.0%}." for name, chance in understanding.perhaps]


def _unsafe(case: Case) -> list[str]:
    said = [f"The mail is faulty: {defect.code}." for defect in case.message.defects if defect.code in UNSAFE]
    result = case.provenance.result
    if result == "forged":
        said.append(f"The sender is forged: {case.provenance.why}.")
    elif case.context.powers.of(result).review:
        said.append(f"A person looks at all mail whose sender is {result}.")
    if case.context.junk:
        said.append("The mail lay in the junk folder.")
    said += held_by_register(case) + held_by_likeness(case)
    return said + [f"{HELD[flag]}." for flag in case.understanding.flags if flag in HELD]


def _unread(case: Case) -> list[str]:
    """Thanks, or a scanner's mail that looks automatic, may hold a notice in a file that nobody has read."""
    if case.understanding.automatic not in (None, "auto_reply"):
        return []
    return [f"{UNREAD[flag]}." for flag in case.understanding.flags if flag in UNREAD]


def _gravest(rulebook: Rulebook) -> str:
    """The request type of greatest consequence, whose chances are never thrown away."""
    return min(rulebook.types.values(), key=lambda each: each.rank).name


def _warnings(case: Case) -> tuple[str, ...]:
    """Codes of what would surprise a person who acts on the mail."""
    message, result, flag = case.message, case.provenance.result, case.context.arrival_flag
    reply_to = {address.spec.lower() for address in message.reply_to}
    sender = message.sender.spec.lower() if message.sender else ""
    return (
        *([f"{result}_sender"] if result != "proven" else []),
        *(["reply_to_elsewhere"] if reply_to - {sender} else []),
        *([] if addressed(message, case.own_addresses) else ["not_addressed"]),
        *([flag] if flag else []),
        *(["arrived_in_outage"] if case.context.outage_hours else []),
    )


def _reply(case: Case, verdict: Verdict, matched: tuple[Matched, ...]) -> tuple[Reply | None, str, str]:
    """The reply that no guard forbids, else what withheld it; with the reason in a sentence."""
    silent = case.understanding.silent
    parts = letter_parts(matched, case)
    if verdict.outcome == "review" and silent >= SILENT_MOST:
        return None, "silent", f"No reply leaves, since it may need none: {silent:.0%}."
    if verdict.outcome == "review":
        return *_neutral(case), "In review, only the neutral receipt leaves."
    if not parts:
        return None, "no_reply", "The rule has no reply."
    if case.provenance.result != "proven":
        return *_neutral(case), "The sender is not proven, so only the neutral receipt leaves."
    if case.context.powers.proven.reply != "all":
        return *_neutral(case), "The table [provenance] lets only the neutral receipt leave."
    try:
        return compose(parts, case), "", ""
    except RenderError as error:
        return *_neutral(case), f"{FAILED}, so only the neutral receipt leaves: {error}."


def _neutral(case: Case) -> tuple[Reply | None, str]:
    try:
        return neutral(case), ""
    except RenderError:
        return None, "render"


def _percent(chance: float) -> str:
    """In per cent, never rounded up: nobody is certain, and 99.6 is not 100."""
    return f"{int(chance * 1000) / 10:g}%"
