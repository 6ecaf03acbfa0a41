"""The queue by views, and what a search finds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from starlette.responses import Response

from processor.deciding.answerable import withheld_in_words
from processor.desk.answering import go, page
from processor.desk.asking import Asked, Desk
from processor.desk.language import N_
from processor.desk.notices import told
from processor.desk.present import others_present
from processor.store import queue_page
from processor.store.accounts import accounts
from processor.store.narrowing import DUE
from processor.store.queue import QueueRow, unsent
from processor.store.queue_page import ALL, Key, Selection, View, holders, key_of, number_of
from processor.store.saved_views import saved_views
from processor.store.search import search as find

ROWS = 50
COUNTED = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """A row with where it leads; ``holder`` has taken the ticket on, ``present`` others look at it.

    ``flags`` are sentences for staff (English).
    """

    row: QueueRow
    key: str
    holder: str
    flags: tuple[str, ...]
    present: tuple[str, ...] = ()


def home(_: Desk, asked: Asked) -> Response:
    """The queue is where one begins; what it was told on the way goes along."""
    return go("/queue", **dict(asked.query))


def view_of(asked: Asked) -> Selection:
    """The view that a page stands in, with what it is narrowed by: in its name, or field by field from its form."""
    said = Selection.read(asked.query.get("view", "") or asked.form.get("view", ""))
    return replace(said, narrow=said.narrow.over(asked.query)) if asked.path.startswith("/queue?") else said


def queue(desk: Desk, asked: Asked, refused: str = "") -> Response:
    """One page of a view; ``refused`` says why a view was not saved."""
    view, scope = view_of(asked), asked.account.scope
    values: dict[str, Any] = {
        "view": view,
        "views": list(View),
        "notice": told(desk, asked),
        "refused": refused,
        "saved": saved_views(desk.engine, asked.person.id),
        **_narrowing(desk, asked, view),
    }
    if view.view == View.UNSENT:
        replies = unsent(desk.engine, scope=scope)
        return page(desk, asked, "queue.html", **values, lines=[], replies=replies, following="")
    after = Key.read(asked.query.get("after", ""))
    shown = queue_page.page(
        desk.engine, view.view, desk.clock(), asked.person.id, after, ROWS, scope, narrow=view.narrow
    )
    held = holders(desk.engine, [row.ticket_id for row in shown.rows])
    here = others_present(desk, asked, desk.lookout.look())
    lines = [
        Line(row, str(key_of(row)), held.get(row.ticket_id, ""), flags_of(row), here.get(row.ticket_no, ()))
        for row in shown.rows
    ]
    following = str(shown.following) if shown.following else ""
    title = desk.rules.title
    name = "queue_rows.html" if asked.query.get("part") else "queue.html"
    status = 422 if refused else 200
    return page(desk, asked, name, status, **values, lines=lines, replies=[], following=following, title=title)


def _narrowing(desk: Desk, asked: Asked, view: Selection) -> dict[str, Any]:
    """What a view can be narrowed by, and how many rows a narrowed one has."""
    scope = asked.account.scope
    mailboxes = [each.name for each in desk.config.mailboxes if scope is None or each.name in scope]
    narrowed = view.narrow != ALL and view.view != View.UNSENT
    count = number_of(desk.engine, view, desk.clock(), asked.person.id, scope, COUNTED) if narrowed else 0
    people = [(str(each.person.id), each.person.name) for each in accounts(desk.engine) if each.active]
    return {
        "mailboxes": mailboxes,
        "types": desk.rules.titles(),
        "type_title": desk.rules.title,
        "colleagues": [each for each in people if each[0] != str(asked.person.id)],
        "dues": DUE,
        "narrowed": narrowed,
        "rows": f"{COUNTED}+" if count == COUNTED else str(count),
    }


def search(desk: Desk, asked: Asked) -> Response:
    """Tickets whose mails have the words; ``part`` asks for the list alone, as one types."""
    asked_for = asked.query.get("q", "")[:200]
    before = asked.query.get("before", "")
    desk.indexing.take_newest()
    end = int(before) if before.isascii() and before.isdecimal() and len(before) < 16 else None
    found, following = find(desk.engine, asked_for, end, scope=asked.account.scope)
    part = bool(asked.query.get("part"))
    values: dict[str, Any] = {
        "q": asked_for,
        "found": found,
        "following": following,
        "behind": desk.indexing.behind,
        "title": desk.rules.title,
    }
    return page(desk, asked, "found.html" if part else "search.html", **values)


def flags_of(row: QueueRow) -> tuple[str, ...]:
    """What somebody who opens the row should know before."""
    said = []
    if row.deadline is not None and row.deadline.status in ("borderline", "late"):
        said.append(N_("Borderline deadline") if row.deadline.status == "borderline" else N_("Late for the end before"))
    if row.provenance == "unproven":
        said.append(N_("Sender not confirmed"))
    if row.provenance == "forged":
        said.append(N_("Sender is forged"))
    if row.needs == "two_staff":
        said.append(N_("One of two has approved") if row.action_state == "seconded" else N_("Two people"))
    if row.action_state == "held":
        said.append(N_("Held: the customer took it back"))
    if row.action_state == "approved":
        said.append(N_("Approved, not done yet"))
    if row.drafts:
        said.append(N_("Draft reply"))
    if row.withheld:
        said.append(withheld_in_words(row.withheld))
    return tuple(said)
