"""`processor init`: servers are proposed by provider, SRV records or autoconfig, and what is written passes `check`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from processor.cli.main import app
from processor.config import Config
from processor.loading.configuration import load_config
from processor.loading.examples import examples_beside, load_examples
from processor.loading.problems import Refused
from processor.presets import KEYS, PRESETS, Proposal, Server, preset, presets_for
from processor.world import discovering
from processor.world.discovering import discover, read_file
from processor.world.web import NoAnswer
from tests.servers.registers import Zone, dns_server

ADDRESS = "oppsigelse@firma.no"
SRV = {
    ("_imaps._tcp.firma.no.", "SRV"): ["10 0 993 second.firma.no.", "0 1 993 imap.firma.no."],
    ("_submission._tcp.firma.no.", "SRV"): ["0 1 587 smtp.firma.no."],
}
FILE = b"""<?xml version="1.0"?>
<clientConfig version="1.1"><emailProvider id="firma.no">
<incomingServer type="pop3"><hostname>pop.firma.no</hostname><port>995</port><socketType>SSL</socketType></incomingServer>
<incomingServer type="imap"><hostname>clear.firma.no</hostname><port>143</port><socketType>plain</socketType></incomingServer>
<incomingServer type="imap"><hostname>imap.firma.no</hostname><port>993</port><socketType>SSL</socketType>
<username>%EMAILLOCALPART%</username></incomingServer>
<outgoingServer type="smtp"><hostname>smtp.firma.no</hostname><port>587</port><socketType>STARTTLS</socketType></outgoingServer>
</emailProvider></clientConfig>"""


@pytest.fixture
def zone() -> Iterator[Zone]:
    with dns_server(Zone()) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def nothing(url: str) -> bytes:
    raise NoAnswer("unreachable", url)


def found(zone: Zone, address: str = ADDRESS, file: bytes = b"") -> list[Proposal]:
    return discover(address, [zone.server], (lambda _: file) if file else nothing)


def run(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, ["init", *words], input=typed)


def written(folder: Path) -> Config:
    (folder / "secrets" / "mailbox").write_text("pw")
    return load_config(folder / "config.toml")


@pytest.mark.parametrize(
    ("exchanger", "name"),
    [
        ("firma-no.mail.protection.outlook.com.", "Microsoft 365"),
        ("firma-no.x-v1.mx.microsoft.", "Microsoft 365"),
        ("ASPMX.L.GOOGLE.COM.", "Google"),
        ("smtp.google.com.", "Google"),
        ("in1-smtp.messagingengine.com.", "Fastmail"),
        ("mx1.pub.one.com.", "one.com"),
        ("mx.domeneshop.no.", "Domeneshop"),
        ("mxext1.mailbox.org.", "mailbox.org"),
    ],
)
def test_a_provider_is_known_by_who_takes_the_mail(zone: Zone, exchanger: str, name: str) -> None:
    zone.records["firma.no.", "MX"] = [f"10 {exchanger}"]
    assert [each.name for each in found(zone)] == [name]


def test_a_provider_is_known_by_the_address_alone_and_by_no_part_of_a_name(zone: Zone) -> None:
    assert [each.name for each in found(zone, "a@gmail.com")] == ["Google"]
    assert [each.name for each in found(zone, "a@firma.onmicrosoft.com")] == ["Microsoft 365"]
    zone.records["firma.no.", "MX"] = ["10 mx.notgoogle.com.", "10 google.com.firma.no."]
    assert found(zone) == []


def test_an_address_of_two_providers_is_a_doubt(zone: Zone) -> None:
    zone.records["firma.no.", "MX"] = ["10 aspmx.l.google.com.", "20 firma-no.mail.protection.outlook.com."]
    assert [each.name for each in found(zone)] == ["Microsoft 365", "Google"]
    assert len(presets_for("gmail.com", ["aspmx.l.google.com"])) == 1


def test_srv_records_are_taken_by_their_priority(zone: Zone) -> None:
    zone.records |= SRV
    (proposal,) = found(zone)
    assert (proposal.imap, proposal.smtp) == (
        Server("imap.firma.no", 993, "implicit"),
        Server("smtp.firma.no", 587, "starttls"),
    )


def test_a_service_that_is_said_not_to_be_there_is_not(zone: Zone) -> None:
    zone.records |= SRV
    zone.records["_submission._tcp.firma.no.", "SRV"] = ["0 0 0 ."]
    assert found(zone) == []


def test_an_autoconfig_file_is_read_and_nothing_in_clear_is_taken(zone: Zone) -> None:
    (proposal,) = found(zone, file=FILE)
    assert proposal.imap == Server("imap.firma.no", 993, "implicit")
    assert proposal.smtp == Server("smtp.firma.no", 587, "starttls")
    assert proposal.user == "oppsigelse"


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"<html>404</html>",
        b"<clientConfig",
        FILE.replace(b"<clientConfig", b'<!DOCTYPE x [<!ENTITY a "b">]><clientConfig', 1),
        FILE.replace(b"<port>587", b"<port>0"),
        FILE.replace(b"smtp.firma.no", b'x" tls = "plain'),
        FILE.replace(b"STARTTLS", b"plain"),
    ],
)
def test_a_file_that_is_none_proposes_nothing(wrong: bytes) -> None:
    assert read_file(wrong, ADDRESS) is None


def test_a_login_that_could_break_the_configuration_is_not_taken() -> None:
    proposal = read_file(FILE.replace(b"%EMAILLOCALPART%", b'x"\npassword = "y'), ADDRESS)
    assert proposal
    assert proposal.user == ""


def test_a_dns_that_does_not_answer_proposes_nothing_within_its_time(zone: Zone) -> None:
    zone.silent = True
    assert discover(ADDRESS, [zone.server], nothing, seconds=0.3) == []


@pytest.mark.parametrize("key", KEYS)
def test_what_is_written_for_each_provider_passes_check(folder: Path, key: str) -> None:
    told = run("--address", ADDRESS, "--provider", key)
    assert told.exit_code == 0, told.output
    proposal = preset(key)
    assert proposal.remark in told.output
    path = folder / "config.toml"
    if proposal.login in ("microsoft", "google"):
        with pytest.raises(Refused) as refused:
            written(folder)
        assert [problem.text for problem in refused.value.problems if "client_id" not in problem.text] == []
        path.write_text(
            path.read_text().replace(
                'client_id = ""', 'client_id = "app"\nclient_secret = { file = "secrets/mailbox" }'
            )
        )
    config = written(folder)
    (mailbox,) = config.mailboxes
    assert config.smtp
    assert (mailbox.host, mailbox.port, mailbox.tls) == (proposal.imap.host, proposal.imap.port, proposal.imap.tls)
    assert (config.smtp.host, config.smtp.port, config.smtp.tls) == (
        proposal.smtp.host,
        proposal.smtp.port,
        proposal.smtp.tls,
    )
    assert mailbox.user == config.smtp.user == config.smtp.from_address == ADDRESS
    assert (mailbox.oauth is not None) is (proposal.login in ("microsoft", "google"))
    assert config.smtp.oauth is mailbox.oauth


def test_a_proposal_is_shown_and_asked_about(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovering, "discover", lambda _: [preset("fastmail")])
    told = run(typed=f"{ADDRESS}\ny\n")
    assert told.exit_code == 0
    assert (
        "1. Fastmail: imap.fastmail.com:993 (implicit TLS), smtp.fastmail.com:465 (implicit TLS), login by an app"
        in told.output
    )
    assert written(folder).mailboxes[0].host == "imap.fastmail.com"


def test_one_that_is_not_wanted_is_typed_instead(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovering, "discover", lambda _: [preset("fastmail")])
    assert run(typed=f"{ADDRESS}\nn\nimap.firma.no\nsmtp.firma.no\n").exit_code == 0
    config = written(folder)
    assert config.smtp
    assert (config.mailboxes[0].host, config.smtp.host, config.smtp.port) == ("imap.firma.no", "smtp.firma.no", 587)


def test_of_two_providers_one_is_asked_for_and_a_script_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovering, "discover", lambda _: [preset("microsoft"), preset("one")])
    refused = run("--address", ADDRESS, "--yes")
    assert refused.exit_code == 2
    assert "--provider" in refused.output
    assert not (folder / "config.toml").exists()
    told = run(typed=f"{ADDRESS}\n2\n")
    assert "speak of several providers" in told.output
    assert written(folder).mailboxes[0].host == "imap.one.com"


def test_the_servers_own_word_for_the_login_is_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    proposal = read_file(FILE, ADDRESS)
    monkeypatch.setattr(discovering, "discover", lambda _: [proposal])
    assert run("--address", ADDRESS, "--yes").exit_code == 0
    config = written(folder)
    assert config.smtp
    assert (config.mailboxes[0].user, config.smtp.user, config.smtp.from_address) == (
        "oppsigelse",
        "oppsigelse",
        ADDRESS,
    )


def test_what_is_wrong_is_said_before_anything_is_written(folder: Path) -> None:
    assert run("--address", "oppsigelse").exit_code == 2
    told = run("--address", ADDRESS, "--provider", "hotmail")
    assert told.exit_code == 2
    assert "there are microsoft, google, fastmail" in told.output
    assert list(folder.iterdir()) == []


def test_no_preset_proposes_anything_in_clear() -> None:
    for each in PRESETS:
        assert {each.proposal.imap.tls, each.proposal.smtp.tls} <= {"implicit", "starttls"}


def test_the_examples_come_with_the_rules_so_that_a_reload_can_ask_them(folder: Path) -> None:
    assert run("--address", ADDRESS, "--host", "imap.firma.no", "--smtp-host", "smtp.firma.no").exit_code == 0
    beside = examples_beside(folder / "rules")
    assert beside == folder / "examples"
    found, problems = load_examples(beside, (), ())
    assert (len(found.mails) > 100, problems) == (True, [])
