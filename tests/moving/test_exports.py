"""Tickets of Zammad and Zendesk become ours: letters as mails, notes as notes, open ones open."""

from __future__ import annotations

import json
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from processor.moving.exports import Export
from processor.moving.mbox import Mbox
from processor.store.queue import queue
from processor.store.ticket_view import ticket
from tests.moving.archive import Archive, mail, mbox
from tests.steps.talk import KARI

ZAMMAD: dict[str, Any] = {
    "id": 7,
    "number": "22007",
    "title": "Oppsigelse av Visma Global",
    "state": "closed",
    "group": "Kundesenter",
    "customer": KARI,
    "created_at": "2026-03-02T09:30:00.000Z",
    "articles": [
        {
            "id": 11,
            "type": "email",
            "sender": "Customer",
            "from": f"Kari Holm <{KARI}>",
            "to": "oppsigelse@visma.no",
            "subject": "Oppsigelse av Visma Global",
            "body": "Vi sier opp Visma Global fra 31.12.2026.<br>Fjord Bygg AS, org.nr 328627035",
            "content_type": "text/html",
            "internal": False,
            "message_id": "<1@fjordbygg-demo.no>",
            "created_at": "2026-03-02T09:30:00.000Z",
            "attachments": [{"id": 1, "filename": "skjema.pdf", "size": "10", "preferences": {}}],
        },
        {
            "id": 12,
            "type": "note",
            "sender": "Agent",
            "from": "Ola Berg",
            "body": "<b>Ring</b> henne",
            "content_type": "text/html",
            "internal": True,
            "created_at": "2026-03-02T10:00:00.000Z",
        },
        {
            "id": 13,
            "type": "email",
            "sender": "Agent",
            "from": "Kundesenteret <oppsigelse@visma.no>",
            "to": f"Kari Holm <{KARI}>",
            "subject": "Re: Oppsigelse",
            "body": "Den er registrert.",
            "content_type": "text/plain",
            "internal": False,
            "message_id": "<20260303.7@zammad.visma.no>",
            "in_reply_to": "<1@fjordbygg-demo.no>",
            "created_at": "2026-03-03T08:00:00.000Z",
        },
    ],
}
PHONE = {
    "id": 8, "number": "22008", "title": "Ringte", "state_id": 2, "customer_id": 5, "created_at": "2026-03-04T08:00:00Z",
    "articles": [{
        "id": 14, "type_id": 5, "sender_id": 2, "from": "Per Dal", "to": "Support", "body": "Kan ikke logge inn.",
        "content_type": "text/plain", "internal": False, "created_at": "2026-03-04T08:00:00Z",
    }],
}  # fmt: skip
ZENDESK: dict[str, Any] = {
    "id": 31, "subject": "Oppsigelse av Visma Global", "status": "closed", "requester_id": 5, "recipient": "oppsigelse@visma.no",
    "requester": {"id": 5, "name": "Kari Holm", "email": KARI},
    "assignee": {"id": 6, "name": "Ola", "email": "ola@visma.no", "role": "agent"},
    "comments": [
        {"id": 1, "author_id": 5, "public": True, "body": "Vi sier opp Visma Global.\nFjord Bygg AS, org.nr 328627035",
         "via": {"channel": "email", "source": {"from": {"name": "Kari", "address": KARI}, "to": {}}},
         "created_at": "2026-03-02T09:30:00Z", "attachments": []},
        {"id": 2, "author_id": 6, "public": False, "body": "Ring henne", "created_at": "2026-03-02T10:00:00Z"},
        {"id": 3, "author_id": 6, "public": True, "body": "Den er registrert.", "html_body": "<p>Den er registrert.</p>",
         "created_at": "2026-03-03T08:00:00Z"},
    ],
}  # fmt: skip


def written(path: Path, *tickets: Any, users: Any = None) -> Path:
    path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in tickets), encoding="utf-8")
    if users:
        path.with_name("users.json").write_text(json.dumps(users))
    return path


@pytest.mark.parametrize(("dialect", "told"), [("zammad", ZAMMAD), ("zendesk", ZENDESK)])
def test_a_ticket_of_another_system_becomes_one_with_its_letters_and_notes(
    archive: Archive, tmp_path: Path, dialect: str, told: dict[str, Any]
) -> None:
    run = archive.take(Export(written(tmp_path / "t.json", told), dialect))
    lacking = {"lacking": 1} if dialect == "zammad" else {}
    assert run.counts == {"new": 2, "own": 1, "tickets": 1, "joined": 1, "notes": 1, **lacking}
    assert archive.tickets() == [("closed", KARI, 2)]
    assert archive.nothing_follows()
    ((number,),) = archive.talk.ask("select number from ticket")
    view = ticket(archive.talk.engine, number)
    assert view
    assert view.subject == "Oppsigelse av Visma Global"
    assert [(each.type, each.org_no) for each in view.items] == [("termination", "328627035")]
    ((note, who),) = [(each.text, each.data["who"]) for each in view.events if each.kind == "ticket.noted"]
    assert (note, who.split()[0]) == ("Ring henne", "Ola")
    assert [each.own for each in view.mails] == [False, True]


@pytest.mark.parametrize(("dialect", "told"), [("zammad", ZAMMAD), ("zendesk", ZENDESK)])
def test_an_export_that_is_taken_in_twice_is_known_again(
    archive: Archive, tmp_path: Path, dialect: str, told: dict[str, Any]
) -> None:
    path = written(tmp_path / "t.json", told)
    archive.take(Export(path, dialect))
    counts = archive.take(Export(path, dialect)).counts
    assert (counts.get("new", 0), counts["known"], counts.get("notes", 0)) == (0, 2, 0)


def test_an_open_ticket_is_open_here_and_waits_in_the_queue(archive: Archive, tmp_path: Path) -> None:
    users = {"users": [{"id": 5, "email": "per@dal-demo.no"}]}
    run = archive.take(Export(written(tmp_path / "t.json", PHONE, users=users), "zammad"))
    assert run.counts == {"new": 1, "tickets": 1, "open": 1}
    assert [(row.sender, row.action_id) for row in queue(archive.talk.engine)] == [("per@dal-demo.no", None)]
    assert archive.nothing_follows()


def test_mail_that_came_in_before_out_of_an_archive_gets_the_other_systems_notes(
    archive: Archive, tmp_path: Path
) -> None:
    archive.take(Mbox(mbox(tmp_path / "a.mbox", mail(1))))
    run = archive.take(Export(written(tmp_path / "t.json", ZAMMAD), "zammad"))
    assert (run.counts["known"], run.counts["new"], run.counts["notes"]) == (1, 1, 1)
    assert archive.tickets() == [("closed", KARI, 2)]


def test_the_mail_itself_is_taken_where_the_export_brings_it(archive: Archive, tmp_path: Path) -> None:
    told = {**ZAMMAD, "articles": [{**ZAMMAD["articles"][0], "plain": mail(1).decode()}]}
    (found,) = Export(written(tmp_path / "t.json", told), "zammad").mails("")
    assert found.raw == mail(1).replace(b"\n", b"\r\n")
    archive.take(Export(tmp_path / "t.json", "zammad"))
    assert archive.take(Mbox(mbox(tmp_path / "a.mbox", mail(1)))).counts == {"known": 1}


def test_an_answer_to_what_we_wrote_there_lands_on_the_ticket_and_opens_it(archive: Archive, tmp_path: Path) -> None:
    archive.take(Export(written(tmp_path / "t.json", ZAMMAD), "zammad"))
    archive.talk.say("Når kommer bekreftelsen?", "Sv: Oppsigelse", thread="<20260303.7@zammad.visma.no>")
    assert archive.tickets() == [("open", KARI, 3)]


def test_an_attached_file_whose_bytes_are_there_is_in_the_mail(tmp_path: Path) -> None:
    files = [{"filename": "skjema æ.pdf", "data": "JVBERi0=", "preferences": {"Mime-Type": "application/pdf"}}]
    told = {**ZAMMAD, "articles": [{**ZAMMAD["articles"][0], "attachments": files}]}
    (one,) = Export(written(tmp_path / "t.json", told), "zammad").mails("")
    (two,) = Export(tmp_path / "t.json", "zammad").mails("")
    assert one.raw == two.raw, "the same export gives the same bytes"
    parts = [(each.get_filename(), each.get_payload(decode=True)) for each in message_from_bytes(one.raw or b"").walk()]
    assert parts[-1] == ("skjema æ.pdf", b"%PDF-")
    assert one.lacking == 0


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        ('{"id": 1, "articles": [{"id": 3, "sender": "Customer"}]}\n', ["article 3"]),
        ('{"id": 1, "articles": 5}\n', ["ticket 1"]),
        ("{broken\n" + json.dumps(ZAMMAD) + "\n", ["object 1"]),
        ("[" + json.dumps(ZAMMAD) + ", {broken", ["object 2"]),
        ("[7, null]", ["ticket 1", "ticket 2"]),
    ],
    ids=["an article without a time", "no articles", "a broken line", "a cut off array", "no objects"],
)
def test_what_is_no_ticket_is_named_and_holds_up_nothing(
    archive: Archive, tmp_path: Path, content: str, faults: list[str]
) -> None:
    (tmp_path / "t.json").write_text(content)
    run = archive.take(Export(tmp_path / "t.json", "zammad"))
    assert [where.rpartition(", ")[2] for where, _ in run.faults] == faults
    assert run.counts.get("new", 0) == (2 if "22007" in content else 0)


def test_an_array_and_a_page_of_an_api_are_read_too(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([ZAMMAD, PHONE], indent=2))
    (tmp_path / "b.json").write_text(json.dumps({"tickets": [ZENDESK], "users": [], "count": 1}))
    assert archive.take(Export(tmp_path / "a.json", "zammad")).counts["tickets"] == 2
    assert archive.take(Export(tmp_path / "b.json", "zendesk")).counts["tickets"] == 1
