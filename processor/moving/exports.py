"""Tickets out of an export of Zammad or Zendesk: each letter of a ticket as a mail, each note as a note.

A file holds one ticket an object: one a line (NDJSON), in an array, or as an API's page (``{"tickets": [...]}``).
It is read object by object, so that memory stays flat.  A position is how many tickets are done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processor.moving import zammad, zendesk
from processor.moving.found import NOTES_ONLY, Found
from processor.moving.letters import Letter, Ticket, composed
from processor.store.history import PastNote

Users = Mapping[int, Mapping[str, Any]]
DIALECTS: Mapping[str, Callable[[Mapping[str, Any], Users], Ticket]] = {
    "zammad": zammad.ticket,
    "zendesk": zendesk.ticket,
}
NOT_JSON = "it is no JSON from here on"
CHUNK = 1_000_000
MOST_OBJECT = 200_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ticket stands: the source's name, and its positions before and behind it."""

    name: str
    before: str
    behind: str


class Export:
    """An exported file; users that stand in it or beside it (``users.json``) are looked up by their ids."""

    unit = "tickets"
    mark = ""

    def __init__(self, path: Path, dialect: str) -> None:
        self.path, self.dialect = path, dialect
        self.name = f"{dialect} {path.absolute()}"
        self.size = 0
        self.users = {**_users(path.with_name("users.json")), **_users(path.with_name("users.ndjson"))}

    def done_at(self, position: str) -> int:
        """How many tickets are done."""
        return int(position or 0)

    def mails(self, after: str) -> Iterator[Found]:
        """The letters of the tickets behind a position."""
        done = int(after or 0)
        for number, value in enumerate(self._tickets(), 1):
            if number <= done:
                continue
            place = Place(self.path.name, str(number - 1), str(number))
            yield from letters_of(self.dialect, value, self.users, number, place)

    def _tickets(self) -> Iterator[Any]:
        for value in values(self.path):
            if isinstance(value, dict) and isinstance(value.get("tickets"), list):
                self.users.update(_by_id(value.get("users")))
                yield from value["tickets"]
            else:
                yield value


def letters_of(dialect: str, value: Any, users: Users, number: int, place: Place) -> Iterator[Found]:
    """The letters of the ``number``-th ticket, and in words what is none."""
    if isinstance(value, Broken):
        yield Found(f"{place.name}, {value.where}", place.before, number, fault=NOT_JSON)
        return
    try:
        told = DIALECTS[dialect](value, users)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"it is no ticket of {dialect}: {type(error).__name__} {error}"[:200]
        yield Found(f"{place.name}, ticket {number}", place.behind, number, fault=why)
        return
    notes = tuple(PastNote(told.thread, each.at, each.who, each.text) for each in told.notes)
    for where, why in told.faults:
        yield Found(f"{told.name}, {where}", place.before, number, fault=why)
    if not told.letters:
        yield Found(told.name, place.behind, number, fault=NOTES_ONLY)
    for n, letter in enumerate(told.letters, 1):
        last = n == len(told.letters)
        folder = f"{dialect} {told.group}".strip()
        # The notes go with the last letter, when the ticket is there for certain.
        yield _letter(told, letter, folder, place.behind if last else place.before, number, notes if last else ())


def _letter(
    told: Ticket, letter: Letter, folder: str, position: str, number: int, notes: tuple[PastNote, ...]
) -> Found:
    name = f"{told.name}, {letter.name}"
    try:
        raw = composed(told, letter)
    except (ValueError, TypeError, LookupError) as error:
        why = f"it cannot be written as a mail: {type(error).__name__} {error}"[:200]
        return Found(name, position, number, fault=why, notes=notes)
    return Found(
        name,
        position,
        number,
        folder,
        raw=raw,
        size=len(raw),
        at=letter.at,
        at_from="export",
        own=letter.own,
        thread=told.thread,
        open=told.open,
        notes=notes,
        lacking=letter.lacking,
    )


class Broken:
    """What could not be read as JSON, and where."""

    def __init__(self, where: str) -> None:
        self.where = where


def dialect_of(path: Path) -> str:
    """Which system an export is of, by its first ticket; ``""`` for none that is known."""
    for value in values(path):
        first = value
        if isinstance(value, dict) and isinstance(value.get("tickets"), list):
            first = next(iter(value["tickets"]), None)
        if not isinstance(first, dict):
            return ""
        return "zammad" if "articles" in first else "zendesk" if "comments" in first else ""
    return ""


def values(path: Path) -> Iterator[Any]:
    """The objects of a file, one after the other: NDJSON, an array, or one object; Broken where it is no JSON."""
    decoder = json.JSONDecoder()
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        rest = file.read(CHUNK)
        passed = 0
        array = rest.lstrip().startswith("[")
        rest = rest.lstrip().removeprefix("[") if array else rest
        while True:
            rest = rest.lstrip(" \t\r\n,")
            if array and rest.startswith("]"):
                return
            try:
                value, end = decoder.raw_decode(rest)
            except ValueError:
                more = file.read(max(CHUNK, len(rest))) if len(rest) < MOST_OBJECT else ""
                if more:
                    rest += more
                    continue
                if not rest.strip():
                    return
                yield Broken(f"object {passed + 1}")
                # What stands on lines of its own goes on with the next one.
                _, found, rest = rest.partition("\n")
                if array or not found:
                    return
                passed += 1
                continue
            passed += 1
            yield value
            rest = rest[end:]


def _users(path: Path) -> dict[int, Mapping[str, Any]]:
    if not path.is_file():
        return {}
    found: dict[int, Mapping[str, Any]] = {}
    for value in values(path):
        if isinstance(value, dict):
            found.update(_by_id(value.get("users") if isinstance(value.get("users"), list) else [value]))
    return found


def _by_id(users: object) -> dict[int, Mapping[str, Any]]:
    listed = users if isinstance(users, list) else []
    return {each["id"]: each for each in listed if isinstance(each, dict) and isinstance(each.get("id"), int)}
