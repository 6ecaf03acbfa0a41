"""[lookups] of config.toml: off by default, and every mistake told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from processor.config import LookupSettings
from processor.loading.configuration import load_config
from processor.loading.problems import Refused

GOOD = """
[company]
key = { file = "key" }
[[mailbox]]
name = "oppsigelse"
host = "imap.example.com"
user = "oppsigelse"
password = { file = "key" }
"""
FIRST = len(GOOD.splitlines()) + 1


def loaded(folder: Path, more: str) -> LookupSettings:
    (folder / "key").write_text("secret key")
    (folder / "config.toml").write_text(GOOD + more)
    return load_config(folder / "config.toml").lookups


def problem(folder: Path, more: str) -> str:
    with pytest.raises(Refused) as refused:
        loaded(folder, more)
    (found,) = refused.value.problems
    return f"{found.line - FIRST}: {found.text}"


def test_both_are_off_where_nothing_is_said(tmp_path: Path) -> None:
    found = loaded(tmp_path, "")
    assert found == LookupSettings()
    assert not found.register.on
    assert not found.peppol.on


def test_it_takes_what_the_example_shows(tmp_path: Path) -> None:
    example = (Path(__file__).parents[2] / "config.example.toml").read_text(encoding="utf-8")
    shown = [line.removeprefix("# ") for line in example[example.index("# [lookups.register]") :].splitlines()]
    found = loaded(tmp_path, "\n".join(shown))
    assert (found.register.on, found.peppol.on) == (True, True)
    usual = LookupSettings()
    assert (found.register.url, found.peppol.zone) == (usual.register.url, usual.peppol.zone)
    assert (found.register.timeout, found.peppol.cache_hours) == (usual.register.timeout, usual.peppol.cache_hours)


def test_all_can_be_set(tmp_path: Path) -> None:
    more = """[lookups.register]
url = "http://127.0.0.1:8000/api"
roles = true
[lookups.peppol]
zone = "Participant.SML.test.tech.peppol.org."
dns_servers = ["192.0.2.53", "192.0.2.53:5353", "2001:db8::1", "[2001:db8::1]:5353"]
autoinvoice = ["PNO000123"]
cache_hours = 0
timeout = 2
"""
    found = loaded(tmp_path, more)
    assert found.register.roles
    assert found.peppol.zone == "participant.sml.test.tech.peppol.org."
    assert len(found.peppol.dns_servers) == 4
    assert (found.peppol.cache_hours, found.peppol.timeout) == (0.0, 2.0)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('[lookups.register]\nurl = "http://data.example/api"', "1: url must be an https"),
        ('[lookups.register]\nurl = "https://me:pw@data.example"', "1: url must be an https"),
        ('[lookups.register]\nurl = "https://[::1"', "1: url must be an https"),
        ('[lookups.register]\non = "yes"', "1: on must be true or false"),
        ("[lookups.register]\ntimeout = 0", "1: timeout must be more than 0"),
        ("[lookups.register]\ntimeout = 31", "1: timeout must be 30 seconds at most"),
        ("[lookups.register]\ncache_hours = -1", "1: cache_hours must be 0 to 744"),
        ("[lookups.register]\nurls = 1", "1: [lookups.register] knows no 'urls'"),
        ('[lookups.peppol]\nzone = "https://x.no"', "1: zone must be the name"),
        ('[lookups.peppol]\ndns_servers = ["dns.example"]', "1: dns_servers: 'dns.example' is not an address"),
        ('[lookups.peppol]\ndns_servers = ["192.0.2.1:99999"]', "1: dns_servers:"),
        ('[lookups.peppol]\ndns_servers = ["999.0.2.1"]', "1: dns_servers:"),
        ('[lookups.peppol]\nautoinvoice = ["PNO123"]', "1: autoinvoice: 'PNO123' is not a seat id"),
        ("[lookups]\nbrreg = {}", "1: [lookups] knows no 'brreg'"),
        ("[lookups]\nregister = true", "1: register must be a table"),
    ],
)
def test_every_mistake_is_told_with_its_line(tmp_path: Path, more: str, told: str) -> None:
    assert problem(tmp_path, more).startswith(told)
