"""One mail with all that deciding looks at, so that its questions take one argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from processor.findings import Fields, Understanding
from processor.message import Message
from processor.rulebook import Rulebook
from processor.ticket import Context, Earlier, Provenance


@dataclass(frozen=True, slots=True)
class Case:
    """A mail, what it says, who wrote it, what the world knows and what the rules say.

    ``own_addresses`` are the rulebook's and the context's, in lower case.  ``since`` is the first mail's
    arrival where this mail continues an earlier one, ``completes`` what it brings something for, and
    ``said`` the fields of this mail alone then.
    """

    message: Message
    understanding: Understanding
    provenance: Provenance
    context: Context
    rulebook: Rulebook
    own_addresses: frozenset[str]
    since: datetime | None = None
    completes: tuple[Earlier, ...] = ()
    said: Fields | None = None
