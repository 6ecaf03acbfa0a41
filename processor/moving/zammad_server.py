"""Tickets straight out of a running Zammad."""

from __future__ import annotations

from collections.abc import Iterator

from processor.moving.exports import Place, letters_of
from processor.moving.found import Found
from processor.world.zammad_api import PAGE, ZammadApi


class ZammadServer:
    """Every ticket that the token may see.  A position is a page and how many of it are done, as ``3:17``."""

    unit = "tickets"
    mark = ""
    size = 0

    def __init__(self, api: ZammadApi) -> None:
        self.api = api
        self.name = f"zammad {api.url}"

    def done_at(self, position: str) -> int:
        """How many tickets are done."""
        page, _, done = position.partition(":")
        return (int(page or 1) - 1) * PAGE + int(done or 0)

    def mails(self, after: str) -> Iterator[Found]:
        """The letters of the tickets behind a position; a page that was left in the middle is asked for again."""
        page, _, done = after.partition(":")
        first, skip = int(page or 1), int(done or 0)
        on, seen = first, 0
        for at, ticket in self.api.tickets(first):
            on, seen = at, seen + 1 if at == on else 1
            if at == first and seen <= skip:
                continue
            number = (at - 1) * PAGE + seen
            place = Place(self.name, f"{at}:{seen - 1}", f"{at}:{seen}")
            yield from letters_of("zammad", ticket, {}, number, place)
