"""The morning's word into chats: how the queue stands, once a working day for each webhook that wants it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from sqlalchemy.engine import Engine

from processor import journal
from processor.alarms.ways import ways_of
from processor.alarms.words import Message
from processor.config import Config
from processor.steps.staff_notices import OSLO, digest_for_all, is_morning
from processor.store.settings import change_setting, setting

TOLD = "digest_told"
AGAIN = timedelta(minutes=30)
"""A chat that did not take it is asked again so much later."""


def tell_digest(engine: Engine, config: Config, now: datetime) -> int:
    """Tell each webhook that wants the digest and did not get today's; how many took it."""
    wanted = [f"webhook {number}" for number, each in enumerate(config.alarms.webhooks, 1) if each.digest]
    if not wanted or not is_morning(now):
        return 0
    told: dict[str, list[str]] = json.loads(setting(engine, TOLD) or "{}")
    day = f"{now.astimezone(OSLO):%Y-%m-%d}"
    due = [name for name in wanted if _due(told.get(name, ["", ""]), day, now)]
    said = digest_for_all(engine, config, config.alarms.language, now) if due else None
    if said is None:
        return 0
    message = Message(f"digest-{day}", "digest", None, said[0], said[1].rstrip(), now, now)
    ways, taken = ways_of(config.alarms), 0
    for name in due:
        # Noted first: a daemon that dies in between tells nobody twice.
        told[name] = ["", now.isoformat()]
        change_setting(engine, TOLD, json.dumps(told, sort_keys=True), "clock", now)
        if error := ways[name](message):
            journal.alarm_untold(name, "digest", error)
            continue
        taken += 1
        told[name] = [day, now.isoformat()]
        change_setting(engine, TOLD, json.dumps(told, sort_keys=True), "clock", now)
    return taken


def _due(last: list[str], day: str, now: datetime) -> bool:
    got, tried = last
    return got != day and (not tried or now - datetime.fromisoformat(tried) >= AGAIN)
