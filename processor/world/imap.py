"""One logged-in IMAP connection: imapclient behind our words, and its one importer.

Every failure leaves here as one of failures.py.  imapclient is not thread-safe, and neither is
this; ``abort`` alone may be called from another thread.  A few of imapclient's inner names are used
where it has no outer ones.  Its IDLE is not: it fails when a mail is told of before the "+", and
sleeps over lines that came along with another and lie in a buffer, where poll() does not see them.
"""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from imapclient import IMAPClient, SocketTimeout, response_parser
from imapclient.exceptions import (
    IMAPClientAbortError,
    IMAPClientError,
    IMAPClientReadOnlyError,
    LoginError,
    ProtocolError,
)

from processor.mail_servers import MailboxSettings
from processor.world.failures import Disconnected, Failure, LoginRefused, Misconfigured, Refusal, Transient
from processor.world.fetch_replies import plain_replies
from processor.world.login import secret_of, way_in
from processor.world.selected import Selected
from processor.world.throttling import PASSING, UNCONNECTED
from processor.world.tls import certificate_refused, refuse_clear, verified

CONNECT_SECONDS = 30.0
FAREWELL_SECONDS = 2.0


class Session:
    """Commands on one connection; made by ``open_session``."""

    def __init__(self, client: Any, timeout: float) -> None:
        self._client, self._timeout, self._idling = client, timeout, ""
        self.capabilities: frozenset[str] = frozenset()

    def has(self, capability: str) -> bool:
        return capability.upper() in self.capabilities

    @property
    def uidvalidity(self) -> int:
        """As last told for the open folder; a server may change it within a session (RFC 2683 3.4.3)."""
        # imapclient keeps the untagged answer but offers no name for it.
        told = self._client._imap.untagged_responses.get("UIDVALIDITY") or [b"0"]
        return int(told[-1])

    def select(self, folder: str) -> Selected:
        """Open a folder, for writing if the server lets us; Misconfigured when there is none."""
        with plainly():
            try:
                read_only, told = False, self._client.select_folder(folder)
            except IMAPClientReadOnlyError:
                read_only, told = True, self._client.select_folder(folder, readonly=True)
            except IMAPClientError as error:
                raise unselectable(folder, error) from error
            flags = frozenset(flag.decode("ascii", "replace").lower() for flag in told.get(b"PERMANENTFLAGS", ()))
            validity, next_uid = int(told.get(b"UIDVALIDITY", 0)), int(told.get(b"UIDNEXT", 0))
            return Selected(folder, int(told[b"EXISTS"]), validity, flags, read_only, next_uid)

    def search(self, criteria: str) -> list[int]:
        """The UIDs for criteria that hold our own words and numbers only (a CRLF would be a command)."""
        with plainly():
            return sorted({int(uid) for uid in self._client.search(criteria)})

    def uids_at(self, places: Sequence[int]) -> list[int]:
        """The UIDs that stand at places of the folder's order now; only for cutting it into windows."""
        with plainly():
            self._client.use_uid = False
            try:
                found = self._client.fetch(list(places), ["UID"])
            finally:
                self._client.use_uid = True
            return sorted(int(items[b"UID"]) for items in found.values() if b"UID" in items)

    def fetch(self, uids: Sequence[int], items: Sequence[str]) -> Mapping[int, Mapping[bytes, Any]]:
        """What came for these UIDs, which are not none; some may be missing, and some of the items of some."""
        with plainly():
            inner = self._client._imap
            tag = inner._command("UID", "FETCH", ",".join(map(str, uids)), f"({' '.join(items).upper()})")
            told = inner._command_complete("FETCH", tag)
            self._client._checkok("fetch", *told)
            told = inner._untagged_response(*told, "FETCH")[1]
            found = plain_replies(told) or response_parser.parse_fetch_response(told, normalise_times=False)
            return {uid: found[uid] for uid in uids if uid in found}

    def add_flag(self, uids: Sequence[int], flag: str) -> None:
        with plainly():
            self._client.add_flags(list(uids), [flag], silent=True)

    def copy(self, uids: Sequence[int], folder: str) -> None:
        with plainly():
            self._client.copy(list(uids), folder)

    def move(self, uids: Sequence[int], folder: str) -> None:
        with plainly():
            self._client.move(list(uids), folder)

    def expunge(self, uids: Sequence[int]) -> None:
        """Remove these mails alone, of those marked \\Deleted (RFC 4315 2.1)."""
        with plainly():
            self._client.uid_expunge(list(uids))

    def create(self, folder: str) -> None:
        with plainly():
            self._client.create_folder(folder)

    def append(self, folder: str, raw: bytes, when: datetime) -> None:
        """Put a mail into a folder, as one that was read, with ``when`` (aware) as its INTERNALDATE."""
        with plainly():
            self._client.append(folder, raw, ["\\Seen"], when)

    def folders(self) -> list[tuple[frozenset[str], str]]:
        """Attributes (lower case) and name of every folder."""
        with plainly():
            return [
                (frozenset(flag.decode("ascii", "replace").lower() for flag in flags), str(name))
                for flags, _, name in self._client.list_folders()
            ]

    def noop(self) -> None:
        with plainly():
            self._client.noop()

    def idle(self) -> list[bytes]:
        """Enter IDLE; the lines that came on the way in."""
        with plainly():
            inner, lines = self._client._imap, []
            self._idling = inner._command("IDLE")
            while (line := inner._get_response()) is not None:
                if inner.tagged_commands.get(self._idling):
                    raise Refusal(f"IDLE refused: {line.decode('utf-8', 'replace')}")
                lines.append(line)
            return lines

    def idle_check(self, seconds: float) -> list[bytes]:
        """The lines that came within the time; none at once, and for ever, when the peer is gone."""
        with plainly():
            lines = self._lines_at_hand()
            if lines:
                return lines
            poll = select.poll()
            poll.register(self._client.socket().fileno(), select.POLLIN)
            return self._lines_at_hand() if poll.poll(seconds * 1000) else []

    def idle_done(self) -> list[bytes]:
        """Leave IDLE; the lines that came on the way out."""
        with plainly():
            inner, lines = self._client._imap, []
            inner.send(b"DONE\r\n")
            while not inner.tagged_commands.get(self._idling):
                lines.append(inner._get_response() or b"")
            inner.tagged_commands.pop(self._idling)
            return lines

    def _lines_at_hand(self) -> list[bytes]:
        lines: list[bytes] = []
        # Of a line that has begun the rest is waited for as for any answer: it may come in another packet.
        while self._something_at_hand():
            lines.append(self._client._imap._get_line())
        return lines

    def _something_at_hand(self) -> bool:
        """Whether at least a byte has come; not at the connection's end."""
        line_socket = self._client.socket()
        line_socket.settimeout(0)
        try:
            return bool(self._client._imap.file.peek(1))
        except OSError:
            return False
        finally:
            line_socket.settimeout(self._timeout)

    def hurry(self) -> None:
        """Wait no longer than two seconds for anything from now on: we are leaving."""
        self._timeout = min(FAREWELL_SECONDS, self._timeout)
        with contextlib.suppress(OSError, AttributeError):
            self._client.socket().settimeout(self._timeout)

    def close(self) -> None:
        """Say goodbye if the server listens; never raises."""
        self.hurry()
        try:
            self._client.logout()
        except Exception:
            with contextlib.suppress(Exception):
                self._client.shutdown()

    def abort(self) -> None:
        """Cut the line under another thread's wait, which then ends with Disconnected."""
        with contextlib.suppress(OSError, AttributeError):
            # Past ssl, whose own shutdown would change what the other thread is reading with.
            socket.socket.shutdown(self._client.socket(), socket.SHUT_RDWR)


def open_session(settings: MailboxSettings) -> Session:
    """Connect, secure and log in.

    Never in clear beyond loopback, never without the certificate checked, never falling back when
    STARTTLS is missing (RFC 8314).  Raises Transient, LoginRefused or Misconfigured.
    """
    refuse_clear(settings.tls, settings.host)
    context = None if settings.tls == "plain" else verified(settings.ca_file)
    with plainly():
        client = IMAPClient(
            settings.host,
            settings.port,
            ssl=settings.tls == "implicit",
            ssl_context=context,
            timeout=SocketTimeout(connect=min(CONNECT_SECONDS, settings.timeout), read=settings.timeout),
        )
    session = Session(client, settings.timeout)
    try:
        with plainly():
            # It would format every line for its log, passwords of AUTHENTICATE among them.
            client._imap.debug = 0
            if settings.tls == "starttls":
                if not client.has_capability("STARTTLS"):
                    raise Misconfigured("the server offers no STARTTLS; nothing is sent in clear instead")
                client.starttls(ssl_context=context)
            log_in(client, settings)
            # What was offered before login or TLS binds nobody afterwards (RFC 9051 6.2.1).
            client._cached_capabilities = None
            session.capabilities = frozenset(word.decode("ascii", "replace") for word in client.capabilities())
    except BaseException:
        session.close()
        raise
    return session


def log_in(client: Any, settings: MailboxSettings) -> None:
    if settings.oauth:
        # Loaded where it is wanted, since it brings a library along.
        from processor.world.token_login import imap_login

        imap_login(client, settings, PASSING)
        return
    password = secret_of(settings.password)
    way = way_in(settings.user, password, settings.tls, client.has_capability)
    try:
        (client.plain_login if way == "PLAIN" else client.login)(settings.user, password)
    except LoginError as error:
        raise login_failure(error, settings.user) from error


def login_failure(error: LoginError, user: str) -> Failure:
    # imapclient makes a LoginError even of a lost connection.
    if isinstance(error.__context__, IMAPClientAbortError):
        return Disconnected(f"the connection was lost at login: {error}")
    if any(word in str(error).upper() for word in PASSING):
        return Transient(f"the server takes no logins now: {error}")
    return LoginRefused(f"login as {user} was refused: {error}")


def unselectable(folder: str, error: Exception) -> Failure:
    text = str(error)
    if isinstance(error, IMAPClientAbortError) or UNCONNECTED in text.upper():
        return Disconnected(f"the connection was lost: {text}")
    if any(word in text.upper() for word in PASSING):
        return Refusal(f"folder {folder} cannot be opened now: {text}")
    return Misconfigured(f"folder {folder} cannot be opened: {text}")


@contextlib.contextmanager
def plainly() -> Iterator[None]:
    """The one place where imapclient's, imaplib's, ssl's and the system's errors become ours."""
    try:
        yield
    except Failure:
        raise
    except IMAPClientAbortError as error:
        raise Disconnected(f"the connection was lost: {error}") from error
    except IMAPClientError as error:
        # After these we no longer know where the next answer begins (the first two) or that it comes.
        lost = isinstance(error, ProtocolError) or "got more than" in str(error) or "BYE" in str(error)
        raise (Disconnected if lost else Refusal)(f"the server refused: {error}") from error
    except OSError as error:
        distrusted = certificate_refused(error)
        if distrusted:
            raise Misconfigured(distrusted) from error
        raise Disconnected(f"no connection: {error or type(error).__name__}") from error
    except (ValueError, TypeError, LookupError, AttributeError, AssertionError) as error:
        # Replies that imapclient cannot take apart come out as whatever broke inside it.
        raise Disconnected(f"the server's answer cannot be read: {error!r}") from error
