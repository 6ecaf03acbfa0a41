"""Numbers that name a company, a customer or an invoice, told apart by check digits and labels.

Norwegian organisation numbers have nine digits and a modulus-11 check (domain.md 5.4).  National
identity numbers and bank accounts have eleven, and never become a field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from processor.lookup import valid_org_no
from processor.rulebook import Vocabulary
from processor.understanding.passages import Passage

_ORG_NO = re.compile(
    r"(?<![\d,+/-])(?<!\d[ .])(?:0192:|no ?)?(\d{3})[ .]?(\d{3})[ .]?(\d{3})(?: ?mva)?(?!\d| \d|[.,]\d)"
)
_ODDLY_SPACED = re.compile(r"(?<![\d.,+/-])(?<!\d )\d(?: ?\d){8}(?!\d| \d|[.,]\d)")
"""Nine digits with blanks anywhere: taken for an organisation number only behind a label or a firm's form."""
_FORM_BEFORE = re.compile(r"\b(?:as|asa|enk|ans|da|sa|nuf|kf|iks|ks)[ ,(:/-]{1,3}$")
_NINE_DIGITS = re.compile(r"\d(?:[ .]?\d){8,}")
"""What an organisation number cannot do without."""
_BEFORE, _BEHIND = 5, 6
"""So many signs before and behind such digits tell whether they are one."""
_LONG = re.compile(r"\d[\d .]{3}")
"""What no number of four digits or more can do without."""
_DIGITS = re.compile(r"(?<![\w.,+/@-])(?:inv)?(\d[\d ]{3,12}\d)(?![\w@])(?!\.\d)")
_INVOICE = re.compile(r"(?<![\w])inv[- ]?\d{5,12}(?!\w)")
_INV_BEFORE = re.compile(r"\binv[ -]?$")
_PLAIN = re.compile(r"\d(?<![\w.,+/:@-].)\d{5,9}(?![\w@])(?![.,]\d)")
_BETWEEN = re.compile(r"[^\d\n]{0,32}?(?=\d)(?<!org)(?<!org\.)")
_ELSEWHERE = re.compile(r"\d{4}|[.!?] +[^\W\d_]")
"""Between a label and its number stands no other number, and no new sentence begins."""
_WORDS_BETWEEN = 4
_FURTHER = re.compile(r"(?: ?\([^)\n]{1,40}\))?(?:,| og| and| och| samt|,? og)+ ?(?=\d)")


@dataclass(frozen=True, slots=True)
class Number:
    """A number found: its digits as a field holds them, and where it stands."""

    value: str
    passage: Passage
    start: int
    end: int
    label: str = ""


def with_numbers(passages: Iterable[Passage]) -> list[Passage]:
    """The passages in which a number of an organisation, a customer, an invoice or a telephone can stand."""
    return [passage for passage in passages if _LONG.search(passage.folded)]


def organisation_numbers(passages: Iterable[Passage], vocabulary: Vocabulary) -> list[Number]:
    """Valid organisation numbers in order, each once, unless a label says that they are something else."""
    found: dict[str, Number] = {}
    for passage in passages:
        for match in _nine_digits(passage):
            value = "".join(match.groups()) or match.group().replace(" ", "")
            if value in found or not valid_org_no(value):
                continue
            label = label_before(passage, match.start(), vocabulary)
            odd = match.re is _ODDLY_SPACED and label != "org_no" and not _stands_behind_a_form(match)
            if label not in ("customer_no", "invoice_no", "not_ours") and not odd:
                found[value] = Number(value, passage, match.start(), match.end(), label)
    return list(found.values())


def _nine_digits(passage: Passage) -> Iterator[re.Match[str]]:
    """What is written like an organisation number, then what has its digits and odd blanks."""
    places = [(max(0, m.start() - _BEFORE), m.end() + _BEHIND) for m in _NINE_DIGITS.finditer(passage.folded)]
    text = _in_lines(passage) if places else ""
    for way in (_ORG_NO, _ODDLY_SPACED):
        for start, end in places:
            yield from way.finditer(text, start, end)


def _stands_behind_a_form(number: re.Match[str]) -> bool:
    return _FORM_BEFORE.search(number.string, max(0, number.start() - 8), number.start()) is not None


def _in_lines(passage: Passage) -> str:
    """The folded text with its line breaks, over which no number goes on."""
    if "\n" not in passage.text:
        return passage.folded
    lines, start = [], 0
    for line in passage.text.split("\n"):
        lines.append(passage.folded[start : start + len(line)])
        start += len(line) + 1
    return "\n".join(lines)


def customer_numbers(passages: Iterable[Passage], vocabulary: Vocabulary) -> list[Number]:
    """Digits right after a label that says customer number, and those that such a list goes on with."""
    found: dict[str, Number] = {}
    for passage in passages:
        text = _in_lines(passage)
        for label in vocabulary.told("fields.customer_no", text):
            between = _BETWEEN.match(text, label.end())
            match = _DIGITS.match(text, between.end()) if between else None
            while match and (value := _customer_no(match[1])):
                found.setdefault(value, Number(value, passage, match.start(), match.end(), "customer_no"))
                further = _FURTHER.match(text, match.end())
                match = _DIGITS.match(text, further.end()) if further else None
    return list(found.values())


def _customer_no(text: str) -> str:
    """The digits; what follows a wide gap, or makes an organisation number, is another number."""
    value = text.split("  ")[0].replace(" ", "")
    if len(value) > 10:
        value = text.split(" ")[0]
    return "" if len(value) < 4 or (len(value) == 9 and valid_org_no(value)) else value


def invoice_numbers(passages: Iterable[Passage], vocabulary: Vocabulary, *, about: bool) -> list[Number]:
    """INV numbers anywhere, and plain ones in a sentence that speaks of an invoice before them.

    ``about``: the mail is about invoices, so that any plain number of eight digits is one too.
    """
    found: dict[str, Number] = {}
    for passage in passages:
        places = [*_plain_invoice_numbers(passage, vocabulary, about)]
        if "inv" in passage.folded:
            places = sorted([*_INVOICE.finditer(passage.folded), *places], key=lambda match: match.start())
        for match in places:
            value = passage.text[match.start() : match.end()].upper().replace("-", "").replace(" ", "")
            found.setdefault(value, Number(value, passage, match.start(), match.end(), "invoice_no"))
    return list(found.values())


def _plain_invoice_numbers(passage: Passage, vocabulary: Vocabulary, about: bool) -> Iterable[re.Match[str]]:
    for match in _PLAIN.finditer(passage.folded):
        number, start = match.group(), match.start()
        if valid_org_no(number) or _INV_BEFORE.search(passage.folded, max(0, start - 5), start):
            continue
        before = passage.folded[max(passage.sentence_at(start).start, start - 90) : start]
        meant = (about and len(number) == 8) or vocabulary.says("fields.invoice_no", before)
        if meant and label_before(passage, start, vocabulary) not in ("org_no", "customer_no", "not_ours"):
            yield match


def label_before(passage: Passage, start: int, vocabulary: Vocabulary) -> str:
    """Which label stands right before a number in its line: the nearest one wins."""
    line = passage.text.rfind("\n", 0, start) + 1
    before = passage.folded[max(line, start - 45) : start]
    nearest, name = -1, ""
    for key in ("org_no", "customer_no", "invoice_no", "not_ours"):
        end = max([match.end() for match in vocabulary.told(f"fields.{key}", before)], default=-1)
        if end <= nearest or _ELSEWHERE.search(before, end):
            continue
        if key != "invoice_no" or len(before[end:].split()) <= _WORDS_BETWEEN:
            nearest, name = end, key
    return name
