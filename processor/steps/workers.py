"""Child processes that understand and decide: one core each, and a mail that kills one kills nothing else.

The children claim work from the store by themselves, so nothing but wake-ups passes between them and
the daemon.  Each is started afresh (``spawn``): forking a program with threads and open sockets is
not safe.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event
from pathlib import Path

from processor import journal
from processor.config import Config
from processor.rulebook import RenderError, Rulebook

PR_SET_PDEATHSIG = 1
WARMING = (
    b"From: Kari <kari@fjordbygg-demo.no>\r\nTo: x@y.no\r\nSubject: Oppsigelse\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>Vi sier opp Visma Global fra 31.12.2026. "
    b"Fjord Bygg AS, org.nr 328627035</p>"
)


class Workers:
    """A fixed number of children, restarted when they end unasked."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.spawning = multiprocessing.get_context("spawn")
        self.stopping = self.spawning.Event()
        self.progress = self.spawning.Event()
        self.kept = [self.spawning.Event() for _ in range(config.workers)]
        self.rules = self.spawning.Value("i", 0)
        self.children: list[SpawnProcess] = []

    def start(self, ended: threading.Event, recorded: Callable[[], None]) -> None:
        """Start the children, and a thread that passes their progress on and restarts the dead."""
        self.children = [self._start(number) for number in range(self.config.workers)]
        self.thread = threading.Thread(target=self._supervise, args=(ended, recorded), name="workers")
        self.thread.start()

    def wake(self) -> None:
        """Tell the children that mail was kept."""
        for each in self.kept:
            each.set()

    def reload(self) -> list[str]:
        """Let each child take the rules anew before its next batch, unless they have problems."""
        problems = self.problems()
        if not problems:
            with self.rules.get_lock():
                self.rules.value += 1
            self.wake()
        return problems

    def stop(self) -> None:
        """Let each child finish its batch and end."""
        self.stopping.set()
        self.wake()
        self.thread.join()
        for child in self.children:
            child.join(20)
            if child.is_alive():
                child.kill()

    def problems(self) -> list[str]:
        """What is wrong in the rules, found by a child: the daemon itself never holds them, to stay small."""
        with ProcessPoolExecutor(1, mp_context=self.spawning) as one:
            return one.submit(
                rules_problems, self.config.rules_dir, self.config.templates_dir, self.config.own_addresses
            ).result()

    def _supervise(self, ended: threading.Event, recorded: Callable[[], None]) -> None:
        while not ended.is_set():
            if self.progress.wait(0.5):
                self.progress.clear()
                recorded()
            for number, child in enumerate(self.children):
                if not child.is_alive() and not ended.is_set():
                    journal.worker_ended(child.name, child.exitcode)
                    ended.wait(1)
                    self.children[number] = self._start(number)

    def _start(self, number: int) -> SpawnProcess:
        child = self.spawning.Process(
            target=work,
            name=f"worker-{number}",
            args=(
                self.config.path,
                f"worker-{number}-{os.getpid()}",
                self.stopping,
                self.kept[number],
                self.progress,
                self.rules,
            ),
            daemon=True,
        )
        child.start()
        return child


def rules_problems(rules_dir: Path, templates_dir: Path, own_addresses: tuple[str, ...]) -> list[str]:
    """Everything that is wrong in rules and templates, as lines; nothing when they can be taken."""
    from processor.loading.problems import Refused
    from processor.loading.rules import load_rulebook

    try:
        load_rulebook(rules_dir, templates_dir, own_addresses)
    except Refused as refused:
        return [str(problem) for problem in refused.problems]
    return []


def warm(rulebook: Rulebook) -> None:
    """Pay once, before the first mail, for what is built at its first use: templates, lists, tables."""
    from processor.deciding.without_world import context_without_world
    from processor.loading.templates import sample_values
    from processor.pipeline import conclude, read_and_understand

    mail = read_and_understand(WARMING, rulebook)
    conclude(mail, context_without_world(mail.message, "VS-0000-0000"), rulebook)
    values = sample_values()[0]
    for template, languages in rulebook.languages.items():
        for language in languages:
            with suppress(RenderError):
                rulebook.render(template, language, values)


def work(config_path: Path, name: str, ended: Event, kept: Event, progress: Event, rules: object) -> None:
    """A child's life: work off, tell of progress, wait; ends when asked or when the daemon is gone."""
    from processor.loading.configuration import load_config
    from processor.loading.rules import load_rulebook
    from processor.steps.work_off import work_off
    from processor.store.engine import connect

    # The daemon decides when to end; a terminal's Ctrl-C reaches the whole group.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    journal.write_to_stderr()
    config = load_config(config_path)
    # The daemon has brought the schema up to date.
    engine = connect(config.store_url)
    version = rules.value  # type: ignore[attr-defined]  # multiprocessing gives no public type for Value
    rulebook = load_rulebook(config.rules_dir, config.templates_dir, config.own_addresses)
    warm(rulebook)
    while not ended.is_set():
        if rules.value != version:  # type: ignore[attr-defined]
            version = rules.value  # type: ignore[attr-defined]
            rulebook = load_rulebook(config.rules_dir, config.templates_dir, config.own_addresses)
        kept.clear()
        claimed, decided = work_off(engine, rulebook, config, name, lambda: datetime.now(UTC))
        if claimed:
            journal.mails_decided(name, len(decided), claimed - len(decided))
            progress.set()
        else:
            kept.wait(2)
