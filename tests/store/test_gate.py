"""The gate before rights: what opens it, what shuts it, and how what stays shut is closed (threats T10, T20, T25, T26)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, insert, update

from processor.gate import CHANGED, CLEAR, CUSTOMER, GATE
from processor.store import tables as t
from processor.store.actions import Outcome, approve, done, handled_outside
from processor.store.gate import CALLED, NOTICED, call_back, called, note_step
from processor.store.people import Person, add_person, verify_person
from processor.store.settings import change_setting
from processor.store.transaction import writing
from processor.ticket import ActionState, Decision
from tests.store.made import LATER, NOW, action, column, count, decision, recorded

WAITED = NOW + timedelta(hours=5)
OPEN = {GATE: CLEAR, CUSTOMER: "100042", "domains": "fjordbygg-demo.no"}


def rights(facts: dict[str, str], needs: str = "two_staff", kind: str = "grant_otp_rights") -> Decision:
    return decision(None, [replace(action(needs, kind), facts=facts)])


def register(engine: Engine, phone: str = "+4722123456", contacts: str = "leder@fjordbygg-demo.no") -> None:
    row = {"customer_no": "100042", "product": "Visma Global", "name": "Fjord Bygg AS", "phone": phone}
    with writing(engine) as conn:
        conn.execute(insert(t.contract).values(**row, contacts=contacts))


def told(engine: Engine, version: int = 1) -> None:
    """The customer's other contacts were told now."""
    with writing(engine) as conn:
        row = conn.execute(t.action.select().where(t.action.c.id == 1)).one()
        assert row.version == version
        note_step(conn, row, NOTICED, None, NOW)


def test_T10_the_gate_opens_by_call_notice_waiting_and_two_people(engine: Engine, kari: Person, ola: Person) -> None:
    register(engine)
    recorded(engine, 1, rights(OPEN))
    assert "call Fjord Bygg AS back first, on +4722123456" in str(approve(engine, 1, kari, NOW))
    assert called(engine, 1, kari, "Daglig leder bekrefter.", NOW) == ""
    assert approve(engine, 1, kari, NOW).outcome == Outcome.SECONDED
    assert "not told yet" in str(approve(engine, 1, ola, NOW))
    told(engine)
    assert "waiting time is not over: 3 h 50 min" in str(approve(engine, 1, ola, LATER))
    assert done(engine, 1, ola, WAITED).outcome == Outcome.NOT_APPROVED
    assert approve(engine, 1, kari, WAITED).outcome == Outcome.SAME_PERSON
    assert approve(engine, 1, ola, WAITED).outcome == Outcome.APPROVED
    assert done(engine, 1, ola, WAITED).outcome == Outcome.DONE


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({}, "not looked at by the gate"),
        ({GATE: CLEAR}, "not looked at by the gate"),
        ({GATE: "evil.example is neither the sender's nor the customer's", CUSTOMER: "100042"}, "evil.example"),
        ({GATE: "", CUSTOMER: "100042"}, "handled outside"),
    ],
)
def test_T20_what_stands_against_it_cannot_be_approved_away(
    engine: Engine, kari: Person, facts: dict[str, str], why: str
) -> None:
    register(engine)
    recorded(engine, 1, rights(facts))
    assert called(engine, 1, kari, "ja", NOW)
    result = approve(engine, 1, kari, WAITED)
    assert result.outcome == Outcome.GATE
    assert why in str(result)
    assert count(engine, t.approval) == 0


@pytest.mark.parametrize(("kind", "type_"), [("grant_otp_rights", "termination"), ("anything", "otp_rights")])
def test_no_rules_file_takes_an_action_from_behind_the_gate(
    engine: Engine, kari: Person, kind: str, type_: str
) -> None:
    careless = rights({}, "staff", kind)
    recorded(engine, 1, replace(careless, items=(replace(careless.items[0], type=type_),)))
    assert done(engine, 1, kari, NOW).outcome == Outcome.NOT_APPROVED
    assert approve(engine, 1, kari, NOW).outcome == Outcome.GATE


def test_the_number_comes_from_the_register_and_never_from_the_mail(engine: Engine, kari: Person) -> None:
    recorded(engine, 1, rights({**OPEN, "phone": "99999999", "call_back": "99999999"}))
    assert "no number to call customer 100042 back" in str(approve(engine, 1, kari, NOW))
    assert "no number" in called(engine, 1, kari, "ja", NOW)
    register(engine, "22123456")
    whom = call_back(engine, 1)
    assert whom
    assert (whom.phone, whom.contacts) == ("22123456", ("leder@fjordbygg-demo.no",))


def test_two_lines_of_the_register_that_disagree_give_no_number(engine: Engine) -> None:
    register(engine)
    other = {"customer_no": "100042", "product": "Visma Net", "name": "Fjord Bygg AS", "phone": "99999999"}
    with writing(engine) as conn:
        conn.execute(insert(t.contract).values(other))
    recorded(engine, 1, rights(OPEN))
    whom = call_back(engine, 1)
    assert whom
    assert whom.phone == ""


def test_T26_a_change_asks_for_every_step_anew(engine: Engine, kari: Person, ola: Person) -> None:
    register(engine)
    first = recorded(engine, 1, rights(OPEN))
    called(engine, 1, kari, "ja", NOW)
    approve(engine, 1, kari, NOW)
    told(engine)
    recorded(engine, 2, decision(None), joins_ticket_id=first.ticket_id)
    assert column(engine, t.action.c.state) == [ActionState.WAITING]
    assert "call Fjord Bygg AS back first" in str(approve(engine, 1, ola, WAITED))
    assert called(engine, 1, ola, "ja", WAITED) == ""
    assert called(engine, 1, ola, "ja", WAITED) == "somebody has called already"
    assert approve(engine, 1, ola, WAITED).outcome == Outcome.SECONDED
    assert "not told yet" in str(approve(engine, 1, kari, WAITED))


def test_what_the_customer_has_said_otherwise_shuts_the_gate(engine: Engine, kari: Person) -> None:
    register(engine)
    recorded(engine, 1, rights(OPEN))
    with writing(engine) as conn:
        conn.execute(update(t.action).values(facts=json.dumps({**OPEN, GATE: CHANGED})))
    assert CHANGED in str(approve(engine, 1, kari, NOW))


def test_operators_set_the_waiting_time(engine: Engine, kari: Person, ola: Person) -> None:
    register(engine)
    recorded(engine, 1, rights(OPEN))
    called(engine, 1, kari, "ja", NOW)
    approve(engine, 1, kari, NOW)
    told(engine)
    change_setting(engine, "gate_wait_hours", "24", "drift", NOW)
    assert approve(engine, 1, ola, WAITED).outcome == Outcome.GATE
    assert approve(engine, 1, ola, NOW + timedelta(hours=25)).outcome == Outcome.APPROVED


def test_without_a_number_it_is_closed_as_handled_outside_by_two_with_a_reason(
    engine: Engine, kari: Person, ola: Person
) -> None:
    recorded(engine, 1, rights({GATE: "no customer of the register is known for it", CUSTOMER: ""}))
    assert "a reason is needed" in str(handled_outside(engine, 1, kari, " ", NOW))
    assert handled_outside(engine, 1, kari, "Møtt opp med legitimasjon.", NOW).outcome == Outcome.NOTED
    assert handled_outside(engine, 1, kari, "Møtt opp.", NOW).outcome == Outcome.SAME_PERSON
    assert handled_outside(engine, 1, ola, "Sett passet, 010190 12345.", NOW).outcome == Outcome.REJECTED
    assert column(engine, t.action.c.reason)[0].startswith("handled outside, by Kari and Ola: Sett passet")
    assert column(engine, t.ticket.c.state) == ["closed"]
    assert "gate.outside" in column(engine, t.event.c.kind)


def test_what_is_not_behind_the_gate_is_not_closed_outside(engine: Engine, kari: Person) -> None:
    recorded(engine, 1)
    assert "not behind the gate" in str(handled_outside(engine, 1, kari, "x", NOW))
    assert call_back(engine, 1) is None
    assert called(engine, 1, kari, "ja", NOW)


def test_an_agent_may_call_and_not_approve(engine: Engine) -> None:
    register(engine)
    secret = add_person(engine, "Per", NOW, "agent")
    per = verify_person(engine, "Per", secret)
    assert per
    recorded(engine, 1, rights(OPEN))
    assert called(engine, 1, Person(99, "Mallory"), "ja", NOW) == "nobody of that name may do so"
    assert called(engine, 1, per, "ja", NOW) == ""
    assert approve(engine, 1, per, NOW).outcome == Outcome.NOT_APPROVER
    assert handled_outside(engine, 1, per, "x", NOW).outcome == Outcome.NOT_APPROVER
    assert column(engine, t.gate_step.c.step) == [CALLED]
