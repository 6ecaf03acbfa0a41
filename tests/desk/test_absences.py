"""Being away: from the first day on, what a person has taken on is a colleague's, or everybody's again."""

from __future__ import annotations

import pytest

from processor.steps.upkeep import remind
from processor.store import tables as t
from processor.store.absences import absences
from processor.store.accounts import Role, account
from tests.desk.conftest import Room, Visitor
from tests.store.made import column, count


def person(room: Room, name: str) -> int:
    found = account(room.engine, name)
    assert found
    return found.person.id


def taken(room: Room, visitor: Visitor) -> list[str]:
    """All tickets, taken on by the visitor."""
    numbers = [str(each) for each in column(room.engine, t.ticket.c.number)]
    for number in numbers:
        visitor.post(f"/ticket/{number}/take")
    return numbers


def test_what_was_taken_on_goes_to_the_colleague_on_the_first_day_and_not_before(room: Room) -> None:
    anne, per = room.sign_in(), person(room, "Per")
    numbers = taken(room, anne)
    days = {"since": "27.11.2026", "until": "04.12.2026", "to": str(per)}
    assert anne.post("/account/absence", **days) == (303, "/account?did=own_absence")
    assert "Away from 27 Nov 2026 to 4 Dec 2026." in anne.get("/account")
    remind(room.engine, room.clock())
    assert set(column(room.engine, t.ticket_holder.c.person_id)) == {person(room, "Anne")}
    room.clock.forward(hours=14)
    remind(room.engine, room.clock())
    assert column(room.engine, t.ticket_holder.c.person_id) == [per] * len(numbers)
    assert count(room.engine, t.event, t.event.c.kind == "ticket.handed_over") == len(numbers)
    # What she takes on all the same, while away, stays hers.
    room.sign_in(Role.APPROVER).post(f"/ticket/{numbers[0]}/leave")
    room.sign_in().post(f"/ticket/{numbers[0]}/take")
    remind(room.engine, room.clock())
    assert column(room.engine, t.ticket_holder.c.person_id).count(person(room, "Anne")) == 1
    room.clock.forward(days=9)
    remind(room.engine, room.clock())
    assert absences(room.engine) == []


def test_without_a_colleague_or_with_one_who_is_away_too_it_is_everybodys(room: Room) -> None:
    anne, admin, per = room.sign_in(), room.sign_in(Role.ADMIN), person(room, "Per")
    taken(room, anne)
    assert admin.post(f"/people/{per}/absence", since="26.11.2026", until="30.11.2026", to="0")[0] == 303
    # An administrator says it for somebody who is ill; the first day is today, so it happens at once.
    ill = {"since": "26.11.2026", "until": "26.11.2026", "to": str(per)}
    assert admin.post(f"/people/{person(room, 'Anne')}/absence", **ill)[0] == 303
    assert count(room.engine, t.ticket_holder) == 0
    assert anne.post("/account/absence")[0] == 303
    assert [each.person_id for each in absences(room.engine)] == [per]


def test_a_colleague_who_does_not_see_the_mailbox_is_given_nothing_of_it(room: Room) -> None:
    anne, per = room.sign_in(), person(room, "Per")
    taken(room, anne)
    with room.engine.begin() as conn:
        conn.execute(t.person.update().where(t.person.c.id == per).values(mailboxes='["elsewhere"]'))
    anne.post("/account/absence", since="26.11.2026", until="27.11.2026", to=str(per))
    assert count(room.engine, t.ticket_holder) == 0


@pytest.mark.parametrize(
    ("days", "why"),
    [
        ({"since": "28.11.2026", "until": "27.11.2026"}, "lies before the first"),
        ({"since": "20.11.2026", "until": "21.11.2026"}, "is over"),
        ({"since": "snart"}, "this is no day"),
        ({"since": "28.11.2026", "to": "1"}, "nobody of that name may take tickets on"),
    ],
)
def test_days_that_cannot_be_are_refused(room: Room, days: dict[str, str], why: str) -> None:
    assert person(room, "Rita") == 1
    status, page = room.sign_in().post("/account/absence", **days)
    assert status == 422
    assert why in page
    assert absences(room.engine) == []
