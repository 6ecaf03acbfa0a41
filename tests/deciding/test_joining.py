"""Who may join a ticket (threats T13, T14)."""

from __future__ import annotations

from processor.deciding.joining import may_join
from processor.message import Address
from processor.ticket import Provenance
from tests.deciding.made_cases import message

PROVEN = Provenance("proven", "test")
GMAIL = frozenset(["gmail.com"])


def test_the_tickets_sender_joins_and_so_does_a_colleague() -> None:
    assert may_join(message(), PROVEN, "Kari@fjordbygg-demo.no", named_our_message_id=True)
    colleague = "per@post.fjordbygg-demo.no"
    assert may_join(message(), PROVEN, colleague, named_our_message_id=True, public_domains=GMAIL)
    assert not may_join(message(), PROVEN, colleague, named_our_message_id=True)


def test_T13_a_stranger_does_not_join() -> None:
    assert not may_join(message(), PROVEN, "per@annen-demo.no", named_our_message_id=True, public_domains=GMAIL)


def test_T14_an_unproven_sender_does_not_join_whatever_is_named() -> None:
    assert not may_join(message(), Provenance("unproven", ""), "kari@fjordbygg-demo.no", named_our_message_id=True)


def test_a_mail_that_names_none_of_our_mails_does_not_join() -> None:
    assert not may_join(message(), PROVEN, "kari@fjordbygg-demo.no", named_our_message_id=False)


def test_two_people_at_a_public_domain_are_strangers() -> None:
    mail = message(Address("kari", "gmail.com"))
    assert not may_join(mail, PROVEN, "per@gmail.com", named_our_message_id=True, public_domains=GMAIL)
    assert may_join(mail, PROVEN, "kari@gmail.com", named_our_message_id=True, public_domains=GMAIL)
