"""Which products a mail is about, by their canonical names.

The longest way of writing wins.  Everyday words (Business, Time) count only where the writer shows
that a product is meant.  In a termination, products that the writer keeps are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from processor.findings import Evidence
from processor.rulebook import Pattern
from processor.spellings import Spellings
from processor.understanding.passages import Passage, holds

_CLAUSE = re.compile(r"[,;:(]|\s-\s|m(?<!\w.)(?:ens?|edan)\b|b(?<!\w.)ut\b|w(?<!\w.)hile\b|d(?<!\w.)og\b")
_GOES_ON = re.compile(
    r"\s*(?:$|\n|[,/]|-\w|skal|må|kan|og|and|och|er|går|vil|ønsker|derimot|beholder|avvikles|treng|trenger)"
)
_ENDED = re.compile(
    r"(?:\balt|allerede|allereie|redan|already|tidligere) (?:har )?(?:vi |eg |jeg )?(?:sagt opp|sagt upp|opsagt|avsluttet|bekreftet|cancelled)"
    r"|(?:ble|blei|vart|was) (?:avsluttet|avslutta|sagt opp|cancelled|terminated)"
)
_END_WORDS = ("sagt", "avslutt", "bekreft", "cancel", "terminat")
"""What ``_ENDED`` cannot do without."""
_BUT_IT = re.compile(
    r"[^,]{0,20}, ?(?:men |but |som |which )?(?:den|det|dei?|dem|disse|those|we|vi|me) (?:\w{1,9} ){0,2}(?:behold|behald|beheld|skal stå|keep|fortsett|behåll)"
)
_EVERYDAY = frozenset(("time", "tid", "sign", "project", "calendar", "logistics", "scenario"))
"""Words that mean a product only with a capital letter."""
_NOTICE_BEFORE = re.compile(
    r"(?:\b(?:si|sier|sei|seier|seie|säga|säger|sige?r?) (?:her(?:ved|med) |difor |derfor )?(?:op|opp|upp)|opps?i?gi?e?l\w{1,4} av|oppseiing av|avbestill\w{1,2})"
    r" (?:visma |avtalen på |abonnementet på )?$"
)
_PRODUCT_BEHIND = re.compile(
    r"[ -](?:lisens|licens|licen[cs]e|abonnement|modul|brukere|stenges|avsluttes|sies opp|kan dere (?:skru|steng|avslutt|ta bort))"
)
_KEEPS = re.compile(
    r"\b(?:(?:må|skal|vil|lyt|want to|ska)(?: \w{1,14}){0,3} (?:ha|have) (?:videre|vidare|kvar|fortsatt|framleis)|(?:fortsatt|framleis|fortfarande|fortsat) (?:ha|bruke|bruka|have)"
    r"|skal (?:vera|være|vere|stå) (?:som|der)|(?:takk\w{0,2} nei|nei takk|tackar nej|nej tak\w?) till? (?:\w{1,8} )?(?:tilbud|oppgrad|opgrad|uppgrad|erbjud)|tilbud\w{0,3} (?:på|om|for)|(?:offer|quote) (?:for|on)|sagt opp \S{1,20} for lenge|står over)"
)
_ROW = re.compile(r"[^,;:]{1,30}")
"""The rest of a table's row behind the product's name."""
_RUNS = re.compile(
    r"\s*(?:har|hadde|henger?|heng|hänger|krasje?[rt]|krasjar|kraschar|crasher|stoppe?[rt]|stoppar|stopper|fungere?r|fungerar|virker|virkar|verkar|funkar|åpner|opnar|öppnar"
    r"|viser|viser|visar|gir|gjev|ger|giver|vil ikke|vil ikkje|vill inte|på (?:mobil|telefon|nett|pc|mac)\w{0,6})\b"
)
"""What a program does or fails to do, right behind its name."""
_USED = re.compile(
    r"\b(?:bruker|brukar|kjører|køyrer|använder|kör|bruger|kører|use|uses|using)(?: (?:visma|bare|berre|kun|only))? $"
)
_USED_END = re.compile(r"\s*(?:$|[.,;!)\n]|og\b|and\b|och\b|hos oss|hjå oss|til|till|for|i dag|idag|today)")
_OTHER_SENSE = re.compile(
    r"contracting (?:part|entit|authorit|compan|state)|erp[ -](?:system|løsning|løysing|lösning|solution|leverandør|leverantör|vendor|provider|contract|project|prosjekt|projekt|lead|team|consult|konsulent)"
)
_NAMED_WITH_US = ("erp", "di")
"""Words that mean ours only in a sentence that names Visma, and in capitals."""
_LEFT_FOR = re.compile(
    r"\b(?:oppgrader|opgrader|uppgrader|upgrad|overgang|overgong|övergång|gått over|går over|gå over|bytt|flyttet|flytta|moved|moving|switch|migrat|migrer|konverter|convert)\w{0,5}"
    r" (?:\w{1,12} ){0,3}(?:til|till|to) (?:visma )?$"
)
"""Right before a product that the writer goes on with."""
_WORD_BEFORE = re.compile(r"([\w.&]+)[ ]?$")
_WORD_AFTER = re.compile(r" ?([\w.&]+)")


def products_in(
    passages: Iterable[Passage], spellings: Spellings, moods: Mapping[str, Pattern], *, ending: bool
) -> list[tuple[str, Evidence]]:
    """Canonical names in order, each once, with where they stand; ``ending`` leaves out what is kept."""
    found: dict[str, Evidence] = {}
    kept: set[str] = set()
    for passage in passages:
        mentions = [*_mentions(passage, spellings)]
        ended = bool(mentions) and any(word in passage.folded for word in _END_WORDS)
        for name, match in mentions:
            clause = _clause(passage, match) if ended or ending else ""
            if _ENDED.search(clause) or (ending and _is_kept(passage, match, clause, moods)):
                kept.add(name)
            else:
                found.setdefault(name, passage.evidence(match.start(), match.end(), "product"))
    return [(name, evidence) for name, evidence in found.items() if name not in kept or len(found) == 1]


def _mentions(passage: Passage, spellings: Spellings) -> Iterator[tuple[str, re.Match[str]]]:
    for match in spellings.pattern.finditer(passage.folded):
        if _OTHER_SENSE.match(passage.folded, match.start()):
            continue
        if match.group() not in spellings.everyday or _is_meant(passage, match):
            yield spellings.names[match.group()], match


def _is_meant(passage: Passage, match: re.Match[str]) -> bool:
    """Whether an everyday word is the product: written with a capital inside a sentence, and no part of a name."""
    word = match.group()
    if word in _NAMED_WITH_US and not _is_named_with_us(passage, match):
        return False
    if not passage.text[match.start()].isupper():
        return word not in _EVERYDAY and _asked_for(passage, match)
    before = _WORD_BEFORE.search(passage.text[max(0, match.start() - 30) : match.start()])
    after = _WORD_AFTER.match(passage.text, match.end())
    if after and after[1][0].isupper() and after[1].lower() not in ("og", "and", "och"):
        return False
    sentence = passage.sentence_at(match.start())
    first = not passage.text[sentence.start : match.start()].strip(" \n\t-*•0123456789.)")
    if first:
        runs = word not in _EVERYDAY and _RUNS.match(passage.folded, match.end())
        return bool(runs or (passage.where != "subject" and _GOES_ON.match(passage.text, match.end())))
    if (
        before
        and before[1][0].isupper()
        and not before[1].lower().startswith(("visma", "vissma", "vimsa", "og", "and", "och"))
    ):
        return not passage.text[sentence.start : match.start() - len(before.group())].strip()
    return True


def _is_named_with_us(passage: Passage, match: re.Match[str]) -> bool:
    sentence = passage.sentence_at(match.start())
    return passage.text[match.start() : match.end()].isupper() and "visma" in sentence.text


def _asked_for(passage: Passage, match: re.Match[str]) -> bool:
    """Whether a word in small letters stands right behind a notice or a use, or before what only a product has."""
    before = passage.folded[max(0, match.start() - 30) : match.start()]
    used = _USED.search(before) and _USED_END.match(passage.folded, match.end())
    return bool(used or _NOTICE_BEFORE.search(before) or _PRODUCT_BEHIND.match(passage.folded, match.end()))


def _is_kept(passage: Passage, match: re.Match[str], clause: str, moods: Mapping[str, Pattern]) -> bool:
    keep = moods.get("keep")
    before = passage.folded[max(0, match.start() - 50) : match.start()]
    if _KEEPS.search(clause) or _LEFT_FOR.search(before):
        return True
    sentence = passage.sentence_at(match.start())
    if keep is None or "keep" not in sentence.moods:
        return False
    rest = passage.folded[match.end() : sentence.end].strip()
    return holds(keep, clause) or bool(_BUT_IT.match(rest)) or (_ROW.fullmatch(rest) is not None and holds(keep, rest))


def _clause(passage: Passage, match: re.Match[str]) -> str:
    """The clause that the product stands in; a bare product in a list takes the clauses up to the list's end."""
    sentence = passage.sentence_at(match.start())
    start, ends = sentence.start, []
    for cut in _CLAUSE.finditer(passage.folded, sentence.start, sentence.end):
        if cut.start() < match.start():
            start = cut.start() + 1
        elif cut.start() >= match.end():
            ends.append(cut.start())
    ends.append(sentence.end)
    end = ends.pop(0)
    while ends and end - start <= len(match.group()) + 12:
        end = ends.pop(0)
        if end - start > 60:
            break
    return passage.folded[start:end].strip()
