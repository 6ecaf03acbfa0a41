"""Whether nobody wrote this mail: receipts and absences, bounces, mass mail, junk.

Headers alone never make a mail automatic (design.md): a scanner's mail or a notice sent by a system
carries Auto-Submitted too.  They add to words that do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from processor.findings import AUTOMATIC
from processor.message import Message
from processor.rulebook import AUTOMATIC_OWNER
from processor.understanding.recognise import Finding

MIDDLE = {"auto_reply": 3.2, "bounce": 3.2, "bulk": 2.9, "spam": 3.2}
STEEPNESS = 2.2
_MARKED = {
    "auto_reply": ("x-autoreply", "x-autorespond", "auto-submitted", "precedence"),
    "bounce": ("auto-submitted",),
    "bulk": ("list-id", "list-unsubscribe", "list-post", "precedence", "feedback-id"),
    "spam": ("x-spam-flag", "x-spam-status"),
}
_MOST_FROM_MARKS = 1.8


def automatic_kinds(message: Message, found: Mapping[str, tuple[Finding, ...]]) -> dict[str, float]:
    """The chance of each kind of automatic mail, 0 to 1."""
    kinds = {}
    for kind in AUTOMATIC:
        words = sum(map(_worth, found.get(AUTOMATIC_OWNER + kind, ())))
        worth = words + (_marks(message, kind) if words >= 1.0 else 0.0)
        kinds[kind] = 1.0 / (1.0 + math.exp(-STEEPNESS * (worth - MIDDLE[kind])))
    return kinds


def _worth(found: Finding) -> float:
    """A pattern counts once, and a little more for a second place; an attached mail's words are not this one's."""
    places = sum(span.where != "attachment" for span in found.evidence)
    return found.pattern.weight * (0.0 if places == 0 else 1.0 if places == 1 or found.pattern.weight < 0 else 1.4)


def _marks(message: Message, kind: str) -> float:
    names = dict(message.marks)
    worth = 0.0
    for name in _MARKED[kind]:
        value = names.get(name)
        if value is None or (name == "auto-submitted" and value.strip().startswith("no")):
            continue
        if name == "x-spam-flag" and not value.startswith("yes"):
            continue
        worth += 0.8
    if kind == "bounce" and (message.return_path == "" or _from_the_system(message)):
        worth += 1.2
    return min(worth, _MOST_FROM_MARKS)


def _from_the_system(message: Message) -> bool:
    return any(address.local.lower() in ("mailer-daemon", "postmaster") for address in message.from_)
