"""The words for staff in Norwegian, by gettext: the program's own stand in English in the code."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

LOCALE = Path(__file__).parent.parent / "desk" / "locale"


@cache
def translations(language: str) -> NullTranslations:
    """The catalog of a language of staff, ``nb`` or ``en``."""
    if language == "en":
        return NullTranslations()
    with (LOCALE / language / "LC_MESSAGES" / "desk.mo").open("rb") as file:
        return GNUTranslations(file)


def saying(language: str) -> Callable[[str], str]:
    """What translates the program's own words into a language of staff."""
    return translations(language).gettext
