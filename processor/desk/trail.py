"""The audit trail as staff read it: what happened, by whom, and what was said with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from processor.desk.language import N_
from processor.store.events import Event

Say = Callable[[str], str]

EVENTS: Mapping[str, str] = {
    "mail.decided": N_("The mail was decided"),
    "mail.imported": N_("Taken in as history"),
    "mail.retyped": N_("Said what the mail is"),
    "mail.by_hand": N_("Took it in by hand"),
    "mail.redecided": N_("Corrected what was understood, and it was decided anew"),
    "outbox.drafted": N_("Wrote a letter to the customer"),
    "outbox.redecided": N_("The reply was written anew after a correction"),
    "mail.may_belong": N_("May belong to another ticket"),
    "mail.answered_by_colleague": N_("A colleague answered the customer from the mailbox itself"),
    "mail.colleague_wrote": N_("A colleague wrote about it from the mailbox itself"),
    "mail.raw_seen": N_("Looked at the raw mail"),
    "mail.images_fetched": N_("Fetched the images of the mail"),
    "ticket.noted": N_("Note"),
    "ticket.taken": N_("Took the ticket on"),
    "ticket.handed_over": N_("Handed over, since the person is away"),
    "person.absent": N_("Said when a person is away"),
    "person.back": N_("Said that a person is back"),
    "ticket.left": N_("Let the ticket go"),
    "ticket.closed": N_("Closed the ticket"),
    "ticket.open": N_("Opened the ticket"),
    "ticket.snoozed": N_("Put the ticket to sleep"),
    "ticket.woken": N_("The ticket woke"),
    "ticket.merged": N_("Merged the ticket into another"),
    "ticket.absorbed": N_("Took another ticket in"),
    "ticket.split": N_("Split a mail off"),
    "ticket.split_off": N_("Split off another ticket"),
    "action.seconded": N_("Approved as the first of two"),
    "action.approved": N_("Approved"),
    "action.done": N_("Said that it is done"),
    "action.rejected": N_("Rejected"),
    "action.superseded": N_("Dropped, since the mail is something else"),
    "action.waiting": N_("Waits again"),
    "action.undone": N_("Took the step back"),
    "person.added": N_("Added a person"),
    "person.removed": N_("Took a person's access away"),
    "person.role": N_("Gave a person another role"),
    "person.mailboxes": N_("Said which mailboxes a person sees"),
    "person.link": N_("Made a link to set a password by"),
    "person.password": N_("Set a password"),
    "person.locked": N_("A name was locked after several failures"),
    "person.sign_in_failed": N_("A sign-in failed"),
    "person.signed_in": N_("Signed in"),
    "person.signed_out": N_("Signed out"),
    "person.session_ended": N_("Signed a person out in one browser"),
    "person.sessions_ended": N_("Signed a person out everywhere"),
    "person.second_step_on": N_("Turned the second step on"),
    "person.second_step_off": N_("Turned the second step off"),
    "person.recovery_codes": N_("Made new recovery codes"),
    "person.recovery_code_used": N_("Used a recovery code"),
    "person.token_made": N_("Made a key for the API"),
    "person.token_ended": N_("Ended a key for the API"),
    "person.token_used": N_("Acted by a key for the API"),
    "person.provider_name": N_("Said who a person is at the provider"),
    "person.provider_met": N_("Signed in by the provider for the first time"),
    "setting.changed": N_("Changed a setting"),
    "level.changed": N_("Changed how much is done alone"),
    "outbox.issued": N_("Wrote a letter"),
    "outbox.forwarded": N_("Forwarded the mail"),
    "outbox.edited": N_("Changed the reply"),
    "outbox.approve": N_("Let the reply go out"),
    "outbox.release": N_("Let the reply go out"),
    "outbox.cancel": N_("Withdrew the reply"),
    "outbox.hold": N_("Let the reply go out"),
    "outbox.due": N_("The time to undo was over"),
    "outbox.undo": N_("Took the letter back"),
    "outbox.draft_again": N_("Took the reply back"),
    "outbox.held_again": N_("Took the reply back"),
    "outbox.answered": N_("Withdrawn: a colleague had answered"),
    "outbox.copied": N_("A copy lies in the Sent folder"),
    "outbox.resend": N_("Sent the reply again"),
    "outbox.sent": N_("The reply was sent"),
    "mail.kept": N_("The mail was kept"),
    "mail.duplicate": N_("The same mail came once more"),
    "mail.set_aside": N_("The mail was set aside, since it could not be read"),
    "mail.retried": N_("Let the mail be tried once more"),
    "mail.erased": N_("The mail was erased"),
    "uid.reused": N_("The mail server gave a number away twice"),
    "item.continued": N_("The mail continued what was there before"),
    "ticket.opened": N_("The ticket was made"),
    "ticket.held": N_("Kept from erasure, for a legal reason"),
    "ticket.hold_released": N_("No longer kept from erasure"),
    "ticket.erased": N_("The ticket was erased"),
    "ticket.bytes_erased": N_("The bytes of the mails were erased"),
    "ticket.exported": N_("The ticket was exported"),
    "action.told": N_("What was understood of the action was corrected"),
    "action.revived": N_("The action waits again, since the customer asked once more"),
    "action.held": N_("Held, since the customer may have taken it back"),
    "action.approvals_dropped": N_("The approvals fell, since the customer has written more"),
    "action.due_soon": N_("Told that it is due soon"),
    "action.overdue": N_("Told that it is overdue"),
    "action.escalated": N_("Told others that it is due"),
    "gate.called": N_("Called the customer back"),
    "gate.noticed": N_("Told the customer's other contacts"),
    "gate.outside": N_("Said that it was handled elsewhere"),
    "follow_up.written": N_("Reminded the customer of what is missing"),
    "follow_up.ended": N_("No more reminders to the customer"),
    "notice.digest": N_("A digest was written to staff"),
    "notice.urgent": N_("An urgent notice was written to staff"),
    "outbox.attempt": N_("Began to send the reply"),
    "outbox.retry": N_("Sending failed, and is tried again"),
    "outbox.failed": N_("The server refused the reply"),
    "outbox.bounced": N_("The reply came back"),
    "outbox.unknown": N_("Nobody knows whether the reply arrived"),
    "outbox.lost": N_("Nobody knows whether the reply arrived"),
    "outbox.repeat": N_("Sending broke off early, and begins again"),
    "outbox.too_old": N_("The reply is held, since it would come too late"),
    "outbox.reinstate": N_("Brought the withdrawn reply back"),
    "outbox.doubt_again": N_("Brought the withdrawn reply back"),
    "outbox.restored": N_("The reply is held, since the store was restored"),
    "person.notices": N_("Chose which notices to have"),
    "person.erased": N_("A person's data were erased"),
    "grant.ended": N_("A right came to its end"),
    "rules.reloaded": N_("New rules are in force"),
    "rules.refused": N_("New rules were refused"),
    "rules.accepted": N_("New rules were accepted"),
    "contracts.imported": N_("The contract register was renewed"),
    "contracts.refused": N_("A contract file was refused"),
    "webhook.failed": N_("A webhook was not taken"),
    "webhook.resent": N_("Sent a webhook's messages again"),
    "store.restored": N_("The store was restored from a backup"),
    "store.encrypted": N_("Mails in the store were encrypted"),
    "mailbox.reconciled": N_("The mailbox was compared with what is kept"),
    "import.ended": N_("The import of history ended"),
}

PROGRAM = frozenset(
    [
        "clock",
        "colleague",
        "courier",
        "desk",
        "gate",
        "import",
        "keep",
        "mailbox",
        "reconcile",
        "record",
        "retention",
        "schedule",
        "sweep",
        "webhooks",
        "work",
    ]
)
"""What the program calls its own rooms where it acts by itself."""
THE_PROGRAM = N_("the program")
TOLD_ELSEWHERE = frozenset({"ticket.noted", "mail.decided", "mail.colleague_wrote", "outbox.edited", "outbox.issued"})
"""Whose text stands on the page already, or is a whole letter or explanation."""
MOST = 300
FAILED, SECONDS, SESSIONS, LEFT = (
    N_("failures in a row: {0}"),
    N_("for {0} seconds"),
    N_("browsers: {0}"),
    N_("codes left: {0}"),
)
PLACES: Mapping[str, str] = {"failed": FAILED, "seconds": SECONDS, "sessions": SESSIONS, "left": LEFT}
"""How a number that is told with an event of access is worded."""
FROM_TO = N_("from {0} to {1}")
UNTOLD = frozenset({"person", "at", "on", "fence"})
"""Ids, and times that the event itself has."""


def actor_words(actor: str, say: Say) -> str:
    """Who did it: a person by name, the program as such."""
    return say(THE_PROGRAM) if actor in PROGRAM else actor


def detail(event: Event) -> str:
    """What was said with it, on one line: a reason that a person gave, an error, what came of it; ``""`` for nothing."""
    if event.kind in TOLD_ELSEWHERE:
        return ""
    lines = " ".join(event.text.split())
    return lines if len(lines) <= MOST else lines[: MOST - 1].rstrip() + "…"


def facts_told(event: Event, say: Say) -> list[str]:
    """What else an event of people and access tells, fact by fact; ids are left out."""
    told = {name: value for name, value in event.data.items() if name not in UNTOLD}
    found = [str(told.pop("name"))] if "name" in told else []
    if {"from", "to"} <= told.keys():
        before, now = (str(told.pop(name)) or "–" for name in ("from", "to"))
        found.append(say(FROM_TO).format(before, now))
    if {"since", "until"} <= told.keys():
        found.append(" – ".join(f"{date.fromisoformat(str(told.pop(name))):%d.%m.%Y}" for name in ("since", "until")))
        told.pop("to", None)
    for name, value in told.items():
        found.append(say(PLACES[name]).format(value) if name in PLACES else _plain(value))
    return [each for each in found if each]


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return "" if isinstance(value, bool | dict | None) else str(value)
