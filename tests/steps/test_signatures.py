"""Signatures checked against a real DNS server: what they prove, what is not believed, and in what time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dns.rcode
import pytest

from processor.config import Config, ProvenanceSettings
from processor.deciding.authenticity import judge
from processor.message import Extracted
from processor.pipeline import read_header
from processor.provenance import Signature
from processor.steps.authenticating import Signatures
from processor.steps.work_off import work_off
from processor.store.keep import Arrival, keep
from processor.store.past import past_mails
from processor.store.restoring import restored
from processor.ticket import Context, Provenance
from tests.servers.registers import Zone, dns_server
from tests.servers.signing import Key, key, publish, sealed, signed
from tests.steps.talk import talk
from tests.steps.test_surroundings import CONFIG

DOMAIN = "fjordbygg-demo.no"
MAIL = (
    b"From: Kari Holm <kari@fjordbygg-demo.no>\r\nTo: oppsigelse@visma.no\r\nSubject: Oppsigelse\r\n"
    b"Date: Thu, 26 Nov 2026 10:00:00 +0100\r\nMessage-ID: <1@fjordbygg-demo.no>\r\n\r\n"
    b"Vi sier opp Visma Global.  Org.nr 974760673 \r\n\r\n"
)


@pytest.fixture
def zone() -> Iterator[Zone]:
    with dns_server(Zone()) as made:
        publish(made, DOMAIN, key())
        yield made


def config(zone: Zone, **changes: Any) -> Config:
    usual = ProvenanceSettings(check_signatures=True, dns_servers=(zone.server,), timeout=2.0)
    return replace(CONFIG, authserv_ids=("mx.kundesenter.example",), provenance=replace(usual, **changes))


def found(raw: bytes, zone: Zone, **changes: Any) -> Signature:
    (each,) = Signatures(config(zone, **changes)).of([(raw, read_header(raw))])
    return each[0] if each else Signature("dkim", "", "not_checked", "nobody asked")


def judged(raw: bytes, zone: Zone, **changes: Any) -> Provenance:
    message = read_header(raw)
    (each,) = Signatures(config(zone, **changes)).of([(raw, message)])
    return judge(message, ("mx.kundesenter.example",), signatures=each)


def test_a_signature_of_the_authors_own_domain_proves_the_sender(zone: Zone) -> None:
    told = judged(signed(MAIL, DOMAIN, key()), zone)
    assert told == Provenance("proven", f"DKIM signature of {DOMAIN}, which we checked")


def test_a_changed_body_is_not_what_was_signed(zone: Zone) -> None:
    told = judged(signed(MAIL, DOMAIN, key()).replace(b"Global", b"Nordic"), zone)
    assert told.result == "unproven"
    assert "body hash mismatch" in told.why


def test_T05_the_signature_of_another_is_not_even_asked_for(zone: Zone) -> None:
    publish(zone, "evil.example", key())
    assert judged(signed(MAIL, "evil.example", key()), zone).result == "unproven"
    assert zone.asked == []


@pytest.mark.parametrize(
    ("made", "tags", "length", "why"),
    [
        (key(), "v=DKIM1; k=rsa", True, "a part of the body only"),
        (key(), "v=DKIM1; k=rsa; t=y", False, "in testing"),
        (key(1024 - 256), "v=DKIM1; k=rsa", False, "too small"),
        (Key(key().private, ""), "v=DKIM1; k=rsa", False, "does not hold"),
    ],
)
def test_T06_a_weak_signature_proves_nothing_and_says_why(
    zone: Zone, made: Key, tags: str, length: bool, why: str
) -> None:
    publish(zone, DOMAIN, made, tags)
    told = judged(signed(MAIL, DOMAIN, made, length=length), zone)
    assert told.result == "unproven"
    assert why in told.why


def test_T06_an_expired_signature_proves_nothing(zone: Zone) -> None:
    raw = signed(MAIL, DOMAIN, key()).replace(b"q=dns/txt;", b"q=dns/txt; x=1000000000;").replace(b" t=1", b" t=0")
    assert "x= value is past" in judged(raw, zone).why


def test_T06_from_must_be_signed_and_stand_once(zone: Zone) -> None:
    raw = signed(MAIL, DOMAIN, key())
    assert "does not cover From" in judged(raw.replace(b"h=from :", b"h=", 1), zone).why
    assert judged(b"From: Sjefen <sjef@fjordbygg-demo.no>\r\n" + raw, zone).result == "unproven"


def test_a_key_that_is_not_published_proves_nothing(zone: Zone) -> None:
    zone.records.clear()
    assert "not published" in judged(signed(MAIL, DOMAIN, key()), zone).why


def test_where_our_server_has_spoken_nothing_is_asked(zone: Zone) -> None:
    raw = b"Authentication-Results: mx.kundesenter.example; dmarc=fail header.from=fjordbygg-demo.no\r\n"
    raw += signed(MAIL, DOMAIN, key())
    assert judged(raw, zone).result == "forged"
    assert judged(signed(MAIL, DOMAIN, key()), zone, check_signatures=False).result == "unproven"
    assert zone.asked == []


def test_a_key_is_asked_for_once(zone: Zone) -> None:
    checking, raw = Signatures(config(zone)), signed(MAIL, DOMAIN, key())
    mails = [(raw, read_header(raw))]
    assert {checking.of(mails)[0][0].result for _ in range(3)} == {"pass"}
    assert len(zone.asked) == 1


def test_a_dead_name_server_costs_its_own_mails_no_more_than_the_time_limit(zone: Zone) -> None:
    zone.silent = True
    checking, raw = Signatures(config(zone, timeout=0.5)), signed(MAIL, DOMAIN, key())
    began = time.monotonic()
    ((told,),) = checking.of([(raw, read_header(raw))])
    assert time.monotonic() - began < 2
    assert told.result == "not_checked"
    assert "time" in told.why


def test_a_server_that_fails_proves_nothing(zone: Zone) -> None:
    zone.rcode = dns.rcode.SERVFAIL
    assert judged(signed(MAIL, DOMAIN, key()), zone).result == "unproven"


def test_T11_a_seal_is_believed_of_listed_forwarders_only(zone: Zone) -> None:
    publish(zone, "forwarder.example", key())
    raw = sealed(MAIL, "forwarder.example", key(), f"dmarc=pass header.from={DOMAIN}")
    assert judged(raw, zone).result == "unproven"
    assert judged(raw, zone, arc_sealers=("another.example",)).result == "unproven"
    told = judged(raw, zone, arc_sealers=("forwarder.example",))
    assert told.result == "proven"
    assert "forwarder.example has sealed" in told.why


@pytest.mark.parametrize("seen", ["dmarc=fail header.from=fjordbygg-demo.no", "dmarc=pass header.from=evil.example"])
def test_T11_a_listed_sealer_proves_only_what_it_saw(zone: Zone, seen: str) -> None:
    publish(zone, "forwarder.example", key())
    raw = sealed(MAIL, "forwarder.example", key(), seen)
    assert judged(raw, zone, arc_sealers=("forwarder.example",)).result == "unproven"
    good = sealed(MAIL, "forwarder.example", key(), f"dmarc=pass header.from={DOMAIN}")
    changed = good.replace(b"Global", b"Nordic")
    assert judged(changed, zone, arc_sealers=("forwarder.example",)).result == "unproven"


def test_T12_our_own_domain_is_believed_by_our_own_signature_alone(zone: Zone) -> None:
    message = read_header(signed(MAIL, DOMAIN, key()))
    assert judge(message, (), (f"post@{DOMAIN}",)).result == "forged"
    held = Signature("dkim", DOMAIN, "pass")
    assert judge(message, (), (f"post@{DOMAIN}",), (held,)).result == "proven"


def test_a_signers_name_that_is_no_domain_is_never_shown(zone: Zone) -> None:
    raw = signed(MAIL, DOMAIN, key()).replace(b"d=fjordbygg-demo.no", b"d=a b.fjordbygg-demo.no", 1)
    assert judged(raw, zone).result == "unproven"
    assert "a b." not in judged(raw, zone).why


def test_a_body_of_blanks_does_not_hold_up_the_program(zone: Zone) -> None:
    raw = signed(MAIL, DOMAIN, key()) + b"x" + b" " * 300_000 + b"y"
    began = time.monotonic()
    assert found(raw, zone).result == "fail"
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "raw",
    [
        b"DKIM-Signature: \r\nFrom: a@fjordbygg-demo.no\r\n\r\n",
        b"DKIM-Signature: v=1; d=fjordbygg-demo.no; s=\xff; h=from; b=; bh=; a=rsa-sha256\r\nFrom: a@fjordbygg-demo.no\r\n\r\n",
        b"ARC-Seal: i=1; d=forwarder.example\r\nFrom: a@fjordbygg-demo.no\r\n\r\n",
        b"DKIM-Signature: v=1; d=fjordbygg-demo.no" + b" \r\n " * 3000 + b"\r\nFrom: a@fjordbygg-demo.no\r\n\r\n",
    ],
)
def test_no_bytes_break_the_checking(zone: Zone, raw: bytes) -> None:
    assert found(raw, zone, arc_sealers=("forwarder.example",)).result != "pass"


def test_on_the_road_the_result_decides_and_is_stored_with_its_reason(zone: Zone, tmp_path: Path) -> None:
    here = talk(tmp_path)
    here.config = replace(here.config, provenance=config(zone).provenance)
    raw = signed(MAIL, DOMAIN, key())
    for number, each in enumerate((raw, MAIL.replace(b"Global", b"Nordic").replace(b"<1@", b"<2@"))):
        keep(here.engine, [Arrival("a", "INBOX", 1, number + 1, here.now, len(each), each)], here.now)
    checking = Signatures(here.config)
    road = (here.engine, here.rulebook, here.config, "w", lambda: here.now, lambda *_: Extracted())
    # The second notice of a customer waits for the first.
    (proven,), (unproven,) = (work_off(*road, verify=checking.of)[1] for _ in range(2))
    assert here.ask("select provenance from ticket order by id") == [("proven",), ("unproven",)]
    assert proven.context.signatures == (Signature("dkim", DOMAIN, "pass"),)
    assert "which we checked" in proven.decision.provenance.why
    assert (proven.decision.reply, unproven.decision.reply) != (None, None)
    assert unproven.decision.reply
    assert unproven.decision.reply.template == "general/received"
    first = past_mails(here.engine, 1, 1, None)[0]
    assert restored(Context, json.loads(first.told)["context"]) == proven.context
    here.engine.dispose()
