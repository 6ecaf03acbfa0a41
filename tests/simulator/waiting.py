"""The program's own waits on the simulated clock, so that its threads' bodies run as tasks: an event and a ``time``."""

from __future__ import annotations

import math

from tests.simulator.clock import Clock
from tests.simulator.tasks import Task, Turns


class SimEvent:
    """As much of ``threading.Event`` as the program uses; a wait gives the turn back."""

    def __init__(self, turns: Turns, clock: Clock) -> None:
        self.turns, self.clock = turns, clock
        self.flag = False
        self.waiters: list[Task] = []

    def is_set(self) -> bool:
        return self.flag

    def set(self) -> None:
        self.flag = True
        for task in self.waiters:
            task.wake = 0.0

    def clear(self) -> None:
        self.flag = False

    def wait(self, timeout: float | None = None) -> bool:
        task = self.turns.current
        if self.flag or task is None:
            return self.flag
        until = math.inf if timeout is None else self.clock.second + timeout
        self.waiters.append(task)
        try:
            while not self.flag and self.clock.second < until:
                task.sleep(until)
        finally:
            self.waiters.remove(task)
        return self.flag


class SimTime:
    """As much of the module ``time`` as the program uses, for its place in a module of the program."""

    def __init__(self, turns: Turns, clock: Clock) -> None:
        self.turns, self.clock = turns, clock

    def monotonic(self) -> float:
        return self.clock.second

    def time(self) -> float:
        return self.clock.true().timestamp()

    def sleep(self, seconds: float) -> None:
        task = self.turns.current
        if task is not None:
            task.sleep(self.clock.second + seconds)
