"""Header fields: names, addresses, dates and marks, however they were written."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from processor.message import Message
from processor.reading.read import read

REST = b"Message-ID: <1@a-demo.no>\r\nDate: Tue, 1 Sep 2026 10:00:00 +0200\r\n\r\nhei"


def mail(*lines: str) -> Message:
    return read("".join(f"{line}\r\n" for line in lines).encode() + REST)


def codes(message: Message) -> set[str]:
    return {defect.code for defect in message.defects}


def froms(message: Message) -> list[str]:
    return [address.spec for address in message.from_]


def test_two_from_headers_are_kept_and_neither_is_the_sender() -> None:
    message = mail("From: a@x-demo.no", "From: b@y-demo.no")
    assert froms(message) == ["a@x-demo.no", "b@y-demo.no"]
    assert message.sender is None
    assert "from_repeated" in codes(message)


def test_two_addresses_in_one_from_are_kept_and_neither_is_the_sender() -> None:
    message = mail("From: a@x-demo.no, b@y-demo.no")
    assert froms(message) == ["a@x-demo.no", "b@y-demo.no"]
    assert message.sender is None
    assert "from_several" in codes(message)


@pytest.mark.parametrize(
    "value",
    ["undisclosed-recipients:;", "<>", "", '"', "(c):", "Kari", "unlisted-recipients:; (no To-header on input)"],
)
def test_a_from_without_an_address_leaves_no_sender(value: str) -> None:
    message = mail(f"From: {value}", f"To: {value}", f"Cc: {value}")
    assert (message.from_, message.sender, message.to) == ((), None, ())
    assert "from_missing" in codes(message)


def test_a_group_in_from_is_no_clean_sender() -> None:
    message = mail("From: Styret: leder@x-demo.no;")
    assert froms(message) == ["leder@x-demo.no"]
    assert message.sender is None
    assert "from_group" in codes(message)


@pytest.mark.parametrize("value", ["<<a@x-demo.no>>", "<a@x-demo.no", "a@x-demo.no>", "<a@x-demo.no> <b@y-demo.no>"])
def test_a_doubtful_address_is_kept_but_is_no_sender(value: str) -> None:
    message = mail(f"From: {value}")
    assert message.sender is None
    assert "address_unclear" in codes(message)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("a@x-demo.no (Kari Moe)", "Kari Moe"),
        ('"Moe, Kari" <a@x-demo.no>', "Moe, Kari"),
        ("Moe, Kari <a@x-demo.no>", "Kari"),
        ('"Cl.Si" <a@x-demo.no.>', "Cl.Si"),
        ("=?utf-8?q?Moe=2C_K=C3=A5re?= <a@x-demo.no>", "Moe, Kåre"),
        ('"=?utf-8?q?K=C3=A5re?=" <a@x-demo.no>', "Kåre"),
        ("=?utf-8?b?S8M=?= =?utf-8?b?pXJl?= <a@x-demo.no>", "Kåre"),
        ("=?utf-8?q?K=C3=A5re?=\r\n =?iso-8859-1?q?_M=F8e?= <a@x-demo.no>", "Kåre Møe"),
        ("=?utf-8?q?x=22_=3Cevil=40y=2Eno=3E=2C?= <a@x-demo.no>", 'x" <evil@y.no>,'),
        ("Kåre <a@x-demo.no>", "Kåre"),
        ('"a@x-demo.no" <a@x-demo.no>', ""),
        ('"Ka\u202eri\x07" <a@x-demo.no>', "Kari"),
    ],
)  # fmt: skip
def test_one_address_is_found_with_its_name(value: str, name: str) -> None:
    message = mail(f"From: {value}")
    assert froms(message) == ["a@x-demo.no"]
    assert message.sender == message.from_[0]
    assert message.sender.name == name


def test_a_raw_eight_bit_name_leaves_no_surrogate() -> None:
    message = read("From: Kåre Ødegård <a@x-demo.no>\r\n".encode("latin-1") + REST)
    assert message.from_[0].name == "Kåre Ødegård"


@pytest.mark.parametrize("value", ['"sjef@visma.no" <evil@y-demo.no>', "sjef@visma.no <evil@y-demo.no>"])
def test_an_address_shown_as_the_name_is_a_defect(value: str) -> None:
    message = mail(f"From: {value}")
    assert froms(message) == ["evil@y-demo.no"]
    assert "address_in_name" in codes(message)


def test_domains_are_lower_case_a_labels() -> None:
    message = mail("From: Ü@BÜCHER.example", "To: a@FJORD.no", "Reply-To: b@xn--bcher-kva.example")
    assert froms(message) == ["Ü@xn--bcher-kva.example"]
    assert (message.to[0].spec, message.reply_to[0].domain) == ("a@fjord.no", "xn--bcher-kva.example")


def test_a_domain_that_cannot_be_one_leaves_no_sender() -> None:
    message = mail("From: a@\u0338\u0338.no")
    assert message.sender is None
    assert {"domain_invalid", "address_unclear"} & codes(message)


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        ([], None),
        (["Return-Path: <>"], ""),
        (["Return-Path: <a@X-Demo.no>", "Return-Path: <>"], "a@x-demo.no"),
        (["Return-Path: a@x-demo.no"], "a@x-demo.no"),
    ],
)
def test_only_the_topmost_return_path_counts(lines: list[str], path: str | None) -> None:
    assert mail(*lines, "From: a@x-demo.no").return_path == path


@pytest.mark.parametrize(
    ("value", "subject"),
    [
        ("=?utf-8?q?oppsigelse_p=C3=A5?= =?utf-8?q?_avtale?=", "oppsigelse på avtale"),
        ("=?utf-8?b?w?= rest", "rest"),
        ("=?x-unknown?q?p=E5?=", "på"),
        ("=?utf-8*nb?q?p=C3=A5?=", "på"),
        ("=?utf-8?q?a=0ABcc: x@y=00?=", "a Bcc: x@y"),
        ("a\u202eb\u0085c", "ab c"),
        ("oppsigelse pÃ¥ avtale", "oppsigelse på avtale"),
        ("brettet\r\n  linje", "brettet linje"),
    ],
)
def test_a_subject_is_one_clean_line(value: str, subject: str) -> None:
    assert mail("From: a@x-demo.no", f"Subject: {value}").subject == subject


@pytest.mark.parametrize(
    ("value", "hour"),
    [
        ("Tue, 1 Sep 2026 10:00:00 +0200", 8),
        ("Mon, 1 Sep 2026 10:00:00 +0200 (feil ukedag)", 8),
        ("1 Sep 26 10:00 -0000", 10),
        ("Tue, 1 Sep 2026 10:00:00", 10),
        ("Tue, 1 Sep 2026 10:00:00 EST", 15),
    ],
)
def test_dates_are_aware_utc(value: str, hour: int) -> None:
    message = read(b"From: a@x-demo.no\r\nDate: " + value.encode() + b"\r\n\r\n")
    assert message.date is not None
    assert message.date.replace(second=0) == datetime(2026, 9, 1, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    "value", ["i går", "32 Foo 2026", "1 Sep 99999 10:00 +0200", "1 Sep 2026 10:00 +999999999", ""]
)
def test_a_date_that_is_none_is_a_defect(value: str) -> None:
    message = read(b"From: a@x-demo.no\r\nDate: " + value.encode() + b"\r\n\r\n")
    assert (message.date, message.arrival, message.arrival_from) == (None, None, "none")
    assert "date_invalid" in codes(message)


def test_arrival_is_the_topmost_received() -> None:
    message = mail(
        "Received: from a by b (x; y) id 1;\r\n Wed, 2 Sep 2026 09:00:00 +0200 (CEST; sommertid)",
        "Received: from c by a; Tue, 1 Sep 2026 09:00:00 +0200",
        "From: a@x-demo.no",
    )
    assert (message.arrival, message.arrival_from) == (datetime(2026, 9, 2, 7, tzinfo=UTC), "received")
    assert message.received_count == 2


def test_arrival_falls_back_to_the_date() -> None:
    message = mail("Received: from a by b", "From: a@x-demo.no")
    assert (message.arrival, message.arrival_from) == (message.date, "date")


def test_ids_are_found_folded_and_bounded() -> None:
    many = "".join(f"<{n}@a>" for n in range(200))
    message = mail(
        "From: a@x-demo.no",
        "In-Reply-To: Your mail of Tuesday <p@a>",
        f"References: {many}\r\n <siste@a> <to ord@a> <{'x' * 999}@a>",
    )
    assert message.in_reply_to == ("<p@a>",)
    assert (message.references[0], message.references[-1], len(message.references)) == ("<0@a>", "<siste@a>", 51)


def test_marks_are_handed_on_as_they_stand() -> None:
    message = mail(
        "From: a@x-demo.no",
        "Auto-Submitted: auto-replied (vacation); x=1",
        "Precedence: bulk",
        "List-Id: <a.b>",
        f"X-Loop: {'x' * 500}",
        "X-Other: 1",
        "Content-Type: multipart/report; report-type=Delivery-Status; boundary=q",
    )
    marks = dict(message.marks)
    assert marks["auto-submitted"] == "auto-replied (vacation); x=1"
    assert (marks["precedence"], marks["list-id"], len(marks["x-loop"])) == ("bulk", "<a.b>", 200)
    assert (marks["report-type"], marks["multipart/report"]) == ("delivery-status", "")
    assert "x-other" not in marks
