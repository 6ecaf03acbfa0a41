"""The day a request is to take effect: of all dates in a mail, the one that the request is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from processor.findings import Evidence
from processor.rulebook import Vocabulary
from processor.understanding.dates import Moment, day_before, moments, resolve
from processor.understanding.passages import Passage, Sentence

TYPES = ("termination", "licence_transfer", "elma_register", "elma_deregister", "admin_access")
"""The request types that have a day at all: of several the first is the one whose day it is."""
ENDING = "termination"
DATED = ("termination", "licence_transfer")
"""The types whose mails hardly name another day than this one."""
_LEAST = {"admin_access": 1.5}
_JUST_PAST = 300
"""A day without a year that is so far ahead has more likely just been."""
_DONE = 150
"""A transfer may have taken effect so many days ago."""
_NEAR = 20
_RANGE = re.compile(r"(?<![\d.])\d{1,2}\.?(?: ?[-/] ?| (?:til|till|to|og|and|och) )$")
_INCLUDED = re.compile(
    r"\b(?:sid?ste (?:avtale)?dag\w{0,4}|sista dag\w{0,3}|last day|t\.?o\.?m\.?|til og med|till och med|through)(?:\W{1,3}|$)(?:\w{1,6} ){0,3}$"
)
_EXCLUDED = re.compile(r"(?:\bfør|before|\bf\.?o\.?m\.?|(?:fra|frå|från) (?:og|och) med)\W{0,3}(?:den )?$")
_FROM = re.compile(r"\b(?:fra|frå|från|from)(?: den)? $")
_RENEWED = re.compile(
    r"(?:fornye|fornya|forny|förnya|forleng|renew)\w{0,4} (?:seg |dem |itself )?(?:automati\w{0,4}|igjen|again) (?:den |on |fra |frå |från |from |i |per ){0,2}$"
)
_HEADER = re.compile(r"\s*(?:fra|frå|från|from|sendt|sent|dato|date|skickat|til|till|to|emne|ämne|subject|kopi|cc)\s?:")
_CLOCK = re.compile(r"\W{0,3}(?:kl|at|klokken)?\W{0,2}\d{1,2}[:.]\d\d(?!\.?\d)")
_CONFIRM = re.compile(
    r"\b(?:bekreft|stadfest|svar|tilbakemeld|ring|kontakt|confirm|reply|bekräft|bekræft|hjelp|hilsen|beskjed|besked|tilbake til|återkom|let me know|get back"
    r"|respond|answer|kredit|refu|send (?:me|oss|us|over|gjerne|en|ei|et|an?|the|faktura|kopi|skjema))\w{0,9}[^.]{0,30}$"
)
_CONFIRM_AFTER = re.compile(
    r"[ ,]{0,3}(?:og |på |for |en |et |a )?(?:skriftlig |written )?(?:bekreft|stadfest|svar|tilbakemeld|beskjed|confirm|reply|answer|bekräft|bekræft)"
)
_MUST = re.compile(r"\b(?:må|lyt|must|måste|bør)\b")
_FROM_NOW = re.compile(r"(?:f(?:ra|rå|rån|rom)|as of|per|pr)\b")
"""Of what means at once, that which also tells of what the writer does from now on."""
_DOES = re.compile(
    r"\b(?:(?:tar|tek|tager) (?:i ?mot|imod|emot|over)|motta[rs]?|mottek|modtager|handles?|receives?|takes? (?:over|care)"
    r"|håndterer|handterar|hanterar|bruke?r|brukar|använder|bruger|using|uses?|er over på|är över på)\b"
)
_ASKS_TO_LOOK = re.compile(r"\b(?:se|sjå|sjekke?|titte|finne ut|check|see|tell|look|kolla|tjekke)\b")
_REACH = 300
"""How far behind a day ``that day`` may stand."""
_CLOSES = re.compile(r"\s{0,3}(?:$|[.,;!)\n]|please|takk|tack|og |and |och |så |slik |for |da |then )")
_CLOSES_ASKING = re.compile(_CLOSES.pattern.replace("[.,;!", "[?.,;!"))


@dataclass(frozen=True, slots=True)
class Effective:
    """The day, or ``asap``, where it stands, and whether its year was assumed."""

    value: date | Literal["asap"]
    evidence: Evidence
    assumed: bool = False


def effective_date(
    passages: Iterable[Passage],
    requests: tuple[str, ...],
    spans: Iterable[Evidence],
    today: date,
    vocabulary: Vocabulary,
) -> Effective | None:
    """The best candidate for the first request that has a day, or None; the last day of service for an end."""
    about = next((request for request in TYPES if request in requests), None)
    if about is None:
        return None
    struck = [(span, _bearing(span, about, requests)) for span in spans if span.weight > 0]
    found = [pair for p in passages for pair in _candidates(p, struck, today, vocabulary, about)]
    best = max(found, key=lambda pair: pair[0], default=None)
    if best is not None and best[0] >= _LEAST.get(about, 1.0):
        return best[1]
    return _only(found) if about in DATED else None


def _bearing(span: Evidence, about: str, requests: tuple[str, ...]) -> float:
    """What a date gains in the sentence of the request that it is looked for, or loses in another request's."""
    request = span.rule.partition("/")[0]
    return 1.5 if request == about else -0.5 if request in requests else 1.0


def _only(found: list[tuple[float, Effective]]) -> Effective | None:
    """The one date that nothing speaks against, if there is only one: a table's, or a plain sentence's."""
    days = [effective for worth, effective in found if worth >= 0.0]
    return days[0] if len({effective.value for effective in days}) == 1 else None


def _candidates(
    passage: Passage, struck: list[tuple[Evidence, float]], today: date, vocabulary: Vocabulary, about: str
) -> Iterator[tuple[float, Effective]]:
    ending = about == ENDING
    for moment in moments(passage.folded, today, vocabulary):
        if moment.kind == "weekday" and ending:
            continue
        sentence = passage.sentence_at(moment.start)
        pointed = _pointed_at(passage, sentence, moment, struck, vocabulary)
        moment = _as_meant(moment, today, about, pointed > 1.0)
        worth = _worth(passage, sentence, moment, vocabulary, today, ending)
        worth += max(_near_request(passage, sentence, struck), pointed)
        worth -= 0.0 if pointed > 1.0 else _too_early(moment, today, about)
        worth -= 4.5 if moment.assumed and moment.kind == "day" and (moment.day - today).days > _JUST_PAST else 0.0
        evidence = passage.evidence(moment.start, moment.end, "effective_date")
        yield (
            worth,
            Effective(_last_day(passage, moment, vocabulary) if ending else moment.day, evidence, moment.assumed),
        )
    yield from _at_once(passage, struck, vocabulary)


def _pointed_at(
    passage: Passage,
    sentence: Sentence,
    moment: Moment,
    struck: list[tuple[Evidence, float]],
    vocabulary: Vocabulary,
) -> float:
    """What a day gains by a later ``that day``: in a request's sentence as if it stood there itself."""
    that = vocabulary.phrases["dates.same_day"].search(passage.folded, moment.end, moment.end + _REACH)
    if that is None:
        return 0.0
    there = passage.sentence_at(that.start())
    asked = 1.0 if {"order", "errand"} & there.moods or _MUST.search(there.text) else 0.0
    return asked if there is sentence else asked + _near_request(passage, there, struck)


def _as_meant(moment: Moment, today: date, about: str, pointed: bool) -> Moment:
    """A transfer begins on the day after a turn, and was on the last such day if that has only just been.

    So was what is ``pointed`` back to, as the day of a bankruptcy.
    """
    if about == ENDING and not pointed:
        return moment
    if moment.turn and about != ENDING:
        return replace(moment, day=moment.day + timedelta(days=1))
    if about in DATED and moment.assumed and moment.kind == "day" and (moment.day - today).days > _JUST_PAST:
        return replace(moment, day=resolve(moment.day.day, moment.day.month, moment.day.year - 1, today) or moment.day)
    return moment


def _too_early(moment: Moment, today: date, about: str) -> float:
    if moment.day >= today:
        return 0.0
    return 1.0 if about in DATED and about != ENDING and (today - moment.day).days <= _DONE else 3.0


def _at_once(
    passage: Passage, struck: list[tuple[Evidence, float]], vocabulary: Vocabulary
) -> Iterator[tuple[float, Effective]]:
    """``snarest`` and the like, unless they ask for an answer; ``i dag`` where a request's sentence ends with it."""
    for match in vocabulary.phrases["dates.asap"].finditer(passage.folded):
        sentence = passage.sentence_at(match.start())
        before = passage.folded[sentence.start : match.start()]
        near = _near_request(passage, sentence, struck)
        worth = 0.0 if _is_told(match.group(), sentence, near, vocabulary) else 1.0 + near
        worth -= 3.0 if _CONFIRM.search(before) or _CONFIRM_AFTER.match(passage.folded, match.end()) else 0.0
        worth -= 1.5 if "question" in sentence.moods and "order" not in sentence.moods else 0.0
        yield worth, Effective("asap", passage.evidence(match.start(), match.end(), "effective_date"))
    for match in vocabulary.told("dates.today", passage.folded):
        sentence = passage.sentence_at(match.start())
        before = passage.folded[sentence.start : match.start()]
        asked = (
            {"order", "errand"} & sentence.moods or _MUST.search(before) or _near_request(passage, sentence, struck) > 0
        )
        meant = asked and "past" not in sentence.moods and not _CONFIRM.search(before)
        done = "errand" in sentence.moods and not _ASKS_TO_LOOK.search(before)
        if meant and (_CLOSES_ASKING if done else _CLOSES).match(passage.text, match.end()):
            yield 1.0, Effective("asap", passage.evidence(match.start(), match.end(), "effective_date"))


def _is_told(at_once: str, sentence: Sentence, near: float, vocabulary: Vocabulary) -> bool:
    """Whether ``from now on`` only tells of what is done elsewhere, and asks for nothing."""
    if not _FROM_NOW.match(at_once) or {"order", "errand"} & sentence.moods:
        return False
    if vocabulary.says("dates.end", sentence.text):
        return False
    return near <= 0 or _DOES.search(sentence.text) is not None


def _near_request(passage: Passage, sentence: Sentence, struck: list[tuple[Evidence, float]]) -> float:
    """A date in the very sentence of the request is worth more than one elsewhere."""
    start, end = passage.at + sentence.start, passage.at + sentence.end
    bearings = [bearing for s, bearing in struck if s.where == passage.where and start <= s.start < end]
    return max(bearings, default=0.0)


def _worth(
    passage: Passage, sentence: Sentence, moment: Moment, vocabulary: Vocabulary, today: date, ending: bool
) -> float:
    phrases = vocabulary.phrases
    line = passage.text.rfind("\n", 0, moment.start) + 1
    header = moment.day <= today and _HEADER.match(passage.folded[line : moment.start])
    if header or _CLOCK.match(passage.folded, moment.end):
        return -10.0
    before = passage.folded[max(sentence.start, moment.start - 45) : moment.start]
    worth = 0.0 if moment.kind == "day" else 1.0 if ending else -1.0
    ends = _last_match(phrases["dates.end"], before)
    worth += 2.0 if ends >= 0 or phrases["dates.near"].search(before[-_NEAR:]) else 0.0
    worth += 1.0 if {"order", "errand"} & sentence.moods else 0.0
    worth += 0.5 if phrases["dates.from"].search(before[-25:]) or phrases["dates.end_of"].search(before[-25:]) else 0.0
    worth -= 3.5 if _last_match(phrases["dates.not_end"], before) > ends else 0.0
    worth -= 1.0 if "past" in sentence.moods else 0.0
    worth -= 3.0 if _CONFIRM.search(before) or _RANGE.search(before) else 0.0
    worth += 1.0 if phrases["dates.last_day"].search(before[-30:]) else 0.0
    bare = passage.text[moment.start : moment.end]
    if bare.isdigit() and not phrases["dates.end"].search(before[-20:]):
        return -10.0
    return worth


def _last_match(words: re.Pattern[str], text: str) -> int:
    """Where the last match begins, or -1: of two words before a day, the nearer one tells."""
    return max([match.start() for match in words.finditer(text)], default=-1)


def _last_day(passage: Passage, moment: Moment, vocabulary: Vocabulary) -> date:
    """``fra 1. januar`` ends on 31 December; so does a bare first of a month, unless it is named the last day."""
    if moment.kind == "end":
        return moment.day
    before = passage.folded[max(0, moment.start - 30) : moment.start]
    within = passage.folded[moment.start : moment.end]
    last = _INCLUDED.search(before)
    exclusive = _EXCLUDED.search(before) and not last
    if (
        (moment.day.day == 1 and not last)
        or exclusive
        or _RENEWED.search(before)
        or (moment.day.day < 28 and _FROM.search(before))
        or vocabulary.phrases["dates.from"].match(within)
    ):
        return day_before(moment.day)
    return moment.day
