"""A desk over a store of its own with the shipped rules, real example mails in it, and people of every role."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine
from starlette.testclient import TestClient

from processor.config import Config
from processor.desk import passwords, rules_in_force
from processor.desk.app import build
from processor.desk.asking import Desk
from processor.desk.cookies import csrf_of
from processor.loading.configuration import load_config
from processor.message import Extracted
from processor.rulebook import Rulebook
from processor.steps.work_off import work_off
from processor.store.accounts import Role, account, set_password
from processor.store.engine import open_store
from processor.store.keep import Arrival, keep
from processor.store.people import add_person
from tests.shipped import ROOT, configuration, rulebook_of
from tests.store.made import NOW

PASSWORD = "fire vanlige ord her"
MAILS = ROOT / "tests" / "mails"
MAILS_IN_ROOM = (
    "termination/01-annual-with-number",
    "termination/02-nynorsk-without-number",
    "otp_rights/03-prose-english",
)
NAMES = {Role.READER: "Rita", Role.AGENT: "Anne", Role.APPROVER: "Per", Role.ADMIN: "Ada"}
# Argon2 with little work: what it costs is no matter here.
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
# A store of each beginning that a room had: to decide its mails anew for each test took longer than most tests do.
FURNISHED: dict[tuple[tuple[str, ...], str, str], bytes] = {}


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Visitor:
    """A browser without scripts, of one person; ``csrf`` is put into every form."""

    client: TestClient
    csrf: str = ""

    def get(self, path: str, **more: object) -> str:
        answer = self.client.get(path, **more)  # type: ignore[arg-type]
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
        return answer.text

    def post(self, path: str, **fields: str) -> tuple[int, str]:
        answer = self.client.post(path, data={"csrf": self.csrf, **fields}, follow_redirects=False)
        return answer.status_code, answer.headers.get("location", "") or answer.text


@dataclass
class Room:
    """Everything of one desk."""

    desk: Desk
    clock: Clock

    @property
    def engine(self) -> Engine:
        return self.desk.engine

    def browser(self, base: str = "http://127.0.0.1:8080") -> TestClient:
        return TestClient(build(self.desk), base_url=base, headers={"accept-language": "en"})

    def sign_in(self, role: Role = Role.AGENT, name: str = "") -> Visitor:
        client = self.browser()
        answer = client.post(
            "/sign-in", data={"name": name or NAMES[role], "password": PASSWORD}, follow_redirects=False
        )
        assert answer.status_code == 303, answer.text
        return Visitor(client, csrf_of(client.cookies["desk"]))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", QUICK)
    # Each desk reads the rules by itself, at its first ticket.
    monkeypatch.setattr(rules_in_force, "load_rulebook", lambda *where: rulebook_of(*where[:3]))


def config_in(folder: Path, more: str = "", level: str = "automatic") -> Config:
    (folder / "key").write_text("a key that is long enough for a test", encoding="ascii")
    (folder / "config.toml").write_text(configuration(f'level = "{level}"') + more, encoding="utf-8")
    return load_config(folder / "config.toml")


def room_in(folder: Path, *mails: str, more: str = "", level: str = "automatic") -> Iterator[Room]:
    """A desk with these example mails (such as ``termination/01-annual-with-number``) decided in its store."""
    config, clock = config_in(folder, more, level), Clock()
    begun = (mails, more, level)
    if begun not in FURNISHED:
        FURNISHED[begun] = _furnished(config, mails)
    path = Path(config.store_url.removeprefix("sqlite:///"))
    path.parent.mkdir(mode=0o700)
    path.touch(0o600)
    path.write_bytes(FURNISHED[begun])
    clock.forward(minutes=5)
    engine = open_store(config.store_url)
    yield Room(Desk(engine, config, clock), clock)
    engine.dispose()


def _furnished(config: Config, mails: tuple[str, ...]) -> bytes:
    """The file of a store with people and these mails in it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        engine = open_store(f"sqlite:///{path}")
        people(engine)
        take_in(
            engine, config, rulebook_of(config.rules_dir, config.templates_dir, config.own_addresses), mails, Clock()
        )
        engine.dispose()
        return path.read_bytes()


def people(engine: Engine) -> None:
    for role, name in NAMES.items():
        add_person(engine, name, NOW, role.value)
        found = account(engine, name)
        assert found
        set_password(engine, found.person, QUICK.hash(PASSWORD), NOW)


def take_in(
    engine: Engine,
    config: Config,
    rulebook: Rulebook,
    mails: tuple[str, ...],
    clock: Callable[[], datetime],
    first_uid: int = 1,
    came: datetime = NOW,
) -> None:
    arrivals = []
    for uid, name in enumerate(mails, first_uid):
        raw = (MAILS / f"{name}.eml").read_bytes()
        arrivals.append(Arrival("a", "INBOX", 7, uid, came, len(raw), raw))
    keep(engine, arrivals, NOW)
    if arrivals:
        work_off(engine, rulebook, config, "w", clock, lambda *_: Extracted())


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """Two notices and a question about codes."""
    yield from room_in(tmp_path, *MAILS_IN_ROOM)
