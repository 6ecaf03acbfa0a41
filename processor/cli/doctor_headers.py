"""What ``doctor`` says of the headers of mail that came in lately: is our own server's word there, and only ours?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from processor.world.probing import Finding

if TYPE_CHECKING:
    from processor.config import Config

ENOUGH = 10
"""Fewer mails say little of what a server always does."""


def header_findings(settings: Config) -> list[Finding]:
    """Whether our receiving server writes its Authentication-Results, and removes those that pose as it (RFC 8601 5)."""
    from sqlalchemy.exc import SQLAlchemyError

    from processor.loading.problems import Refused
    from processor.steps.opened import opened
    from processor.store.engine import connect
    from processor.store.heads import newest_heads

    try:
        engine = opened(settings, connect)
    except (Refused, SQLAlchemyError):
        # What is wrong with the database is told above.
        return []
    try:
        return _findings(newest_heads(engine), settings)
    except SQLAlchemyError:
        # What is wrong with the database is told above.
        return []
    finally:
        engine.dispose()


def _findings(heads: Sequence[bytes], settings: Config) -> list[Finding]:
    from processor.deciding.authenticity import brought_along, spoken
    from processor.pipeline import read_header

    if not settings.authserv_ids:
        mend = "Set authserv_ids to the id that your server writes, or check_signatures in [provenance]."
        on = settings.provenance.check_signatures
        said = "signatures are checked here" if on else "every sender is unproven: no authserv_ids are set"
        return [Finding(True, said, "" if on else mend)]
    mails = [read_header(head) for head in heads]
    own = sum(spoken(mail, settings.authserv_ids) for mail in mails)
    posing = sum(brought_along(mail, settings.authserv_ids) for mail in mails)
    names = ", ".join(settings.authserv_ids)
    found = [Finding(True, f"{own} of the newest {len(mails)} mails carry the word of {names}")]
    if len(mails) >= ENOUGH and not own:
        found = [
            Finding(False, f"none of the newest {len(mails)} mails carries the word of {names}", "Compare the id.")
        ]
    if posing:
        said = f"{posing} mails brought Authentication-Results of {names} along, which the server should have removed"
        found.append(Finding(False, said, "Let the server remove them (RFC 8601 section 5); none of them is believed."))
    return found
