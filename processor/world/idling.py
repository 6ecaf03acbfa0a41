"""Waiting for the server to tell of new mail (IDLE, RFC 2177), without trusting that it will.

A closed connection is readable at once and for ever and gives no line, which looks like "no news";
only the time tells them apart.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from processor.world.failures import Disconnected
from processor.world.imap import Session

# Firewalls forget a silent connection long before the 29 minutes of the RFC.
RENEW_SECONDS = 9 * 60.0
SLICE_SECONDS = 0.5
# TLS wakes us now and then for records that hold no line.
HASTY_CHECKS = 5


def await_news(session: Session, seconds: float, stop: threading.Event) -> bool:
    """Whether new mail was told of within the time; ends within a second of ``stop``.

    Raises Disconnected when the connection is lost, or does not answer the DONE.
    """
    until = time.monotonic() + seconds
    while not stop.is_set():
        now = time.monotonic()
        if now >= until:
            return False
        if idle_once(session, min(until, now + RENEW_SECONDS), stop):
            return True
    return False


def idle_once(session: Session, until: float, stop: threading.Event) -> bool:
    news = tells_of_mail(session.idle())
    hasty = 0
    while not news and not stop.is_set() and (left := until - time.monotonic()) > 0:
        span, began = min(SLICE_SECONDS, left), time.monotonic()
        lines = session.idle_check(span)
        hasty = hasty + 1 if not lines and time.monotonic() - began < span / 2 else 0
        if hasty > HASTY_CHECKS:
            raise Disconnected("the server closed the connection in IDLE")
        news = tells_of_mail(lines)
    if stop.is_set():
        session.hurry()
    return tells_of_mail(session.idle_done()) or news


def tells_of_mail(lines: Sequence[bytes]) -> bool:
    """Whether one of the lines is an EXISTS; raises Disconnected for a BYE."""
    for line in lines:
        if line.upper().startswith(b"* BYE"):
            raise Disconnected(f"the server said goodbye: {line.decode('utf-8', 'replace')}")
    return any(line.upper().rstrip().endswith(b" EXISTS") for line in lines)
