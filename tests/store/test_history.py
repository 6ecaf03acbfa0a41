"""History in both databases: one commit with its checkpoint, known again, sealed, copied and erased as other mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from processor.ciphers import Keyring
from processor.store import tables as t
from processor.store.audit import verify
from processor.store.colleagues import SentMail, note_sent
from processor.store.corrections import retype
from processor.store.decided import NumberTakenError
from processor.store.engine import check_store
from processor.store.erasing import erase_ticket
from processor.store.history import PastMail, PastNote, history_ends, take_history, unchanged_since
from processor.store.history_threads import PastItem
from processor.store.import_runs import Run, begin_import, end_import, runs
from processor.store.judgements import type_records
from processor.store.people import Person
from processor.store.privacy import erase, find
from processor.store.retention import due
from processor.store.sealed import give_keys, raw_of
from processor.store.seals import seal_all
from processor.store.transaction import writing
from processor.store.watermarks import first_start
from tests.store.made import NOW, column, count

THEN = NOW - timedelta(days=20)
KARI = "kari@fjordbygg-demo.no"


def past(n: int, **changes: Any) -> PastMail:
    """Mail ``n`` of Kari's, which asks for a termination."""
    item = PastItem("termination", "328627035", "", 0.9, "{}", '{"account":null,"fields":[],"requests":[]}')
    made = PastMail(
        name=f"a.mbox#{n}",
        raw=b"mail %d" % n,
        size=6,
        letter=f"letter {n}",
        message_id=f"<{n}@fjordbygg-demo.no>",
        named=(),
        own=False,
        automatic="",
        sender=KARI,
        recipient="",
        subject=f"Oppsigelse {n}",
        language="nb",
        company="Fjord Bygg AS",
        provenance="unproven",
        arrived_at=THEN + timedelta(hours=n),
        arrival_from="received",
        items=(item,),
        numbers=(f"VS-{n:04d}-PAST", f"VS-{n:04d}-SEC0"),
        account="a",
        folder="a.mbox",
    )
    return replace(made, **changes)


def ours(n: int, to: int, **changes: Any) -> PastMail:
    named, us = (f"<{to}@fjordbygg-demo.no>",), "oppsigelse@visma.no"
    return past(n, own=True, items=(), sender=us, recipient=KARI, named=named, provenance="", **changes)


def take(engine: Engine, *mails: PastMail, notes: tuple[PastNote, ...] = (), run: Run | None = None) -> dict[str, int]:
    run = run or begin_import(engine, "mbox a", "m", NOW, anew=True)
    after = run.at("1", {}, ())
    return dict(+take_history(engine, run, after, mails, notes, lambda spec: spec.rpartition("@")[2], NOW))


def test_a_batch_and_its_checkpoint_are_one_commit(engine: Engine, url: str) -> None:
    run = begin_import(engine, "mbox a", "m", NOW)
    told = take(engine, past(1), ours(2, 1), past(3, named=("<2@fjordbygg-demo.no>",)), run=run)
    assert told == {"new": 3, "own": 1, "tickets": 1, "joined": 2}
    ((there, ended),) = runs(engine)
    assert (there.position, there.counts, there.resumed, ended) == ("1", told, True, None)
    assert begin_import(engine, "mbox a", "m", NOW) == there
    end_import(engine, there, "Kari", NOW)
    assert begin_import(engine, "mbox a", "m", NOW) == Run("mbox a", "m")
    assert count(engine, t.outbox) == count(engine, t.action) == 0
    assert column(engine, t.mail.c.own) == [False, True, False]
    assert column(engine, t.ticket.c.changed_at) == [THEN + timedelta(hours=3)]
    assert column(engine, t.register_contact.c.value) == [KARI]
    seal_all(engine, NOW)
    assert verify(engine).faults == []
    assert [line for line in check_store(url) if "fsync off" not in line] == []


def test_equal_bytes_and_equal_letters_are_known_within_a_batch_and_across(engine: Engine) -> None:
    again = past(5, raw=b"mail 1 in another dress", letter="letter 1", message_id="<1@fjordbygg-demo.no>")
    assert take(engine, past(1), past(1), again) == {"new": 1, "known": 1, "again": 1, "tickets": 1}
    assert take(engine, past(1), replace(again, raw=b"a third")) == {"known": 1, "again": 1}
    assert column(engine, t.mail.c.ticket_id) == [1, 1, 1]
    assert count(engine, t.item) == 1


def test_a_number_that_is_in_use_is_passed_over_and_none_at_all_undoes_the_batch(engine: Engine) -> None:
    take(engine, past(1))
    second = past(2, numbers=("VS-0001-PAST", "VS-0002-PAST"))
    assert take(engine, second)["tickets"] == 1
    with pytest.raises(NumberTakenError):
        take(engine, past(3), past(4, numbers=("VS-0001-PAST",)))
    assert count(engine, t.mail) == 2


def test_a_note_is_taken_over_once_on_the_ticket_of_its_name(engine: Engine) -> None:
    thread = "<7.zammad@import.invalid>"
    note = PastNote(thread, THEN, "Ola Berg", "Ring henne")
    told = take(engine, past(1, thread=thread, open=True), ours(2, 9, thread=thread), notes=(note,))
    assert told == {"new": 2, "own": 1, "tickets": 1, "joined": 1, "open": 1, "notes": 1}
    assert take(engine, past(1, thread=thread), notes=(note,)) == {"known": 1}
    lost = PastNote("<8.zammad@import.invalid>", THEN, "Ola", "nowhere")
    assert take(engine, notes=(lost,)) == {}


def test_history_is_no_decision_of_ours_and_may_be_named_by_staff(engine: Engine, kari: Person) -> None:
    take(engine, past(1))
    assert type_records(engine) == {}
    assert retype(engine, 1, ("other",), None, kari, NOW).refused == ""
    assert column(engine, t.item.c.how) == ["imported"]


def test_history_is_erased_with_all_that_names_it(engine: Engine) -> None:
    take(engine, past(1, named=("<parent@fjordbygg-demo.no>",)), past(2, sender="ola@other-demo.no"))
    assert column(engine, t.thread_name.c.message_id) == ["<parent@fjordbygg-demo.no>"]
    with writing(engine) as conn:
        erase_ticket(conn, 1, "asked for", "Kari", NOW)
    assert count(engine, t.thread_name) == 0
    assert take(engine, past(1)) == {"known": 1}
    assert list(erase(engine, find(engine, "ola@other-demo.no"), "Kari", NOW, True).mails) == [2]


def test_a_letter_of_ours_that_an_archive_brought_is_no_colleagues_reply_when_the_sent_folder_shows_it(
    engine: Engine,
) -> None:
    take(engine, past(1), ours(2, 1))
    names, us = ("<1@fjordbygg-demo.no>",), "oppsigelse@visma.no"
    known = SentMail(7, "<2@fjordbygg-demo.no>", names, us, (KARI,), "Sv: Oppsigelse", THEN)
    assert note_sent(engine, "a", "Sent", 1, [known], NOW) == 0
    assert count(engine, t.colleague_reply) == 0
    assert note_sent(engine, "a", "Sent", 1, [replace(known, uid=8, message_id="<3@visma.no>")], NOW) == 1
    answer = past(4, sender="regnskap@other-demo.no", named=("<3@visma.no>",))
    assert take(engine, answer) == {"new": 1, "joined": 1}


def test_old_history_is_due_as_any_mail_of_its_age(engine: Engine) -> None:
    old = past(1, arrived_at=NOW - timedelta(days=500), items=(replace(past(1).items[0], type="otp_code"),))
    take(engine, old, past(2))
    assert unchanged_since(engine, NOW - timedelta(days=365)) == 1
    assert [(each.number, each.kept) for each in due(engine, NOW)] == [("VS-0001-PAST", "")]


def test_history_ends_with_the_first_start_of_the_first_mailbox(engine: Engine) -> None:
    assert history_ends(engine) is None
    first_start(engine, "b", NOW)
    first_start(engine, "a", THEN)
    assert history_ends(engine) == THEN


def test_history_lies_encrypted_where_a_key_is_named(engine: Engine) -> None:
    take(engine, past(1))
    give_keys(engine, Keyring("the first key of the mails, quite long"))
    assert take(engine, past(1), past(2)) == {"known": 1, "new": 1, "tickets": 1}
    first, second = (bytes(each) for each in column(engine, t.raw_mail.c.content))
    assert (first, b"mail 2" in second) == (b"mail 1", False)
    assert [raw_of(engine, each) for each in (1, 2)] == [b"mail 1", b"mail 2"]
