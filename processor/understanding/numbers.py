"""Numbers that name a company, a customer or an invoice, told apart by check digits and labels.

Norwegian organisation numbers have nine digits and a modulus-11 check (domain.md 5.4).  National
identity numbers and bank accounts have eleven, and never become a field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from stdnum.no import orgnr

from processor.understanding.passages import Passage, fold

_ORG_NO = re.compile(
    r"(?<![\d,+/-])(?<!\d[ .])(?:0192:|no ?)?(\d{3})[ .]?(\d{3})[ .]?(\d{3})(?: ?mva)?(?!\d| \d|[.,]\d)"
)
_ODDLY_SPACED = re.compile(r"(?<![\d.,+/-])(?<!\d )\d(?: ?\d){8}(?!\d| \d|[.,]\d)")
"""Nine digits with blanks anywhere: taken for an organisation number only behind a label or a firm's form."""
_FORM_BEFORE = re.compile(r"\b(?:as|asa|enk|ans|da|sa|nuf|kf|iks|ks)[ ,(:/-]{1,3}$")
_NINE_DIGITS = re.compile(r"\d(?:[ .]?\d){8}")
"""What an organisation number cannot do without."""
_LONG = re.compile(r"\d[\d ]{3}")
"""What the number of a customer, an invoice or a telephone cannot do without."""
_DIGITS = re.compile(r"(?<![\w.,+/@-])(?:inv)?(\d[\d ]{3,12}\d)(?![\w@])(?!\.\d)")
_INVOICE = re.compile(r"(?<![\w])inv[- ]?\d{5,12}(?!\w)")
_INV_BEFORE = re.compile(r"\binv[ -]?$")
_PLAIN = re.compile(r"(?<![\w.,+/:@-])\d{6,10}(?![\w@])(?![.,]\d)")
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
    """The passages in which a number of a customer, an invoice or a telephone can stand."""
    return [passage for passage in passages if _LONG.search(passage.folded)]


def organisation_numbers(passages: Iterable[Passage], phrases: Mapping[str, re.Pattern[str]]) -> list[Number]:
    """Valid organisation numbers in order, each once, unless a label says that they are something else."""
    found: dict[str, Number] = {}
    for passage in passages:
        if not _NINE_DIGITS.search(passage.folded):
            continue
        text = fold(passage.text)
        for match in (*_ORG_NO.finditer(text), *_oddly_spaced(passage, text, phrases)):
            value = "".join(match.groups()) or match.group().replace(" ", "")
            label = label_before(passage, match.start(), phrases)
            if label in ("customer_no", "invoice_no", "not_ours") or not orgnr.is_valid(value):
                continue
            found.setdefault(value, Number(value, passage, match.start(), match.end(), label))
    return list(found.values())


def _oddly_spaced(passage: Passage, text: str, phrases: Mapping[str, re.Pattern[str]]) -> Iterator[re.Match[str]]:
    for match in _ODDLY_SPACED.finditer(text):
        if label_before(passage, match.start(), phrases) == "org_no" or _FORM_BEFORE.search(
            text, max(0, match.start() - 8), match.start()
        ):
            yield match


def customer_numbers(passages: Iterable[Passage], phrases: Mapping[str, re.Pattern[str]]) -> list[Number]:
    """Digits right after a label that says customer number, and those that such a list goes on with."""
    found: dict[str, Number] = {}
    for passage in passages:
        text = fold(passage.text)
        for label in phrases["fields.customer_no"].finditer(text):
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
    return "" if len(value) < 4 or (len(value) == 9 and orgnr.is_valid(value)) else value


def invoice_numbers(
    passages: Iterable[Passage], phrases: Mapping[str, re.Pattern[str]], *, about: bool
) -> list[Number]:
    """INV numbers anywhere, and plain ones in a sentence that speaks of an invoice before them.

    ``about``: the mail is about invoices, so that any plain number of eight digits is one too.
    """
    found: dict[str, Number] = {}
    for passage in passages:
        places = [*_INVOICE.finditer(passage.folded), *_plain_invoice_numbers(passage, phrases, about)]
        for match in sorted(places, key=lambda match: match.start()):
            value = passage.text[match.start() : match.end()].upper().replace("-", "").replace(" ", "")
            found.setdefault(value, Number(value, passage, match.start(), match.end(), "invoice_no"))
    return list(found.values())


def _plain_invoice_numbers(
    passage: Passage, phrases: Mapping[str, re.Pattern[str]], about: bool
) -> Iterable[re.Match[str]]:
    for match in _PLAIN.finditer(passage.folded):
        label = label_before(passage, match.start(), phrases)
        if label in ("org_no", "customer_no", "not_ours") or _INV_BEFORE.search(
            passage.folded[max(0, match.start() - 5) : match.start()]
        ):
            continue
        if len(match.group()) == 9 and orgnr.is_valid(match.group()):
            continue
        sentence = passage.sentence_at(match.start())
        before = passage.folded[max(sentence.start, match.start() - 90) : match.start()]
        if phrases["fields.invoice_no"].search(before) or (about and len(match.group()) == 8):
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
        near = [end for end in ends if not _ELSEWHERE.search(before[end:])]
        if key == "invoice_no":
            near = [end for end in near if len(before[end:].split()) <= _WORDS_BETWEEN]
        if near and max(near) > best:
            best, name = max(near), key
    return name
