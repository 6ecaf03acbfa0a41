"""The world of a simulated week: one daemon, a shared mailbox behind OAuth2, and whoever hears of alarms."""

from __future__ import annotations

import heapq
import itertools
import json
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from processor.alarms import looking, watching, ways
from processor.config import AlarmSettings, Config, Webhook
from processor.consent import Grant
from processor.mail_servers import MailboxSettings, OAuthSettings, SmtpSettings
from processor.steps import deliver, delivering
from processor.store import engine as engine_module
from processor.store import measures
from processor.store.leases import MAILBOX, Lease
from processor.ticket import Level, Limits
from processor.watch import pulse
from processor.world import authorizing, courier, token_file, token_login
from processor.world import mailbox as mailbox_module
from processor.world import tokens as tokens_module
from processor.world.web import NoAnswer, Terms
from tests.shipped import ROOT, rulebook_of
from tests.simulator.clock import Clock
from tests.simulator.disk import Disk
from tests.simulator.letters import AUTHSERV, OURS, Writer
from tests.simulator.smtp_peer import Peer
from tests.simulator.tasks import Turns
from tests.simulator.tokens import Tokens
from tests.simulator.waiting import SimTime
from tests.simulator.week_mail import Shared, shared
from tests.simulator.world import World

# A Monday, 06:00 in Oslo.
START = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
BOX, SENDER = "oppsigelse@visma.no", "svar@visma.no"
PLENTY = 50_000_000_000
LEASE_SECONDS = 30.0
SOUND, FLAKY, PING = "https://vakt.example/alarm", "https://chat.example/alarm", "https://ping.example/week"


@dataclass(frozen=True, slots=True)
class Heard:
    """An alarm as it came to whoever is on watch, at a second."""

    at: float
    event: str
    kind: str
    subject: str


@dataclass
class Watch:
    """Whoever is on watch: ``alarms`` came by the sound way, ``pings`` are the seconds of the dead-man's switch."""

    alarms: list[Heard] = field(default_factory=list)
    pings: list[float] = field(default_factory=list)
    by_chat: int = 0
    missed_by_chat: int = 0


@dataclass
class WeekWorld(World):
    """What the week has beside the simulator's world.  ``at`` waits for its second; ``leased`` is until when."""

    box: Shared = field(default=None)  # type: ignore[assignment]
    tokens: Tokens = field(default=None)  # type: ignore[assignment]
    time: SimTime = field(default=None)  # type: ignore[assignment]
    watch: Watch = field(default_factory=Watch)
    disk_free: int = PLENTY
    leased: float = 0.0
    lease_held: bool = True
    workers_stand: bool = False
    events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    order: Iterator[int] = field(default_factory=itertools.count)

    @property
    def now(self) -> float:
        return self.clock.second

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """Let something happen so many seconds from now."""
        heapq.heappush(self.events, (self.now + seconds, next(self.order), what))

    def second_of(self, stored: str) -> float:
        """The second of a time as it lies in the store."""
        at = datetime.fromisoformat(stored)
        return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - self.clock.start).total_seconds()

    def sign_in(self, oauth: OAuthSettings | None) -> None:
        """A person agrees, as by ``processor login``."""
        assert oauth
        now = self.clock.true()
        tokens_module.keep(oauth, Grant(refresh_token=self.tokens.consent(oauth.user), given_at=now))


def make_week(seed: int, disk: Disk) -> WeekWorld:
    """The world of a seed."""
    dice = random.Random(seed)
    turns, clock = Turns(), Clock(START)
    disk.renew()
    quiet = ("alarms", "ping")

    def pause(where: str) -> None:
        # That others act between two questions of a look changes nothing that it may tell.
        if not (turns.current and where == "store" and turns.current.name in quiet):
            turns.pause(where)

    disk.pause, disk.running = pause, lambda: turns.current is not None
    box, time = shared(dice, pause), SimTime(turns, clock)
    rulebook = rulebook_of(ROOT / "rules", ROOT / "templates", (OURS,))
    made = WeekWorld(
        dice=dice,
        disk=disk,
        alone=True,
        steady=True,
        clock=clock,
        turns=turns,
        accounts={"a": box},
        peer=Peer(dice, pause),
        config=_config(disk.folder),
        rulebooks=(rulebook, replace(rulebook, version="next")),
        writer=Writer(dice),
        poison=False,
    )
    made.box, made.time, made.tokens = box, time, Tokens(clock, time, pause, dice)
    return made


def _config(folder: Path) -> Config:
    def login(name: str, user: str) -> OAuthSettings:
        file, key = folder / "tokens" / name, lambda: "a key of the week"
        server = "https://login.example/token"
        return OAuthSettings(name, "microsoft", "device", user, "app", file, key, token_url=server, idle_days=90.0)

    box = MailboxSettings("a", "sim", 143, "plain", BOX, lambda: "", max_bytes=100_000, oauth=login("a", BOX))
    smtp = SmtpSettings("sim", 25, "plain", SENDER, from_address=OURS, connections=1, oauth=login("smtp", SENDER))
    hooks = (Webhook(lambda: SOUND), Webhook(lambda: FLAKY, "slack"))
    return Config(
        path=folder / "week.toml",
        store_url="",
        key=b"simulated",
        rules_dir=ROOT / "rules",
        templates_dir=ROOT / "templates",
        mailboxes=(box,),
        smtp=smtp,
        own_addresses=(OURS,),
        authserv_ids=(AUTHSERV,),
        level=Level.AUTOMATIC,
        limits=Limits(per_sender=5, per_thread=3, in_all=40),
        alarms=AlarmSettings(webhooks=hooks, ping=Webhook(lambda: PING)),
        contracts_path=folder / "contracts.csv",
    )


@contextmanager
def in_place_for_a_week(world: WeekWorld) -> Iterator[None]:
    """Put the simulated servers, disk and time under the program for the time of a run."""
    random.seed(world.dice.random())
    clock = world.clock.true
    modules: tuple[Any, ...] = (mailbox_module, token_file, delivering, deliver, watching, pulse)
    with ExitStack() as stack:
        for module in modules:
            stack.enter_context(patch.object(module, "time", world.time))
        for target, name, stand_in in (
            (engine_module, "BUSY_SECONDS", 0),
            (courier, "open_smtp", lambda settings: _smtp(world, settings)),
            (authorizing, "post", world.tokens.post),
            (token_login, "access_token", partial(tokens_module.access_token, now=clock)),
            (token_login, "doubt", partial(tokens_module.doubt, now=clock)),
            (ways, "call", lambda *given: _called(world, *given)),
            (looking, "leases", lambda _: _leases(world)),
            (measures, "shutil", SimpleNamespace(disk_usage=lambda _: SimpleNamespace(free=world.disk_free))),
            # A second's pause of the outbox' loop is a minute's here; whatever makes a reply ready wakes it.
            (delivering, "IDLE_SECONDS", 60.0),
            # Put back at the end, since the week changes it on its way.
            (watching, "LOOK_SECONDS", watching.LOOK_SECONDS),
        ):  # fmt: skip
            stack.enter_context(patch.object(target, name, stand_in))
        tokens_module.DOUBTED.clear()
        yield


def _smtp(world: WeekWorld, settings: SmtpSettings) -> Any:
    def shown(token: str) -> str:
        return "" if world.tokens.user_of(token) == settings.user else "535 5.7.3 token expired"

    connection = world.peer.open(settings)
    token_login.show(settings.oauth, settings.user, shown)
    return connection


def _called(world: WeekWorld, url: str, _: Terms, body: bytes | None = None) -> None:
    """What the webhooks and the ping meet: one takes all, a chat is slow or away at times."""
    world.turns.pause("HOOK")
    if url == PING:
        world.watch.pings.append(world.now)
    elif url == SOUND:
        said = json.loads(body or b"{}")
        world.watch.alarms.append(Heard(world.now, said["event"], said["alarm"], said["subject"]))
    elif world.dice.random() < 0.25:
        world.watch.missed_by_chat += 1
        world.time.sleep(world.dice.choice((0.0, 8.0)))
        raise NoAnswer("timed_out", "timed out")
    else:
        world.watch.by_chat += 1


def _leases(world: WeekWorld) -> list[Lease]:
    """A lease as on PostgreSQL, which SQLite has none of: renewed while its holder lives."""
    if world.lease_held:
        world.leased = world.now + LEASE_SECONDS
    until = world.clock.start.timestamp() + world.leased
    at = datetime.fromtimestamp(until, UTC)
    return [Lease(f"{MAILBOX}a", "week", 1, 1, START, at, world.leased > world.now)]
