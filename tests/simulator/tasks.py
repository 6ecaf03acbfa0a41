"""Tasks that take turns: threads of which one runs at a time, each until its next call of the world."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


class Killed(BaseException):
    """The process of this task got a SIGKILL: nothing that it still does may reach the world."""


@dataclass
class Turns:
    """Who runs: the scheduler, or the one task that it has resumed."""

    current: Task | None = None
    back: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.back.acquire()

    def pause(self, where: str) -> None:
        """A task is about to call the world: let the scheduler choose who goes on; raises Killed."""
        if self.current is not None:
            self.current.pause(where)


class Task:
    """One thread of a daemon, or one deed of a person; ``wake`` is the simulated second from which it may run."""

    def __init__(self, turns: Turns, name: str, body: Callable[[Task], None]) -> None:
        self.turns, self.name, self.body = turns, name, body
        self.where = "start"
        self.wake = 0.0
        self.dead = self.ended = False
        self.error: BaseException | None = None
        self.go = threading.Lock()
        self.go.acquire()
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.thread.start()

    def resume(self) -> None:
        """Run until the next pause or the end; called by the scheduler."""
        self.turns.current = self
        self.go.release()
        self.turns.back.acquire()
        self.turns.current = None

    def pause(self, where: str) -> None:
        """Give the turn back; raises Killed at once, and ever after, in a killed task."""
        if not self.dead:
            self.where = where
            self.turns.back.release()
            self.go.acquire()
        if self.dead:
            raise Killed

    def sleep(self, until: float) -> None:
        """Have nothing to do until a simulated second, or until ``wake`` is set earlier."""
        self.wake = until
        self.pause("asleep")

    def kill(self) -> None:
        """SIGKILL: unwind without any further effect."""
        self.dead = True
        if not self.ended:
            self.resume()
        self.thread.join()

    def _run(self) -> None:
        self.go.acquire()
        try:
            if not self.dead:
                self.body(self)
        except Killed:
            pass
        except BaseException as error:
            self.error = error
        self.ended = True
        self.turns.back.release()
