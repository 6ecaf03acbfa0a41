"""The tables [[webhook]] of config.toml: who else is told of ticket events."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from processor.config import WebhookSettings
from processor.loading.watch_settings import is_loopback

if TYPE_CHECKING:
    from processor.loading.configuration import Table

EVENTS = ("ticket.opened", "ticket.closed", "action.approved", "action.done", "action.rejected", "action.undone")
LONGEST_TIMEOUT = 30.0


def webhook_settings(
    values: object, table: Callable[[str, object], Table], folder: Path
) -> tuple[WebhookSettings, ...]:
    """Read what stands under [[webhook]]; ``folder`` is what paths of secrets are relative to."""
    found: list[WebhookSettings] = []
    for number, each in enumerate(values if isinstance(values, list) else [values]):
        entry = table(f"webhook[{number}]", each)
        secret = entry.secret("secret", folder, needed=True)
        made = WebhookSettings(
            name=entry.take("name", str, "", needed=True),
            url=entry.take("url", str, "", needed=True),
            secret=secret or (lambda: ""),
            events=entry.strings("events") or EVENTS,
            internal=entry.take("internal", bool, False),
            ca_file=entry.take("ca_file", str, "") or None,
            timeout=entry.positive("timeout", float, 5.0),
        )
        _check(entry, made)
        if made.name in {other.name for other in found}:
            entry.problem("name", f"a webhook is named {made.name!r} already")
        entry.finish()
        found.append(made)
    return tuple(found)


def _check(entry: Table, made: WebhookSettings) -> None:
    for event in made.events:
        if event not in EVENTS:
            entry.problem("events", f"there is no event {event!r}: {', '.join(EVENTS)}")
    if made.timeout > LONGEST_TIMEOUT:
        entry.problem("timeout", f"timeout must be {LONGEST_TIMEOUT:.0f} seconds at most")
    if not made.url:
        return
    try:
        parts = urlsplit(made.url)
        host, plain = parts.hostname or "", parts.scheme == "http"
    except ValueError:
        host, plain = "", False
    if not host or parts.scheme not in ("http", "https") or parts.username is not None or parts.fragment:
        entry.problem("url", f"url must be an https:// address, and is {made.url!r}")
    elif plain and not (host == "localhost" or is_loopback(host)):
        entry.problem("url", "http:// is for this machine alone: ticket numbers would cross the network in clear")
    elif (host == "localhost" or is_loopback(host)) and not made.internal:
        entry.problem("url", f"{host} lies within our own network: say internal = true if that is meant")
