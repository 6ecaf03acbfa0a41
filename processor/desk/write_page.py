"""Writing to the customer: a prepared question, a saved reply or own words, with files; a draft comes of it."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from processor.config import Config
from processor.desk.answering import go
from processor.desk.asking import Asked, Desk, Refusal
from processor.desk.language import N_
from processor.desk.mail_pages import is_program
from processor.desk.queue_pages import view_of
from processor.desk.ticket_pages import Kept, show
from processor.desk.uploads import NOT_SENT, Upload, attachment, refused
from processor.steps.letters import CannotError
from processor.steps.scanning import Scanner
from processor.steps.writing import letter, question
from processor.store.drafting import draft
from processor.store.forwarding import File
from processor.store.standing import ticket_of_mail

NOT_WRITTEN = N_("Not written:")
TOO_MANY = N_("ten files are the most")
TOO_LARGE = N_("the files are larger than 10 MB together")
INFECTED = N_("the virus scanner found something in a file, or does not answer")
MOST_FILES, MOST_SENT = 10, 10_000_000


def write(desk: Desk, asked: Asked) -> Response:
    """Put what a person wrote into the outbox as a draft, which the ticket shows as the customer will see it."""
    mail, form = asked.number("mail"), asked.form
    number = ticket_of_mail(desk.engine, mail)
    if not number:
        raise Refusal(404, "There is no such mail.")
    words = (form.get("subject", ""), form.get("text", "").replace("\r\n", "\n")[:50_000])
    try:
        item, asks = _asked_for(desk, form.get("item", ""))
        made = letter(desk.engine, desk.config, mail, words, files_to_send(desk.config, asked.files), item, asks)
    except CannotError as cannot:
        kept = Kept(fields={**form, "writing": "1"}, refused=NOT_WRITTEN, detail=str(cannot), mail=-mail)
        return show(desk, asked, number, kept, 422)
    drafted = draft(desk.engine, made, asked.person, desk.clock())
    if drafted is None:
        raise Refusal(404, "There is no such mail.")
    desk.changed()
    return go(f"/ticket/{number}", view=view_of(asked), action=form.get("action", ""), did=f"r{drafted}.drafted")


def _asked_for(desk: Desk, item: str) -> tuple[int | None, tuple[str, ...]]:
    """The item that a prepared question is about, and what it asks for."""
    if not (item.isascii() and item.isdecimal() and len(item) < 16):
        return None, ()
    try:
        return int(item), question(desk.engine, desk.rules.rulebook(), int(item)).asks
    except CannotError:
        # It was answered meanwhile: what the person wrote is a letter all the same.
        return None, ()


def files_to_send(config: Config, uploads: Sequence[Upload]) -> list[File]:
    """The files as they leave; CannotError, in words, for what no customer should get."""
    if len(uploads) > MOST_FILES:
        raise CannotError(TOO_MANY)
    if sum(len(each.content) for each in uploads) > MOST_SENT:
        raise CannotError(TOO_LARGE)
    found: list[File] = []
    scanner = Scanner(config.scan)
    for each in map(attachment, uploads):
        if is_program(each):
            raise CannotError(NOT_SENT)
        if why := refused(each):
            raise CannotError(why)
        if scanner.on and scanner.ask(each.content).state != "clean":
            raise CannotError(INFECTED)
        found.append(File(each.filename, each.true_type, each.content))
    return found
