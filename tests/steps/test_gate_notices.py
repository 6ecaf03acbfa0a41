"""The customer's other contacts are told of a request for rights, once, and may stop it (threat T10)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from processor.deciding.gate_notice import letter_to_contact
from processor.gate import CLEAR
from processor.steps.deliver import letter
from processor.steps.gate_notices import tell_contacts
from processor.store import tables as t
from processor.store.actions import Outcome, approve
from processor.store.gate import called
from processor.store.outbox import claim
from processor.store.transaction import writing
from processor.ticket import OutboxState
from tests.steps.talk import Talk, talk

OTP = (
    "Hei, vi søker om rett til å generere engangskoder for domenet fjordbygg-demo.no. Administrator er "
    "it@fjordbygg-demo.no. Firma: Fjord Bygg AS, org.nr 974760673."
)
LEADER, OTHER = "leder@fjordbygg-demo.no", "styret@fjordbygg-demo.no"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Talk]:
    made = talk(tmp_path)
    row = {"customer_no": "100042", "org_no": "974760673", "product": "Visma Global", "name": "Fjord Bygg AS"}
    row |= {
        "phone": "+4722123456",
        "contacts": f"kari@fjordbygg-demo.no {LEADER} {OTHER}",
        "domains": "fjordbygg-demo.no",
    }
    with writing(made.engine) as conn:
        conn.execute(insert(t.contract).values(row))
        conn.execute(insert(t.contract_domain).values(domain="fjordbygg-demo.no", customer_no="100042", likeness="x"))
    yield made
    made.engine.dispose()


def notices(here: Talk) -> list[tuple[str, str]]:
    return [
        (to, state) for to, state in here.ask("select to_addr, state from outbox where kind = 'notice' order by id")
    ]


def sent(here: Talk, state: OutboxState = OutboxState.SENT) -> None:
    with writing(here.engine) as conn:
        notice = update(t.outbox).where(t.outbox.c.kind == "notice")
        conn.execute(notice.values(state=state.value, changed_at=here.now))


def test_T10_the_other_contacts_are_told_once_and_the_waiting_time_counts_from_then(here: Talk) -> None:
    kari, ola = here.person("Kari"), here.person("Ola")
    decided = here.say(OTP, "Rett til engangskoder")
    (action,) = [each for each in decided.decision.actions if each.kind == "grant_otp_rights"]
    assert action.facts["gate"] == CLEAR
    assert tell_contacts(here.engine, here.config, here.now) == 0
    assert called(here.engine, 1, kari, "Daglig leder bekrefter.", here.now) == ""
    assert approve(here.engine, 1, kari, here.now).outcome == Outcome.SECONDED
    assert tell_contacts(here.engine, here.config, here.now) == 1
    assert tell_contacts(here.engine, here.config, here.now) == 0
    assert notices(here) == [(LEADER, "ready"), (OTHER, "ready")]
    here.later(hours=5)
    assert "has not left yet" in str(approve(here.engine, 1, ola, here.now))
    sent(here)
    assert "3 h 59 min are left" in str(approve(here.engine, 1, ola, here.now + timedelta(seconds=30)))
    here.later(hours=4)
    assert approve(here.engine, 1, ola, here.now).outcome == Outcome.APPROVED


def test_T10_a_contact_who_answers_the_notice_lets_both_approvals_fall(here: Talk) -> None:
    kari = here.person("Kari")
    here.say(OTP, "Rett til engangskoder")
    called(here.engine, 1, kari, "ja", here.now)
    approve(here.engine, 1, kari, here.now)
    tell_contacts(here.engine, here.config, here.now)
    answer = here.last_answer()
    here.say("Dette kjenner vi ikke til.", "Sv: Forespørsel", LEADER, thread=answer)
    assert here.ask("select state, version from action") == [("waiting", 2)]


def test_where_the_notice_reaches_nobody_the_gate_stays_shut(here: Talk) -> None:
    kari, ola = here.person("Kari"), here.person("Ola")
    here.say(OTP, "Rett til engangskoder")
    called(here.engine, 1, kari, "ja", here.now)
    approve(here.engine, 1, kari, here.now)
    tell_contacts(here.engine, here.config, here.now)
    sent(here, OutboxState.FAILED)
    here.later(hours=48)
    assert "reached none" in str(approve(here.engine, 1, ola, here.now))


def test_without_a_server_to_send_by_nobody_is_told_and_the_gate_stays_shut(here: Talk) -> None:
    kari = here.person("Kari")
    here.say(OTP, "Rett til engangskoder")
    called(here.engine, 1, kari, "ja", here.now)
    approve(here.engine, 1, kari, here.now)
    assert tell_contacts(here.engine, replace(here.config, smtp=None), here.now) == 0
    assert notices(here) == []


def test_the_notice_says_nothing_that_a_stranger_wrote_and_is_marked_as_a_machines(here: Talk) -> None:
    kari = here.person("Kari")
    here.say(OTP, "Rett til engangskoder")
    called(here.engine, 1, kari, "ja", here.now)
    approve(here.engine, 1, kari, here.now)
    tell_contacts(here.engine, here.config, here.now)
    assert here.config.smtp
    rows = [row for row in claim(here.engine, "w", 10, here.now, 60) if row.kind == "notice"]
    written = message_from_bytes(letter(rows[0], here.config.smtp, here.now))
    assert written["Auto-Submitted"] == "auto-generated"
    assert written["To"] == LEADER
    assert "it@fjordbygg" not in rows[0].text
    assert "engangskoder" in rows[0].subject


@pytest.mark.parametrize("kind", ["otp_rights", "admin_access", "something_else"])
def test_the_notice_names_the_case_and_no_code(kind: str) -> None:
    subject, text = letter_to_contact(kind, "VS-7K3M-9QX4", "Kundesenteret")
    assert "VS-7K3M-9QX4" in subject
    assert "Vi sender aldri koder på e-post." in text
    assert text.endswith("Kundesenteret\n")
