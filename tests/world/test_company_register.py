"""What Enhetsregisteret answers becomes a value, or nothing: it may hang, lie, be down or be somebody else."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from processor.config import RegisterSettings
from processor.lookup import Role, valid_org_no
from processor.world.company_register import look_up
from processor.world.web import MOST_BYTES, NoAnswer
from tests.servers.certificates import certificates
from tests.servers.registers import Page, Site, web_server

NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)
ORG_NO, MAIN = "974760673", "991825827"
ENTRY = {
    "organisasjonsnummer": ORG_NO,
    "navn": "FJORD BYGG AS",
    "organisasjonsform": {"kode": "AS", "beskrivelse": "Aksjeselskap"},
    "konkurs": False,
    "underAvvikling": False,
    "underTvangsavviklingEllerTvangsopplosning": False,
    "maalform": "Nynorsk",
}


@pytest.fixture
def site() -> Iterator[Site]:
    with web_server(Site()) as running:
        yield running


def page(**changes: Any) -> Page:
    return Page(json.dumps(ENTRY | changes).encode(), "application/vnd.brreg.enhetsregisteret.enhet.v2+json")


def settings(site: Site, **changes: Any) -> RegisterSettings:
    return RegisterSettings(on=True, url=f"{site.url}/api", **changes)


def asked(site: Site, **changes: Any) -> Any:
    return look_up(ORG_NO, settings(site, **changes), 2.0, NOW)


@pytest.mark.parametrize("number", ["123456785", "974760673", "991825827", "923609016", "982463718", "889640782"])
def test_the_valid_numbers_of_the_fact_sheet_are_valid(number: str) -> None:
    assert valid_org_no(number)


@pytest.mark.parametrize("number", ["987654321", "123456789", "112233445", "97476067", "9747606730", "९७४७६०६७३", ""])
def test_others_are_not(number: str) -> None:
    assert not valid_org_no(number)


def test_it_tells_what_stands_in_the_register(site: Site) -> None:
    site.pages[f"/api/enheter/{ORG_NO}"] = page()
    found = asked(site)
    assert (found.state, found.name, found.form, found.language) == ("found", "FJORD BYGG AS", "AS", "nn")
    assert (found.deleted, found.bankrupt, found.winding_up, found.forced) == (False, False, False, False)
    assert (found.asked_at, found.source) == (NOW, "127.0.0.1")
    ((_, headers),) = site.asked
    assert headers["Accept"] == "application/vnd.brreg.enhetsregisteret.enhet.v2+json;charset=UTF-8"
    assert headers["User-Agent"].startswith("processor")


def test_what_is_absent_is_not_false(site: Site) -> None:
    bare = {key: ENTRY[key] for key in ("organisasjonsnummer", "navn")}
    site.pages[f"/api/enheter/{ORG_NO}"] = Page(json.dumps(bare).encode())
    found = asked(site)
    assert (found.bankrupt, found.winding_up, found.forced) == (None, None, None)
    assert not found.deleted


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"slettedato": "2025-03-01"}, {"deleted": True, "deleted_on": date(2025, 3, 1)}),
        ({"slettedato": ""}, {"deleted": False, "deleted_on": None}),
        ({"konkurs": True, "konkursdato": ""}, {"bankrupt": True, "bankrupt_on": None}),
        ({"konkursdato": "2026-06-01"}, {"bankrupt": True, "bankrupt_on": date(2026, 6, 1)}),
        ({"underAvvikling": True, "underAvviklingDato": "2026-02-30"}, {"winding_up": True, "winding_up_on": None}),
        ({"underTvangsavviklingEllerTvangsopplosning": True}, {"forced": True}),
        ({"maalform": "Klingon"}, {"language": ""}),
        ({"konkurs": "ja"}, {"bankrupt": None}),
        ({"organisasjonsform": "AS"}, {"form": ""}),
        ({"navn": "A\u202eB\r\nC"}, {"name": "A B C"}),
    ],
)
def test_each_field_is_taken_as_it_is_documented_or_not_at_all(
    site: Site, changes: dict[str, Any], told: dict[str, object]
) -> None:
    site.pages[f"/api/enheter/{ORG_NO}"] = page(**changes)
    found = asked(site)
    assert {key: getattr(found, key) for key in told} == told


def test_a_number_that_it_does_not_know_is_unknown_only_after_the_sub_units_were_asked(site: Site) -> None:
    assert asked(site).state == "unknown"
    assert site.paths == [f"/api/enheter/{ORG_NO}", f"/api/underenheter/{ORG_NO}"]


def test_a_number_that_was_removed_is_removed(site: Site) -> None:
    site.pages[f"/api/enheter/{ORG_NO}"] = Page(status=410)
    assert asked(site).state == "removed"


def test_a_sub_unit_is_as_its_main_entity_is(site: Site) -> None:
    site.pages[f"/api/underenheter/{ORG_NO}"] = page(overordnetEnhet=MAIN, navn="FJORD BYGG AVD BERGEN")
    site.pages[f"/api/enheter/{MAIN}"] = page(organisasjonsnummer=MAIN, navn="FJORD AS", konkurs=True)
    found = asked(site)
    assert (found.org_no, found.part_of, found.name, found.bankrupt) == (ORG_NO, MAIN, "FJORD AS", True)


def test_a_closed_sub_unit_is_deleted(site: Site) -> None:
    site.pages[f"/api/underenheter/{ORG_NO}"] = page(overordnetEnhet=MAIN, nedleggelsesdato="2024-01-31")
    found = asked(site)
    assert (found.deleted, found.deleted_on) == (True, date(2024, 1, 31))


def test_roles_are_asked_for_when_wanted_and_carry_no_birth_date(site: Site) -> None:
    def person(first: str, last: str, **more: Any) -> dict[str, Any]:
        return {"person": {"navn": {"fornavn": first, "etternavn": last}, "fodselsdato": "1970-01-01", **more}}

    held = [
        {"type": {"kode": "DAGL"}, **person("Kari", "Holm")},
        {"type": {"kode": "LEDE"}, **person("Ola", "Vik", erDoed=True)},
        {"type": {"kode": "MEDL"}, **person("Per", "Lid")},
        {"type": {"kode": "INNH"}, **person("Gro", "Lie"), "fratraadt": True},
        {"type": {"kode": "REGN"}, "enhet": {"organisasjonsnummer": MAIN, "navn": ["TALL", "AS"]}},
        {"type": None},
    ]
    site.pages[f"/api/enheter/{ORG_NO}"] = page()
    site.pages[f"/api/enheter/{ORG_NO}/roller"] = Page(json.dumps({"rollegrupper": [{"roller": held}, 7]}).encode())
    assert asked(site).roles == ()
    found = asked(site, roles=True)
    assert found.roles == (Role("DAGL", "Kari Holm"), Role("REGN", "TALL AS"))
    assert "1970" not in repr(found)


def test_without_its_roles_the_entry_still_counts(site: Site) -> None:
    site.pages[f"/api/enheter/{ORG_NO}"] = page(konkurs=True)
    site.pages[f"/api/enheter/{ORG_NO}/roller"] = Page(b"<html>", "text/html")
    assert asked(site, roles=True).bankrupt is True


NONSENSE = {
    "another number": page(organisasjonsnummer=MAIN),
    "no number": Page(b"{}"),
    "HTML": Page(b"<html>Logg inn</html>", "text/html"),
    "HTML that says it is JSON": Page(b"<html>Logg inn</html>"),
    "JSON that says it is HTML": replace(page(), kind="text/html"),
    "a list": Page(b"[1]"),
    "half a document": Page(json.dumps(ENTRY).encode()[:40]),
    "less than promised": replace(page(), length=5000),
    "another charset": Page(json.dumps(ENTRY).encode("utf-16") + b"\xff"),
    "deep nesting": Page(b"[" * 200_000),
    "too much": Page(b" " * (MOST_BYTES + 1)),
    "a redirect": Page(status=302, headers={"Location": "/api/elsewhere"}),
    "a status without meaning": Page(status=204),
}


@pytest.mark.parametrize("lie", NONSENSE)
def test_what_is_not_an_answer_about_this_number_is_nonsense(site: Site, lie: str) -> None:
    site.pages[f"/api/enheter/{ORG_NO}"] = NONSENSE[lie]
    with pytest.raises(NoAnswer) as failed:
        asked(site)
    assert failed.value.reason == "nonsense"


def test_a_redirect_to_another_host_is_not_followed(site: Site) -> None:
    with web_server(Site({f"/api/enheter/{ORG_NO}": page()})) as other:
        to = f"{other.url}/api/enheter/{ORG_NO}"
        site.pages[f"/api/enheter/{ORG_NO}"] = Page(status=301, headers={"Location": to})
        with pytest.raises(NoAnswer):
            asked(site)
        assert other.asked == []


@pytest.mark.parametrize(("status", "after", "rest"), [(429, "120", 120.0), (503, "9999999", 3600.0), (500, "x", 0.0)])
def test_a_busy_register_says_how_long_it_wants_to_be_left_alone(
    site: Site, status: int, after: str, rest: float
) -> None:
    site.pages[f"/api/enheter/{ORG_NO}"] = Page(status=status, headers={"Retry-After": after})
    with pytest.raises(NoAnswer) as failed:
        asked(site)
    assert (failed.value.reason, failed.value.rest) == ("refused", rest)


@pytest.mark.parametrize("hang", [Page(seconds=3.0), replace(page(), drip=0.05)])
def test_a_register_that_hangs_or_drips_costs_its_time_and_no_more(site: Site, hang: Page) -> None:
    site.pages[f"/api/enheter/{ORG_NO}"] = hang
    began = time.monotonic()
    with pytest.raises(NoAnswer) as failed:
        look_up(ORG_NO, settings(site), 0.3, NOW)
    assert failed.value.reason == "timed_out"
    assert time.monotonic() - began < 1.0


def test_a_register_that_is_down_is_unreachable() -> None:
    with web_server(Site()) as gone:
        pass
    with pytest.raises(NoAnswer) as failed:
        asked(gone)
    assert failed.value.reason == "unreachable"


def test_over_tls_its_certificate_must_be_its_own() -> None:
    made = certificates()
    pages = {f"/api/enheter/{ORG_NO}": page()}
    with web_server(Site(pages), made.good) as good, web_server(Site(pages), made.misnamed) as misnamed:
        assert asked(good, ca_file=str(made.ca)).state == "found"
        for place, ca in ((good, None), (good, str(made.stranger)), (misnamed, str(made.ca))):
            with pytest.raises(NoAnswer) as failed:
                asked(place, ca_file=ca)
            assert failed.value.reason == "unreachable"
            assert "certificate" in failed.value.said


def test_a_process_that_gets_no_more_threads_has_no_answer(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        # What Python says with too many of them, and at the program's end.
        raise RuntimeError("can't start new thread")

    server = settings(site)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Timer, "start", refuse)
        with pytest.raises(NoAnswer, match="can't start new thread") as told:
            look_up(ORG_NO, server, 2.0, NOW)
    assert told.value.reason == "unreachable"
