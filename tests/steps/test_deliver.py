"""Delivery against a real SMTP server that refuses, breaks and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select, update

from processor.evidence.files import files
from processor.mail_servers import SmtpSettings
from processor.steps.deliver import FIRST_GAP, GIVE_UP_AFTER, LONGEST_GAP, deliver, gap_after
from processor.steps.letters_left import letters_left
from processor.store import tables as t
from processor.store.dossier import dossier
from processor.store.engine import open_store
from processor.store.seals import seal_all
from processor.world.courier import Courier
from tests.servers.smtp_sink import Fault, SmtpSink

NOW = datetime(2026, 8, 18, 8, 2, tzinfo=UTC)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_store(f"sqlite:///{tmp_path}/store.db")
    yield opened
    opened.dispose()


def ready(engine: Engine, *recipients: str, kind: str = "receipt") -> None:
    with engine.begin() as conn:
        ticket = {"number": "VS-1", "state": "open", "sender": "a@b.no", "opened_at": NOW, "changed_at": NOW}
        conn.execute(insert(t.ticket).values(**{"subject": "", "language": "nb", "company": "", "provenance": "proven",
                                                "outcome": "answer", "version": 1, **ticket}))  # fmt: skip
        for number, to in enumerate(recipients):
            conn.execute(
                insert(t.outbox).values(
                    ticket_id=1, ticket_no="VS-1", kind=kind, issue=1, state="ready", hold_reason="", automatic=True,
                    approved_by="", recipient=to, to_addr=to, envelope_from="", subject="Mottatt", text="Hei\n", html="",
                    template="x/y", language="nb", message_id=f"<{number}@visma.no>", in_reply_to="", refs="",
                    created_at=NOW, changed_at=NOW, fence=0, tries=0, error="", response="",
                )
            )  # fmt: skip


def states(engine: Engine) -> list[str]:
    with engine.connect() as conn:
        return list(conn.execute(select(t.outbox.c.state).order_by(t.outbox.c.id)).scalars())


def settings(port: int) -> SmtpSettings:
    return SmtpSettings("127.0.0.1", port, "plain", timeout=5, from_address="oppsigelse@visma.no")


def test_it_sends_all_over_one_connection(engine: Engine, sink: SmtpSink) -> None:
    ready(engine, "a@x.no", "b@x.no", "c@x.no")
    with Courier(settings(sink.port)) as courier:
        made = deliver(engine, courier, settings(sink.port), "w", lambda: NOW)
    assert (made.claimed, made.taken, made.trouble) == (3, 3, "")
    assert states(engine) == ["sent"] * 3
    assert sink.connections == 1
    assert [mail.recipients for mail in sink.accepted] == [("a@x.no",), ("b@x.no",), ("c@x.no",)]


def test_a_refused_mail_goes_to_staff_and_the_rest_goes_on(engine: Engine, sink: SmtpSink) -> None:
    sink.refuse["a@x.no"] = "550 5.1.1 no such user"
    ready(engine, "a@x.no", "b@x.no")
    with Courier(settings(sink.port)) as courier:
        made = deliver(engine, courier, settings(sink.port), "w", lambda: NOW)
    assert (made.taken, made.trouble) == (1, "")
    assert states(engine) == ["failed", "sent"]


def test_a_greylisted_mail_is_tried_again_after_its_gap(engine: Engine, sink: SmtpSink) -> None:
    sink.tell(Fault("rcpt", "450 4.7.1 Greylisted"))
    ready(engine, "a@x.no")
    with Courier(settings(sink.port)) as courier:
        assert deliver(engine, courier, settings(sink.port), "w", lambda: NOW).taken == 0
        assert states(engine) == ["retry"]
        assert deliver(engine, courier, settings(sink.port), "w", lambda: NOW).claimed == 0
        later = NOW + FIRST_GAP
        assert deliver(engine, courier, settings(sink.port), "w", lambda: later).taken == 1


def test_a_dead_server_costs_one_try_and_frees_the_rest(engine: Engine) -> None:
    ready(engine, "a@x.no", "b@x.no", "c@x.no")
    with Courier(settings(9)) as courier:
        made = deliver(engine, courier, settings(9), "w", lambda: NOW)
    assert (made.claimed, made.taken) == (3, 0)
    assert made.trouble
    assert states(engine) == ["retry", "ready", "ready"]
    with engine.connect() as conn:
        assert list(conn.execute(select(t.outbox.c.claimed_by)).scalars()) == [None] * 3


def test_a_line_cut_after_the_final_dot_leaves_an_unknown_receipt_that_is_not_sent_again(
    engine: Engine, sink: SmtpSink
) -> None:
    sink.tell(Fault("dot", cut=True, keeps=True))
    ready(engine, "a@x.no")
    with Courier(settings(sink.port)) as courier:
        deliver(engine, courier, settings(sink.port), "w", lambda: NOW)
        assert states(engine) == ["unknown"]
        late = NOW + timedelta(hours=3)
        assert deliver(engine, courier, settings(sink.port), "w", lambda: late).claimed == 0
    assert len(sink.accepted) == 1


def test_it_gives_up_to_staff_after_two_days(engine: Engine) -> None:
    ready(engine, "a@x.no")
    late = NOW + GIVE_UP_AFTER + timedelta(minutes=1)
    with Courier(settings(9)) as courier:
        deliver(engine, courier, settings(9), "w", lambda: late)
    assert states(engine) == ["failed"]


def test_a_poison_answer_is_set_aside_and_the_rest_goes_on(engine: Engine, sink: SmtpSink) -> None:
    ready(engine, "a@x.no", "b@x.no")
    with engine.begin() as conn:
        conn.execute(update(t.outbox).where(t.outbox.c.id == 1).values(to_addr="no address\r\nBcc: x@evil.example"))
    with Courier(settings(sink.port)) as courier:
        deliver(engine, courier, settings(sink.port), "w", lambda: NOW)
    assert states(engine) == ["failed", "sent"]
    assert len(sink.accepted) == 1


def test_nothing_new_is_sent_once_the_program_ends(engine: Engine, sink: SmtpSink) -> None:
    ready(engine, "a@x.no", "b@x.no")
    with Courier(settings(sink.port)) as courier:
        deliver(engine, courier, settings(sink.port), "w", lambda: NOW, going=lambda: not sink.accepted)
    assert states(engine) == ["sent", "ready"]


def test_the_gaps_grow_to_two_hours() -> None:
    gaps = [gap_after(tries) for tries in range(40)]
    assert gaps == sorted(gaps)
    assert gaps[0] == FIRST_GAP
    assert gaps[-1] == LONGEST_GAP


def test_an_export_shows_each_letter_in_the_bytes_that_the_server_took(engine: Engine, sink: SmtpSink) -> None:
    sink.tell(Fault("rcpt", "450 4.7.1 Greylisted"))
    ready(engine, "a@x.no", "ø@x.no", "c@x.no")
    sink.refuse["c@x.no"] = "550 5.1.1 no such user"
    place = settings(sink.port)
    with Courier(place) as courier:
        deliver(engine, courier, place, "w", lambda: NOW)
        deliver(engine, courier, place, "w", lambda: NOW + FIRST_GAP)
    seal_all(engine, NOW)
    found = dossier(engine, "VS-1")
    assert found
    letters = letters_left(engine, place, found.events)
    took = {mail.recipients[0]: mail.data for mail in sink.accepted}
    names = {1: "a@x.no", 2: "ø@x.no", 3: "c@x.no"}
    assert {names[number]: raw for number, raw in letters.items()} == took
    made = files(found, "1.0", NOW, letters)
    assert made["replies/r1.eml"] == took["a@x.no"]
    # With other settings it would not be the letter that left, and is not shown as if it were.
    assert letters_left(engine, replace(place, from_name="Noen andre"), found.events) == {}
    assert letters_left(engine, None, found.events) == {}
