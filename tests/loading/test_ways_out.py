"""[smtp] via in config.toml: by which way replies leave, and what says nothing beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from processor.loading.configuration import load_config
from processor.loading.problems import Refused
from processor.mail_servers import SmtpSettings
from tests.shipped import configuration


def load(folder: Path, lines: str) -> SmtpSettings:
    (folder / "key").write_text("a key")
    before, _, after = configuration("").partition("[smtp]")
    rest = after[after.index("[[mailbox]]") :]
    (folder / "config.toml").write_text(f'{before}[smtp]\nfrom_address = "a@firma.no"\n{lines}\n{rest}')
    found = load_config(folder / "config.toml").smtp
    assert found
    return found


def test_a_sendmail_command_needs_no_host(tmp_path: Path) -> None:
    found = load(tmp_path, 'via = "sendmail"')
    assert (found.command, found.place) == (("/usr/sbin/sendmail",), "/usr/sbin/sendmail")
    found = load(tmp_path, 'via = "sendmail"\ncommand = ["/usr/bin/msmtp", "-a", "support"]')
    assert found.command == ("/usr/bin/msmtp", "-a", "support")


def test_lmtp_is_spoken_to_a_port_or_a_socket(tmp_path: Path) -> None:
    found = load(tmp_path, 'via = "lmtp"\nhost = "127.0.0.1"')
    assert (found.place, found.tls) == ("127.0.0.1:24", "plain")
    found = load(tmp_path, 'via = "lmtp"\nhost = "/run/dovecot/lmtp"')
    assert (found.place, found.tls) == ("/run/dovecot/lmtp", "plain")


def test_a_folder_lies_beside_the_configuration(tmp_path: Path) -> None:
    assert load(tmp_path, 'via = "file"').place == str(tmp_path / "var" / "out")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('via = "post"', "via must be one of smtp, sendmail, lmtp, file"),
        ('via = "sendmail"\nhost = "smtp.firma.no"', 'host says nothing with via = "sendmail"'),
        ('via = "sendmail"\ncommand = ["sendmail"]', "must begin with the whole path"),
        ('via = "file"\ncommand = ["/bin/true"]', "knows no 'command'"),
        ('via = "lmtp"\nhost = "lmtp.firma.no"', "plain is for loopback addresses only"),
        ('via = "lmtp"', "needs 'host'"),
        ('host = "smtp.firma.no"\nfolder = "out"', "knows no 'folder'"),
        ('host = "smtp.firma.no"\ndkim_selectors = "s1"', "dkim_selectors must be a list"),
    ],
)
def test_what_does_not_fit_the_way_is_told_with_its_line(tmp_path: Path, lines: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        load(tmp_path, lines)
    assert said in "\n".join(map(str, refused.value.problems))
    assert all(problem.line for problem in refused.value.problems)
