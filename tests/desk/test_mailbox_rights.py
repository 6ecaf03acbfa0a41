"""T66: whoever is limited to one mailbox meets nothing of the other, on any page, by a table of all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from processor.desk.mailbox_rights import SCOPED
from processor.desk.routes import ROUTES, Route
from processor.store import tables as t
from processor.store.accounts import Account, Role, account, set_role, set_scope
from processor.store.queue_page import View
from processor.store.visible import Scope, both, scope_of, sees_mail, sees_ticket, stored_scope
from tests.desk.conftest import MAILS_IN_ROOM, NAMES, Room, Visitor, room_in
from tests.store.made import count

B = '[[mailbox]]\nname = "b"\nhost = "127.0.0.1"\nport = 9\ntls = "plain"\nuser = "u2"\npassword = { file = "key" }\n'
IDS = {"number", "mail", "action", "reply"}
MINE, THEIRS = 1, 3


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """Two tickets of mailbox a, one of mailbox b; all but the administrator see a alone."""
    for made in room_in(tmp_path, *MAILS_IN_ROOM, more=B):
        with made.engine.begin() as conn:
            conn.execute(update(t.mail).where(t.mail.c.id == THEIRS).values(account="b"))
            # Its own subject is a type's title, which stands in lists of every page.
            theirs = select(t.mail.c.ticket_id).where(t.mail.c.id == THEIRS).scalar_subquery()
            conn.execute(update(t.ticket).where(t.ticket.c.id == theirs).values(subject="Only for mailbox b"))
        for name in NAMES.values():
            limit(made, name, frozenset({"a"}))
        yield made


def limit(room: Room, name: str, scope: Scope) -> None:
    found = account(room.engine, name)
    assert found
    set_scope(room.engine, found.person, scope, "Ada", room.clock())
    room.desk.changed()


def things(room: Room, mail: int) -> dict[str, str]:
    """What the paths of this mail's ticket are made of."""
    with room.engine.connect() as conn:
        ticket = conn.execute(select(t.mail.c.ticket_id).where(t.mail.c.id == mail)).scalar_one()
        number = conn.execute(select(t.ticket.c.number).where(t.ticket.c.id == ticket)).scalar_one()
        action = conn.execute(select(t.action.c.id).where(t.action.c.ticket_id == ticket)).scalars().first()
        reply = conn.execute(select(t.outbox.c.id).where(t.outbox.c.ticket_id == ticket)).scalars().first()
    ids = {"number": number, "mail": str(mail), "action": str(action or 0), "reply": str(reply or 0)}
    others = {"digest": "0" * 64, "secret": "none", "name": "desk.css", "mark": "0" * 16, "token": "1", "person": "1"}
    return {**others, **ids, "ticket": str(ticket)}


def asked(visitor: Visitor, route: Route, path: str) -> tuple[int, str]:
    if route.method == "GET":
        answer = visitor.client.get(path, follow_redirects=False)
        return answer.status_code, answer.text
    return visitor.post(path, version="1", reason="x", text="x", subject="x", type="spam")


def secrets_of(room: Room, mail: int) -> list[str]:
    """What would tell that this mail's ticket is there."""
    with room.engine.connect() as conn:
        query = select(t.ticket).join(t.mail, t.mail.c.ticket_id == t.ticket.c.id).where(t.mail.c.id == mail)
        row = conn.execute(query).one()
    return [each for each in (row.number, row.sender, row.company, row.subject) if each]


@pytest.mark.parametrize("role", [Role.READER, Role.AGENT, Role.APPROVER])
def test_T66_no_page_shows_or_changes_what_came_to_another_mailbox(room: Room, role: Role) -> None:
    visitor, theirs = room.sign_in(role), things(room, THEIRS)
    before = _state(room)
    for route in ROUTES:
        if route.needs is None or route.path == "/sign-out" or not role.may(route.needs):
            continue
        status, text = asked(visitor, route, route.path.format(**theirs))
        by_id = [each for each in IDS if f"{{{each}}}" in route.path]
        if by_id or (route.path not in SCOPED and not route.path.startswith("/account")):
            assert status == 404, route
        for told in secrets_of(room, THEIRS):
            assert told not in text, (route, told)
    assert _state(room) == before


def test_T66_the_same_pages_are_there_for_ones_own_mailbox(room: Room) -> None:
    visitor, mine = room.sign_in(Role.APPROVER), things(room, MINE)
    for route in ROUTES:
        if route.method != "GET" or not any(f"{{{each}}}" in route.path for each in IDS):
            continue
        if "digest" not in route.path:
            assert asked(visitor, route, route.path.format(**mine))[0] in (
                200,
                303,
                404 if "html" in route.path else 200,
            )
    assert visitor.post(f"/ticket/{mine['number']}/take")[0] == 303
    assert visitor.post(f"/action/{mine['action']}/approve", version="1")[0] == 303


def _state(room: Room) -> list[object]:
    """Everything that somebody could have changed about the ticket."""
    with room.engine.connect() as conn:
        ticket = conn.execute(select(t.mail.c.ticket_id).where(t.mail.c.id == THEIRS)).scalar_one()
        found: list[object] = []
        for table in (t.action, t.outbox, t.event, t.ticket_holder):
            found += [tuple(row) for row in conn.execute(select(table).where(table.c.ticket_id == ticket))]
        return found


def test_T66_lists_counts_and_search_hold_ones_own_alone(room: Room) -> None:
    visitor, admin = room.sign_in(), room.sign_in(Role.ADMIN)
    number, sender = secrets_of(room, THEIRS)[:2]
    for view in View:
        page = visitor.get(f"/queue?view={view}")
        assert number not in page
        assert sender not in page
    assert number in admin.get("/queue")
    for words in (number, sender.partition("@")[0]):
        assert f"/ticket/{number}" in admin.get(f"/search?q={words}")
        assert f"/ticket/{number}" not in visitor.get(f"/search?q={words}&part=1")
    everything = room.desk.counts(_account(room, "Ada"))[View.ALL]
    assert 0 < room.desk.counts(_account(room, "Anne"))[View.ALL] < everything
    assert room.desk.counts(_account(room, "Anne"))[View.CODES] == 0


def test_T66_a_form_or_a_notice_that_names_anothers_ticket_finds_none(room: Room) -> None:
    visitor, mine, theirs = room.sign_in(), things(room, MINE), things(room, THEIRS)
    assert visitor.post("/queue/take", mark=theirs["ticket"])[0] == 404
    assert visitor.post(f"/ticket/{mine['number']}/note", text="x", into=theirs["number"])[0] == 404
    with room.engine.begin() as conn:
        conn.execute(update(t.ticket).where(t.ticket.c.id == int(theirs["ticket"])).values(number="ZAMMAD 4711"))
    assert visitor.post(f"/ticket/{mine['number']}/merge", into="Zammad 4711")[0] == 404
    with room.engine.begin() as conn:
        conn.execute(update(t.ticket).where(t.ticket.c.id == int(theirs["ticket"])).values(number=theirs["number"]))
    assert count(room.engine, t.ticket_holder) == 0
    # A note may well speak of it.
    assert visitor.post(f"/ticket/{mine['number']}/note", text=theirs["number"])[0] == 303
    for did in (f"a{theirs['action']}.done", f"r{theirs['reply']}.sent"):
        assert theirs["number"] not in visitor.get(f"/queue?did={did}")
    assert mine["number"] in visitor.get(f"/queue?did=a{mine['action']}.done")


def test_T66_the_next_ticket_is_one_of_ones_own(room: Room) -> None:
    limit(room, "Per", frozenset({"b"}))
    visitor, theirs = room.sign_in(Role.APPROVER), things(room, THEIRS)
    page = visitor.get(f"/ticket/{theirs['number']}")
    key = page.partition('name="key" value="')[2].partition('"')[0]
    assert key
    status, where = visitor.post(f"/action/{theirs['action']}/reject", version="1", reason="nei", key=key)
    assert status == 303
    # The ticket itself is still open; those of the other mailbox come after it.
    assert where.partition("?")[0] in ("/queue", f"/ticket/{theirs['number']}")


def test_T66_a_ticket_of_two_mailboxes_is_for_those_who_see_both(room: Room) -> None:
    mine, theirs = things(room, MINE), things(room, THEIRS)
    with room.engine.begin() as conn:
        conn.execute(update(t.mail).where(t.mail.c.id == THEIRS).values(ticket_id=int(mine["ticket"])))
    scopes: list[tuple[Scope, bool]] = [(frozenset("a"), False), (frozenset("b"), False), (frozenset("ab"), True)]
    for scope, seen in [*scopes, (None, True), (frozenset(), False)]:
        assert sees_ticket(room.engine, scope, mine["number"]) is seen
        assert sees_mail(room.engine, scope, MINE) is seen
    # A ticket without any mail is for those who see all.
    assert not sees_ticket(room.engine, frozenset("ab"), theirs["number"])
    with room.engine.begin() as conn:
        conn.execute(update(t.mail).where(t.mail.c.id == THEIRS).values(duplicate=True))
    assert sees_ticket(room.engine, frozenset("a"), mine["number"])


def test_limits_are_set_by_administrators_and_hold_at_once_and_not_for_them(room: Room) -> None:
    visitor, admin, number = room.sign_in(), room.sign_in(Role.ADMIN), things(room, THEIRS)["number"]
    anne, ada = _account(room, "Anne").person.id, _account(room, "Ada").person.id
    where = f"/people/{anne}/mailboxes"

    def said(**fields: object) -> int:
        answer = admin.client.post(where, data={"csrf": admin.csrf, **fields}, follow_redirects=False)
        return answer.status_code

    assert said(which="some", mark=["a", "b"]) == 303
    assert visitor.client.get(f"/ticket/{number}").status_code == 200
    assert said(which="some") == 303
    assert visitor.client.get(f"/ticket/{number}").status_code == 404
    assert "no mailbox" in admin.get("/people")
    assert said(which="some", mark=["c"]) == 422
    assert said(which="all") == 303
    assert visitor.client.get(f"/ticket/{number}").status_code == 200
    assert admin.post(f"/people/{ada}/mailboxes", which="some")[0] == 422
    assert count(room.engine, t.event, t.event.c.kind == "person.mailboxes") == 7


def test_an_administrator_sees_all_whatever_stood_before(room: Room) -> None:
    set_role(room.engine, "Anne", Role.ADMIN, "Ada", room.clock())
    assert _account(room, "Anne").scope is None


def test_scopes_are_cut_and_kept_as_they_are() -> None:
    assert both(None, frozenset("a")) == frozenset("a") == both(frozenset("ab"), frozenset("ac"))
    for scope in (None, frozenset(), frozenset({"b", "å"})):
        assert scope_of(stored_scope(scope)) == scope


def _account(room: Room, name: str) -> Account:
    found = account(room.engine, name)
    assert found
    return found
