"""The JSON Schema of a rules file, made of the loader's own keys and words, for editors that complete and check.

Editors with taplo (Even Better TOML) find it by the first line of a rules file:
``#:schema ../docs/rules.schema.json``.  What only ``processor check`` can tell (conditions, patterns, templates,
names across files) is not in it.
"""

from __future__ import annotations

import json
from typing import Any, get_args

from processor.loading.conditions import VARIABLES
from processor.loading.patterns import PATTERN_KEYS, PLACES
from processor.loading.rows import (
    ACTION_KEYS,
    ASKS,
    DUE,
    FOLLOW_UP_KEYS,
    MOST_DAYS,
    MOST_FOLLOW_UPS,
    ROW_KEYS,
    TITLE_KEYS,
    WORD,
)
from processor.loading.rules import KEYS
from processor.rulebook import Needs, ReplyKind
from processor.ticket import Level

SCHEMA = "http://json-schema.org/draft-07/schema#"
Keys = dict[str, dict[str, Any]]


def rules_schema() -> dict[str, Any]:
    """The schema as values; the keys of each table are exactly those that the loader knows."""
    return {
        "$schema": SCHEMA,
        "title": "processor: a rules file",
        "description": "One request type: how it is recognised, and what is decided about it.",
        **_table(_file(), ("title", "rank", "answer_from"), KEYS),
    }


def schema_text() -> str:
    """The schema as the file that is shipped in docs/."""
    return json.dumps(rules_schema(), indent=2, ensure_ascii=False) + "\n"


def _table(properties: Keys, required: tuple[str, ...], known: tuple[str, ...]) -> dict[str, Any]:
    """A table that knows no other keys; the loader's own list says which there must be."""
    if set(properties) != set(known):
        raise AssertionError(f"the schema says {sorted(properties)}, the loader knows {sorted(known)}")
    return {
        "type": "object",
        "properties": {key: properties[key] for key in known},
        "required": list(required),
        "additionalProperties": False,
    }


def _text(said: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": said, **more}


def _count(said: str, highest: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": highest, "description": said}


def _texts(said: str, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string", "minLength": 1, **more}, "description": said}


def _several(table: dict[str, Any], said: str) -> dict[str, Any]:
    return {"type": "array", "items": table, "description": said}


def _file() -> Keys:
    return {
        "title": {
            **_table(
                {key: _text(f"The heading of its part in a letter, {key}.", minLength=1) for key in TITLE_KEYS},
                ("nb", "en"),
                TITLE_KEYS,
            ),
            "description": "What it is called in a letter. Without nn the bokmål title is used.",
        },
        "rank": {
            "type": "integer",
            "description": "Order among several requests of one mail: the lower, the greater the consequence.",
        },
        "answer_from": {
            "type": "number",
            "minimum": 0.5,
            "maximum": 1,
            "description": "Below this confidence a person looks. A model's own threshold may only be raised.",
        },
        "needs": _text("two_staff: every action of this type needs two different people.", enum=list(get_args(Needs))),
        "level": _text("The level that this type starts at.", enum=[each.value for each in Level]),
        "replies": {
            "type": "object",
            "additionalProperties": {"enum": list(get_args(ReplyKind))},
            "description": 'Its templates and what kind of reply each is: "<type>/<reply>" = "receipt".',
        },
        "recognise": _several(
            _table(_pattern(), ("name", "any"), PATTERN_KEYS), "Words that speak for (or against) this type."
        ),
        "row": _several(
            _table(_row(), ("name", "when"), ROW_KEYS), "What is decided; the first row whose `when` holds, decides."
        ),
        "repeated": _text("The receipt for a second request about the same contract, which joins the first."),
        "withdraws": _text("The request type that this one takes back: its open actions are put on hold."),
        "per_organisation": {
            "type": "boolean",
            "description": "false: several organisation numbers are the parties of one thing, not an item each.",
        },
    }


def _pattern() -> Keys:
    expression = "regular expressions in lower case; they match at the start of a word"
    return {
        "name": _text("Its name, shown as evidence.", minLength=1),
        "any": {**_texts(f"One of these must be in a sentence: {expression}."), "minItems": 1},
        "also": _texts("One of these must be in the same sentence too. @question and other moods may be named."),
        "unless": _texts("None of these may be in the same sentence."),
        "mail": _texts("One of these must be anywhere in the mail."),
        "weight": {"type": "number", "description": "How much it speaks for the type; negative speaks against."},
        "where": _text("Where it is looked for.", enum=list(PLACES)),
        "topic": _text("A mark that rows may ask for: 'topic' in mail.topics."),
    }


def _row() -> Keys:
    variables = "; ".join(f"{each.name}: {each.meaning}" for each in VARIABLES)
    return {
        "name": _text(
            "Its identity in the file; explain and the queue show <type>/<name>.", pattern=f"^{WORD.pattern}$"
        ),
        "when": _text(f"A CEL condition. It may use: {variables}.", minLength=1),
        "reply": _text("A template of [replies]; without it nothing is answered."),
        "follow_up": {
            **_table(
                {
                    "days": _count("Business days after the last letter.", MOST_DAYS),
                    "most": _count(
                        "How many times at most; the limit of replies in a ticket counts too.", MOST_FOLLOW_UPS
                    ),
                },
                FOLLOW_UP_KEYS,
                FOLLOW_UP_KEYS,
            ),
            "description": "The customer is reminded of what is asked for, until they answer.",
        },
        "actions": _several(_table(_action(), ("kind", "due"), ACTION_KEYS), "What staff must do elsewhere."),
        "asks": {
            "type": "array",
            "items": {"enum": list(ASKS)},
            "description": "What the letter asks the customer for.",
        },
    }


def _action() -> Keys:
    return {
        "kind": _text("What is to be done, in a word.", pattern=f"^{WORD.pattern}$"),
        "needs": _text("How many people must approve.", enum=list(get_args(Needs))),
        "confirm": _text("The confirmation of [replies] that leaves when a person has done it."),
        "due": _text(
            'From arrival, in Norwegian business days: "same day", "1 business day"; or "1 month".',
            pattern=f"^(same day|{DUE.pattern})$",
        ),
    }
