"""``processor login`` and ``doctor`` with a token server, a real Dovecot and a real SMTP server."""

from __future__ import annotations

import os
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from typer.testing import CliRunner

from processor.cli.main import app
from processor.consent import Grant
from processor.loading.configuration import load_config
from processor.mail_servers import OAuthSettings
from processor.steps.consents import consents, logins
from processor.watch.metrics import exposition
from processor.watch.pulse import Pulse
from processor.world.browser_login import coming_back
from processor.world.failures import LoginRefused, Misconfigured
from processor.world.signing_in import by_browser, by_device
from processor.world.tokens import file_of, keep
from tests.servers.dovecot import Dovecot
from tests.servers.smtp_sink import SmtpSink
from tests.servers.token_server import Fault, TokenServer

USER = "post@firma.example"
CONFIG = """[company]
key = {{ file = "key" }}
[[mailbox]]
name = "firma"
host = "127.0.0.1"
port = {imap}
tls = "plain"
user = "post@firma.example"
[mailbox.oauth]
provider = "other"
flow = "{flow}"
client_id = "app"
token_url = "{url}/token"
device_url = "{url}/device"
authorize_url = "{url}/authorize"
scopes = ["mail", "offline_access"]
{more}
[[mailbox]]
name = "gammel"
host = "127.0.0.1"
user = "gammel@firma.example"
password = {{ file = "ingen" }}
[smtp]
host = "127.0.0.1"
port = {smtp}
tls = "starttls"
ca_file = "{ca}"
from_address = "post@firma.example"
[smtp.oauth]
mailbox = "firma"
"""


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
def written(dovecot: Dovecot, sink: SmtpSink, tokens: TokenServer, tmp_path: Path) -> Path:
    return configured(tmp_path, dovecot, sink, tokens)


def configured(
    folder: Path, dovecot: Dovecot, sink: SmtpSink, tokens: TokenServer, flow: str = "device", more: str = ""
) -> Path:
    (folder / "key").write_text("nokkel")
    path = folder / "config.toml"
    text = CONFIG.format(
        imap=dovecot.imap_port, smtp=sink.port, ca=sink.certificates.ca, url=tokens.url, flow=flow, more=more
    )
    path.write_text(text)
    return path


def ours(path: Path) -> OAuthSettings:
    return logins(load_config(path, passwords=False))[0]


def processor(*words: str) -> tuple[int, str]:
    told = CliRunner().invoke(app, list(words))
    return told.exit_code, told.output


def test_what_cannot_be_signed_in_to_is_told_with_what_can(written: Path) -> None:
    assert processor("login", "gammel", "-c", str(written)) == (
        2, "The mailbox gammel logs in with a password; to use OAuth2 give it a [mailbox.oauth].\n",
    )  # fmt: skip
    assert processor("login", "frima", "-c", str(written)) == (2, "No login 'frima'; there are: firma\n")


def test_whoever_signs_in_as_somebody_else_is_told_at_once(written: Path, tokens: TokenServer) -> None:
    (written.parent / "ingen").write_text("pw")
    by_device(ours(written), lambda *_: tokens.agree("kari@firma.example"), lambda _: None)
    status, told = processor("doctor", "-c", str(written))
    assert status == 1
    assert "a new token for post@firma.example was refused" in told
    assert "docs/operate/google.md" in told


def test_a_device_waits_out_an_outage_and_asks_less_often_when_told(written: Path, tokens: TokenServer) -> None:
    gaps: list[float] = []
    faults = [
        Fault("json", 400, {"error": "authorization_pending"}),
        Fault("json", 400, {"error": "slow_down"}),
        Fault("html", 502),
    ]

    def sleep(seconds: float) -> None:
        gaps.append(seconds)
        tokens.agree(USER)

    by_device(ours(written), lambda *_: tokens.tell(*faults), sleep)
    first = gaps[0]
    assert gaps == [first, first, first + 5, first + 5]


@pytest.mark.parametrize("error", ["access_denied", "expired_token"])
def test_a_person_who_declines_or_does_not_come_ends_the_waiting(
    written: Path, tokens: TokenServer, error: str
) -> None:
    with pytest.raises(LoginRefused):
        by_device(ours(written), lambda *_: tokens.tell(Fault("json", 400, {"error": error})), lambda _: None)
    assert not ours(written).file.exists()


def test_a_login_that_would_end_within_the_hour_is_refused(written: Path, tokens: TokenServer) -> None:
    told = {"access_token": "a", "expires_in": 3600}
    with pytest.raises(Misconfigured, match="offline_access"):
        by_device(ours(written), lambda *_: tokens.tell(Fault("json", 200, told)), lambda _: None)


def visit(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as page:
            return page.status, page.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_browser_comes_back_with_a_code_and_strangers_are_not_listened_to(written: Path, tokens: TokenServer) -> None:
    seen: list[tuple[int, str]] = []

    def browser(address: str) -> None:
        asked = dict(parse_qsl(urlsplit(address).query))
        assert asked["code_challenge_method"] == "S256"
        assert asked["login_hint"] == USER
        back = tokens.authorize(asked, USER)

        def surf() -> None:
            seen.append(visit(f"{asked['redirect_uri']}/favicon.ico"))
            seen.append(visit(f"{asked['redirect_uri']}/?code=stolen&state=guessed"))
            seen.append(visit(back))

        threading.Thread(target=surf).start()

    grant = by_browser(replace(ours(written), flow="browser"), browser, None, 10)
    assert tokens.user_of(grant.access_token) == USER
    until = time.monotonic() + 5
    while len(seen) < 3 and time.monotonic() < until:
        time.sleep(0.01)
    assert [status for status, _ in seen] == [404, 404, 200]
    assert "Signed in" in seen[2][1]


def test_the_address_of_a_browser_on_another_machine_is_pasted_and_other_lines_are_not_listened_to() -> None:
    read, write = os.pipe()
    with os.fdopen(read) as typed, os.fdopen(write, "w") as hand, coming_back("127.0.0.1", "merke") as place:
        hand.write(f"hva?\n{place.address}/?state=annen&code=41\n {place.address}/?state=merke&code=42 \n")
        hand.flush()
        assert place.code(typed, 5) == "42"


def test_a_browser_that_brings_a_refusal_or_never_comes_ends_the_waiting() -> None:
    with coming_back("127.0.0.1", "merke") as place:
        refused = f"{place.address}/?error=access_denied&state=merke"
        said: list[tuple[int, str]] = []
        surf = threading.Thread(target=lambda: said.append(visit(refused)))
        surf.start()
        with pytest.raises(LoginRefused, match="access_denied"):
            place.code(None, 5)
        surf.join()
        assert "declined" in said[0][1]
        with pytest.raises(LoginRefused, match="in time"):
            place.code(None, 0.05)


def test_an_application_that_lets_itself_in_is_tried(
    dovecot: Dovecot, sink: SmtpSink, tokens: TokenServer, tmp_path: Path
) -> None:
    path = configured(tmp_path, dovecot, sink, tokens, "client_credentials", 'client_secret = { file = "secret" }')
    (tmp_path / "secret").write_text("app-secret")
    status, told = processor("login", "firma", "-c", str(path))
    assert status == 0
    assert "nobody has to sign in" in told
    (tmp_path / "secret").write_text("feil")
    status, told = processor("login", "firma", "-c", str(path))
    assert status == 1
    assert "AADSTS7000215" in told


def test_doctor_tells_clock_tokens_and_consent_and_what_mends_them(written: Path, tokens: TokenServer) -> None:
    (written.parent / "ingen").write_text("pw")
    status, told = processor("doctor", "-c", str(written))
    assert status == 1
    assert "nobody has signed in yet: processor login firma" in told
    assert "logins     firma: nobody has signed in yet" in processor("status", "-c", str(written))[1]
    text = written.read_text().replace('client_id = "app"', 'client_id = "app"\nconsent_days = 7')
    written.write_text(text)
    now = datetime.now(UTC)
    keep(ours(written), Grant(refresh_token=tokens.consent(USER), given_at=now - timedelta(days=1), renewed_at=now))
    tokens.ahead = -300.0
    try:
        _, told = processor("doctor", "-c", str(written))
    finally:
        tokens.ahead = 0.0
    assert "clock is 300 s ahead of the token server's" in told or "clock is 301 s ahead" in told
    assert "token of other, 0 min old, is renewed by itself" in told
    assert "(6 days): the consent is for so many days" in told
    assert "sign in anew: processor login firma" in told
    assert f"logged in as {USER}" in told
    assert re.search(r"logins     firma: token \d+ s old, ends in 6 days", processor("status", "-c", str(written))[1])


def test_metrics_tell_age_end_and_loss_of_each_login(written: Path, tokens: TokenServer) -> None:
    config = load_config(written, passwords=False)
    now = datetime.now(UTC)
    grant = Grant("a", "r", now, now - timedelta(days=9), now - timedelta(hours=1), now + timedelta(days=3))

    class Seen:
        pulse = Pulse()

        def consents(self) -> object:
            return consents(config)

        def seen(self) -> None:
            raise RuntimeError

    def told() -> str:
        return exposition(Seen()).decode()  # type: ignore[arg-type]

    assert 'processor_consent_gone{login="firma"} 1.0' in told()
    assert 'processor_consent_left_days{login="firma"} 0.0' in told()
    keep(ours(written), grant)
    assert 'processor_consent_gone{login="firma"} 0.0' in told()
    assert 'processor_token_age_seconds{login="firma"} 36' in told()
    assert 'processor_consent_left_days{login="firma"} 2.99' in told()
    assert file_of(ours(written)).read() == grant
