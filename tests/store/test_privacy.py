"""Retention, erasure on request and legal holds: what goes, what stays, and the chain that verifies afterwards."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url, select, update

from processor.store import tables as t
from processor.store.audit import anchor_of, verify
from processor.store.corrections import judged, retype
from processor.store.keep import keep
from processor.store.keep_stream import keep_stream
from processor.store.outbox import claim
from processor.store.past import past_mails
from processor.store.people import Person
from processor.store.privacy import end_grant, erase, find, hold, obstacle, release, wrote
from processor.store.queue import approve, done, queue
from processor.store.record import record
from processor.store.retention import due, retain
from processor.store.seals import last_seal, seal_all
from processor.store.staff_replies import cancel
from processor.store.ticket_view import ticket
from processor.store.transaction import writing
from processor.ticket import Action, Decision, Item, OutboxState, Reply
from tests.store.made import LATER, NOW, action, arrival, column, count, decision, made, message, reply

KARI = "kari@fjordbygg-demo.no"
SECRET = b"From: Kari <Kari@Fjordbygg-Demo.no>\r\nSubject: Oppsigelse\r\n\r\nhemmelig tekst nummer %d\r\n"
OLD = NOW + timedelta(days=5000)


def typed(type: str, answer: Reply | None = None, *actions: Action) -> Decision:
    item = Item(type, "328627035", f"{type}/notice", "", 0.98, actions)
    return replace(decision(answer, actions), items=(item,))


def came(engine: Engine, n: int, what: Decision, **changes: object) -> str:
    """A ticket of one mail with bytes of its own; its number."""
    (kept,) = keep(engine, [arrival(n, SECRET % n)], NOW)
    (one,) = record(engine, [made(kept.mail_id, n, what, **changes)])
    return one.ticket_no


def after(days: int) -> datetime:
    return NOW + timedelta(days=days)


def left(engine: Engine) -> list[bytes]:
    return [bytes(each) for each in column(engine, t.raw_mail.c.content)]


def everything(engine: Engine) -> str:
    """All that stands in the store, but for the register of staff."""
    with engine.connect() as conn:
        return "".join(
            repr(tuple(row))
            for table in t.metadata.sorted_tables
            for row in conn.execute(select(table))
            if table is not t.person
        )


def test_questions_go_after_twelve_months_and_nothing_of_them_is_left(engine: Engine) -> None:
    number = came(engine, 1, typed("elma_question", reply()))
    (row,) = claim(engine, "w", 1, NOW, 900)
    cancel(engine, row.id, Person(1, "x"), LATER + timedelta(hours=1))
    assert due(engine, after(365)) == []
    (one,) = due(engine, after(366))
    assert (one.number, one.what, one.mails, one.kept) == (number, "all", 1, "")
    assert left(engine)
    assert [each.number for each in retain(engine, after(366))] == [number]
    told = everything(engine).lower()
    for personal in ("kari", "fjord", "hemmelig", "oppsigelse", "328627035", "vi har mottatt"):
        assert personal not in told
    assert due(engine, OLD) == []
    view = ticket(engine, number)
    assert view
    assert (view.sender, view.subject, view.state) == ("", "", "closed")


def test_the_chain_verifies_after_everything_was_erased(engine: Engine, kari: Person) -> None:
    for n in range(1, 4):
        came(engine, n, typed("elma_question"))
    seal_all(engine, NOW)
    anchor = anchor_of(last_seal(engine), NOW)
    retain(engine, OLD)
    seal_all(engine, OLD)
    verdict = verify(engine, [anchor])
    assert (verdict.faults, verdict.proven, verdict.erased) == ([], anchor, 3)
    assert left(engine) == []


def test_an_erased_mail_that_is_still_on_the_server_never_comes_in_again(engine: Engine) -> None:
    came(engine, 1, typed("elma_question"))
    retain(engine, OLD)
    again = keep(engine, [arrival(1, SECRET % 1), arrival(99, SECRET % 1, uidvalidity=8)], OLD)
    assert [each.new for each in again] == [False, False]
    assert left(engine) == []


def test_another_copy_of_an_erased_letter_is_erased_at_once(engine: Engine) -> None:
    number = came(engine, 1, typed("elma_question"))
    retain(engine, OLD)
    (copy,) = keep(engine, [arrival(2, b"Received: elsewhere\r\n" + SECRET % 1)], OLD)
    (one,) = record(engine, [made(copy.mail_id, 2, typed("elma_question"), message=message(1), now=OLD)])
    assert (one.ticket_no, one.duplicate) == (number, True)
    assert [each.why for each in retain(engine, OLD)] == ["another arrival of a letter that was erased"]
    assert left(engine) == []


def test_automatic_mail_goes_after_thirty_days(engine: Engine) -> None:
    came(engine, 1, replace(decision(None, outcome="ignore"), items=()))
    assert due(engine, after(30)) == []
    assert [each.what for each in retain(engine, after(31))] == ["all"]
    assert left(engine) == []


def test_forms_of_rights_lose_their_bytes_first_and_keep_their_evidence_while_the_right_lives(
    engine: Engine, kari: Person, ola: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What it takes to grant a right is tested with the gate; here it has been granted.
    monkeypatch.setattr("processor.store.actions.gate_objection", lambda *_, **__: "")
    number = came(engine, 1, typed("otp_rights", None, action(kind="grant_otp_rights")))
    assert [each.kept for each in due(engine, after(31))] == ["still being handled"]
    assert retain(engine, OLD) == []
    approve(engine, 1, kari, LATER)
    approve(engine, 1, ola, LATER)
    done(engine, 1, kari, LATER)
    assert [each.what for each in retain(engine, after(31))] == ["bytes"]
    assert left(engine) == []
    assert retain(engine, OLD) == []
    view = ticket(engine, number)
    assert view
    assert view.actions[0].facts == {"org_no": "328627035"}
    assert end_grant(engine, number, (NOW + timedelta(days=400)).date(), "operator", OLD)
    assert due(engine, after(766)) == []
    assert [each.what for each in retain(engine, after(767))] == ["all"]
    assert not end_grant(engine, "VS-0000-NONE", NOW.date(), "operator", OLD)


def test_a_large_mail_in_pieces_goes_too(engine: Engine) -> None:
    one = keep_stream(engine, arrival(1, b"", size=2_000_000), iter([SECRET % 1, b"x" * 2_000_000]), NOW)
    found = find(engine, KARI)
    assert [each.mail_id for each in found.elsewhere] == [one.mail_id]
    erase(engine, found, "operator", LATER)
    assert count(engine, t.raw_part) == 0
    assert column(engine, t.mail.c.state) == ["decided"]
    assert find(engine, KARI).nothing


def test_nothing_is_erased_under_a_legal_hold(engine: Engine) -> None:
    number = came(engine, 1, typed("elma_question"))
    assert hold(engine, number, "a dispute", "operator", NOW)
    assert hold(engine, number, "again", "operator", NOW) is False
    assert hold(engine, "VS-0000-NONE", "", "operator", NOW) is None
    assert [each.kept for each in due(engine, OLD)] == ["under a legal hold"]
    assert retain(engine, OLD) == []
    found = find(engine, KARI)
    assert obstacle(found.tickets[0], OLD.date()) == "it is under a legal hold"
    assert erase(engine, found, "operator", OLD).tickets == ()
    assert left(engine)
    assert release(engine, number, "operator", LATER)
    assert release(engine, number, "operator", LATER) is False
    assert release(engine, "VS-0000-NONE", "operator", LATER) is None
    assert len(retain(engine, OLD)) == 1


def test_a_hold_that_comes_between_looking_and_erasing_holds(engine: Engine) -> None:
    number = came(engine, 1, typed("elma_question"))
    found = find(engine, KARI)
    hold(engine, number, "a dispute", "operator", NOW)
    assert erase(engine, found, "operator", LATER).mails == ()
    assert left(engine)


def test_a_person_is_erased_on_request_and_copies_are_named(engine: Engine) -> None:
    number = came(engine, 1, typed("elma_question", reply()))
    other = came(engine, 2, typed("elma_question", reply(to="ola@x.no")), sender_spec="ola@x.no")
    for outbox_id in (1, 2):
        cancel(engine, outbox_id, Person(1, "x"), LATER)
    with writing(engine) as conn:
        conn.execute(update(t.raw_mail).where(t.raw_mail.c.mail_id == 2).values(content=b"From: ola@x.no\r\n\r\nHei"))
    found = find(engine, "  Kari@Fjordbygg-Demo.NO ")
    assert ([each.number for each in found.tickets], found.elsewhere) == ([number], ())
    gone = erase(engine, found, "operator", LATER)
    assert (gone.tickets, gone.mails) == ((number,), (1,))
    assert [(each.account, each.folder, each.uid) for each in gone.copies] == [("support", "INBOX", 1)]
    assert left(engine) == [b"From: ola@x.no\r\n\r\nHei"]
    view = ticket(engine, other)
    assert view
    assert view.sender == "ola@x.no"
    assert find(engine, KARI).nothing
    assert KARI not in "".join(column(engine, t.event.c.data))


def test_a_persons_mail_in_somebody_elses_ticket_goes_and_the_ticket_stays(engine: Engine) -> None:
    number = came(engine, 1, typed("elma_question"), sender_spec="ola@x.no")
    found = find(engine, KARI)
    assert [(each.mail_id, each.number, each.held) for each in found.elsewhere] == [(1, number, False)]
    erase(engine, found, "operator", LATER)
    assert left(engine) == []
    view = ticket(engine, number)
    assert view
    assert view.sender == "ola@x.no"
    assert count(engine, t.event_text) == 0


def test_a_reply_on_its_way_and_an_open_action_keep_a_ticket_until_they_are_finished(
    engine: Engine, kari: Person
) -> None:
    came(engine, 1, typed("elma_question", reply()))
    came(engine, 2, typed("elma_question", None, action()))
    found = find(engine, KARI)
    assert {obstacle(each, NOW.date()).split(":")[0] for each in found.tickets} == {"it is still being handled"}
    assert erase(engine, found, "operator", LATER).tickets == ()


def test_a_draft_falls_with_its_period_and_stops_an_erasure_on_request(engine: Engine) -> None:
    came(engine, 1, typed("elma_question", reply("answer")))
    with writing(engine) as conn:
        conn.execute(update(t.outbox).values(state=OutboxState.DRAFT.value))
    found = find(engine, KARI)
    assert "waits for a person" in obstacle(found.tickets[0], NOW.date())
    assert erase(engine, found, "operator", LATER).tickets == ()
    assert len(retain(engine, after(366))) == 1
    assert column(engine, t.outbox.c.state) == [OutboxState.CANCELLED.value]


def test_what_bookkeeping_law_wants_kept_is_kept_unless_an_operator_says_otherwise(engine: Engine) -> None:
    number = came(engine, 1, typed("termination"))
    found = find(engine, KARI)
    assert "bookkeeping law wants it kept until 2030-06-30" in obstacle(found.tickets[0], NOW.date())
    assert erase(engine, found, "operator", LATER).tickets == ()
    assert due(engine, after(1300)) == []
    assert erase(engine, found, "operator", LATER, also_required=True).tickets == (number,)


def test_corrections_follow_their_mails(engine: Engine, kari: Person) -> None:
    came(engine, 1, typed("termination"))
    retype(engine, 1, ["elma_question"], None, kari, NOW)
    assert len(list(judged(engine))) == 1
    assert len(retain(engine, after(366))) == 1
    assert list(judged(engine)) == []


def test_what_is_erased_harms_nobody_who_looks(engine: Engine, kari: Person) -> None:
    number = came(engine, 1, typed("elma_question", reply(), action()))
    done(engine, 1, kari, LATER)
    with writing(engine) as conn:
        conn.execute(update(t.outbox).values(state=OutboxState.SENT.value))
    retain(engine, OLD)
    assert ticket(engine, number)
    assert queue(engine) == []
    (past,) = past_mails(engine, 1, 1, None)
    assert (past.raw, past.told) == (None, "")


def test_nothing_of_it_stays_in_the_files_of_sqlite(engine: Engine, url: str) -> None:
    if not url.startswith("sqlite"):
        pytest.skip("PostgreSQL's pages are vacuum's")
    for n in range(1, 4):
        came(engine, n, typed("elma_question"))
        with writing(engine) as conn:
            conn.execute(
                t.metadata.tables["search_text"].delete().where(t.metadata.tables["search_text"].c.mail_id == n)
            )
            conn.execute(
                t.metadata.tables["search_text"].insert().values(mail_id=n, ticket_id=n, words=f"hemmelig{n} tekst")
            )
    path = make_url(url).database
    assert path
    retain(engine, OLD)
    engine.dispose()
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT count(*) FROM raw_mail").fetchone() == (0,)
    there = [each for suffix in ("", "-wal") if (each := Path(path + suffix)).exists()]
    assert all(b"hemmelig" not in each.read_bytes() for each in there)


@pytest.mark.parametrize(
    ("header", "is_theirs"),
    [
        (b'From: "Hansen, Kari" <KARI@fjordbygg-demo.no>\r\n\r\n', True),
        (b"From: ola@x.no\r\nReply-To: kari@fjordbygg-demo.no\r\n\r\n", True),
        (b"From: ola@x.no\r\nTo: kari@fjordbygg-demo.no\r\n\r\n", False),
        (b"From: notkari@fjordbygg-demo.no\r\n\r\n", False),
        (b"From: ola@x.no\r\n\r\nFrom: kari@fjordbygg-demo.no\r\n", False),
        (b"\xff\xfe", False),
    ],
)
def test_a_writer_is_who_stands_in_from_sender_or_reply_to(header: bytes, is_theirs: bool) -> None:
    assert wrote(header, KARI) is is_theirs
