"""Tokens: kept secret and whole, renewed in time and by one alone, an outage told from a consent that is gone."""

from __future__ import annotations

import errno
import json
import os
import pwd
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as law
from hypothesis import strategies as st
from joserfc.jwk import RSAKey

from processor.consent import Consent, Grant, days_left, ends_soon, fresh
from processor.mail_servers import OAuthSettings
from processor.world.authorizing import thumbprint
from processor.world.failures import Failure, LoginRefused, Misconfigured, Transient
from processor.world.probing_tokens import clock_ahead
from processor.world.token_answers import granted, members, refusal
from processor.world.tokens import access_token, consent, file_of, keep
from processor.world.web import Answer
from tests.servers.certificates import certificates, openssl
from tests.servers.token_server import Fault, TokenServer

USER = "post@firma.example"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
RENEWER = """
import sys
from pathlib import Path
from processor.mail_servers import OAuthSettings
from processor.world.probing_tokens import clock_ahead
from processor.world.token_answers import granted, members, refusal
from processor.world.tokens import access_token
url, file = sys.argv[1:]
settings = OAuthSettings("firma", "other", "device", "post@firma.example", "app", Path(file), lambda: "nokkel", token_url=url)
sys.stdin.readline()
print(access_token(settings, unlike="access-old"))
"""


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with TokenServer() as made:
        yield made


def settings(server: TokenServer, folder: Path, **changed: object) -> OAuthSettings:
    plain = {
        "login": "firma",
        "provider": "other",
        "flow": "device",
        "user": USER,
        "client_id": "app",
        "file": folder / "tokens" / "firma.tokens",
        "key": lambda: "nokkel",
        "token_url": f"{server.url}/token",
        "device_url": f"{server.url}/device",
        "authorize_url": f"{server.url}/authorize",
        "scopes": ("mail",),
        "timeout": 5.0,
    }
    return OAuthSettings(**{**plain, **changed})  # type: ignore[arg-type]


def signed_in(server: TokenServer, ours: OAuthSettings, **changed: object) -> Grant:
    """The file as a login leaves it, with an access token that has expired."""
    expired = datetime.now(UTC) - timedelta(hours=1)
    grant = Grant(
        "access-old", server.consent(USER), expired, expired - timedelta(hours=1), expired - timedelta(hours=1)
    )
    grant = replace(grant, **changed)  # type: ignore[arg-type]
    keep(ours, grant)
    return grant


def test_tokens_lie_encrypted_and_for_their_owner_alone(server: TokenServer, tmp_path: Path) -> None:
    ours = settings(server, tmp_path)
    grant = signed_in(server, ours)
    token = access_token(ours)
    lies = ours.file.read_bytes()
    assert server.user_of(token) == USER
    assert token.encode() not in lies
    assert grant.refresh_token.encode() not in lies
    assert ours.file.stat().st_mode & 0o777 == 0o600
    assert ours.file.parent.stat().st_mode & 0o777 == 0o700
    assert token not in repr(file_of(ours).read())
    assert sorted(path.name for path in ours.file.parent.iterdir()) == ["firma.tokens", "firma.tokens.lock"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_signs_in_to_belongs_to_the_service_as_its_folder_does(server: TokenServer, tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(tmp_path, nobody.pw_uid, nobody.pw_gid)
    ours = settings(server, tmp_path)
    signed_in(server, ours)
    for path in (ours.file.parent, *ours.file.parent.iterdir()):
        assert path.stat().st_uid == nobody.pw_uid, path


def test_another_key_or_a_damaged_file_is_told_with_what_mends_it(server: TokenServer, tmp_path: Path) -> None:
    ours = settings(server, tmp_path)
    signed_in(server, ours)
    for broken in (replace(ours, key=lambda: "en annen"), ours):
        with pytest.raises(Misconfigured, match="processor login firma"):
            access_token(broken)
        assert "processor login" in consent(broken).trouble
        ours.file.write_bytes(b"half a fi")


def test_a_token_that_lives_is_used_and_no_server_is_asked(server: TokenServer, tmp_path: Path) -> None:
    ours = settings(server, tmp_path)
    signed_in(server, ours)
    assert access_token(ours) == access_token(ours)
    assert len(server.forms("/token")) == 1


@pytest.mark.parametrize(
    ("life", "at", "usable"), [(3600, 3299, True), (3600, 3301, False), (60, 47, True), (60, 49, False)]
)
def test_a_token_is_renewed_minutes_before_it_expires_and_a_short_one_later(life: int, at: int, usable: bool) -> None:
    grant = Grant("a", "r", NOW + timedelta(seconds=life), NOW, NOW)
    assert fresh(grant, "", NOW + timedelta(seconds=at)) is usable
    assert not fresh(grant, "a", NOW)


def test_a_rotated_refresh_token_is_kept_and_used_next_time(server: TokenServer, tmp_path: Path) -> None:
    ours = settings(server, tmp_path)
    signed_in(server, ours)
    token = ""
    for _ in range(3):
        token = access_token(ours, unlike=token)
    sent = [form["refresh_token"] for form in server.forms("/token")]
    assert len(set(sent)) == 3
    assert server.reused == 0


def test_a_server_that_gives_no_new_refresh_token_leaves_the_old_one(server: TokenServer, tmp_path: Path) -> None:
    server.rotate = False
    ours = settings(server, tmp_path)
    before = signed_in(server, ours)
    access_token(ours)
    kept = file_of(ours).read()
    assert kept is not None
    assert kept.refresh_token == before.refresh_token
    assert kept.given_at == before.given_at


def test_threads_and_processes_that_renew_at_once_send_each_refresh_token_once(
    server: TokenServer, tmp_path: Path
) -> None:
    ours = settings(server, tmp_path)
    signed_in(server, ours)
    others = [
        subprocess.Popen(
            [sys.executable, "-c", RENEWER, ours.token_url, str(ours.file)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    server.tell(Fault("slow", seconds=0.3))
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(access_token(ours, unlike="access-old"))) for _ in range(4)]
    for each in threads:
        each.start()
    got += [other.communicate("\n", timeout=30)[0].strip() for other in others]
    for each in threads:
        each.join()
    assert len(set(got)) == 1
    assert len(server.forms("/token")) == 1
    assert server.reused == 0


OUTAGES = [
    Fault("html"),
    Fault("html", 403),
    Fault("html", 502),
    Fault("json", 503, {"error": "invalid_grant"}),
    Fault("json", 429, {"error": "invalid_grant"}),
    Fault("json", 400, {"error": "temporarily_unavailable"}),
    Fault("json", 302),
    Fault("json", 200, {"access_token": "a\r\nb"}),
    Fault("json", 200, {"access_token": ["a"], "expires_in": "soon"}),
    Fault("cut"),
    Fault("drip", seconds=0.05),
]


@pytest.mark.parametrize("fault", OUTAGES, ids=str)
def test_an_outage_is_told_as_one_and_costs_no_consent(server: TokenServer, tmp_path: Path, fault: Fault) -> None:
    ours = settings(server, tmp_path, timeout=0.3)
    before = signed_in(server, ours)
    server.tell(fault)
    with pytest.raises(Transient):
        access_token(ours)
    kept = file_of(ours).read()
    assert kept == before
    assert server.user_of(access_token(replace(ours, timeout=5.0))) == USER


WORDS = st.text("a1 \r\n\x00\x1b\u2028ø", max_size=8)
VALUES: st.SearchStrategy[object] = (
    st.sampled_from([None, True, -1, 0, 3599, 10**400, float("nan"), float("inf"), [], {}, ["a"], "3599"]) | WORDS
)
NAMES = ["refresh_token", "expires_in", "refresh_token_expires_in", "error", "error_description"]
MEMBERS = {**dict.fromkeys(NAMES, VALUES), "access_token": st.just("ya29.a0") | VALUES}
ANSWERS = st.fixed_dictionaries({}, optional=MEMBERS)
BODIES = st.binary(max_size=50) | ANSWERS.map(lambda told: json.dumps(told).encode())


@given(status=st.sampled_from([200, 302, 400, 401, 429, 503]), body=BODIES)
@law(max_examples=150)
def test_whatever_a_token_server_answers_is_a_token_that_can_be_shown_or_a_failure_in_words(
    status: int, body: bytes
) -> None:
    failure, grant = "", Grant()
    try:
        told = members(Answer(status, "application/json", body))
        if "error" in told:
            raise refusal(told)
        grant = granted(told, None, NOW)
    except Failure as failed:
        failure = failed.reason
    assert failure.isprintable()
    assert bool(failure) is not bool(grant.access_token)
    assert grant.access_token.isascii()
    assert grant.access_token.isprintable()
    assert grant.expires_at is None or NOW < grant.expires_at <= NOW + timedelta(days=366)


def test_during_an_outage_the_old_token_is_used_for_as_long_as_it_holds(server: TokenServer, tmp_path: Path) -> None:
    ours = settings(server, tmp_path)
    nearly = datetime.now(UTC) + timedelta(minutes=2)
    signed_in(server, ours, access_token="access-young", expires_at=nearly)
    server.tell(Fault("html", 503), Fault("html", 503))
    assert access_token(ours) == "access-young"
    with pytest.raises(Transient):
        access_token(ours, unlike="access-young")


@pytest.mark.parametrize("error", ["invalid_grant", "interaction_required", "consent_required"])
def test_a_consent_that_is_gone_asks_for_a_person_and_is_remembered(
    server: TokenServer, tmp_path: Path, error: str
) -> None:
    ours = settings(server, tmp_path)
    signed_in(server, ours)
    server.tell(Fault("json", 400, {"error": error, "error_description": "AADSTS50173: the password\nwas changed"}))
    with pytest.raises(
        LoginRefused, match="AADSTS50173: the password was changed; sign in anew: processor login firma"
    ):
        access_token(ours)
    assert "AADSTS50173" in consent(ours).trouble
    # It was a policy of an hour, say: what comes back is taken, and the trouble is over.
    access_token(ours)
    assert consent(ours).trouble == ""


def test_a_revoked_consent_is_no_outage(server: TokenServer, tmp_path: Path) -> None:
    ours = settings(server, tmp_path)
    signed_in(server, ours)
    server.revoke()
    with pytest.raises(LoginRefused, match="consent is gone"):
        access_token(ours)
    assert days_left(consent(ours), datetime.now(UTC)) == 0


def test_a_refresh_token_that_a_server_says_back_stands_in_no_reason(server: TokenServer, tmp_path: Path) -> None:
    ours = settings(server, tmp_path)
    spent = "0.AXoA" + "k7" * 60
    signed_in(server, ours, refresh_token=spent)
    server.tell(Fault("json", 400, {"error": "invalid_grant", "error_description": f"the token '{spent}' is unknown"}))
    with pytest.raises(LoginRefused, match="the token … is unknown"):
        access_token(ours)
    assert spent[:60] not in consent(ours).trouble


def test_an_application_that_is_not_taken_is_for_somebody_to_mend(server: TokenServer, tmp_path: Path) -> None:
    ours = settings(server, tmp_path, flow="client_credentials", client_secret=lambda: "feil")
    with pytest.raises(Misconfigured, match="AADSTS7000215"):
        access_token(ours)


def test_before_anybody_has_signed_in_the_command_is_named(server: TokenServer, tmp_path: Path) -> None:
    with pytest.raises(LoginRefused, match="processor login firma"):
        access_token(settings(server, tmp_path))
    assert server.asked == []


def test_an_application_with_a_secret_gets_its_token_without_a_person(server: TokenServer, tmp_path: Path) -> None:
    ours = settings(server, tmp_path, flow="client_credentials", client_secret=lambda: "app-secret")
    assert server.user_of(access_token(ours)) == USER
    assert consent(ours).trouble == ""
    assert "refresh_token" not in server.forms("/token")[0]


@pytest.fixture(scope="module")
def rsa(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, RSAKey]:
    """A certificate with its key in one PEM, good for 2 days, and the public half."""
    folder = tmp_path_factory.mktemp("rsa")
    key, cert = folder / "k.pem", folder / "c.pem"
    openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=app",
        "-keyout",
        str(key),
        "-out",
        str(cert),
    )
    pem = key.read_text() + cert.read_text()
    return pem, RSAKey.import_key(key.read_text())


@pytest.mark.parametrize("minutes", [-5, 0, 5])
def test_an_application_with_a_certificate_signs_for_a_clock_that_is_five_minutes_off(
    server: TokenServer, tmp_path: Path, rsa: tuple[str, RSAKey], minutes: int
) -> None:
    pem, key = rsa
    server.keys["app"], server.ahead = key, 60.0 * minutes
    ours = settings(server, tmp_path, flow="client_credentials", certificate=lambda: pem)
    assert server.user_of(access_token(ours)) == USER
    ends = consent(ours)
    assert ends.ends_by == "the application's certificate runs out"
    assert 1.9 < (days_left(ends, datetime.now(UTC)) or 0) < 2.0
    assert len(thumbprint(pem)) == 43


@pytest.mark.parametrize("minutes", [-5, 0, 5])
def test_a_service_account_acts_for_the_mailbox_with_a_clock_that_is_five_minutes_off(
    server: TokenServer, tmp_path: Path, rsa: tuple[str, RSAKey], minutes: int
) -> None:
    pem, key = rsa
    account = {"client_email": "robot@prosjekt.example", "private_key": pem.partition("-----BEGIN CERT")[0]}
    server.keys[account["client_email"]], server.ahead = key, 60.0 * minutes
    ours = settings(server, tmp_path, flow="service_account", service_account=lambda: json.dumps(account), client_id="")
    assert server.user_of(access_token(ours)) == USER


def test_a_clock_that_is_far_off_is_named_and_not_taken_for_a_lost_consent(
    server: TokenServer, tmp_path: Path, rsa: tuple[str, RSAKey]
) -> None:
    pem, key = rsa
    account = {"client_email": "robot@prosjekt.example", "private_key": pem.partition("-----BEGIN CERT")[0]}
    server.keys[account["client_email"]], server.ahead = key, -3600.0
    ours = settings(server, tmp_path, flow="service_account", service_account=lambda: json.dumps(account))
    with pytest.raises(Misconfigured, match="our clock wrong"):
        access_token(ours)


@pytest.mark.parametrize("broken", ["", "{}", "[1]", '{"client_email": "a", "private_key": "no key"}'])
def test_a_service_account_file_that_is_none_is_told(server: TokenServer, tmp_path: Path, broken: str) -> None:
    with pytest.raises(Misconfigured):
        access_token(settings(server, tmp_path, flow="service_account", service_account=lambda: broken))


def test_a_certificate_without_its_key_or_without_itself_is_told(server: TokenServer, tmp_path: Path) -> None:
    good = certificates().good
    for pem in (good.cert.read_text(), "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----"):
        with pytest.raises(Misconfigured):
            access_token(settings(server, tmp_path, flow="client_credentials", certificate=lambda pem=pem: pem))


def test_a_folder_that_cannot_be_written_is_told_before_a_refresh_token_is_spent(
    server: TokenServer, tmp_path: Path
) -> None:
    ours = settings(server, tmp_path)
    signed_in(server, ours)
    ours.file.with_name("firma.tokens.new").mkdir()
    with pytest.raises(Misconfigured, match="cannot be written"):
        access_token(ours)
    assert server.asked == []


def test_a_full_disk_is_told_before_a_refresh_token_is_spent(
    server: TokenServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = settings(server, tmp_path)
    before = signed_in(server, ours)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full)
        with pytest.raises(Misconfigured, match="No space left"):
            access_token(ours)
    assert server.asked == []
    assert file_of(ours).read() == before
    assert server.user_of(access_token(ours)) == USER


def test_a_program_that_ends_in_the_middle_of_a_renewal_keeps_what_came(server: TokenServer, tmp_path: Path) -> None:
    ours = settings(server, tmp_path)
    signed_in(server, ours)
    server.tell(Fault("slow", seconds=0.3))
    # A loop of the daemon: it dies with the main thread, which ends while the server is being asked.
    ending = RENEWER.replace("sys.stdin.readline()", "import threading; from processor.world import web").replace(
        'print(access_token(settings, unlike="access-old"))',
        """
asking, exchange = threading.Event(), web._exchange
web._exchange = lambda *words: asking.set() or exchange(*words)
threading.Thread(target=access_token, args=(settings, "access-old"), daemon=True).start()
asking.wait(20)
""",
    )
    subprocess.run([sys.executable, "-c", ending, ours.token_url, str(ours.file)], check=True, timeout=30)
    kept = file_of(ours).read()
    assert kept is not None
    assert server.user_of(kept.access_token) == USER
    access_token(ours, unlike=kept.access_token)
    assert server.reused == 0


@pytest.mark.parametrize("seconds", [-300.0, 0.0, 300.0])
def test_the_clock_of_the_token_server_is_compared_with_ours(
    server: TokenServer, tmp_path: Path, seconds: float
) -> None:
    server.ahead = seconds
    assert clock_ahead(settings(server, tmp_path)) == pytest.approx(-seconds, abs=2)


def test_a_token_server_that_says_nothing_has_no_clock(server: TokenServer, tmp_path: Path) -> None:
    server.tell(Fault("cut"))
    assert clock_ahead(settings(server, tmp_path)) is None


def test_the_end_of_a_consent_is_the_first_of_those_that_are_known(server: TokenServer, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    ours = settings(server, tmp_path, idle_days=90.0, consent_days=7.0, secret_ends=(now + timedelta(days=30)).date())
    signed_in(server, ours, given_at=now - timedelta(days=3), renewed_at=now)
    assert round(days_left(consent(ours), now) or 0) == 4
    assert "consent_days" in consent(ours).ends_by
    unused = consent(replace(ours, consent_days=0.0, secret_ends=None))
    assert round(days_left(unused, now) or 0) == 90
    server.more = {"refresh_token_expires_in": 86400}
    access_token(ours)
    assert round(days_left(consent(ours), now) or 0) == 1


def test_who_has_no_known_end_is_never_said_to_end_soon() -> None:
    known = [
        Consent("a"),
        Consent("b", ends_at=NOW + timedelta(days=13)),
        Consent("c", ends_at=NOW + timedelta(days=15)),
    ]
    assert [each.login for each in ends_soon([*known, Consent("d", trouble="gone")], NOW)] == ["b", "d"]
    assert days_left(Consent("e", ends_at=NOW - timedelta(days=2), trouble="gone"), NOW) == -2
