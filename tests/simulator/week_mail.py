"""A provider's shared mailbox: it wants tokens, drops the line each minute, has a Sent folder, and tells its UIDNEXT."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.parser import BytesHeaderParser
from typing import Any

from processor.mail_servers import MailboxSettings
from processor.world.failures import Disconnected, Refusal, Transient
from processor.world.mailbox import Mailbox, Watch
from processor.world.selected import Selected
from processor.world.token_login import show
from tests.simulator.clock import Clock
from tests.simulator.letters import Letter
from tests.simulator.mailserver import Account, Session, Stored, _facts
from tests.simulator.tasks import Task, Turns
from tests.simulator.tokens import Tokens

SENT = "Sendte elementer"
COPY = "copy"
SERVER_WORDS = "* BYE Session invalidated - AccessTokenExpired"


@dataclass
class Shared(Account):
    """The account.  ``fuse`` counts commands until the line is cut in the middle of one, None for never.

    ``searched`` are the seconds at which a session asked the INBOX for new mail, ``fetched`` when it gave a letter's
    bytes for the first time, by token; ``refused_at`` is when a login was first refused since ``refuses`` was set.
    """

    fuse: int | None = None
    refuses: bool = False
    refused_at: float | None = None
    no_census: bool = False
    hangs_until: float = 0.0
    drops: int = 0
    searched: list[float] = field(default_factory=list)
    fetched: dict[str, float] = field(default_factory=dict)
    idlers: list[Task] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in (SENT,):
            self.folders.setdefault(name, self.folders["INBOX"].__class__(name, self.epochs))

    def poke(self) -> None:
        """Something happened that a session in IDLE is told of."""
        for task in self.idlers:
            task.wake = 0.0

    def drop(self) -> None:
        """Every connection ends."""
        self.sessions += 1
        self.drops += 1
        self.poke()

    def find(self, token: str, folder: str = "INBOX") -> int | None:
        """The UID of a letter in a folder."""
        return next((uid for uid, mail in self.folders[folder].mails.items() if mail.letter.token == token), None)


class SharedSession(Session):
    """A session at it, by an access token that it judges at the login alone."""

    account: Shared

    def __init__(self, account: Shared, turns: Turns, clock: Clock, stop: Callable[[], bool]) -> None:
        super().__init__(account)
        self.turns, self.clock, self.stop = turns, clock, stop

    def select(self, folder: str) -> Selected:
        found = super().select(folder)
        assert self.folder
        return replace(found, next_uid=self.folder.next_uid)

    def search(self, criteria: str) -> list[int]:
        assert self.folder
        if " SINCE " in criteria or criteria.startswith("SINCE"):
            return self._since(criteria)
        found = super().search("UID 1:*" if criteria == "UID *" else criteria)
        if self.folder.name == "INBOX":
            self.account.searched.append(self.clock.second)
        return found

    def fetch(self, uids: Sequence[int], items: Sequence[str]) -> Mapping[int, Mapping[bytes, Any]]:
        assert self.folder
        if any("HEADER.FIELDS" in each for each in items):
            self._call("FETCH")
            mails = {uid: self._mails()[uid] for uid in uids if uid in self._mails()}
            self._done()
            return {uid: {**_facts(mail), b"BODY[HEADER.FIELDS]": _head_of(mail)} for uid, mail in mails.items()}
        if self.account.no_census and list(items) == ["RFC822.SIZE", "INTERNALDATE"] and len(uids) > 1:
            raise Refusal("NO [LIMIT] too many mails asked for")
        given = super().fetch(uids, items)
        for uid in given:
            if uid in self._mails() and any(each.startswith("BODY.PEEK[]") for each in items):
                self.account.fetched.setdefault(self._mails()[uid].letter.token, self.clock.second)
        return given

    def append(self, folder: str, raw: bytes, when: datetime) -> None:
        self._call("APPEND")
        message_id = BytesHeaderParser().parsebytes(raw)["Message-ID"] or ""
        copy = Letter(COPY, "normal", "", message_id, raw)
        self.account.folders[folder].add(Stored(copy, when.replace(microsecond=0), {"\\seen"}))
        self._done()

    def folders(self) -> list[tuple[frozenset[str], str]]:
        marked = {"Junk": "\\junk", SENT: "\\sent"}
        return [(frozenset({marked[name]} if name in marked else ()), name) for _, name in super().folders()]

    def idle(self, until: float, news: Callable[[], bool]) -> bool:
        """Wait for news; Disconnected when the line is dropped meanwhile."""
        task = self.turns.current
        assert task
        self.account.idlers.append(task)
        try:
            while not self.stop() and self.clock.second < until:
                self._alive()
                if news():
                    return True
                task.sleep(until)
        finally:
            self.account.idlers.remove(task)
        return False

    def _since(self, criteria: str) -> list[int]:
        """All that the program asks by day is of this week, but for the words that stand in a header."""
        self._call("SEARCH")
        self._done()
        _, _, wanted = criteria.partition("HEADER Message-ID ")
        wanted = wanted.strip('"')
        return sorted(uid for uid, mail in self._mails().items() if not wanted or mail.letter.message_id == wanted)

    def _call(self, command: str) -> None:
        account = self.account
        if account.hangs_until > self.clock.second and self.turns.current is not None:
            self.turns.current.sleep(account.hangs_until)
        if account.fuse is not None:
            account.fuse -= 1
            if account.fuse <= 0:
                account.fuse = None
                account.drop()
        super()._call(command)

    def _alive(self) -> None:
        if not self.open or self.born != self.account.sessions or self.account.down:
            self.open = False
            raise Disconnected(f"the server said goodbye: {SERVER_WORDS}")


class SharedMailbox(Mailbox):
    """The program's Mailbox, which shows its tokens to the simulated server."""

    def __init__(
        self, settings: MailboxSettings, account: Shared, tokens: Tokens, turns: Turns, clock: Clock, stop: Any
    ) -> None:
        super().__init__(settings, stop)
        self.account, self.tokens, self.turns, self.clock = account, tokens, turns, clock

    def connect(self) -> Any:
        if self._session is None:
            self._selected = None
            self.account.pause("LOGIN")
            if self.account.down:
                raise Transient("connection refused")
            show(self.settings.oauth, self.settings.user, self._shown)
            stop = self._stop.is_set
            self._session = SharedSession(self.account, self.turns, self.clock, stop)  # type: ignore[assignment]
            self._opened = self.clock.second
        return self._session

    def _shown(self, token: str) -> str:
        self.account.pause("AUTHENTICATE")
        if self.account.refuses:
            self.account.refused_at = self.account.refused_at or self.clock.second
            return "NO [AUTHENTICATIONFAILED] this account is blocked"
        return "" if self.tokens.user_of(token) == self.settings.user else "NO [AUTHENTICATIONFAILED] token expired"

    def _wait(self, seconds: float) -> bool:
        with Watch(self) as session:
            selected = self._select(session, self.settings.folder)
            _, highest = self._seen.get(selected.folder, (selected.uidvalidity, 0))
            inbox = self.account.folders[selected.folder]
            until = self.clock.second + seconds
            news = lambda: max(inbox.mails, default=0) > highest  # noqa: E731
            return session.idle(until, news)  # type: ignore[call-arg, return-value]


def shared(dice: random.Random, pause: Callable[[str], None]) -> Shared:
    """An account of a large provider."""
    return Shared("a", dice, pause, capabilities=frozenset({"MOVE", "UIDPLUS", "IDLE"}))


def _head_of(mail: Stored) -> bytes:
    return mail.letter.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
