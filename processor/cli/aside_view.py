"""A mail that was set aside, in the terminal: who wrote it, why it waits, and where staff find it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from processor.cli.queue import local

if TYPE_CHECKING:
    from processor.message import Message
    from processor.store.aside import AsideMail


def aside_values(mail: AsideMail) -> dict[str, object]:
    """The mail for ``--json``."""
    message = _message(mail)
    return {
        "mail_id": mail.mail_id,
        "account": mail.account,
        "folder": mail.folder,
        "arrival_time": mail.arrival_time,
        "size": mail.size,
        "reason": mail.reason,
        "whole": mail.whole,
        "uids": [place.uid for place in mail.places],
        "sender": _sender(message),
        "subject": message.subject,
    }


def aside_line(mail: AsideMail) -> str:
    """The mail in one line of the queue."""
    message = _message(mail)
    said = ", ".join(filter(None, (_sender(message), f"«{message.subject}»" if message.subject else "")))
    told = f"{mail.account}/{mail.folder}, {_size(mail)}, set aside: {_why(mail)}"
    return f"{f'm{mail.mail_id}':>6}  {told}{f'; {said}' if said else ''}"


def print_aside(mail: AsideMail) -> None:
    """Print what is known of the mail, and where it lies on the server."""
    message = _message(mail)
    typer.echo(f"m{mail.mail_id}  set aside: {_why(mail)}")
    typer.echo(f"from      {_sender(message) or 'unknown'}")
    typer.echo(f"subject   {message.subject or 'unknown'}")
    typer.echo(f"arrived   {local(mail.arrival_time)}")
    typer.echo(f"written   {local(message.date) or 'unknown'}")
    typer.echo(f"size      {_size(mail)}")
    for place in mail.places:
        typer.echo(
            f"lies in   mailbox {place.account}, folder {place.folder}, UID {place.uid} (UIDVALIDITY {place.uidvalidity})"
        )
    if not mail.whole:
        typer.echo("Its text is on the server only: nothing was marked, moved or deleted there.")


def _message(mail: AsideMail) -> Message:
    from processor.pipeline import read_header

    return read_header(mail.head)


def _sender(message: Message) -> str:
    """From as far as it can be read; a header of several names is shown by its first."""
    first = message.sender or next(iter(message.from_), None)
    return f"{first.name} <{first.spec}>".strip() if first else ""


def _size(mail: AsideMail) -> str:
    return f"{mail.size} bytes" if mail.size else "size unknown"


def _why(mail: AsideMail) -> str:
    return next(reversed(mail.reason.splitlines()), "")
