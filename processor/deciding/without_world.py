"""The context of a mail that is decided from its file alone, as ``explain`` and the example tests do."""

from __future__ import annotations

from datetime import UTC, datetime

from processor.message import Message
from processor.ticket import Context

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def context_without_world(
    message: Message, ticket_no: str, authserv_ids: tuple[str, ...] = (), own_addresses: tuple[str, ...] = ()
) -> Context:
    """Make the context of a mail about which the world was not asked.

    Now is the arrival, so that the same file gives the same bytes on any day; the arrival is the
    topmost Received, else Date with a flag, never the clock.
    """
    flags = {"received": "", "date": "arrival_from_date", "none": "arrival_unknown"}
    arrival = message.arrival or EPOCH
    return Context(
        now=arrival,
        arrival=arrival,
        arrival_flag=flags[message.arrival_from],
        ticket_no=ticket_no,
        authserv_ids=authserv_ids,
        own_addresses=own_addresses,
    )
