"""Whether the program can do its work now, and if not, why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from processor.store.measures import Measures

LATELY = timedelta(minutes=5)
"""That a mailbox was read is written down once a minute."""


def not_ready(measures: Measures, polls: Mapping[str, float], rules: str) -> Iterator[str]:
    """What is missing, a sentence each; nothing when ready.

    ``polls`` are the watched accounts with the seconds between two readings, ``rules`` the version in force.
    """
    if not measures.schema_current:
        yield f"the store's schema is {measures.schema or 'missing'}, which is not this program's"
    if not rules:
        yield "no rules were accepted"
    heard = {box.account: box.heard_at for box in measures.mailboxes}
    if not any(
        at is not None and measures.at - at <= max(LATELY, timedelta(seconds=3 * poll))
        for account, poll in polls.items()
        if (at := heard.get(account)) or True
    ):
        yield "no mailbox was read lately"
