"""What outside registers answered, in the words of the desk: deciding tells it in lines of parts with commas between."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from processor.deciding import looked_up
from processor.desk.language import N_

Say = Callable[[str], str]

AND = N_("and")
ENTRY = re.compile(r"(\d{9}.*?): (.+)")
COMMA = re.compile(r", (?!bankrupt nor)")
PHRASES: tuple[tuple[str, str], ...] = (
    (r"(\d{9}) not checked", N_("{0} not checked")),
    (r"(\d{9}) is not in the register", N_("{0} is not in the register")),
    (r"(\d{9}) is registered", N_("{0} is registered")),
    (r"(\d{9}) is not registered", N_("{0} is not registered")),
    (r"asked (\d.*)", N_("asked {0}")),
    (r"is deleted \(since (\S+)\)", N_("is deleted (since {0})")),
    (r"is deleted", N_("is deleted")),
    (r"is bankrupt \(since (\S+)\)", N_("is bankrupt (since {0})")),
    (r"is bankrupt", N_("is bankrupt")),
    (r"is being wound up \(since (\S+)\)", N_("is being wound up (since {0})")),
    (r"is being wound up", N_("is being wound up")),
    (r"is being wound up or dissolved by force", N_("is being wound up or dissolved by force")),
    (r"has been removed", N_("has been removed")),
    (r"neither deleted, bankrupt nor wound up", N_("neither deleted, bankrupt nor wound up")),
    (r"not told whether it is sound", N_("not told whether it is sound")),
    (r"sub-unit of (\S+)", N_("sub-unit of {0}")),
    (r"at (.+) \(ours\)", N_("at {0} (ours)")),
    (r"at (.+)", N_("at {0}")),
    (r"access point not determined", N_("access point not determined")),
    (r"takes no EHF invoices", N_("takes no EHF invoices")),
)


def lookup_words(told: str, say: Say) -> str:
    """The answers about some organisations as staff read them; names and what is not known stay as they are."""
    return "; ".join(_entry(each, say) for each in told.split("; "))


def all_phrases() -> Iterator[str]:
    """Every word of these that is translated by its value and not where it stands."""
    yield from (words for reason, words in looked_up.REASONS.items() if reason != "off")
    yield from looked_up.SMP.values()
    yield from (role + " {0}" for role in dict.fromkeys(looked_up.ROLES.values()))


def _entry(told: str, say: Say) -> str:
    found = ENTRY.fullmatch(told)
    if not found:
        return _parts(told, say)
    head, rest = found.groups()
    return f"{_phrase(head, say)}: {say(rest) if rest in looked_up.REASONS.values() else _parts(rest, say)}"


def _parts(told: str, say: Say) -> str:
    return ", ".join(_part(each, say) for each in COMMA.split(told))


def _part(told: str, say: Say) -> str:
    troubles = told.split(" and ")
    if len(troubles) > 1 and all(each.startswith(("is ", "has ")) for each in troubles):
        return f" {say(AND)} ".join(_phrase(each, say) for each in troubles)
    return _phrase(told, say)


def _phrase(told: str, say: Say) -> str:
    for pattern, words in PHRASES:
        if found := re.fullmatch(pattern, told):
            return say(words).format(*found.groups())
    for role in looked_up.ROLES.values():
        if told.startswith(f"{role} "):
            words = role + " {0}"
            return say(words).format(told.removeprefix(f"{role} "))
    return say(told) if told in looked_up.SMP.values() else told
