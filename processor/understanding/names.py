"""Names of companies in a text.

They are found by their form (AS, ENK, ...), by a label or a word that says what they are, before an
organisation number, and, where there is no form, by likeness to the sender's domain or their place
under the sender's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from processor.understanding.firms import (
    AROUND,
    FORM,
    Sought,
    has_trade,
    is_own,
    is_person,
    may_resemble,
    plain,
    resembles,
    without_leaders,
)
from processor.understanding.passages import Passage

_SHORT = r"(?:Mek|Ing|Brdr|Br|Adv|Eftf|Elektr|Mask|Chr|Joh|Fam|St)\. (?=[A-ZÆØÅÄÖ])"
_WORD = rf"(?:{_SHORT})?[A-ZÆØÅÄÖÉÜ0-9](?:[\w'’/-]|\.(?=\w)){{0,30}}"
_JOINED = rf"(?:(?:&|og|and|och|\+) )?{_WORD}"
_NAMED = re.compile(
    rf"(?<![\w@.])(?P<name>{_WORD}(?: (?:&|og|and|och|\+|{_WORD})){{0,6}}(?: [a-zæøåäö]{{4,20}})?) (?P<form>{FORM})(?![\w@]|\.\w)"
)
_AT_PLACE = re.compile(rf" (?:i|på|in) {_WORD}(?: {_WORD}){{0,2}} {FORM}(?![\w@]|\.\w)")
_PLACED = re.compile(rf"(?<![\w@.])(?P<name>{_WORD}(?: {_WORD}){{0,3}}){_AT_PLACE.pattern}")
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
_AT_FIRM = re.compile(r" (?:i|hos|from|fra|frå|på) [A-ZÆØÅÄÖÉÜ0-9]")
"""What ``_IN`` cannot do without."""
_IN_BRACKETS = re.compile(r" \([^)]{0,30}\)$")
_BY_COMMA = re.compile(
    r"(?:(?:[Hh]ilsen|[Mm]vh\.?|[Hh]elsing),? )?(?P<person>[^,]{2,40}), (?P<name>[^\W\d_][^,|]{3,40}?)[ .]*$"
)
_HEADER = re.compile(r"[ \t>*]{0,4}(?:Fra|Frå|Från|From|Til|Till|To|Kopi|Cc|CC|Von|An)\*?[ ]?:")
_LINE_PART = re.compile(r"\s*[|·,•]\s*|\s+[-–—]\s+|^--\s*")
_CAPITALS = re.compile(rf"(?<![\w@.])(?!\d+ )(?:Stiftelsen )?{_WORD}(?: (?!\d{{3}} ){_JOINED}){{1,4}}")
_PROPER = re.compile(rf"\s?(?P<name>{_WORD}(?: {_JOINED}){{1,4}})")
_VALUE = re.compile(r"[ \t]{0,3}:[ \t]{0,3}(?P<name>[^\n,;|(]{2,60}?)[ \t]{0,3}(?=$|\n|,|;|\(|\||\s[Oo]rg)", re.M)
_WRAPPED = re.compile(r"\n(?<=[^\n]{55}\n)(?<![.!?:]\n)(?=[^\W_])")
"""The end of a line so long that a mail program broke it there: a name may go on behind it."""
_SPELLED = re.compile(r"[^\W_][\w'’-]{0,30}(?: (?:&|\+|[^\W_][\w'’-]{0,30})){0,5}")
_GOES_ON = re.compile(
    rf"(?: (?:&|og|and|och) [^\W\d_][\w-]{{2,20}})?(?: (?:[Nn]orge|[Nn]orway))?(?: (?:{FORM}|as|sa|da|enk|ans|nuf))?(?!\w)"
)
_BY_WHAT = ("Stiftelsen ", "Advokatfirmaet ", "Tannlegene ", "Brødrene ")
"""Words that a name begins with, which tell that it is a firm's or a foundation's."""
_FLAT = str.maketrans("åäøöéü", "aaooeu")
_FOOT_LINES = 14
_FORM_THERE = re.compile(rf" {FORM}(?![\w@]|\.\w)")
_TWO = re.compile(rf" {FORM}(?= (?:&|og|and|och|\+|/) )")
"""The end of the first of two names that are joined."""


Found = tuple[str, int, int]
"""A name as written, where it begins in its passage, and its worth: the more, the surer a company is meant."""


def unwrapped(text: str) -> str:
    """The text with blanks for the breaks that a mail program put into its lines, and the same length."""
    return _WRAPPED.sub(" ", text)


def _labelled(text: str, passage: Passage, sought: Sought) -> Iterator[Found]:
    """What stands behind ``Firma:``."""
    if ":" in text:
        for label in sought.vocabulary.told("names.company_label", passage.folded):
            if value := _VALUE.match(text, label.end()):
                yield value["name"].strip(" ."), value.start("name"), 4


def _formed(text: str, _passage: Passage, _sought: Sought) -> Iterator[Found]:
    """What ends with a form."""
    end = 0
    # A name stands in its form's line, so that only what follows the line's beginning is gone through.
    while form := _FORM_THERE.search(text, end):
        match = _NAMED.search(text, max(end, text.rfind("\n", 0, form.start()) + 1))
        if match is None:
            return
        first, end = _TWO.search(match["name"]), match.end()
        yield match["name"][: first.end()] if first else f"{match['name']} {match['form']}", match.start(), 3


def _numbered(text: str, passage: Passage, sought: Sought) -> Iterator[Found]:
    """What stands before an organisation number."""
    for number in sought.numbers:
        if number.passage is not passage:
            continue
        # A name stands in its number's line, or in the line right above.
        line = text.rfind("\n", 0, max(0, number.start - 1)) + 1
        if before := _BEFORE_NUMBER.search(text, max(line, number.start - 90), number.start):
            yield before["name"], before.start("name"), 4 if passage.kind == "forwarded" else 3


def _led(text: str, passage: Passage, sought: Sought) -> Iterator[Found]:
    """What words such as ``foreningen`` lead up to, and a line in small letters that ends with a form."""
    for lead in sought.vocabulary.told("names.company_lead", passage.folded):
        if proper := _PROPER.match(text, lead.end()):
            yield proper["name"], proper.start("name"), 2
    for match in _LOWER.finditer(text):
        yield match["name"].strip(), match.start("name"), 2


def _of_a_kind(text: str, _passage: Passage, sought: Sought) -> Iterator[Found]:
    """Names with a place, and ``Nordskar kommune``: in small letters, the sender's or with a number behind it."""
    phrases, sender = sought.phrases, sought.sender
    for match in _PLACED.finditer(text) if _AT_PLACE.search(text) else ():
        if phrases["names.trade"].fullmatch(match["name"].split(" ")[-1].lower()):
            yield match.group(), match.start(), 3
    for kind in sought.vocabulary.told("names.kind", text):
        if before := _BEFORE_KIND.search(text, max(0, kind.start() - 60), kind.start()):
            name = f"{before['name']} {kind.group()}"
            numbered = _NUMBER_NEXT.match(text, kind.end())
            if numbered or is_own(without_leaders(name, sought), sender):
                yield name, before.start("name"), 3 if numbered else 1


def _likely(text: str, passage: Passage, sought: Sought) -> Iterator[Found]:
    """Words with capitals that end with a trade or begin like the sender's domain, outside a mail's headers."""
    yield from _with_capitals(text, sought)
    if text != passage.text:
        yield from _with_capitals(passage.text, sought)


def _with_capitals(text: str, sought: Sought) -> Iterator[Found]:
    phrases, sender = sought.phrases, sought.sender
    for match in _CAPITALS.finditer(text):
        last = match.group().rsplit(" ", 1)[-1].lower().strip(AROUND)
        if not (
            phrases["names.trade"].fullmatch(last)
            or may_resemble(match.group(), sender)
            or any(word in match.group() for word in _BY_WHAT)
        ):
            continue
        if _HEADER.match(text, text.rfind("\n", 0, match.start()) + 1):
            continue
        bare = without_leaders(match.group(), sought)
        trade = has_trade(bare, phrases) and not is_person(bare, sender)
        if trade or resembles(bare, sender, phrases) or bare.startswith(_BY_WHAT):
            yield bare, match.start() + match.group().rfind(bare), 1


def spelled(_text: str, passage: Passage, sought: Sought) -> Iterator[Found]:
    """Words, in small letters too, that spell the sender's domain: ``moen tak`` and moentak-demo.no."""
    text, sender, phrases = passage.text, sought.sender, sought.phrases
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
            if len(flattened := plain(name)) < len(sender.label):
                continue
            end = at + len(name)
            shown = name[0].isupper() or text == text.lower()
            alone = count > 1 or (shown and flattened == sender.label and text[end : end + 1] not in ("@", ".no", "-"))
            if flattened.startswith(sender.label) and alone and text[end : end + 2] not in (".n", ".s", ".c", ".d"):
                trade = words[count : count + 1]
                if trade and (trade[0].isupper() or phrases["names.trade"].fullmatch(trade[0].lower())):
                    end += 1 + len(trade[0])
                rest = _GOES_ON.match(text, end)
                yield text[at : rest.end() if rest else end], at, 0
            break


def _foot(text: str, passage: Passage, sought: Sought) -> Iterator[Found]:
    """Of the last lines: ``Kari in <name>``, a part like the domain, and the line under the sender's name."""
    if passage.kind not in ("new", "signature"):
        return
    phrases, sender = sought.phrases, sought.sender
    at_firm, like_sender = _AT_FIRM.search(text), may_resemble(text, sender)
    place, above = 0, ""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        start, place = place, place + len(line) + 1
        if number < len(lines) - _FOOT_LINES or len(line) > 90:
            continue
        if at_firm and (match := _IN.search(line)):
            yield match["name"], start + match.start("name"), 1
        match = _BY_COMMA.match(line) if ", " in line else None
        if match and is_person(match["person"], sender) and has_trade(match["name"], phrases):
            yield match["name"], start + match.start("name"), 1
        if like_sender or is_person(above, sender):
            for part in filter(None, _LINE_PART.split(line)):
                if plain(part) == sender.label and part[0].isupper() and len(part) > 6 and not is_person(part, sender):
                    yield part, start + line.find(part), 1
                under = part == line and is_person(above, sender) and len(part.split()) > 1 and part[:1].isupper()
                if (under and not phrases["names.no_name"].match(part.lower())) or resembles(part, sender, phrases):
                    yield _IN_BRACKETS.sub("", part.strip()), start + line.find(part), 1
        above = line.strip() or above


Source = Callable[[str, Passage, Sought], Iterator[Found]]
SOURCES: tuple[tuple[int, Source], ...] = (
    (4, _labelled),
    (3, _formed),
    (4, _numbered),
    (2, _led),
    (3, _of_a_kind),
    (1, _likely),
    (1, _foot),
)
"""Where names stand, each with what a name from there is worth at most; of two alike the earlier source's counts."""
