"""An empty store beside the shipped rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.moving.archive import Archive
from tests.steps.talk import talk


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = talk(tmp_path)
    yield Archive(made)
    made.engine.dispose()
