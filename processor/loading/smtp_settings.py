"""The table [smtp] of config.toml, and how a server's address is written in any table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, get_args

from processor.loading.oauth_settings import TokenPlace, smtp_oauth
from processor.loading.watch_settings import is_loopback
from processor.mail_servers import MailboxSettings, SmtpSettings, Tls, Via

if TYPE_CHECKING:
    from processor.loading.configuration import Table

MOST_CONNECTIONS = 10
"""To the SMTP server; more than a few gain nothing, and many servers refuse them."""


def server_address(entry: Table, implicit_port: int, other_port: int, usual: Tls = "implicit") -> tuple[str, int, Tls]:
    """Host, port and kind of TLS as they stand in a table; clear text to loopback addresses alone."""
    host = entry.take("host", str, "", needed=True)
    tls = entry.choice("tls", get_args(Tls), usual)
    port = entry.take("port", int, implicit_port if tls == "implicit" else other_port)
    if not 0 < port < 65536:
        entry.problem("port", f"port must be 1 to 65535, and is {port}")
    if tls == "plain" and host and host != "localhost" and not is_loopback(host):
        entry.problem(
            "tls", "plain is for loopback addresses only: passwords and mail would cross the network in clear"
        )
    return host, port, tls  # type: ignore[return-value]  # choice() returns one of get_args(Tls)


def smtp_settings(
    entry: Table, folder: Path, place: TokenPlace, mailboxes: tuple[MailboxSettings, ...]
) -> SmtpSettings:
    """Read what stands under [smtp]; files are relative to ``folder``."""
    oauth = smtp_oauth(entry, folder, place, mailboxes)
    via: Via = entry.choice("via", get_args(Via), "smtp")  # type: ignore[assignment]  # one of get_args(Via)
    host, port, tls = _server(entry, via)
    sender = entry.take("from_address", str, "", needed=True)
    if sender and sender.count("@") != 1:
        entry.problem("from_address", f"from_address must be one mail address, and is {sender!r}")
    settings = SmtpSettings(
        host=host,
        port=port,
        tls=tls,
        user=entry.take("user", str, "") or (oauth.user if oauth else ""),
        password=entry.secret("password", folder, needed=False),
        ca_file=entry.take("ca_file", str, "") or None,
        timeout=entry.positive("timeout", float, 60.0),
        envelope_from=entry.take("envelope_from", str, sender),
        from_address=sender,
        from_name=entry.take("from_name", str, ""),
        reply_to=entry.take("reply_to", str, ""),
        helo=entry.take("helo", str, ""),
        connections=entry.take("connections", int, 2),
        oauth=oauth,
        via=via,
        command=_command(entry, via),
        folder=_out_folder(entry, via, folder),
        dkim_selectors=entry.strings("dkim_selectors"),
    )
    if not 1 <= settings.connections <= MOST_CONNECTIONS:
        entry.problem("connections", f"connections must be 1 to {MOST_CONNECTIONS}")
    if settings.user and settings.password is None and oauth is None:
        entry.problem("user", "a user without a password: add password = { file = … }")
    entry.finish()
    return settings


def _server(entry: Table, via: Via) -> tuple[str, int, Tls]:
    """Whom to speak to; nobody for a command or a folder."""
    if via in ("sendmail", "file"):
        for key in ("host", "port", "tls", "user", "password"):
            if key in entry.values:
                entry.problem(key, f'{key} says nothing with via = "{via}"')
                entry.asked.add(key)
        return "", 0, "plain"
    if via == "lmtp" and str(entry.values.get("host", "")).startswith("/"):
        return entry.take("host", str, ""), 0, "plain"
    if via == "lmtp":
        return server_address(entry, 465, 24, "plain")
    return server_address(entry, 465, 587)


def _command(entry: Table, via: Via) -> tuple[str, ...]:
    """The sendmail command, by its whole path: what PATH finds depends on who starts the program."""
    usual = SmtpSettings("", 0, "plain").command
    if via != "sendmail":
        return usual
    found = entry.strings("command") or usual
    if not Path(found[0]).is_absolute():
        entry.problem("command", f"command must begin with the whole path of a program, and {found[0]!r} is none")
    return found


def _out_folder(entry: Table, via: Via, folder: Path) -> str:
    if via != "file":
        return ""
    return str(folder / entry.take("folder", str, "var/out"))
