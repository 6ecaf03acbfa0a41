"""The day on which the writer says to have sent a notice (domain.md R10)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from processor.rulebook import Vocabulary
from processor.understanding.dates import moments
from processor.understanding.passages import Passage

SENT = re.compile(
    r"\b(?:send(?:te?|e)|sent|oversendt\w?|skickade?s?|skickat|mailed|e-mailed|submitted|levert\w?|gave notice"
    r"|(?:sa|sagt|sade|vart sagt) (?:\w{1,12} ){0,3}(?:opp|upp)|opsagde|opsagt|oppsagt|uppsagt)\b"
)
"""In folded text: that a notice was sent or given."""


def sent_on(passages: Iterable[Passage], today: date, vocabulary: Vocabulary) -> date | None:
    """The first day up to ``today`` that stands in a sentence on sending; Europe/Oslo."""
    for passage in passages:
        for moment in moments(passage.folded, today, vocabulary):
            if not SENT.search(passage.sentence_at(moment.start).text):
                continue
            day = moment.day
            # A day without a year is read as the next one, and a notice was sent on the last one.
            if moment.assumed and day > today:
                day = day.replace(year=day.year - 1) if (day.month, day.day) != (2, 29) else date(day.year - 1, 2, 28)
            if moment.kind == "day" and day <= today:
                return day
    return None
