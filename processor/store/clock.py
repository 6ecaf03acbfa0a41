"""What time it is, by the database: machines that share one may disagree on it by minutes (threats.md T95)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

ASK_SECONDS = 5.0
ASK_AGAIN_SECONDS = 1.0


class StoreClock:
    """Aware UTC.  SQLite's clock is this machine's.

    PostgreSQL's is asked every few seconds and carried on by this machine's monotonic clock, which jumps with
    no change of the date; while the server cannot be asked, it is carried on for longer.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine if engine.dialect.name == "postgresql" else None
        self.told = datetime.now(UTC)
        self.told_at = time.monotonic()
        self.ask_at = 0.0

    def __call__(self) -> datetime:
        if self.engine is None:
            return datetime.now(UTC)
        if time.monotonic() >= self.ask_at:
            self._ask(self.engine)
        return self.told + timedelta(seconds=time.monotonic() - self.told_at)

    def _ask(self, engine: Engine) -> None:
        # Other threads use what is known meanwhile.
        self.ask_at = time.monotonic() + ASK_AGAIN_SECONDS
        try:
            with engine.connect() as conn:
                told: datetime = conn.execute(text("SELECT clock_timestamp()")).scalar_one()
        except SQLAlchemyError:
            return
        self.told, self.told_at = told.astimezone(UTC), time.monotonic()
        self.ask_at = self.told_at + ASK_SECONDS
