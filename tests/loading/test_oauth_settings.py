"""The tables that let a mailbox in by OAuth: read with their usual values, each mistake with its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from processor.config import Config
from processor.loading.configuration import load_config
from processor.loading.problems import Refused

HEAD = """[company]
key = { file = "key" }
"""
MAILBOX = """
[[mailbox]]
name = "annen"
host = "imap.example.com"
user = "annen@firma.example"
password = { file = "key" }
[[mailbox]]
name = "firma"
host = "outlook.office365.com"
user = "post@firma.example"
[mailbox.oauth]
"""
MICROSOFT = 'provider = "microsoft"\nclient_id = "id"\n'
SMTP = '\n[smtp]\nhost = "smtp.office365.com"\nfrom_address = "post@firma.example"\n[smtp.oauth]\n'


def load(folder: Path, oauth: str, more: str = "") -> Config:
    (folder / "key").write_text("hemmelig")
    (folder / "config.toml").write_text(HEAD + MAILBOX + oauth + more)
    return load_config(folder / "config.toml")


def problems(folder: Path, oauth: str, more: str = "") -> list[str]:
    with pytest.raises(Refused) as refused:
        load(folder, oauth, more)
    return [str(each).removeprefix(f"{folder}/config.toml:") for each in refused.value.problems]


def test_microsoft_needs_an_application_and_nothing_more(tmp_path: Path) -> None:
    config = load(tmp_path, MICROSOFT)
    assert config.mailboxes[0].oauth is None
    ours = config.mailboxes[1].oauth
    assert ours is not None
    assert (ours.flow, ours.idle_days, ours.user) == ("device", 90.0, "post@firma.example")
    assert ours.token_url == "https://login.microsoftonline.com/organizations/oauth2/v2.0/token"
    assert ours.scopes == (
        "https://outlook.office.com/IMAP.AccessAsUser.All",
        "https://outlook.office.com/SMTP.Send",
        "offline_access",
    )
    assert ours.file == tmp_path / "var" / "tokens" / "mailbox-firma.tokens"
    assert ours.key() == "hemmelig"
    assert "hemmelig" not in repr(ours)


def test_an_application_lets_itself_in_with_its_tenant_and_secret(tmp_path: Path) -> None:
    more = 'flow = "client_credentials"\ntenant = "firma.example"\nclient_secret = { file = "key" }\nsecret_ends = 2027-05-01\n'
    ours = load(tmp_path, MICROSOFT + more).mailboxes[1].oauth
    assert ours is not None
    assert ours.scopes == ("https://outlook.office365.com/.default",)
    assert "/firma.example/" in ours.token_url
    assert ours.secret_ends == date(2027, 5, 1)


def test_a_sovereign_cloud_has_its_own_authority_and_scopes(tmp_path: Path) -> None:
    more = 'authority = "https://login.microsoftonline.us"\nscopes = ["https://outlook.office365.us/IMAP.AccessAsUser.All"]\n'
    ours = load(tmp_path, MICROSOFT + more).mailboxes[1].oauth
    assert ours is not None
    assert ours.device_url == "https://login.microsoftonline.us/organizations/oauth2/v2.0/devicecode"
    assert len(ours.scopes) == 1


def test_google_goes_by_browser_or_service_account(tmp_path: Path) -> None:
    ours = (
        load(tmp_path, 'provider = "google"\nclient_id = "id"\nclient_secret = { file = "key" }\n').mailboxes[1].oauth
    )
    assert ours is not None
    assert (ours.flow, ours.scopes) == ("browser", ("https://mail.google.com/",))
    robot = 'provider = "google"\nflow = "service_account"\nservice_account = { file = "key" }\n'
    assert load(tmp_path, robot).mailboxes[1].oauth is not None


def test_smtp_shares_a_mailboxs_login_or_has_its_own(tmp_path: Path) -> None:
    config = load(tmp_path, MICROSOFT, SMTP + 'mailbox = "firma"\n')
    assert config.smtp is not None
    assert config.smtp.oauth is config.mailboxes[1].oauth
    assert config.smtp.user == "post@firma.example"
    own = load(tmp_path, MICROSOFT, SMTP + MICROSOFT).smtp
    assert own is not None
    assert own.oauth is not None
    assert own.oauth.login == "smtp"


def test_tokens_have_a_folder_and_key_of_their_own_where_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "annen").write_text("annen nokkel")
    ours = load(tmp_path, MICROSOFT, '\n[tokens]\nkey = { file = "annen" }\nfolder = "andre"\n').mailboxes[1].oauth
    assert ours is not None
    assert ours.key() == "annen nokkel"
    assert ours.file.parent == tmp_path / "andre"


def test_a_mailboxs_name_makes_no_path(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("hemmelig")
    text = HEAD + MAILBOX.replace('"firma"', '"../firma"') + MICROSOFT
    (tmp_path / "config.toml").write_text(text)
    ours = load_config(tmp_path / "config.toml").mailboxes[1].oauth
    assert ours is not None
    assert ours.file.parent == tmp_path / "var" / "tokens"


@pytest.mark.parametrize(
    ("oauth", "problem"),
    [
        ('client_id = "id"\n', "needs 'provider'"),
        ('provider = "micrsoft"\n', "did you mean microsoft?"),
        ('provider = "microsoft"\n', "needs 'client_id'"),
        ('provider = "google"\nflow = "device"\nclient_id = "id"\n', "Google gives no access to mail by a device code"),
        (MICROSOFT + 'flow = "client_credentials"\ntenant = "t"\n', "needs client_secret"),
        (MICROSOFT + 'flow = "client_credentials"\nclient_secret = { file = "key" }\n', "needs 'tenant'"),
        (MICROSOFT + 'client_secret = "selve hemmeligheten"\n', "never the secret itself"),
        (MICROSOFT + 'client_secret = { file = "key" }\ncertificate = { file = "key" }\n', "both"),
        (MICROSOFT + 'token_url = "http://login.example.com/token"\n', "https:// address"),
        (MICROSOFT + 'secret_ends = "2027-05-01"\n', "without quotes"),
        (MICROSOFT + "timeout = 500\n", "120 seconds at most"),
        (MICROSOFT + "consent_days = 0\n", "more than 0"),
        (MICROSOFT + 'tennant = "t"\n', "did you mean tenant?"),
        ('provider = "google"\nflow = "service_account"\n', "the JSON key"),
        ('provider = "other"\nclient_id = "id"\n', "needs 'token_url'"),
    ],
)
def test_each_mistake_is_told_with_its_line(tmp_path: Path, oauth: str, problem: str) -> None:
    found = problems(tmp_path, oauth)
    assert any(problem in each for each in found), found
    first = (HEAD + MAILBOX).count("\n")
    assert all(first <= int(each.partition(":")[0]) <= first + oauth.count("\n") for each in found)


def test_a_secret_written_into_the_file_is_not_shown(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, MICROSOFT + 'client_secret = "selve hemmeligheten"\n')
    assert "selve" not in found


def test_password_and_tokens_together_are_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("hemmelig")
    text = (
        HEAD
        + MAILBOX.replace('"post@firma.example"\n', '"post@firma.example"\npassword = { file = "key" }\n')
        + MICROSOFT
    )
    (tmp_path / "config.toml").write_text(text + SMTP + 'mailbox = "annen"\n')
    with pytest.raises(Refused) as refused:
        load_config(tmp_path / "config.toml")
    assert "has both" in str(refused.value)
    assert "no mailbox 'annen' has a table [mailbox.oauth]" in str(refused.value)
