"""Outside registers asked about the organisations of a batch of mails, never for longer than their timeout.

Each register is asked by a thread of its own, one number after the other, while the batch waits for as long as
the configuration allows.  What is not in by then is *not checked*, and mail is decided without it.  A register
that failed is left alone for a while, so that a dead one does not cost every batch its timeout.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Generic, TypeVar

from sqlalchemy.engine import Engine

from processor import journal
from processor.config import LookupSettings
from processor.findings import Understanding
from processor.lookup import Company, Lookups, Participant, Reason, valid_org_no
from processor.store.lookups import keep_answers, known_answers
from processor.world.backoff import gap
from processor.world.web import NoAnswer, host_of

A = TypeVar("A", Company, Participant)
Ask = Callable[[str, float, datetime], A]
Clock = Callable[[], datetime]
LookUp = Callable[[Sequence[Understanding]], list[Lookups]]
"""Asks about each mail of a batch."""

ELMA = {"elma_register", "elma_deregister", "elma_question"}
"""Types whose answers tell what Peppol says."""
COMPANIES = ELMA | {"termination"}
"""Types for which it matters whether the company still exists."""
MOST_OF_A_MAIL = 10
REGISTER_GAP, PEPPOL_GAP = 0.5, 0.1
"""Seconds between two numbers: the register publishes no limit, two requests a second are polite (domain.md 5.2)."""
GRACE = 0.2
FIRST_REST = 6
"""A register that failed once is left alone as after so many failures of a server: half a minute."""


class Register(Generic[A]):
    """One register outside, and how it has been lately."""

    def __init__(self, kind: type[A], ask: Ask[A], timeout: float, pause: float) -> None:
        self.kind: type[A] = kind
        self.ask: Ask[A] = ask
        self.timeout, self.pause = timeout, pause
        self.failures = 0
        self.resting_until = 0.0
        self.last = 0.0
        self.thread: threading.Thread | None = None

    def begin(self, org_nos: Sequence[str], clock: Clock) -> Callable[[], list[A]]:
        """Start asking; the function that comes back waits for the answers, one for each number."""
        if not org_nos:
            return list
        busy = self.thread is not None and self.thread.is_alive()
        if busy or time.monotonic() < self.resting_until:
            return lambda: [self.not_checked(each, "resting") for each in org_nos]
        answers: dict[str, A] = {}
        until = time.monotonic() + self.timeout
        name = f"ask {self.kind.__name__}"
        # A daemon: a name server that hangs beyond all limits must not keep the program from ending.
        self.thread = threading.Thread(target=self._ask, args=(org_nos, answers, until, clock), name=name, daemon=True)
        self.thread.start()
        return lambda: self._gather(org_nos, answers, until)

    def not_checked(self, org_no: str, reason: Reason) -> A:
        return self.kind(org_no, "not_checked", reason)

    def _ask(self, org_nos: Sequence[str], answers: dict[str, A], until: float, clock: Clock) -> None:
        for org_no in org_nos:
            time.sleep(max(0.0, min(self.last + self.pause, until) - time.monotonic()))
            left = until - time.monotonic()
            # What has not half of its time left would fail by our own fault.
            if left < self.timeout / 2:
                return
            self.last = time.monotonic()
            answers[org_no] = self.not_checked(org_no, "timed_out")
            answers[org_no] = self._answer(org_no, left, clock)
            if self.failures:
                return

    def _answer(self, org_no: str, left: float, clock: Clock) -> A:
        try:
            found = self.ask(org_no, left, clock())
        except NoAnswer as failed:
            journal.lookup_failed(self.kind.__name__, failed.said)
            if failed.reason != "nonsense":
                self._rest(failed.rest)
            return self.not_checked(org_no, failed.reason)
        except Exception as error:
            journal.step_failed(f"lookup of {self.kind.__name__}", error)
            return self.not_checked(org_no, "nonsense")
        self.failures = 0
        return found

    def _rest(self, asked_for: float) -> None:
        self.failures += 1
        pause = gap(self.failures + FIRST_REST - 1, random.random())  # noqa: S311  # not a secret
        self.resting_until = time.monotonic() + max(asked_for, pause)

    def _gather(self, org_nos: Sequence[str], answers: dict[str, A], until: float) -> list[A]:
        if self.thread is not None:
            self.thread.join(max(0.0, until - time.monotonic()) + GRACE)
            if self.thread.is_alive() and time.monotonic() >= self.resting_until:
                self._rest(0.0)
        answered = dict(answers)
        return [answered.get(each) or self.not_checked(each, "too_many") for each in org_nos]


class Registers:
    """The registers that the configuration turns on, for the life of a process."""

    def __init__(self, settings: LookupSettings, engine: Engine, clock: Clock, processes: int = 1) -> None:
        self.settings, self.engine, self.clock = settings, engine, clock
        self.companies = _companies(settings, processes)
        self.participants = _participants(settings)

    def ask(self, mails: Sequence[Understanding]) -> list[Lookups]:
        """The answers about each mail's organisations; waits for the slower register's timeout at most.

        Only numbers with a valid check digit are asked for, of mails whose request types need it.
        """
        if self.companies is None and self.participants is None:
            return no_lookups(mails)
        for_companies = _numbers(mails, COMPANIES)
        for_participants = _numbers(mails, ELMA)
        register, peppol = self.settings.register, self.settings.peppol
        waits = (
            self._begin(self.companies, for_companies, host_of(register.url), register.cache_hours),
            self._begin(self.participants, for_participants, peppol.zone.rstrip("."), peppol.cache_hours),
        )
        companies, participants = waits[0](), [self._marked(each) for each in waits[1]()]
        return [
            Lookups(_those(companies, _wanted(each, COMPANIES)), _those(participants, _wanted(each, ELMA)))
            for each in mails
        ]

    def _begin(
        self, register: Register[A] | None, org_nos: list[str], source: str, hours: float
    ) -> Callable[[], list[A]]:
        """Take what was answered lately, and start asking about the others."""
        if register is None or not org_nos:
            return list
        since = self.clock() - timedelta(hours=hours)
        known = known_answers(self.engine, register.kind, org_nos, source, since)
        have = {each.org_no for each in known}
        wait = register.begin([each for each in org_nos if each not in have], self.clock)

        return partial(self._gathered, known, wait, hours > 0)

    def _gathered(self, known: list[A], wait: Callable[[], list[A]], keep: bool) -> list[A]:
        fresh: list[A] = wait()
        keep_answers(self.engine, [each for each in fresh if keep and _whole(each)])
        return known + fresh

    def _marked(self, found: Participant) -> Participant:
        """With a mark where the seat is ours by today's configuration, however old the answer is."""
        return replace(found, ours=found.access_point in self.settings.peppol.autoinvoice)


def no_lookups(mails: Sequence[Understanding]) -> list[Lookups]:
    """Ask nobody."""
    return [Lookups()] * len(mails)


def _companies(settings: LookupSettings, processes: int) -> Register[Company] | None:
    register = settings.register
    if not register.on:
        return None
    from processor.world import company_register

    def ask(org_no: str, seconds: float, now: datetime) -> Company:
        return company_register.look_up(org_no, register, seconds, now)

    pause = REGISTER_GAP * (2 if register.roles else 1) * max(1, processes)
    return Register(Company, ask, register.timeout, pause)


def _participants(settings: LookupSettings) -> Register[Participant] | None:
    peppol = settings.peppol
    if not peppol.on:
        return None
    # Its library takes a fifth of a second to import, which nobody should pay who does not use it.
    from processor.world import peppol as sml

    def ask(org_no: str, seconds: float, now: datetime) -> Participant:
        return sml.look_up(org_no, peppol, seconds, now)

    return Register(Participant, ask, peppol.timeout, PEPPOL_GAP)


def _wanted(mail: Understanding, types: set[str]) -> tuple[str, ...]:
    if not any(request.type in types for request in mail.requests):
        return ()
    return tuple(each for each in mail.fields.org_no if valid_org_no(each))[:MOST_OF_A_MAIL]


def _numbers(mails: Sequence[Understanding], types: set[str]) -> list[str]:
    return list(dict.fromkeys(each for mail in mails for each in _wanted(mail, types)))


def _those(answers: Sequence[A], org_nos: Sequence[str]) -> tuple[A, ...]:
    return tuple(each for each in answers if each.org_no in org_nos)


def _whole(answer: Company | Participant) -> bool:
    """Whether it may be used again: an SMP that was down may be up the next minute."""
    return not isinstance(answer, Participant) or answer.smp_note in ("", "none", "unknown_group")
