"""What was understood is corrected in place: the mail is decided anew at once, and the page shows what that changed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from processor.gate import CHANGED, GATE
from processor.message import Extracted
from processor.steps.work_off import work_off
from processor.store import tables as t
from processor.store.accounts import Role
from processor.store.corrections import judged
from processor.store.keep import Arrival, keep
from processor.store.transaction import writing
from tests.desk.conftest import MAILS, Room, Visitor, room_in
from tests.desk.test_acting import action_of, opened
from tests.desk.test_ticket_steps import said
from tests.shipped import rulebook_of
from tests.store.made import column, count

FORM = re.compile(r'<form method="post" action="(/mail/(\d+)/correct)".*?</form>', re.DOTALL)


def form_of(page: str) -> tuple[str, dict[str, str]]:
    """The address of the form and what stands in its fields."""
    found = FORM.search(page)
    assert found
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', found[0]))
    for name, options in re.findall(r'<select id="\w+" name="(\w+)"[^>]*>(.*?)</select>', found[0]):
        chosen = re.search(r'value="([^"]*)" selected', options)
        fields[name] = chosen[1] if chosen else ""
    fields.pop("csrf")
    return found[1], {name: unescape(value) for name, value in fields.items()}


def shown(visitor: Visitor, room: Room, kind: str = "register_termination") -> tuple[str, str, dict[str, str]]:
    action, number = action_of(room, kind)
    path, fields = form_of(visitor.get(f"/ticket/{number}?view=all&action={action}"))
    return number, path, fields


def actions(room: Room, number: str) -> list[tuple[str, str, int]]:
    a, k = t.action.c, t.ticket.c
    query = select(a.kind, a.state, a.version).join(t.ticket, k.id == a.ticket_id).where(k.number == number)
    with room.engine.connect() as conn:
        return [tuple(row) for row in conn.execute(query.order_by(a.id))]


def test_a_mail_is_decided_anew_as_it_is_where_the_contract_register_has_learnt_of_its_customer(room: Room) -> None:
    visitor = room.sign_in()
    number, path, fields = shown(visitor, room)
    status, page = visitor.post(path, **fields)
    assert status == 422
    assert "nothing is changed by it" in page
    row = {"customer_no": "100042", "org_no": fields["org_no"], "name": "Fjord Bygg AS", "product": "Visma Global"}
    with writing(room.engine) as conn:
        conn.execute(insert(t.contract).values(**row, type="A"))
    page = said(visitor, visitor.post(path, **form_of(visitor.get(f"/ticket/{number}"))[1]))
    assert "100042 Fjord Bygg AS" in page
    fields = form_of(page)[1]
    assert visitor.post(path, **fields)[0] == 422


def test_another_day_and_number_are_decided_anew_and_shown_before_and_after(room: Room) -> None:
    visitor = room.sign_in()
    number, path, fields = shown(visitor, room)
    assert number not in visitor.get("/search?q=974760673")
    was = fields["effective_date"]
    page = said(visitor, visitor.post(path, **{**fields, "effective_date": "31.01.2028", "org_no": "974 760 673"}))
    assert "Decided anew." in page
    assert "Corrected by Anne, today 11:05" in page
    _, after = form_of(page)
    assert (after["effective_date"], after["org_no"]) == ("31.01.2028", "974760673")
    rows = dict(re.findall(r'<th scope="row">([^<]*)</th><td>(.*?)</td>', page))
    assert rows["Wanted end"] == (was or "–")
    ((kind, state, version),) = actions(room, number)
    assert (kind, state, version) == ("register_termination", "waiting", 2)
    facts = json.loads(column(room.engine, t.action.c.facts)[0])
    assert (facts["effective_date"], facts["org_no"]) == ("2028-01-31", "974760673")
    assert "974760673" in column(room.engine, t.item.c.org_no)
    assert count(room.engine, t.event, t.event.c.kind == "mail.redecided") == 1
    assert number in visitor.get("/search?q=974760673")
    # Nobody named another type, so nothing is learned of types.
    assert list(judged(room.engine)) == []


def test_another_type_drops_the_action_makes_another_and_teaches(room: Room) -> None:
    visitor = room.sign_in()
    number, path, fields = shown(visitor, room)
    page = said(visitor, visitor.post(path, **{**fields, "type0": "agreement_question"}))
    assert [(kind, state) for kind, state, _ in actions(room, number)] == [
        ("register_termination", "superseded"),
        ("answer_agreement_question", "waiting"),
    ]
    assert "Register the termination" in page
    assert "Answer the question about the agreement" in page
    (one,) = judged(room.engine)
    assert (one.types, one.how) == (("agreement_question",), "corrected")
    # And back again: what was dropped stays so, and there is a new one to do.
    page = said(visitor, visitor.post(path, **{**form_of(page)[1], "type0": "termination"}))
    assert [state for _, state, _ in actions(room, number)] == ["superseded", "superseded", "waiting"]


def test_a_yes_falls_with_what_it_was_said_to(room: Room) -> None:
    visitor = room.sign_in(Role.APPROVER)
    action, number = action_of(room, "register_termination")
    assert visitor.post(f"/action/{action}/approve", **opened(visitor, number, action))[0] == 303
    _, path, fields = shown(visitor, room)
    visitor.post(path, **{**fields, "customer_no": "100042"})
    assert actions(room, number) == [("register_termination", "waiting", 2)]


def test_T68_who_comes_second_is_told_and_keeps_what_was_typed(room: Room) -> None:
    anne, per = room.sign_in(Role.AGENT), room.sign_in(Role.APPROVER)
    _, path, fields = shown(anne, room)
    assert per.post(path, **{**fields, "customer_no": "100042"})[0] == 303
    status, page = anne.post(path, **{**fields, "company": "Annes <firma> AS"})
    assert status == 409
    assert "somebody changed it since you looked" in page
    assert "Per, 26 Nov 2026 at 11:05" in page
    _, kept = form_of(page)
    assert kept["company"] == "Annes <firma> AS"
    # Sent again it is knowingly theirs.
    assert anne.post(path, **kept)[0] == 303
    assert count(room.engine, t.event, t.event.c.kind == "mail.redecided") == 2


@pytest.mark.parametrize(
    ("field", "typed", "why"),
    [
        ("org_no", "974760674", "no organisation number"),
        ("customer_no", "12 x", "digits alone"),
        ("products", "Visma Glabal", "no product that the rules know"),
        ("effective_date", "31.31.2026", "this is no day"),
        ("type0", "nonsense", "at least one type"),
        ("company", None, "nothing is changed"),
    ],
)
def test_what_cannot_be_meant_changes_nothing_and_stays_in_the_form(
    room: Room, field: str, typed: str | None, why: str
) -> None:
    visitor = room.sign_in()
    number, path, fields = shown(visitor, room)
    status, page = visitor.post(path, **({**fields, field: typed} if typed else fields))
    assert status == 422
    assert why in page
    assert typed is None or field == "type0" or form_of(page)[1][field] == typed
    assert actions(room, number) == [("register_termination", "waiting", 1)]


def test_what_is_done_is_not_corrected(room: Room) -> None:
    visitor = room.sign_in()
    action, number = action_of(room, "register_termination")
    _, path, _ = shown(visitor, room)
    fields = opened(visitor, number, action)
    assert visitor.post(f"/action/{action}/done", **fields, last_day="2026-12-31")[0] == 303
    _, now = form_of(visitor.get(f"/ticket/{number}"))
    status, page = visitor.post(path, **{**now, "company": "Annen AS"})
    assert status == 422
    assert "is done already" in page


@pytest.fixture
def drafts(tmp_path: Path) -> Iterator[Room]:
    """A desk at which every reply waits as a draft."""
    yield from room_in(tmp_path, "termination/02-nynorsk-without-number", level="draft")


def test_a_draft_is_written_anew_but_for_one_that_a_person_wrote(drafts: Room) -> None:
    visitor = drafts.sign_in()
    _, path, fields = shown(visitor, drafts)
    before = column(drafts.engine, t.outbox.c.text)[0]
    page = said(visitor, visitor.post(path, **{**fields, "org_no": "974760673"}))
    after = column(drafts.engine, t.outbox.c.text)[0]
    assert "974 760 673" in after
    assert after != before
    assert "The reply was written anew." in page
    assert column(drafts.engine, t.outbox.c.state) == ["draft"]
    (stamp,) = column(drafts.engine, t.outbox.c.changed_at)
    drafts.clock.forward(minutes=1)
    words = {"subject": "Hei", "text": "Mine ord", "seen_at": stamp.isoformat()}
    assert visitor.post("/reply/1/edit", **words)[0] == 303
    page = said(visitor, visitor.post(path, **{**form_of(page)[1], "org_no": ""}))
    assert column(drafts.engine, t.outbox.c.text) == ["Mine ord"]
    assert "A person has written the reply" in page


def test_an_answer_is_corrected_in_the_request_that_it_completed(tmp_path: Path) -> None:
    for room in room_in(tmp_path, "termination/02-nynorsk-without-number"):
        source = (MAILS / "termination/02-nynorsk-without-number.eml").read_bytes()
        head = source.partition(b"\r\n\r\n" if b"\r\n\r\n" in source else b"\n\n")[0].splitlines()
        ours = column(room.engine, t.outbox.c.message_id)[0]
        kept = [line for line in head if not line.lower().startswith((b"message-id", b"content-", b"mime-"))]
        more = [b"Message-ID: <svar@x-demo.no>", f"In-Reply-To: {ours}".encode(), b"", b"Kundenummeret er 100042."]
        raw = b"\r\n".join([*kept, *more])
        keep(room.engine, [Arrival("a", "INBOX", 7, 2, room.clock(), len(raw), raw)], room.clock())
        config = room.desk.config
        rules = rulebook_of(config.rules_dir, config.templates_dir, config.own_addresses)
        work_off(room.engine, rules, config, "w", room.clock, lambda *_: Extracted())
        assert column(room.engine, t.item.c.how) == ["", "completes"]
        visitor = room.sign_in()
        (number,) = column(room.engine, t.ticket.c.number)
        page = visitor.get(f"/ticket/{number}?mail=2")
        assert "This mail answers what was asked for." in page
        path, fields = form_of(page)
        assert (path, fields["type0"], fields["customer_no"]) == ("/mail/2/correct", "termination", "100042")
        status, where = visitor.post(path, **{**fields, "customer_no": "100024"})
        assert (status, "mail=1" in where) == (303, True)
        page = visitor.get(where)
        assert "Corrected by Anne" in page
        assert json.loads(column(room.engine, t.action.c.facts)[0])["customer_no"] == "100024"
        assert form_of(visitor.get(f"/ticket/{number}?mail=2"))[1]["customer_no"] == "100024"


def test_T25_no_correction_opens_the_gate_that_a_later_mail_has_shut(room: Room) -> None:
    visitor = room.sign_in()
    action, number = action_of(room, "grant_otp_rights")
    with room.engine.begin() as conn:
        told = json.loads(conn.execute(select(t.action.c.facts).where(t.action.c.id == int(action))).scalar_one())
        facts = json.dumps({**told, GATE: CHANGED})
        conn.execute(t.action.update().where(t.action.c.id == int(action)).values(facts=facts))
    path, fields = form_of(visitor.get(f"/ticket/{number}?view=all&action={action}"))
    assert visitor.post(path, **{**fields, "company": "Et annet firma AS"})[0] == 303
    with room.engine.connect() as conn:
        facts = conn.execute(select(t.action.c.facts).where(t.action.c.id == int(action))).scalar_one()
    assert (json.loads(facts)["company"], json.loads(facts)[GATE]) == ("Et annet firma AS", CHANGED)


def gate_of(room: Room) -> str:
    """What stands against the request for rights as it is now."""
    a = t.action.c
    waiting = select(a.facts).where(a.kind == "grant_otp_rights", a.state == "waiting").order_by(a.id.desc())
    with room.engine.connect() as conn:
        return str(json.loads(str(conn.execute(waiting).scalars().first()))[GATE])


def test_T21_a_corrected_domain_or_address_goes_through_the_gate_like_one_of_the_mail(room: Room) -> None:
    row = {
        "customer_no": "100042",
        "org_no": "372165030",
        "name": "Balt Shipping Norway AS",
        "product": "Visma.net ERP",
    }
    with writing(room.engine) as conn:
        conn.execute(insert(t.contract).values(**row, type="A", phone="+4722123456"))
    visitor = room.sign_in()
    _, path, fields = shown(visitor, room, "grant_otp_rights")
    assert fields["domains"] == "baltshipping-demo.com"
    assert fields["emails"] == "priya.nair@baltshipping-demo.com"
    page = said(visitor, visitor.post(path, **{**fields, "domains": "@www.Fjordbygg-demo.no, baltshipping-demo.com"}))
    assert "Domains" in page
    assert "fjordbygg-demo.no is neither the sender" in gate_of(room)
    _, fields = form_of(page)
    assert fields["domains"] == "fjordbygg-demo.no, baltshipping-demo.com"
    page = said(visitor, visitor.post(path, **{**fields, "domains": "gmail.com"}))
    assert "gmail.com is public" in gate_of(room)
    page = said(visitor, visitor.post(path, **{**form_of(page)[1], "domains": ""}))
    assert "no domain is named" in gate_of(room)
    back = {**form_of(page)[1], "domains": "baltshipping-demo.com", "emails": "priya@elsewhere-demo.no"}
    page = said(visitor, visitor.post(path, **back))
    assert "the administrator's address is at elsewhere-demo.no" in gate_of(room)
    said(visitor, visitor.post(path, **{**form_of(page)[1], "emails": "priya.nair@baltshipping-demo.com"}))
    assert "baltshipping-demo.com" not in gate_of(room)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("domains", "firma", "this is no domain"),
        ("domains", "fir ma.no", "this is no domain"),
        ("domains", "a.no\\nBcc: x", "this is no domain"),
        ("emails", "kari@", "this is no e-mail address"),
        ("emails", "kari", "this is no e-mail address"),
        ("emails", '"k a"@b.no', "this is no e-mail address"),
    ],
)
def test_what_is_no_domain_and_no_address_is_refused_and_stays_in_its_field(
    room: Room, field: str, value: str, why: str
) -> None:
    visitor = room.sign_in()
    _, path, fields = shown(visitor, room, "grant_otp_rights")
    status, page = visitor.post(path, **{**fields, field: value})
    assert status == 422
    assert why in page
    assert count(room.engine, t.event, t.event.c.kind == "mail.redecided") == 0


def test_a_page_of_a_program_before_this_one_takes_no_domain_away(room: Room) -> None:
    visitor = room.sign_in()
    _, path, fields = shown(visitor, room, "grant_otp_rights")
    status, page = visitor.post(path, **{name: value for name, value in fields.items() if name != "domains"})
    assert status == 422
    assert "the page is older than the program" in page
