"""A store for each test: a real SQLite file, and a database of a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from processor.store.engine import open_store
from processor.store.people import Person, add_person, verify_person
from tests.servers.postgres import Postgres
from tests.store.made import NOW


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database: an empty one, but on PostgreSQL with the schema where the test asks for an engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/room/store.db"
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.room(migrated="engine" in request.fixturenames) as made:
        yield made


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """An opened store."""
    made = open_store(url)
    yield made
    made.dispose()


@pytest.fixture
def kari(engine: Engine) -> Person:
    return _person(engine, "Kari")


@pytest.fixture
def ola(engine: Engine) -> Person:
    return _person(engine, "Ola")


def _person(engine: Engine, name: str) -> Person:
    found = verify_person(engine, name, add_person(engine, name, NOW))
    assert found
    return found
