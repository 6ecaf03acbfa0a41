"""What changes while a page is open, as server-sent events: counts, who looks at what, and a ticket that moved on.

One look at the store a second serves every open page.  A page that does not ask to ``follow`` is told how things
stand, once.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from processor.desk.asking import Asked, Desk
from processor.desk.lookout import TURN_SECONDS, Look
from processor.desk.present import others_present
from processor.store.presence import look_at, look_away, ticket_stamp
from processor.store.sessions import still_signed_in

RENEW_SECONDS = 15.0
LEAST_SECONDS = 3.0
"""Between two messages about the queue, so that a flood of mail is no flood of pages."""
RETRY = "retry: 3000\n\n"
"""How long a browser waits before it connects again, in milliseconds."""
END = "event: end\ndata: {}\n\n"
"""The session is over: the browser does not come again."""


@dataclass
class Stream:
    """One open page, of a ticket as it was at ``changed_at`` or of none, and what it was told already."""

    desk: Desk
    asked: Asked
    ticket_id: int | None
    changed_at: datetime | None
    event: int = -1
    told: str = ""
    renewed: float = float("-inf")
    counted: float = float("-inf")

    def turn(self) -> list[str] | None:
        """The messages that are due; None when the session is over."""
        desk, moment = self.desk, time.monotonic()
        said: list[str] = []
        if moment - self.renewed >= RENEW_SECONDS:
            session = self.asked.session
            account = still_signed_in(desk.engine, session.token, desk.clock()) if session else None
            if session is None or account is None:
                return None
            self.asked = replace(self.asked, session=replace(session, account=account))
            if self.ticket_id is not None:
                look_at(desk.engine, self.ticket_id, self.asked.person.id, desk.clock())
            self.renewed = moment
            # Proxies close what is silent for long.
            said.append(": still here\n\n")
        return [*said, *self._news(desk.lookout.look(), moment)]

    def _news(self, look: Look, moment: float) -> Iterator[str]:
        desk = self.desk
        seen = json.dumps(others_present(desk, self.asked, look), ensure_ascii=False, sort_keys=True)
        if seen != self.told:
            self.told = seen
            yield f"event: present\ndata: {seen}\n\n"
        if look.event != self.event and moment - self.counted >= LEAST_SECONDS:
            first = self.event < 0
            self.event, self.counted = look.event, moment
            counts = json.dumps({view.value: number for view, number in desk.counts(self.asked.account).items()})
            yield f"event: {'counts' if first else 'queue'}\ndata: {counts}\n\n"
            if self._moved_on():
                yield "event: ticket\ndata: {}\n\n"

    def _moved_on(self) -> bool:
        """Whether the ticket is not any more what the page shows, told once."""
        if self.ticket_id is None or self.changed_at is None:
            return False
        _, changed_at = ticket_stamp(self.desk.engine, self.asked.query.get("ticket", ""))
        moved = changed_at is not None and changed_at > self.changed_at
        self.changed_at = None if moved else self.changed_at
        return moved

    def close(self) -> None:
        """The page is gone."""
        if self.ticket_id is not None:
            look_away(self.desk.engine, self.ticket_id, self.asked.person.id)


def live(desk: Desk, asked: Asked) -> Response:
    """The messages for one open page; ``ticket`` is its ticket and ``since`` the stamp that it shows."""
    ticket_id, _ = ticket_stamp(desk.engine, asked.query.get("ticket", ""))
    try:
        since = datetime.fromisoformat(asked.query.get("since", ""))
    except ValueError:
        since = None
    following = bool(asked.query.get("follow"))
    stream = Stream(desk, asked, ticket_id if following else None, since if since and since.tzinfo else None)
    # Proxies that gather what they pass on are told not to.
    headers = {"X-Accel-Buffering": "no"}
    if not following:
        return Response("".join(stream.turn() or [END]), media_type="text/event-stream", headers=headers)
    return StreamingResponse(_messages(desk, stream), media_type="text/event-stream", headers=headers)


async def _messages(desk: Desk, stream: Stream) -> AsyncIterator[str]:
    yield RETRY
    try:
        while not desk.ended.is_set():
            said = await run_in_threadpool(stream.turn)
            if said is None:
                yield END
                return
            for each in said:
                yield each
            await asyncio.sleep(TURN_SECONDS)
    finally:
        # Whoever ends a stream does not wait for the store, and may not be held up by it.
        threading.Thread(target=stream.close, name="looked away", daemon=True).start()
