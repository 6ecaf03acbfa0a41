"""The words with which the form for a letter to the customer begins."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from processor.desk.asking import Asked, Desk
from processor.steps.letters import CannotError
from processor.steps.writing import question, saved, saved_names
from processor.store.forwarding import file_names
from processor.store.ticket_view import TicketView


def writing(
    desk: Desk, asked: Asked, view: TicketView, mail_id: int, item_id: int | None, kept: Mapping[str, str]
) -> dict[str, Any]:
    """What stands in the form at first: the question for ``write=ask``, a saved reply for its name, else nothing."""
    rulebook = desk.rules.rulebook()
    wanted = asked.query.get("write", "")
    told: dict[str, Any] = {
        "saved_names": _titles(desk, saved_names(rulebook), asked.language),
        "written": None,
        "cannot_write": "",
        "asking": "",
    }
    told["file_names"] = file_names(desk.engine, [each.id for each in view.replies])
    if not wanted or not mail_id or kept.get("writing"):
        return told
    try:
        if wanted == "ask":
            told["written"] = question(desk.engine, rulebook, item_id or 0)
            told["asking"] = str(item_id or "")
        else:
            told["written"] = saved(desk.engine, rulebook, mail_id, wanted)
    except CannotError as cannot:
        told["cannot_write"] = str(cannot)
    return told


def _titles(desk: Desk, names: list[str], language: str) -> list[tuple[str, str]]:
    """Each saved reply with the first line of its file, in the language of staff where it has that one."""
    return [(name, _title(desk.config.templates_dir / "saved", name, language)) for name in names]


def _title(folder: Path, name: str, language: str) -> str:
    for each in (language, "nb"):
        with suppress(OSError, UnicodeDecodeError), (folder / f"{name}.{each}.txt").open(encoding="utf-8") as file:
            first = file.readline(200).strip()
            if first and "{" not in first:
                return first
    return name.replace("_", " ")
