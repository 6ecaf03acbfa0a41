"""``processor login``: a person lets the program into a mailbox, once."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config

if TYPE_CHECKING:
    from processor.config import Config
    from processor.mail_servers import OAuthSettings


def login(
    mailbox: Annotated[str, typer.Argument(help="The mailbox's name, or smtp.", metavar="MAILBOX")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Sign in to a mailbox of Microsoft, Google or another OAuth2 provider, and try it.

    Shows a code or an address, and waits until somebody has agreed. A daemon that runs takes the new tokens by itself.
    Example: processor login oppsigelse
    """
    from processor.world.failures import Failure

    settings = open_config(config)
    ours = _login_named(settings, mailbox)
    try:
        _let_in(ours)
        typer.echo(f"Tokens are kept, encrypted, in {ours.file}")
        _try(settings, ours)
    except Failure as failure:
        typer.echo(failure.reason, err=True)
        raise typer.Exit(1) from None


def _login_named(settings: Config, name: str) -> OAuthSettings:
    from processor.steps.consents import logins

    known = {each.login: each for each in logins(settings)}
    if name in known:
        return known[name]
    if name in [each.name for each in settings.mailboxes]:
        typer.echo(f"The mailbox {name} logs in with a password; to use OAuth2 give it a [mailbox.oauth].", err=True)
    elif known:
        typer.echo(f"No login {name!r}; there are: {', '.join(known)}", err=True)
    else:
        typer.echo("No mailbox has a table [mailbox.oauth], and neither has [smtp].", err=True)
    raise typer.Exit(2)


def _let_in(ours: OAuthSettings) -> None:
    from processor.world.signing_in import by_browser, by_device

    if ours.flow == "device":
        by_device(ours, lambda url, code: _tell_code(ours, url, code))
    elif ours.flow == "browser":
        by_browser(ours, lambda url: _tell_address(ours, url), _typed())
    else:
        from processor.world.tokens import access_token

        access_token(ours, unlike=access_token(ours))
        typer.echo("The application lets itself in; nobody has to sign in.")


def _tell_code(ours: OAuthSettings, url: str, code: str) -> None:
    typer.echo(f"In any browser, open {url} and type the code\n\n    {code}\n")
    typer.echo(f"Sign in there as {ours.user}, or as somebody with full access to that mailbox. Waiting …")


def _tell_address(ours: OAuthSettings, url: str) -> None:
    typer.echo(f"In a browser, open\n\n    {url}\n")
    typer.echo(
        "Where the browser is on another machine, its last page cannot be shown: copy that page's address and paste it here."
    )
    typer.echo(f"Sign in there as {ours.user}. Waiting …")


def _typed() -> TextIO | None:
    """Standard input, where there is one to paste into."""
    try:
        sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        return None
    return sys.stdin


def _try(settings: Config, ours: OAuthSettings) -> None:
    """Log in at the servers that this login is for; raises the Failure of one that refuses."""
    from processor.world.courier import Courier
    from processor.world.imap import open_session

    for box in settings.mailboxes:
        if box.oauth == ours:
            open_session(box).close()
            typer.echo(f"Logged in to {box.host} as {box.user}")
    if settings.smtp and settings.smtp.oauth == ours:
        with Courier(settings.smtp) as courier:
            courier.offered()
        typer.echo(f"Logged in to {settings.smtp.host} as {settings.smtp.user}")
