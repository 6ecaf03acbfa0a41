"""[alarms] in config.toml: what is right is read, what is wrong is told with its line."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from processor.alarm import Pace, Thresholds
from processor.config import AlarmSettings
from processor.loading.configuration import load_config
from processor.loading.problems import Refused
from tests.shipped import configuration

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


def load(folder: Path, text: str) -> AlarmSettings:
    (folder / "key").write_text("https://hooks.example/hemmelig")
    path = folder / "config.toml"
    path.write_text(configuration("") + text)
    return load_config(path).alarms


def test_without_the_table_nobody_is_told_and_the_usual_thresholds_hold(tmp_path: Path) -> None:
    found = load(tmp_path, "")
    assert (found.webhooks, found.commands, found.mails, found.ping) == ((), (), (), None)
    assert (found.thresholds, found.pace) == (Thresholds(), Pace())


def test_the_example_names_every_setting_with_its_usual_value(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    for name in ("hook", "ping"):
        (tmp_path / "secrets" / name).write_text("https://hooks.example/hemmelig")
    text = EXAMPLE.read_text()
    part = text[text.index("# [alarms]") : text.index("# [alarms.smtp]")]
    found = load(tmp_path, re.sub(r"(?m)^# ", "", part))
    assert (found.thresholds, found.pace) == (Thresholds(), Pace())
    assert found.ping
    assert found.webhooks[0].url() == found.ping.url() == "https://hooks.example/hemmelig"
    assert found.commands[0].argv == ("/usr/local/bin/ring",)


def test_every_threshold_is_read(tmp_path: Path) -> None:
    names = (
        "oldest_mail_minutes", "unread_minutes", "login_minutes", "delivery_minutes", "lease_minutes",
        "token_days", "reconciled_hours", "deadline_days", "unknown_replies", "disk_free_mb",
    )  # fmt: skip
    lines = [f"{name} = {number}" for number, name in enumerate(names, 2)]
    found = load(tmp_path, "[alarms]\n" + "\n".join([*lines, 'off = ["disk_full"]'])).thresholds
    minutes = (found.oldest_mail, found.unread, found.login, found.delivery, found.lease)
    assert minutes == tuple(timedelta(minutes=number) for number in (2, 3, 4, 5, 6))
    assert (found.token, found.reconciled) == (timedelta(days=7), timedelta(hours=8))
    assert (found.deadline_days, found.unknown_replies, found.disk_free) == (9, 10, 11_000_000)
    assert found.off == {"disk_full"}


def test_mail_goes_by_an_account_of_its_own_or_by_that_of_the_answers(tmp_path: Path) -> None:
    found = load(tmp_path, '[alarms]\nmail = ["vakt@firma.no"]')
    assert found.smtp
    assert found.smtp.from_address == "oppsigelse@visma.no"
    own = '[alarms.smtp]\nhost = "smtp.other.example"\nfrom_address = "vakt@other.example"'
    found = load(tmp_path, f'[alarms]\nmail = ["vakt@firma.no"]\n{own}')
    assert found.smtp
    assert (found.smtp.host, found.smtp.from_address) == ("smtp.other.example", "vakt@other.example")


WRONG = [
    ('mail = ["vakt"]', "mail must list mail addresses, and 'vakt' is none"),
    ('mail = ["oppsigelse@visma.no"]', "oppsigelse@visma.no is read by the program itself"),
    ("oldest_mail_minutes = 0", "oldest_mail_minutes must be more than 0"),
    ("repeat_hours = 999999", "repeat_hours must be 744 at most"),
    ('off = ["disk"]', "off names no alarm 'disk'"),
    ('language = "sv"', "language must be one of nb, en"),
    ('ping = "http://hc.example/x"', "ping must be an https:// address"),
    ("minutes = 3", "[alarms] knows no 'minutes'"),
    ('[[alarms.webhook]]\nurl = "https://user@hooks.example/x"', "url must be an https:// address"),
    ("[[alarms.webhook]]\nurl = { file = 'gone' }", "cannot be read"),
    ('[[alarms.webhook]]\nform = "slack"', "needs 'url'"),
    ('[[alarms.webhook]]\nurl = "https://hooks.example/x"\nform = "irc"', "form must be one of json, slack, teams"),
    ("[[alarms.command]]\ntimeout = 3", "a command needs argv"),
    ('[[alarms.command]]\nargv = ["ring"]', "argv must begin with the whole path of a program"),
    ('[[alarms.command]]\nargv = ["/bin/true"]\ntimeout = 90', "timeout must be 60 at most"),
    ('[alarms.smtp]\nhost = "smtp.firma.no"', "needs 'from_address'"),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_what_is_wrong_is_told_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        load(tmp_path, f"[alarms]\n{text}")
    assert said in "\n".join(map(str, refused.value.problems))
    assert all(problem.line for problem in refused.value.problems)


def test_a_secret_that_is_no_address_is_refused_without_being_told(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text("hemmelig")
    with pytest.raises(Refused) as refused:
        load(tmp_path, '[[alarms.webhook]]\nurl = { file = "hook" }')
    told = "\n".join(map(str, refused.value.problems))
    assert "url refers to something that is no https:// address" in told
    assert "hemmelig" not in told
