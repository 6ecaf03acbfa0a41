"""Two decisions about one mail compared: what a person would notice, in the words that staff know.

Pure.  A decision is looked at as the JSON that is stored with it, so that the old side needs no program
that can still make it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher, unified_diff
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from processor.replay.judging import Judgement

KINDS: Mapping[str, str] = {
    "outcome": "outcome",
    "type": "request type",
    "rule": "rule",
    "reply": "reply template",
    "text": "reply text",
    "actions": "actions for staff",
    "due": "due times",
    "facts": "facts shown to staff",
    "deadline": "deadline",
}
"""Each kind of difference and how it is called, in the order in which they are told."""

Piece = tuple[Literal["same", "old", "new"], str]


@dataclass(frozen=True, slots=True)
class Side:
    """What one decision comes to.

    ``reply`` is template, kind, language and recipient, or the guard that withheld it; ``due``,
    ``actions`` and ``facts`` have one entry an action.
    """

    outcome: str
    type: tuple[str, ...]
    rule: tuple[str, ...]
    reply: tuple[str, ...]
    withheld: str
    text: str
    actions: tuple[tuple[str, str, str], ...]
    due: tuple[str, ...]
    facts: tuple[tuple[tuple[str, str], ...], ...]
    deadline: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A mail that would be decided otherwise, with both sides and the kinds of what differs.

    ``staff`` is how both stand to what staff said of the old decision, None where they said nothing.
    """

    mail_id: int
    ticket_no: str
    sender: str
    subject: str
    arrived_at: datetime
    kinds: tuple[str, ...]
    old: Side
    new: Side
    staff: Judgement | None = None


def side(told: Mapping[str, Any]) -> Side:
    """A decision's side, from its stored JSON; raises KeyError or TypeError when it is none."""
    decision, understanding = told["decision"], told["understanding"]
    reply, items = decision["reply"], decision["items"]
    actions = [action for item in items for action in item["actions"]]
    automatic = understanding["automatic"]
    return Side(
        outcome=decision["outcome"],
        type=(automatic,) if automatic else tuple(each["type"] for each in understanding["requests"]),
        rule=tuple(dict.fromkeys(filter(None, (decision["rule"], *(item["rule"] for item in items))))),
        reply=tuple(reply[name] for name in ("template", "kind", "language", "to")) if reply else (),
        withheld="" if reply else decision["withheld"],
        text=f"{reply['subject']}\n\n{reply['text']}" if reply else "",
        actions=tuple((action["kind"], action["needs"], action["item"]) for action in actions),
        due=tuple(action["due"] for action in actions),
        facts=tuple(tuple(sorted(action["facts"].items())) for action in actions),
        deadline=_deadline(decision["deadline"]),
    )


def _deadline(deadline: Mapping[str, Any]) -> tuple[str, ...]:
    end, notice = deadline.get("last_service_day"), deadline.get("last_safe_notice_day")
    days = (f"ends {end}" if end else "", f"notice by {notice}" if notice else "")
    candidates = [f"{each['contract']} would end {each['last_service_day']}" for each in deadline.get("candidates", ())]
    return tuple(filter(None, (deadline["status"], *days, *candidates)))


def differing(old: Side, new: Side) -> tuple[str, ...]:
    """The kinds of what differs, in the order of KINDS; empty when staff and customer would see no change.

    The words of a reply are compared where there are two replies, due times and facts where the actions are
    the same: what comes or goes as a whole is told once.
    """
    both = old.text and new.text
    alike = old.actions == new.actions
    found = {
        "outcome": old.outcome != new.outcome,
        "type": old.type != new.type,
        "rule": old.rule != new.rule,
        "reply": old.reply != new.reply or old.withheld != new.withheld,
        "text": bool(both and old.text != new.text),
        "actions": not alike,
        "due": alike and old.due != new.due,
        "facts": alike and old.facts != new.facts,
        "deadline": old.deadline != new.deadline,
    }
    return tuple(kind for kind in KINDS if found[kind])


def changes(difference: Difference) -> Iterator[tuple[str, str, str]]:
    """Each kind that differs but for the reply's words, with the old and the new value as a person reads them."""
    for kind in difference.kinds:
        if kind != "text":
            yield kind, in_words(kind, difference.old), in_words(kind, difference.new)


def in_words(kind: str, side: Side) -> str:
    """One kind of one side as a line."""
    if kind == "outcome":
        return side.outcome
    if kind == "reply":
        if not side.reply:
            return f"none ({side.withheld.replace('_', ' ')})" if side.withheld else "none"
        template, of_kind, language, to = side.reply
        return f"{template} ({of_kind}) in {language} to {to}"
    if kind == "actions":
        return ", ".join(f"{name} ({needs.replace('_', ' ')})" for name, needs, _ in side.actions) or "none"
    if kind == "due":
        return ", ".join(
            f"{name} by {due[:16].replace('T', ' ')}Z" for (name, _, _), due in zip(side.actions, side.due, strict=True)
        )
    if kind == "facts":
        return "; ".join(", ".join(f"{name} {value}" for name, value in facts) for facts in side.facts) or "none"
    values: Sequence[str] = getattr(side, kind)
    return ", ".join(values) or "none"


def line_diff(old: str, new: str) -> list[str]:
    """A reply's change as the lines of a diff: "-" was, "+" would be, " " stays."""
    found = unified_diff(old.splitlines(), new.splitlines(), n=1, lineterm="")
    return [line for line in found if not line.startswith(("---", "+++", "@@"))]


def word_diff(old: str, new: str) -> Iterator[Piece]:
    """A reply's change word by word, blanks and line ends kept."""
    before, after = _words(old), _words(new)
    for what, start, end, other, last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            yield "same", "".join(before[start:end])
            continue
        if end > start:
            yield "old", "".join(before[start:end])
        if last > other:
            yield "new", "".join(after[other:last])


def _words(text: str) -> list[str]:
    found: list[str] = []
    for line in text.splitlines(keepends=True):
        words = line.split(" ")
        found += [f"{word} " for word in words[:-1]] + ([words[-1]] if words[-1] else [])
    return found
