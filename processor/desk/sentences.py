"""Sentences that other rooms compose, in the words of the desk."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from processor.desk.language import N_
from processor.store import redecided_reply

REPLY_ANEW: Mapping[str, str] = {
    redecided_reply.LEFT: N_(
        "The reply has left already, and stays as it was: ask or write to the customer if it was wrong."
    ),
    redecided_reply.WRITTEN: N_("A person has written the reply, so it stays as it is."),
    redecided_reply.CHANGED: N_("The reply was written anew."),
    redecided_reply.WITHDRAWN: N_("The reply was withdrawn."),
    redecided_reply.DRAFTED: N_("There is a draft of a reply now."),
}
# What deciding composes: the sentence in English with places, and how it is recognised.
SENTENCES: tuple[tuple[str, str], ...] = (
    (r"DMARC passed for (\S+)", N_("DMARC passed for {0}")),
    (r"DMARC failed for (\S+), whose policy is none", N_("DMARC failed for {0}, whose policy is none")),
    (r"DMARC failed for (\S+)", N_("DMARC failed for {0}")),
    (r"DMARC results contradict each other for (\S+)", N_("DMARC results contradict each other for {0}")),
    (r"DKIM signature of (\S+)", N_("DKIM signature of {0}")),
    (r"signed by (.+), which is not (\S+)", N_("signed by {0}, which is not {1}")),
    (r"no DKIM signature of (\S+) and no DMARC pass", N_("no DKIM signature of {0} and no DMARC pass")),
    (r"(\S+) is our own domain, but the mail lacks our signature", N_("{0} is our own domain, but the mail lacks our signature")),
    (r"no Authentication-Results of a trusted server", N_("no Authentication-Results of a trusted server")),
    (r"From does not name one author", N_("From does not name one author")),
    (r"the topmost Authentication-Results cannot be read", N_("the topmost Authentication-Results cannot be read")),
    (r"DKIM signature of (\S+), which we checked", N_("DKIM signature of {0}, which we checked")),
    (r"(.+) by (\S+), as (\S+) has sealed", N_("{0} by {1}, as {2} has sealed")),
    (r"our server checked nothing, and no signature proves (\S+) \((.+)\)", N_("our server checked nothing, and no signature proves {0} ({1})")),
    (r"our server checked nothing, and no signature proves (\S+)", N_("our server checked nothing, and no signature proves {0}")),
    (r"the sender is unproven", N_("the sender is not proven")),
    (r"the sender is forged", N_("the sender is forged")),
    (r"the sender poses as another: (\S+) is not (.+)", N_("the sender poses as another: {0} is not {1}")),
    (r"no customer of the register is known for it, so there is no number to call back", N_("no customer of the register is known for it, so there is no number to call back")),
    (r"the customer is not sure: (.+)", N_("the customer is not sure: {0}")),
    (r"no domain is named", N_("no domain is named")),
    (r"no administrator is named", N_("no administrator is named")),
    (r"(\S+) is public", N_("{0} is everybody's")),
    (r"(\S+) is neither the sender's nor the customer's, but of customer (.+)", N_("{0} is neither the sender's nor the customer's, but of customer {1}")),
    (r"(\S+) is neither the sender's nor the customer's", N_("{0} is neither the sender's nor the customer's")),
    (r"the administrator's address is at (\S+), outside of it", N_("the administrator's address is at {0}, outside of it")),
    (r"it was not looked at by the gate", N_("it was not looked at by the gate")),
    (r"the customer has said something else since, so that it must be asked for anew", N_("the customer has said something else since, so that it must be asked for anew")),
    (r"the notice to the customer's other contacts has not left yet", N_("the notice to the customer's other contacts has not left yet")),
    (r"the notice reached none of the customer's other contacts; close it as handled outside", N_("the notice reached none of the customer's other contacts; it can only be closed as handled elsewhere")),
    (r"the gate is shut: (.+); it can only be closed as handled outside", N_("the gate is shut: {0}; it can only be closed as handled elsewhere")),
    (r"the register has no number to call customer (\S*) back; close it as handled outside", N_("the register has no number to call customer {0} back; close it as handled elsewhere")),
    (r"call (.+) back first, on (\S+), and say so: .+", N_("Call {0} back first, on {1}, and say so above.")),
    (r"the customer's other contacts are not told yet", N_("the customer's other contacts are not told yet")),
    (r"the waiting time is not over: (\d+) h (\d+) min are left for the customer to object", N_("the waiting time is not over: the customer can object for {0} h {1} min more")),
    (r"the gate is shut: (.+)", N_("the gate is shut: {0}")),
    (r"somebody has called already", N_("somebody has called already")),
    (r"there is no such open action behind the gate", N_("there is no such open action")),
    (r"nobody of that name may do so", N_("you may not do so")),
    (r"the register has no number to call customer (\S*) back", N_("the register has no number to call customer {0} back")),
)  # fmt: skip


def sentence(said: str, say: Callable[[str], str]) -> str:
    """A composed sentence in the person's language; one that is not known stays as it is."""
    for pattern, words in SENTENCES:
        if found := re.fullmatch(pattern, said[:500]):
            return say(words).format(*(_part(each, say) for each in found.groups()))
    return say(said) if said else ""


def _part(said: str, say: Callable[[str], str]) -> str:
    """What stands in a place of a sentence: itself sentences that are known, or a name, which stays as it is."""
    parts = said.split("; ")
    known = [
        sentence(each, say) for each in parts if any(re.fullmatch(pattern, each[:500]) for pattern, _ in SENTENCES)
    ]
    return "; ".join(known) if len(known) == len(parts) else said
