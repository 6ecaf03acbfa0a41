"""The hand-written mails of the demo and of the examples: invented, complete, and safe to ship."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEMO = sorted((ROOT / "processor" / "demo" / "mails").glob("*.eml"))
EXAMPLES = sorted((ROOT / "tests" / "mails").glob("*/*.eml"))
OURS = {"oppsigelse@visma.no", "skysupport@visma.com"}
PRIVATE = ("gmail.com", "online.no", "hotmail.com")
ORG_NO = re.compile(r"(?<!\d)\d{3} ?\d{3} ?\d{3}(?!\d)")


def parsed(path: Path) -> EmailMessage:
    return message_from_bytes(path.read_bytes(), policy=policy.default)


def words(message: EmailMessage) -> str:
    texts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
    return "\n".join([str(message["Subject"]), *texts])


def valid(number: str) -> bool:
    """Whether the check digit is right (modulus 11, domain.md 5.4)."""
    rest = sum(int(digit) * weight for digit, weight in zip(number, (3, 2, 7, 6, 5, 4, 3, 2), strict=False)) % 11
    return rest != 1 and int(number[8]) == (11 - rest) % 11


@pytest.mark.parametrize("path", [*DEMO, *EXAMPLES], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_mail_is_from_an_invented_sender_to_one_of_our_mailboxes(path: Path) -> None:
    message = parsed(path)
    (sender,) = message["From"].addresses
    assert re.search(r"-demo\.(no|com|se|dk)$", sender.domain) or sender.domain in PRIVATE
    assert message["To"].addresses[0].addr_spec in OURS
    assert b"\r\n" in path.read_bytes()


@pytest.mark.parametrize("path", [*DEMO, *EXAMPLES], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_organisation_numbers_in_a_mail_are_invented_and_valid(path: Path) -> None:
    for found in ORG_NO.findall(words(parsed(path))):
        number = found.replace(" ", "")
        assert number.startswith("3"), number
        assert valid(number), number


@pytest.mark.parametrize("path", DEMO, ids=lambda path: path.stem)
def test_a_demo_mail_gets_its_date_and_its_name_at_delivery(path: Path) -> None:
    message = parsed(path)
    assert message["Date"] is None
    assert message["Message-ID"] is None


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_an_example_bears_the_headers_of_our_receiving_server(path: Path) -> None:
    message = parsed(path)
    assert "by mx.kundesenter.example" in " ".join(str(message["Received"]).split())
    assert str(message["Authentication-Results"]).startswith("mx.kundesenter.example;")
    assert message["Date"].datetime.tzinfo is not None
    assert message["Message-ID"]


def test_the_readme_tells_what_each_example_shows() -> None:
    told = re.findall(
        r"^\| ([a-z_]+/\S+) \|", (ROOT / "tests/mails/README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(told) == sorted(f"{path.parent.name}/{path.stem}" for path in EXAMPLES)
