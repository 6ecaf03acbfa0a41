"""A real SMTP server on loopback that remembers every mail it took, and fails only when told to.

with SmtpSink() as sink:
    sink.tell(Fault("rcpt", "450 4.7.1 Greylisted"))     # for the next mail only
    ...
    sink.accepted[0].data
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.servers.certificates import Certificate, certificates

Stage = Literal["greeting", "mail", "rcpt", "data", "data to nobody", "dot", "quit"]


@dataclass(frozen=True)
class Fault:
    """What goes wrong at a stage of one mail: a delay, then a reply instead of 250, or a cut line.

    At "data" the fault comes before the mail's text, at "dot" after its final dot.  ``keeps`` says
    whether a mail cut off at the dot was taken all the same.
    """

    stage: Stage
    reply: str = ""
    cut: bool = False
    delay: float = 0.0
    keeps: bool = False


@dataclass(frozen=True)
class Accepted:
    """A mail the server answered for (or kept before it fell silent)."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    options: tuple[str, ...]
    encrypted: bool
    user: str


class SmtpSink:
    """The server; ``tls`` is how it offers TLS, ``users`` who may log in (nobody must unless there are any).

    ``tokens`` tells whose access token one is, "" for nobody's; with it, XOAUTH2 and OAUTHBEARER are offered.

    With ``pipelining`` it says that it takes commands before it has answered those before (RFC 2920), as it does.

    ``accepted`` grows with every mail, ``connections`` counts clients, ``refuse`` maps recipients to
    the reply they get.
    """

    def __init__(
        self,
        tls: Literal["plain", "starttls", "implicit"] = "plain",
        *,
        users: Mapping[str, str] | None = None,
        tokens: Callable[[str], str] | None = None,
        certificate: Certificate | None = None,
        smtputf8: bool = True,
        pipelining: bool = False,
        size: int = 33_554_432,
        port: int = 0,
    ) -> None:
        self.tls, self.users, self.smtputf8, self.size = tls, dict(users or {}), smtputf8, size
        self.tokens, self.pipelining = tokens, pipelining
        self.host, self.port = "127.0.0.1", port
        self.certificates = certificates()
        self.accepted: list[Accepted] = []
        self.connections = 0
        self.refuse: dict[str, str] = {}
        self._faults: deque[Fault] = deque()
        self._certificate = certificate or self.certificates.good
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="smtp-sink", daemon=True)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Transport] = set()

    def tell(self, *faults: Fault) -> None:
        """One fault for each of the next mails that comes to its stage."""
        self._faults.extend(faults)

    def __enter__(self) -> SmtpSink:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(self, *ignored: object) -> None:
        self._run(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def wait_for(self, mails: int, seconds: float = 30.0) -> list[Accepted]:
        """The accepted mails once there are so many; fails the test when they do not come."""
        until = time.monotonic() + seconds
        while len(self.accepted) < mails and time.monotonic() < until:
            time.sleep(0.01)
        assert len(self.accepted) >= mails, f"{len(self.accepted)} of {mails} mails came"
        return list(self.accepted)

    def cut_all(self) -> None:
        """Drop every open connection without a word, as a restarted server or a NAT does."""
        self._run(self._cut())

    async def _cut(self) -> None:
        for transport in list(self._open):
            transport.abort()
        await asyncio.sleep(0.02)

    def fault(self, stage: Stage) -> Fault | None:
        if self._faults and self._faults[0].stage == stage:
            return self._faults.popleft()
        return None

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        context = self._context()
        implicit = context if self.tls == "implicit" else None
        self._server = await self._loop.create_server(
            lambda: Conversation(self, context if self.tls == "starttls" else None), self.host, self.port, ssl=implicit
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _shut(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._cut()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _context(self) -> ssl.SSLContext | None:
        if self.tls == "plain":
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._certificate.cert, self._certificate.key)
        return context


class Conversation(SMTP):
    """One client's connection: aiosmtpd's, with the faults put in between."""

    # RFC 4954 section 4: a line of AUTH may have 12,288 octets.
    line_length_limit = 12_288

    def __init__(self, sink: SmtpSink, starttls: ssl.SSLContext | None) -> None:
        self.sink, self.counted = sink, False
        super().__init__(
            handler=Answers(self),
            hostname="sink.example",
            ident="sink",
            data_size_limit=sink.size,
            enable_SMTPUTF8=sink.smtputf8,
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=self.check_password,
            auth_required=bool(sink.users or sink.tokens),
            auth_require_tls=True,
            auth_exclude_mechanism=(() if sink.users else ("LOGIN", "PLAIN"))
            + (() if sink.tokens else ("XOAUTH2", "OAUTHBEARER")),
            loop=sink._loop,
        )
        # aiosmtpd takes TLS from the first byte for none at all.
        self._auth_require_tls = starttls is not None

    def connection_made(self, transport: Any) -> None:
        self.sink._open.add(transport)
        # After STARTTLS asyncio makes the connection a second time.
        self.sink.connections += not self.counted
        self.counted = True
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.sink._open.discard(self.transport)
        super().connection_lost(error)

    async def push(self, status: Any) -> None:
        # The greeting is the one reply that no handler is asked for.
        if isinstance(status, str) and status.startswith("220 sink.example"):
            status = await self.meddle("greeting") or status
        if self.transport and not self.transport.is_closing():
            await super().push(status)

    async def smtp_DATA(self, arg: str) -> None:
        assert self.envelope
        # Some servers take a text to nobody (RFC 2920 section 3.1), and are to be told so by a fault.
        told = await self.meddle("data" if self.envelope.rcpt_tos else "data to nobody")
        if told:
            await self.push(told)
            return
        await super().smtp_DATA(arg)

    async def meddle(self, stage: Stage) -> str | None:
        """Carry out the fault of this stage, if there is one, and say what to reply."""
        return await self.carry_out(self.sink.fault(stage))

    async def carry_out(self, fault: Fault | None) -> str | None:
        if fault is None:
            return None
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.cut and isinstance(self.transport, asyncio.Transport):
            self.transport.abort()
        return fault.reply or ("421 gone" if fault.cut else None)

    def check_password(self, server: SMTP, session: Session, envelope: Envelope, kind: str, data: Any) -> AuthResult:
        user = data.login.decode()
        known = user in self.sink.users and self.sink.users[user] == data.password.decode()
        return AuthResult(success=known, auth_data=user, handled=False)


XOAUTH2 = re.compile(rb"user=([^\x01]+)\x01auth=Bearer ([!-~]+)\x01\x01")
OAUTHBEARER = re.compile(rb"n,a=([^,\x01]+),\x01host=[^\x01]+\x01port=[0-9]+\x01auth=Bearer ([!-~]+)\x01\x01")


class Answers:
    """aiosmtpd's handler for one conversation."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation, self.sink = conversation, conversation.sink

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:
        return await self._by_token(server, args, XOAUTH2, b"")

    async def auth_OAUTHBEARER(self, server: SMTP, args: list[str]) -> AuthResult:
        return await self._by_token(server, args, OAUTHBEARER, b"\x01")

    async def _by_token(self, server: SMTP, args: list[str], form: re.Pattern[bytes], farewell: bytes) -> AuthResult:
        said = base64.b64decode(args[1]) if len(args) > 1 else await server.challenge_auth("")
        found = form.fullmatch(said) if isinstance(said, bytes) else None
        user = found[1].decode() if found else ""
        if found and self.sink.tokens and self.sink.tokens(found[2].decode()) == user:
            return AuthResult(success=True, auth_data=user)
        reasons = {"status": "401", "schemes": "bearer", "scope": "mail"}
        # Whoever does not say the right last word gets no answer that could be mistaken for one.
        last = await server.challenge_auth(json.dumps(reasons))
        return AuthResult(success=False, handled=False, message=None if last == farewell else "501 5.5.2 what?")

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], *["250-PIPELINING"] * self.sink.pipelining, responses[-1]]

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        told = await self.conversation.meddle("mail")
        if told is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return told or "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        told = await self.conversation.meddle("rcpt") or self.sink.refuse.get(address)
        if told is None:
            envelope.rcpt_tos.append(address)
        return told or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        fault = self.sink.fault("dot")
        told = await self.conversation.carry_out(fault)
        if told is None or (fault is not None and fault.keeps):
            self.sink.accepted.append(self.accepted(session, envelope))
        return told or "250 2.0.0 OK queued as SINK1"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        return await self.conversation.meddle("quit") or "221 Bye"

    def accepted(self, session: Session, envelope: Envelope) -> Accepted:
        return Accepted(
            "" if envelope.mail_from in (None, "<>") else envelope.mail_from,
            tuple(envelope.rcpt_tos),
            bytes(envelope.original_content or b""),
            tuple(envelope.mail_options),
            session.ssl is not None or self.sink.tls == "implicit",
            session.auth_data if isinstance(session.auth_data, str) else "",
        )
