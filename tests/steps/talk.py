"""A conversation with the program without servers: mails go in, and the store tells what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from processor.config import Config
from processor.loading.configuration import load_config
from processor.message import Extracted
from processor.rulebook import Rulebook
from processor.steps.lookups import LookUp, no_lookups
from processor.steps.work_off import Decided, work_off
from processor.store.engine import open_store
from processor.store.keep import Arrival, keep
from processor.store.people import Person, add_person, verify_person
from tests.shipped import configuration, rulebook_of

ROOT = Path(__file__).parent.parent.parent
NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)
NOTICE = "Vi sier opp Visma Global fra 31.12.2027.\n\nMvh\nKari Holm\nFjord Bygg AS"
WITH_NUMBER = f"{NOTICE}\norg.nr 328627035"
KARI, OLA = "kari@fjordbygg-demo.no", "ola@fjordbygg-demo.no"
CONFIG = configuration('level = "automatic"')


@dataclass
class Talk:
    """A store and the rules beside it; ``now`` is moved by hand."""

    config: Config
    engine: Engine
    rulebook: Rulebook
    now: datetime = NOW
    uid: int = 0
    decided: list[Decided] = field(default_factory=list)
    look_up: LookUp = no_lookups

    def keep(self, words: str, subject: str = "Oppsigelse av Visma Global", sender: str = KARI, **more: Any) -> None:
        """Keep a mail that arrives now; ``thread`` is the Message-ID it answers."""
        self.uid += 1
        verdict = f"dmarc=pass header.from={sender.partition('@')[2]}" if more.get("proven", True) else "none"
        thread = f"In-Reply-To: {more['thread']}\n" if "thread" in more else ""
        arrived = more.get("arrived", self.now)
        raw = (
            f"Return-Path: <{sender}>\nReceived: from x by mx.kundesenter.example; {format_datetime(arrived)}\n"
            f"Authentication-Results: mx.kundesenter.example; {verdict}\nDate: {format_datetime(arrived)}\n"
            f"From: Kari Holm <{sender}>\nTo: oppsigelse@visma.no\nSubject: {subject}\n"
            f"Message-ID: <{self.uid}@{sender.partition('@')[2]}>\n{thread}{more.get('headers', '')}"
            f"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{words}\n"
        )
        data = raw.replace("\n", "\r\n").encode()
        keep(self.engine, [Arrival("a", "INBOX", 1, self.uid, arrived, len(data), data)], self.now)

    def say(self, words: str, subject: str = "Oppsigelse av Visma Global", sender: str = KARI, **more: Any) -> Decided:
        """Keep a mail and decide it."""
        self.keep(words, subject, sender, **more)
        return self.work()[-1]

    def work(self) -> list[Decided]:
        """Decide all that was kept."""
        found: list[Decided] = []
        while True:
            claimed, decided = work_off(
                self.engine,
                self.rulebook,
                self.config,
                "w",
                lambda: self.now,
                lambda *_: Extracted(),
                look_up=self.look_up,
            )
            if not claimed:
                return found
            found += decided

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with self.engine.connect() as conn:
            return [tuple(row) for row in conn.execute(text(query))]

    def later(self, **gap: float) -> None:
        self.now += timedelta(**gap)

    def person(self, name: str = "Kari") -> Person:
        made = verify_person(self.engine, name, add_person(self.engine, name, self.now))
        assert made
        return made

    def last_answer(self) -> str:
        """The Message-ID of our last reply."""
        return str(self.ask("select message_id from outbox order by id desc limit 1")[0][0])


def talk(folder: Path) -> Talk:
    """A new store in a folder, at level automatic."""
    (folder / "key").write_text("a key for tests only")
    (folder / "config.toml").write_text(CONFIG)
    config = load_config(folder / "config.toml")
    rulebook = rulebook_of(config.rules_dir, config.templates_dir, config.own_addresses)
    made = Talk(config, open_store(f"sqlite:///{folder}/var/processor.db"), rulebook)
    made.now -= timedelta(hours=1)
    made.work()
    from processor.store.watermarks import first_start

    first_start(made.engine, "a", made.now)
    made.now = NOW
    return made
