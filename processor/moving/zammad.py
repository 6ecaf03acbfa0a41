"""Tickets as Zammad's API gives them (``/api/v1/tickets`` with ``expand=true``), each with its ``articles``.

The articles are those of ``/api/v1/ticket_articles/by_ticket/{id}?expand=true``; one may bring the mail itself as
``plain`` (of ``/api/v1/ticket_article_plain/{id}``), and its attachments their ``data`` in base64.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from processor.moving.found import wire
from processor.moving.letters import File, Letter, Note, Ticket, text_of, when

OVER = {"closed", "merged", "removed"}
OVER_IDS = {4, 5, 6}
"""Zammad's own states: 4 closed, 5 merged; 6 was removed, in its older versions."""
CUSTOMER, AGENT = 2, 1
NOTE = 10


def ticket(value: Mapping[str, Any], users: Mapping[int, Mapping[str, Any]]) -> Ticket:
    """A ticket; raises KeyError, TypeError or ValueError for what is none."""
    number = text_of(value.get("number") or value["id"])
    letters, notes, faults = [], [], []
    for article in value["articles"]:
        name = f"article {article.get('id', '?')}"
        try:
            if article.get("internal") or article.get("type") == "note" or article.get("type_id") == NOTE:
                notes.append(_note(article))
            else:
                letters.append(_letter(value, article, name, users))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            faults.append((name, f"it lacks something or has an odd value: {error}"[:200]))
    return Ticket(
        name=f"Zammad {number}",
        thread=f"<{number}.zammad@import.invalid>",
        open=_open(value),
        group=text_of(value.get("group")),
        letters=tuple(letters),
        notes=tuple(notes),
        faults=tuple(faults),
    )


def _open(value: Mapping[str, Any]) -> bool:
    state = value.get("state")
    if isinstance(state, str):
        return state.lower() not in OVER
    return value.get("state_id") not in OVER_IDS


def _letter(
    value: Mapping[str, Any], article: Mapping[str, Any], name: str, users: Mapping[int, Mapping[str, Any]]
) -> Letter:
    own = article["sender"] != "Customer" if "sender" in article else article["sender_id"] != CUSTOMER
    html = text_of(article.get("content_type")).startswith("text/html")
    body = text_of(article.get("body"))
    files, lacking = _files(article)
    from_ = text_of(article.get("from"))
    if "@" not in from_ and not own:
        from_ = _customer(value, users) or from_
    plain = article.get("plain")
    return Letter(
        name=name,
        at=when(article["created_at"]),
        own=own,
        from_=from_,
        to=text_of(article.get("to")),
        cc=text_of(article.get("cc")),
        subject=text_of(article.get("subject") or value.get("title")),
        text="" if html else body,
        html=body if html else "",
        message_id=text_of(article.get("message_id")),
        in_reply_to=text_of(article.get("in_reply_to")),
        references=text_of(article.get("references")),
        files=files,
        raw=_plain(plain),
        lacking=0 if plain else lacking,
    )


def _plain(value: object) -> bytes | None:
    """The mail itself: bytes of the API, or a text of a file."""
    raw = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    return wire(raw) if isinstance(raw, bytes) and raw.strip() else None


def _customer(value: Mapping[str, Any], users: Mapping[int, Mapping[str, Any]]) -> str:
    """The customer's address: expanded tickets bear it, others its id alone."""
    told = text_of(value.get("customer"))
    if "@" in told:
        return told
    return text_of(users.get(value.get("customer_id") or 0, {}).get("email"))


def _note(article: Mapping[str, Any]) -> Note:
    from processor.moving.plain import plain_text

    body = text_of(article.get("body"))
    html = text_of(article.get("content_type")).startswith("text/html")
    who = text_of(article.get("from") or article.get("created_by"))
    return Note(when(article["created_at"]), who, plain_text(body) if html else body)


def _files(article: Mapping[str, Any]) -> tuple[tuple[File, ...], int]:
    found, lacking = [], 0
    for each in article.get("attachments") or ():
        data = each.get("data")
        if not isinstance(data, str):
            lacking += 1
            continue
        kind = text_of((each.get("preferences") or {}).get("Mime-Type") or each.get("mime-type"))
        try:
            found.append(File(text_of(each.get("filename")), kind, base64.b64decode(data, validate=True)))
        except binascii.Error:
            lacking += 1
    return tuple(found), lacking
