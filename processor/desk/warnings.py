"""What would surprise an agent, in one sentence each; said above the button."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.engine import Engine

from processor.deciding.answerable import withheld_in_words
from processor.deciding.staff_words import FLAGS
from processor.desk.language import N_
from processor.desk.words import WARN_SENDER
from processor.store.by_hand import BY_HAND, told_of
from processor.store.ticket_view import ActionView, ItemView, TicketView
from processor.ticket import ActionState, Deadline

BORDERLINE = N_("The deadline is borderline: a person decides whether the notice is in time.")
LATE = N_("The notice came too late for the end before; it reaches the next.")
NO_CONTRACT = N_("No contract is known, so nothing here tells when this ends.")
TWO = N_("Two people must approve this.")
SECONDED = N_("{who} has approved. You would be the second.")
HELD = N_("The customer has taken it back: decide on the withdrawal first.")
WITHHELD = N_("No automatic reply left:")
OUTAGE = N_("The mail arrived while no mail was read for {hours} hours.")
BELONGS = N_("The mail names the ticket {ticket}, which its writer may not join.")
BROUGHT = {
    "letter": N_("{who} took it in by hand: it came as a letter by post. When it arrived is the word of {says}."),
    "phone": N_("{who} took it in by hand: it was said by telephone. When it arrived is the word of {says}."),
    "visit": N_("{who} took it in by hand: it was said at a visit. When it arrived is the word of {says}."),
    "email": N_(
        "{who} took it in by hand: it came by e-mail to another address. When it arrived is the word of {says}."
    ),
    "other": N_("{who} took it in by hand. When it arrived is the word of {says}."),
}
POSES = N_("The sender may pose as a customer: {domain} is not {known}.")
REVIEW = N_("The program was in doubt: the customer has had a receipt at most, and nothing is decided.")
ONESELF = N_("You have approved. Somebody else must be the second.")


@dataclass(frozen=True, slots=True)
class Warning:
    """A sentence (English, translated where it is shown) with the values for its places; ``why`` is more of it."""

    words: str
    weight: str = "doubt"
    values: tuple[tuple[str, str], ...] = ()
    why: str = ""


def brought(engine: Engine, view: TicketView) -> list[Warning]:
    """For each mail that a person took in: how it came, and who says so."""
    found = told_of(engine, [each.id for each in view.mails if each.folder == BY_HAND])
    return [
        Warning(BROUGHT[each.source], values=(("who", each.by), ("says", each.said_by or each.by)))
        for each in found.values()
    ]


def warnings(
    view: TicketView, item: ItemView | None, action: ActionView | None, provenance: str, reader: str
) -> list[Warning]:
    """The gravest first; ``reader`` is who reads them."""
    found = [*_sender(view, provenance), *_action(action, reader), *_mails(view)]
    if view.outcome == "review":
        found.append(Warning(REVIEW))
    account = item.account if item else None
    if account is not None and account.deadline is not None:
        found += _deadline(account.deadline)
    if account is not None:
        found += [Warning(FLAGS[flag]) for flag in account.flags if flag in FLAGS]
    return sorted(dict.fromkeys(found), key=lambda each: each.weight != "danger")


def _sender(view: TicketView, provenance: str) -> Iterator[Warning]:
    if words := WARN_SENDER.get(view.provenance):
        yield Warning(words, "danger" if view.provenance == "forged" else "doubt", why=provenance)


def _action(action: ActionView | None, reader: str) -> Iterator[Warning]:
    if action is None:
        return
    poses = re.fullmatch(r"(\S+) is not (.+)", action.facts.get("lookalike", ""))
    if poses:
        yield Warning(POSES, "danger", values=(("domain", poses[1]), ("known", poses[2])))
    if action.state == ActionState.HELD:
        yield Warning(HELD, "danger")
    if action.state == ActionState.SECONDED and action.approvals:
        first = action.approvals[0].person
        yield Warning(ONESELF) if first == reader else Warning(SECONDED, values=(("who", first),))
    elif action.needs == "two_staff" and action.state == ActionState.WAITING:
        yield Warning(TWO)


def _mails(view: TicketView) -> Iterator[Warning]:
    for mail in view.mails:
        if mail.may_belong_to:
            yield Warning(BELONGS, values=(("ticket", mail.may_belong_to),))
        if mail.outage_hours:
            yield Warning(OUTAGE, values=(("hours", str(mail.outage_hours)),))
    newest = view.mails[-1] if view.mails else None
    if newest is not None and newest.withheld:
        yield Warning(WITHHELD, why=withheld_in_words(newest.withheld))


def _deadline(deadline: Deadline) -> Iterator[Warning]:
    if deadline.status == "borderline":
        yield Warning(BORDERLINE)
    elif deadline.status == "late":
        yield Warning(LATE)
    elif deadline.status == "unknown":
        yield Warning(NO_CONTRACT)
    yield from (Warning(FLAGS[flag]) for flag in deadline.flags if flag in FLAGS)
