"""What ``doctor`` asks of the servers: one finding a step, stopping where the next makes no sense.

Nothing is changed on a server and no mail is sent.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from processor.mail_servers import MailboxSettings, OAuthSettings, Settling, SmtpSettings
from processor.world.courier import Courier
from processor.world.failures import Failure, LoginRefused, Misconfigured
from processor.world.imap import Session, open_session
from processor.world.sent_mail import sent_folder
from processor.world.settling import KEYWORD
from processor.world.tls import refuse_clear

SLOW_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What was seen; ``mend`` is what the operator can do about it, "" when nothing is needed."""

    ok: bool
    what: str
    mend: str = ""


def probe(settings: MailboxSettings) -> list[Finding]:
    """Whether a mailbox can be read and settled as configured; takes a few timeouts at most."""
    return list(mailbox_findings(settings))


def probe_smtp(settings: SmtpSettings) -> list[Finding]:
    """Whether the server takes mail from us as configured, up to but without DATA."""
    return list(smtp_findings(settings))


def mailbox_findings(settings: MailboxSettings) -> Iterator[Finding]:
    place = f"{settings.host}:{settings.port}"
    reached = reach(settings.host, settings.port, settings.timeout)
    yield reached
    if not reached.ok:
        return
    if settings.oauth:
        # Loaded where it is wanted, since it brings a library along.
        from processor.world.probing_tokens import token_findings

        yield from token_findings(settings.oauth, datetime.now(UTC))
    try:
        session = open_session(settings)
    except Failure as failure:
        yield Finding(False, f"{place}: {failure.reason}", advice(failure, settings.oauth))
        return
    try:
        yield Finding(True, f"{place}: logged in as {settings.user}, tls = {settings.tls}")
        yield delay(session, place)
        yield from offers(session, settings)
        yield from folder_findings(session, settings)
    except Failure as failure:
        yield Finding(False, f"{place}: {failure.reason}", advice(failure))
    finally:
        session.close()


def reach(host: str, port: int, timeout: float) -> Finding:
    try:
        socket.create_connection((host, port), min(timeout, 10.0)).close()
    except OSError as error:
        return Finding(
            False, f"{host}:{port} cannot be reached: {error or type(error).__name__}", "check host, port and firewall"
        )
    return Finding(True, f"{host}:{port} answers")


def advice(failure: Failure, oauth: OAuthSettings | None = None) -> str:
    if oauth and not isinstance(failure, Misconfigured):
        return f"what the providers want of an account and an application: docs/operate/{guide(oauth)}"
    if isinstance(failure, LoginRefused):
        return "check the user name and where the password is read from; some servers want an app password"
    if isinstance(failure, Misconfigured):
        return "change the setting, or name the server's authority with ca_file if its certificate is your own"
    return "try again; if it stays, ask those who run the server"


def guide(oauth: OAuthSettings) -> str:
    return f"{'microsoft365' if oauth.provider == 'microsoft' else 'google'}.md"


def delay(session: Session, place: str) -> Finding:
    began = time.monotonic()
    session.noop()
    took = time.monotonic() - began
    slow = took > SLOW_SECONDS
    return Finding(not slow, f"{place}: answers in {took * 1000:.0f} ms", "expect slow fetching" if slow else "")


def offers(session: Session, settings: MailboxSettings) -> Iterator[Finding]:
    """Missing extensions, as far as something is lost without them."""
    if session.has("IDLE"):
        yield Finding(True, "IDLE: new mail is told of at once")
    else:
        yield Finding(False, "no IDLE: new mail is found only by polling", "choose a short poll_seconds")
    removing = {settings.handled, settings.review} & {"move", "delete"}
    if removing and not session.has("UIDPLUS") and not (session.has("MOVE") and "delete" not in removing):
        yield Finding(
            False,
            "neither MOVE nor UIDPLUS fits: settled mail stays, marked as deleted",
            'use "keyword", or let the users\' programs expunge',
        )


def folder_findings(session: Session, settings: MailboxSettings) -> Iterator[Finding]:
    listed = session.folders()
    names = {name for _, name in listed}
    selected = session.select(settings.folder)
    yield Finding(True, f"folder {settings.folder}: {selected.exists} mails")
    if settings.folder in [name for flags, name in listed if "\\all" in flags]:
        yield Finding(
            False,
            f"folder {settings.folder} holds all mail, what we send and what is archived among it",
            'watch "INBOX"; with labels each mail stands there once',
        )
    if selected.read_only:
        yield Finding(False, f"folder {settings.folder} is read-only: nothing is marked or moved", "give write access")
    wishes: set[Settling] = {settings.handled, settings.review}
    if "keyword" in wishes and not selected.read_only:
        kept = selected.keeps(KEYWORD)
        # Our own ledger remembers what was handled, so a server that forgets the mark is none that fails.
        yield Finding(
            True,
            f"the keyword {KEYWORD} {'is kept' if kept else 'is not kept'} by the server",
            "" if kept else 'nothing is lost; to see in the mailbox what was handled, choose "seen" or "move"',
        )
    for wish, folder in ((settings.handled, settings.handled_folder), (settings.review, settings.review_folder)):
        if wish == "move" and folder not in names:
            yield Finding(True, f"folder {folder} is not there yet and will be made with the first mail")
    if settings.junk_folder and settings.junk_folder not in names:
        yield Finding(False, f"there is no folder {settings.junk_folder}", "correct junk_folder, or leave it out")
    yield from sent_findings(session, settings, names, sent_folder(listed))


def sent_findings(session: Session, settings: MailboxSettings, names: Collection[str], found: str) -> Iterator[Finding]:
    """Where colleagues' replies are looked for, and ours are put; ``found`` is the folder that would be without a setting."""
    folder = found if settings.sent_folder is None else settings.sent_folder
    if settings.sent_folder == "":
        yield Finding(True, "no folder of sent mail is read: what colleagues answer is answered once more")
    elif not folder:
        yield Finding(
            True,
            "no folder of sent mail was found: colleagues' answers are not seen",
            "where there is one, name it: sent_folder",
        )
    elif folder not in names:
        yield Finding(False, f"there is no folder {folder}", "correct sent_folder, or leave it out")
    else:
        copies = ", and copies of ours are put there" if settings.sent_copies else ""
        yield Finding(True, f"folder {folder}: colleagues' replies are looked for{copies}")
        if settings.sent_copies and session.has("X-GM-EXT-1"):
            yield Finding(True, "Gmail keeps copies of what it sends by itself: sent_copies = false spares a search")


def smtp_findings(settings: SmtpSettings) -> Iterator[Finding]:
    if settings.via == "sendmail":
        yield runnable(settings.command[0])
    elif settings.via == "file":
        yield Finding(
            False, f"answers are written to {settings.folder} and reach nobody", 'choose via = "smtp" to send'
        )
    else:
        yield from server_findings(settings)
    if not settings.envelope_from:
        yield Finding(False, "the envelope sender is <>: bounces cannot be seen", "set envelope_from to a polled box")


def runnable(command: str) -> Finding:
    if os.access(command, os.X_OK) and Path(command).is_file():
        return Finding(
            True, f"{command} is there and may be run; what it does with a mail is only seen when one is sent"
        )
    return Finding(False, f"{command} is no program that we may run", "install one, or name another by command")


def server_findings(settings: SmtpSettings) -> Iterator[Finding]:
    place = settings.place
    if not settings.host.startswith("/"):
        with contextlib.suppress(Misconfigured):
            refuse_clear(settings.tls, settings.host)
            reached = reach(settings.host, settings.port, settings.timeout)
            yield reached
            if not reached.ok:
                return
    if settings.oauth and settings.oauth.login == "smtp":
        from processor.world.probing_tokens import token_findings

        yield from token_findings(settings.oauth, datetime.now(UTC))
    with Courier(settings) as courier:
        try:
            offered = courier.offered()
        except Failure as failure:
            yield Finding(False, f"{place}: {failure.reason}", advice(failure, settings.oauth))
            return
        yield Finding(True, f"{place}: ready for mail, tls = {settings.tls}")
        yield sender_finding(courier, settings)
    if "smtputf8" not in offered:
        yield Finding(True, "no SMTPUTF8: addresses with letters like å before the @ cannot be answered")


def sender_finding(courier: Courier, settings: SmtpSettings) -> Finding:
    refusal = courier.refusal_of_sender(settings.envelope_from)
    shown = f"<{settings.envelope_from}>"
    if refusal:
        return Finding(
            False, f"mail from {shown} is refused: {refusal}", "choose an envelope_from the server lets us use"
        )
    return Finding(True, f"mail from {shown} is taken")
