"""Authentication-Results by the grammar, so that a value cannot pose as a result (RFC 8601)."""

from __future__ import annotations

import pytest

from processor.message import MethodResult
from processor.reading.authentication import Unclear, parse_results
from processor.reading.read import read

MS = (
    "mx.example; spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=a.no; dkim=pass (signature was verified)"
    " header.d=a.no;dmarc=pass action=none header.from=a.no;compauth=pass reason=100"
)


def results(value: str) -> dict[str, str]:
    return {one.method: one.result for one in parse_results(value)[1]}


def test_it_reads_methods_results_and_properties_in_lower_case() -> None:
    server, found = parse_results('MX.Example 1; DKIM=Pass reason="good sig" header.d=A.no header.b="q/x=="; spf=fail')
    assert server == "mx.example"
    assert found == (
        MethodResult("dkim", "pass", (("reason", "good sig"), ("header.d", "a.no"), ("header.b", "q/x=="))),
        MethodResult("spf", "fail"),
    )


def test_it_reads_what_exchange_online_writes() -> None:
    assert results(MS) == {"spf": "pass", "dkim": "pass", "dmarc": "pass", "compauth": "pass"}


@pytest.mark.parametrize(
    "value",
    [
        'mx.example; spf=pass smtp.mailfrom="x) dmarc=pass ("@evil.no',
        'mx.example; spf=pass smtp.mailfrom="x; dmarc=pass header.from=a.no;"@evil.no',
        "mx.example; spf=pass (a (b) dmarc=pass; dmarc=pass) smtp.mailfrom=evil.no",
        r'mx.example; spf=pass smtp.mailfrom="x\"; dmarc=pass \""@evil.no',
        r"mx.example; spf=pass (\); dmarc=pass) smtp.mailfrom=evil.no",
        "mx.example; spf=pass smtp.mailfrom=x dmarc=pass",
    ],
)
def test_a_value_or_comment_cannot_pose_as_a_result(value: str) -> None:
    assert results(value) == {"spf": "pass"}


def test_nothing_checked_is_no_result() -> None:
    assert parse_results("mx.example; none") == ("mx.example", ())
    assert parse_results("mx.example;") == ("mx.example", ())


@pytest.mark.parametrize(
    "value",
    [
        "",
        "spf=pass (no server) smtp.mailfrom=a.no; dkim=none",
        "mx.example; spf",
        "mx.example; spf=",
        "mx.example; spf=pass smtp.mailfrom",
        "mx.example; spf=pass (open; dmarc=pass",
        'mx.example; spf=pass smtp.mailfrom="open; dmarc=pass',
        'mx.example; "dmarc"=pass',
        "mx.example 2; dmarc=pass",
        "mx.example; dmarc=fail; dmarc=pass",
        "mx.example dmarc=pass",
        "mx.example; =pass",
    ],
)
def test_what_is_unclear_is_refused_as_a_whole(value: str) -> None:
    with pytest.raises(Unclear):
        parse_results(value)


def test_a_message_has_them_in_order_with_the_received_above() -> None:
    message = read(
        b"Authentication-Results: mx.example; dmarc=pass\r\nReceived: from a by b; x\r\n"
        b"Authentication-Results: mx.example; spf\r\nAuthentication-Results: evil.example;\r\n\tdmarc=pass\r\nFrom: a@b.no\r\n\r\n"
    )
    assert [(one.authserv_id, one.received_above) for one in message.authentication] == [
        ("mx.example", 0),
        ("evil.example", 1),
    ]
    assert [defect.code for defect in message.defects].count("authentication_results_unclear") == 1


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        ("(p=NONE sp=QUARANTINE dis=NONE)", (("comment.p", "none"), ("comment.sp", "quarantine"))),
        ("(p=reject dis=none)", (("comment.p", "reject"),)),
        ("(xp=none)", ()),
        ("", ()),
    ],
)
def test_the_policy_that_gmail_tells_in_a_comment_is_kept(comment: str, told: tuple[tuple[str, str], ...]) -> None:
    (found,) = parse_results(f"mx.example; dmarc=fail {comment} header.from=a.no")[1]
    assert found == MethodResult("dmarc", "fail", (("header.from", "a.no"), *told))
    (other,) = parse_results(f"mx.example; spf=fail {comment} smtp.mailfrom=a.no")[1]
    assert other.properties == (("smtp.mailfrom", "a.no"),)


@pytest.mark.parametrize(
    "forged",
    ['mx.kundesent""er.example', '"mx.kunde"senter.example', 'mx."kundesenter.example"', '""mx.kundesenter.example'],
)
def test_T02_a_name_put_together_of_pieces_is_nobodys(forged: str) -> None:
    """Found by fuzzing: the receiving server, which takes away what came under its name, would not know it for it."""
    with pytest.raises(Unclear):
        parse_results(f"{forged}; dmarc=pass header.from=fjordbygg-demo.no")


def test_a_name_in_one_pair_of_quotes_is_the_name() -> None:
    assert parse_results('"mx.kundesenter.example"; dmarc=pass')[0] == "mx.kundesenter.example"


@pytest.mark.parametrize(
    "forged",
    [
        b"Authentication-Results: m\0x.kundesenter.example; dmarc=pass header.from=fjordbygg-demo.no",
        b"Authentication\0-Results: mx.kundesenter.example; dmarc=pass header.from=fjordbygg-demo.no",
        b"Authentication-Results : mx.kundesenter.example; dmarc=pass header.from=fjordbygg-demo.no",
        b"Subject: h\0ei\r\nAuthentication-Results: mx.kundesenter.example; dmarc=pass header.from=fjordbygg-demo.no",
    ],
)
def test_T02_what_reading_has_mended_proves_nothing(forged: bytes) -> None:
    """Found by fuzzing: the receiving server would not know such a field for one under its own name."""
    message = read(forged + b"\r\nFrom: kari@fjordbygg-demo.no\r\n\r\nhei")
    assert message.authentication == ()
    assert message.from_[0].spec == "kari@fjordbygg-demo.no"
