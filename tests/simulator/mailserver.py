"""A simulated IMAP server: folders in memory, and sessions with the methods of ``processor.world.imap.Session``."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from processor.mail_servers import MailboxSettings
from processor.world.failures import Disconnected, Misconfigured, Refusal, Transient
from processor.world.mailbox import Mailbox
from processor.world.selected import Selected
from tests.simulator.letters import Letter

FLAGS = frozenset({"\\seen", "\\deleted", "\\*"})
# The faults that a command may meet; each is used up by the first command that can show it.
FAULTS = ("lost", "lost after", "no", "half a literal", "unasked", "no body", "silent", "bare facts", "half a move")


@dataclass
class Stored:
    """A mail in a folder; ``cursed`` names how every FETCH of its body fails, "" if none does."""

    letter: Letter
    internaldate: datetime
    flags: set[str] = field(default_factory=set)
    cursed: str = ""


@dataclass
class Folder:
    """``epoch`` is the UIDVALIDITY."""

    name: str
    epoch: int
    next_uid: int = 1
    mails: dict[int, Stored] = field(default_factory=dict)

    def add(self, mail: Stored) -> int:
        uid, self.next_uid = self.next_uid, self.next_uid + 1
        self.mails[uid] = mail
        return uid


@dataclass
class Account:
    """One mailbox and what its server can do; ``touched`` is told of each mail that a session changes."""

    name: str
    dice: random.Random
    pause: Callable[[str], None] = lambda _: None
    touched: Callable[[Folder, int, str], None] = lambda *_: None
    capabilities: frozenset[str] = frozenset({"MOVE", "UIDPLUS", "IDLE"})
    folders: dict[str, Folder] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    down: bool = False
    sessions: int = 0
    epochs: int = 100

    def __post_init__(self) -> None:
        for name in ("INBOX", "Junk", "Other"):
            self.folders.setdefault(name, Folder(name, self.epochs))

    def deliver(self, letter: Letter, when: datetime, folder: str = "INBOX", cursed: str = "") -> int:
        """A mail comes in; INTERNALDATE is in whole seconds."""
        return self.folders[folder].add(Stored(letter, when.replace(microsecond=0), cursed=cursed))

    def recreate(self, name: str) -> None:
        """The folder is made anew: other UIDVALIDITY, other UIDs, the same mails in another order."""
        self.epochs += 1
        old = list(self.folders[name].mails.values())
        self.dice.shuffle(old)
        new = Folder(name, self.epochs)
        for mail in old:
            new.add(mail)
        self.folders[name] = new
        # A server ends the sessions of a folder that is gone.
        self.sessions += 1


class Session:
    """One logged-in connection to an account."""

    def __init__(self, account: Account) -> None:
        self.account, self.born, self.open = account, account.sessions, True
        self.capabilities = account.capabilities
        self.folder: Folder | None = None

    def has(self, capability: str) -> bool:
        return capability.upper() in self.capabilities

    @property
    def uidvalidity(self) -> int:
        return self.folder.epoch if self.folder else 0

    def select(self, folder: str) -> Selected:
        self._call("SELECT")
        if folder not in self.account.folders:
            raise Misconfigured(f"there is no folder {folder}")
        self.folder = self.account.folders[folder]
        self._done()
        return Selected(folder, len(self.folder.mails), self.folder.epoch, FLAGS, False)

    def search(self, criteria: str) -> list[int]:
        self._call("SEARCH")
        self._done()
        words = criteria.split()
        found = self._named(words[words.index("UID") + 1])
        for word in words[2:]:
            found = [uid for uid in found if MATCHES[word](self._mails()[uid])] if word in MATCHES else found
        return sorted(found)

    def uids_at(self, places: Sequence[int]) -> list[int]:
        self._call("FETCH")
        self._done()
        order = sorted(self._mails())
        return [order[place - 1] for place in places if place <= len(order)]

    def fetch(self, uids: Sequence[int], items: Sequence[str]) -> Mapping[int, Mapping[bytes, Any]]:
        self._call("FETCH")
        body = [each for each in items if each.startswith("BODY.PEEK[]")]
        head = any(each.startswith("BODY.PEEK[HEADER]") for each in items)
        wanted = [(uid, self._mails()[uid]) for uid in uids if uid in self._mails()]
        if body or head:
            self._curse([mail for _, mail in wanted], "header" if head else "body")
        found: dict[int, dict[bytes, Any]] = {}
        for uid, mail in wanted:
            found[uid] = _facts(mail) if not (body or head) else _head(mail) if head else _body(mail, body[0])
        self._spoil(found, uids)
        self._done()
        return found

    def add_flag(self, uids: Sequence[int], flag: str) -> None:
        self._call("STORE")
        for uid in uids:
            if uid in self._mails():
                self._touch(uid, flag)
                self._mails()[uid].flags.add(flag.lower())
        self._done()

    def copy(self, uids: Sequence[int], folder: str) -> None:
        self._call("COPY")
        self._into(uids, folder, keep=True)
        self._done()

    def move(self, uids: Sequence[int], folder: str) -> None:
        self._call("MOVE")
        if self._meets("half a move"):
            self._into(uids[: len(uids) // 2], folder, keep=False)
            raise Refusal("MOVE failed half-way")
        self._into(uids, folder, keep=False)
        self._done()

    def expunge(self, uids: Sequence[int]) -> None:
        self._call("EXPUNGE")
        for uid in uids:
            if uid in self._mails() and "\\deleted" in self._mails()[uid].flags:
                self._touch(uid, "expunged")
                del self._mails()[uid]
        self._done()

    def create(self, folder: str) -> None:
        self._call("CREATE")
        self.account.folders.setdefault(folder, Folder(folder, self.account.epochs))
        self._done()

    def folders(self) -> list[tuple[frozenset[str], str]]:
        self._call("LIST")
        self._done()
        return [(frozenset({"\\junk"} if name == "Junk" else ()), name) for name in self.account.folders]

    def noop(self) -> None:
        self._call("NOOP")
        self._done()

    def close(self) -> None:
        self.open = False

    def abort(self) -> None:
        self.open = False

    def _mails(self) -> dict[int, Stored]:
        assert self.folder
        return self.folder.mails

    def _call(self, command: str) -> None:
        """A command is sent: others may act first, the line may be dead, the server may refuse."""
        self.account.pause(command)
        if not self.open or self.born != self.account.sessions or self.account.down or self._meets("lost"):
            self._lose("before the answer")
        if self._meets("no"):
            raise Refusal(f"NO to {command}")

    def _done(self) -> None:
        """The command took effect; its answer may not come."""
        if self._meets("lost after"):
            self._lose("after the effect")

    def _lose(self, when: str) -> None:
        self.open = False
        raise Disconnected(f"the connection was lost {when}")

    def _meets(self, fault: str) -> bool:
        if fault not in self.account.faults:
            return False
        self.account.faults.remove(fault)
        return True

    def _named(self, uids: str) -> list[int]:
        here = sorted(self._mails())
        if ":" not in uids:
            return [uid for uid in map(int, uids.split(",")) if uid in self._mails()]
        low, high = uids.split(":")
        if high == "*":
            # RFC 9051 6.4.9: the range names the last mail even when it begins above it.
            return [uid for uid in here if uid >= int(low)] or here[-1:]
        return [uid for uid in here if int(low) <= uid <= int(high)]

    def _curse(self, mails: Sequence[Stored], what: str) -> None:
        for mail in mails:
            if mail.cursed == "no" and what == "body":
                raise Refusal("NO this mail cannot be read")
            if mail.cursed == "cut" and what == "body":
                self._lose("in the middle of a literal")

    def _spoil(self, found: dict[int, dict[bytes, Any]], uids: Sequence[int]) -> None:
        """Give other answers than were asked for."""
        if self._meets("half a literal"):
            self._lose("in the middle of a literal")
        if found and self._meets("silent"):
            del found[self.account.dice.choice(list(found))]
        if found and self._meets("no body"):
            found[self.account.dice.choice(list(found))].clear()
        if found and self._meets("bare facts"):
            found[self.account.dice.choice(list(found))].pop(b"INTERNALDATE", None)
        others = [uid for uid in self._mails() if uid not in uids]
        if others and self._meets("unasked"):
            uid = self.account.dice.choice(others)
            found[uid] = _facts(self._mails()[uid]) | _body(self._mails()[uid], "BODY.PEEK[]<0.999999>")

    def _touch(self, uid: int, how: str) -> None:
        assert self.folder
        self.account.touched(self.folder, uid, how)

    def _into(self, uids: Sequence[int], folder: str, *, keep: bool) -> None:
        if folder not in self.account.folders:
            raise Refusal("NO [TRYCREATE] there is no such folder")
        for uid in uids:
            if uid in self._mails():
                self._touch(uid, f"to {folder}")
                mail = self._mails()[uid]
                self.account.folders[folder].add(Stored(mail.letter, mail.internaldate, set(mail.flags), mail.cursed))
                if not keep:
                    del self._mails()[uid]


class SimMailbox(Mailbox):
    """The program's Mailbox, which logs in at a simulated account."""

    def __init__(self, settings: MailboxSettings, account: Account) -> None:
        super().__init__(settings)
        self.account = account

    def connect(self) -> Any:
        if self._session is None:
            self._selected = None
            self.account.pause("LOGIN")
            if self.account.down:
                raise Transient("connection refused")
            self._session = Session(self.account)  # type: ignore[assignment]
        return self._session


MATCHES: dict[str, Callable[[Stored], bool]] = {
    "UNDELETED": lambda mail: "\\deleted" not in mail.flags,
    "UNSEEN": lambda mail: "\\seen" not in mail.flags,
    "$ProcessorDone": lambda mail: "$processordone" not in mail.flags,
}


def _facts(mail: Stored) -> dict[bytes, Any]:
    return {b"RFC822.SIZE": len(mail.letter.raw), b"INTERNALDATE": mail.internaldate}


def _head(mail: Stored) -> dict[bytes, Any]:
    return {b"BODY[HEADER]<0>": mail.letter.raw.partition(b"\r\n\r\n")[0]}


def _body(mail: Stored, item: str) -> dict[bytes, Any]:
    _, _, part = item.partition("<")
    if not part:
        return {b"BODY[]": mail.letter.raw}
    start, count = map(int, part.rstrip(">").split("."))
    return {b"BODY[]<%d>" % start: mail.letter.raw[start : start + count]}


def watched(account: Account) -> Iterator[Folder]:
    """The folders that the program reads."""
    return (account.folders[name] for name in ("INBOX", "Junk"))
