"""Peppol by the SML and an SMP: the published vectors, and servers that are silent, down, wrong or hostile."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.config import PeppolSettings
from processor.world.peppol import BILLING, dns_name, look_up
from processor.world.resolving import server_place
from processor.world.smp import AS4, subject
from processor.world.web import MOST_BYTES, NoAnswer, Terms, get
from tests.servers.certificates import certificates
from tests.servers.registers import Page, Site, Zone, dns_server, web_server

NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)
ORG_NO = "991825827"
ZONE = "participant.sml.test.example"
NAME = dns_name(f"0192:{ORG_NO}", ZONE)
PARTICIPANT = f"/path/iso6523-actorid-upis%3A%3A0192%3A{ORG_NO}"
SERVICE = f"{PARTICIPANT}/services/{quote(BILLING, safe='')}"
OTHER = "busdox-docid-qns::urn:fdc:example:Order-2::Order##x::2.1"
VECTORS = {
    "0088:123ABC": "y7dzfxaf3d4cjz4kcgrxtec6twvcga4ky7zwa5boif6mswd4tdrq",
    "0088:123abc": "y7dzfxaf3d4cjz4kcgrxtec6twvcga4ky7zwa5boif6mswd4tdrq",
    "9915:test": "eh5boavaktmbgzyh2a63dz4qov33fvp5nsdvqklucfraayoodw6a",
    "0010:5798000000001": "xukhfqabqziki3ykvr2fhr4snfa3pf5vpq6k4tonv3lmvsy5arvq",
    "0192:991825827": "7i2243uolq5qzb6jxfvi6yei4iq7sfipkv55htzfnr6s54y6yufa",
    "0192:974760673": "n7xqxd72mcn4tdkkox5hzpke3kwlv6txp5samlssxx7se6eoqndq",
    "0192:923609016": "xqk4t3fmtezduy5bovjmtnaq45n7e4tibyhwfpgot75bsp7uyg2a",
}
DEAD = f"B-{hashlib.md5(f'0192:{ORG_NO}'.encode(), usedforsecurity=False).hexdigest()}"


@dataclass
class Peppol:
    """A zone and an SMP in which one organisation is registered, until a test changes it."""

    zone: Zone
    site: Site

    def record(self, text: str, name: str = NAME) -> None:
        self.zone.records[name, "NAPTR"] = [text]

    def settings(self, **changes: Any) -> PeppolSettings:
        usual = PeppolSettings(on=True, zone=ZONE, dns_servers=(self.zone.server,), internal=True)
        return replace(usual, **changes)

    def ask(self, seconds: float = 2.0, **changes: Any) -> Any:
        return look_up(ORG_NO, self.settings(**changes), seconds, NOW)


@pytest.fixture
def peppol() -> Iterator[Peppol]:
    with dns_server(Zone()) as zone, web_server(Site()) as site:
        made = Peppol(zone, site)
        zone.records[f"{ZONE}.", "SOA"] = ["ns.example. hostmaster.example. 1 2 3 4 5"]
        made.record(f'100 10 "U" "Meta:SMP" "!.*!{site.url}/path!" .')
        site.pages[PARTICIPANT] = group(BILLING, OTHER)
        site.pages[SERVICE] = service(certificate("PNO000123", "Visma Demo AS"))
        yield made


def xml(root: str, inner: str) -> Page:
    spaces = (
        'xmlns="http://busdox.org/serviceMetadata/publishing/1.0/"'
        ' xmlns:ids="http://busdox.org/transport/identifiers/1.0/"'
    )
    return Page(f'<?xml version="1.0"?><{root} {spaces}>{inner}</{root}>'.encode(), "text/xml; charset=UTF-8")


def group(*documents: str) -> Page:
    links = "".join(
        f'<ServiceMetadataReference href="http://x.example/p/services/{quote(each, safe="")}"/>' for each in documents
    )
    return xml("ServiceGroup", f"<ServiceMetadataReferenceCollection>{links}</ServiceMetadataReferenceCollection>")


def service(*made: str, profile: str = AS4) -> Page:
    ends = "".join(
        f'<Endpoint transportProfile="{profile}"><Certificate>{each}</Certificate></Endpoint>' for each in made
    )
    return xml(
        "SignedServiceMetadata", f"<ServiceMetadata><ServiceInformation>{ends}</ServiceInformation></ServiceMetadata>"
    )


def redirect(url: str) -> Page:
    return xml("SignedServiceMetadata", f'<ServiceMetadata><Redirect href="{url}"/></ServiceMetadata>')


@cache
def certificate(seat: str, provider: str) -> str:
    """Base64 of a certificate as access points have them: C, O, OU and CN in the subject."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "x.der"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
                *("-days", "2", "-utf8", "-subj", f"/C=NO/O={provider}/OU=PEPPOL TEST AP/CN={seat}"),
                *("-keyout", str(Path(folder) / "x.key"), "-outform", "DER", "-out", str(out)),
            ],
            check=True,
            capture_output=True,
            timeout=30,
        )
        return base64.b64encode(out.read_bytes()).decode()


@pytest.mark.parametrize("value", VECTORS)
def test_names_are_those_of_the_published_vectors(value: str) -> None:
    assert dns_name(value, "zone.example.") == f"{VECTORS[value]}.iso6523-actorid-upis.zone.example."


def test_a_registered_recipient_is_found_with_its_access_point(peppol: Peppol) -> None:
    found = peppol.ask()
    assert (found.state, found.invoices, found.smp_note) == ("registered", True, "")
    assert (found.access_point, found.provider) == ("PNO000123", "Visma Demo AS")
    assert (found.asked_at, found.source, found.smp) == (NOW, ZONE, "127.0.0.1")
    # The base URL's path is kept, and no reference of the answer is followed.
    assert peppol.site.paths == [PARTICIPANT, SERVICE]


def test_it_never_asks_for_names_of_the_old_form(peppol: Peppol) -> None:
    del peppol.zone.records[NAME, "NAPTR"]
    peppol.zone.records[f"{DEAD}.iso6523-actorid-upis.{ZONE}.", "CNAME"] = ["smp.example."]
    assert peppol.ask().state == "not_registered"
    assert {name for name, _ in peppol.zone.asked} == {NAME, f"{ZONE}."}


def test_a_name_that_leads_to_another_zone_is_followed(peppol: Peppol) -> None:
    record = peppol.zone.records.pop((NAME, "NAPTR"))
    peppol.zone.records[NAME, "CNAME"] = ["moved.example."]
    peppol.zone.records["moved.example.", "NAPTR"] = record
    assert peppol.ask().state == "registered"


def test_a_name_without_naptr_is_not_registered(peppol: Peppol) -> None:
    del peppol.zone.records[NAME, "NAPTR"]
    peppol.zone.records[NAME, "TXT"] = ['"x"']
    assert peppol.ask().state == "not_registered"


def test_no_zone_means_nothing_and_never_not_registered(peppol: Peppol) -> None:
    peppol.zone.records.clear()
    with pytest.raises(NoAnswer) as failed:
        peppol.ask()
    assert (failed.value.reason, "no zone" in failed.value.said) == ("nonsense", True)


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
def test_a_failing_name_server_means_nothing(peppol: Peppol, rcode: int) -> None:
    peppol.zone.rcode = rcode
    with pytest.raises(NoAnswer) as failed:
        peppol.ask()
    assert failed.value.reason == "unreachable"


def test_a_silent_name_server_costs_its_time_and_no_more(peppol: Peppol) -> None:
    peppol.zone.silent = True
    began = time.monotonic()
    with pytest.raises(NoAnswer) as failed:
        peppol.ask(0.3)
    assert failed.value.reason == "timed_out"
    assert time.monotonic() - began < 1.0


@pytest.mark.parametrize(
    "record",
    [
        '100 10 "U" "Meta:Other" "!.*!https://smp.example!" .',
        '100 10 "S" "Meta:SMP" "!.*!https://smp.example!" .',
        '100 10 "U" "Meta:SMP" "" smp.example.',
        '100 10 "U" "Meta:SMP" "!.*!ftp://smp.example!" .',
        '100 10 "U" "Meta:SMP" "https://smp.example" .',
    ],
)
def test_a_record_that_names_no_smp_leaves_it_registered(peppol: Peppol, record: str) -> None:
    peppol.record(record)
    found = peppol.ask()
    assert (found.state, found.smp_note, found.access_point) == ("registered", "none", "")


def test_delimiter_and_case_of_a_record_are_free(peppol: Peppol) -> None:
    peppol.record(f'100 10 "u" "META:smp" "#.*#{peppol.site.url}/path/#" .')
    assert peppol.ask().access_point == "PNO000123"


@pytest.mark.parametrize(
    ("address", "note"),
    [
        ("http://smp.example/path", "nonsense"),
        ("https://user@127.0.0.1/path", "nonsense"),
        ("https://127.0.0.1:1/path", "unreachable"),
        ("https://[::1", "nonsense"),
    ],
)
def test_an_smp_in_clear_or_out_of_reach_leaves_it_registered(peppol: Peppol, address: str, note: str) -> None:
    peppol.record(f'100 10 "U" "Meta:SMP" "!.*!{address}!" .')
    found = peppol.ask()
    assert (found.state, found.smp_note, found.invoices) == ("registered", note, None)


def test_an_smp_within_our_own_network_is_not_asked(peppol: Peppol) -> None:
    assert peppol.ask(internal=False).smp_note == "nonsense"
    assert peppol.site.asked == []


def test_over_tls_an_smp_is_believed_by_its_certificate(peppol: Peppol) -> None:
    made = certificates()
    with web_server(Site(peppol.site.pages), made.good) as smp:
        peppol.record(f'100 10 "U" "Meta:SMP" "!.*!{smp.url}/path!" .')
        assert peppol.ask(ca_file=str(made.ca)).access_point == "PNO000123"
        assert peppol.ask().smp_note == "unreachable"


SMP_LIES = {
    "HTML": (PARTICIPANT, Page(b"<html>", "text/html"), "nonsense"),
    "HTML as XML": (PARTICIPANT, Page(b"<html></html>", "text/xml"), "nonsense"),
    "half": (PARTICIPANT, Page(group(BILLING).body[:90], "text/xml"), "nonsense"),
    "entities": (PARTICIPANT, Page(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "text/xml"), "nonsense"),
    "too much": (PARTICIPANT, Page(b" " * (MOST_BYTES + 1), "text/xml"), "nonsense"),
    "a redirect of HTTP": (PARTICIPANT, Page(status=302, headers={"Location": SERVICE}), "nonsense"),
    "busy": (PARTICIPANT, Page(status=503), "unreachable"),
    "unknown": (PARTICIPANT, Page(status=404), "unknown_group"),
    "a broken certificate": (SERVICE, service("AAAA"), "nonsense"),
    "no certificate": (SERVICE, service("!"), "nonsense"),
}


@pytest.mark.parametrize("lie", SMP_LIES)
def test_an_smp_that_lies_leaves_it_registered_without_access_point(peppol: Peppol, lie: str) -> None:
    path, page, note = SMP_LIES[lie]
    peppol.site.pages[path] = page
    found = peppol.ask()
    assert (found.state, found.smp_note, found.access_point) == ("registered", note, "")


@pytest.mark.parametrize("hang", [Page(seconds=3.0), Page(b"x" * 100, "text/xml", drip=0.05)])
def test_an_smp_that_hangs_or_drips_costs_its_time_and_leaves_it_registered(peppol: Peppol, hang: Page) -> None:
    peppol.site.pages[PARTICIPANT] = hang
    began = time.monotonic()
    found = peppol.ask(0.4)
    assert (found.state, found.smp_note) == ("registered", "unreachable")
    assert time.monotonic() - began < 1.2


def test_a_recipient_of_other_documents_takes_no_invoices(peppol: Peppol) -> None:
    peppol.site.pages[PARTICIPANT] = group(OTHER, BILLING.lower())
    found = peppol.ask()
    assert (found.state, found.invoices, found.access_point) == ("registered", False, "")


@pytest.mark.parametrize(
    "page",
    [
        service(),
        service("AAAA", profile="busdox-transport-as2-ver1p0"),
        Page(status=404),
    ],
)
def test_an_access_point_that_is_not_told_is_not_determined(peppol: Peppol, page: Page) -> None:
    peppol.site.pages[SERVICE] = page
    found = peppol.ask()
    assert (found.state, found.invoices, found.smp_note, found.access_point) == ("registered", True, "", "")


@pytest.mark.parametrize("seats", [("APP_1000000001",), ("PNO000123", "PSE000456")])
def test_an_access_point_of_another_form_or_two_of_them_are_not_determined(
    peppol: Peppol, seats: tuple[str, ...]
) -> None:
    peppol.site.pages[SERVICE] = service(*(certificate(each, "Visma Demo AS") for each in seats))
    assert peppol.ask().access_point == ""


def test_a_redirect_of_the_smp_is_followed_once(peppol: Peppol) -> None:
    with web_server(Site({"/a": peppol.site.pages[SERVICE], "/b": redirect("https://x.example/")})) as other:
        peppol.site.pages[SERVICE] = redirect(f"{other.url}/a")
        assert peppol.ask().access_point == "PNO000123"
        peppol.site.pages[SERVICE] = redirect(f"{other.url}/b")
        assert (peppol.ask().access_point, other.paths) == ("", ["/a", "/b"])


def test_a_subject_is_read_with_its_norwegian_letters() -> None:
    assert subject(certificate("PNO000124", "Økonomi og Måling AS")) == ("PNO000124", "Økonomi og Måling AS")


def refused(der: bytes) -> bool:
    """Whether bytes are refused as a certificate, in the one way that callers expect."""
    try:
        subject(base64.b64encode(der).decode())
    except NoAnswer as failed:
        return failed.reason == "nonsense"
    return False


@given(st.binary(max_size=60))
def test_what_is_no_certificate_is_refused(der: bytes) -> None:
    assert refused(der)


@given(st.integers(0, 300), st.binary(min_size=1, max_size=4))
def test_a_spoilt_certificate_is_read_or_refused_and_nothing_else(at: int, noise: bytes) -> None:
    der = base64.b64decode(certificate("PNO000123", "Visma Demo AS"))
    refused(der[:at] + noise + der[at + len(noise) :])


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://198.51.100.1/", "https:///x", "https://", "gopher://x/"])
def test_nothing_but_https_is_asked(url: str) -> None:
    with pytest.raises(NoAnswer) as failed:
        get(url, Terms(0.2))
    assert failed.value.reason == "nonsense"


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "[fd00::1]", "[::ffff:10.0.0.1]", "0.0.0.0"])
def test_no_address_within_our_own_network_is_asked(host: str) -> None:
    with pytest.raises(NoAnswer) as failed:
        get(f"https://{host}/", Terms(0.2))
    assert "within our own network" in failed.value.said


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("192.0.2.1", ("192.0.2.1", 53)),
        ("192.0.2.1:5353", ("192.0.2.1", 5353)),
        ("2001:db8::1", ("2001:db8::1", 53)),
        ("[2001:db8::1]:5353", ("2001:db8::1", 5353)),
        ("[2001:db8::1]", ("2001:db8::1", 53)),
    ],
)
def test_a_name_server_may_have_a_port(text: str, place: tuple[str, int]) -> None:
    assert server_place(text) == place
