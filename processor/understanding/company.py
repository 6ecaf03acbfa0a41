"""The customer's company as written, and in whose name the writer speaks.

Names are found by their form (AS, ENK, ...), by a label, before an organisation number, or at the foot
of the mail where a line resembles the sender's domain.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from processor.findings import Evidence, Role
from processor.understanding.numbers import Number
from processor.understanding.passages import Passage

_FORM = r"(?:A/S|AS|As|ASA|ENK|ANS|DA|SA|NUF|AB|ApS|APS|BA|KF|IKS|KS|HF|SF|BBL|Ltd|Limited|GmbH|Oy)"
_WORD = r"[A-ZÆØÅÄÖÉÜ0-9][\w'’./-]{0,30}"
_NAMED = re.compile(
    rf"(?<![\w@.])(?P<name>{_WORD}(?: (?:&|og|and|och|\+|{_WORD})){{0,6}}(?: [a-zæøåäö]{{4,20}})?) (?P<form>{_FORM})(?![\w@]|\.\w)"
)
_LOWER = re.compile(
    r"(?m)^[ \t]*(?P<name>[a-zæøåäö&][\wæøå&. -]{2,40} (?:as|asa|enk|ans|sa|nuf|aps))[ \t]*[.,]?[ \t]*$"
)
_BEFORE_NUMBER = re.compile(
    rf"(?P<name>{_WORD}(?: (?:&|og|and|och|{_WORD})){{0,5}})(?: \([a-zæøå]{{3,20}}\))?[ ]*[,(–/|:-]*[ ]*"
    r"\(?(?:[Oo]rg\.? ?-?(?:nr|no|nummer|number)?\.?|[Oo]rgnr\.?|[Oo]rganisa[stj]\w{0,6}nummer|0192)?[ .:]*(?:NO ?)?$"
)
_IN = re.compile(
    rf"(?:(?:[Hh]ilsen|[Mm]vh\.?|[Hh]elsing|[Hh]älsning\w*|[Rr]egards),? ?\n? ?)?{_WORD}(?: {_WORD})? (?:i|hos|from|fra|frå|på) (?P<name>{_WORD}(?: {_WORD}){{0,3}})\s*$"
)
_LINE_PART = re.compile(r"\s*[|·,•]\s*|\s+[-–—]\s+|^--\s*")
_LEADERS = frozenset(
    [
        "gjelder",
        "gjeld",
        "det",
        "for",
        "firma",
        "firmaet",
        "virksomhed",
        "virksomhet",
        "selskap",
        "selskapet",
        "vår",
        "våre",
        "klient",
        "klienten",
        "kunde",
        "kunden",
        "hei",
        "hej",
        "hilsen",
        "mvh",
        "bedrift",
        "bedriften",
        "foretak",
        "foretaket",
        "re",
        "sv",
        "vs",
        "ang",
        "vedr",
        "på",
        "kan",
        "når",
        "da",
        "og",
        "vi",
        "jeg",
        "eg",
        "me",
        "avtalen",
        "avtaler",
        "company",
        "client",
        "hello",
        "dear",
        "fra",
        "frå",
        "från",
        "av",
        "til",
        "till",
        "tak",
        "takk",
        "please",
        "our",
        "the",
        "org",
        "orgnr",
        "registrere",
        "register",
        "flytt",
        "begge",
        "følgende",
        "navn",
        "name",
        "klienten",
        "daglig",
        "leder",
        "som",
        "i",
        "bostyrer",
        "enkeltpersonforetaket",
        "konkursboet",
        "boet",
        "oppsigelse",
        "opsigelse",
        "uppsägning",
        "oppseiing",
        "from",
        "to",
        "som",
        "debitor",
        "also",
        "that",
    ]
)
_TAIL_NO = re.compile(
    r"\d|@|www\.|http|(?:hilsen|hilsner|helsing|hälsning|regards|mvh|sendt |sent |skickat|cheers|takk|tack|thanks|leder|leiar|sjef|ansvarlig|manager|chef|direktør|controller)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Named:
    """A company's name and where it stands; ``worth`` orders candidates before their place does."""

    name: str
    evidence: Evidence
    worth: int
    place: int


def role_of(passages: Iterable[Passage], phrases: Mapping[str, re.Pattern[str]], sender: str) -> Role:
    """Whether the writer is an estate's administrator, or an accountant who writes for a client."""
    read = [p for p in passages if p.kind in ("subject", "thread", "new", "signature")]
    text = "\n".join(p.folded for p in read)
    if phrases["names.estate"].search(text):
        return "estate"
    firm = phrases["names.accountant_firm"].search(text) or phrases["names.accountant_firm"].search(sender.lower())
    return "accountant" if firm and phrases["names.accountant"].search(text) else "customer"


def company_in(
    passages: Iterable[Passage],
    numbers: Iterable[Number],
    phrases: Mapping[str, re.Pattern[str]],
    role: Role,
    sender_name: str,
    domain: str,
) -> Named | None:
    """The first company that the request is about, or None when only a mail address hints at one."""
    read = list(passages)
    found = [
        named
        for n, passage in enumerate(read)
        for named in _candidates(passage, n * 100_000, numbers, phrases, sender_name, domain)
    ]
    found = [named for named in found if _is_company(named.name, phrases, sender_name)]
    if role == "accountant":
        found = [n for n in found if not phrases["names.accountant_firm"].search(n.name.lower())] or found
    return min(found, key=lambda named: (-named.worth, named.place), default=None)


def _candidates(
    passage: Passage,
    base: int,
    numbers: Iterable[Number],
    phrases: Mapping[str, re.Pattern[str]],
    sender_name: str,
    domain: str,
) -> Iterator[Named]:
    def named(name: str, start: int, worth: int) -> Named:
        lead = _without_leaders(name)
        start += name.rfind(lead) if lead else 0
        return Named(lead, passage.evidence(start, start + len(lead), "company"), worth, base + start)

    text = passage.text
    subject = passage.where == "subject"
    for match in _labelled(passage, phrases):
        yield named(match["name"].strip(" .,"), match.start("name"), 4)
    for match in _NAMED.finditer(text):
        yield named(f"{match['name']} {match['form']}", match.start(), 2 if subject else 3)
    for number in numbers:
        if number.passage is passage and (
            match := _BEFORE_NUMBER.search(text, max(0, number.start - 90), number.start)
        ):
            yield named(match["name"], match.start("name"), 3 if not subject else 2)
    for match in _LOWER.finditer(text):
        yield named(match["name"].strip(), match.start("name"), 2)
    if not subject and passage.kind in ("new", "signature"):
        for name, start, worth in _foot(text, sender_name, domain):
            yield named(name, start, worth)


def _labelled(passage: Passage, phrases: Mapping[str, re.Pattern[str]]) -> Iterator[re.Match[str]]:
    """``Firma: Østbye Rør AS``: a label, a colon, and the rest of the line."""
    value = re.compile(r"[ \t]{0,3}:[ \t]{0,3}(?P<name>[^\n,;|(]{2,60}?)[ \t]{0,3}(?=$|\n|,|;|\(|\||\s[Oo]rg)", re.M)
    for label in phrases["names.company_label"].finditer(passage.folded):
        if found := value.match(passage.text, label.end()):
            yield found


def _foot(text: str, sender_name: str, domain: str) -> Iterator[tuple[str, int, int]]:
    """Lines of the last few that are a name without a form: by ``in <name>``, or by the domain."""
    label = _plain(domain.split(".")[0].removesuffix("-demo"))
    place = 0
    lines = text.split("\n")
    for number, line in enumerate(lines):
        start, place = place, place + len(line) + 1
        if number < len(lines) - 14 or len(line) > 90:
            continue
        if match := _IN.search(line):
            yield match["name"], start + match.start("name"), 1
        at = 0
        for part in _LINE_PART.split(line):
            at = line.find(part, at)
            if _resembles(part, label, sender_name):
                yield re.sub(r" \([^)]{0,30}\)$", "", part.strip()), start + at, 1


def _resembles(part: str, label: str, sender_name: str) -> bool:
    words = part.split()
    if not 1 <= len(words) <= 6 or _TAIL_NO.search(part) or not words[0][0].isupper():
        return False
    if set(map(_plain, words)) <= set(map(_plain, sender_name.split())):
        return False
    name = _plain(part)
    common = next((n for n, (a, b) in enumerate(zip(name, label, strict=False)) if a != b), min(len(name), len(label)))
    return len(words) > 1 and common >= 4 and common >= min(len(label), len(_plain(words[0]))) - 1


def _plain(text: str) -> str:
    """Letters only, as they would stand in a domain: ``Ravn Interiør`` is ``ravninterior``."""
    text = text.lower().replace("ø", "o").replace("æ", "ae").replace("å", "a").replace("aa", "a")
    return "".join(c for c in unicodedata.normalize("NFD", text) if c.isascii() and c.isalnum())


def _without_leaders(name: str) -> str:
    words = name.strip(" .,;:").split(" ")
    while len(words) > 1 and words[0].lower().strip(".:") in _LEADERS:
        words = words[1:]
    return " ".join(words).strip(" .,;:-–(")


def _is_company(name: str, phrases: Mapping[str, re.Pattern[str]], sender_name: str) -> bool:
    if len(name) < 3 or not re.search(r"[^\W\d_]{2}", name) or name.lower() in _LEADERS:
        return False
    if phrases["names.ours"].match(name.lower()):
        return False
    return set(name.lower().split()) != set(sender_name.lower().split()) or bool(re.search(rf" {_FORM}$", name))
