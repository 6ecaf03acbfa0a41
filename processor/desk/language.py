"""The desk's two languages: English as it stands in the code, Norwegian bokmål by its gettext catalog."""

from __future__ import annotations

from typing import Literal

from processor.loading.catalog import translations as translations

Language = Literal["nb", "en"]
LANGUAGES: tuple[Language, ...] = ("nb", "en")
SCANDINAVIAN = ("nb", "no", "nn", "da", "sv")


def N_(words: str) -> str:  # noqa: N802  (gettext's own name for it)
    """Mark words that are translated where they are shown."""
    return words


def preferred(accept_language: str, chosen: str = "") -> Language:
    """The language that a person chose, else the first of their browser's that we have, else bokmål."""
    if chosen in LANGUAGES:
        return "en" if chosen == "en" else "nb"
    for each in accept_language.lower().split(",")[:10]:
        tag = each.partition(";")[0].strip().partition("-")[0]
        if tag in SCANDINAVIAN:
            return "nb"
        if tag == "en":
            return "en"
    return "nb"
