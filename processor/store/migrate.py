"""The schema's versions: which one is stored, which one this program knows, and the way between them.

Alembic is imported when there is something to upgrade: it takes eleven megabytes, and a tenth of a second.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, inspect

from processor.store.transaction import reading, writing

if TYPE_CHECKING:
    from alembic.config import Config

# PostgreSQL's advisory lock by which two machines upgrade one after the other; any fixed number does.
UPGRADE_LOCK = 7_209_151
MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaError(Exception):
    """The database cannot be used by this program; the message says why and what to do."""


def migrate(engine: Engine) -> None:
    """Upgrade in one transaction, so that an interrupted upgrade has not happened.

    Raises SchemaError when the schema is newer than this program.
    """
    if stored_version(engine) == code_version():
        return
    from alembic import command
    from alembic.runtime.migration import MigrationContext

    with writing(engine) as conn:
        if engine.dialect.name == "postgresql":
            conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")
        _refuse_newer(MigrationContext.configure(conn).get_current_revision() or "")
        config = _config()
        config.attributes["connection"] = conn
        command.upgrade(config, "head")


def require_current(engine: Engine) -> None:
    """Raise SchemaError unless the schema is exactly this program's."""
    version = stored_version(engine)
    if version == code_version():
        return
    _refuse_newer(version)
    raise SchemaError(
        f"The database's schema is {version or 'missing'} and this program needs {code_version()}."
        " Stop all daemons and run the upgrade command."
    )


def stored_version(engine: Engine) -> str:
    """The version in the database, ``""`` when there is none."""
    with reading(engine) as conn:
        if not inspect(conn).has_table("alembic_version"):
            return ""
        return conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one_or_none() or ""


def code_version() -> str:
    """The newest version that this program knows."""
    return max(known_versions())


@cache
def known_versions() -> frozenset[str]:
    """Every version that this program can upgrade from; each is the number that its file's name begins with.

    Raises OSError where they cannot be listed, of which pathlib's glob says nothing from Python 3.13 on.
    """
    names = (path.name for path in (MIGRATIONS / "versions").iterdir())
    return frozenset(name.partition("_")[0] for name in names if name.startswith("0") and name.endswith(".py"))


def _refuse_newer(version: str) -> None:
    if version and version not in known_versions():
        raise SchemaError(
            f"The database was written by a newer program (schema {version}; this program knows up to"
            f" {code_version()}). Install that version again; a downgrade would lose what the newer one wrote."
        )


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
