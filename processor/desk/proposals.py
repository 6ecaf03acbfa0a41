"""The letter that leaves when an action is done, as the customer will see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from processor.desk.asking import Desk
from processor.desk.language import N_
from processor.steps.letters import CannotError, Facts, confirming, template_of
from processor.steps.writing import in_own_words
from processor.store.confirming import about_item, item_of_action
from processor.store.staff_replies import Letter
from processor.ticket import Deadline, Reply

OTHER_DAY = N_("the letter was changed for another last day: put the right day into it, then send it")


@dataclass(frozen=True, slots=True)
class Proposal:
    """``template`` is ``""`` where nothing leaves.  ``last_day`` is the end by the contract, where it is beyond doubt.

    ``reply`` is the letter for ``last_day``, None without one; ``cannot`` says why there is none (English).
    """

    template: str = ""
    last_day: date | None = None
    by_contract: date | None = None
    reply: Reply | None = None
    cannot: str = ""


def proposal(desk: Desk, action_id: int, wanted: date | None = None, access_until: date | None = None) -> Proposal:
    """What would leave for this action, with the last day that staff name or, where it is sure, the contract's."""
    template, item_id, deadline = _template(desk, action_id)
    if not template:
        return Proposal()
    by_contract = deadline.last_service_day if deadline else None
    sure = by_contract if deadline and deadline.status == "timely" and not deadline.candidates else None
    last_day = wanted or sure
    if last_day is None:
        return Proposal(template, None, by_contract)
    try:
        letter = _letter(desk, item_id, template, last_day, access_until)
    except CannotError as cannot:
        return Proposal(template, last_day, by_contract, None, str(cannot))
    return Proposal(template, last_day, by_contract, letter.reply)


def letter_for(desk: Desk, action_id: int, last_day: date | None, access_until: date | None) -> Letter | None:
    """The letter that goes out with "done", None where none is due; raises CannotError, in words."""
    template, item_id, _ = _template(desk, action_id)
    if not template:
        return None
    if last_day is None:
        raise CannotError(N_("name the last day that you registered"))
    return _letter(desk, item_id, template, last_day, access_until)


def changed_letter(letter: Letter, text: str, written_for: str, last_day: date | None) -> Letter:
    """The letter as a person has changed its text; the same where they changed nothing.

    ``written_for`` is the last day (ISO) that stood in the text when they began: one for another day is refused
    (CannotError), since it would tell the customer a day that is not registered.
    """
    changed = in_own_words(letter, text)
    if changed is not letter and written_for != (last_day.isoformat() if last_day else ""):
        raise CannotError(OTHER_DAY)
    return changed


def day_of(text: str) -> date | None:
    """A day as staff write it, 31.12.2026, 311226 or 2026-12-31; None for nothing, CannotError for anything else."""
    text = text.strip()
    if not text:
        return None
    for form in ("%d.%m.%Y", "%Y-%m-%d", "%d%m%y", "%d%m%Y", "%d.%m.%y"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007  (a day has no zone)
        except ValueError:
            continue
    raise CannotError(N_("this is no day such as 31.12.2026"))


def _template(desk: Desk, action_id: int) -> tuple[str, int, Deadline | None]:
    """The template that leaves with an action, its item and that item's deadline; ("", 0, None) for none."""
    found = item_of_action(desk.engine, action_id)
    about = about_item(desk.engine, found[0]) if found else None
    rulebook = desk.rules.rulebook()
    if found is None or about is None or rulebook is None:
        return "", 0, None
    return template_of(rulebook, about, found[1]), about.item_id, about.deadline


def _letter(desk: Desk, item_id: int, template: str, last_day: date, access_until: date | None) -> Letter:
    rulebook = desk.rules.rulebook()
    if rulebook is None:
        raise CannotError(N_("the rules cannot be read just now"))
    return confirming(desk.engine, desk.config, rulebook, item_id, template, Facts(last_day, access_until))
