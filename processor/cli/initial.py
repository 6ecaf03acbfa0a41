"""``processor init``: a commented config.toml, the first secrets files, and the shipped rules and templates."""

from __future__ import annotations

import secrets
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath


def initial(
    config: ConfigPath = DEFAULT_CONFIG,
    host: Annotated[str, typer.Option(prompt="IMAP server", help="The IMAP server's name.")] = "imap.example.com",
    smtp_host: Annotated[str, typer.Option(prompt="SMTP server", help="The SMTP server's name.")] = "smtp.example.com",
    address: Annotated[
        str, typer.Option(prompt="Address of the mailbox", help="The mailbox's address, which is also its login.")
    ] = "oppsigelse@example.com",
) -> None:
    """Write a commented config.toml, the first files in secrets/, and rules/ and templates/ to make your own.

    Nothing that exists is overwritten.
    Example: processor init --host imap.firma.no --smtp-host smtp.firma.no --address oppsigelse@firma.no
    """
    if config.exists():
        typer.echo(f"{config.absolute()} exists; it was not touched.", err=True)
        raise typer.Exit(2)
    folder = config.absolute().parent / "secrets"
    folder.mkdir(mode=0o700, exist_ok=True)
    _secret(folder / "key", secrets.token_urlsafe(32))
    _secret(folder / "mailbox", "")
    today = datetime.now(UTC).date()
    program = Path(__file__).parent.parent.parent
    text = (program / "config.example.toml").read_text(encoding="utf-8")
    for placeholder, value in (
        ("imap.example.com", host),
        ("smtp.example.com", smtp_host),
        ("oppsigelse@example.com", address),
        ("# since = 2026-10-01", f"since = {today}"),
    ):
        text = text.replace(placeholder, value)
    config.write_text(text, encoding="utf-8")
    typer.echo(f"Wrote {config} and {folder}/.")
    typer.echo(f"Mail that arrived before {today} stays where it is, unless you change since = in {config.name}.")
    for name in ("rules", "templates"):
        _copied(program / name, config.absolute().parent / name)
    typer.echo(f"Put the mailbox's password into {folder / 'mailbox'}, then: processor check && processor doctor")


def _copied(source: Path, to: Path) -> None:
    if not to.exists():
        shutil.copytree(source, to)
        typer.echo(f"Copied the shipped {to.name} to {to}/.")


def _secret(path: Path, text: str) -> None:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(text + "\n" if text else "", encoding="utf-8")
