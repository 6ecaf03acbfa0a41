"""All that a run is made of: clock, servers, disk, settings, and what has been let loose on them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from processor.config import Config
from processor.mail_servers import MailboxSettings, SmtpSettings
from processor.pipeline import conclude
from processor.rulebook import Rulebook
from processor.steps import deliver as deliver_module
from processor.steps import work_off as work_off_module
from processor.store import engine as engine_module
from processor.ticket import Level, Limits
from processor.world import courier as courier_module
from tests.shipped import ROOT, rulebook_of
from tests.simulator.clock import STARTS, Clock
from tests.simulator.disk import Disk
from tests.simulator.letters import AUTHSERV, DEADLY, OURS, POISON, Writer
from tests.simulator.mailserver import Account
from tests.simulator.smtp_peer import Peer
from tests.simulator.tasks import Killed, Turns

ACCOUNTS = ("a", "b")
MAX_BYTES = 20_000


@dataclass
class World:
    """One run's world.  ``alone``: one daemon, as on SQLite; else two, as on PostgreSQL."""

    dice: random.Random
    disk: Disk
    alone: bool
    steady: bool
    clock: Clock
    turns: Turns
    accounts: dict[str, Account]
    peer: Peer
    config: Config
    rulebooks: tuple[Rulebook, Rulebook]
    writer: Writer
    rules: int = 0
    poison: bool = True
    bad_renders: int = 0
    fatal: bool = False
    odd: list[str] = field(default_factory=list)

    @property
    def rulebook(self) -> Rulebook:
        return self.rulebooks[self.rules]


def make_world(seed: int, disk: Disk) -> World:
    """The world of a seed: which servers, limits, levels and clocks there are is chance too."""
    dice = random.Random(seed)
    turns = Turns()
    disk.renew()
    disk.pause, disk.running = turns.pause, lambda: turns.current is not None
    offers = [dice.choice((frozenset({"MOVE", "UIDPLUS"}), frozenset({"UIDPLUS"}))) for _ in ACCOUNTS]
    accounts = {
        name: Account(name, dice, turns.pause, capabilities=offer) for name, offer in zip(ACCOUNTS, offers, strict=True)
    }
    first = rulebook_of(ROOT / "rules", ROOT / "templates", (OURS,))
    return World(
        dice=dice,
        disk=disk,
        alone=dice.random() < 0.5,
        steady=dice.random() < 0.5,
        clock=Clock(dice.choice(STARTS)),
        turns=turns,
        accounts=accounts,
        peer=Peer(dice, turns.pause),
        config=_config(dice),
        rulebooks=(first, replace(first, version="next")),
        writer=Writer(dice),
    )


def _config(dice: random.Random) -> Config:
    wishes: list[dict[str, Any]] = [
        {"handled": "keyword", "review": "nothing"},
        {"handled": "move", "handled_folder": "Done", "review": "seen"},
        {"handled": "move", "handled_folder": "Done", "review": "move", "review_folder": "Review"},
        {"handled": "delete", "review": "keyword"},
    ]
    mailboxes = tuple(
        MailboxSettings(
            name, "sim", 143, "plain", "u", lambda: "", max_bytes=MAX_BYTES, batch=dice.choice((2, 5, 50)),
            **dice.choice(wishes),
        )
        for name in ACCOUNTS
    )  # fmt: skip
    return Config(
        path=Path("simulated.toml"),
        store_url="",
        key=b"simulated",
        rules_dir=ROOT / "rules",
        templates_dir=ROOT / "templates",
        mailboxes=mailboxes,
        smtp=SmtpSettings("sim", 25, "plain", from_address=OURS),
        own_addresses=(OURS,),
        authserv_ids=(AUTHSERV,),
        level=dice.choices((Level.AUTOMATIC, Level.APPROVE, Level.DRAFT, Level.OBSERVE), (12, 3, 2, 1))[0],
        limits=Limits(per_sender=dice.choice((3, 20)), per_thread=2, in_all=dice.choice((6, 40, 1000))),
    )


@contextmanager
def in_place(world: World) -> Iterator[None]:
    """Put the simulated peer, disk waits and bugs under the program for the time of a run."""
    letter = deliver_module.letter

    def concluding(mail: Any, *rest: Any) -> Any:
        if world.poison and POISON in mail.message.text:
            raise RuntimeError("a poison mail")
        if world.poison and DEADLY in mail.message.text:
            world.fatal = True
            raise Killed
        return conclude(mail, *rest)

    def writing(*given: Any) -> Any:
        if world.bad_renders:
            world.bad_renders -= 1
            raise RuntimeError("a poison answer")
        return letter(*given)

    with ExitStack() as stack:
        # A store that another program has locked is given up at once: nobody else can free it while we wait.
        stack.enter_context(patch.object(engine_module, "BUSY_SECONDS", 0))
        stack.enter_context(patch.object(courier_module, "open_smtp", world.peer.open))
        stack.enter_context(patch.object(work_off_module, "conclude", concluding))
        stack.enter_context(patch.object(deliver_module, "letter", writing))
        yield
