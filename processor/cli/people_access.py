"""``people show``, ``mailboxes``, ``sign-out``, ``key`` …: what a person may see, and where they come in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from processor.cli.completing import mailboxes as offered
from processor.cli.completing import people, roles
from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, actor, open_config, open_engine
from processor.cli.signing import Name, Secret, account_of, refuse

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from processor.config import Config
    from processor.store.accounts import Account
    from processor.store.visible import Scope

Whom = Annotated[str, typer.Argument(metavar="PERSON", help="The person's name.", autocompletion=people)]
DAYS = 90


def show(who: Whom, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Show what a person may, which mailboxes they see, and by which browsers and keys they come in.

    Example: processor people show Kari
    """
    from processor.store.sessions import browsers
    from processor.store.staff_notices import wish_of
    from processor.store.tokens import tokens_of

    engine, now = open_engine(open_config(config)), datetime.now(UTC)
    found = _account(engine, who)
    wish = wish_of(engine, found.person.id)
    typer.echo(
        f"name         {found.person.name}\nrole         {found.role.value}\nmailboxes    {_in_words(found.scope)}"
    )
    typer.echo(f"password     {'set' if found.password else 'none'}")
    typer.echo(f"second step  {'on' if found.second_step else 'off'}\nlanguage     {found.language or 'not chosen'}")
    typer.echo(f"provider     {found.provider_name or 'not named'}")
    wanted = [each for each in ("digest", "urgent") if wish and getattr(wish, each)]
    typer.echo(f"notices      {', '.join(wanted)} to {wish.address}" if wish and wanted else "notices      none")
    for each in browsers(engine, found.person, now):
        typer.echo(f"browser {each.mark}  {each.browser or 'unknown'}, last seen {each.seen_at:%d.%m.%Y %H.%M} UTC")
    for key in tokens_of(engine, found.person):
        typer.echo(f"key {key.id}  {key.name}, {key.role.value}, {_in_words(key.scope)}, until {key.ends_at:%d.%m.%Y}")


def mailboxes(
    who: Whom,
    named: Annotated[
        list[str] | None, typer.Argument(metavar="MAILBOX...", help="Theirs to see.", autocompletion=offered)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them, also those to come.")] = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Say which mailboxes a person sees; the tickets of the others are not there for them.

    \b
    Example: processor people mailboxes Kari support oppsigelse
    Example: processor people mailboxes Kari --all
    """
    from processor.store.accounts import Role, set_scope

    settings = open_config(config)
    engine = open_engine(settings)
    found = _account(engine, who)
    if not named and not every:
        typer.echo(_in_words(found.scope))
        return
    scope = None if every else _scope(settings, named or [], found.scope)
    if scope is not None and found.role == Role.ADMIN:
        refuse("an administrator sees all mailboxes")
    set_scope(engine, found.person, scope, actor(), datetime.now(UTC))
    typer.echo(f"{who} sees: {_in_words(scope)}.")


def sign_out(
    who: Whom,
    browser: Annotated[str, typer.Option(help="One browser, as people show names it; all of them otherwise.")] = "",
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Sign a person out, everywhere or in one browser.

    Example: processor people sign-out Kari
    """
    from processor.store.sessions import end_browser, end_sessions

    engine, now = open_engine(open_config(config)), datetime.now(UTC)
    found = _account(engine, who)
    if browser:
        if not end_browser(engine, found.person, browser, actor(), now):
            refuse(f"{who} is not signed in there")
        typer.echo("Signed out in that browser.")
        return
    ended = end_sessions(engine, found.person.id, actor(), now)
    typer.echo(f"Signed out in {ended} browser{'s' if ended != 1 else ''}.")


def key(
    label: Annotated[str, typer.Argument(metavar="LABEL", help="What it is for.")],
    name: Name,
    secret: Secret,
    role: Annotated[str, typer.Option(help="What the key may; at most what you may.", autocompletion=roles)] = "reader",
    days: Annotated[int, typer.Option(help="For how long.", min=1, max=365)] = DAYS,
    mailbox: Annotated[
        list[str] | None, typer.Option(help="Only this mailbox; several may be named.", autocompletion=offered)
    ] = None,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Make a key of your own for a program that uses the API, and print its secret, once.

    Example: processor people key "månedsrapport" --role reader --days 90 --as Kari
    """
    from processor.store.accounts import Role
    from processor.store.tokens import TooManyError, make_token

    if role not in tuple(Role):
        raise typer.BadParameter(f"{role!r} is no role: {', '.join(Role)}")
    settings = open_config(config)
    engine, now = open_engine(settings), datetime.now(UTC)
    me = account_of(engine, name, secret)
    if not me.role.may(Role(role)):
        refuse("a key may at most what you may")
    scope = _scope(settings, mailbox, me.scope) if mailbox else None
    try:
        made = make_token(engine, me, " ".join(label.split())[:100], Role(role), scope, now + timedelta(days=days), now)
    except TooManyError:
        refuse("you have too many keys; end one first")
    typer.echo(f"The key, shown this once: {made}")


def key_end(
    who: Whom,
    number: Annotated[int, typer.Argument(metavar="KEY", help="The key's number, as people show has it.", min=1)],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Take one of a person's keys away.

    Example: processor people key-end Kari 3
    """
    from processor.store.tokens import end_token

    engine = open_engine(open_config(config))
    if not end_token(engine, _account(engine, who).person, number, actor(), datetime.now(UTC)):
        refuse(f"{who} has no such key")
    typer.echo("The key opens nothing any more.")


def second_step(
    required: Annotated[
        list[str] | None, typer.Argument(metavar="ROLE...", help="Those that must have one.", autocompletion=roles)
    ] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="Nobody must.")] = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Say which roles must have a second step at sign-in; without roles, show it.

    Example: processor people second-step approver admin
    """
    from processor.store.accounts import Role
    from processor.store.second_step import require_for, required_roles

    engine = open_engine(open_config(config))
    if wrong := [each for each in required or [] if each not in tuple(Role)]:
        raise typer.BadParameter(f"{wrong[0]!r} is no role: {', '.join(Role)}")
    if required or nobody:
        require_for(engine, [] if nobody else [Role(each) for each in required or []], actor(), datetime.now(UTC))
    found = required_roles(engine)
    typer.echo(", ".join(each.value for each in Role if each in found) or "nobody")


def provider(
    who: Whom,
    called: Annotated[str, typer.Argument(metavar="NAME", help='What it calls them; "" for nothing.')],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Write down what the provider of single sign-on calls a person.

    Example: processor people provider Kari kari.holm@firma.no
    """
    from processor.store.provider_people import set_provider_name

    engine = open_engine(open_config(config))
    if not set_provider_name(engine, _account(engine, who).person, called, actor(), datetime.now(UTC)):
        refuse("somebody else is known by that already")
    typer.echo(f"{who} is known as {called}." if called.strip() else f"{who} is known by nothing there.")


def language(
    who: Whom,
    chosen: Annotated[str, typer.Argument(metavar="LANGUAGE", help="nb or en.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Say which language the desk speaks to a person.

    Example: processor people language Kari nb
    """
    from processor.desk.language import LANGUAGES
    from processor.store.accounts import set_language

    if chosen not in LANGUAGES:
        raise typer.BadParameter(f"{chosen!r} is no language of the desk: {', '.join(LANGUAGES)}")
    engine = open_engine(open_config(config))
    set_language(engine, _account(engine, who).person.id, chosen)
    typer.echo(f"The desk speaks {chosen} to {who}.")


def notices(
    who: Whom,
    address: Annotated[str | None, typer.Option(help="Where to.")] = None,
    digest: Annotated[bool | None, typer.Option(help="What waits, each morning.")] = None,
    urgent: Annotated[bool | None, typer.Option(help="What becomes urgent, at once.")] = None,
    quiet: Annotated[str, typer.Option(help="Hours without urgent mail, such as 20-7.")] = "",
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Say which mails the program writes to a person about their work.

    Example: processor people notices Kari --address kari@firma.no --digest --quiet 20-7
    """
    from processor.desk.notice_pages import hours_of, objection
    from processor.store.staff_notices import Wish, set_wish, wish_of

    settings = open_config(config)
    engine = open_engine(settings)
    found = _account(engine, who)
    wish = wish_of(engine, found.person.id) or Wish(found.person, found.language, found.scope)
    wish = replace(
        wish,
        address=wish.address if address is None else address.strip(),
        digest=wish.digest if digest is None else digest,
        urgent=wish.urgent if urgent is None else urgent,
    )
    hours = hours_of(*quiet.partition("-")[::2]) if quiet else (wish.quiet_from, wish.quiet_to)
    if hours is None:
        raise typer.BadParameter(f"{quiet!r} are no two hours such as 20-7")
    if wrong := objection(settings, wish):
        refuse(wrong.rstrip("."))
    set_wish(engine, replace(wish, quiet_from=hours[0], quiet_to=hours[1]), datetime.now(UTC))
    typer.echo("It is kept what they want to be told.")


def _account(engine: Engine, who: str) -> Account:
    from processor.store.accounts import account

    found = account(engine, who)
    if found is None:
        refuse(f"there is nobody named {who!r}")
    return found


def _scope(config: Config, named: list[str], known: Scope) -> frozenset[str]:
    """The mailboxes that were named; a usage error for one that there is not."""
    there = {each.name for each in config.mailboxes} | (known or frozenset())
    if wrong := [each for each in named if each not in there]:
        raise typer.BadParameter(f"there is no mailbox {wrong[0]!r}: {', '.join(sorted(there))}")
    return frozenset(named)


def _in_words(scope: Scope) -> str:
    return "all mailboxes" if scope is None else ", ".join(sorted(scope)) or "no mailbox"
