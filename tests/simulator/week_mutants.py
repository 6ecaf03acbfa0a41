"""The program broken on purpose, so that each law of the week is seen to fail; each with the troubles that show it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from processor.alarm import Alarm, after_look
from processor.alarms import rounds
from processor.alarms.conditions import alarms_in
from processor.alarms.rounds import Told
from processor.alarms.watching import DeadMansPing
from processor.steps import loops, sent_folder
from processor.steps.take_in import take_in
from processor.store import alarms
from processor.store.watermarks import advance, watermark
from processor.world import mailbox

Patches = list[Any]


def sent_unread() -> Patches:
    """What colleagues answer is never looked for."""
    return [patch.object(loops, "read_sent", lambda *_: 0)]


def sent_read_seldom() -> Patches:
    """The Sent folder is read at some passes only, and new mail at each."""

    def late(box: Any, sent: Any, engine: Any, clock: Any) -> int:
        known = watermark(engine, box.settings.name, box.settings.folder)
        return 0 if known is None or known.last_uid % 3 else sent_folder.read_sent(box, sent, engine, clock)

    return [patch.object(loops, "read_sent", late)]


def skips_mail() -> Patches:
    """The mark of how far a folder was read runs ahead by one mail."""

    def ahead(box: Any, folder: Any, engine: Any, clock: Any) -> Iterator[tuple[int, int]]:
        yield from take_in(box, folder, engine, clock)
        known = watermark(engine, box.settings.name, folder.name)
        if known is not None:
            advance(engine, box.settings.name, folder.name, known.uidvalidity, known.last_uid + 1)

    return [patch.object(loops, "take_in", ahead), patch.object(loops, "reconcile_all", lambda *_: True)]


def copies_not_noted() -> Patches:
    """A copy that lies in the Sent folder is put there again."""
    return [
        patch.object(sent_folder, "copied", lambda *_: None),
        patch.object(mailbox, "holds", lambda *_: False),
    ]


def no_copies() -> Patches:
    """No copy is put into the Sent folder."""
    return [patch.object(loops, "put_copies", lambda *_: 0)]


def nobody_told() -> Patches:
    """Alarms are raised and written down, and leave by no way."""
    return [patch.object(rounds, "tell_due", lambda *_: Told(0, 0))]


def told_late() -> Patches:
    """An alarm is told of at the third look."""
    looks: list[int] = []

    def late(seen: Any, limits: Any) -> list[Alarm]:
        found = alarms_in(seen, limits)
        looks.append(1) if found else looks.clear()
        return found if len(looks) > 2 else []

    return [patch.object(rounds, "alarms_in", late)]


def storm() -> Patches:
    """What lasts is told again at each look."""

    def again(before: Any, there: bool, now: Any, pace: Any) -> Any:
        episode, event = after_look(before, there, now, pace)
        return episode, event or ("repeated" if there else None)

    return [patch.object(alarms, "after_look", again)]


def cries_wolf() -> Patches:
    """A threshold is so wide that a login which is well is an alarm."""

    def more(seen: Any, limits: Any) -> list[Alarm]:
        return alarms_in(seen, replace(limits, token=timedelta(days=100)))

    return [patch.object(rounds, "alarms_in", more)]


def never_over() -> Patches:
    """That an alarm is over is told to nobody."""

    def kept(before: Any, there: bool, now: Any, pace: Any) -> Any:
        episode, event = after_look(before, there, now, pace)
        return episode, None if event == "cleared" else event

    return [patch.object(alarms, "after_look", kept)]


def pings_though_hung() -> Patches:
    """The ping asks nobody whether the loops live."""
    return [patch.object(DeadMansPing, "_against", lambda _: "")]


def never_pings() -> Patches:
    """The ping never comes."""
    return [patch.object(DeadMansPing, "_against", lambda _: "a loop has hung")]


@dataclass(frozen=True, slots=True)
class Mutant:
    """``only`` are the troubles that show it; ``hours`` after which it must have been seen."""

    break_it: Callable[[], Patches]
    only: tuple[str, ...]
    hours: float
    quick: bool = False


MUTANTS = {
    each.break_it.__name__: each
    for each in (
        Mutant(sent_unread, ("mailbox_unread",), 2.0),
        Mutant(sent_read_seldom, ("mailbox_unread",), 2.0),
        Mutant(skips_mail, ("disk_full",), 1.0),
        Mutant(copies_not_noted, ("unknown_replies",), 0.6),
        Mutant(no_copies, ("unknown_replies",), 0.6),
        Mutant(nobody_told, ("disk_full",), 0.5, quick=True),
        Mutant(told_late, ("disk_full",), 0.5, quick=True),
        Mutant(storm, ("disk_full",), 0.5, quick=True),
        Mutant(cries_wolf, ("disk_full",), 0.5, quick=True),
        Mutant(never_over, ("disk_full",), 0.7),
        Mutant(pings_though_hung, ("hang",), 1.1),
        Mutant(never_pings, ("disk_full",), 0.5, quick=True),
    )
}


@contextmanager
def broken_week(name: str) -> Iterator[None]:
    """The program with a mutant's faults for the time of the block."""
    with ExitStack() as stack:
        for each in MUTANTS[name].break_it():
            stack.enter_context(each)
        yield
