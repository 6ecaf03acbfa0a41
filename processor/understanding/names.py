"""Names of companies in a text.

They are found by their form (AS, ENK, ...), by a label or a word that says what they are, before an
organisation number, and, where there is no form, by likeness to the sender's domain or their place
under the sender's name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from processor.findings import Evidence
from processor.understanding.numbers import Number
from processor.understanding.passages import Passage

_FORM = r"(?:A/S|AS|As|ASA|ENK|ANS|DA|SA|NUF|AB|ApS|APS|BA|KF|IKS|KS|HF|SF|BBL|Ltd|Limited|LLP|PLC|GmbH|Oy)"
_SHORT = r"(?:Mek|Ing|Brdr|Br|Adv|Eftf|Elektr|Mask|Chr|Joh|Fam|St)\. (?=[A-ZÆØÅÄÖ])"
_WORD = rf"(?:{_SHORT})?[A-ZÆØÅÄÖÉÜ0-9](?:[\w'’/-]|\.(?=\w)){{0,30}}"
_JOINED = rf"(?:(?:&|og|and|och|\+) )?{_WORD}"
_NAMED = re.compile(
    rf"(?<![\w@.])(?P<name>{_WORD}(?: (?:&|og|and|och|\+|{_WORD})){{0,6}}(?: [a-zæøåäö]{{4,20}})?) (?P<form>{_FORM})(?![\w@]|\.\w)"
)
_PLACED = re.compile(
    rf"(?<![\w@.])(?P<name>{_WORD}(?: {_WORD}){{0,3}}) (?:i|på|in) (?P<place>{_WORD}(?: {_WORD}){{0,2}} {_FORM})(?![\w@]|\.\w)"
)
"""``Havnevesenet i Strandvik KF``: a firm's name that goes on with its place."""
_BEFORE_KIND = re.compile(rf"(?<![\w@.])(?P<name>{_WORD}(?: (?:&|og|and|och|{_WORD})){{0,3}}) $")
_NUMBER_NEXT = re.compile(r"[ ,(–/|:-]{0,4}(?:[Oo]rg|\d{3} ?\d{3} ?\d{3}(?!\d))")
_LOWER = re.compile(
    r"(?m)^[ \t]*(?P<name>[a-zæøåäö&][\wæøå&. -]{2,40} (?:as|asa|enk|ans|sa|nuf|aps))[ \t]*[.,]?[ \t]*$"
)
_BEFORE_NUMBER = re.compile(
    rf"(?P<name>{_WORD}(?: (?:&|og|and|och|{_WORD})){{0,5}})(?: \([a-zæøå]{{3,20}}\))?[ ]*[,(–/|:-]*[ ]*(?:(?:er|is|har|has|är) )?"
    r"\(?(?:[Oo]rg\.? ?-?(?:nr|no|nummer|number)?\.?|[Oo]rgnr\.?|[Oo]rganisa[stj]\w{0,6}nummer|0192)?[ .:]*(?:NO ?)?$"
)
_IN = re.compile(
    rf"(?:(?:[Hh]ilsen|[Mm]vh\.?|[Hh]elsing|[Hh]älsning\w{{0,4}}|[Rr]egards),? ?)?{_WORD}(?: {_WORD})? (?:i|hos|from|fra|frå|på) (?P<name>{_WORD}(?: {_WORD}){{0,3}})\s*$"
)
_BY_COMMA = re.compile(
    r"(?:(?:[Hh]ilsen|[Mm]vh\.?|[Hh]elsing),? )?(?P<person>[^,]{2,40}), (?P<name>[^\W\d_][^,|]{3,40}?)[ .]*$"
)
_FOREIGN = re.compile(r" (?:A/S|ApS|APS|AB|Ltd|Limited|LLP|PLC|GmbH|plc|Oy)$")
"""A form that is not Norwegian: the Norwegian branch is the customer, where both are named."""
_HEADER = re.compile(r"[ \t>*]{0,4}(?:Fra|Frå|Från|From|Til|Till|To|Kopi|Cc|CC|Von|An)\*?[ ]?:")
_LINE_PART = re.compile(r"\s*[|·,•]\s*|\s+[-–—]\s+|^--\s*")
_CAPITALS = re.compile(rf"(?<![\w@.])(?!\d+ )(?:Stiftelsen )?{_WORD}(?: (?!\d{{3}} ){_JOINED}){{1,4}}")
_PROPER = re.compile(rf"\s?(?P<name>{_WORD}(?: {_JOINED}){{1,4}})")
_VALUE = re.compile(r"[ \t]{0,3}:[ \t]{0,3}(?P<name>[^\n,;|(]{2,60}?)[ \t]{0,3}(?=$|\n|,|;|\(|\||\s[Oo]rg)", re.M)
_NUMBER_LABEL = re.compile(r"(?:org|kunde|faktura|vår ref)\.?[\w.]{0,9}(?:nr|no|ref|$)")
_WRAPPED = re.compile(r"(?<=[^\n]{55})(?<![.!?:])\n(?=[^\W_])")
"""The end of a line so long that a mail program broke it there: a name may go on behind it."""
_NUMBERS = re.compile(r"^(?:\d{1,2}[.)] |(?:\d{2,}[\d.]* |\d{1,2}[./][\d./]* )+(?=[^\W\d_]))")
"""What stands before a name and is none: the number of a list, a telephone number, a date."""
_SPELLED = re.compile(r"[^\W_][\w'’-]{0,30}(?: (?:&|\+|[^\W_][\w'’-]{0,30})){0,5}")
_GOES_ON = re.compile(
    rf"(?: (?:&|og|and|och) [^\W\d_][\w-]{{2,20}})?(?: (?:[Nn]orge|[Nn]orway))?(?: (?:{_FORM}|as|sa|da|enk|ans|nuf))?(?!\w)"
)
_BY_WHAT = ("Stiftelsen ", "Advokatfirmaet ", "Tannlegene ", "Brødrene ")
"""Words that a name begins with, which tell that it is a firm's or a foundation's."""
_TAKER = re.compile(
    r"\b(?:(?<!omdannet )(?<!omdanna )(?<!ombildat )(?<!navn )(?<!namn )(?<!name )(?:til|till|to)|into|inn i|in i|ind i|over på|(?:sammen|saman|samman) med|merged? with|(?:overtatt|overtas|overteke|overtaget|kjøpt|köpt|købt) av"
    r"|(?:taken over|acquired|bought) by) (?:[^\W\d_]{1,20} ){0,2}$"
)
"""In folded text, right before a name."""
_FLAT = str.maketrans("åäøöéü", "aaooeu")
_NO_LETTER = re.compile(r"[^a-z0-9]")
_FOOT_LINES = 14
_BARE_FORM = re.compile(_FORM, re.I)
_TWO = re.compile(rf" {_FORM}(?= (?:&|og|and|och|\+|/) )")
"""The end of the first of two names that are joined."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the mail is from: the words of the display name and the domain's first label, in plain letters."""

    words: frozenset[str]
    label: str

    @classmethod
    def of(cls, name: str, domain: str) -> Sender:
        """From a display name and the domain of an address."""
        return cls(frozenset(map(_plain, name.split())), _plain(domain.split(".")[0].removesuffix("-demo")))


@dataclass(frozen=True, slots=True)
class Named:
    """A company's name and where it stands; ``worth`` orders candidates before their place does.

    ``own``: it is like the sender's domain; ``taker``: the words before it say that something goes to it.
    """

    name: str
    evidence: Evidence
    worth: int
    place: int
    own: bool = False
    taker: bool = False


def names_in(
    passages: Iterable[Passage], numbers: list[Number], phrases: Mapping[str, re.Pattern[str]], sender: Sender
) -> list[Named]:
    """Every candidate, with its worth; our own names and the sender's personal one are none."""
    read = list(passages)
    found = _kept(read, phrases, sender, lambda passage: _written(passage, numbers, phrases, sender))
    return found or _kept(read, phrases, sender, lambda passage: _spelled(passage.text, sender, phrases))


def _kept(
    passages: list[Passage],
    phrases: Mapping[str, re.Pattern[str]],
    sender: Sender,
    written: Callable[[Passage], Iterator[tuple[str, int, int]]],
) -> list[Named]:
    found = []
    for order, passage in enumerate(passages):
        for name, start, worth in written(passage):
            bare = _without_leaders(name, phrases["names.before_name"], sender)
            at = start + max(0, name.rfind(bare))
            if _is_company(bare, phrases, sender):
                worth = min(worth, 2) if passage.where == "subject" else worth - bool(_FOREIGN.search(bare))
                evidence = passage.evidence(at, at + len(bare), "company")
                taker = _TAKER.search(passage.folded, max(0, at - 60), at) is not None
                found.append(Named(bare, evidence, worth, order * 100_000 + at, _is_own(bare, sender), taker))
    return found


def _written(
    passage: Passage, numbers: list[Number], phrases: Mapping[str, re.Pattern[str]], sender: Sender
) -> Iterator[tuple[str, int, int]]:
    """Name, place and worth of what a passage names."""
    text = _WRAPPED.sub(" ", passage.text)
    for label in phrases["names.company_label"].finditer(passage.folded):
        if value := _VALUE.match(text, label.end()):
            yield value["name"].strip(" ."), value.start("name"), 4
    for match in _NAMED.finditer(text):
        first = _TWO.search(match["name"])
        yield match["name"][: first.end()] if first else f"{match['name']} {match['form']}", match.start(), 3
    for number in numbers:
        if number.passage is not passage:
            continue
        if before := _BEFORE_NUMBER.search(text, max(0, number.start - 90), number.start):
            yield before["name"], before.start("name"), 4 if passage.kind == "forwarded" else 3
    for lead in phrases["names.company_lead"].finditer(passage.folded):
        if proper := _PROPER.match(text, lead.end()):
            yield proper["name"], proper.start("name"), 2
    for match in _LOWER.finditer(text):
        yield match["name"].strip(), match.start("name"), 2
    yield from _of_a_kind(text, sender, phrases)
    for lines in dict.fromkeys((text, passage.text)):
        yield from _likely(lines, sender, phrases)
    if passage.kind in ("new", "signature"):
        yield from _foot(text, sender, phrases)


def _of_a_kind(text: str, sender: Sender, phrases: Mapping[str, re.Pattern[str]]) -> Iterator[tuple[str, int, int]]:
    """Names with a place, and ``Nordskar kommune``: in small letters, the sender's or with a number behind it."""
    for match in _PLACED.finditer(text):
        if phrases["names.trade"].fullmatch(match["name"].split(" ")[-1].lower()):
            yield match.group(), match.start(), 3
    for kind in phrases["names.kind"].finditer(text):
        if before := _BEFORE_KIND.search(text, max(0, kind.start() - 60), kind.start()):
            name = f"{before['name']} {kind.group()}"
            numbered = _NUMBER_NEXT.match(text, kind.end())
            if numbered or _is_own(_without_leaders(name, phrases["names.before_name"], sender), sender):
                yield name, before.start("name"), 3 if numbered else 1


def _likely(text: str, sender: Sender, phrases: Mapping[str, re.Pattern[str]]) -> Iterator[tuple[str, int, int]]:
    """Words with capitals that end with a trade or begin like the sender's domain, outside a mail's headers."""
    for match in _CAPITALS.finditer(text):
        if _HEADER.match(text, text.rfind("\n", 0, match.start()) + 1):
            continue
        bare = _without_leaders(match.group(), phrases["names.before_name"], sender)
        trade = _has_trade(bare, phrases) and not _is_person(bare, sender)
        if trade or _resembles(bare, sender, phrases) or bare.startswith(_BY_WHAT):
            yield bare, match.start() + match.group().rfind(bare), 1


def _spelled(text: str, sender: Sender, phrases: Mapping[str, re.Pattern[str]]) -> Iterator[tuple[str, int, int]]:
    """Words, in small letters too, that spell the sender's domain: ``moen tak`` and moentak-demo.no."""
    flat = text.lower().translate(_FLAT)
    if len(sender.label) < 6 or len(flat) != len(text):
        return
    at = -1
    while (at := flat.find(sender.label[:3], at + 1)) >= 0:
        if at and (text[at - 1].isalnum() or text[at - 1] in "@._-/"):
            continue
        words = match.group().split(" ") if (match := _SPELLED.match(text, at)) else []
        for count in range(1, len(words) + 1):
            name = " ".join(words[:count])
            if len(plain := _plain(name)) < len(sender.label):
                continue
            end = at + len(name)
            shown = name[0].isupper() or text == text.lower()
            alone = count > 1 or (shown and plain == sender.label and text[end : end + 1] not in ("@", ".no", "-"))
            if plain.startswith(sender.label) and alone and text[end : end + 2] not in (".n", ".s", ".c", ".d"):
                trade = words[count : count + 1]
                if trade and (trade[0].isupper() or phrases["names.trade"].fullmatch(trade[0].lower())):
                    end += 1 + len(trade[0])
                rest = _GOES_ON.match(text, end)
                yield text[at : rest.end() if rest else end], at, 0
            break


def _foot(text: str, sender: Sender, phrases: Mapping[str, re.Pattern[str]]) -> Iterator[tuple[str, int, int]]:
    """Of the last lines: ``Kari in <name>``, a part like the domain, and the line under the sender's name."""
    place, above = 0, ""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        start, place = place, place + len(line) + 1
        if number < len(lines) - _FOOT_LINES or len(line) > 90:
            continue
        if match := _IN.search(line):
            yield match["name"], start + match.start("name"), 1
        match = _BY_COMMA.match(line)
        if match and _is_person(match["person"], sender) and _has_trade(match["name"], phrases):
            yield match["name"], start + match.start("name"), 1
        for part in filter(None, _LINE_PART.split(line)):
            if _plain(part) == sender.label and part[0].isupper() and len(part) > 6 and not _is_person(part, sender):
                yield part, start + line.find(part), 1
            under = part == line and _is_person(above, sender) and len(part.split()) > 1 and part[:1].isupper()
            if (under and not phrases["names.no_name"].match(part.lower())) or _resembles(part, sender, phrases):
                yield re.sub(r" \([^)]{0,30}\)$", "", part.strip()), start + line.find(part), 1
        above = line.strip() or above


def _is_person(line: str, sender: Sender) -> bool:
    words = line.split()
    return bool(words) and all(_plain(word) in sender.words for word in words)


def _resembles(part: str, sender: Sender, phrases: Mapping[str, re.Pattern[str]]) -> bool:
    """Whether a line's part begins like the sender's domain: ``Ravn Interiør`` and ravninterior-demo.no."""
    words = part.split()
    if not 1 < len(words) <= 6 or not words[0][0].isupper():
        return False
    name = _plain(part)
    if name[:4] != sender.label[:4] or phrases["names.no_name"].match(part.lower()) or _is_person(part, sender):
        return False
    common = _common(name, sender.label)
    return common >= 4 and common >= min(len(sender.label), len(_plain(words[0]))) - 1


def _has_trade(name: str, phrases: Mapping[str, re.Pattern[str]]) -> bool:
    """Whether two words or more end with what a firm does: ``Furu Frisør``."""
    words = name.lower().split()
    return len(words) > 1 and phrases["names.trade"].fullmatch(words[-1]) is not None


def _is_own(name: str, sender: Sender) -> bool:
    return bool(sender.label) and _common(_plain(name), sender.label) >= min(len(sender.label), 5)


def _common(name: str, label: str) -> int:
    """How many letters two plain names begin with in common."""
    pairs = zip(name, label, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(name), len(label)))


def _plain(text: str) -> str:
    """Letters only, as they would stand in a domain: ``Ravn Interiør`` is ``ravninterior``."""
    text = text.lower()
    if not text.isascii():
        text = unicodedata.normalize("NFD", text.replace("ø", "o").replace("æ", "ae").replace("å", "a"))
    return _NO_LETTER.sub("", text.replace("aa", "a"))


def _without_leaders(name: str, leaders: re.Pattern[str], sender: Sender) -> str:
    """Without words that only stand before a name, unless the sender's domain has them too: ``Norsk Granitt``."""
    words = _NUMBERS.sub("", name.strip(" .,;:")).split(" ")
    while len(words) > 1 and leaders.fullmatch(words[0].lower().strip(".:")):
        if len(words[0]) > 3 and sender.label.startswith(_plain("".join(words[:2]))):
            break
        words = _NUMBERS.sub("", " ".join(words[1:])).split(" ")
    return " ".join(words).strip(" .,;:-–(")


def _is_company(name: str, phrases: Mapping[str, re.Pattern[str]], sender: Sender) -> bool:
    folded = name.lower()
    if len(name) < 3 or not re.search(r"[^\W\d_]{2}", name) or phrases["names.before_name"].fullmatch(folded):
        return False
    if _BARE_FORM.fullmatch(folded) or phrases["names.ours"].match(folded) or _NUMBER_LABEL.match(folded):
        return False
    formed = re.search(rf" {_FORM}$", name) or phrases["names.kind"].fullmatch(folded.rsplit(" ", 1)[-1])
    return not _is_person(name, sender) or formed is not None
