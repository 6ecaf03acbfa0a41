"""The table [watch] of config.toml, and since when a mailbox's old mail is taken in."""

from __future__ import annotations

from datetime import date, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from processor.loading.configuration import Table


def watch_listen(entry: Table) -> tuple[str, int] | None:
    """Where monitoring may ask, as address and port; None when it is not turned on."""
    listen = entry.take("listen", str, "")
    entry.finish()
    if not listen:
        return None
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not is_loopback(host) or not port.isdecimal() or not 0 < int(port) < 65536:
        entry.problem(
            "listen", f'listen must be a loopback address with a port, such as "127.0.0.1:9155", and is {listen!r}'
        )
        return None
    return host, int(port)


def since(entry: Table) -> date | None:
    """The day before which a mailbox's mail is left where it is; None, also for "all"."""
    value = entry.values.get("since", "all")
    entry.asked.add("since")
    if value == "all":
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    entry.problem("since", f'since must be a day such as 2026-10-01 without quotes, or "all", and is {value!r}')
    return None


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address; a name is none."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
