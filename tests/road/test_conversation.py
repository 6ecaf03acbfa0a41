"""Three conversations on real servers: completed, joined, and withdrawn or confirmed, each once."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tests.bench.site import USER, Site
from tests.road.test_road import mail, run, started

WITHOUT_NUMBER = "Vi sier opp Visma Global fra 31.12.2027.\n\nMvh\nKari Holm\nFjord Bygg AS"
WITH_NUMBER = f"{WITHOUT_NUMBER}\norg.nr 328627035"


def hear(here: Site, *mails: bytes, when: datetime | None = None) -> None:
    """Deliver mails by IMAP and make a pass: decided, and what is ready sent by SMTP."""
    for each in mails:
        here.dovecot.deliver(USER, each, when=when)
    told = run(here, "once")
    assert told.returncode == 0, told.stderr


def thread(here: Site) -> str:
    return f"In-Reply-To: {here.ask('select message_id from outbox order by id desc limit 1')[0][0]}\n"


@contextlib.contextmanager
def here_database(here: Site) -> Iterator[sqlite3.Connection]:
    """The store, to let time pass in it."""
    with contextlib.closing(sqlite3.connect(here.database)) as store, store:
        yield store


def facts(here: Site, action: int) -> dict[str, str]:
    return dict(json.loads(str(here.ask(f"select facts from action where id = {action}")[0][0])))


def test_the_missing_number_completes_the_notice_and_keeps_its_time(here: Site) -> None:
    started(here)
    hear(here, mail(WITHOUT_NUMBER))
    first = here.ask("select arrived_at from item")
    hear(here, mail("Hei, org.nr er 328 627 035.\n\nKari", "SV: Oppsigelse mottatt", headers=thread(here)))
    assert here.ask("select count(*) from ticket") == [(1,)]
    assert here.ask("select org_no, rule, arrived_at from item where how = ''") == [
        ("328627035", "termination/notice", first[0][0])
    ]
    assert here.ask("select kind, state from action") == [("register_termination", "waiting")]
    assert facts(here, 1)["org_no"] == "328627035"
    assert here.ask("select template, state from outbox order by id") == [
        ("termination/received", "sent"),
        ("general/completed", "sent"),
    ]
    assert len(here.taken()) == 2


def test_a_second_notice_from_the_same_company_joins_the_first(here: Site) -> None:
    started(here)
    hear(here, mail(WITH_NUMBER), mail(WITH_NUMBER, sender="ola@fjordbygg-demo.no"))
    hear(here, mail(WITH_NUMBER, sender="regnskap@havn-demo.no"))
    assert here.ask("select count(*) from action where ticket_id = 1") == [(1,)]
    assert here.ask("select count(*) from mail where ticket_id = 1") == [(2,)]
    # A stranger's notice for the same company is a person's to judge: it has a ticket of its own.
    assert here.ask("select count(*) from ticket") == [(2,)]
    assert facts(here, 1)["second_notice"].endswith("from ola@fjordbygg-demo.no")
    assert here.ask("select template, state from outbox order by id")[:2] == [
        ("termination/received", "sent"),
        ("termination/received_again", "sent"),
    ]


def test_a_withdrawal_holds_the_termination_and_a_confirmation_leaves_once(here: Site) -> None:
    started(here)
    secret = run(here, "people", "add", "Kari").stdout.rpartition(": ")[2].strip()
    step = {"secret": secret}
    hear(here, mail(WITH_NUMBER))
    hear(here, mail("Vi trekker oppsigelsen. Se bort fra den.\n\nKari", "SV: Oppsigelse", headers=thread(here)))
    assert here.ask("select count(*) from ticket") == [(1,)]
    assert here.ask("select kind, state from action order by id") == [
        ("register_termination", "held"),
        ("decide_withdrawal", "waiting"),
    ]
    done = ("queue", "done", "a1", "--as", "Kari", "--last-day", "31.12.2027")
    assert "decide on that first" in run(here, *done, **step).stdout
    assert (
        run(here, "queue", "reject", "a2", "--as", "Kari", "--reason", "ringte, gjelder likevel", **step).returncode
        == 0
    )
    before = len(here.taken())
    assert run(here, *done, **step).returncode == 0
    again = run(here, *done, **step)
    assert (again.returncode, "it is done by Kari" in again.stdout) == (1, True)
    hear(here)
    hear(here)
    assert len(here.taken()) == before + 1
    ((state, words),) = here.ask("select state, text from outbox where kind = 'confirmation'")
    assert state == "sent"
    assert "Siste dag er fredag 31. desember 2027." in str(words)
    assert here.ask("select state from ticket") == [("closed",)]
    right = run(here, "queue", "correct", "a1", "--as", "Kari", "--last-day", "31.12.2028", **step)
    assert right.returncode == 0, right.stderr
    hear(here)
    assert len(here.taken()) == before + 2
    ((subject,),) = here.ask("select subject from outbox where kind = 'confirmation' and issue = 2")
    assert str(subject).endswith("Oppsigelse registrert (rettet bekreftelse)")


def test_what_came_in_an_outage_says_so_and_the_oldest_is_decided_first(here: Site) -> None:
    now = datetime.now(UTC)
    started(here)
    hear(here)
    with here_database(here) as store:
        seen = (now - timedelta(hours=9)).strftime("%Y-%m-%d %H:%M:%S.%f")
        store.execute("update mailbox set seen_at = ?, answer_from = ?", [seen, seen])
    days = [now - timedelta(hours=hours) for hours in (2, 7)]
    for number, when in enumerate(days):
        here.dovecot.deliver(USER, mail(sender=f"kari@firma{number}-demo.no", when=when), when=when)
    hear(here)
    assert here.ask("select mail.id from ticket join mail on mail.ticket_id = ticket.id order by ticket.id") == [
        (2,),
        (1,),
    ]
    ((ticket,),) = here.ask("select number from ticket where id = 1")
    assert "arrived during an outage of 9 hours" in run(here, "queue", "show", str(ticket)).stdout
