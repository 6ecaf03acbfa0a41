"""What doctor says of our answers' domain, against a DNS server that has what a test puts into it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import dns.rcode
import pytest

from processor.cli.doctor_sender import selectors_in
from processor.mail_servers import SmtpSettings
from processor.world.probing_sender import Sender, probe_sender
from processor.world.spf import read_spf
from tests.servers.registers import Zone, dns_server
from tests.servers.signing import key, publish

DOMAIN = "kundesenter.no"
AT = f"{DOMAIN}."
SMTP = SmtpSettings("smtp.provider.no", 587, "starttls")


@pytest.fixture
def zone() -> Iterator[Zone]:
    """A domain as it should be."""
    made = Zone(
        {
            (AT, "MX"): ["10 mx.provider.no."],
            (AT, "TXT"): ['"v=spf1 include:spf.provider.no -all"', '"verification=1"'],
            ("spf.provider.no.", "TXT"): ['"v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all"'],
            ("smtp.provider.no.", "A"): ["192.0.2.25"],
            (f"_dmarc.{AT}", "TXT"): ['"v=DMARC1; p=reject; rua=mailto:x@kundesenter.no"'],
        }
    )
    publish(made, DOMAIN, key(2048))
    with dns_server(made):
        yield made


def sender(zone: Zone, **changed: object) -> Sender:
    made = Sender(SMTP, DOMAIN, DOMAIN, DOMAIN, DOMAIN, dns_servers=(zone.server,))
    return replace(made, **changed)  # type: ignore[arg-type]


def said(zone: Zone, **changed: object) -> list[str]:
    return [f"{'ok' if each.ok else 'BAD'} {each.what}" for each in probe_sender(sender(zone, **changed))]


def bad(zone: Zone, **changed: object) -> str:
    return "\n".join(each for each in said(zone, **changed) if each.startswith("BAD"))


def test_a_domain_as_it_should_be_is_well(zone: Zone) -> None:
    assert said(zone) == [
        "ok MX: answers to kundesenter.no go to mx.provider.no",
        "ok SPF: kundesenter.no names its servers and disowns others (1 lookups of 10)",
        "ok SPF: it allows smtp.provider.no",
        "ok DKIM: s1._domainkey.kundesenter.no is a key",
        "ok DMARC: kundesenter.no has forgeries refused (p=reject)",
    ]


def test_nothing_at_all_is_told_one_by_one(zone: Zone) -> None:
    zone.records.clear()
    told = bad(zone)
    for each in ("MX: kundesenter.no takes no mail", "SPF: kundesenter.no has no record", "DKIM: no key", "DMARC:"):
        assert each in told


def test_a_domain_that_says_that_it_takes_no_mail_is_told(zone: Zone) -> None:
    zone.records[AT, "MX"] = ["0 ."]
    assert "takes no mail" in bad(zone)


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (['"v=spf1 +all"'], "lets everybody send"),
        (['"v=spf1 include:spf.provider.no all"'], "lets everybody send"),
        (['"v=spf1 -all"', '"v=spf1 mx -all"'], "2 SPF records"),
        (['"v=spf1 include:gone.provider.no -all"'], "leads to gone.provider.no, which has no SPF record"),
        (['"v=spf1 ipv4:192.0.2.1 -all"'], "'ipv4:192.0.2.1' is no part"),
        (['"v=spf1 ip4:192.0.2.999 -all"'], "ip4:192.0.2.999 is no network"),
        (['"v=spf1 ' + " ".join(f"a:h{n}.provider.no" for n in range(11)) + ' -all"'], "needs 11 lookups"),
    ],
)
def test_an_spf_record_that_counts_as_none_is_told(zone: Zone, record: list[str], told: str) -> None:
    zone.records[AT, "TXT"] = record
    assert told in bad(zone)


def test_a_record_in_pieces_is_one_and_another_kind_of_text_is_none(zone: Zone) -> None:
    zone.records[AT, "TXT"] = ['"v=spf1 include:spf.pro" "vider.no -all"', '"v=spf10 x"']
    assert bad(zone) == ""


def test_includes_that_lead_in_a_circle_end(zone: Zone) -> None:
    zone.records["spf.provider.no.", "TXT"] = [f'"v=spf1 include:{DOMAIN} include:spf.provider.no -all"']
    assert read_spf(DOMAIN, [zone.server], time.monotonic() + 5).lookups < 10


def test_a_redirect_speaks_for_the_domain(zone: Zone) -> None:
    zone.records[AT, "TXT"] = ['"v=spf1 redirect=spf.provider.no"']
    assert "ok SPF: kundesenter.no names its servers and disowns others (1 lookups of 10)" in said(zone)


@pytest.mark.parametrize(
    ("record", "allowed"),
    [
        ("a", True),
        ("a:smtp.provider.no", True),
        ("mx", False),
        ("ip4:198.51.100.0/24", False),
        ("mx/24", True),
        ("-a", False),
    ],
)
def test_it_is_known_whether_the_record_allows_our_server(zone: Zone, record: str, allowed: bool) -> None:
    zone.records[AT, "A"] = ["192.0.2.25"]
    zone.records["mx.provider.no.", "A"] = ["192.0.2.26"]
    zone.records[AT, "TXT"] = [f'"v=spf1 {record} -all"']
    told = said(zone)
    assert ("ok SPF: it allows smtp.provider.no" in told) is allowed
    assert bool([each for each in told if "does not name the address" in each]) is not allowed


def test_a_provider_whose_record_is_known_must_be_included(zone: Zone) -> None:
    microsoft = replace(SMTP, host="smtp.office365.com")
    assert "does not include spf.protection.outlook.com, from where smtp.office365.com sends: spam" in bad(
        zone, smtp=microsoft
    )
    zone.records["spf.protection.outlook.com.", "TXT"] = ['"v=spf1 ip4:40.92.0.0/15 -all"']
    zone.records[AT, "TXT"] = ['"v=spf1 include:spf.protection.outlook.com -all"']
    assert bad(zone, smtp=microsoft) == ""


def test_keys_are_found_under_usual_names_and_those_seen_or_configured(zone: Zone) -> None:
    record = zone.records.pop((f"s1._domainkey.{AT}", "TXT"))
    assert "DKIM: no key of kundesenter.no is found" in bad(zone)
    zone.records[f"2026q4._domainkey.{AT}", "TXT"] = record
    assert bad(zone, selectors=["2026q4"]) == ""
    assert "there is no key 2027q1._domainkey.kundesenter.no" in bad(zone, selectors=["2026q4", "2027q1"])


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (['"v=DKIM1; p="'], "is withdrawn"),
        (['"v=DKIM1; p=MIIB!!"'], "cannot be read"),
        (['"v=DKIM1; p=TUlJQg=="'], "shorter than 1024 bits"),
        (['"v=DKIM1; p=TUlJQg=="', '"v=DKIM1; p=TUlJQw=="'], "has 2 records"),
    ],
)
def test_a_key_that_nobody_believes_is_told(zone: Zone, record: list[str], told: str) -> None:
    zone.records[f"s1._domainkey.{AT}", "TXT"] = record
    assert told in bad(zone)


def test_a_key_in_testing_and_one_that_is_short_are_told(zone: Zone) -> None:
    publish(zone, DOMAIN, key(2048), "v=DKIM1; k=rsa; t=y")
    assert "is in testing" in bad(zone)
    publish(zone, DOMAIN, key(1024))
    assert "ok DKIM: s1._domainkey.kundesenter.no is a key of 1024 bits; 2048 are better" in said(zone)


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (['"v=DMARC1; rua=mailto:x@y.no"'], "has no policy"),
        (['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"'], "has 2 records"),
        (['"dmarc p=none"'], "has no record"),
    ],
)
def test_a_dmarc_record_that_counts_as_none_is_told(zone: Zone, record: list[str], told: str) -> None:
    zone.records[f"_dmarc.{AT}", "TXT"] = record
    assert told in bad(zone)


def test_a_subdomain_goes_by_its_organisations_policy(zone: Zone) -> None:
    zone.records[f"svar.{AT}", "MX"] = ["10 mx.provider.no."]
    zone.records[f"svar.{AT}", "TXT"] = zone.records[AT, "TXT"]
    changed = {"domain": f"svar.{DOMAIN}", "envelope": f"svar.{DOMAIN}"}
    assert bad(zone, **changed) == ""
    zone.records[f"_dmarc.{AT}", "TXT"] = ['"v=DMARC1; p=reject; aspf=s"']
    # Relaxed alignment would do for this envelope, and strict does not.
    strict = said(zone, **{**changed, "envelope": DOMAIN})
    assert [each for each in strict if "all rests on DKIM" in each]


def test_an_envelope_of_another_domain_leaves_it_all_to_the_signature(zone: Zone) -> None:
    other = {"envelope": "provider.no", "envelope_organisation": "provider.no"}
    zone.records["provider.no.", "TXT"] = ['"v=spf1 ip4:192.0.2.0/24 -all"']
    assert bad(zone, **other) == ""
    assert [each for each in said(zone, **other) if "so SPF does not count for kundesenter.no" in each]
    del zone.records[f"s1._domainkey.{AT}", "TXT"]
    assert "our answers fail DMARC and may be refused" in bad(zone, **other)
    assert "the envelope sender is <>" in bad(zone, envelope="", envelope_organisation="")


def test_a_dns_that_does_not_answer_is_told_and_nothing_is_concluded(zone: Zone) -> None:
    zone.rcode = dns.rcode.SERVFAIL
    (told,) = said(zone)
    assert told.startswith("BAD DNS cannot be asked about kundesenter.no")


def test_the_names_of_our_keys_are_seen_in_colleagues_mails() -> None:
    head = (
        b"Received: x\r\nDKIM-Signature: v=1; a=rsa-sha256; d=Kundesenter.no;\r\n\ts=2026q4; h=from;\r\n bh=d=x; b=s=wrong\r\n"
        b"DKIM-Signature: v=1; d=other.no; s=theirs\r\nFrom: a@b.no\r\n\r\nDKIM-Signature: d=kundesenter.no; s=body\r\n"
    )
    assert selectors_in([head], {DOMAIN}) == ["2026q4"]
