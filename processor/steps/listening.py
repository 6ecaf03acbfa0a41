"""Hearing from PostgreSQL that there is work, also what another daemon or a command wrote; nothing depends on it.

Every loop looks for work by itself each second or two, as on SQLite.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from processor import journal
from processor.store.notices import Ear

LISTEN_SECONDS = 0.5
PAUSE_SECONDS = 2.0


class Listener(threading.Thread):
    """One listening connection, opened again when it breaks; ``tell`` is what to do for each word heard."""

    def __init__(self, store_url: str, tell: Mapping[str, Callable[[], None]], ended: threading.Event) -> None:
        super().__init__(name="listener", daemon=True)
        self.store_url, self.tell, self.ended = store_url, tell, ended

    def run(self) -> None:
        """Listen until ended."""
        failed = False
        while not self.ended.is_set():
            try:
                with Ear(self.store_url) as ear:
                    failed = False
                    self._wake(set(self.tell))
                    while not self.ended.is_set():
                        self._wake(ear.hear(LISTEN_SECONDS))
            except Exception as error:
                if not failed:
                    journal.step_failed("listening", error)
                failed = True
                self.ended.wait(PAUSE_SECONDS)

    def _wake(self, words: set[str]) -> None:
        for word in words & self.tell.keys():
            self.tell[word]()
