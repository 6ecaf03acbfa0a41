"""What a mail continues: it completes what an earlier one lacked, repeats a notice, or takes one back.

``Context.earlier`` holds what it may continue.  The shell puts there only what a proven sender may join
(design.md, who wrote this), so whatever stands there may be changed by this mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from processor.deciding.authority import power_of_attorney
from processor.deciding.calendar import OSLO, morning
from processor.deciding.case import Case
from processor.deciding.completing import OWN_LEAST, other_company
from processor.deciding.compose import NEUTRAL, Part
from processor.deciding.items import Matched
from processor.deciding.lacking import lacking, unsaid
from processor.findings import Understanding
from processor.rulebook import RequestType, Row, Rulebook
from processor.ticket import Earlier, Item, Reply

COMPLETED = "general/completed"


def sought(understanding: Understanding, rulebook: Rulebook) -> frozenset[str]:
    """The types of earlier requests that this mail may repeat or take back, wherever they lie."""
    found = set()
    for request in understanding.requests:
        kind = rulebook.types.get(request.type)
        if kind and request.confidence >= OWN_LEAST:
            found |= ({kind.name} if kind.repeated else set()) | ({kind.withdraws} if kind.withdraws else set())
    return frozenset(found)


def meant(earlier: Sequence[Earlier], understanding: Understanding, rulebook: Rulebook) -> tuple[Earlier, ...]:
    """Those earlier requests that the mail repeats or takes back."""
    found = {}
    for request in understanding.requests:
        for org_no in understanding.fields.org_no or ("",):
            for each in earlier:
                if _continues(each, request.type, org_no, understanding, rulebook):
                    found[each.item_id] = each
    return tuple(found.values())


def letter_parts(matched: Sequence[Matched], case: Case) -> list[Part]:
    """One part for each template, the main request's first; what continues an earlier mail has its own."""
    parts: dict[str, Part] = {}
    for each in matched:
        row = _row(each, case)
        if row and row.reply:
            parts.setdefault(row.reply, Part(row, each.org_nos))
    return list(parts.values())


def first_arrival(matched: Sequence[Matched], case: Case) -> Case:
    """The case with the first notice's arrival as ``since`` where the mail only repeats it."""
    again = [_repeated(each, case) for each in matched]
    firsts = [earlier for found in again for earlier in found]
    if case.since or not firsts or not all(again):
        return case
    return replace(case, since=min(each.arrival for each in firsts))


def continued(items: Sequence[Item], matched: Sequence[Matched], case: Case, reply: Reply | None) -> tuple[Item, ...]:
    """The items with what they continue, and when the customer is reminded of what they lack."""
    rows = {each.row.name: each.row for each in matched if each.row}
    return tuple(_continued(each, rows.get(each.rule), case, reply) for each in items)


def in_sentences(items: Sequence[Item]) -> tuple[str, ...]:
    """What was continued, for the reasons of a decision."""
    words = {"completes": "brings what an earlier mail lacked", "repeats": "repeats an earlier request, and joins it"}
    words["withdraws"] = "takes an earlier request back, which is held until a person has decided"
    words["may_withdraw"] = (
        "may take an earlier request back; that is not sure enough to hold it, so a person looks at both"
    )
    return tuple(f"{each.type} {each.org_no}".strip() + f" {words[each.how]}." for each in items if each.how)


def _continued(item: Item, row: Row | None, case: Case, reply: Reply | None) -> Item:
    understanding = case.understanding
    asks = lacking(row.asks, case) if row and row.asks and reply and reply.template != NEUTRAL else ()
    if asks:
        item = replace(item, asks=asks)
    if first := next((each for each in case.completes if each.type == item.type and _same(each, item)), None):
        adds = {"completed": _moment(case.context.arrival), **_differs(first, case)}
        return replace(item, how="completes", continues=(first.item_id,), adds=adds, arrival=first.arrival)
    found = [
        each
        for each in case.context.earlier
        if _continues(each, item.type, item.org_no, understanding, case.rulebook, item.rule)
    ]
    kind = case.rulebook.types.get(item.type)
    if kind and kind.withdraws and found:
        return _withdrawing(item, found, case)
    if kind and kind.repeated and found:
        return _repeating(item, found, row if asks else None, case)
    if row and row.follow_up and asks:
        return replace(item, follow_up_at=morning(case.context.arrival, row.follow_up.days))
    return item


def _repeating(item: Item, found: Sequence[Earlier], asking: Row | None, case: Case) -> Item:
    """The item as it joins the first one; ``asks`` is what both together still lack, and the letter asks for."""
    sure = _sure(item.confidence, case.rulebook.types[item.type])
    first = next((each for each in found if sure and each.open and each.in_ticket), None)
    if first is None:
        return _with_facts(item, {"already": "; ".join(filter(None, (each.stands for each in found)))})
    adds = {
        "second_notice": f"{_moment(case.context.arrival)} from {_sender(case)}",
        **_differs(first, case, all_told=True),
    }
    if paper := power_of_attorney(case.message, case.rulebook):
        adds["power_of_attorney"] = paper
    asks = unsaid(asking.asks, [first], case) if asking else ()
    at = morning(case.context.arrival, asking.follow_up.days) if asking and asking.follow_up and asks else None
    return replace(item, how="repeats", continues=(first.item_id,), adds=adds, actions=(), asks=asks, follow_up_at=at)


def _withdrawing(item: Item, found: Sequence[Earlier], case: Case) -> Item:
    item = _with_facts(item, {"withdraws": "; ".join(filter(None, (each.stands for each in found)))})
    held = tuple(each.item_id for each in found if each.open and each.in_ticket)
    if not held:
        return item
    said = f"{_moment(case.context.arrival)} by {_sender(case)}"
    if not _sure(item.confidence, case.rulebook.types[item.type]):
        return replace(item, how="may_withdraw", continues=held, adds={"perhaps_withdrawn": said})
    return replace(item, how="withdraws", continues=held, adds={"withdrawn": said})


def _with_facts(item: Item, facts: dict[str, str]) -> Item:
    actions = tuple(replace(each, facts={**each.facts, **facts}) for each in item.actions)
    return replace(item, actions=actions)


def _row(matched: Matched, case: Case) -> Row | None:
    """The row as it answers a mail that continues another."""
    row = matched.row
    if row is None:
        return None
    if matched.request.type in {each.type for each in case.completes} and row.reply_kind == "receipt":
        return replace(row, reply=COMPLETED)
    if firsts := _repeated(matched, case):
        return replace(row, reply=matched.type.repeated, reply_kind="receipt", asks=unsaid(row.asks, firsts, case))
    return row


def _repeated(matched: Matched, case: Case) -> list[Earlier]:
    """The open requests that a request repeats, if it does so for each of its organisations."""
    done = {each.type for each in case.completes}
    if not matched.type.repeated or matched.request.type in done or not _sure(matched.request.confidence, matched.type):
        return []
    found = []
    for org_no in matched.org_nos or ("",):
        rule = matched.row.name if matched.row else ""
        first = next(
            (
                each
                for each in case.context.earlier
                if each.open
                and each.in_ticket
                and _continues(each, matched.request.type, org_no, case.understanding, case.rulebook, rule)
            ),
            None,
        )
        if first is None:
            return []
        found.append(first)
    return found


def _continues(
    earlier: Earlier, name: str, org_no: str, understanding: Understanding, rulebook: Rulebook, rule: str = ""
) -> bool:
    """Whether a request of this type and organisation repeats the earlier one, or takes it back."""
    kind = rulebook.types.get(name)
    if kind is None or not _of_one_customer(earlier, org_no, understanding, taking_back=bool(kind.withdraws)):
        return False
    new, old = set(understanding.fields.products), set(earlier.known.fields.products)
    if kind.withdraws == earlier.type:
        return not (new and old) or bool(new & old)
    if not kind.repeated or earlier.type != name:
        return False
    return (not (new and old) or new <= old) and _alike(earlier.rule, rule, rulebook)


def _alike(one: str, other: str, rulebook: Rulebook) -> bool:
    """Whether two rows ask the same of staff; ending a part is never ending the whole."""
    kinds = {row.name: {action.kind for action in row.actions} for kind in rulebook.types.values() for row in kind.rows}
    return not other or one not in kinds or other not in kinds or kinds[one] == kinds[other]


def _sure(confidence: float, kind: RequestType) -> bool:
    """An unsure one has an action of its own: nothing is lost in what it may not repeat."""
    return confidence >= kind.answer_from


def _of_one_customer(earlier: Earlier, org_no: str, understanding: Understanding, *, taking_back: bool) -> bool:
    fields = understanding.fields
    if org_no and earlier.org_no:
        return org_no == earlier.org_no
    ours, theirs = set(fields.customer_no), set(earlier.known.fields.customer_no)
    if ours and theirs:
        return bool(ours & theirs)
    if other_company(earlier, fields):
        return False
    # One of them names no number: the thread tells, and where no more than a hold comes of it, the very same sender.
    return earlier.in_ticket or (taking_back and understanding.role == "customer")


def _same(earlier: Earlier, item: Item) -> bool:
    return not earlier.org_no or earlier.org_no == item.org_no


def _differs(first: Earlier, case: Case, *, all_told: bool = False) -> dict[str, str]:
    """What the later mail says otherwise than the first; a person compares.

    One that is ``all_told`` is a request by itself: where it names no product it may well mean all of them.
    """
    said = []
    own = case.said or case.understanding.fields
    for name in ("effective_date", "users", "products"):
        before, now = getattr(first.known.fields, name), getattr(own, name)
        if now and now != before:
            said.append(f"{name}: {_plain(before) or 'none'}, then {_plain(now)}")
    if all_told and first.known.fields.products and not own.products:
        said.append(f"products: {_plain(first.known.fields.products)}, then none by name, perhaps all")
    return {"differs": "; ".join(said)} if said else {}


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value or "")


def _sender(case: Case) -> str:
    return case.message.sender.spec if case.message.sender else "unknown"


def _moment(when: datetime) -> str:
    return f"{when.astimezone(OSLO):%d.%m.%Y kl. %H.%M}"
