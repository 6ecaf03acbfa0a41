"""A token server on the simulated clock: access tokens end each hour; it is slow, down, or a consent is revoked."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from processor.world.web import Answer, NoAnswer, Terms
from tests.servers.token_server import TokenServer
from tests.simulator.clock import Clock
from tests.simulator.waiting import SimTime

LIFE = 3600.0


class Tokens(TokenServer):
    """The test's own token server without its socket.

    ``refused_at`` is when a refresh token was first refused, ``ending_at`` when the server first told a user of an end
    (``ends_in`` seconds).
    """

    def __init__(self, clock: Clock, time: SimTime, pause: Callable[[str], None], dice: random.Random) -> None:
        super().__init__(LIFE, rotate=True)
        self._server.server_close()
        self.clock, self.sim_time, self.pause, self.dice = clock, time, pause, dice
        self.down = False
        self.ends_in: dict[str, float] = {}
        self.refused_at: float | None = None
        self.ending_at: dict[str, float] = {}
        self.given = self.slow = self.failed = 0

    def now(self) -> float:
        return self.clock.true().timestamp()

    def post(self, _url: str, body: str, terms: Terms) -> Answer:
        """What ``processor.world.web.post`` would bring."""
        self.pause("TOKEN")
        if self.down:
            self.failed += 1
            raise NoAnswer("unreachable", "connection refused")
        if self.dice.random() < 0.08:
            self.slow += 1
            seconds = self.dice.choice((3.0, 9.0, 30.0))
            self.sim_time.sleep(min(seconds, terms.seconds))
            if seconds > terms.seconds:
                self.failed += 1
                raise NoAnswer("timed_out", "timed out")
        fields = {name: values[0] for name, values in parse_qs(body).items()}
        user = self._refresh.get(fields.get("refresh_token", ""), ("", ""))[0]
        status, told = self.answer("/token", fields)
        return Answer(status, "application/json", json.dumps(self._with_end(user, told)).encode())

    def revoke_user(self, user: str) -> None:
        """A person's consent is gone, and so are the tokens in hand."""
        self._refresh = {token: each for token, each in self._refresh.items() if each[0] != user}
        self.end_access(user)

    def end_access(self, user: str) -> None:
        """Access tokens of a user end before their time."""
        self._access = {token: each for token, each in self._access.items() if each.user != user}

    def _with_end(self, user: str, told: dict[str, Any]) -> dict[str, Any]:
        if "error" in told:
            self.refused_at = self.refused_at or self.clock.second
            return told
        self.given += 1
        if ends := self.ends_in.get(user):
            self.ending_at.setdefault(user, self.clock.second)
            return {**told, "refresh_token_expires_in": int(ends)}
        return told
