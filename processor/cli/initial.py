"""``processor init``: a commented config.toml, the first secrets files, and the shipped rules, templates and examples."""

from __future__ import annotations

import re
import secrets
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath

if TYPE_CHECKING:
    from processor.presets import Proposal, Server

PROGRAM = Path(__file__).parent.parent.parent


def initial(
    config: ConfigPath = DEFAULT_CONFIG,
    host: Annotated[str, typer.Option(help="The IMAP server's name; asked for where nothing is known.")] = "",
    smtp_host: Annotated[str, typer.Option(help="The SMTP server's name; likewise.")] = "",
    address: Annotated[
        str, typer.Option(prompt="Address of the mailbox", help="The mailbox's address, which is also its login.")
    ] = "oppsigelse@example.com",
    provider: Annotated[
        str, typer.Option(help="microsoft, google, fastmail, one, domeneshop or mailbox.org; by default looked up.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take the only proposal without asking.")] = False,
) -> None:
    """Write a commented config.toml, the first files in secrets/, and rules/, templates/ and examples/ to make your own.

    The servers are proposed: by the provider that takes the address's mail, by the domain's SRV records, or by its
    autoconfig file. With --host and --smtp-host nothing is looked up. Nothing that exists is overwritten.
    Example: processor init --address oppsigelse@firma.no
    """
    from processor.letter import ADDRESS

    if config.exists():
        typer.echo(f"{config.absolute()} exists; it was not touched.", err=True)
        raise typer.Exit(2)
    if not ADDRESS.fullmatch(address) or '"' in address:
        typer.echo(f"{address!r} is no mail address.", err=True)
        raise typer.Exit(2)
    chosen = _servers(address, host, smtp_host, provider, yes=yes)
    folder = config.absolute().parent / "secrets"
    folder.mkdir(mode=0o700, exist_ok=True)
    _secret(folder / "key", secrets.token_urlsafe(32))
    _secret(folder / "mailbox", "")
    today = datetime.now(UTC).date()
    config.write_text(configuration(chosen, address, today), encoding="utf-8")
    typer.echo(f"Wrote {config} and {folder}/.")
    typer.echo(f"Mail that arrived before {today} stays where it is, unless you change since = in {config.name}.")
    for name in ("rules", "templates"):
        _copied(PROGRAM / name, config.absolute().parent / name)
    # Beside the operator's own rules, a reload asks them whether each mail is still decided as its .want says.
    _copied(PROGRAM / "tests" / "mails", config.absolute().parent / "examples")
    if chosen.remark:
        typer.echo(chosen.remark)
    if chosen.login in ("microsoft", "google"):
        typer.echo(f"Write client_id into {config.name}, then: processor check && processor login oppsigelse")
    else:
        typer.echo(f"Put the mailbox's password into {folder / 'mailbox'}, then: processor check && processor doctor")


def configuration(chosen: Proposal, address: str, today: date) -> str:
    """The example's text with these servers in it."""
    text = (PROGRAM / "config.example.toml").read_text(encoding="utf-8")
    smtp, mailbox = text.index("[smtp]\n"), text.index("[[mailbox]]\n")
    oauth = chosen.login in ("microsoft", "google")
    sending = _with_server(text[smtp:mailbox], chosen.smtp, chosen.user, oauth=oauth)
    reading = _with_server(text[mailbox:], chosen.imap, chosen.user, oauth=oauth)
    if oauth:
        for line in ("[smtp.oauth]", 'mailbox = "oppsigelse"'):
            sending = _swapped(sending, rf"(?m)^# {re.escape(line)}", line)
        reading = _swapped(reading, r"(?m)^# \[mailbox\.oauth\]", "[mailbox.oauth]")
        reading = _swapped(reading, r'(?m)^# provider = "microsoft"', f'provider = "{chosen.login}"')
        reading = _swapped(reading, r'(?m)^# client_id = "[^"]*"', 'client_id = ""')
    text = text[:smtp] + sending + reading
    text = text.replace("oppsigelse@example.com", address)
    return _swapped(text, r"(?m)^# since = 2026-10-01", f"since = {today}")


def _with_server(part: str, server: Server, user: str, *, oauth: bool) -> str:
    """A table with a server's address in it; where OAuth logs in, its password is a comment."""
    part = _swapped(part, r'(?m)^host = "[^"]*"', f'host = "{server.host}"')
    part = _swapped(part, r'(?m)^tls = "[^"]*"', f'tls = "{server.tls}"')
    if server.port:
        part = _swapped(part, r"(?m)^(tls = .*)$", f"\\1\nport = {server.port}")
    if user:
        part = _swapped(part, r'(?m)^user = "[^"]*"', f'user = "{user}"')
    return _swapped(part, r"(?m)^password = ", "# password = ") if oauth else part


def _swapped(text: str, pattern: str, by: str) -> str:
    """The text with the first place of a pattern replaced; the example must have it."""
    changed, count = re.subn(pattern, by, text, count=1)
    assert count, pattern
    return changed


def _servers(address: str, host: str, smtp_host: str, provider: str, *, yes: bool) -> Proposal:
    """The servers that were named, or those that are proposed and taken, or those that are typed."""
    from processor.presets import KEYS, Proposal, Server, preset

    if provider:
        if provider not in KEYS:
            typer.echo(f"No provider {provider!r}; there are {', '.join(KEYS)}.", err=True)
            raise typer.Exit(2)
        return preset(provider)
    if not (host and smtp_host):
        if not host and not smtp_host and (found := _looked_up(address, yes=yes)):
            return found
        host = host or typer.prompt("IMAP server", default="imap.example.com")
        smtp_host = smtp_host or typer.prompt("SMTP server", default="smtp.example.com")
    return Proposal("you", Server(host, 0, "implicit"), Server(smtp_host, 0, "starttls"))


def _looked_up(address: str, *, yes: bool) -> Proposal | None:
    """A proposal that is agreed to; None where there is none, or none is wanted."""
    from processor.world.discovering import discover

    found = discover(address)
    for number, each in enumerate(found, 1):
        typer.echo(f"{number}. {each.name}: {_in_words(each)}")
    if len(found) == 1 and (yes or typer.confirm("Use these servers?", default=True)):
        return found[0]
    if len(found) > 1:
        typer.echo(f"The records of {address.rpartition('@')[2]} speak of several providers.")
        if yes:
            typer.echo("Say which by --provider, or name the servers by --host and --smtp-host.", err=True)
            raise typer.Exit(2)
        number = typer.prompt("Which one holds the mailbox? (0: none of them)", type=int, default=0)
        number = number if 0 <= number <= len(found) else 0
        return found[number - 1] if number else None
    return None


def _in_words(each: Proposal) -> str:
    login = {"password": "a password", "app_password": "an app password"}.get(each.login, "OAuth2")
    servers = (f"{server.host}:{server.port} ({server.tls} TLS)" for server in (each.imap, each.smtp))
    return f"{', '.join(servers)}, login by {login}" + (f" as {each.user}" if each.user else "")


def _copied(source: Path, to: Path) -> None:
    if source.is_dir() and not to.exists():
        shutil.copytree(source, to)
        typer.echo(f"Copied the shipped {to.name} to {to}/.")


def _secret(path: Path, text: str) -> None:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(text + "\n" if text else "", encoding="utf-8")
