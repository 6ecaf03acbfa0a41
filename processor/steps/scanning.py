"""Mails with files shown to the virus scanner, before anyone can open one (threats T60)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from processor import journal
from processor.config import ScanSettings
from processor.message import Message
from processor.scan import Scan

ScanMails = Callable[[Sequence[tuple[bytes, Message]]], list[Scan]]
"""Has each mail of a batch scanned, whole as it was sent."""


class Scanner:
    """The scanner that the configuration names, or none."""

    def __init__(self, settings: ScanSettings) -> None:
        self.settings = settings

    @property
    def on(self) -> bool:
        return bool(self.settings.clamd)

    def of(self, mails: Sequence[tuple[bytes, Message]]) -> list[Scan]:
        """What it says of each mail that has files; after the first that it does not answer for, no other is asked."""
        found: list[Scan] = []
        silent: Scan | None = None
        for raw, message in mails:
            if not self.on or not has_files(message):
                found.append(Scan())
                continue
            said = silent or self.ask(raw)
            silent = said if said.state == "not_scanned" and "StreamMaxLength" not in said.what else None
            found.append(said)
        return found

    def ask(self, raw: bytes) -> Scan:
        """What it says of one mail, or of one file."""
        from processor.world.clamd import scan

        said = scan(self.settings, raw)
        if said.state == "not_scanned":
            journal.not_scanned(said.what)
        return said


def has_files(message: Message) -> bool:
    """Whether there is anything to open: an attached file, or an attached mail with one."""
    return bool(message.attachments) or any(map(has_files, message.attached))


def unasked(mails: Sequence[tuple[bytes, Message]]) -> list[Scan]:
    """Scan nothing."""
    return [Scan()] * len(mails)
