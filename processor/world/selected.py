"""A folder that stands open, as the server showed it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Selected:
    """A folder as SELECT showed it."""

    folder: str
    exists: int
    uidvalidity: int
    permanent_flags: frozenset[str]
    read_only: bool
    # The first UID that is not given out yet; 0 where the server does not tell.
    next_uid: int = 0

    def keeps(self, keyword: str) -> bool:
        """Whether a keyword stays on a mail after the session (RFC 9051 7.1, PERMANENTFLAGS)."""
        return not self.read_only and ("\\*" in self.permanent_flags or keyword.lower() in self.permanent_flags)
