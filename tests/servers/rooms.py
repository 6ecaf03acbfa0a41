"""A database that a test is done with, made as new for the next: emptied, or thrown away if its schema is another now.

To make one costs PostgreSQL half a second of processor, and to empty one a twentieth.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

# Everything that a migration makes or a test might change: columns, rights, triggers, functions and the version.
SCHEMA = """
SELECT md5(string_agg(each, '|' ORDER BY each)) FROM (
    SELECT concat(relname, relkind, relacl, relrowsecurity, reloptions) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat(attrelid::regclass, attname, atttypid, attnotnull, attacl) FROM pg_attribute
        JOIN pg_class ON attrelid = pg_class.oid WHERE relnamespace = 'public'::regnamespace AND attnum > 0
    UNION ALL SELECT concat(tgrelid::regclass, tgname, tgenabled, tgfoid) FROM pg_trigger
    UNION ALL SELECT concat(conrelid::regclass, conname) FROM pg_constraint
    UNION ALL SELECT concat(proname, proacl, prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT concat(nspname, nspacl) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp'
    UNION ALL SELECT concat(setdatabase, setrole, setconfig) FROM pg_db_role_setting
    UNION ALL SELECT datacl::text FROM pg_database WHERE datname = current_database()
    UNION ALL SELECT version_num FROM alembic_version
) AS everything(each)
"""
OTHERS = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
TABLES = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
USED = "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) FROM pg_sequences WHERE last_value IS NOT NULL"


def schema(conn: Connection) -> str:
    """A digest of all that is not rows."""
    return str(conn.execute(text(SCHEMA)).scalar_one())


def emptied(conn: Connection, as_new: str) -> bool:
    """Empty the database of this connection; False where its schema is not what it was as new."""
    # A thread that a test forgot must not write into the next test: its connection has ended when this returns.
    conn.execute(text(OTHERS))
    if schema(conn) != as_new:
        return False
    tables = conn.execute(text(TABLES)).scalars().all()
    asked = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables)
    if full := conn.execute(text(asked)).scalars().all():
        # The triggers that refuse to empty the trail stand aside, and those that keep the order of tables.
        conn.execute(text("SET session_replication_role = replica"))
        # A test leaves some rows: to delete them costs a tenth of the new files that TRUNCATE makes.
        conn.execute(text("; ".join(f"DELETE FROM {table}" for table in full)))
    conn.execute(text(USED))
    return True
