"""A simulated SMTP server: connections with the part of ``smtplib.SMTP`` that the courier uses."""

from __future__ import annotations

import random
import re
import smtplib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)
IN_REPLY_TO = re.compile(rb"^In-Reply-To:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)

# What may go wrong, each used up by the first command that can show it.
FAULTS = (
    *("refused", "greeting 421", "MAIL 450", "RCPT 450", "RCPT 550", "DATA 451", "dot 452", "dot 554", "dot 421"),
    *("lost at MAIL", "lost at RCPT", "lost at DATA", "lost in the text", "lost before the dot was read"),
    *(
        "lost after the dot",
        "lost after the dot",
        "said unasked",
        "hung up",
        "silent after the dot",
        "silent after the dot",
        "nonsense after the dot",
    ),
)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A mail that the peer answers for, whether or not we heard of it."""

    message_id: str
    in_reply_to: str
    recipient: str


@dataclass
class Peer:
    """``beginning`` is told of each mail whose text is about to come, ``accepting`` of each that is taken."""

    dice: random.Random
    pause: Callable[[str], None] = lambda _: None
    beginning: Callable[[str], None] = lambda _: None
    accepting: Callable[[Accepted], None] = lambda _: None
    faults: list[str] = field(default_factory=list)
    storm: bool = False
    down: bool = False
    accepted: list[Accepted] = field(default_factory=list)

    def open(self, _settings: object) -> Connection:
        """A connection, greeted; raises what smtplib raises."""
        self.pause("CONNECT")
        if self.down or self.meets("refused"):
            raise ConnectionRefusedError("connection refused")
        if self.meets("greeting 421"):
            raise smtplib.SMTPConnectError(421, b"come back later")
        return Connection(self)

    def meets(self, fault: str) -> bool:
        """Whether a fault is due here."""
        if fault not in self.faults:
            return False
        self.faults.remove(fault)
        return True


class Connection:
    """One connection; after a lost line every command raises."""

    def __init__(self, peer: Peer) -> None:
        self.peer, self.sock, self.file, self.command_encoding = peer, Line(self), Unasked(peer), "ascii"
        self.esmtp_features = {"size": "10000000", "8bitmime": "", "dsn": ""}
        if peer.dice.random() < 0.5:
            self.esmtp_features["pipelining"] = ""
        self.open = self.listens = True
        self.to_nobody = False
        self.recipient, self.text, self.answer = "", b"", (250, b"ok")
        self.said: list[tuple[str, str]] = []

    def has_extn(self, name: str) -> bool:
        return name.lower() in self.esmtp_features

    def send(self, lines: str) -> None:
        """Commands at once (RFC 2920): each is heard when its reply is read, those behind a refusal as out of turn."""
        self.said, self.listens = [(line[:4], line[5:]) for line in lines.split("\r\n")[:-1]], True

    def docmd(self, command: str, arguments: str = "") -> tuple[int, bytes]:
        assert not self.said
        assert not self.to_nobody, "a command where a text is waited for"
        self.peer.pause(command)
        self._check(command)
        if self.peer.storm and command in ("MAIL", "RCPT", "DATA") and self.peer.dice.random() < 0.7:
            return 450, b"4.7.1 greylisted"
        for code in (450, 451, 550):
            if self.peer.meets(f"{command} {code}"):
                return code, b"no"
        if command == "RCPT":
            self.recipient = arguments.partition("<")[2].partition(">")[0]
        if command == "DATA":
            self.text = b""
            return 354, b"go on"
        return 250, b"ok"

    def hear_text(self, data: bytes) -> None:
        """The text, or a part of it; raises where the line is lost within it."""
        self.peer.pause("text")
        self._check("the text")
        self.text += data
        found = MESSAGE_ID.search(self.text)
        self.peer.beginning(found[1].decode() if found else "")
        if self.peer.meets("lost in the text"):
            self._lose("in the text")

    def hear_dot(self) -> None:
        """The final dot; raises where the line is lost before it is read."""
        self.peer.pause("dot")
        if self.peer.meets("lost before the dot was read"):
            self._lose("before the dot was read")
        self.answer = next((each for name, each in REFUSALS.items() if self.peer.meets(name)), (250, b"queued"))
        if self.answer[0] == 250:
            self._accept()

    def getreply(self) -> tuple[int, bytes]:
        if self.said:
            command, *self.said = self.said
            if not self.listens:
                self.to_nobody = command[0] == "DATA" and self.peer.dice.random() < 0.3
                return (354, b"go on") if self.to_nobody else (503, b"out of turn")
            self.said, rest = [], self.said
            reply = self.docmd(*command)
            self.said, self.listens = rest, reply[0] < 400
            return reply
        self.peer.pause("reply")
        if not self.open or self.peer.meets("lost after the dot"):
            self._lose("after the dot")
        if self.peer.meets("silent after the dot"):
            self.open = False
            raise TimeoutError("timed out")
        return (654, b"???") if self.peer.meets("nonsense after the dot") else self.answer

    def quit(self) -> None:
        self.open = False

    def close(self) -> None:
        self.open = False

    def _accept(self) -> None:
        head = self.text.partition(b"\r\n\r\n")[0]
        found, thread = MESSAGE_ID.search(head), IN_REPLY_TO.search(head)
        taken = Accepted(found[1].decode() if found else "", thread[1].decode() if thread else "", self.recipient)
        self.peer.accepted.append(taken)
        self.peer.accepting(taken)

    def _check(self, where: str) -> None:
        if not self.open or self.peer.down or self.peer.meets(f"lost at {where}"):
            self._lose(f"at {where}")

    def _lose(self, where: str) -> None:
        self.open = False
        raise ConnectionResetError(f"reset {where}")


class Line:
    """The part of a socket that the courier uses; of every other mail it takes the text alone at first."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def settimeout(self, seconds: float) -> None:
        """Time is simulated elsewhere."""

    def send(self, data: memoryview) -> int:
        text = bytes(data).removesuffix(DOT)
        self.connection.hear_text(text)
        if len(text) % 2:
            return len(text)
        with suppress(ConnectionResetError):
            # What lies in the socket's buffer was sent, for all that we know.
            self.connection.hear_dot()
        return len(data)

    def sendall(self, data: memoryview) -> None:
        assert bytes(data) == DOT
        self.connection.hear_dot()


class Unasked:
    """What can be read before anything was asked: nothing, but for a server that is out of step."""

    def __init__(self, peer: Peer) -> None:
        self.peer, self.raw = peer, self

    def peek(self, _size: int) -> bytes:
        return b"250 taken\r\n" if self.peer.meets("said unasked") else b""

    def read(self, _size: int) -> bytes | None:
        return b"" if self.peer.meets("hung up") else None


DOT = b".\r\n"
REFUSALS = {"dot 452": (452, b"no room"), "dot 554": (554, b"policy"), "dot 421": (421, b"closing")}
