"""A backup restored: all of it is there, nothing that had not left goes out, and no mail of before is answered (T97)."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, insert, text, update

from processor.store import backup as making
from processor.store import migrate
from processor.store import tables as t
from processor.store.accounts import account, make_link, person_by_link
from processor.store.backup import MANIFEST, STORE, BackupError, back_up
from processor.store.copying import CopyError, digests, snapshot
from processor.store.engine import connect, open_store, upgrade
from processor.store.keep import keep, raw_of
from processor.store.levels import set_level
from processor.store.outbox import (
    approve_reply,
    attempt,
    cancel_reply,
    claim,
    issue_confirmation,
    retry_at,
    sweep,
)
from processor.store.people import add_person, verify_person
from processor.store.queue import done, unsent
from processor.store.record import record
from processor.store.restoration import CLOCKS_APART, HOLD_RESTORED, restore
from processor.store.restored import found_mails, restoration, waiting, withdraw
from processor.store.restored import release as let_go
from processor.store.sessions import begin_session, session_of
from processor.store.switch import stopped
from processor.store.tokens import bearer, make_token
from processor.store.transaction import writing
from processor.store.watermarks import first_start
from processor.ticket import Level, OutboxState
from tests.servers.postgres import Postgres
from tests.store.made import (
    LATER,
    NOW,
    action,
    arrival,
    column,
    count,
    decision,
    kept,
    made,
    outbox_states,
    recorded,
    reply,
)

LEASE = 60
TAKEN = NOW + timedelta(hours=1)
BACK = NOW + timedelta(hours=9)


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a store with a reply in every state that has not left; tests get copies."""
    folder = tmp_path_factory.mktemp("worked")
    engine = open_store(f"sqlite:///{folder}/store.db")
    first_start(engine, "support", NOW - timedelta(days=9))
    person = verify_person(engine, "Kari", add_person(engine, "Kari", NOW))
    assert person
    # In the order of their numbers: sent, ready, retry, sending, draft, held, held for a time, observed.
    for number in range(1, 5):
        recorded(engine, number)
    one, _, three, four = claim(engine, "w", 4, NOW, LEASE)
    for each in (one, four):
        assert attempt(engine, each.id, each.fence, "smtp", NOW)
    with writing(engine) as conn:
        conn.execute(update(t.outbox).where(t.outbox.c.id == 1).values(state="sent"))
        conn.execute(update(t.outbox).where(t.outbox.c.id == 2).values(claimed_by=None, claimed_until=None))
    assert retry_at(engine, three.id, three.fence, "450", LATER, NOW)
    recorded(engine, 5, level=Level.DRAFT)
    recorded(engine, 6, stopped=True)
    recorded(engine, 7, decision(None, [action()]))
    done(engine, 7, person, NOW)
    assert issue_confirmation(engine, 7, "confirmation", reply(), "<c@x>", person, NOW, hold_until=LATER)
    recorded(engine, 8, level=Level.OBSERVE)
    engine.dispose()
    return folder


@pytest.fixture
def lost(worked: Path, tmp_path: Path) -> Iterator[Engine]:
    """The store before it is lost."""
    shutil.copytree(worked, tmp_path / "lost")
    engine = open_store(f"sqlite:///{tmp_path}/lost/store.db")
    yield engine
    engine.dispose()


@pytest.fixture
def folder(lost: Engine, tmp_path: Path) -> Path:
    back_up(str(lost.url), tmp_path / "backup", TAKEN)
    return tmp_path / "backup"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where it comes back: no file yet, or a PostgreSQL store in which nothing has happened, which counts as empty."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/room/store.db"
        return
    with request.getfixturevalue("postgres").room(migrated=True) as made:
        yield made


def restored(folder: Path, url: str) -> Engine:
    restore(folder, url, "Ola", BACK)
    return open_store(url)


def test_everything_is_back_with_its_raw_mails(folder: Path, lost: Engine, url: str) -> None:
    engine = restored(folder, url)
    with snapshot(lost) as before, snapshot(engine) as after:
        was, now = digests(before), digests(after)
    assert {name for name in was if was[name] != now[name]} == {"mailbox", "outbox", "setting", "event", "event_text"}
    assert raw_of(engine, 5) == raw_of(lost, 5)
    engine.dispose()


def test_nobody_is_let_in_who_was_signed_out_since(lost: Engine, url: str, tmp_path: Path) -> None:
    kari = account(lost, "Kari")
    assert kari
    secrets = (
        begin_session(lost, kari.person, NOW),
        make_link(lost, kari.person, "Ola", NOW),
        make_token(lost, kari, "crm", kari.role, None, BACK + timedelta(days=1), NOW),
    )
    back_up(str(lost.url), tmp_path / "taken", TAKEN)
    engine = restored(tmp_path / "taken", url)
    found = [
        (session_of(each, secrets[0], NOW), person_by_link(each, secrets[1], NOW), bearer(each, secrets[2], NOW))
        for each in (lost, engine)
    ]
    assert all(found[0])
    assert not any(found[1])
    engine.dispose()


def test_nothing_that_was_unsent_goes_out(folder: Path, url: str) -> None:
    engine = restored(folder, url)
    held = (OutboxState.HELD, HOLD_RESTORED)
    assert outbox_states(engine) == [
        ("sent", ""), held, held, ("unknown", ""), held, held, held, ("held", "observe"),
    ]  # fmt: skip
    for when in (BACK, BACK + timedelta(days=3)):
        sweep(engine, when, all_leases=True)
        assert claim(engine, "w", 10, when, LEASE) == []
    assert (2, HOLD_RESTORED) in [(one.outbox_id, one.reason) for one in unsent(engine)]
    engine.dispose()


def test_a_confirmation_in_the_middle_of_sending_is_in_doubt_and_not_repeated(
    lost: Engine, tmp_path: Path, url: str
) -> None:
    with writing(lost) as conn:
        conn.execute(update(t.outbox).where(t.outbox.c.id == 4).values(kind="confirmation"))
    back_up(str(lost.url), tmp_path / "backup", TAKEN)
    engine = restored(tmp_path / "backup", url)
    sweep(engine, BACK, all_leases=True)
    assert outbox_states(engine)[3] == ("unknown", "")
    engine.dispose()


def test_release_shows_what_would_leave_and_lets_each_go_on_from_where_it_was(folder: Path, url: str) -> None:
    engine = restored(folder, url)
    assert [(one.outbox_id, one.was, one.leaves) for one in waiting(engine)] == [
        (2, "ready", True), (3, "retry", True), (5, "draft", False), (6, "held", False), (7, "held", True),
    ]  # fmt: skip
    assert waiting(engine)[0].text == reply().text
    assert let_go(engine, [2, 3, 5, 6, 7], "Ola", BACK) == 5
    assert outbox_states(engine)[1:] == [
        ("ready", ""), ("ready", ""), ("unknown", ""), ("draft", ""), ("held", "stopped"), ("ready", ""), ("held", "observe"),
    ]  # fmt: skip
    assert [each.id for each in claim(engine, "w", 10, BACK, LEASE)] == [2, 3, 7]
    assert column(engine, t.outbox.c.approved_by)[1] == "Ola"
    assert waiting(engine) == []
    assert let_go(engine, [2, 3], "Ola", BACK) == 0
    engine.dispose()


def test_some_are_released_and_others_withdrawn(folder: Path, url: str) -> None:
    engine = restored(folder, url)
    assert let_go(engine, [3], "Ola", BACK) == 1
    assert withdraw(engine, [2, 3, 7], "Ola", BACK) == 2
    assert [state for state, _ in outbox_states(engine)] == [
        "sent", "cancelled", "ready", "unknown", "held", "held", "cancelled", "held",
    ]  # fmt: skip
    assert [one.outbox_id for one in waiting(engine)] == [5, 6]
    engine.dispose()


def test_a_confirmation_of_what_is_not_done_is_not_released(folder: Path, url: str) -> None:
    engine = restored(folder, url)
    with writing(engine) as conn:
        conn.execute(update(t.action).where(t.action.c.item_id == 7).values(state="waiting"))
    assert let_go(engine, [7], "Ola", BACK) == 0
    assert [one.outbox_id for one in waiting(engine, [7])] == [7]
    engine.dispose()


def test_staff_may_also_take_one_by_itself(folder: Path, url: str) -> None:
    engine = restored(folder, url)
    person = verify_person(engine, "Ola", add_person(engine, "Ola", BACK))
    assert person
    assert approve_reply(engine, 5, person, BACK)
    assert cancel_reply(engine, 2, person, BACK)
    assert [one.outbox_id for one in waiting(engine)] == [3, 6, 7]
    engine.dispose()


@pytest.mark.parametrize("minutes", [-60 * 24 * 300, -1, 4])
def test_mail_of_before_the_restore_is_kept_listed_and_not_answered(folder: Path, url: str, minutes: int) -> None:
    engine = restored(folder, url)
    # A server's clock may be some minutes ahead of ours.
    came = arrival(50, b"between", internaldate=BACK + timedelta(minutes=minutes))
    (new,) = keep(engine, [came], BACK)
    assert [(mail.mail_id, mail.state, mail.ticket_no) for mail in found_mails(engine)] == [(new.mail_id, "kept", "")]
    record(engine, [made(new.mail_id, 50, now=BACK)])
    assert outbox_states(engine)[-1] == ("held", "arrived before the first start")
    (found,) = found_mails(engine)
    assert (found.state, found.ticket_no, found.outcome) == ("decided", "VS-0050-TEST", "answer")
    engine.dispose()


def test_mail_of_after_the_restore_is_answered_and_not_listed(folder: Path, url: str) -> None:
    engine = restored(folder, url)
    later = BACK + CLOCKS_APART
    (new,) = keep(engine, [arrival(50, b"after", internaldate=later)], later)
    record(engine, [made(new.mail_id, 50, now=later)])
    assert outbox_states(engine)[-1] == ("ready", "")
    assert found_mails(engine) == []
    engine.dispose()


def test_a_mail_that_the_backup_holds_undecided_is_listed_and_not_answered(
    lost: Engine, tmp_path: Path, url: str
) -> None:
    (waits,) = kept(lost, 30)
    back_up(str(lost.url), tmp_path / "backup", TAKEN)
    engine = restored(tmp_path / "backup", url)
    assert [mail.mail_id for mail in found_mails(engine)] == [waits]
    record(engine, [made(waits, 30, now=BACK)])
    assert outbox_states(engine)[-1][0] == "held"
    assert [mail.mail_id for mail in found_mails(engine)] == [waits]
    engine.dispose()


def test_reminders_that_fell_due_since_are_dropped_and_later_ones_stay(lost: Engine, tmp_path: Path, url: str) -> None:
    with writing(lost) as conn:
        for item, when in ((1, NOW), (2, BACK), (3, BACK + timedelta(days=1))):
            conn.execute(update(t.item).where(t.item.c.id == item).values(follow_up_at=when))
    back_up(str(lost.url), tmp_path / "backup", TAKEN)
    assert restore(tmp_path / "backup", url, "Ola", BACK).reminders == 2
    engine = open_store(url)
    assert column(engine, t.item.c.follow_up_at)[:3] == [None, None, BACK + timedelta(days=1)]
    engine.dispose()


def test_a_half_of_a_large_mail_is_forgotten_and_claims_are_free(lost: Engine, tmp_path: Path, url: str) -> None:
    (waits,) = kept(lost, 30)
    with writing(lost) as conn:
        row = {"digest": "arriving:x", "size": 1, "state": "set_aside", "account": "support", "folder": "INBOX"}
        conn.execute(insert(t.mail).values(id=99, arrived_at=NOW, kept_at=NOW, purpose="", reason="", junk=False,
                                           outcome="", duplicate=False, tries=0, **row))  # fmt: skip
        conn.execute(insert(t.raw_part).values(mail_id=99, number=1, content=b"half"))
        conn.execute(update(t.mail).where(t.mail.c.id == waits).values(claimed_by="w", claimed_until=LATER))
    back_up(str(lost.url), tmp_path / "backup", TAKEN)
    engine = restored(tmp_path / "backup", url)
    assert count(engine, t.raw_part) == 0
    assert count(engine, t.mail, t.mail.c.id == 99) == 0
    assert count(engine, t.mail, t.mail.c.claimed_by.is_not(None)) == 0
    engine.dispose()


def test_a_store_that_holds_anything_is_refused_and_stays(folder: Path, url: str) -> None:
    upgrade(url)
    engine = open_store(url)
    set_level(engine, "termination", Level.DRAFT, "Kari", NOW)
    with pytest.raises(CopyError, match="The target is not empty"):
        restore(folder, url, "Ola", BACK)
    assert count(engine, t.mail) == 0
    assert restoration(engine) is None
    engine.dispose()


def test_a_store_that_was_only_opened_is_empty(folder: Path, url: str) -> None:
    upgrade(url)
    open_store(url).dispose()
    engine = restored(folder, url)
    found = restoration(engine)
    assert found
    assert (found.at, found.taken_at, found.by) == (BACK, TAKEN, "Ola")
    engine.dispose()


def test_a_damaged_backup_is_refused_and_no_store_is_made(folder: Path, tmp_path: Path) -> None:
    path = folder / STORE
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BackupError, match="bytes instead of"):
        restore(folder, f"sqlite:///{tmp_path}/new/store.db", "Ola", BACK)
    assert not (tmp_path / "new").exists()


def test_a_backup_of_an_older_program_is_upgraded_on_its_way(folder: Path, tmp_path: Path, url: str) -> None:
    older = connect(f"sqlite:///{tmp_path}/older.db")
    with writing(older) as conn:
        config = migrate._config()
        config.attributes["connection"] = conn
        command.upgrade(config, "0001")
        conn.execute(text("INSERT INTO setting VALUES ('digest_key', 'ab'), ('answers_stopped', '1')"))
    older.dispose()
    making._one_file(tmp_path / "older.db")
    whole = (tmp_path / "older.db").read_bytes()
    (folder / STORE).write_bytes(whole)
    said = json.loads((folder / MANIFEST).read_text())
    said |= {"schema": "0001", "size": len(whole), "sha256": hashlib.sha256(whole).hexdigest(), "tables": {}}
    (folder / MANIFEST).write_text(json.dumps(said))
    engine = restored(folder, url)
    assert stopped(engine)
    assert (folder / STORE).read_bytes() == whole
    engine.dispose()
    (folder / MANIFEST).write_text(json.dumps({**said, "schema": "9999"}))
    with pytest.raises(BackupError, match="made by a newer program"):
        restore(folder, f"sqlite:///{tmp_path}/third.db", "Ola", BACK)


def test_it_comes_back_on_postgresql_as_well_and_goes_on_numbering(folder: Path, postgres: Postgres) -> None:
    # A database that holds nothing, not even a schema.
    url = postgres.url("restored")
    engine = restored(folder, url)
    assert [one.outbox_id for one in waiting(engine)] == [2, 3, 5, 6, 7]
    assert recorded(engine, 60).outbox_id == 9
    engine.dispose()
