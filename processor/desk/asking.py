"""What a page is asked, as a plain value, and what every page can reach."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.engine import Engine

from processor.config import Config
from processor.desk.indexing import Indexing
from processor.desk.language import Language
from processor.desk.lookout import Lookout
from processor.desk.rules_in_force import RulesInForce
from processor.desk.uploads import Upload
from processor.store.accounts import Account
from processor.store.people import Person
from processor.store.queue_page import View, counts
from processor.store.sessions import Session
from processor.store.visible import Scope

COUNTS_SECONDS = 3.0


class Refusal(Exception):
    """The request cannot be served; ``status`` is HTTP's, ``words`` a sentence for the person (English, translated)."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


@dataclass(frozen=True, slots=True)
class Asked:
    """One request.  ``form`` and ``query`` have the last value of each name, ``marked`` all those of ``mark``.

    ``browser`` is what it says of itself, in short.
    """

    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]
    language: Language
    marked: tuple[str, ...] = ()
    session: Session | None = None
    csrf: str = ""
    browser: str = ""
    cookies: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Upload, ...] = ()

    @property
    def account(self) -> Account:
        """Who asks; only for pages that need a role."""
        if self.session is None:
            raise Refusal(401, "You are not signed in.")
        return self.session.account

    @property
    def person(self) -> Person:
        return self.account.person

    def number(self, name: str) -> int:
        """A number in the path, or of the form; Refusal 404 for anything else."""
        text = self.params.get(name, "") or self.form.get(name, "")
        if not text.isascii() or not text.isdecimal() or len(text) > 15:
            raise Refusal(404, "There is no such page.")
        return int(text)


@dataclass
class Desk:
    """What the pages stand on; ``ended`` is set when the process is about to end."""

    engine: Engine
    config: Config
    clock: Callable[[], datetime]
    rules: RulesInForce = field(init=False)
    indexing: Indexing = field(init=False)
    lookout: Lookout = field(init=False)
    ended: threading.Event = field(default_factory=threading.Event)
    _counts: dict[tuple[int, Scope], tuple[float, dict[View, int]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.rules = RulesInForce(self.config)
        self.indexing = Indexing(self.engine)
        self.lookout = Lookout(self.engine, self.clock, self.changed)

    def counts(self, account: Account) -> dict[View, int]:
        """How much is in each view of what the person sees, at most a few seconds old."""
        person, scope = account.person, account.scope
        with self._lock:
            at, found = self._counts.get((person.id, scope), (-COUNTS_SECONDS, {}))
            if time.monotonic() - at < COUNTS_SECONDS:
                return found
        found = counts(self.engine, self.clock(), person.id, scope)
        with self._lock:
            self._counts[person.id, scope] = (time.monotonic(), found)
        return found

    @property
    def undo_for(self) -> timedelta:
        """For how long a step can be taken back."""
        return timedelta(seconds=self.config.desk.undo_seconds)

    @property
    def hold_until(self) -> datetime | None:
        """Until when a letter that is approved now waits; None where nothing can be taken back."""
        return self.clock() + self.undo_for if self.undo_for else None

    def changed(self) -> None:
        """Somebody acted, so that numbers are counted anew."""
        with self._lock:
            self._counts.clear()
