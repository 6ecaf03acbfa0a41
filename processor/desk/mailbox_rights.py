"""Whoever is limited to some mailboxes sees nothing of the others: what is there answers like what is not (T66).

A page is open to them if it is named here, or if its path names a ticket, mail, action or reply of theirs.  A new
page that is neither is closed to them until somebody has seen to what it shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from sqlalchemy.engine import Engine

from processor.desk.asking import Asked, Desk, Refusal
from processor.store import visible
from processor.store.ticket_view import TicketView
from processor.store.visible import Scope

# These ask the store for what the person sees and no more, or show nothing of any ticket.
INSIGHT = ("/insight", "/insight/learning", "/insight/rule", "/insight/report", "/insight/numbers.csv")
VIEWS = ("/queue/view", "/queue/view/drop")
QUEUE = ("/", "/queue", "/queue/take", "/queue/sleep", "/queue/close", "/search", "/live", "/take-in")
SCOPED = frozenset({*QUEUE, *VIEWS, *INSIGHT})
OWN = ("/account", "/sign-out", "/sign-in", "/static/", "/link/", "/provider")
BY_NUMBER: Mapping[str, Callable[[Engine, Scope, int], bool]] = {
    "mail": visible.sees_mail,
    "action": visible.sees_action,
    "reply": visible.sees_reply,
}
TICKET = re.compile(r"\S{1,40}-[A-Za-z0-9]{4}-[A-Za-z0-9]{4}")
LONGEST = 80
# Words that somebody typed may be a ticket's number without leading to it.
WORDS = frozenset({"q", "text", "reason", "subject"})


def require_seen(desk: Desk, asked: Asked, path: str) -> None:
    """Refuse with 404 what is not there for the person; ``path`` is the route's, with its places."""
    scope = asked.account.scope
    if scope is None or path.startswith(OWN):
        return
    if path not in SCOPED and not {"number", *BY_NUMBER} & set(asked.params):
        raise Refusal(404, "There is no such page.")
    for name, sees in BY_NUMBER.items():
        if name in asked.params and not sees(desk.engine, scope, asked.number(name)):
            raise Refusal(404, "There is no such page.")
    tickets = [number.strip().upper() for number in _numbers(asked)]
    if not all(visible.sees_ticket(desk.engine, scope, number) for number in tickets):
        raise Refusal(404, "There is no such ticket.")
    # Numbers that came from elsewhere may look otherwise.
    if not visible.sees_numbers(desk.engine, scope, _short(asked)):
        raise Refusal(404, "There is no such ticket.")
    marked = [int(each) for each in asked.marked if each.isascii() and each.isdecimal() and len(each) < 16]
    if not visible.sees_tickets(desk.engine, scope, marked):
        raise Refusal(404, "There is no such ticket.")


def _numbers(asked: Asked) -> Iterator[str]:
    """The ticket of the path, and every other that a field or the query names."""
    if "number" in asked.params:
        yield asked.params["number"]
    for name, value in (*asked.form.items(), *asked.query.items()):
        if name not in WORDS and TICKET.fullmatch(value.strip()):
            yield value


def _short(asked: Asked) -> list[str]:
    """Every value that could be a ticket's number, as it is looked for."""
    fields = ((name, value.strip()) for name, value in (*asked.form.items(), *asked.query.items()))
    return [
        each
        for name, value in fields
        if name not in WORDS and 0 < len(value) <= LONGEST
        for each in (value, value.upper())
    ]


def only_seen(engine: Engine, view: TicketView, scope: Scope) -> TicketView:
    """The ticket without the numbers of others that its mails name and the person does not see."""
    if scope is None:
        return view
    mails = tuple(
        replace(each, may_belong_to="") if not visible.sees_ticket(engine, scope, each.may_belong_to) else each
        for each in view.mails
    )
    return replace(view, mails=mails)
