"""Zammad by its REST API: its tickets with their articles, the mails themselves and the attached files.

Read with a token that may see every group (``ticket.agent``).  Nothing is changed there.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

from processor.world.backoff import gap
from processor.world.failures import Misconfigured, Transient
from processor.world.web import NoAnswer, Terms, get

PAGE = 100
"""Zammad gives no more at once."""
SECONDS = 120.0
MOST_BYTES = 60_000_000
TRIES = 5
NO_CONTENT = 204
MAIL, MAIL_ID = "email", 1


class ZammadApi:
    """A Zammad at ``url``; ``rest`` waits so many seconds between two tries."""

    def __init__(self, url: str, token: str, rest: Callable[[float], None], ca_file: str | None = None) -> None:
        self.url, self.rest = url.rstrip("/"), rest
        headers = {"Authorization": f"Token token={token}"}
        # Whoever names the server may have it within their own network.
        self.terms = Terms(SECONDS, ca_file, internal=True, headers=headers, most=MOST_BYTES)

    def tickets(self, page: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each ticket from a page (from 1) on with its page, the oldest first, its articles in it.

        Raises Misconfigured where the token is refused, Transient where the server does not answer.
        """
        while True:
            told = self._json(f"/tickets?expand=true&per_page={PAGE}&page={page}")
            if not isinstance(told, list):
                raise Misconfigured(f"{self.url} is no Zammad: it gives no list of tickets")
            for ticket in told:
                yield page, self._whole(ticket) if isinstance(ticket, dict) else ticket
            if len(told) < PAGE:
                return
            page += 1

    def _whole(self, ticket: dict[str, Any]) -> dict[str, Any]:
        number = ticket.get("id")
        articles = self._json(f"/ticket_articles/by_ticket/{number}?expand=true")
        listed = articles if isinstance(articles, list) else []
        return {**ticket, "articles": [self._with_bytes(number, each) for each in listed if isinstance(each, dict)]}

    def _with_bytes(self, ticket: object, article: dict[str, Any]) -> dict[str, Any]:
        """The article with the mail that it was, or else with its files."""
        number = article.get("id")
        if article.get("type") == MAIL or article.get("type_id") == MAIL_ID:
            plain = self._get(f"/ticket_article_plain/{number}")
            if plain:
                return {**article, "plain": plain}
        files = [each for each in article.get("attachments") or () if isinstance(each, dict)]
        found = []
        for file in files:
            content = self._get(f"/ticket_attachment/{ticket}/{number}/{file.get('id')}")
            found.append({**file, "data": base64.b64encode(content).decode()} if content is not None else file)
        return {**article, "attachments": found}

    def _json(self, path: str) -> Any:
        content = self._get(path)
        try:
            return None if content is None else json.loads(content)
        except ValueError:
            raise Misconfigured(f"{self.url} is no Zammad: {path.partition('?')[0]} is no JSON") from None

    def _get(self, path: str) -> bytes | None:
        """What the server says, None where it has none; asked some times where it is busy or away."""
        for tried in range(1, TRIES + 1):
            try:
                answer = get(f"{self.url}/api/v1{path}", self.terms, (200, NO_CONTENT, 401, 404, 410))
            except NoAnswer as away:
                if away.reason == "nonsense" or tried == TRIES:
                    raise Transient(away.said) from away
                self.rest(away.rest or gap(tried, 0.0))
                continue
            if answer.status == 401:
                raise Misconfigured(f"{self.url} does not take the token")
            return answer.body if answer.status == 200 else None
        raise AssertionError("unreachable")
