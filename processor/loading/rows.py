"""The tables of one rules file to values, each fault noted with its line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, get_args

from processor.loading.conditions import Conditions
from processor.loading.problems import Problem
from processor.rulebook import ActionRule, FollowUp, Needs, ReplyKind, Row
from processor.ticket import Level

ROW_KEYS = ("name", "when", "reply", "actions", "asks", "follow_up")
ACTION_KEYS = ("kind", "needs", "due", "confirm")
FOLLOW_UP_KEYS = ("days", "most")
MOST_FOLLOW_UPS = 5
MOST_DAYS = 60
TITLE_KEYS = ("nb", "nn", "en")
ASKS = (
    *("org_no", "customer_no", "company", "products", "power_of_attorney", "invoice_no", "admin_email", "user_email"),
    *("domains", "new_org_no", "both_org_nos", "sent_date", "form", "scope", "invoice_or_period"),
    *("licences", "objection_reason", "transfer_date", "transfer_papers", "system", "elma_modules"),
)
"""What a row may ask for; the layout template has the words for each."""
WORD = re.compile(r"[a-z][a-z0-9_]{0,40}")
DUE = re.compile(r"(\d{1,3}) (business days?|months?)")


@dataclass
class RulesFile:
    """A rules file as read, which notes each problem at the line of its key."""

    name: str
    values: Mapping[str, Any]
    lines: Mapping[str, int]
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: str) -> int:
        """The line of a key, or of the table that it is missing from."""
        # Of tables that repeat, each has its own line and all of them none.
        return self.lines.get(path) or self.lines.get(f"{path}[0]") or self.lines.get(path.rpartition(".")[0], 0)

    def problem(self, path: str, text: str, hint: str = "") -> None:
        self.problems.append(Problem(self.name, self.line(path), text, hint))

    def known(self, table: Mapping[str, Any], keys: Iterable[str], path: str) -> None:
        for key in table:
            if key not in keys:
                hint = nearest(key, keys)
                self.problem(f"{path}.{key}".strip("."), f"unknown key {key!r}", hint)

    def tables(self, name: str) -> list[dict[str, Any]]:
        found = self.values.get(name, [])
        if isinstance(found, list) and all(isinstance(each, dict) for each in found):
            return found
        self.problem(name, f"{name} must be [[{name}]] tables")
        return []

    def text(self, table: Mapping[str, Any], key: str, path: str, default: str | None = None) -> str:
        value = table.get(key, default)
        if isinstance(value, str) and (value or default == ""):
            return value
        said = f"{key} must be a text, and is {value!r}" if key in table else f"{key} is missing"
        self.problem(f"{path}.{key}".strip("."), said)
        return ""

    def choice(self, value: object, choices: tuple[str, ...], path: str, what: str) -> str:
        if isinstance(value, str) and value in choices:
            return value
        said = f"{what} must be one of {', '.join(choices)}, and is {value!r}"
        self.problem(path, said, nearest(str(value), choices))
        return choices[0]

    def replies(self) -> dict[str, ReplyKind]:
        """The ``[replies]`` table: each template and what kind of reply it is."""
        found = self.values.get("replies", {})
        if not isinstance(found, dict):
            self.problem("replies", 'replies must be a table such as "termination/received" = "receipt"')
            return {}
        return {
            name: self.choice(kind, get_args(ReplyKind), f"replies.{name}", f"the kind of {name!r}")  # type: ignore[misc]
            for name, kind in found.items()
        }


def nearest(word: str, words: Iterable[str]) -> str:
    """The most alike of some words, or "" when none is near."""
    return next(iter(get_close_matches(word, list(words), 1)), "")


def load_shapes(file: RulesFile) -> tuple[dict[str, str], int, float, str, Needs | None]:
    """Title, rank, answer_from, level and needs of a rules file."""
    title = file.values.get("title", {})
    if not isinstance(title, dict) or not all(isinstance(title.get(each), str) for each in ("nb", "en")):
        file.problem("title", "title must have nb and en")
        title = {}
    file.known(title, TITLE_KEYS, "title")
    rank = file.values.get("rank")
    if not isinstance(rank, int) or isinstance(rank, bool):
        file.problem("rank", "rank must be a whole number; the lower, the greater the consequence")
        rank = 0
    answer_from = file.values.get("answer_from")
    if isinstance(answer_from, bool) or not isinstance(answer_from, int | float) or not 0.5 <= answer_from <= 1:
        file.problem("answer_from", "answer_from must be 0.5 to 1")
        answer_from = 1.0
    level = file.values.get("level", "")
    if level != "":
        level = file.choice(level, tuple(Level), "level", "level")
    needs: Needs | None = file.values.get("needs")
    if needs is not None:
        needs = file.choice(needs, get_args(Needs), "needs", "needs")  # type: ignore[assignment]
    return {"nn": title.get("nb", ""), **title}, rank, float(answer_from), level, needs


def load_row(
    type_name: str,
    number: int,
    table: Mapping[str, Any],
    file: RulesFile,
    conditions: Conditions,
    replies: Mapping[str, ReplyKind],
) -> Row:
    """One ``[[row]]`` table; what is faulty is noted and replaced by something harmless."""
    path = f"row[{number}]"
    file.known(table, ROW_KEYS, path)
    name = file.text(table, "name", path)
    if name and not WORD.fullmatch(name):
        file.problem(f"{path}.name", f"a row's name is small letters, digits and _, and not {name!r}")
    when = file.text(table, "when", path)
    holds, faults = conditions.compile(when or "false", file.name, file.line(f"{path}.when"))
    file.problems += faults
    reply = file.text(table, "reply", path, "")
    if reply and reply not in replies:
        file.problem(f"{path}.reply", f"reply {reply!r} stands in no [replies] of this file", nearest(reply, replies))
    asks = _asks(table.get("asks", []), file, f"{path}.asks")
    return Row(
        name=f"{type_name}/{name}",
        when=when,
        holds=holds,
        reply=reply,
        reply_kind=replies.get(reply, "receipt"),
        actions=_actions(table.get("actions", []), file, f"{path}.actions", replies),
        asks=asks,
        follow_up=_follow_up(table, file, path) if "follow_up" in table else None,
        file=file.name,
        line=file.line(path),
    )


def _follow_up(table: Mapping[str, Any], file: RulesFile, path: str) -> FollowUp | None:
    """``follow_up = { days = 3, most = 2 }``: only where a reply asks for something."""
    found, here = table["follow_up"], f"{path}.follow_up"
    if not isinstance(found, dict):
        file.problem(here, "follow_up must be a table such as { days = 3, most = 2 }")
        return None
    for key in found:
        if key not in FOLLOW_UP_KEYS:
            file.problem(here, f"unknown key {key!r}", nearest(key, FOLLOW_UP_KEYS))
    numbers = []
    for key, highest in (("days", MOST_DAYS), ("most", MOST_FOLLOW_UPS)):
        number = found.get(key)
        if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= highest:
            file.problem(here, f"{key} must be a whole number from 1 to {highest}, and is {number!r}")
            number = 1
        numbers.append(number)
    if not (table.get("asks") and table.get("reply")):
        file.problem(here, "follow_up reminds of what a reply asks for, and this row asks for nothing")
    return FollowUp(*numbers)


def _actions(found: object, file: RulesFile, path: str, replies: Mapping[str, ReplyKind]) -> tuple[ActionRule, ...]:
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        file.problem(path, 'actions must be a list such as [{ kind = "…", needs = "staff", due = "1 business day" }]')
        return ()
    return tuple(_action(each, file, path, replies) for each in found)


def _action(table: Mapping[str, Any], file: RulesFile, path: str, replies: Mapping[str, ReplyKind]) -> ActionRule:
    for key in table:
        if key not in ACTION_KEYS:
            file.problem(path, f"unknown key {key!r}", nearest(key, ACTION_KEYS))
    kind = table.get("kind", "")
    if not isinstance(kind, str) or not WORD.fullmatch(kind):
        file.problem(path, f"an action's kind is small letters, digits and _, and not {kind!r}")
    needs: Any = file.choice(table.get("needs", "staff"), get_args(Needs), path, "needs")
    confirm = _confirm(table.get("confirm", ""), file, path, replies)
    due = table.get("due")
    if due == "same day":
        return ActionRule(kind, needs, 0, confirm)
    found = DUE.fullmatch(due) if isinstance(due, str) else None
    if found is None:
        file.problem(path, f'due must be "same day", "N business days" or "N months", and is {due!r}')
    number, months = (int(found[1]), found[2].startswith("month")) if found else (0, False)
    return ActionRule(kind, needs, 0 if months else number, confirm, number if months else 0)


def _confirm(found: object, file: RulesFile, path: str, replies: Mapping[str, ReplyKind]) -> str:
    kinds = [name for name, kind in replies.items() if kind == "confirmation"]
    if found and found not in kinds:
        file.problem(path, f"confirm {found!r} is no confirmation of [replies]", nearest(str(found), kinds))
        return ""
    return str(found)


def _asks(found: object, file: RulesFile, path: str) -> tuple[str, ...]:
    if not isinstance(found, list):
        file.problem(path, "asks must be a list")
        return ()
    for each in found:
        if each not in ASKS:
            file.problem(path, f"nothing named {each!r} can be asked for", nearest(str(each), ASKS))
    return tuple(each for each in found if each in ASKS)
