"""A running Zammad's tickets come in with the mails themselves and the attached files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from processor.moving.zammad_server import ZammadServer
from processor.world import zammad_api
from processor.world.failures import Misconfigured, Transient
from processor.world.zammad_api import ZammadApi
from tests.moving.archive import Archive, mail
from tests.moving.test_exports import PHONE, ZAMMAD
from tests.servers.registers import Page, Site, web_server
from tests.steps.talk import KARI


def page(value: Any) -> Page:
    return Page(json.dumps(value).encode())


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Two pages of a ticket each."""
    monkeypatch.setattr(zammad_api, "PAGE", 1)
    made = Site()
    for number, told in enumerate((ZAMMAD, PHONE), 1):
        ticket = {name: value for name, value in told.items() if name != "articles"}
        made.pages[f"/api/v1/tickets?expand=true&per_page=1&page={number}"] = page([ticket])
        made.pages[f"/api/v1/ticket_articles/by_ticket/{told['id']}?expand=true"] = page(told["articles"])
    made.pages["/api/v1/tickets?expand=true&per_page=1&page=3"] = page([])
    made.pages["/api/v1/ticket_article_plain/11"] = Page(mail(1), "message/rfc822")
    made.pages["/api/v1/ticket_article_plain/13"] = Page(status=204)
    with web_server(made):
        yield made


def server(site: Site, rested: list[float] | None = None) -> ZammadServer:
    return ZammadServer(ZammadApi(site.url, "t0ken", (rested if rested is not None else []).append))


def test_its_tickets_come_in_with_the_mails_themselves(archive: Archive, site: Site) -> None:
    run = archive.take(server(site))
    assert run.counts == {"new": 3, "own": 1, "tickets": 2, "joined": 1, "notes": 1, "open": 1}
    assert sorted(archive.tickets()) == [("closed", KARI, 2), ("open", "nobody@import.invalid", 1)]
    assert archive.nothing_follows()
    wire = mail(1).replace(b"\n", b"\r\n")
    assert archive.talk.ask("select content from raw_mail where mail_id = 1") == [(wire,)]
    assert {headers["Authorization"] for _, headers in site.asked} == {"Token token=t0ken"}
    again = archive.take(server(site)).counts
    assert again == {"known": 3}


def test_it_goes_on_at_the_ticket_behind_the_last_one(site: Site) -> None:
    found = list(server(site).mails(""))
    assert [each.position for each in found] == ["1:0", "1:1", "2:1"]
    site.asked.clear()
    assert [each.name for each in server(site).mails("1:1")] == ["Zammad 22008, article 14"]
    assert list(server(site).mails("2:1")) == []


def test_the_files_of_an_article_that_is_no_mail_are_fetched(site: Site) -> None:
    article = {**PHONE["articles"][0], "attachments": [{"id": 5, "filename": "a.txt", "preferences": {}}]}  # type: ignore[index]
    site.pages["/api/v1/ticket_articles/by_ticket/8?expand=true"] = page([article])
    site.pages["/api/v1/ticket_attachment/8/14/5"] = Page(b"hei", "text/plain")
    *_, found = server(site).mails("")
    assert b'filename="a.txt"' in (found.raw or b"")
    assert found.lacking == 0


def test_a_busy_server_is_asked_again_after_the_time_it_names(site: Site) -> None:
    rested: list[float] = []
    site.pages["/api/v1/tickets?expand=true&per_page=1&page=1"] = Page(status=429, headers={"Retry-After": "7"})
    with pytest.raises(Transient, match="says 429"):
        list(server(site, rested).mails(""))
    assert rested == [7.0] * 4


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Page(status=401), "does not take the token"),
        (Page(b"<html>", "text/html"), "is no Zammad: /tickets is no JSON"),
        (Page(b"{}"), "is no Zammad: it gives no list of tickets"),
        (Page(status=404), "is no Zammad: it gives no list of tickets"),
    ],
)
def test_what_is_no_zammad_or_takes_no_token_is_told(site: Site, answer: Page, said: str) -> None:
    site.pages["/api/v1/tickets?expand=true&per_page=1&page=1"] = answer
    with pytest.raises(Misconfigured, match=said):
        list(server(site).mails(""))
