"""A site for each test: Dovecot, an SMTP sink in its own process, a configuration, the real program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.site import Site, site


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, forked=True) as running:
        running.configure(workers=0)
        yield running
