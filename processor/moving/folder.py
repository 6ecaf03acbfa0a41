"""Mails out of a folder of a configured IMAP account; nothing there is changed, not even \\Seen."""

from __future__ import annotations

from collections.abc import Iterator

from processor.moving.found import Found
from processor.world.fetching import Fetched
from processor.world.mailbox import Mailbox

LEFT = "the server did not give it"


class Folder:
    """A folder of an account; a position is UIDVALIDITY and the last UID, as ``7:1024``."""

    unit = "mails"
    mark = ""

    def __init__(self, mailbox: Mailbox, folder: str) -> None:
        self.mailbox, self.folder = mailbox, folder
        self.name = f"imap {mailbox.settings.name} {folder}"
        self.size = 0

    def done_at(self, position: str) -> int:  # noqa: ARG002
        """None: the server tells how many are left behind the position, and these are all."""
        return 0

    def mails(self, after: str) -> Iterator[Found]:
        """The mails behind a UID; a folder with another UIDVALIDITY begins anew, and what is here is known again."""
        validity, _, uid = after.partition(":")
        done = 0
        for batch in self.mailbox.fetch_new(self.folder, int(uid or 0), int(validity) if validity else None):
            self.size = done + len(batch.mails) + len(batch.pending) + batch.left
            for mail in batch.mails:
                done += 1
                yield self._found(mail, done)
            for missing in batch.pending:
                done += 1
                yield Found(f"UID {missing}", f"{batch.uidvalidity}:{missing}", done, fault=LEFT)

    def _found(self, mail: Fetched, done: int) -> Found:
        name, position = f"UID {mail.uid}", f"{mail.uidvalidity}:{mail.uid}"
        if mail.raw is None and mail.chunks is None:
            return Found(name, position, done, fault=LEFT)
        return Found(
            name,
            position,
            done,
            self.folder,
            raw=mail.raw,
            size=mail.size,
            head=mail.header,
            pieces=mail.chunks,
            at=mail.internaldate,
            at_from="server",
            place=(mail.uidvalidity, mail.uid),
        )
