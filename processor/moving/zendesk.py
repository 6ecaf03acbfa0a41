"""Tickets of Zendesk's JSON export, one a line, each with its ``comments``; or of its API, put together the same way.

Who wrote a comment is told by ``author_id``: users stand in the ticket (``requester``, ``submitter``, ``assignee``),
or in ``users.json`` beside the file.  Public comments are letters, the others notes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from processor.moving.letters import Letter, Note, Ticket, address, text_of, when

OVER = {"solved", "closed", "deleted"}
STAFF = {"agent", "admin"}
PEOPLE = ("requester", "submitter", "assignee")


def ticket(value: Mapping[str, Any], users: Mapping[int, Mapping[str, Any]]) -> Ticket:
    """A ticket; raises KeyError, TypeError or ValueError for what is none."""
    number = int(value["id"])
    known = {**users, **_embedded(value)}
    requester = value.get("requester_id") or (value.get("requester") or {}).get("id")
    letters: list[Letter] = []
    notes, faults = [], []
    for comment in value["comments"]:
        name = f"comment {comment.get('id', '?')}"
        try:
            if comment.get("public", True):
                letters.append(_letter(value, comment, name, known, requester, letters))
            else:
                notes.append(_note(comment, known))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            faults.append((name, f"it lacks something or has an odd value: {error}"[:200]))
    return Ticket(
        name=f"Zendesk {number}",
        thread=f"<{number}.zendesk@import.invalid>",
        open=text_of(value.get("status")).lower() not in OVER,
        group=text_of((value.get("group") or {}).get("name") if isinstance(value.get("group"), dict) else ""),
        letters=tuple(letters),
        notes=tuple(notes),
        faults=tuple(faults),
    )


def _embedded(value: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    people = [value.get(name) for name in PEOPLE]
    people += [each for each in value.get("collaborator") or () if isinstance(each, dict)]
    return {each["id"]: each for each in people if isinstance(each, dict) and isinstance(each.get("id"), int)}


def _letter(
    value: Mapping[str, Any],
    comment: Mapping[str, Any],
    name: str,
    users: Mapping[int, Mapping[str, Any]],
    requester: int | None,
    before: list[Letter],
) -> Letter:
    author = comment["author_id"]
    customer, writer = users.get(requester or 0, {}), users.get(author, {})
    own = author != requester and (text_of(writer.get("role")) in STAFF or not writer.get("role"))
    source = (comment.get("via") or {}).get("source") or {}
    told, to = source.get("from") or {}, source.get("to") or {}
    from_ = address(told.get("name") or writer.get("name"), told.get("address") or writer.get("email"))
    answered = address(customer.get("name"), customer.get("email"))
    system = (comment.get("metadata") or {}).get("system") or {}
    return Letter(
        name=name,
        at=when(comment["created_at"]),
        own=own,
        from_=from_,
        to=answered if own else address(to.get("name"), to.get("address")) or text_of(value.get("recipient")),
        subject=text_of(value.get("subject") or value.get("raw_subject")),
        text=text_of(comment.get("plain_body") or comment.get("body")),
        html=text_of(comment.get("html_body")),
        message_id=text_of(system.get("message_id")),
        in_reply_to=before[-1].message_id if before else "",
        lacking=len(comment.get("attachments") or ()),
    )


def _note(comment: Mapping[str, Any], users: Mapping[int, Mapping[str, Any]]) -> Note:
    writer = users.get(comment["author_id"], {})
    who = text_of(writer.get("name") or writer.get("email") or comment["author_id"])
    return Note(when(comment["created_at"]), who, text_of(comment.get("plain_body") or comment.get("body")))
