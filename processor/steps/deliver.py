"""One step of delivery: ready rows of the outbox are claimed, sent and marked, over one open connection.

The attempt is committed before DATA, so a crash in the middle leaves a row that is ``unknown`` and
never one that would be sent again by mistake (threats.md, sending once).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.engine import Engine

from processor.config import SmtpSettings
from processor.letter import compose
from processor.store import outbox
from processor.store.outbox import Outgoing
from processor.world.courier import Courier
from processor.world.outcomes import Deferred, Delivered, Lost, Rejected

LEASE_SECONDS = 120
# With the gaps below, about two days.
MOST_TRIES = 30
FIRST_GAP = timedelta(seconds=30)
LONGEST_GAP = timedelta(hours=2)


class FenceLostError(Exception):
    """Another worker has taken the row over: this one must not send it."""


def deliver(
    engine: Engine,
    courier: Courier,
    settings: SmtpSettings,
    worker: str,
    clock: Callable[[], datetime],
    limit: int = 20,
    going: Callable[[], bool] = lambda: True,
) -> tuple[int, int]:
    """Send up to ``limit`` ready answers; returns how many were claimed and how many the server took."""
    rows = outbox.claim(engine, worker, limit, clock(), LEASE_SECONDS)
    taken = 0
    for row in rows:
        # What is claimed and not begun is free again when its lease ends, or at the next start.
        if not going():
            break
        taken += _send(engine, courier, settings, row, clock)
    return len(rows), taken


def gap_after(tries: int) -> timedelta:
    """The wait before the next try: doubled each time, two hours at most (RFC 5321 section 4.5.4.1)."""
    return min(FIRST_GAP * int(2 ** min(tries, 16)), LONGEST_GAP)


def _send(
    engine: Engine, courier: Courier, settings: SmtpSettings, row: Outgoing, clock: Callable[[], datetime]
) -> bool:
    now = clock()
    try:
        data = _letter(row, settings, now)
    except Exception as error:
        # A poison answer is set aside for a person and the rest goes on (threats.md T92).
        outbox.failed(engine, row.id, row.fence, f"could not be written: {error}", now)
        return False

    def on_data() -> None:
        if not outbox.attempt(engine, row.id, row.fence, settings.host, clock()):
            raise FenceLostError(row.id)

    try:
        result = courier.send(settings.envelope_from, row.to, data, on_data)
    except FenceLostError:
        return False
    now = clock()
    match result:
        case Delivered(response=response):
            outbox.sent(engine, row.id, row.fence, response, now)
        case Rejected(code=code, text=text):
            outbox.failed(engine, row.id, row.fence, f"{code} {text}", now)
        case Deferred(code=code, text=text):
            _later(engine, row, f"{code} {text}", now)
        case Lost(after_data=True, text=text):
            outbox.unknown(engine, row.id, row.fence, text, now)
        case Lost(text=text):
            _later(engine, row, text, now)
    return isinstance(result, Delivered)


def _later(engine: Engine, row: Outgoing, reason: str, now: datetime) -> None:
    if row.tries >= MOST_TRIES:
        outbox.failed(engine, row.id, row.fence, f"given up after {row.tries} tries: {reason}", now)
    else:
        outbox.retry_at(engine, row.id, row.fence, reason, now + gap_after(row.tries), now)


def _letter(row: Outgoing, settings: SmtpSettings, now: datetime) -> bytes:
    return compose(
        message_id=row.message_id,
        in_reply_to=row.in_reply_to,
        references=row.references.split(),
        from_address=settings.from_address,
        from_name=settings.from_name,
        reply_to=settings.reply_to,
        to=row.to,
        date=now,
        subject=row.subject,
        text=row.text,
        html=row.html,
    )
