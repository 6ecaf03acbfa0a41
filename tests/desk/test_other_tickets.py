"""The other tickets of a customer, beside the one that is answered."""

from __future__ import annotations

from processor.message import Extracted
from processor.steps.work_off import work_off
from processor.store import tables as t
from processor.store.keep import Arrival, keep
from processor.store.other_tickets import MOST, other_tickets
from tests.desk.conftest import Room
from tests.shipped import rulebook_of
from tests.store.made import NOW, column


def mail(number: int, sender: str, words: str) -> bytes:
    head = f"From: {sender}\r\nTo: oppsigelse@example.com\r\nSubject: Sak {number}\r\nMessage-ID: <kin{number}@x.example>\r\n"
    return f"{head}Date: Thu, 26 Nov 2026 09:0{number % 10}:00 +0100\r\n\r\n{words}\r\n".encode()


def take(room: Room, *mails: bytes, account: str = "a", first: int = 100) -> list[str]:
    arrivals = [Arrival(account, "INBOX", 7, uid, NOW, len(raw), raw) for uid, raw in enumerate(mails, first)]
    keep(room.engine, arrivals, NOW)
    config = room.desk.config
    rules = rulebook_of(config.rules_dir, config.templates_dir, config.own_addresses)
    work_off(room.engine, rules, config, "w", room.clock, lambda *_: Extracted())
    return [str(each) for each in column(room.engine, t.ticket.c.number)][-len(mails) :]


def test_it_shows_the_tickets_that_name_the_same_number_and_those_of_the_same_sender(room: Room) -> None:
    one, two, three, four = take(
        room,
        mail(1, "kari@fjord.example", "Vi sier opp Visma Global. Org.nr 328 627 035."),
        mail(2, "ola@regnskap.example", "Kan vi få kopi av faktura INV12345678? Org.nr 328627035."),
        mail(3, "kari@fjord.example", "Hvor finner jeg avtalevilkårene?"),
        mail(4, "en@annen.example", "Hvor finner jeg avtalevilkårene?"),
    )
    found, more = other_tickets(room.engine, one)
    assert [(each.number, each.same_customer) for each in found] == [(three, False), (two, True)]
    assert not more
    assert other_tickets(room.engine, four) == ([], False)
    page = room.sign_in().get(f"/ticket/{one}")
    assert "Other tickets of this customer" in page
    assert f"/ticket/{two}?view=all" in page
    assert "same sender" in page
    assert four not in page


def test_of_many_it_shows_the_newest_and_leads_to_all(room: Room) -> None:
    numbers = take(
        room, *(mail(n, "kari@fjord.example", f"Spørsmål nummer {n} om noe annet.") for n in range(MOST + 3))
    )
    found, more = other_tickets(room.engine, numbers[0])
    assert [each.number for each in found] == numbers[: -MOST - 1 : -1]
    assert more
    assert "All of them" in room.sign_in().get(f"/ticket/{numbers[0]}")


def test_who_may_not_see_a_mailbox_is_not_told_of_its_tickets(room: Room) -> None:
    (one,) = take(room, mail(1, "kari@fjord.example", "Vi sier opp Visma Global. Org.nr 328 627 035."))
    (two,) = take(room, mail(2, "kari@fjord.example", "Hvor finner jeg avtalevilkårene?"), account="b", first=200)
    assert [each.number for each in other_tickets(room.engine, one)[0]] == [two]
    assert other_tickets(room.engine, one, frozenset({"a"})) == ([], False)
