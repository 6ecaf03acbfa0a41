"""Ask mail-parser-reply where older text begins; its one importer.

It knows French, German, Dutch, Polish, Spanish and Italian programs, which our own tests do not.  Its patterns
are quadratic (20,000 blank lines take 30 s), so that it sees few and short lines only, and only
mails that are replies and in which nothing else was found.
"""

from __future__ import annotations

from mailparser_reply.parser import EmailMessage

MAX_LINES = 120
MAX_LINE = 160

_LANGUAGES = ["en", "de", "fr", "nl", "pl", "es", "it"]


class _Replies(EmailMessage):  # type: ignore[misc]
    """mail-parser-reply without its search for disclaimers and signatures, for which nobody asks here."""

    def _process_signatures_disclaimers(self, text: str) -> tuple[list[str], str]:  # noqa: ARG002
        return [], ""


def first_older_line(lines: list[str]) -> int | None:
    """The number of the first line of older text, or None."""
    kept = [(number, line.strip()[:MAX_LINE]) for number, line in enumerate(lines) if line.strip()][:MAX_LINES]
    text = "\n".join(line for _, line in kept)
    # Each of its headers holds a colon, but for the rule around "Original Message".
    if ":" not in text and "-----" not in text:
        return None
    replies = _Replies(text=text, languages=list(_LANGUAGES)).read().replies
    if len(replies) < 2:
        return None
    # The first reply is a prefix of the text that we gave, whole lines of it.
    above = replies[0].content.count("\n") + 1 if replies[0].content else 0
    return kept[above][0] if above < len(kept) else None
