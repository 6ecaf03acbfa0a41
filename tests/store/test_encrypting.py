"""What lies in clear is encrypted, an older key gives way to a newer one, and nothing of the clear bytes is left."""

from __future__ import annotations

import base64
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, select, text, update

from processor.ciphers import DamagedError, Keyring
from processor.store import leases
from processor.store import tables as t
from processor.store.encrypting import Step, encrypt, left, rewrite, settle, summed
from processor.store.engine import open_store
from processor.store.forwarding import File, Forward, files_of, forward
from processor.store.keep import keep, keep_stream, raw_of
from processor.store.keys_in_use import note_keys, without_key
from processor.store.people import Person
from processor.store.record import record
from processor.store.sealed import give_keys, unknown_keys
from processor.store.transaction import writing
from processor.store.work import pending
from tests.servers.postgres import Postgres
from tests.store.made import NOW, arrival, column, count, made
from tests.store.test_sealed import stored, tamper

SENTENCE = b"Vi vil si opp avtalen vaar om regnskap fra nyttaar, og haaper paa hurtig svar. "
PART = base64.b64encode(SENTENCE * 10)
"""As it lies in the mail: a body in base64."""
RAW = b"From: kari@x.no\r\nContent-Transfer-Encoding: base64\r\n\r\n%d\r\n" + PART
BIG = b"From: kari@x.no\r\n\r\n" + PART * 1_500
OLD, NEW = "the first key of the mails, quite long", "the second key of the mails, also long"


def mails(engine: Engine, *numbers: int) -> list[int]:
    kept = keep(engine, [arrival(n, RAW % n) for n in numbers], NOW)
    return [each.mail_id for each in kept]


def filled(engine: Engine, kari: Person) -> tuple[list[int], int, int]:
    """Mails in clear: some small, one in pieces, and one with a file that leaves."""
    ids = mails(engine, *range(1, 6))
    big = keep_stream(engine, arrival(50, b"", size=len(BIG)), iter([BIG]), NOW).mail_id
    record(engine, [made(ids[0], 1)])
    letter = Forward(ids[0], "f@x.no", "Fwd", "Se her", "<f1@x.no>", "", "nb", (File("a", "text/plain", RAW),))
    out = forward(engine, letter, kari, NOW)
    assert out
    return ids, big, out


def all_of(engine: Engine) -> Step:
    return summed(encrypt(engine))


def test_all_that_lies_in_clear_is_encrypted_once(engine: Engine, kari: Person) -> None:
    ids, big, out = filled(engine, kari)
    give_keys(engine, Keyring(OLD))
    assert left(engine) == 7
    assert all_of(engine) == Step(mails=6, files=1)
    assert PART[:60] not in stored(engine)
    assert [raw_of(engine, each) for each in ids] == [RAW % n for n in range(1, 6)]
    assert raw_of(engine, big) == BIG
    assert [each.content for each in files_of(engine, out)] == [RAW]
    assert (all_of(engine), left(engine)) == (Step(), 0)


def test_what_was_broken_off_goes_on_where_it_was(
    engine: Engine, kari: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processor.store.encrypting.MAILS", 2)
    monkeypatch.setattr("processor.store.encrypting.BATCH_BYTES", 1_500)
    ids, *_ = filled(engine, kari)
    give_keys(engine, Keyring(OLD))
    steps = encrypt(engine)
    # Of mails larger than a batch may be, each is one.
    assert [next(steps), next(steps)] == [Step(mails=1), Step(mails=1)]
    steps.close()  # type: ignore[attr-defined]  # a generator
    assert left(engine) == 5
    assert [raw_of(engine, each) for each in ids] == [RAW % n for n in range(1, 6)]
    # What came in meanwhile is sealed already.
    mails(engine, 9)
    assert all_of(engine) == Step(mails=4, files=1)


def test_a_new_key_rewrites_no_mail_and_the_old_one_is_needed_no_more(engine: Engine, kari: Person) -> None:
    ids, big, out = filled(engine, kari)
    give_keys(engine, Keyring(OLD))
    all_of(engine)
    lying = lying_in(engine)
    give_keys(engine, Keyring(NEW, [OLD]))
    mails(engine, 9)
    assert all_of(engine) == Step(keys=7)
    give_keys(engine, Keyring(NEW))
    assert unknown_keys(engine) == {}
    assert lying <= lying_in(engine)
    assert [raw_of(engine, each) for each in (*ids, big)] == [*(RAW % n for n in range(1, 6)), BIG]
    assert [each.content for each in files_of(engine, out)] == [RAW]
    give_keys(engine, Keyring(OLD))
    assert sum(unknown_keys(engine).values()) == 8


def lying_in(engine: Engine) -> set[bytes]:
    columns = (t.raw_mail.c.content, t.raw_part.c.content, t.outbox_file.c.content)
    return {bytes(each) for which in columns for each in column(engine, which)}


def test_what_does_not_open_stays_and_is_named_and_the_rest_is_done(engine: Engine, kari: Person) -> None:
    ids, *_ = filled(engine, kari)
    give_keys(engine, Keyring(OLD))
    mails(engine, 9)
    k = t.raw_key.c
    with writing(engine) as conn:
        # One of which nothing but the key was taken away is not encrypted a second time.
        conn.execute(delete(t.raw_key))
    assert all_of(engine) == Step(6, 1, 0, ("m7: its bytes are encrypted, and their key is gone from the store",))
    tamper(engine, ids[0])
    with writing(engine) as conn:
        other = conn.execute(select(k.wrapped).where(k.mail_id == ids[2])).scalar_one()
        conn.execute(update(t.raw_key).where(k.mail_id == ids[1]).values(wrapped=other))
    give_keys(engine, Keyring(NEW, [OLD]))
    done = all_of(engine)
    assert (done.keys, done.damaged[1:]) == (
        6,
        ("m2: its key is not what was encrypted: changed since, or another mail's",),
    )
    with pytest.raises(DamagedError):
        raw_of(engine, ids[0])


def test_who_was_given_no_key_that_seals_encrypts_nothing(engine: Engine) -> None:
    for ring in (None, Keyring(None, [OLD])):
        give_keys(engine, ring)
        with pytest.raises(ValueError, match="no key to encrypt with"):
            next(encrypt(engine))


def test_no_sentence_of_a_mail_is_left_in_the_databases_files(
    engine: Engine, kari: Person, request: pytest.FixtureRequest
) -> None:
    ids, *_ = filled(engine, kari)
    # Deleted without being overwritten: it lies in free room.
    with writing(engine) as conn:
        conn.execute(delete(t.raw_mail).where(t.raw_mail.c.mail_id == ids[4]))
    folder = files_of_database(engine, request)
    assert sentence_lies_in(engine, folder)
    give_keys(engine, Keyring(OLD))
    all_of(engine)
    assert settle(engine)
    rewrite(engine)
    assert not sentence_lies_in(engine, folder)
    if engine.dialect.name == "sqlite":
        assert [each.stat().st_size for each in folder.glob("*-wal")] == [0]
        with closing(sqlite3.connect(folder / "store.db")) as file:
            assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert raw_of(engine, ids[0]) == RAW % 1


def files_of_database(engine: Engine, request: pytest.FixtureRequest) -> Path:
    if engine.dialect.name == "sqlite":
        return Path(engine.url.database or "").parent
    server: Postgres = request.getfixturevalue("postgres")
    with engine.connect() as conn:
        number = conn.execute(text("SELECT oid FROM pg_database WHERE datname = current_database()")).scalar_one()
    return server.data / "base" / str(number)


def sentence_lies_in(engine: Engine, folder: Path) -> bool:
    """Whether any piece of the body lies in one of the database's files."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(text("CHECKPOINT"))
    whole = b"".join(each.read_bytes() for each in sorted(folder.iterdir()) if each.is_file())
    return any(PART[at : at + 40] in whole for at in range(0, len(PART) - 40, 40))


def test_a_reader_that_holds_the_log_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("processor.store.encrypting.LOG_TRIES", 1)
    engine = open_store(f"sqlite:///{tmp_path}/store.db")
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM mail").fetchone()
        mails(engine, 1)
        monkeypatch.setattr("processor.store.engine.BUSY_SECONDS", 0)
        with engine.connect() as conn:
            conn.exec_driver_sql("PRAGMA busy_timeout = 0")
        assert not settle(engine)
    assert settle(engine)
    engine.dispose()


def test_a_daemon_that_was_not_given_the_new_key_is_named(engine: Engine) -> None:
    old, new = Keyring(OLD), Keyring(NEW, [OLD])
    assert without_key(engine, new.current) == ["the daemon"]
    give_keys(engine, old)
    note_keys(engine, "alfa")
    assert without_key(engine, old.current) == []
    assert without_key(engine, new.current) == ["alfa"]
    if leases.has_leases(engine):
        leases.live(engine, "alfa", 1, 60)
        leases.live(engine, "beta", 1, 60)
        assert without_key(engine, old.current) == ["beta"]
        give_keys(engine, new)
        note_keys(engine, "beta")
        assert without_key(engine, new.current) == ["alfa"]
    give_keys(engine, None)
    note_keys(engine, "alfa")
    assert without_key(engine, old.current) == (["alfa", "beta"] if leases.has_leases(engine) else ["the daemon"])
    assert count(engine, t.setting, t.setting.c.name == "mail_keys:alfa") == 0


def test_mail_that_comes_and_is_worked_on_meanwhile_is_lost_to_nobody(engine: Engine) -> None:
    first = mails(engine, *range(1, 40))
    give_keys(engine, Keyring(OLD))
    came: list[int] = []

    def others() -> None:
        for n in range(100, 120):
            came.extend(mails(engine, n))
            for each in pending(engine, 3, "w", NOW):
                assert each.raw == RAW % (each.mail_id if each.mail_id < 40 else each.mail_id + 60)

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(others)
        done = all_of(engine)
        working.result()
    assert (done.mails, done.damaged, left(engine)) == (39, (), 0)
    found = [raw_of(engine, each) for each in (*first, *came)]
    assert found == [RAW % n for n in (*range(1, 40), *range(100, 120))]
