"""A store for each test: a real SQLite file, and PostgreSQL too where PROCESSOR_TEST_POSTGRES names one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url, text

from processor.store.engine import connect, open_store, upgrade
from processor.store.people import Person, add_person, verify_person
from tests.store.made import NOW

POSTGRES = os.environ.get("PROCESSOR_TEST_POSTGRES", "")


@pytest.fixture(params=["sqlite", "postgresql"] if POSTGRES else ["sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database; on PostgreSQL a schema of its own."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/room/store.db"
        return
    schema = f"test_{secrets.token_hex(6)}"
    admin = connect(POSTGRES)
    with admin.begin() as conn:
        conn.execute(text(f"CREATE SCHEMA {schema}"))
    yield make_url(POSTGRES).update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(False)
    with admin.begin() as conn:
        conn.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    admin.dispose()


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """An opened store."""
    if not url.startswith("sqlite"):
        upgrade(url)
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
