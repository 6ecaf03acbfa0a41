"""What a name tells of itself: whether it is a company's, whose, and where it stands among others."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from processor.rulebook import Vocabulary
from processor.understanding.numbers import Number

FORM = r"(?:A/S|AS|As|ASA|ENK|ANS|DA|SA|NUF|AB|ApS|APS|BA|KF|IKS|KS|HF|SF|BBL|Ltd|Limited|LLP|PLC|GmbH|Oy)"
"""The forms of companies in the Nordic countries and Great Britain, as one expression."""
_FOREIGN = re.compile(r" (?:A/S|ApS|APS|AB|Ltd|Limited|LLP|PLC|GmbH|plc|Oy)$")
_NUMBER_LABEL = re.compile(r"(?:org|kunde|faktura|vår ref)\.?[\w.]{0,9}(?:nr|no|ref|$)")
_NUMBERS = re.compile(r"^(?:\d{1,2}[.)] |(?:\d{2,}[\d.]* |\d{1,2}[./][\d./]* )+(?=[^\W\d_]))")
"""What stands before a name and is none: the number of a list, a telephone number, a date."""
_TAKER = re.compile(
    r"\b(?:(?<!omdannet )(?<!omdanna )(?<!ombildat )(?<!navn )(?<!namn )(?<!name )(?:til|till|to)|into|inn i|in i|ind i|over på|(?:sammen|saman|samman) med|merged? with|(?:overtatt|overtas|overteke|overtaget|kjøpt|köpt|købt) av"
    r"|(?:taken over|acquired|bought) by) (?:[^\W\d_]{1,20} ){0,2}$"
)
"""In folded text, right before a name."""
_NO_LETTERS = bytes(sign for sign in range(128) if not chr(sign).isalnum())
_LETTERS = re.compile(r"[^\W\d_]{2}")
_ENDS_WITH_FORM = re.compile(rf" {FORM}$")
AROUND = " .,;:-–("
"""What may stand around a name and is no part of it."""
_BARE_FORM = re.compile(FORM, re.I)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the mail is from: the words of the display name and the domain's first label, in plain letters."""

    words: frozenset[str]
    label: str

    @classmethod
    def of(cls, name: str, domain: str) -> Sender:
        """From a display name and the domain of an address."""
        return cls(frozenset(map(plain, name.split())), plain(domain.split(".")[0].removesuffix("-demo")))


@dataclass(frozen=True, slots=True)
class Sought:
    """What a name is told by, the same in every passage."""

    numbers: tuple[Number, ...]
    vocabulary: Vocabulary
    sender: Sender

    @property
    def phrases(self) -> Mapping[str, re.Pattern[str]]:
        """The lists of phrases themselves."""
        return self.vocabulary.phrases


def is_person(line: str, sender: Sender) -> bool:
    """Whether a line is made of the words of the sender's name."""
    words = line.split() if sender.words else []
    for word in words:
        if plain(word) not in sender.words:
            return False
    return bool(words)


def may_resemble(text: str, sender: Sender) -> bool:
    """Whether a text holds the first letters of the sender's domain; only then can a part of it be like it."""
    return sender.label[:4] in plain(text)


def resembles(part: str, sender: Sender, phrases: Mapping[str, re.Pattern[str]]) -> bool:
    """Whether a line's part begins like the sender's domain: ``Ravn Interiør`` and ravninterior-demo.no."""
    words = part.split()
    if not 1 < len(words) <= 6 or not words[0][0].isupper():
        return False
    name = plain(part)
    if name[:4] != sender.label[:4] or phrases["names.no_name"].match(part.lower()) or is_person(part, sender):
        return False
    common = _common(name, sender.label)
    return common >= 4 and common >= min(len(sender.label), len(plain(words[0]))) - 1


def has_trade(name: str, phrases: Mapping[str, re.Pattern[str]]) -> bool:
    """Whether two words or more end with what a firm does: ``Furu Frisør``."""
    words = name.lower().split()
    return len(words) > 1 and phrases["names.trade"].fullmatch(words[-1]) is not None


def is_own(name: str, sender: Sender) -> bool:
    """Whether a name begins like the sender's domain."""
    return bool(sender.label) and _common(plain(name), sender.label) >= min(len(sender.label), 5)


def _common(name: str, label: str) -> int:
    """How many letters two plain names begin with in common."""
    pairs = zip(name, label, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(name), len(label)))


def plain(text: str) -> str:
    """Letters only, as they would stand in a domain: ``Ravn Interiør`` is ``ravninterior``."""
    text = text.lower()
    if not text.isascii():
        text = unicodedata.normalize("NFD", text.replace("ø", "o").replace("æ", "ae").replace("å", "a"))
    return text.replace("aa", "a").encode("ascii", "ignore").translate(None, _NO_LETTERS).decode()


def without_leaders(name: str, sought: Sought) -> str:
    """Without words that only stand before a name, unless the sender's domain has them too: ``Norsk Granitt``."""
    leaders, sender = sought.phrases["names.before_name"], sought.sender
    words = _NUMBERS.sub("", name.strip(" .,;:")).split(" ")
    while len(words) > 1 and leaders.fullmatch(words[0].lower().strip(".:")):
        if len(words[0]) > 3 and sender.label.startswith(plain("".join(words[:2]))):
            break
        words = _NUMBERS.sub("", " ".join(words[1:])).split(" ")
    return " ".join(words).strip(AROUND)


def is_company(name: str, sought: Sought) -> bool:
    """Whether a name can be a customer's: our own, a bare form and the writer's personal one cannot."""
    phrases, folded = sought.phrases, name.lower()
    if len(name) < 3 or not _LETTERS.search(name) or phrases["names.before_name"].fullmatch(folded):
        return False
    if _BARE_FORM.fullmatch(folded) or phrases["names.ours"].match(folded) or _NUMBER_LABEL.match(folded):
        return False
    if _ENDS_WITH_FORM.search(name) or phrases["names.kind"].fullmatch(folded.rsplit(" ", 1)[-1]):
        return True
    return not is_person(name, sought.sender)


def is_foreign(name: str) -> bool:
    """Whether a name's form is not Norwegian: the Norwegian branch is the customer, where both are named."""
    return _FOREIGN.search(name) is not None


def is_taker(folded: str, place: int) -> bool:
    """Whether the words before a place in a folded text say that something goes to who is named there."""
    return _TAKER.search(folded, max(0, place - 60), place) is not None
