"""The whole road in a shared mailbox: a colleague answers from Outlook, and the server is compared."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

from tests.bench.site import USER, Site
from tests.road.test_road import mail, run, started

OLA = (
    "From: Ola Vik <{user}>\r\nTo: Kari Holm <kari@fjordbygg-demo.no>\r\nSubject: SV: Oppsigelse\r\n"
    "Message-ID: <ola@visma.no>\r\nIn-Reply-To: <{to}>\r\nReferences: <{to}>\r\n\r\nDet er ordnet, Kari.\r\n"
)


def answered(here: Site, message_id: str) -> None:
    here.dovecot.deliver(USER, OLA.format(user=USER, to=message_id).encode(), "Sendte elementer")


def test_what_a_colleague_answered_first_is_answered_by_nobody_else(here: Site) -> None:
    started(here)
    here.dovecot.deliver(USER, b"Subject: eldre\r\n\r\n", "Sendte elementer")
    here.dovecot.deliver(USER, mail(message_id="<en@fjordbygg-demo.no>"))
    assert run(here, "once").returncode == 0
    answered(here, "to@fjordbygg-demo.no")
    here.dovecot.deliver(USER, mail(message_id="<to@fjordbygg-demo.no>", text="Når ble den registrert?"))
    assert run(here, "once").returncode == 0
    # Ours to the first mail lies where colleagues look; the second was Ola's to answer.
    assert [row["to"] for row in here.taken()] == [["kari@fjordbygg-demo.no"]]
    assert here.ask("select state from outbox order by id") == [("sent",), ("cancelled",)]
    with here.dovecot.client(USER) as client:
        client.select_folder("Sendte elementer", readonly=True)
        subjects = [fact[b"ENVELOPE"].subject for fact in client.fetch(client.search(), ["ENVELOPE"]).values()]
    assert len(subjects) == 3
    # The words are read once the ticket is known.
    assert run(here, "once").returncode == 0
    ((number,),) = here.ask("select number from ticket join colleague_reply on ticket_id = ticket.id")
    shown = run(here, "queue", "show", str(number)).stdout
    assert "which answers the customer: SV: Oppsigelse" in shown
    assert "Det er ordnet, Kari." in shown
    assert "mail.answered_by_colleague by colleague" in shown


def test_reconcile_tells_of_planted_differences_and_takes_in_what_is_missing(here: Site) -> None:
    started(here)
    for number in range(3):
        here.dovecot.deliver(USER, mail(subject=f"Sak {number}"))
    assert run(here, "once").returncode == 0
    # The mark passes a mail that was never kept; a colleague moves another one away; a third is there twice.
    here.dovecot.deliver(USER, mail(subject="Aldri lest"))
    with here.dovecot.client(USER) as client:
        client.select_folder("INBOX")
        client.create_folder("Ferdig")
        client.move([1], "Ferdig")
        client.copy([2], "INBOX")
    with closing(sqlite3.connect(here.database)) as store, store:
        store.execute("update watermark set last_uid = 4 where folder = 'INBOX'")
    looked = run(here, "reconcile", "--look")
    assert looked.returncode == 1
    assert "1 not kept here: UID 4" in looked.stdout
    told = json.loads(run(here, "reconcile", "--json").stdout)["mailboxes"]
    inbox = next(each for each in told[0]["folders"] if each["folder"] == "INBOX")
    found = {kind: count for kind, count in inbox["counts"].items() if count}
    assert (found, inbox["uids"]["vanished"]) == ({"unledgered": 1, "taken_in": 1, "new": 1, "vanished": 1}, [1])
    assert run(here, "once").returncode == 0
    assert run(here, "reconcile").returncode == 0
    assert here.ask("select count(*) from mail where state = 'decided'") == [(4,)]
    status = run(here, "status").stdout
    assert "1 moved or deleted by others, and kept here, 1 the same mail again" in status
    assert json.loads(run(here, "status", "--json").stdout)["mailboxes"][0]["reconciled_at"]


def test_a_mailbox_that_is_none_is_told_by_name(here: Site) -> None:
    told = run(here, "reconcile", "--mailbox", "finnes-ikke")
    assert (told.returncode, "There is no mailbox finnes-ikke" in told.stderr) == (2, True)


def test_a_server_that_cannot_be_asked_is_told_and_changes_nothing(here: Site) -> None:
    started(here)
    here.dovecot.stop()
    told = run(here, "reconcile")
    assert (told.returncode, "not compared to its end" in told.stdout) == (1, True)
    here.dovecot.start()
