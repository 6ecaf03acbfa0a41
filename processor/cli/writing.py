"""``queue write``, ``saved``, ``edit`` and ``undo``: a person's own letter, a draft's words, and taking a step back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from processor.cli.completing import saved_replies, steps
from processor.cli.corrections import mail_of
from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config, open_engine, open_rules
from processor.cli.queue import parse_id
from processor.cli.signing import Name, Secret, agent_of, refuse
from processor.cli.ticket_words import Which, uploads_of

Text = Annotated[str, typer.Option(help="The letter's words.")]
TextFile = Annotated[
    typer.FileText | None, typer.Option(help="A file with the words, - for what is piped in.", encoding="utf-8")
]
Subject = Annotated[str, typer.Option(help="The subject; the ticket's number is put before it.")]
Id = Annotated[
    str, typer.Argument(metavar="ACTION|REPLY", help="An action (a7) or a reply (r7).", autocompletion=steps)
]


def write(
    which: Which,
    name: Name,
    secret: Secret,
    subject: Subject = "",
    text: Text = "",
    text_file: TextFile = None,
    saved: Annotated[str, typer.Option(help="Begin from a saved reply.", autocompletion=saved_replies)] = "",
    gap: Annotated[list[str] | None, typer.Option(help="What stands for […] in a saved reply, in order.")] = None,
    file: Annotated[
        list[Path] | None, typer.Option(help="A file that goes along; several may.", exists=True, dir_okay=False)
    ] = None,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Write a letter to the customer in your own words, or from a saved reply; it leaves once it is approved.

    \b
    Example: processor queue write VS-7K3M-9QX4 --subject "Om saken" --text "Hei. Vi ringer i morgen." --as Kari
    Example: processor queue write m7 --saved looking_into --gap fredag --file faktura.pdf --as Kari
    Then: processor queue approve r7 --as Kari
    """
    from processor.desk.write_page import files_to_send
    from processor.steps import writing
    from processor.steps.letters import CannotError
    from processor.store.drafting import draft

    settings = open_config(config)
    engine = open_engine(settings)
    mail_id = mail_of(engine, which)
    person = agent_of(engine, name, secret, f"m{mail_id}")
    said = text_file.read() if text_file else text
    try:
        if saved:
            begun = writing.saved(engine, open_rules(settings), mail_id, saved)
            subject, said = subject or begun.subject, said or begun.text
        for each in gap or []:
            said = said.replace(writing.GAP, each, 1)
        files = files_to_send(settings, uploads_of(file or []))
        made = writing.letter(engine, settings, mail_id, (subject, said[:50_000]), files)
    except CannotError as cannot:
        refuse(str(cannot))
    drafted = draft(engine, made, person, datetime.now(UTC))
    typer.echo(f"{made.reply.subject}\n\n{made.reply.text}")
    typer.echo(f"Drafted as r{drafted}; it leaves with: processor queue approve r{drafted}")


def saved(
    reply: Annotated[str, typer.Argument(help="One of them.", autocompletion=saved_replies)] = "",
    which: Annotated[str, typer.Argument(metavar="TICKET|MAIL", help="For which customer.")] = "",
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """List the saved replies, or show one as it begins for a mail's customer.

    \b
    Example: processor queue saved
    Example: processor queue saved looking_into m7 > brev.txt
    """
    from processor.steps import writing
    from processor.steps.letters import CannotError

    settings = open_config(config)
    rulebook = open_rules(settings)
    if not reply:
        typer.echo("\n".join(writing.saved_names(rulebook)))
        return
    if not which:
        raise typer.BadParameter("name the ticket or mail too: processor queue saved looking_into m7")
    engine = open_engine(settings)
    try:
        begun = writing.saved(engine, rulebook, mail_of(engine, which), reply)
    except CannotError as cannot:
        refuse(str(cannot))
    typer.echo(begun.subject, err=True)
    typer.echo(begun.text, nl=False)


def edit(
    which: Annotated[str, typer.Argument(metavar="REPLY", help="A draft (r7).", autocompletion=steps)],
    name: Name,
    secret: Secret,
    subject: Annotated[str, typer.Option(help="Another subject.")] = "",
    text: Text = "",
    text_file: TextFile = None,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Change a draft's words; without new ones it shows what stands there.

    \b
    Example: processor queue edit r7 --as Kari > brev.txt
    Example: processor queue edit r7 --text-file brev.txt --as Kari
    """
    from processor.store.queue import edit_reply, ticket
    from processor.store.standing import ticket_of_reply

    engine = open_engine(open_config(config))
    kind, number = parse_id(which)
    if kind != "r":
        raise typer.BadParameter("only a reply (r7) has words to change")
    person = agent_of(engine, name, secret, which)
    view = ticket(engine, ticket_of_reply(engine, number))
    there = next((each for each in view.replies if each.id == number), None) if view else None
    if there is None:
        refuse("there is no such reply")
    said = (text_file.read() if text_file else text).replace("\r\n", "\n")
    if not said.strip() and not subject.strip():
        typer.echo(there.subject, err=True)
        typer.echo(there.text, nl=False)
        return
    words = (subject.strip()[:500] or there.subject, said[:50_000] if said.strip() else there.text)
    if not edit_reply(engine, number, *words, person, datetime.now(UTC), there.changed_at):
        refuse("it is no draft any more, or somebody changed it at this moment")
    typer.echo("The reply is changed.")


def undo(which: Id, name: Name, secret: Secret, config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Take your last step back while its letter is held (undo_seconds), or bring a withdrawn reply back as a draft.

    \b
    Example: processor queue undo a7 --as Kari
    Example: processor queue undo r7 --as Kari
    """
    from processor.store.reinstating import NOT_WITHDRAWN, reinstate_reply
    from processor.store.undoing import NOT_YOURS, undo_action, undo_reply

    settings = open_config(config)
    engine, now = open_engine(settings), datetime.now(UTC)
    kind, number = parse_id(which)
    if kind == "m":
        raise typer.BadParameter("a step with an action (a7) or a reply (r7) is taken back")
    person = agent_of(engine, name, secret, which)
    if kind == "a":
        why = undo_action(engine, number, person, now, timedelta(seconds=settings.desk.undo_seconds))
    else:
        why = reinstate_reply(engine, number, person, now)
        if why == NOT_WITHDRAWN:
            why = undo_reply(engine, number, person, now)
            why = f"{NOT_YOURS}, and {NOT_WITHDRAWN}" if why == NOT_YOURS else why
    if why:
        refuse(why)
    typer.echo("Taken back. It waits as before." if kind == "a" else "Taken back. The reply waits for a person again.")
