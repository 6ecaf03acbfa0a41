"""The ways out for a mail: an SMTP server, LMTP, a sendmail command, or a folder; each says what became of it.

One small interface, that of the courier, so that the outbox promises the same whatever is behind: at most one mail for
a row, and *unknown* where nobody can know.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from processor.letter import Unwritable
from processor.mail_servers import SmtpSettings
from processor.world.courier import Courier
from processor.world.hook import HookFailed, run_hook
from processor.world.outcomes import Deferred, Delivered, Lost, Outcome, Rejected, words
from processor.world.smtp_transaction import envelope_address

# sysexits.h.  What is not among these means nothing by it.
FOR_EVER = {65: "data error", 67: "no such user", 68: "no such host"}
LATER = {69: "unavailable", 71: "system error", 72: "file missing", 73: "cannot create", 74: "input/output error", 75: "temporary failure"}  # fmt: skip
OURS_TO_MEND = {64: "usage", 70: "internal error", 76: "protocol", 77: "no permission", 78: "configuration"}
# A shell's, and execve's through it: nothing was run.
NOT_RUN = (126, 127)


class WayOut(Protocol):
    """Takes mails, one at a time; for one thread, but for ``abort``."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def send(
        self, envelope_from: str, to: str, data: bytes, on_data: Callable[[], None], *, begun: bool = False
    ) -> Outcome:
        """Offer one mail for one recipient; never raises for what the world does.

        ``envelope_from`` "" is the null sender.  ``on_data`` is called at the last moment at which nothing is sent,
        or earlier for what has ``begun`` already: what it raises comes out, and no mail has left.
        """

    def close(self) -> None: ...
    def abort(self) -> None: ...


def way_out(settings: SmtpSettings) -> WayOut:
    """The way that the settings name."""
    if settings.via == "sendmail":
        return Sendmail(settings)
    if settings.via == "file":
        return Folder(settings)
    return Courier(settings)


class _Unconnected:
    """What nothing need be opened for."""

    def __init__(self, settings: SmtpSettings) -> None:
        self.settings = settings

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is kept open."""

    def abort(self) -> None:
        """Nothing is waited on but the program itself, which ends within its time."""

    def send(
        self,
        envelope_from: str,
        to: str,
        data: bytes,
        on_data: Callable[[], None],
        *,
        begun: bool = False,  # noqa: ARG002  (nothing is asked before the mail is handed over)
    ) -> Outcome:
        """As WayOut."""
        try:
            sender = envelope_address(envelope_from) if envelope_from else ""
            recipient = envelope_address(to)
        except Unwritable as error:
            return Rejected(0, str(error))
        on_data()
        return self._hand(sender, recipient, data)

    def _hand(self, sender: str, recipient: str, data: bytes) -> Outcome:
        raise NotImplementedError


class Sendmail(_Unconnected):
    """A program with sendmail's interface: Postfix's, Exim's, msmtp's.  It takes the mail when it says 0."""

    def _hand(self, sender: str, recipient: str, data: bytes) -> Outcome:
        # -i: a line of one dot is no end.  After -- an address cannot be taken for an option.
        argv = [*self.settings.command, "-i", "-f", sender or "<>", "--", recipient]
        try:
            run_hook(argv, data.replace(b"\r\n", b"\n"), self.settings.timeout)
        except HookFailed as error:
            return outcome_of(error)
        return Delivered(f"{argv[0]} took it")


def outcome_of(failed: HookFailed) -> Outcome:
    """What a sendmail command's end means for the mail that it was given."""
    said = words(failed.said)
    code = failed.code
    if not failed.began or code in NOT_RUN or code in OURS_TO_MEND:
        return Deferred(0, f"{said} ({OURS_TO_MEND[code]})" if code in OURS_TO_MEND else said, setup=True)
    if code in FOR_EVER:
        return Rejected(0, f"{said} ({FOR_EVER[code]})")
    if code in LATER:
        return Deferred(0, f"{said} ({LATER[code]})")
    # Killed, too slow, or a status of its own: it may have put the mail into its queue before.
    return Lost(True, said)


class Folder(_Unconnected):
    """A Maildir that nobody sends from, for tries: a mail is whole in ``new``, or it is not there."""

    def _hand(self, sender: str, recipient: str, data: bytes) -> Outcome:
        folder = Path(self.settings.folder)
        name = f"{secrets.token_hex(12)}.eml"
        try:
            for each in ("tmp", "new", "cur"):
                (folder / each).mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(folder / "tmp" / name, f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n".encode() + data)
            (folder / "tmp" / name).rename(folder / "new" / name)
        except OSError as error:
            with suppress(OSError):
                (folder / "tmp" / name).unlink()
            return Deferred(0, f"{folder} cannot be written: {error.strerror or type(error).__name__}")
        return Delivered(f"written to {folder / 'new' / name}")


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
