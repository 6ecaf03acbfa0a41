"""Telling webhooks what happened, in a thread of its own: a receiver that is slow or down holds nothing else up.

Signed as the Standard Webhooks say: HMAC-SHA256 over id, time and body, so that neither another's message nor an old
one passes for ours.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy.engine import Engine

from processor import journal
from processor.config import Config, WebhookSettings
from processor.store.webhooks import FAILED, Message, begin_try, collect, due, end_try, forget_told

LOOK_SECONDS = 2.0
# Looks between which what was told long ago is let go.
FORGET_EACH = 1800
PREFIX = "whsec_"


def start_webhooks(config: Config, engine: Engine, clock: Callable[[], datetime], ended: threading.Event) -> None:
    """Tell webhooks until ended, if there are any; what is in hand at the end is tried again at the next start."""
    if config.webhooks:
        run = {"target": _run, "args": (config, engine, clock, ended), "name": "webhooks", "daemon": True}
        threading.Thread(**run).start()  # type: ignore[arg-type]


def tell_webhooks(
    config: Config, engine: Engine, clock: Callable[[], datetime], ended: threading.Event | None = None
) -> int:
    """Make messages of what has happened and try what is due; how many were taken.

    A receiver that does not take one is left alone for this time, so that it costs one time limit and no more.
    """
    taken = 0
    for hook in config.webhooks:
        collect(engine, hook.name, hook.events, config.desk.address, clock())
        for number in due(engine, [hook.name], clock()):
            message = None if ended and ended.is_set() else begin_try(engine, number, clock())
            if message is None:
                continue
            if not _try(engine, hook, message, clock):
                break
            taken += 1
    return taken


def _try(engine: Engine, hook: WebhookSettings, message: Message, clock: Callable[[], datetime]) -> bool:
    status, error = _tell(hook, message, clock())
    if error:
        given_up = end_try(engine, message, status, error, clock()) == FAILED
        journal.webhook_not_taken(hook.name, message.message_id, error, message.tries, given_up)
        return False
    end_try(engine, message, status, "", clock())
    return True


def _tell(hook: WebhookSettings, message: Message, now: datetime) -> tuple[int, str]:
    """One POST: the status, 0 without an answer, and why the message was not taken, ``""`` if it was."""
    # Imported where there is somebody to be told: it brings TLS along.
    from processor.world.web import NoAnswer, Terms, post

    try:
        terms = Terms(hook.timeout, hook.ca_file, hook.internal, headers_of(hook, message, now))
        answer = post(hook.url, message.body, terms)
    except NoAnswer as none:
        return 0, none.said
    except Exception as error:
        # A secret that is gone, say: it is tried again like any other.
        return 0, f"{type(error).__name__}: {error}"
    return answer.status, "" if 200 <= answer.status < 300 else f"it says {answer.status}"


def _run(config: Config, engine: Engine, clock: Callable[[], datetime], ended: threading.Event) -> None:
    looked = 0
    while not ended.wait(LOOK_SECONDS):
        try:
            tell_webhooks(config, engine, clock, ended)
            if looked % FORGET_EACH == 0:
                forget_told(engine, clock())
        except Exception as error:
            journal.step_failed("webhooks", error)
        looked += 1


def signature(secret: str, message_id: str, timestamp: int, body: str) -> str:
    """The value of ``webhook-signature``; a secret that begins with ``whsec_`` is base64, another counts as it is."""
    key = secret.encode()
    if secret.startswith(PREFIX):
        try:
            key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except NotBase64:
            key = secret.encode()
    signed = f"{message_id}.{timestamp}.{body}".encode()
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers_of(hook: WebhookSettings, message: Message, now: datetime) -> Mapping[str, str]:
    """The header fields of a try, whose time is that of the try."""
    timestamp = int(now.timestamp())
    return {
        "Content-Type": "application/json",
        "webhook-id": message.message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(hook.secret(), message.message_id, timestamp, message.body),
    }
