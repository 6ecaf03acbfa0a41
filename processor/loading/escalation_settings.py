"""The tables [[escalation]] of config.toml: who is told of open actions, and how long after they were due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from processor.config import Config, Escalation
from processor.letter import ADDRESS

if TYPE_CHECKING:
    from processor.loading.configuration import Table

MOST_HOURS = 24.0 * 90
LANGUAGES = ("nb", "en")
"""What staff may be written to in."""


def escalation_settings(
    values: object, table: Callable[[str, object], Table], config: Config
) -> tuple[Escalation, ...]:
    """Read what stands under [[escalation]]; ``config`` is the rest, which tells whose mail we read ourselves."""
    smtp, ours = config.smtp, read_by_us(config)
    listed = values if isinstance(values, list) else [values]
    found: list[Escalation] = []
    for number, each in enumerate(listed):
        entry = table(f"escalation[{number}]", each)
        made = Escalation(entry.take("to", str, "", needed=True), _after(entry), entry.take("language", str, "nb"))
        if made.language not in LANGUAGES:
            entry.problem("language", f"language must be one of {', '.join(LANGUAGES)}, and is {made.language!r}")
        if made.to and not ADDRESS.fullmatch(made.to):
            entry.problem("to", f"to must be one mail address, and is {made.to!r}")
        elif made.to.lower() in ours:
            entry.problem("to", f"{made.to} is read by the program itself: what it writes would come back to it")
        elif any((each.to, each.after) == (made.to, made.after) for each in found):
            entry.problem("to", f"{made.to} is told at this time already")
        if smtp is None:
            entry.problem("to", "nothing can be sent without [smtp]")
        entry.finish()
        found.append(made)
    return tuple(found)


def read_by_us(config: Config) -> set[str]:
    """The addresses, in lower case, whose mail comes back to the program."""
    smtp = config.smtp
    ours = {*config.own_addresses, *(each.user.lower() for each in config.mailboxes)}
    return ours | ({smtp.from_address.lower(), smtp.envelope_from.lower(), smtp.reply_to.lower()} if smtp else set())


def _after(entry: Table) -> timedelta:
    hours = entry.take("after_hours", float, 0.0)
    if not abs(hours) <= MOST_HOURS:
        entry.problem("after_hours", f"after_hours must lie between -{MOST_HOURS:.0f} and {MOST_HOURS:.0f}")
        return timedelta(0)
    return timedelta(hours=hours)
