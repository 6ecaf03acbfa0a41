"""Staff's word held against two decisions about one mail: was it followed then, and would it be now?

Pure.  A person's naming of a mail, an action that was done or rejected, and a reply that was cancelled or
written anew each say something; a decision agrees with staff only where it agrees with all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from processor.replay.difference import Side, differing
from processor.store.staff_words import Word

Stand = Literal["broken", "mended", "still", "untold", "moved", "kept"]
STANDS: Mapping[Stand, str] = {
    "broken": "confirmed by staff, and would now be decided against them",
    "mended": "overruled by staff, and would now be decided as they said",
    "still": "overruled by staff, and would be decided against them again",
    "untold": "overruled by staff, and would now get a reply that nobody has judged",
    "moved": "confirmed by staff, and would now be changed in ways that they have not judged",
    "kept": "confirmed by staff, and would be decided so again",
}
"""Each way in which old and new rules can stand to staff's word, the one that matters most first."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What staff said of a decision, in words, and how the rules stand to it."""

    stand: Stand
    said: str


def judgement(word: Word, old: Side, new: Side) -> Judgement:
    """How the old and the new decision stand to what staff said of the mail."""
    now = _agrees(word, new, old)
    stand: Stand
    if _agrees(word, old, old):
        stand = "broken" if now is False else "moved" if differing(old, new) else "kept"
    else:
        stand = "mended" if now else "still" if now is False else "untold"
    return Judgement(stand, in_words(word))


def in_words(word: Word) -> str:
    """What staff said, in a line."""
    said = [
        f"it is {', '.join(word.named)}" if word.named is not None else "",
        f"done: {', '.join(word.done)}" if word.done else "",
        f"not to be done: {', '.join(word.rejected)}" if word.rejected else "",
        "no such reply" if word.cancelled else "reply written anew" if word.written else "",
    ]
    return f"{', '.join(word.by)}: {'; '.join(filter(None, said))}"


def _agrees(word: Word, side: Side, old: Side) -> bool | None:
    """Whether a decision agrees with staff; None where only a person could tell whether its reply is right."""
    kinds = {kind for kind, _, _ in side.actions}
    found = [
        word.named is None or set(side.type) == set(word.named),
        # An action of what it was mistaken for may have been done before somebody saw what the mail is.
        word.named is not None or kinds >= set(word.done),
        kinds.isdisjoint(word.rejected),
        _reply_agrees(word, side, old),
    ]
    return False if False in found else None if None in found else True


def _reply_agrees(word: Word, side: Side, old: Side) -> bool | None:
    if not (word.cancelled or word.written):
        return True
    if side.text == old.text:
        return False
    if word.cancelled:
        return None if side.text else True
    return True if side.text == word.written else None
