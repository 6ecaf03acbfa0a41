"""What a start puts right: whatever a crash left in hand, and the outbox's cap."""

from __future__ import annotations

from sqlalchemy.engine import Engine

from processor.config import Config
from processor.store.clock import StoreClock
from processor.store.keys_in_use import note_keys
from processor.store.settings import OUTBOX_CAP, change_setting, setting
from processor.store.sweep import sweep
from processor.store.work import release_claims


def recover(engine: Engine, config: Config, holder: str) -> None:
    """Put right what a crash left, and let the outbox know its cap, and others which keys ``holder``, this process, has.

    On a SQLite store, whose lock we hold, nobody else's lease can be alive.
    """
    now = StoreClock(engine)()
    if setting(engine, OUTBOX_CAP) != str(config.limits.in_all):
        change_setting(engine, OUTBOX_CAP, str(config.limits.in_all), "configuration", now)
    alone = engine.dialect.name == "sqlite"
    if alone:
        release_claims(engine)
    sweep(engine, now, all_leases=alone)
    note_keys(engine, holder)
