"""The table [desk] of config.toml: where the staff's pages are served."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from processor.config import Config, DeskSettings
from processor.letter import ADDRESS
from processor.loading.provider_settings import provider_settings

if TYPE_CHECKING:
    from processor.loading.configuration import Table

MOST_UNDO_SECONDS = 300
"""A confirmation waits for so long before it leaves."""


def desk_settings(entry: Table, table: Callable[[str, object], Table], folder: Path) -> DeskSettings:
    """The settings, with those of [desk.provider]; ``folder`` is what paths of secrets are relative to."""
    values = entry.take("provider", dict, {})
    provider = provider_settings(table("desk.provider", values), folder) if values else None
    return replace(_served(entry), provider=provider)


def _served(entry: Table) -> DeskSettings:
    """Where it is served; an address that others reach needs an HTTPS proxy in front (threats T72)."""
    listen = entry.take("listen", str, "127.0.0.1:8080")
    public_url = entry.take("public_url", str, "").rstrip("/")
    idle_minutes = entry.positive("idle_minutes", float, 10.0)
    demo = entry.take("demo", bool, False)
    undo_seconds = _undo_seconds(entry)
    forward_to = _forward_to(entry)
    entry.finish()
    if public_url and (urlsplit(public_url).scheme != "https" or not urlsplit(public_url).hostname):
        entry.problem("public_url", f"public_url must be an https:// address, and is {public_url!r}")
    if demo and public_url:
        entry.problem("demo", "demo shows passwords to everybody, and is for loopback alone")
    if not listen:
        return DeskSettings(None, public_url, idle_minutes, demo, undo_seconds, forward_to)
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
        return DeskSettings((host, int(port)), public_url, idle_minutes, demo, undo_seconds, forward_to)
    return DeskSettings(None)


def _undo_seconds(entry: Table) -> int:
    seconds = entry.take("undo_seconds", int, 10)
    if 0 <= seconds <= MOST_UNDO_SECONDS:
        return seconds
    entry.problem("undo_seconds", f"undo_seconds must lie between 0 and {MOST_UNDO_SECONDS}, and is {seconds}")
    return 10


def _forward_to(entry: Table) -> tuple[str, ...]:
    addresses = entry.strings("forward_to")
    for each in addresses:
        if not ADDRESS.fullmatch(each):
            entry.problem("forward_to", f"forward_to must be a list of mail addresses, and has {each!r}")
    return addresses


def require_others(entry: Table, config: Config) -> None:
    """Note each address of forward_to whose mail the program reads itself: what it sends on would come back to it."""
    smtp = config.smtp
    ours = {*config.own_addresses, *(each.user.lower() for each in config.mailboxes)}
    ours |= {smtp.from_address.lower(), smtp.envelope_from.lower(), smtp.reply_to.lower()} if smtp else set()
    for each in config.desk.forward_to:
        if each.lower() in ours:
            entry.problem("forward_to", f"{each} is read by the program itself: what is sent on would come back to it")


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False
