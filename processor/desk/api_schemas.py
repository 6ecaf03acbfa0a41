"""The shapes of what the API takes and gives, in JSON Schema; what is taken is checked by these very values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from processor.store.accounts import Role
from processor.store.queue_page import View
from processor.ticket import ActionState, OutboxState, TicketState

Schema = dict[str, Any]
KINDS: Mapping[str, type] = {"string": str, "integer": int, "boolean": bool, "object": dict}


def text(**more: object) -> Schema:
    """A text."""
    return {"type": "string", **more}


def number(**more: object) -> Schema:
    """A whole number."""
    return {"type": "integer", **more}


def closed(needed: tuple[str, ...] | None = None, /, **fields: Schema) -> Schema:
    """An object of these fields and no others; all of them are there, or those that are needed."""
    required = list(fields if needed is None else needed)
    return {"type": "object", "additionalProperties": False, "properties": fields, "required": required}


def many(each: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": each}


def or_null(schema: Schema) -> Schema:
    """The same, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def named(name: str) -> Schema:
    """A shape of the document's ``components``."""
    return {"$ref": f"#/components/schemas/{name}"}


TIME, YES = text(format="date-time"), {"type": "boolean"}
ID = number(minimum=1, maximum=10**15 - 1)
STATES = text(enum=[each.value for each in TicketState])
ACTION_STATES = text(enum=[each.value for each in ActionState])
VIEW = text(enum=[each.value for each in View if each != View.UNSENT])
NUMBER = text(pattern="^[A-Za-z0-9ÆØÅæøå-]{1,40}$")
# Not only white space.
WORDS = text(minLength=1, maxLength=2000, pattern=r"\S")
DAY = text(format="date", pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
VERSION = number(minimum=1, maximum=10**9, description="The version that you saw; 409 if it is another by now.")

APPROVE = closed(("version",), version=VERSION)
DONE = closed(
    ("version",),
    version=VERSION,
    last_day=DAY | {"description": "The last day that was registered, where a letter names it."},
    access_until=DAY,
    confirmation=YES | {"description": "false: no letter leaves.", "default": True},
)
REJECT = closed(("version", "reason"), version=VERSION, reason=WORDS)
NOTE = closed(("text",), text=WORDS | {"maxLength": 10_000})

SHAPES: Mapping[str, Schema] = {
    "Problem": {
        "type": "object",
        "description": "RFC 9457.",
        "properties": {
            "type": text(),
            "title": text(),
            "status": number(),
            "detail": text(),
            "outcome": text(description="Why a step was not taken."),
            "state": text(description="How the action stands now."),
            "by": text(description="Who put it there."),
        },
        "required": ["type", "title", "status", "detail"],
    },
    "Row": closed(
        number=text(), state=STATES, sender=text(), company=text(), subject=text(), provenance=text(),
        type=text(), org_no=text(), holder=text(),
        action=or_null(closed(id=ID, kind=text(), needs=text(), state=ACTION_STATES, due=TIME)),
    ),
    "Rows": closed(rows=many(named("Row")), following=or_null(text(description="`after` of the next page."))),
    "Found": closed(
        tickets=many(closed(
            number=text(), state=STATES, sender=text(), company=text(), subject=text(), type=text(), changed_at=TIME
        )),
        following=or_null(number(description="`before` of the next page.")),
    ),
    "Counts": closed(**{each.value: number(minimum=0) for each in View}),
    "Mail": closed(id=ID, message_id=or_null(text()), mailbox=text(), arrived_at=TIME, size=number(), duplicate=YES),
    "Item": closed(id=ID, mail_id=ID, type=text(), org_no=text(), rule=text(), confidence={"type": "number"}),
    "Action": closed(
        id=ID, item_id=ID, kind=text(), needs=text(), state=ACTION_STATES, due=TIME, version=number(), reason=text(),
        facts={"type": "object", "additionalProperties": text()}, changed_by=text(), changed_at=TIME,
        approvals=many(closed(person=text(), at=TIME)),
    ),
    "Reply": closed(
        id=ID, kind=text(), state=text(enum=[each.value for each in OutboxState]), to=text(), subject=text(),
        text=text(), created_at=TIME, changed_at=TIME,
    ),
    "Note": closed(at=TIME, by=text(), text=text()),
    "Ticket": closed(
        number=text(), state=STATES, sender=text(), company=text(), subject=text(), language=text(),
        provenance=text(), version=number(), opened_at=TIME, changed_at=TIME, holder=text(),
        mails=many(named("Mail")), items=many(named("Item")), actions=many(named("Action")),
        replies=many(named("Reply")), notes=many(named("Note")),
    ),
    "Step": closed(outcome=text(), state=ACTION_STATES, by=text(), at=TIME),
    "Holder": closed(number=text(), holder=text()),
    "State": closed(number=text(), state=STATES),
    "Me": closed(name=text(), role=text(enum=[each.value for each in Role]), mailboxes=or_null(many(text()))),
}  # fmt: skip


def objections(value: object, schema: Schema, where: str = "") -> list[str]:
    """What of a value does not fit a schema that is taken, each a short sentence; nothing for one that fits."""
    here = where or "the body"
    kind = KINDS[schema["type"]]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        return [f"{here} must be of type {schema['type']}"]
    if isinstance(value, dict):
        return _object(value, schema, where)
    if isinstance(value, str):
        return _text(value, schema, here)
    if isinstance(value, int) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        return [f"{here} must lie between {schema['minimum']} and {schema['maximum']}"]
    return []


def _object(value: Mapping[str, object], schema: Schema, where: str) -> list[str]:
    prefix = f"{where}." if where else ""
    found = [f"{prefix}{name} is needed" for name in schema["required"] if name not in value]
    found += [f"there is no {prefix}{name[:40]!a}" for name in value if name not in schema["properties"]]
    for name, inner in schema["properties"].items():
        found += objections(value[name], inner, prefix + name) if name in value else []
    return found


def _text(value: str, schema: Schema, here: str) -> list[str]:
    if "enum" in schema and value not in schema["enum"]:
        return [f"{here} must be one of {', '.join(schema['enum'])}"]
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        return [f"{here} must have {schema.get('minLength', 0)} to {schema['maxLength']} signs"]
    if "pattern" in schema and not re.search(schema["pattern"], value):
        return [f"{here} must fit {schema['pattern']}"]
    if schema.get("format") == "date" and not _is_day(value):
        return [f"{here} is no day"]
    return []


def _is_day(value: str) -> bool:
    try:
        return bool(date.fromisoformat(value))
    except ValueError:
        return False
