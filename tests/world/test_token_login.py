"""Logging in with a token at real servers: Dovecot, which asks the token server, and aiosmtpd."""

from __future__ import annotations

import base64
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from processor.consent import Grant
from processor.mail_servers import MailboxSettings, OAuthSettings, SmtpSettings
from processor.world.courier import Courier
from processor.world.failures import Disconnected, LoginRefused, Misconfigured, Transient
from processor.world.imap import open_session
from processor.world.mailbox import Mailbox
from processor.world.outcomes import Deferred, Delivered, Lost
from processor.world.sasl import first_words, mechanism, reasons
from processor.world.tokens import access_token, keep
from tests.servers.dovecot import Dovecot
from tests.servers.smtp_sink import SmtpSink
from tests.servers.token_server import Fault, TokenServer
from tests.world.scripted_imap import ScriptedImap

USER = "post@firma.example"
MAIL = b"From: kari@kunde.example\r\nSubject: hei\r\n\r\nhei\r\n"


@pytest.fixture(scope="module")
def tokens() -> Iterator[TokenServer]:
    with TokenServer() as server:
        yield server


@pytest.fixture(scope="module")
def dovecot(tokens: TokenServer) -> Iterator[Dovecot]:
    with Dovecot({USER: "pw"}, introspection=f"{tokens.url}/introspect") as server:
        yield server


@pytest.fixture(scope="module")
def sink(tokens: TokenServer) -> Iterator[SmtpSink]:
    with SmtpSink("starttls", tokens=tokens.user_of) as server:
        yield server


@pytest.fixture
def oauth(tokens: TokenServer, tmp_path: Path) -> OAuthSettings:
    """A login that somebody has agreed to, with an access token that has yet to be got."""
    tokens.asked.clear()
    ours = OAuthSettings(
        "firma", "other", "device", USER, "app", tmp_path / "firma.tokens", lambda: "nokkel", token_url=f"{tokens.url}/token", timeout=5.0
    )  # fmt: skip
    keep(ours, Grant(refresh_token=tokens.consent(USER)))
    return ours


def mailbox(dovecot: Dovecot, oauth: OAuthSettings, **changed: object) -> MailboxSettings:
    plain = MailboxSettings(
        "firma", dovecot.host, dovecot.imap_port, "plain", USER, lambda: "", timeout=10.0, oauth=oauth
    )
    return replace(plain, **changed)  # type: ignore[arg-type]


def smtp(sink: SmtpSink, oauth: OAuthSettings) -> SmtpSettings:
    ca = str(sink.certificates.ca)
    return SmtpSettings(sink.host, sink.port, "starttls", USER, ca_file=ca, timeout=5.0, oauth=oauth)


def send(courier: Courier) -> object:
    return courier.send(USER, "kari@kunde.example", MAIL, lambda: None)


@pytest.mark.parametrize("kind", ["XOAUTH2", "OAUTHBEARER"])
def test_dovecot_takes_a_token_by_each_mechanism(
    dovecot: Dovecot, oauth: OAuthSettings, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processor.world.token_login.mechanism", lambda offers: kind if offers(kind) else "")
    session = open_session(mailbox(dovecot, oauth))
    assert session.select("INBOX").exists == 0
    session.close()


@pytest.mark.parametrize("kind", ["XOAUTH2", "OAUTHBEARER"])
def test_a_token_that_dovecot_finds_expired_is_renewed_once(
    dovecot: Dovecot, tokens: TokenServer, oauth: OAuthSettings, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processor.world.token_login.mechanism", lambda offers: kind)
    access_token(oauth)
    tokens.expire()
    open_session(mailbox(dovecot, oauth)).close()
    assert len(tokens.forms("/token")) == 2


def test_a_new_token_that_is_refused_too_is_not_tried_for_ever(
    dovecot: Dovecot, tokens: TokenServer, oauth: OAuthSettings
) -> None:
    with pytest.raises(LoginRefused, match=r"a new token for leder@firma.example was refused"):
        open_session(mailbox(dovecot, oauth, user="leder@firma.example"))
    assert len(tokens.forms("/token")) == 2


def test_the_mailbox_goes_on_after_its_token_expired_within_a_connection(
    dovecot: Dovecot, tokens: TokenServer, oauth: OAuthSettings
) -> None:
    with Mailbox(mailbox(dovecot, oauth)) as box:
        assert list(box.fetch_new("INBOX")) == []
        dovecot.deliver(USER, MAIL)
        tokens.expire()
        assert box._session is not None
        box._session.abort()
        with pytest.raises(Transient):
            list(box.fetch_new("INBOX"))
        (batch,) = box.fetch_new("INBOX")
        assert len(batch.mails) == 1


BYE = b"+ idling\r\n* BYE Session invalidated - AccessTokenExpired\r\n"
EMPTY = b"* 0 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n"


def exchange(oauth: OAuthSettings, **replies: bytes) -> tuple[ScriptedImap, MailboxSettings]:
    """A server that takes every token, unless told otherwise, and says goodbye in IDLE as Exchange does."""
    server = ScriptedImap(
        {"SELECT": EMPTY, "IDLE": lambda client, tag: client.sendall(BYE), **replies},
        capabilities="IMAP4rev1 IDLE AUTH=XOAUTH2",
    )

    def authenticate(client: socket.socket, tag: bytes) -> None:
        server.continued.append(tag)
        client.sendall(b"+ \r\n")

    server.replies["AUTHENTICATE"] = authenticate
    return server, server.settings(oauth=oauth, user=USER)


def test_exchanges_goodbye_to_an_expired_token_is_no_failure_but_of_a_young_session(
    oauth: OAuthSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, settings = exchange(oauth)
    with server, Mailbox(settings) as box:
        with pytest.raises(Disconnected, match="AccessTokenExpired"):
            box.wait(5)
        monkeypatch.setattr("processor.world.mailbox.SHORTEST_SESSION", -1.0)
        assert box.wait(5)
        assert box._session is None


@pytest.mark.parametrize(("minutes", "renewals"), [(1, 0), (3, 1)])
def test_a_server_that_hangs_up_instead_of_refusing_gets_a_new_token_unless_the_old_one_is_young(
    oauth: OAuthSettings, tokens: TokenServer, minutes: int, renewals: int
) -> None:
    now = datetime.now(UTC)
    old = Grant("gammel", tokens.consent(USER), now + timedelta(hours=1), now, now - timedelta(minutes=minutes))
    keep(oauth, old)
    server, settings = exchange(oauth, CONTINUED=b"* BYE Connection is closed. 13\r\n")
    with server:
        for _ in range(3):
            with pytest.raises(Transient):
                open_session(settings)
    assert len(tokens.forms("/token")) == renewals


@pytest.mark.parametrize("echo", [b"%s\r\n", b"{tag} NO I do not know %s\r\n", b"{tag} BAD %s\r\n", b"* BYE %s\r\n"])
def test_a_token_that_a_server_says_back_stands_in_no_reason(
    oauth: OAuthSettings, tokens: TokenServer, echo: bytes
) -> None:
    token = access_token(oauth)
    shown = base64.b64encode(first_words("XOAUTH2", USER, token, "", 0))
    for said in (shown, token.encode()):
        server, settings = exchange(oauth, CONTINUED=echo.replace(b"%s", said))
        with server, pytest.raises((Transient, LoginRefused)) as refused:
            open_session(settings)
        assert token[:60] not in refused.value.reason
        assert shown.decode()[-60:] not in refused.value.reason


def test_a_token_server_that_is_down_or_a_consent_that_is_gone_come_out_of_the_login_as_they_are(
    dovecot: Dovecot, tokens: TokenServer, oauth: OAuthSettings
) -> None:
    tokens.tell(Fault("html", 503))
    with pytest.raises(Transient, match="token server"):
        open_session(mailbox(dovecot, oauth))
    tokens.revoke()
    with pytest.raises(LoginRefused, match="processor login firma"):
        open_session(mailbox(dovecot, oauth))


def test_a_server_that_takes_no_tokens_is_misconfigured(oauth: OAuthSettings) -> None:
    with Dovecot({USER: "pw"}) as server, pytest.raises(Misconfigured, match="takes no tokens"):
        open_session(mailbox(server, oauth))


def test_dovecot_that_cannot_ask_about_a_token_is_an_outage_and_spends_no_refresh_token(
    tokens: TokenServer, oauth: OAuthSettings
) -> None:
    access_token(oauth)
    with Dovecot({USER: "pw"}, introspection="http://127.0.0.1:9/introspect") as server, pytest.raises(Transient):
        open_session(mailbox(server, oauth))
    assert len(tokens.forms("/token")) == 1


@pytest.mark.parametrize("kind", ["XOAUTH2", "OAUTHBEARER"])
def test_mail_leaves_with_a_long_token_and_a_refused_one_is_renewed_once(
    sink: SmtpSink, tokens: TokenServer, oauth: OAuthSettings, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processor.world.token_login.mechanism", lambda offers: kind if offers(kind) else "")
    access_token(oauth)
    tokens.expire()
    with Courier(smtp(sink, oauth)) as courier:
        assert isinstance(send(courier), Delivered)
    assert sink.accepted[-1].user == USER
    assert len(tokens.forms("/token")) == 2


def test_a_short_token_goes_on_the_command_line(sink: SmtpSink, tokens: TokenServer, oauth: OAuthSettings) -> None:
    access_token(oauth)
    issued = tokens._access.pop(access_token(oauth))
    tokens._access["kort"] = issued
    keep(oauth, Grant("kort", expires_at=datetime.now(UTC) + timedelta(hours=1)))
    with Courier(smtp(sink, oauth)) as courier:
        assert isinstance(send(courier), Delivered)


def test_mail_waits_for_a_token_server_and_for_a_person_in_different_words(
    sink: SmtpSink, tokens: TokenServer, oauth: OAuthSettings
) -> None:
    with Courier(smtp(sink, oauth)) as courier:
        tokens.tell(Fault("cut"))
        assert isinstance(send(courier), Lost)
        tokens.revoke()
        outcome = send(courier)
    assert isinstance(outcome, Deferred)
    assert outcome.setup
    assert "processor login firma" in outcome.text


def test_no_token_crosses_a_connection_in_clear(oauth: OAuthSettings, tokens: TokenServer) -> None:
    with SmtpSink(tokens=tokens.user_of) as clear:
        outcome = send(Courier(replace(smtp(clear, oauth), tls="plain")))
    assert isinstance(outcome, Deferred)
    assert tokens.asked == []


def test_who_has_passwords_alone_loads_none_of_the_libraries() -> None:
    asked = (
        "import sys, processor.world.imap, processor.world.courier, processor.world.probing, processor.steps.consents as c; "
        "from types import SimpleNamespace as S; c.consents(S(mailboxes=(), smtp=None)); "
        "print([each for each in ('authlib', 'joserfc', 'cryptography') if each in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=30)
    assert told.stdout == "[]\n"


def test_what_is_said_is_what_the_specifications_show() -> None:
    assert first_words("XOAUTH2", "someuser@example.com", "ya29.vF9", "h", 1) == (
        b"user=someuser@example.com\x01auth=Bearer ya29.vF9\x01\x01"
    )
    assert first_words("OAUTHBEARER", "us,er=x@example.com", "t", "server.example.com", 143) == (
        b"n,a=us=2Cer=3Dx@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer t\x01\x01"
    )
    assert mechanism({"OAUTHBEARER", "XOAUTH2"}.__contains__) == "XOAUTH2"
    assert mechanism({"OAUTHBEARER"}.__contains__) == "OAUTHBEARER"


@pytest.mark.parametrize(
    ("challenge", "said"),
    [
        (b'{"status":"invalid_token","scope":"mail"}', "status invalid_token, scope mail"),
        (b'{"status":"401\\r\\nA1 OK"}', "status 401  A1 OK"),
        (b"[]", ""),
        (b"\xff", ""),
        (b"", ""),
    ],
)
def test_the_servers_reasons_are_one_line_or_nothing(challenge: bytes, said: str) -> None:
    assert reasons(challenge) == said
