"""An IMAP server that follows a script, only for faults that Dovecot cannot be brought to make."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

from processor.mail_servers import MailboxSettings

SELECTED = b"* 2 EXISTS\r\n* FLAGS ()\r\n* OK [PERMANENTFLAGS (\\Seen)] x\r\n* OK [UIDVALIDITY 7] x\r\n"
Reply = bytes | Callable[[socket.socket, bytes], None]


class ScriptedImap:
    """Answers OK to everything, with what ``replies`` says first for a command's words (``"UID FETCH"``).

    ``{tag}`` in a reply is filled in and stands for its own end; a callable gets the socket.  A tag that it puts into
    ``continued`` is that of the next line, which has none of its own and counts as ``CONTINUED``.
    """

    def __init__(
        self,
        replies: dict[str, Reply] | None = None,
        *,
        greeting: bytes = b"* OK hei\r\n",
        capabilities: str = "IMAP4rev1 UIDPLUS",
    ) -> None:
        self.replies = {
            "SELECT": SELECTED,
            "CAPABILITY": f"* CAPABILITY {capabilities}\r\n".encode(),
            **(replies or {}),
        }
        self.greeting, self.heard = greeting, list[bytes]()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._clients: list[socket.socket] = []
        self.continued: list[bytes] = []

    def settings(self, **changed: object) -> MailboxSettings:
        port = self._socket.getsockname()[1]
        plain = {"name": "x", "host": "127.0.0.1", "port": port, "tls": "plain", "user": "x", "timeout": 2.0}
        return MailboxSettings(**{**plain, "password": lambda: "hemmelig", **changed})

    def __enter__(self) -> ScriptedImap:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *ignored: object) -> None:
        for one in (self._socket, *self._clients):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._socket.accept()[0]
                self._clients.append(client)
                threading.Thread(target=self._converse, args=[client], daemon=True).start()

    def _converse(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), client.makefile("rb") as lines:
            client.sendall(self.greeting)
            for line in lines:
                self.heard.append(line)
                tag, _, words = line.partition(b" ")
                if self.continued:
                    tag, words = self.continued.pop(), b"CONTINUED " + line
                self._answer(client, tag, words)

    def _answer(self, client: socket.socket, tag: bytes, words: bytes) -> None:
        # The longest key that fits is meant.
        fitting = [key for key in self.replies if words.upper().startswith(key.encode())]
        reply = self.replies[max(fitting, key=len)] if fitting else b""
        if callable(reply):
            return reply(client, tag)
        ending = b"" if b"{tag}" in reply else tag + b" OK done\r\n"
        client.sendall(reply.replace(b"{tag}", tag) + ending)
        return None
