"""The table [desk] of config.toml: where the staff's pages are served."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from processor.config import DeskSettings

if TYPE_CHECKING:
    from processor.loading.configuration import Table

MOST_UNDO_SECONDS = 300
"""A confirmation waits for so long before it leaves."""


def desk_settings(entry: Table) -> DeskSettings:
    """The settings; an address that others reach needs an HTTPS proxy in front (threats T72)."""
    listen = entry.take("listen", str, "127.0.0.1:8080")
    public_url = entry.take("public_url", str, "").rstrip("/")
    idle_minutes = entry.positive("idle_minutes", float, 10.0)
    demo = entry.take("demo", bool, False)
    undo_seconds = _undo_seconds(entry)
    entry.finish()
    if public_url and (urlsplit(public_url).scheme != "https" or not urlsplit(public_url).hostname):
        entry.problem("public_url", f"public_url must be an https:// address, and is {public_url!r}")
    if demo and public_url:
        entry.problem("demo", "demo shows passwords to everybody, and is for loopback alone")
    if not listen:
        return DeskSettings(None, public_url, idle_minutes, demo, undo_seconds)
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not _is_address(host) or not port.isdecimal() or not 0 < int(port) < 65536:
        entry.problem("listen", f'listen must be an address with a port, such as "127.0.0.1:8080", and is {listen!r}')
    elif not public_url and not ip_address(host).is_loopback:
        entry.problem(
            "listen",
            f"{host} can be reached by others, and passwords and mail would cross the network in clear:"
            " listen on 127.0.0.1, or name the HTTPS proxy in front by public_url",
        )
    else:
        return DeskSettings((host, int(port)), public_url, idle_minutes, demo, undo_seconds)
    return DeskSettings(None)


def _undo_seconds(entry: Table) -> int:
    seconds = entry.take("undo_seconds", int, 10)
    if 0 <= seconds <= MOST_UNDO_SECONDS:
        return seconds
    entry.problem("undo_seconds", f"undo_seconds must lie between 0 and {MOST_UNDO_SECONDS}, and is {seconds}")
    return 10


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False
