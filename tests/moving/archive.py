"""Mails of an archive, and a store that takes them in, each as small as it can be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from processor.moving.bring_in import BringIn, Span
from processor.moving.found import Owner, Source
from processor.store.import_runs import Run
from tests.steps.talk import KARI, Talk

US = "oppsigelse@visma.no"
THEN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NOTICE = "Vi sier opp Visma Global fra 31.12.2026.\n\nMvh\nKari Holm\nFjord Bygg AS\norg.nr 328627035"


def mail(
    number: int,
    words: str = NOTICE,
    sender: str = KARI,
    to: str = US,
    subject: str = "Oppsigelse av Visma Global",
    at: datetime | None = THEN,
    received: datetime | None = THEN,
    **headers: str,
) -> bytes:
    """A mail with Message-ID ``<number@its domain>``; our own ones come without Received, as out of a Sent folder."""
    fields = {
        "Message-ID": f"<{number}@{sender.partition('@')[2]}>",
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    top = (
        f"Received: from x by mx.kundesenter.example; {format_datetime(received)}\n"
        if received and sender != US
        else ""
    )
    date = f"Date: {format_datetime(at)}\n" if at else ""
    rest = "".join(f"{name}: {value}\n" for name, value in fields.items() if value)
    return (
        f"{top}{date}From: {sender}\nTo: {to}\nSubject: {subject}\n{rest}"
        f"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{words}\n"
    ).encode()


def answer(number: int, to: int, words: str = "Hei Kari,\n\nden er registrert.", **more: Any) -> bytes:
    """Our answer to a mail of Kari's."""
    named = f"<{to}@{KARI.partition('@')[2]}>"
    return mail(number, words, US, KARI, "Sv: Oppsigelse", In_Reply_To=named, References=named, **more)


def thanks(number: int, to: int, sender: str = KARI, words: str = "Tusen takk for hjelpen!", **more: Any) -> bytes:
    """A customer's answer to a mail of ours."""
    return mail(number, words, sender, subject="Sv: Sv: Oppsigelse", In_Reply_To=f"<{to}@visma.no>", **more)


def mbox(path: Path, *mails: bytes) -> Path:
    """An mbox as programs write it."""
    line = b"From MAILER-DAEMON Mon Mar  2 09:30:00 2026\n"
    path.write_bytes(b"".join(line + each.replace(b"\nFrom ", b"\n>From ") + b"\n" for each in mails))
    return path


@dataclass(frozen=True)
class Archive:
    """A store that takes sources in."""

    talk: Talk

    def take(self, source: Source, owner: Owner | None = None, span: Span | None = None, **more: Any) -> Run:
        """Take a source in to its end; what became of it."""
        run: Run | None = None
        for progress in self.brought(source, owner, span).run(**more):
            run = progress.run
        assert run
        return run

    def brought(self, source: Source, owner: Owner | None = None, span: Span | None = None) -> BringIn:
        talk = self.talk
        return BringIn(
            talk.engine,
            talk.config,
            source,
            owner or Owner("a"),
            lambda: talk.now,
            span or Span(),
            rulebook=talk.rulebook,
        )

    def tickets(self) -> list[tuple[Any, ...]]:
        """State, sender and how many mails of each ticket, oldest first."""
        return self.talk.ask(
            "select k.state, k.sender, count(m.id) from ticket k join mail m on m.ticket_id = k.id "
            "group by k.id order by k.opened_at, k.id"
        )

    def nothing_follows(self) -> bool:
        """Whether no reply, no action and no reminder came of it all."""
        (counts,) = self.talk.ask(
            "select (select count(*) from outbox), (select count(*) from action), "
            "(select count(*) from item where follow_up_at is not null), (select count(*) from mail where state <> 'decided')"
        )
        return not any(counts)
