"""The desk's words for what the program names in its own: kinds, states, events, and sentences that it composes.

All are English here and translated where they are shown.  ``all_words`` lists them, with the words that other
rooms have for staff, so that a test finds each one that lacks a translation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from processor.deciding import answerable, staff_words
from processor.deciding.doubts import HELD
from processor.desk.action_words import ACTION_STATES as ACTION_STATES
from processor.desk.action_words import ACTIONS as ACTIONS
from processor.desk.action_words import DOUBTS as DOUBTS
from processor.desk.action_words import FACTS as FACTS
from processor.desk.action_words import SAID_ABOVE as SAID_ABOVE
from processor.desk.action_words import action_words as action_words
from processor.desk.action_words import doubts_words as doubts_words
from processor.desk.action_words import fact_words as fact_words
from processor.desk.language import N_
from processor.desk.sentences import REPLY_ANEW as REPLY_ANEW
from processor.desk.sentences import sentence as sentence
from processor.steps import by_hand, forwarding
from processor.steps import redeciding as redeciding_step
from processor.steps import writing as steps_writing
from processor.store import absences, merging, redeciding, reinstating, snoozing, undoing
from processor.store.accounts import Role
from processor.store.actions import Outcome
from processor.store.queue_page import View
from processor.ticket import OutboxState, TicketState

Say = Callable[[str], str]

VIEWS: Mapping[View, str] = {
    View.ALL: N_("All"),
    View.URGENT: N_("Urgent"),
    View.TERMINATIONS: N_("Terminations"),
    View.CODES: N_("OTP"),
    View.REVIEW: N_("For review"),
    View.UNSENT: N_("Not sent"),
    View.MINE: N_("Mine"),
    View.SNOOZED: N_("Snoozed"),
}
EMPTY: Mapping[View, str] = {
    View.ALL: N_("Nothing waits for a person. What the program may not do alone appears here."),
    View.URGENT: N_("Nothing is due within a day."),
    View.TERMINATIONS: N_("No notice waits to be registered."),
    View.CODES: N_("Nobody waits for codes, rights or access."),
    View.REVIEW: N_("No mail waits because the program was in doubt."),
    View.UNSENT: N_("No reply waits, failed or came back."),
    View.MINE: N_("You have not taken on any ticket. Take one on with t."),
    View.SNOOZED: N_("No ticket sleeps. One that need not be seen to yet is put to sleep with s."),
}
ROLES: Mapping[Role, str] = {
    Role.READER: N_("Reader"),
    Role.AGENT: N_("Agent"),
    Role.APPROVER: N_("Approver"),
    Role.ADMIN: N_("Administrator"),
}
TICKET_STATES: Mapping[TicketState, str] = {
    TicketState.OPEN: N_("Open"),
    TicketState.WITH_CUSTOMER: N_("With the customer"),
    TicketState.SNOOZED: N_("Snoozed"),
    TicketState.CLOSED: N_("Closed"),
    TicketState.MERGED: N_("Merged"),
}
REPLY_STATES: Mapping[OutboxState, str] = {
    OutboxState.DRAFT: N_("Draft"),
    OutboxState.HELD: N_("Held back"),
    OutboxState.READY: N_("On its way"),
    OutboxState.SENDING: N_("Being sent"),
    OutboxState.SENT: N_("Sent"),
    OutboxState.RETRY: N_("Tried again soon"),
    OutboxState.UNKNOWN: N_("Nobody knows whether it arrived"),
    OutboxState.FAILED: N_("Refused by the server"),
    OutboxState.BOUNCED: N_("Came back"),
    OutboxState.CANCELLED: N_("Withdrawn"),
}
REPLY_KINDS: Mapping[str, str] = {
    "receipt": N_("Receipt"),
    "answer": N_("Answer"),
    "question": N_("Question to the customer"),
    "confirmation": N_("Confirmation"),
    "notice": N_("Notice to staff"),
    "forward": N_("Forwarded mail"),
    "digest": N_("Daily digest to staff"),
    "urgent": N_("Urgent notice to staff"),
}
SENDERS: Mapping[str, str] = {
    "proven": N_("Sender confirmed"),
    "unproven": N_("Sender not confirmed"),
    "forged": N_("Sender is forged"),
}
WARN_SENDER: Mapping[str, str] = {
    "unproven": N_("The sender is not confirmed: check who wrote this before you act."),
    "forged": N_("The sender is forged: do nothing that this mail asks for."),
}
WAYS: Mapping[str, str] = {
    "password": N_("by password"),
    "link": N_("by a link"),
    "provider": N_("by single sign-on"),
}
OUTCOMES: Mapping[Outcome, str] = {
    Outcome.SECONDED: N_("Approved. One more person must approve."),
    Outcome.APPROVED: N_("Approved."),
    Outcome.DONE: N_("Done."),
    Outcome.REJECTED: N_("Rejected."),
    Outcome.SAME_PERSON: N_("Not done: a second, different person must approve."),
    Outcome.HELD: N_("Not done: the customer has taken it back. Decide on that first."),
    Outcome.NOT_APPROVED: N_("Not done: two people must approve it first."),
    Outcome.CHANGED: N_("Not done: it has changed since you looked."),
    Outcome.ALREADY: N_("Not done: somebody was here before you."),
    Outcome.UNKNOWN: N_("There is no such action."),
    Outcome.NOT_STAFF: N_("Not done: your role may not approve."),
    Outcome.NOT_APPROVER: N_("Not done: it needs two people with the role approver."),
    Outcome.GATE: N_("Not done: the gate before rights is not open."),
    Outcome.NOTED: N_("Noted. A second person must say so too."),
}
SOURCES: Mapping[str, str] = {
    "letter": N_("Letter by post"),
    "phone": N_("Telephone"),
    "visit": N_("Visit"),
    "email": N_("E-mail to another address"),
    "other": N_("Something else"),
}
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
    "outbox.reinstate": N_("Brought the withdrawn reply back"),
    "outbox.doubt_again": N_("Brought the withdrawn reply back"),
    "outbox.resend": N_("Sent the reply again"),
    "outbox.sent": N_("The reply was sent"),
}


def all_words() -> Iterator[str]:
    """Every word that is translated by its value and not where it stands."""
    yield from ACTIONS.values()
    yield from staff_words.STATUS.values()
    yield from staff_words.FLAGS.values()
    yield from staff_words.MATCHED.values()
    yield from HELD.values()
    yield from answerable.OTHERS.values()
    yield from (undoing.TOO_LATE, undoing.NOT_YOURS, undoing.GONE_ON)
    yield from reinstating.REASONS
    yield from merging.REASONS
    yield from redeciding.REASONS
    yield from redeciding_step.REASONS
    yield from steps_writing.REASONS
    yield from by_hand.REASONS
    yield from absences.REASONS
    yield from forwarding.REASONS
    yield from (snoozing.PAST, snoozing.NOT_OPEN)
    yield from (words for _, words, _ in answerable.GUARDS)
