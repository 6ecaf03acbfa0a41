"""The pages for Microsoft 365 and Google: their configuration is right, and their commands do what they say.

The providers' servers are ours here: Dovecot, aiosmtpd and a token server.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import func, select

from processor.consent import Grant
from processor.daemon import begin_answering
from processor.loading.configuration import load_config
from processor.loading.problems import Refused
from processor.steps.consents import logins
from processor.steps.loops import MailboxLoop
from processor.store import tables as t
from processor.store.engine import open_store
from processor.world.tokens import keep
from tests.docs.pages import OPERATE, blocks
from tests.servers import ready
from tests.servers.dovecot import Dovecot
from tests.servers.smtp_sink import SmtpSink
from tests.servers.token_server import TokenServer

ROOT = Path(__file__).parent.parent.parent
PAGES = {name: (OPERATE / f"{name}.md").read_text() for name in ("microsoft365", "google")}
USER = "oppsigelse@example.com"
HEAD = f"""[company]
key = {{ file = "secrets/key" }}
[rules]
rules = "{ROOT}/rules"
templates = "{ROOT}/templates"
[desk]
listen = ""
"""
MAIL = b"From: kari@kunde.example\r\nTo: oppsigelse@example.com\r\nSubject: hei\r\nMessage-ID: <1@kunde.example>\r\n\r\nhei\r\n"


def shown(page: str, kind: str) -> list[str]:
    return blocks(OPERATE / f"{page}.md", kind)


def mailboxes(page: str) -> list[str]:
    return [block for block in shown(page, "toml") if "[[mailbox]]" in block]


@pytest.fixture(scope="module")
def tokens() -> Iterator[TokenServer]:
    with TokenServer() as server:
        server.owner = USER
        yield server


@pytest.fixture(scope="module")
def dovecot(tokens: TokenServer) -> Iterator[Dovecot]:
    with Dovecot({USER: "pw"}, introspection=f"{tokens.url}/introspect") as server:
        yield server


@pytest.fixture(scope="module")
def sink(tokens: TokenServer) -> Iterator[SmtpSink]:
    with SmtpSink("starttls", tokens=tokens.user_of) as server:
        yield server


def secrets(folder: Path, tokens: TokenServer) -> None:
    """The files that the pages name, the certificate by the page's own commands."""
    (folder / "secrets").mkdir()
    (folder / "secrets" / "key").write_text("nokkel")
    (folder / "secrets" / "client").write_text("app-secret")
    (commands,) = shown("microsoft365", "sh")
    subprocess.run(["sh", "-ec", commands], cwd=folder, check=True, capture_output=True, timeout=30)
    pem = (folder / "secrets" / "certificate.pem").read_text()
    key = pem.partition("-----BEGIN CERTIFICATE")[0]
    robot = {"client_email": "robot@prosjekt.example", "private_key": key, "private_key_id": "1"}
    (folder / "secrets" / "service-account.json").write_text(json.dumps(robot))
    for name in ("11111111-1111-1111-1111-111111111111", "robot@prosjekt.example"):
        tokens.keys[name] = RSAKey.import_key(key)
    for name in ("11111111-1111-1111-1111-111111111111", "1234567890-abcdef.apps.googleusercontent.com"):
        tokens.clients[name] = "app-secret"


def ours(block: str, tokens: TokenServer, dovecot: Dovecot, sink: SmtpSink) -> str:
    """A page's configuration with our servers in the place of the provider's."""
    text = re.sub(
        r'host = "(outlook|imap)\..*"', f'host = "127.0.0.1"\nport = {dovecot.imap_port}\ntls = "plain"', block
    )
    smtp = f'host = "127.0.0.1"\nport = {sink.port}\nca_file = "{sink.certificates.ca}"'
    text = re.sub(r'host = "smtp\..*"', smtp, text)
    # Doctor asks DNS of a domain of the world's; of this one there is nothing to ask.
    text = text.replace('from_address = "oppsigelse@example.com"', 'from_address = "oppsigelse@firma.example"')
    there = {"token_url": "token", "device_url": "device", "authorize_url": "authorize"}
    urls = "".join(f'{name} = "{tokens.url}/{path}"\n' for name, path in there.items())
    return HEAD + text.replace("[mailbox.oauth]\n", f"[mailbox.oauth]\n{urls}")


def login(folder: Path, tokens: TokenServer) -> str:
    """What `processor login oppsigelse` shows, with somebody who does what it asks."""
    shown = subprocess.Popen(
        [sys.executable, "-m", "processor", "login", "oppsigelse"], cwd=folder, env={**os.environ},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert shown.stdout
    lines: list[str] = []
    while (line := shown.stdout.readline()) and "Waiting" not in line:
        lines.append(line)
    tokens.agree(USER)
    address = next((line.strip() for line in lines if "/authorize?" in line), "")
    back = tokens.authorize(dict(parse_qsl(urlsplit(address).query)), USER) if address else ""
    rest, _ = shown.communicate(f"{back}\n", timeout=30)
    told = "".join(lines) + line + rest
    assert shown.returncode == 0, told
    return told


@pytest.mark.parametrize(("page", "number"), [("microsoft365", 0), ("microsoft365", 1), ("google", 0), ("google", 1)])
def test_a_pages_configuration_and_commands_let_the_program_in(
    page: str, number: int, tokens: TokenServer, dovecot: Dovecot, sink: SmtpSink, tmp_path: Path
) -> None:
    secrets(tmp_path, tokens)
    (tmp_path / "config.toml").write_text(ours(mailboxes(page)[number], tokens, dovecot, sink))
    commands = [line for line in shown(page, "console")[number].splitlines() if line.startswith("$ ")]
    assert commands == ["$ processor check", "$ processor login oppsigelse", "$ processor doctor"]
    told = login(tmp_path, tokens)
    assert told.count(f"Logged in to 127.0.0.1 as {USER}\n") == 2
    assert ("FJORD-42" in told) is (page == "microsoft365" and number == 0)
    for line in shown(page, "console")[number].splitlines():
        if line.startswith(("In ", "Sign in there as", "The application", "Where the browser")):
            assert line.partition("https")[0] in told
    for command in ("check", "doctor"):
        done = ready.run([command], tmp_path, {**os.environ, "PYTHONPATH": str(ROOT)})
        assert done.returncode == 0, done.stdout + done.stderr
    assert tokens.reused == 0


def test_mail_is_taken_in_while_tokens_expire_between_the_passes(
    tokens: TokenServer, dovecot: Dovecot, sink: SmtpSink, tmp_path: Path
) -> None:
    secrets(tmp_path, tokens)
    (tmp_path / "config.toml").write_text(ours(mailboxes("microsoft365")[0], tokens, dovecot, sink))
    config = load_config(tmp_path / "config.toml")
    keep(logins(config)[0], Grant(refresh_token=tokens.consent(USER)))
    engine = open_store(config.store_url)
    begin_answering(engine, config)
    loop = MailboxLoop(config.mailboxes[0], engine, lambda: datetime.now(UTC), threading.Event(), lambda: None)
    for mails in (1, 2, 3):
        dovecot.deliver(USER, MAIL.replace(b"<1@", b"<%d@" % mails))
        tokens.expire()
        if mails > 1:
            assert loop.mailbox._session
            loop.mailbox._session.abort()
            # The line broke under it; what the daemon does after a moment is done here at once.
            assert not loop.one_pass()
        assert loop.one_pass()
        with engine.connect() as conn:
            assert conn.execute(select(func.count()).select_from(t.mail)).scalar() == mails
    loop.mailbox.close()
    engine.dispose()
    assert tokens.reused == 0


@pytest.mark.parametrize("page", PAGES)
def test_every_configuration_of_a_page_is_right_as_it_stands(page: str, tokens: TokenServer, tmp_path: Path) -> None:
    secrets(tmp_path, tokens)
    for block in mailboxes(page):
        for text in (block, re.sub(r"(?m)^# (?=(flow|consent_days) = )", "", block)):
            (tmp_path / "config.toml").write_text(HEAD + text)
            (login,) = logins(load_config(tmp_path / "config.toml"))
            assert login.provider == page.removesuffix("365")


def test_the_key_of_the_tokens_comes_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place,) = [block for block in shown("microsoft365", "toml") if "[tokens]" in block]
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key").write_text("nokkel")
    (tmp_path / "tokens").write_text("egen nokkel")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "config.toml").write_text(
        HEAD + place + mailboxes("google")[0].partition("[smtp]")[0].replace("client_secret", "# ")
    )
    (login,) = logins(load_config(tmp_path / "config.toml"))
    assert login.key() == "egen nokkel"


def test_the_example_configuration_shows_a_login_that_is_right(tmp_path: Path) -> None:
    example = (ROOT / "config.example.toml").read_text()
    (tmp_path / "secrets").mkdir()
    for name in ("key", "mailbox", "client", "tokens"):
        (tmp_path / "secrets" / name).write_text("hemmelig")
    text = re.sub(r"(?m)^password = .*$", "", example)
    for table in ("smtp.oauth", "mailbox.oauth", "tokens"):
        begin = text.index(f"# [{table}]")
        end = text.index("\n\n", begin)
        text = text[:begin] + re.sub(r"(?m)^# ", "", text[begin:end]) + text[end:]
    (tmp_path / "config.toml").write_text(text)
    try:
        config = load_config(tmp_path / "config.toml")
    except Refused as refused:
        pytest.fail(str(refused))
    assert config.smtp is not None
    assert config.smtp.oauth is config.mailboxes[0].oauth


def test_the_pages_name_what_the_program_says() -> None:
    source = "".join(path.read_text() for path in (ROOT / "processor").rglob("*.py"))
    for said in (
        "the consent is gone", "does not take our application", "a new token for", "was refused",
        "the token server is out of order", "instead of JSON", "this machine's clock is", "the token server finds our clock wrong",
    ):  # fmt: skip
        assert said in source
        assert any(said in page for page in PAGES.values())
