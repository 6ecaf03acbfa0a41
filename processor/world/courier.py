"""Handing a mail to the SMTP (or LMTP) server: one open connection, and an outcome as a value.

What cannot be known is said so: when the line breaks after the final dot, the server may have taken
the mail or not (RFC 1047), and no sender can do better alone.  smtplib's sendmail hides that moment,
so the conversation is held step by step here.  The one importer of smtplib.
"""

from __future__ import annotations

import base64
import contextlib
import smtplib
import socket
import ssl
from collections.abc import Callable
from types import TracebackType

from processor.letter import Unwritable
from processor.mail_servers import SmtpSettings
from processor.world.failures import Failure, Misconfigured, Transient
from processor.world.login import secret_of
from processor.world.outcomes import (
    Deferred,
    Delivered,
    Lost,
    Outcome,
    Rejected,
    closing,
    stale,
    text_of,
    words,
)
from processor.world.smtp_transaction import (
    COMMAND,
    ask,
    ask_for_data,
    envelope_address,
    from_command,
    hand_over,
    say,
    wait,
)
from processor.world.tls import certificate_refused, refuse_clear, verified

CONNECT_SECONDS = 30.0


class Courier:
    """One connection to the server of the settings, opened when needed; for one thread.

    ``abort`` alone may be called from another.
    """

    def __init__(self, settings: SmtpSettings) -> None:
        self.settings = settings
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Courier:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(
        self, envelope_from: str, to: str, data: bytes, on_data: Callable[[], None], *, begun: bool = False
    ) -> Outcome:
        """Offer one mail for one recipient; never raises for what the server or the line does.

        ``envelope_from`` "" is the null sender.  ``on_data`` is called right before DATA, the last
        moment at which nothing is sent, and earlier for what has ``begun`` already: what it raises
        comes out, and no mail has left.
        """
        try:
            sender = envelope_address(envelope_from) if envelope_from else ""
            recipient = envelope_address(to)
        except Unwritable as error:
            return Rejected(0, str(error))

        def asking(smtp: smtplib.SMTP) -> Outcome | None:
            return ask(smtp, self.settings, sender, recipient, len(data), data=begun)

        if begun:
            self._announce(on_data)
        kept = self._smtp is not None
        outcome = self._attempt(asking)
        if kept and stale(outcome):
            # A connection kept open may have died of age; nothing was sent, so one new one is due.
            outcome = self._attempt(asking)
        if outcome is None and not begun:
            self._announce(on_data)
            outcome = self._attempt(lambda smtp: ask_for_data(smtp, self.settings))
        if outcome is None:
            outcome = self._attempt(lambda smtp: hand_over(smtp, self.settings, data))
        return outcome or Lost(False, "nothing was answered")

    def close(self) -> None:
        """Say QUIT if the server listens; never raises (a 421 to QUIT undoes no delivery)."""
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        with contextlib.suppress(Exception):
            wait(smtp, 2.0)
            smtp.quit()
        smtp.close()

    def abort(self) -> None:
        """Cut the connection under whatever waits on it; callable from any thread."""
        smtp = self._smtp
        if smtp is not None and smtp.sock is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(smtp.sock, socket.SHUT_RDWR)

    def offered(self) -> frozenset[str]:
        """The server's extensions in lower case; raises a Failure when it is not ready for mail."""
        found: list[str] = []
        outcome = self._attempt(lambda smtp: found.extend(smtp.esmtp_features))
        if outcome is not None:
            raise (Misconfigured if isinstance(outcome, Deferred) and outcome.setup else Transient)(text_of(outcome))
        return frozenset(word.lower() for word in found)

    def refusal_of_sender(self, envelope_from: str) -> str:
        """Why the server would not let us write under this envelope sender; "" when it would."""
        outcome = self._attempt(lambda smtp: say(smtp, [from_command(envelope_from)]))
        # The server must not wait for the rest of a mail that never comes.
        self.close()
        return "" if outcome is None else text_of(outcome)

    def _announce(self, on_data: Callable[[], None]) -> None:
        try:
            on_data()
        except BaseException:
            self._drop()
            raise

    def _attempt(self, step: Callable[[smtplib.SMTP], Outcome | None]) -> Outcome | None:
        """Take a step on the open connection (a new one when there is none); the one place where errors end."""
        outcome: Outcome | None
        try:
            self._smtp = self._smtp or open_smtp(self.settings)
            outcome = step(self._smtp)
        except Transient as error:
            outcome = Lost(False, error.reason)
        except Failure as error:
            outcome = Deferred(0, error.reason, setup=True)
        except smtplib.SMTPResponseException as error:
            outcome = Deferred(max(error.smtp_code, 0), words(error.smtp_error), setup=error.smtp_code >= 500)
        except (OSError, ValueError) as error:
            outcome = Lost(False, f"{type(error).__name__}: {error}")
        self._keep_or_drop(outcome)
        return outcome

    def _keep_or_drop(self, outcome: Outcome | None) -> None:
        """Keep the connection after a plain yes or no; the server may be in any state after the rest."""
        if outcome is None or isinstance(outcome, Delivered):
            return
        if self._smtp is not None and isinstance(outcome, Rejected | Deferred) and not closing(outcome):
            with contextlib.suppress(OSError):
                wait(self._smtp, self.settings.timeout)
                if self._smtp.docmd("RSET")[0] == 250:
                    return
        self._drop()

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


def open_smtp(settings: SmtpSettings) -> smtplib.SMTP:
    """Connect, secure, greet and log in.

    Raises Misconfigured for what a person must mend, SMTPResponseException for a server that does
    not want us now, OSError for the line.  Never falls back to clear text; no password goes in it.
    """
    if not settings.host.startswith("/"):
        refuse_clear(settings.tls, settings.host)
    if (settings.user or settings.oauth) and settings.tls == "plain":
        raise Misconfigured('a login over tls = "plain" would show the password; use "implicit" or "starttls"')
    context = None if settings.tls == "plain" else verified(settings.ca_file)
    name, limit = settings.helo or socket.gethostname(), min(CONNECT_SECONDS, settings.timeout)
    smtp: smtplib.SMTP | None = None
    try:
        if settings.tls == "implicit":
            smtp = smtplib.SMTP_SSL(settings.host, settings.port, name, timeout=limit, context=context)
        else:
            # LMTP differs in its greeting, and in a reply for each recipient, of which there is one here.
            client = smtplib.LMTP if settings.via == "lmtp" else smtplib.SMTP
            smtp = client(settings.host, settings.port, name, timeout=limit)
        greet(smtp, settings, context)
        log_in(smtp, settings)
        return smtp
    except BaseException as error:
        if smtp is not None:
            smtp.close()
        distrusted = certificate_refused(error)
        if distrusted:
            raise Misconfigured(distrusted) from error
        raise


def greet(smtp: smtplib.SMTP, settings: SmtpSettings, context: ssl.SSLContext | None) -> None:
    assert smtp.sock is not None
    # The dot is a small packet of its own and must not wait for the text's acknowledgement.
    if smtp.sock.family != socket.AF_UNIX:
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wait(smtp, COMMAND * settings.timeout)
    smtp.ehlo_or_helo_if_needed()
    if settings.tls == "starttls":
        if not smtp.has_extn("starttls"):
            raise Misconfigured("the server offers no STARTTLS; nothing is sent in clear instead")
        smtp.starttls(context=context)
        smtp.ehlo_or_helo_if_needed()


def log_in(smtp: smtplib.SMTP, settings: SmtpSettings) -> None:
    """AUTH PLAIN by ourselves, since smtplib's cannot carry æ, ø and å; its choice where there is none."""
    if settings.oauth:
        # Loaded where it is wanted, since it brings a library along.
        from processor.world.token_login import smtp_login

        smtp_login(smtp, settings)
        return
    if not settings.user:
        return
    password = secret_of(settings.password)
    try:
        if "PLAIN" in smtp.esmtp_features.get("auth", "").upper().split():
            secret = base64.b64encode(f"\0{settings.user}\0{password}".encode()).decode("ascii")
            code, text = smtp.docmd("AUTH", f"PLAIN {secret}")
            if code not in (235, 503):
                raise smtplib.SMTPAuthenticationError(code, text)
        else:
            smtp.login(settings.user, password)
    except smtplib.SMTPAuthenticationError as error:
        if 400 <= error.smtp_code < 500:
            raise
        raise Misconfigured(f"login as {settings.user} was refused: {words(error.smtp_error)}") from error
    except (smtplib.SMTPNotSupportedError, UnicodeError) as error:
        raise Misconfigured(f"the server offers no login that we can use: {error}") from error
