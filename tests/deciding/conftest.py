from __future__ import annotations

from pathlib import Path

import pytest

from processor.loading.rules import load_rulebook
from processor.rulebook import Rulebook

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    # The rules files' own thresholds: those of a model move with its training.
    return load_rulebook(ROOT / "rules", ROOT / "templates", ("oppsigelse@visma.no", "skysupport@visma.com"), None)
