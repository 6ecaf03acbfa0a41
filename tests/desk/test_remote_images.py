"""Images that a mail leads to: fetched by us, once a person asks, without cookie or referrer, from no address of ours."""

from __future__ import annotations

import pytest

from processor.desk import mail_pages
from processor.desk.mail_pages import clean, images_of
from processor.steps.remote_images import MOST_IMAGES, remote_images
from processor.store import tables as t
from tests.desk.conftest import Room
from tests.servers.registers import Page, Site, web_server
from tests.store.made import column

PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
HTML = """<p>Hei <img src="https://bilder-demo.no/a.gif" onerror="x()" alt="logo"> <img src="http://bilder-demo.no/b.gif">
<img src="data:image/svg+xml;base64,PHN2Zz4="><img srcset="https://bilder-demo.no/c.gif 2x"><svg><image href="https://bilder-demo.no/d.gif"/></svg>
01019039875</p>"""


def test_T51_what_is_fetched_goes_without_cookie_and_referrer_and_only_pictures_come() -> None:
    pages = {
        "/a.gif": Page(PIXEL, "image/gif"),
        "/b.svg": Page(b"<svg onload=x()></svg>", "image/svg+xml"),
        "/c.html": Page(b"<script>x</script>", "text/html"),
        "/d.gif": Page(b"", "image/gif", 302, {"Location": "http://127.0.0.1/elsewhere"}),
        "/e.gif": Page(b"x" * 1_100_000, "image/gif"),
    }
    with web_server(Site(pages)) as site:
        found = remote_images([f"{site.url}{path}" for path in pages], internal=True)
        asked = list(site.asked)
    assert list(found) == [f"{site.url}/a.gif"]
    assert next(iter(found.values())).startswith("data:image/gif;base64,R0lGOD")
    assert all(not {"cookie", "referer"} & {name.lower() for name in headers} for _, headers in asked)


def test_T51_an_address_within_our_own_network_is_not_asked() -> None:
    with web_server(Site({"/a.gif": Page(PIXEL, "image/gif")})) as site:
        assert remote_images([f"{site.url}/a.gif"]) == {}
        assert site.asked == []


def test_no_more_are_fetched_than_a_mail_of_a_person_has(monkeypatch: pytest.MonkeyPatch) -> None:
    with web_server(Site({})) as site:
        assert remote_images([f"{site.url}/{number}" for number in range(100)], internal=True) == {}
        assert len(site.asked) == MOST_IMAGES


def test_only_what_was_fetched_is_shown() -> None:
    assert images_of(HTML) == ["https://bilder-demo.no/a.gif"]
    assert "<img" not in clean(HTML)
    shown = clean(HTML, {"https://bilder-demo.no/a.gif": "data:image/gif;base64,R0lG01019039875OD"})
    assert shown.count("src=") == 1
    assert 'src="data:image/gif;base64,R0lG01019039875OD"' in shown
    assert "onerror" not in shown
    assert "bilder-demo" not in shown
    # What is read is masked, and a picture's own letters are left whole.
    assert shown.count("01019039875") == 1


def test_T51_a_person_asks_for_them_and_that_is_recorded(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def fetched(urls: list[str]) -> dict[str, str]:
        asked.append(urls)
        return {urls[0]: "data:image/gif;base64,R0lGOD"}

    monkeypatch.setattr(mail_pages, "remote_images", fetched)
    raw = b"From: a@b.no\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + HTML.encode()
    with room.engine.begin() as conn:
        conn.execute(t.raw_mail.update().where(t.raw_mail.c.mail_id == 1).values(content=raw))
    visitor = room.sign_in()
    assert "Fetch its images" in visitor.get("/ticket/" + str(column(room.engine, t.ticket.c.number)[0]))
    visitor.get("/mail/1/html")
    assert asked == []
    answer = visitor.client.post("/mail/1/html", data={"csrf": visitor.csrf})
    assert asked == [["https://bilder-demo.no/a.gif"]]
    assert 'src="data:image/gif' in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'; style-src 'nonce-")
    assert "img-src data:;" in policy
    assert "mail.images_fetched" in column(room.engine, t.event.c.kind)
    assert visitor.client.post("/mail/1/html", data={"csrf": "wrong"}).status_code == 403


def test_nothing_is_offered_where_a_mail_leads_to_no_images(room: Room) -> None:
    raw = b"From: a@b.no\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hei</p>"
    with room.engine.begin() as conn:
        conn.execute(t.raw_mail.update().where(t.raw_mail.c.mail_id == 1).values(content=raw))
    shown = room.sign_in().get("/ticket/" + str(column(room.engine, t.ticket.c.number)[0]))
    assert "HTML, without images" in shown
    assert "Fetch its images" not in shown
