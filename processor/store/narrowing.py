"""A view of the queue narrowed further: by mailbox, type, who has it and when it is due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, time, timedelta
from typing import Self
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists

from processor.store import tables as t

OSLO = ZoneInfo("Europe/Oslo")
NOBODY, ME = "nobody", "me"
OVERDUE, TODAY, WEEK = "overdue", "today", "week"
DUE = (OVERDUE, TODAY, WEEK)
MOST = 100


@dataclass(frozen=True, slots=True)
class Narrow:
    """Each ``""`` for all: a mailbox's name, a request type, ``nobody``, ``me`` or a person's id, one of DUE.

    As text it is ``~name=value`` for each, which stands behind a view's name in a link.
    """

    mailbox: str = ""
    type: str = ""
    holder: str = ""
    due: str = ""

    def __str__(self) -> str:
        return "".join(f"~{name}={quote(value, safe='').replace('~', '%7E')}" for name, value in self.said().items())

    def said(self) -> dict[str, str]:
        """What it narrows by."""
        values = {each.name: str(getattr(self, each.name)) for each in fields(self)}
        return {name: value for name, value in values.items() if value}

    @classmethod
    def read(cls, text: str) -> Self:
        """What ``str`` wrote; what is not understood is left out."""
        pairs = (each.partition("=") for each in text.split("~") if each)
        return cls().over({name: unquote(value) for name, _, value in pairs})

    def over(self, wanted: Mapping[str, str]) -> Self:
        """With these values in place of its own, as far as they are ones that can be."""
        names = {each.name for each in fields(self)}
        kept = {name: value[:MOST] for name, value in wanted.items() if name in names}
        if kept.get("due", "") not in ("", *DUE):
            kept["due"] = ""
        holder = kept.get("holder", "")
        if holder not in ("", NOBODY, ME) and not (holder.isascii() and holder.isdecimal() and len(holder) < 10):
            kept["holder"] = ""
        return replace(self, **kept)

    def of_tickets(self, person_id: int) -> list[ColumnElement[bool]]:
        """The conditions on a row's ticket and item; ``person_id`` is who ``me`` is."""
        k, h, m = t.ticket.c, t.ticket_holder.alias("narrow_holder"), t.mail.alias("narrow_mail")
        found: list[ColumnElement[bool]] = []
        if self.type:
            found.append(t.item.c.type == self.type)
        if self.mailbox:
            found.append(exists().where(m.c.ticket_id == k.id, m.c.account == self.mailbox))
        if self.holder:
            held = exists().where(h.c.ticket_id == k.id)
            who = person_id if self.holder == ME else self.holder
            found.append(~held if who == NOBODY else held.where(h.c.person_id == int(who)))
        return found

    def of_actions(self, now: datetime) -> list[ColumnElement[bool]]:
        """The conditions on a row's action; days end at midnight in Oslo."""
        if not self.due:
            return []
        tomorrow = datetime.combine(now.astimezone(OSLO).date() + timedelta(days=1), time(), OSLO)
        until = {OVERDUE: now, TODAY: tomorrow, WEEK: tomorrow + timedelta(days=6)}
        return [t.action.c.due < until[self.due]]
