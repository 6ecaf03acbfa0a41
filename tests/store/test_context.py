from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine, update

from processor.store import tables as t
from processor.store.context import add_contacts, known_sender, replies_lately, ticket_for
from processor.store.outbox import attempt, claim, failed, issue_confirmation
from processor.store.people import Person
from processor.store.queue import done
from processor.store.transaction import writing
from processor.ticket import Level
from tests.store.made import LATER, NOW, decision, recorded, reply


def test_a_reply_to_our_own_message_finds_its_ticket(engine: Engine) -> None:
    one = recorded(engine, 1)
    found = ticket_for(engine, ["<unknown@x>", "<out1@processor.example>"])
    assert found
    assert (found.ticket_id, found.ticket_no, found.sender) == (one.ticket_id, one.ticket_no, "kari@fjordbygg-demo.no")
    assert found.ours


def test_a_message_id_that_came_in_finds_its_ticket_too_but_is_not_ours(engine: Engine) -> None:
    one, two = recorded(engine, 1), recorded(engine, 2)
    found = ticket_for(engine, ["<in1@fjordbygg-demo.no>"])
    assert found
    assert (found.ticket_id, found.ours) == (one.ticket_id, False)
    nearest = ticket_for(engine, ["<in1@fjordbygg-demo.no>", "<out2@processor.example>"])
    assert nearest
    assert (nearest.ticket_id, nearest.ours) == (two.ticket_id, True)


def test_nothing_and_strangers_find_no_ticket(engine: Engine) -> None:
    assert ticket_for(engine, []) is None
    assert ticket_for(engine, ["", "<x@y>"] * 400 + ["<" + "a" * 9000 + ">"]) is None


def test_a_merged_ticket_leads_to_the_one_it_went_into(engine: Engine) -> None:
    one, two = recorded(engine, 1), recorded(engine, 2)
    with writing(engine) as conn:
        merged = {"merged_into": two.ticket_id, "state": "merged"}
        conn.execute(update(t.ticket).where(t.ticket.c.id == one.ticket_id).values(merged))
    found = ticket_for(engine, ["<in1@fjordbygg-demo.no>"])
    assert found
    assert found.ticket_no == two.ticket_no
    assert recorded(engine, 3, joins_ticket_id=one.ticket_id).ticket_no == two.ticket_no


def test_replies_that_are_out_or_on_their_way_are_counted(engine: Engine) -> None:
    first = recorded(engine, 1)
    recorded(engine, 2, joins_ticket_id=first.ticket_id)
    recorded(engine, 3, decision(reply(to="ola@x.no")))
    recorded(engine, 4, level=Level.OBSERVE)
    recorded(engine, 5, level=Level.DRAFT)
    assert replies_lately(engine, "KARI@fjordbygg-demo.no", first.ticket_id, LATER) == (2, 2, 3)
    assert replies_lately(engine, "nobody@x.no", None, LATER) == (0, 0, 3)
    assert replies_lately(engine, "kari@fjordbygg-demo.no", first.ticket_id, NOW + timedelta(hours=2)) == (2, 2, 0)
    assert replies_lately(engine, "kari@fjordbygg-demo.no", first.ticket_id, NOW + timedelta(days=2)) == (0, 2, 0)
    (row, *_) = claim(engine, "w", 1, LATER, 60)
    attempt(engine, row.id, row.fence, "mx", LATER)
    failed(engine, row.id, row.fence, "no", LATER)
    with engine.connect() as conn:
        assert replies_lately(conn, "kari@fjordbygg-demo.no", first.ticket_id, LATER) == (1, 1, 2)


def test_confirmations_and_what_staff_send_are_not_counted(engine: Engine, kari: Person) -> None:
    one = recorded(engine, 1)
    done(engine, 1, kari, NOW)
    assert issue_confirmation(engine, 1, "confirmation", reply("confirmation"), "<c@x>", kari, NOW)
    assert replies_lately(engine, "kari@fjordbygg-demo.no", one.ticket_id, LATER) == (1, 1, 1)


def test_a_known_sender_is_known_by_address_or_domain(engine: Engine) -> None:
    assert add_contacts(engine, ["Kari@Gmail.com"], ["fjordbygg-demo.no"], NOW) == 2
    assert add_contacts(engine, ["kari@gmail.com"], ["ny.no"], NOW) == 1
    assert known_sender(engine, "kari@gmail.com", "gmail.com")
    assert known_sender(engine, "ola@fjordbygg-demo.no", "fjordbygg-demo.no")
    assert not known_sender(engine, "ola@gmail.com", "gmail.com")
