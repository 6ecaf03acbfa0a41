"""The ways by which an alarm leaves, against a real web server, a real SMTP server and real programs."""

from __future__ import annotations

import email.policy
import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path

import pytest

from processor.alarm import Alarm
from processor.alarms.ways import body_of, ping, ways_of
from processor.alarms.words import Message, message, test_message
from processor.config import AlarmSettings, Command, Webhook
from processor.mail_servers import SmtpSettings
from processor.world.hook import HookFailed, run_hook
from tests.servers.dovecot import free_port
from tests.servers.hooks import Hook, hook_server
from tests.servers.smtp_sink import Fault, SmtpSink

test_message.__test__ = False  # type: ignore[attr-defined]  # it makes a message, and is no test

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
ALARM = Alarm("login_failed", "støtte", {"since": NOW.isoformat(), "said": "[AUTHENTICATIONFAILED] <no> & *no*"})
RAISED = message("20261126T020000-7", ALARM, "raised", NOW, NOW, "nb")


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hook_server() as made:
        yield made


def told(settings: AlarmSettings, what: Message = RAISED) -> list[str]:
    return [way(what) for way in ways_of(settings).values()]


def program(tmp_path: Path, body: str) -> Command:
    path = tmp_path / "ring"
    path.write_text(f"#!{sys.executable}\n{body}")
    path.chmod(0o755)
    return Command((str(path), "; touch /nobody/reads/this"), 5.0)


def smtp(sink: SmtpSink, **changed: object) -> SmtpSettings:
    plain = {"host": sink.host, "port": sink.port, "tls": "plain", "timeout": 5.0, "from_address": "vakt@firma.no"}
    return SmtpSettings(**{**plain, "envelope_from": "vakt@firma.no", **changed})  # type: ignore[arg-type]


def test_a_webhook_gets_the_alarm_as_values(hook: Hook) -> None:
    assert told(AlarmSettings(webhooks=(Webhook(lambda: f"{hook.url}/alarm?key=1"),))) == [""]
    ((method, path, body),) = hook.asked
    assert (method, path) == ("POST", "/alarm?key=1")
    assert body == {
        "id": "20261126T020000-7",
        "event": "raised",
        "alarm": "login_failed",
        "subject": "støtte",
        "title": "ALARM: Innloggingen til postkassen støtte er blitt avvist siden 26.11. kl. 03.00",
        "text": RAISED.text,
        "facts": dict(ALARM.facts),
        "raised_at": NOW.isoformat(),
        "at": NOW.isoformat(),
    }


def test_slack_and_teams_get_it_as_they_want_it(hook: Hook) -> None:
    forms = tuple(Webhook(lambda: hook.url, form) for form in ("slack", "teams"))
    assert told(AlarmSettings(webhooks=forms)) == ["", ""]
    slack, teams = hook.bodies
    assert set(slack) == {"text"}
    assert slack["text"].startswith("*ALARM: Innloggingen til postkassen støtte")
    assert "&lt;no&gt; &amp; *no*" in slack["text"]
    (card,) = teams["attachments"]
    assert (teams["type"], card["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    assert card["content"]["type"] == "AdaptiveCard"
    assert [block["type"] for block in card["content"]["body"]] == ["TextBlock"] * 5
    assert card["content"]["body"][0]["text"] == RAISED.title
    assert body_of(RAISED, "teams") == teams


@pytest.mark.parametrize("status", [301, 404, 429, 500])
def test_a_webhook_that_says_anything_but_yes_has_failed(hook: Hook, status: int) -> None:
    hook.statuses.append(status)
    assert told(AlarmSettings(webhooks=(Webhook(lambda: hook.url),))) == [f"127.0.0.1 says {status}"]


@pytest.mark.parametrize("status", [200, 202, 204])
def test_every_kind_of_yes_is_one(hook: Hook, status: int) -> None:
    # A Teams workflow says 202.
    hook.statuses.append(status)
    assert told(AlarmSettings(webhooks=(Webhook(lambda: hook.url),))) == [""]


def test_a_webhook_that_hangs_costs_its_time_only(hook: Hook) -> None:
    hook.hang()
    began = time.monotonic()
    assert told(AlarmSettings(webhooks=(Webhook(lambda: hook.url, timeout=0.2),)))[0].endswith("did not answer in time")
    assert time.monotonic() - began < 5


def test_no_secret_of_a_url_is_ever_told(hook: Hook) -> None:
    def missing() -> str:
        raise OSError("the secret in /etc/hook cannot be read")

    urls = (f"http://127.0.0.1:{free_port()}/hemmelig", "ftp://hemmelig.example/x", "http://firma.no/hemmelig")
    failed = told(AlarmSettings(webhooks=(*(Webhook(lambda url=url: url) for url in urls), Webhook(missing))))  # type: ignore[misc]
    assert all(failed)
    assert "hemmelig" not in " ".join(failed)
    assert failed[3] == "OSError: the secret in /etc/hook cannot be read"


def test_a_command_gets_the_text_on_standard_input_and_the_rest_in_its_environment(tmp_path: Path) -> None:
    os.environ["ALARM_TEST_SECRET"] = "hemmelig"
    body = (
        "import os, sys, json\n"
        f"told = [sys.argv[1:], sys.stdin.buffer.read().decode(), dict(os.environ)]\n"
        f"open({str(tmp_path / 'told')!r}, 'w').write(json.dumps(told))\n"
    )
    try:
        assert told(AlarmSettings(commands=(program(tmp_path, body),))) == [""]
    finally:
        del os.environ["ALARM_TEST_SECRET"]
    words, text, environment = json.loads((tmp_path / "told").read_text())
    # No shell has read the words.
    assert words == ["; touch /nobody/reads/this"]
    assert text == f"{RAISED.title}\n\n{RAISED.text}\n"
    assert environment["PROCESSOR_ALARM"] == "login_failed"
    assert environment["PROCESSOR_ALARM_SUBJECT"] == "støtte"
    assert environment["PROCESSOR_ALARM_EVENT"] == "raised"
    assert "ALARM_TEST_SECRET" not in environment


def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    command = program(tmp_path, "import sys; sys.exit('no modem\\n  here')")
    assert told(AlarmSettings(commands=(command,))) == [f"{command.argv[0]} ended with status 1: no modem here"]
    gone = Command((str(tmp_path / "gone"),))
    assert told(AlarmSettings(commands=(gone,))) == [f"{tmp_path}/gone cannot be run: No such file or directory"]


def test_a_command_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    body = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(pid)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)\n"
    )
    command = program(tmp_path, body)
    with pytest.raises(HookFailed, match="did not end within 1 s"):
        run_hook(command.argv, b"x" * 1_000_000, 1.0)
    child = int(pid.read_text())
    until = time.monotonic() + 5
    while alive(child) and time.monotonic() < until:
        time.sleep(0.01)
    assert not alive(child)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def test_a_command_that_does_not_read_what_it_is_told_has_not_failed(tmp_path: Path) -> None:
    run_hook(program(tmp_path, "").argv, b"x" * 1_000_000, 5.0)


def test_a_mail_reaches_each_address_by_the_account_of_the_alarms(sink: SmtpSink) -> None:
    settings = AlarmSettings(mails=("a@vakt.no", "b@vakt.no"), smtp=smtp(sink))
    assert list(ways_of(settings)) == ["mail a@vakt.no", "mail b@vakt.no"]
    assert told(settings) == ["", ""]
    assert [each.recipients for each in sink.accepted] == [("a@vakt.no",), ("b@vakt.no",)]
    mail = message_from_bytes(sink.accepted[0].data, policy=email.policy.default)
    assert mail["Subject"] == RAISED.title
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == "<alarm.20261126T020000-7@firma.no>"
    body = mail.get_body()
    assert body is not None
    assert body.get_content().splitlines() == RAISED.text.splitlines()


def test_a_mail_that_is_refused_has_failed_with_what_the_server_said(sink: SmtpSink) -> None:
    sink.tell(Fault("rcpt", "450 4.7.1 Greylisted"))
    assert told(AlarmSettings(mails=("a@vakt.no",), smtp=smtp(sink))) == ["450 4.7.1 Greylisted"]
    dead = smtp(sink, port=free_port())
    assert "Refused" in told(AlarmSettings(mails=("a@vakt.no",), smtp=dead))[0]


def test_the_ping_asks_its_url_and_sends_nothing(hook: Hook) -> None:
    assert ping(Webhook(lambda: f"{hook.url}/0f5a")) == ""
    assert hook.asked == [("GET", "/0f5a", None)]
    hook.statuses.append(404)
    assert ping(Webhook(lambda: hook.url)) == "127.0.0.1 says 404"


def test_the_test_says_that_it_is_one() -> None:
    said = test_message("t", NOW, "nb")
    assert said.title == "PRØVE: Dette er en prøve"
    assert said.values["alarm"] == ""
    assert "Ingenting er galt" in said.text
