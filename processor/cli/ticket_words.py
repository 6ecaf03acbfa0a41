"""``queue understood``, ``ask`` and ``take-in``: correct what was understood, ask the customer, bring a mail by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from processor.cli.completing import mailboxes, sources
from processor.cli.corrections import mail_of
from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config, open_engine, open_rules
from processor.cli.signing import Name, Secret, agent_account, agent_of, refuse

if TYPE_CHECKING:
    from processor.desk.uploads import Upload

Which = Annotated[str, typer.Argument(metavar="TICKET|MAIL", help="A ticket of one mail, or a mail (m7).")]
Said = Annotated[str | None, typer.Option(help="Several with commas between; nothing between quotes takes it away.")]


def understood(
    which: Which,
    name: Name,
    secret: Secret,
    types: Annotated[str | None, typer.Option("--types", help="All types, main one first, commas between.")] = None,
    org_no: Said = None,
    customer_no: Said = None,
    company: Annotated[str | None, typer.Option(help="The customer's name.")] = None,
    products: Said = None,
    effective_date: Annotated[str | None, typer.Option(help="31.12.2026, or asap.")] = None,
    domains: Annotated[str | None, typer.Option(help="Domains that rights are asked for, with commas between.")] = None,
    emails: Annotated[str | None, typer.Option(help="The persons' addresses, with commas between.")] = None,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Correct what was understood of a mail; it is decided anew at once, and what that changed is told.

    Without an option it tells what is understood now.
    Example: processor queue understood VS-7K3M-9QX4 --customer-no 100042 --as Kari
    """
    from processor.deciding.corrected import NAMES, in_words
    from processor.desk.correct_page import said_of
    from processor.steps.letters import CannotError
    from processor.steps.redeciding import correct
    from processor.steps.redeciding import understood as read
    from processor.store.past import past_mails
    from processor.store.redecidable import CannotCorrectError, standing_of

    settings = open_config(config)
    engine = open_engine(settings)
    mail_id = mail_of(engine, which)
    person = agent_of(engine, name, secret, f"m{mail_id}")
    rulebook = open_rules(settings)
    stored = next(iter(past_mails(engine, mail_id, mail_id, None, history=True)), None)
    try:
        stands = standing_of(engine, mail_id)
        now = read(stored.told, stands) if stored else None
        if now is None:
            refuse("the mail is erased, or was never decided")
        given = (org_no, customer_no, company, products, effective_date, domains, emails)
        told = {each: in_words(getattr(now.fields, each)) for each in NAMES}
        told |= {each: value for each, value in zip(NAMES, given, strict=True) if value is not None}
        named = [each.type for each in now.requests] if types is None else [each.strip() for each in types.split(",")]
        if types is None and all(each is None for each in given):
            typer.echo(f"types: {', '.join(named) or 'none'}")
            typer.echo("\n".join(f"{each}: {told[each] or '-'}" for each in NAMES))
            return
        form = told | {f"type{n}": each for n, each in enumerate(named[:10])}
        said = said_of(form, rulebook)
        done = correct(engine, settings, rulebook, mail_id, said, stands.stamp, person, datetime.now(UTC))
    except (CannotError, CannotCorrectError) as cannot:
        refuse(str(cannot))
    reply = f" The reply: {done.reply}." if done.reply else ""
    where = f" in m{done.mail_id}, with which the request came" if done.mail_id != mail_id else ""
    typer.echo(f"Decided anew{where}: actions {done.new} new, {done.changed} changed, {done.dropped} dropped.{reply}")


def ask(
    ticket_no: Annotated[str, typer.Argument(help="A ticket number.", metavar="TICKET")],
    name: Name,
    secret: Secret,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Draft the question for exactly what a ticket lacks by its rules; it leaves once it is approved.

    Example: processor queue ask VS-7K3M-9QX4 --as Kari
    """
    from processor.steps.letters import CannotError
    from processor.steps.writing import letter, question
    from processor.store.drafting import draft
    from processor.store.queue import ticket

    settings = open_config(config)
    engine = open_engine(settings)
    person = agent_of(engine, name, secret, ticket_no)
    view = ticket(engine, ticket_no.strip().upper())
    item = next((each for each in view.items if not each.how), None) if view else None
    if item is None:
        refuse("there is no such ticket, or nothing was understood in it")
    try:
        asked = question(engine, open_rules(settings), item.id)
        words = (asked.subject, asked.text)
        made = letter(engine, settings, item.mail_id, words, (), item.id, asked.asks)
    except CannotError as cannot:
        refuse(str(cannot))
    drafted = draft(engine, made, person, datetime.now(UTC))
    typer.echo(f"{asked.subject}\n\n{asked.text}\nDrafted as r{drafted}; it asks for {', '.join(asked.asks)}.")


def take_in(
    mailbox: Annotated[str, typer.Option(help="For which mailbox of the configuration.", autocompletion=mailboxes)],
    arrived: Annotated[str, typer.Option(help="When it arrived: 18.08.2026 10.02.")],
    name: Name,
    secret: Secret,
    files: Annotated[
        list[Path] | None, typer.Argument(help="The mail as an .eml, or scans.", exists=True, dir_okay=False)
    ] = None,
    text: Annotated[str, typer.Option(help="What was said or written, where it is no mail.")] = "",
    sender: Annotated[str, typer.Option(help="Of a note or scan: the customer's mail address.")] = "",
    subject: Annotated[str, typer.Option(help="Of a note or scan: what it is about.")] = "",
    source: Annotated[
        str, typer.Option(help="On what it came: email, letter, phone, visit or other.", autocompletion=sources)
    ] = "email",
    said_by: Annotated[str, typer.Option(help="Who says so; you, where nobody is named.")] = "",
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Take a mail in by hand: it goes the road of a fetched one, once, and is never answered by itself.

    A letter by post, a call or a visit too: then name the sender.

    \b
    Example: processor queue take-in brev.eml --mailbox support --arrived "18.08.2026 10.02" --as Kari
    Example: processor queue take-in --text "Kari Holm sa opp." --sender kari@firma.no --source phone
    --mailbox support --arrived "18.08.2026 10.02" --as Kari
    """
    from processor.desk.take_in_page import raw_of
    from processor.desk.words import SOURCES
    from processor.steps.by_hand import NOT_HERE, CannotTakeInError, moment
    from processor.store import by_hand
    from processor.store.visible import sees_ticket

    if source not in SOURCES:
        raise typer.BadParameter(f"{source!r} is no source: {', '.join(SOURCES)}")
    settings = open_config(config)
    engine = open_engine(settings)
    account, now = agent_account(engine, name, secret), datetime.now(UTC)
    here = [each for each in settings.mailboxes if account.scope is None or each.name in account.scope]
    box = next((each for each in here if each.name == mailbox), None)
    try:
        if box is None:
            raise CannotTakeInError(NOT_HERE)
        at = moment(arrived, now)
        fields = {"text": text, "sender": sender, "subject": subject}
        raw = raw_of(settings, fields, uploads_of(files or []), at)
        brought = by_hand.Brought(box.name, raw, at, source, said_by or account.person.name, box.purpose)
    except CannotTakeInError as cannot:
        refuse(str(cannot))
    landed = by_hand.take_in(engine, brought, account.person, now)
    if landed.ticket_no and sees_ticket(engine, account.scope, landed.ticket_no):
        typer.echo(f"It was here before, in {landed.ticket_no}.")
    else:
        typer.echo("Taken in; its ticket comes with the next look." if landed.new else "It was here before.")


def uploads_of(files: Sequence[Path]) -> tuple[Upload, ...]:
    """Files of this machine as the desk gets them from a browser."""
    from processor.desk.uploads import Upload

    return tuple(Upload("files", each.name, each.read_bytes()) for each in files)
