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
from processor.desk.action_words import WITH_DOMAINS as WITH_DOMAINS
from processor.desk.action_words import action_words as action_words
from processor.desk.action_words import doubts_words as doubts_words
from processor.desk.action_words import fact_words as fact_words
from processor.desk.action_words import whole as whole
from processor.desk.language import N_
from processor.desk.lookup_words import all_phrases
from processor.desk.sentences import REPLY_ANEW as REPLY_ANEW
from processor.desk.sentences import sentence as sentence
from processor.desk.trail import EVENTS as EVENTS
from processor.desk.trail import actor_words as actor_words
from processor.desk.trail import detail as detail
from processor.desk.trail import facts_told as facts_told
from processor.steps import by_hand, forwarding
from processor.steps import redeciding as redeciding_step
from processor.steps import writing as steps_writing
from processor.store import absences, merging, redecidable, reinstating, saved_views, snoozing, standing, undoing
from processor.store.accounts import Role
from processor.store.actions import Outcome
from processor.store.narrowing import OVERDUE, TODAY, WEEK
from processor.store.queue_page import View
from processor.store.replies import UNDO as UNDO
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
DUE: Mapping[str, str] = {
    OVERDUE: N_("overdue"),
    TODAY: N_("due today or before"),
    WEEK: N_("due within a week"),
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
LEAVES_SOON = N_("Leaves in a moment")
"""For a reply that is held for the seconds in which it can be taken back."""
REPLY_KINDS: Mapping[str, str] = {
    "receipt": N_("Receipt"),
    "answer": N_("Answer"),
    "question": N_("Question to the customer"),
    "confirmation": N_("Confirmation"),
    "notice": N_("Notice"),
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


FILE_KINDS: Mapping[str, str] = {
    "application/pdf": N_("PDF"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": N_("Word document"),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": N_("Excel sheet"),
    "application/msword": N_("Word document"),
    "application/vnd.ms-excel": N_("Excel sheet"),
    "application/zip": N_("archive"),
    "message/rfc822": N_("mail"),
    "text/plain": N_("text"),
    "text/calendar": N_("calendar entry"),
    "text/csv": N_("table"),
}


def file_kind(media_type: str, say: Say) -> str:
    """What a file is to people; one that has no name among them stays as it is."""
    if media_type.startswith("image/"):
        return say(N_("picture"))
    return say(FILE_KINDS[media_type]) if media_type in FILE_KINDS else media_type


def all_words() -> Iterator[str]:
    """Every word that is translated by its value and not where it stands."""
    yield from ACTIONS.values()
    yield from all_phrases()
    yield from staff_words.STATUS.values()
    yield from staff_words.FLAGS.values()
    yield from staff_words.MATCHED.values()
    yield from HELD.values()
    yield from answerable.OTHERS.values()
    yield from dict.fromkeys(standing.REASONS)
    yield from (undoing.TOO_LATE, undoing.NOT_YOURS, undoing.GONE_ON)
    yield from reinstating.REASONS
    yield from merging.REASONS
    yield from redecidable.REASONS
    yield from redeciding_step.REASONS
    yield from steps_writing.REASONS
    yield from by_hand.REASONS
    yield from absences.REASONS
    yield from saved_views.REASONS
    yield from forwarding.REASONS
    yield from (snoozing.PAST, snoozing.NOT_OPEN)
    yield from (words for _, words, _ in answerable.GUARDS)
