"""Numbers that name a company, a customer or an invoice, told apart by check digits and labels.

Norwegian organisation numbers have nine digits and a modulus-11 check (domain.md 5.4).  National
identity numbers and bank accounts have eleven, and never become a field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stdnum.no import orgnr

from processor.understanding.passages import Passage

_ORG_NO = re.compile(r"(?<![\d.,+/-])(?<!\d )(?:0192:|no ?)?(\d{3})[ .]?(\d{3})[ .]?(\d{3})(?: ?mva)?(?!\d| \d|[.,]\d)")
_DIGITS = re.compile(r"(?<![\w.,+/@-])(?:inv)?(\d[\d ]{3,12}\d)(?![\w@])(?!\.\d)")
_INVOICE = re.compile(r"(?<![\w])inv-?\d{5,12}(?!\w)")
_PLAIN = re.compile(r"(?<![\w.,+/:@-])\d{6,10}(?![\w@])(?![.,]\d)")
_BETWEEN = re.compile(r"[\s.:#()=\-–]{0,4}(?:er|nr|no|is|number|är|nummer|vårt?|our)?[\s.:#()=\-–]{0,6}")
_NEXT = re.compile(r"[ ,/&]{1,3}(?:og|and|och|samt|resp\.?)?[ ]{0,2}$")


@dataclass(frozen=True, slots=True)
class Number:
    """A number found: its digits as a field holds them, and where it stands."""

    value: str
    passage: Passage
    start: int
    end: int
    label: str = ""


def organisation_numbers(passages: Iterable[Passage], phrases: Mapping[str, re.Pattern[str]]) -> list[Number]:
    """Valid organisation numbers in order, each once, unless a label says that they are something else."""
    found: dict[str, Number] = {}
    for passage in passages:
        for match in _ORG_NO.finditer(passage.folded):
            value = "".join(match.groups())
            label = label_before(passage, match.start(), phrases)
            if label in ("customer_no", "invoice_no", "not_ours") or not orgnr.is_valid(value):
                continue
            found.setdefault(value, Number(value, passage, match.start(), match.end(), label))
    return list(found.values())


def customer_numbers(passages: Iterable[Passage], phrases: Mapping[str, re.Pattern[str]]) -> list[Number]:
    """Digits right after a label that says customer number, and those that such a list goes on with."""
    found: dict[str, Number] = {}
    for passage in passages:
        for label in phrases["fields.customer_no"].finditer(passage.folded):
            between = _BETWEEN.match(passage.folded, label.end())
            match = _DIGITS.match(passage.folded, between.end() if between else label.end())
            if match and (value := _customer_no(match[1])):
                found.setdefault(value, Number(value, passage, match.start(), match.end(), "customer_no"))
    return list(found.values())


def _customer_no(text: str) -> str:
    """The digits; what follows a wide gap, or makes an organisation number, is another number."""
    value = text.split("  ")[0].replace(" ", "")
    if len(value) > 10:
        value = text.split(" ")[0]
    return "" if len(value) < 4 or (len(value) == 9 and orgnr.is_valid(value)) else value


def invoice_numbers(passages: Iterable[Passage], phrases: Mapping[str, re.Pattern[str]]) -> list[Number]:
    """INV numbers anywhere, and plain ones in a sentence that speaks of an invoice before them."""
    found: dict[str, Number] = {}
    for passage in passages:
        places = [*_INVOICE.finditer(passage.folded), *_plain_invoice_numbers(passage, phrases)]
        for match in sorted(places, key=lambda match: match.start()):
            value = passage.text[match.start() : match.end()].upper().replace("-", "")
            found.setdefault(value, Number(value, passage, match.start(), match.end(), "invoice_no"))
    return list(found.values())


def _plain_invoice_numbers(passage: Passage, phrases: Mapping[str, re.Pattern[str]]) -> Iterable[re.Match[str]]:
    for match in _PLAIN.finditer(passage.folded):
        label = label_before(passage, match.start(), phrases)
        if label in ("org_no", "customer_no", "not_ours") or len(match.group()) not in range(6, 11):
            continue
        if len(match.group()) == 9 and orgnr.is_valid(match.group()):
            continue
        sentence = passage.sentence_at(match.start())
        before = passage.folded[max(sentence.start, match.start() - 90) : match.start()]
        if phrases["fields.invoice_no"].search(before):
            yield match


def label_before(passage: Passage, start: int, phrases: Mapping[str, re.Pattern[str]]) -> str:
    """Which label stands right before a number in its line: the nearest one wins."""
    before = passage.text[max(0, start - 45) : start]
    before = passage.folded[start - len(before) : start]
    cut = max(before.rfind("\n"), passage.text.rfind("\n", max(0, start - 45), start) - (start - len(before)))
    before = before[cut + 1 :] if cut >= 0 else before
    best, name = -1, ""
    for key in ("org_no", "customer_no", "invoice_no", "not_ours"):
        ends = [match.end() for match in phrases[f"fields.{key}"].finditer(before)]
        near = [end for end in ends if not re.search(r"\d{4}", before[end:])]
        if near and max(near) > best:
            best, name = max(near), key
    return name
