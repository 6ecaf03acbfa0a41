"""Whether nobody wrote this mail: receipts and absences, bounces, mass mail, junk.

Headers alone never make a mail automatic (design.md): a scanner's mail or a notice sent by a system
carries Auto-Submitted too.  They add to words that do.  What a person passes on with words of their own
above it (a phishing mail, a bounce) is a question, so the words below do not count.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from processor.findings import AUTOMATIC, Evidence
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
_OWN_WORDS = 2
"""So many words above what was passed on are somebody's."""


def automatic_kinds(message: Message, found: Mapping[str, tuple[Finding, ...]]) -> dict[str, float]:
    """The chance of each kind of automatic mail, 0 to 1."""
    kinds = dict(_UNHEARD)
    for kind in AUTOMATIC:
        if findings := found.get(AUTOMATIC_OWNER + kind):
            others = passed_on(message)
            words = sum(_worth(each, others) for each in findings)
            kinds[kind] = _chance(kind, words + (_marks(message, kind) if words >= 1.0 else 0.0))
    return kinds


def _chance(kind: str, worth: float) -> float:
    return 1.0 / (1.0 + math.exp(-STEEPNESS * (worth - MIDDLE[kind])))


_UNHEARD = {kind: _chance(kind, 0.0) for kind in AUTOMATIC}


def passed_on(message: Message) -> tuple[range, ...]:
    """The stretches of the body that a person passed on; none in a mail without words above them."""
    spans = tuple(range(part.start, part.end) for part in message.sections if part.kind == "forwarded")
    return spans if spans and len(message.words("new").split()) >= _OWN_WORDS else ()


def _worth(found: Finding, others: tuple[range, ...]) -> float:
    """A pattern counts once, and a little more for a second place; others' words are not this mail's."""
    places = sum(not _of_others(span, others) for span in found.evidence)
    return found.pattern.weight * (0.0 if places == 0 else 1.0 if places == 1 or found.pattern.weight < 0 else 1.4)


def _of_others(span: Evidence, others: tuple[range, ...]) -> bool:
    if span.where == "body":
        return any(span.start in stretch for stretch in others)
    return span.where == "attachment" or bool(others)


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
    if kind == "spam" and _borrows_our_name(message):
        worth += 1.2
    return min(worth, _MOST_FROM_MARKS)


def _from_the_system(message: Message) -> bool:
    return any(address.local.lower() in ("mailer-daemon", "postmaster") for address in message.from_)


def _borrows_our_name(message: Message) -> bool:
    """Whether a stranger goes by our name: it is a word of the sender's domain or display name."""
    ours = {_label(address.domain) for address in message.to} - {""}
    for address in message.from_:
        label = _label(address.domain)
        words = {*label.split("-"), *re.findall(r"\w+", address.name.lower())}
        if label not in ours and words & ours:
            return True
    return False


def _label(domain: str) -> str:
    """The name under the public suffix, taken to have one part: ``visma`` of ``mail.visma.no``."""
    return domain.rsplit(".", 2)[-2] if "." in domain else ""
