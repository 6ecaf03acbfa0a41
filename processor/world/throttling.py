"""What servers say of the moment, and how long they ask to be left alone, in words: no code for it is known to all.

Exchange names the time ("Suggested Backoff Time: 12345 milliseconds"), Google says [THROTTLED] or that a limit of
bandwidth is reached, which lasts for minutes to hours.  Whoever comes back at once is only kept out for longer.
"""

from __future__ import annotations

import re

# RFC 9051 7.1: codes of a NO that speaks of the moment, not of the password or the folder.
PASSING = (
    "[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]", "[CONTACTADMIN]", "TOO MANY", "TRY AGAIN", "TEMPORAR",
    "THROTTLED", "BANDWIDTH LIMIT", "BACKOFF",
)  # fmt: skip
# Exchange's word for a session whose mailbox it has lost sight of: only a new one helps.
UNCONNECTED = "NOT CONNECTED"
SUGGESTED = re.compile(r"Backoff Time: ([0-9]{1,9}) milliseconds", re.IGNORECASE)
THROTTLED = ("[THROTTLED]", "[OVERQUOTA]", "THROTTLED", "BANDWIDTH LIMIT")
REST_SECONDS = 300.0
LONGEST_REST = 1800.0


def rest_asked(said: str) -> float:
    """Seconds to wait before the next try, half an hour at most; 0 where the server asks for nothing."""
    if suggested := SUGGESTED.search(said):
        return min(int(suggested[1]) / 1000, LONGEST_REST)
    return REST_SECONDS if any(word in said.upper() for word in THROTTLED) else 0.0
