"""A decided mail in the terminal: what came in, what it was taken for and why, what goes out."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from processor.deciding.staff_words import PEOPLE, action_words

OUTCOME = {"answer": "green", "review": "yellow", "ignore": "dim"}
MOST_EVIDENCE = 4
UNBOUND_WIDTH = 120


def tell(
    name: str,
    told: Mapping[str, Any],
    *,
    arrived: str = "",
    sender: str = "",
    subject: str = "",
    console: Console | None = None,
) -> None:
    """Print one explained mail (the JSON of ``explain`` as values) for a person."""
    console = console or Console(highlight=False, width=None if sys.stdout.isatty() else UNBOUND_WIDTH)
    decision, reply = told["decision"], told["decision"]["reply"]
    head = Text.assemble((name, "bold"), "  ", (arrived, "dim"))
    if sender or subject:
        head.append(f"  {sender}  ").append(subject, "italic")
    console.print(head)
    for line in (
        _what(told),
        _evidence(told),
        _fields(told["fields"]),
        Text.assemble(
            (f"{decision['outcome']:<8}", OUTCOME[decision["outcome"]]),
            decision["rule"] or "no rule",
            f"   sender {told['authenticity']['result']}",
        ),
        _actions(decision["actions"]),
        _reply(reply, decision),
    ):
        if line.plain:
            console.print(Padding(line, (0, 0, 0, 4), expand=False))
    console.print()


def _what(told: Mapping[str, Any]) -> Text:
    if told["automatic"]:
        return Text.assemble(("automatic mail: ", "dim"), told["automatic"], f"  ({told['language']})")
    kinds = ", ".join(f"{each['type']} {min(each['confidence'], 0.99):.0%}" for each in told["requests"])
    return Text.assemble((kinds, "bold cyan"), f"  ({told['language']})")


def _evidence(told: Mapping[str, Any]) -> Text:
    # One span a rule is enough to see why.
    spans = {each["rule"]: each for request in told["requests"] for each in reversed(request["evidence"])}
    line = Text()
    for each in list(reversed(spans.values()))[:MOST_EVIDENCE]:
        line.append("because " if not line.plain else ", ", "dim")
        line.append(f"«{' '.join(each['text'].split())}»").append(f" {each['rule']}", "dim")
    return line


def _fields(fields: Mapping[str, Any]) -> Text:
    said = {name: value for name, value in fields.items() if value}
    return Text("; ".join(f"{k}: {', '.join(v) if isinstance(v, list) else v}" for k, v in said.items()))


def _actions(actions: list[Mapping[str, str]]) -> Text:
    line = Text()
    for each in actions:
        line.append("queued: " if not line.plain else ", ", "dim")
        line.append(f"{action_words(each['kind'])} ({PEOPLE[each['needs']]})")
    return line


def _reply(reply: Mapping[str, str] | None, decision: Mapping[str, Any]) -> Text:
    if reply is None:
        # Whose mail it is, which deciding tells last, is no reason.
        reasons = [each for each in decision["because"] if not each.startswith("The customer is ")]
        return Text(f"no reply: {reasons[-1] if reasons else ''}", "dim")
    return Text.assemble(
        ("reply   ", "green"),
        f"{reply['template']} ({reply['kind']}, {reply['language']}) to {reply['to']}: {reply['subject']}",
    )
