"""What a virus scanner said of a mail; stored with the decision, and obeyed wherever a file is given out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Scan:
    """``none``: nobody was asked, since there is no scanner or no file.  ``what`` is the virus, or why it was in vain."""

    state: Literal["none", "clean", "infected", "not_scanned"] = "none"
    what: str = ""
