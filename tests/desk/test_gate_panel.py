"""The steps before rights are granted, on the ticket's page: who calls whom, who is told, and what two people close."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from processor.desk.wording import phone
from processor.gate import CLEAR, CUSTOMER, GATE
from processor.steps.gate_notices import tell_contacts
from processor.store import tables as t
from processor.store.accounts import Role
from processor.store.gate import DEFAULT_WAIT
from processor.store.transaction import writing
from tests.desk.conftest import Room, room_in
from tests.desk.test_acting import action_of, opened, state
from tests.store.made import column

MAIL = "otp_rights/03-prose-english"
NUMBER = "+4722123456"


@pytest.fixture
def shut(tmp_path: Path) -> Iterator[Room]:
    yield from room_in(tmp_path, MAIL)


@pytest.fixture
def clear(tmp_path: Path) -> Iterator[Room]:
    """The same request, by a customer of the register against whom nothing stands."""
    for room in room_in(tmp_path, MAIL):
        row = {"customer_no": "100042", "product": "Visma Global", "name": "Fjord Bygg AS", "phone": NUMBER}
        with writing(room.engine) as conn:
            conn.execute(insert(t.contract).values(**row, contacts="leder@fjordbygg-demo.no"))
            conn.execute(update(t.action).values(facts=json.dumps({GATE: CLEAR, CUSTOMER: "100042"})))
        yield room


def test_a_request_that_cannot_be_granted_says_why_and_offers_no_approval(shut: Room) -> None:
    action, number = action_of(shut, "grant_otp_rights")
    page = shut.sign_in(Role.APPROVER).get(f"/ticket/{number}?view=all&action={action}")
    assert "It cannot be approved as it stands:" in page
    assert "no customer of the register is known for it" in page
    assert f"/action/{action}/approve" not in page
    assert f"/action/{action}/outside" in page


def test_the_registers_number_is_called_then_two_people_approve_after_the_wait(clear: Room) -> None:
    action, number = action_of(clear, "grant_otp_rights")
    per = clear.sign_in(Role.APPROVER)
    page = per.get(f"/ticket/{number}?view=all&action={action}")
    assert phone(NUMBER) in page
    # Nothing is offered that could only be refused.
    assert f"/action/{action}/approve" not in page
    status, where = per.post(f"/action/{action}/called", said="", **opened(per, number, action))
    assert status == 422
    assert "Say who answered" in where
    status, _ = per.post(f"/action/{action}/called", said="Daglig leder, ja", **opened(per, number, action))
    assert status == 303
    page = per.get(f"/ticket/{number}?view=all&action={action}")
    assert "Called back by Per" in page
    assert per.post(f"/action/{action}/approve", **opened(per, number, action))[0] == 303
    page = per.get(f"/ticket/{number}?view=all&action={action}")
    assert "You have approved. Somebody else must be the second." in page
    assert f"/action/{action}/approve" not in page
    ada = clear.sign_in(Role.ADMIN)
    assert ada.post(f"/action/{action}/approve", **opened(ada, number, action))[0] == 409
    tell_contacts(clear.engine, clear.desk.config, clear.clock())
    assert column(clear.engine, t.outbox.c.to_addr)[-1:] == ["leder@fjordbygg-demo.no"]
    with writing(clear.engine) as conn:
        conn.execute(update(t.outbox).where(t.outbox.c.kind == "notice").values(state="sent", changed_at=clear.clock()))
    page = ada.get(f"/ticket/{number}?view=all&action={action}")
    assert "other contacts were told" in page
    assert "A second person may approve from" in page
    status, told = ada.post(f"/action/{action}/approve", **opened(ada, number, action))
    assert status == 409
    assert "the waiting time is not over" in told
    with clear.engine.begin() as conn:
        # Sessions end sooner than the wait: the steps are moved back instead of the clock on.
        before = clear.clock() - timedelta(hours=DEFAULT_WAIT + 1)
        conn.execute(update(t.gate_step).values(at=before))
        conn.execute(update(t.outbox).where(t.outbox.c.kind == "notice").values(changed_at=before))
    assert "The waiting time is over" in ada.get(f"/ticket/{number}?view=all&action={action}")
    assert ada.post(f"/action/{action}/approve", **opened(ada, number, action))[0] == 303
    assert state(clear, action) == "approved"


def test_two_people_close_what_was_handled_elsewhere(shut: Room) -> None:
    action, number = action_of(shut, "grant_otp_rights")
    per, ada = shut.sign_in(Role.APPROVER), shut.sign_in(Role.ADMIN)
    how = "Møtte opp med legitimasjon"
    assert per.post(f"/action/{action}/outside", how="", **opened(per, number, action))[0] == 422
    assert per.post(f"/action/{action}/outside", how=how, **opened(per, number, action))[0] == 303
    assert "Per has said so" in ada.get(f"/ticket/{number}?view=all&action={action}")
    # The same person twice is one person.
    assert per.post(f"/action/{action}/outside", how=how, **opened(per, number, action))[0] == 409
    assert ada.post(f"/action/{action}/outside", how=how, **opened(ada, number, action))[0] == 303
    assert state(shut, action) == "rejected"
    assert column(shut.engine, t.action.c.reason)[0].startswith("handled outside, by Per and Ada:")
