"""After a restore: mail that the lost store had dealt with, and moved out of the watched folders, since its backup."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.engine import Engine

from processor.mail_servers import MailboxSettings
from processor.steps.take_in import Folder
from processor.store.restored import looking_back
from processor.store.watermarks import advance
from processor.world.mailbox import Mailbox

# A server's day may have begun this much earlier than ours, and its clock may be behind.
ZONES = timedelta(days=2)


def moved_to(settings: MailboxSettings) -> list[str]:
    """The folders that mail is moved to when it was dealt with."""
    ours = ((settings.handled, settings.handled_folder), (settings.review, settings.review_folder))
    return list(dict.fromkeys(folder for how, folder in ours if how == "move" and folder))


def folders_to_look_in(mailbox: Mailbox, engine: Engine) -> list[Folder] | None:
    """The folders to read once, from shortly before the backup; None when nothing is to be looked for.

    They are never settled: what lies there was dealt with.
    """
    account = mailbox.settings.name
    since = looking_back(engine, account)
    return (
        None
        if since is None
        else [Folder(name) for name in moved_to(mailbox.settings) if _begin(mailbox, engine, name, since)]
    )


def _begin(mailbox: Mailbox, engine: Engine, name: str, since: datetime) -> bool:
    """Set the folder's watermark to where reading begins; false if there is no such folder."""
    found = mailbox.before(name, (since - ZONES).date())
    if found is None:
        return False
    advance(engine, mailbox.settings.name, name, *found)
    return True
