"""Mails encrypted at rest: everything reads them as before, and nobody reads them in the database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, insert, select, update

from processor.ciphers import MARK, DamagedError, Keyring, KeyUnknownError
from processor.store import tables as t
from processor.store.aside import set_aside_mail
from processor.store.backup import STORE, back_up
from processor.store.confirming import about_item
from processor.store.copying import copy_store
from processor.store.corrections import judged, retype
from processor.store.dossier import dossier
from processor.store.drafting import Draft, draft
from processor.store.engine import connect, open_store
from processor.store.forwarding import File, Forward, files_of, forward
from processor.store.heads import newest_heads
from processor.store.keep import Arrival, keep, keep_stream, raw_of
from processor.store.keep_stream import forget_halves
from processor.store.past import past_mails
from processor.store.people import Person
from processor.store.privacy import erase, find
from processor.store.record import record
from processor.store.sealed import ARRIVING, give_keys, head_bytes, unknown_keys
from processor.store.search import unindexed
from processor.store.transaction import writing
from processor.store.work import pending, retry_mail
from processor.ticket import MailState
from tests.servers.postgres import Postgres
from tests.store.made import LATER, NOW, arrival, column, count, made, message, recorded, reply

SECRET = b"From: Kari <kari@fjordbygg-demo.no>\r\nSubject: Oppsigelse\r\n\r\nhemmelig tekst nummer %d\r\n"
RING = Keyring("the first key of the mails, quite long")
BIG = b"From: kari@fjordbygg-demo.no\r\n\r\n" + b"hemmelig " * 250_000


@pytest.fixture
def sealing(engine: Engine) -> Engine:
    """A store whose mails are encrypted."""
    give_keys(engine, RING)
    return engine


def mail(engine: Engine, n: int) -> int:
    (one,) = keep(engine, [arrival(n, SECRET % n)], NOW)
    return one.mail_id


def streamed(engine: Engine, n: int = 50) -> int:
    return keep_stream(engine, arrival(n, b"", size=len(BIG)), iter([BIG]), NOW).mail_id


def decided(engine: Engine, n: int) -> int:
    mail_id = mail(engine, n)
    record(engine, [made(mail_id, n)])
    return mail_id


def stored(engine: Engine) -> bytes:
    """All bytes of mails as they lie in the database."""
    columns = (t.raw_mail.c.content, t.raw_part.c.content, t.outbox_file.c.content)
    return b"".join(bytes(each) for which in columns for each in column(engine, which))


def tamper(engine: Engine, mail_id: int) -> None:
    r = t.raw_mail.c
    with writing(engine) as conn:
        content = bytearray(conn.execute(select(r.content).where(r.mail_id == mail_id)).scalar_one())
        content[-1] ^= 1
        conn.execute(update(t.raw_mail).where(r.mail_id == mail_id).values(content=bytes(content)))


def test_what_is_kept_lies_encrypted_and_is_read_as_it_came(sealing: Engine) -> None:
    ids = [mail(sealing, 1), mail(sealing, 2)]
    big = streamed(sealing)
    assert b"hemmelig" not in stored(sealing)
    assert b"kari@" not in stored(sealing)
    assert [raw_of(sealing, each) for each in ids] == [SECRET % 1, SECRET % 2]
    assert raw_of(sealing, big) == BIG
    assert [each.raw for each in pending(sealing, 10, "w", LATER)] == [SECRET % 1, SECRET % 2]
    assert len(set(column(sealing, t.raw_key.c.wrapped))) == 3


def test_a_mail_is_known_again_by_its_clear_bytes(engine: Engine) -> None:
    first = mail(engine, 1)
    give_keys(engine, RING)
    (again,) = keep(engine, [arrival(9, SECRET % 1, folder="Junk")], NOW)
    assert (again.mail_id, again.new) == (first, False)
    big = streamed(engine)
    assert streamed(engine, 51) == big
    assert (count(engine, t.raw_key), count(engine, t.raw_part)) == (1, 3)
    # What came in clear is read beside what did not.
    assert (raw_of(engine, first), raw_of(engine, big)) == (SECRET % 1, BIG)


def test_a_header_that_is_all_there_is_lies_encrypted_too(sealing: Engine) -> None:
    (one,) = keep(sealing, [Arrival("support", "INBOX", 7, 3, NOW, 99, None, SECRET % 3)], NOW)
    shown = set_aside_mail(sealing, one.mail_id)
    assert shown
    assert (shown.head, shown.whole) == (SECRET % 3, False)
    assert b"hemmelig" not in stored(sealing)


def test_everything_that_reads_bytes_reads_them(sealing: Engine, kari: Person) -> None:
    mail_id = decided(sealing, 1)
    other = decided(sealing, 2)
    with writing(sealing) as conn:
        assert head_bytes(conn, mail_id) == SECRET % 1
        conn.execute(update(t.ticket).where(t.ticket.c.id == 2).values(sender="ola@x.no"))
    assert newest_heads(sealing) == [SECRET % 2, SECRET % 1]
    (past,) = past_mails(sealing, mail_id, mail_id, None)
    assert (past.raw, past.fault) == (SECRET % 1, "")
    assert [each.raw for each in unindexed(sealing, 10)] == [SECRET % 2, SECRET % 1]
    about = about_item(sealing, 1)
    assert about
    assert about.raw == SECRET % 1
    retype(sealing, mail_id, ["termination"], None, kari, NOW)
    assert [each.raw for each in judged(sealing)] == [SECRET % 1]
    told = dossier(sealing, "VS-0001-TEST")
    assert told
    assert told.mails[0].raw == SECRET % 1
    found = find(sealing, "kari@fjordbygg-demo.no")
    assert ([each.mail_id for each in found.elsewhere], found.shut) == ([other], ())


def test_a_large_mail_shows_its_header_and_is_found_by_its_writer(sealing: Engine) -> None:
    big = streamed(sealing)
    shown = set_aside_mail(sealing, big)
    assert shown
    assert (shown.whole, shown.head) == (True, BIG[:64_000])
    assert [each.mail_id for each in find(sealing, "kari@fjordbygg-demo.no").elsewhere] == [big]


def test_a_mail_that_is_still_coming_is_shown_by_its_header_and_goes_with_its_key(sealing: Engine) -> None:
    def pieces() -> Iterator[bytes]:
        yield BIG[:1_500_000]
        (half,) = column(sealing, t.mail.c.id)
        shown = set_aside_mail(sealing, half)
        assert shown
        assert shown.head == BIG[:64_000]
        raise OSError("the line is cut")

    with pytest.raises(OSError, match="the line is cut"):
        keep_stream(sealing, arrival(50, b"", size=len(BIG)), pieces(), NOW)
    assert (count(sealing, t.raw_key), count(sealing, t.raw_part), count(sealing, t.mail)) == (0, 0, 0)
    with writing(sealing) as conn:
        half = {"digest": ARRIVING + "1", "size": 1, "state": "set_aside", "account": "a", "folder": "f"}
        conn.execute(insert(t.mail).values(id=7, **half, arrived_at=NOW, kept_at=NOW))
        conn.execute(insert(t.raw_key).values(mail_id=7, key_id="x", wrapped="y"))
        assert forget_halves(conn) == 1
    assert count(sealing, t.raw_key) == 0


def test_a_tampered_mail_is_held_with_the_reason_and_the_rest_goes_on(sealing: Engine) -> None:
    ids = [mail(sealing, n) for n in (1, 2, 3)]
    tamper(sealing, ids[1])
    assert [each.mail_id for each in pending(sealing, 10, "w", LATER)] == [ids[0], ids[2]]
    held = set_aside_mail(sealing, ids[1])
    assert held
    assert held.reason == "its bytes in the store are not what was encrypted: changed since, or another mail's"
    # Tried again it is held again, alone or not.
    assert retry_mail(sealing, ids[1], "Kari", LATER)
    assert pending(sealing, 10, "w", LATER) == []
    assert column(sealing, t.mail.c.state)[1] == MailState.SET_ASIDE.value


def test_another_mails_bytes_do_not_pass_for_a_mails_own(sealing: Engine) -> None:
    one, two = mail(sealing, 1), mail(sealing, 2)
    r, k = t.raw_mail.c, t.raw_key.c
    with writing(sealing) as conn:
        content = conn.execute(select(r.content).where(r.mail_id == two)).scalar_one()
        key = conn.execute(select(k.wrapped).where(k.mail_id == two)).scalar_one()
        conn.execute(update(t.raw_mail).where(r.mail_id == one).values(content=content))
    with pytest.raises(DamagedError):
        raw_of(sealing, one)
    with writing(sealing) as conn:
        conn.execute(update(t.raw_key).where(k.mail_id == one).values(wrapped=key))
    with pytest.raises(DamagedError):
        raw_of(sealing, one)


def test_bytes_whose_key_was_taken_away_are_not_taken_for_a_mail(sealing: Engine) -> None:
    mail_id = mail(sealing, 1)
    with writing(sealing) as conn:
        conn.execute(delete(t.raw_key))
    assert pending(sealing, 10, "w", LATER) == []
    held = set_aside_mail(sealing, mail_id)
    assert held
    assert held.reason == "its bytes in the store are encrypted, and their key is gone from the store"


def test_a_strangers_mail_may_begin_as_encrypted_bytes_do(engine: Engine) -> None:
    (one,) = keep(engine, [arrival(1, MARK + b"hello")], NOW)
    assert raw_of(engine, one.mail_id) == MARK + b"hello"
    give_keys(engine, RING)
    assert [each.raw for each in pending(engine, 10, "w", LATER)] == [MARK + b"hello"]


def test_a_large_mail_of_which_a_piece_is_missing_or_misplaced_does_not_open(sealing: Engine) -> None:
    big = streamed(sealing)
    p = t.raw_part.c
    with writing(sealing) as conn:
        last = conn.execute(select(p.content).where(p.number == 3)).scalar_one()
        conn.execute(delete(t.raw_part).where(p.number == 3))
    with pytest.raises(DamagedError, match="a piece of them is gone"):
        raw_of(sealing, big)
    with writing(sealing) as conn:
        conn.execute(insert(t.raw_part).values(mail_id=big, number=4, content=last))
    with pytest.raises(DamagedError, match="not what was encrypted"):
        raw_of(sealing, big)


def test_what_does_not_open_is_told_and_hides_nothing_else(sealing: Engine, kari: Person) -> None:
    bad, good = decided(sealing, 1), decided(sealing, 2)
    for each in (bad, good):
        retype(sealing, each, ["termination"], None, kari, NOW)
    with writing(sealing) as conn:
        conn.execute(update(t.ticket).values(sender="ola@x.no"))
    tamper(sealing, bad)
    past = {each.mail_id: each for each in past_mails(sealing, bad, good, None)}
    assert (past[bad].raw, past[good].raw) == (None, SECRET % 2)
    assert past[bad].fault.startswith("not what was encrypted")
    assert [each.raw for each in judged(sealing)] == [SECRET % 2]
    assert {each.mail_id: each.raw for each in unindexed(sealing, 10)} == {bad: b"", good: SECRET % 2}
    about, told = about_item(sealing, 1), dossier(sealing, "VS-0001-TEST")
    assert about
    assert told
    assert (about.raw, told.mails[0].raw) == (b"", None)
    assert about.fault == told.mails[0].fault == past[bad].fault
    found = find(sealing, "kari@fjordbygg-demo.no")
    assert (found.shut, [each.mail_id for each in found.elsewhere]) == ((bad,), [good])


def test_without_its_key_no_mail_is_read_or_given_up(sealing: Engine) -> None:
    mail_id = mail(sealing, 1)
    for ring in (
        None,
        Keyring("another key, which is long enough too"),
        Keyring(None, ["an older key that is of no use at all"]),
    ):
        give_keys(sealing, ring)
        with pytest.raises(KeyUnknownError, match=f"under the key {RING.current}"):
            pending(sealing, 10, "w", LATER)
        assert unknown_keys(sealing) == {RING.current: 1}
        assert newest_heads(sealing) == []
    assert column(sealing, t.mail.c.state) == [MailState.KEPT.value]
    give_keys(sealing, Keyring("a newer key of the mails, also long", ["the first key of the mails, quite long"]))
    assert unknown_keys(sealing) == {}
    assert [each.mail_id for each in pending(sealing, 10, "w", LATER)] == [mail_id]


def test_a_key_that_opens_alone_reads_what_is_sealed_and_keeps_in_clear(sealing: Engine) -> None:
    sealed = mail(sealing, 1)
    give_keys(sealing, Keyring(None, ["the first key of the mails, quite long"]))
    clear = mail(sealing, 2)
    assert (count(sealing, t.raw_key), SECRET % 2 in stored(sealing)) == (1, True)
    assert [raw_of(sealing, each) for each in (sealed, clear)] == [SECRET % 1, SECRET % 2]


def test_what_is_erased_takes_its_key_along(sealing: Engine) -> None:
    decided(sealing, 1)
    with writing(sealing) as conn:
        conn.execute(update(t.ticket).values(sender="ola@x.no"))
    streamed(sealing)
    erased = erase(sealing, find(sealing, "kari@fjordbygg-demo.no"), "Kari", LATER)
    assert len(erased.mails) == 2
    assert (count(sealing, t.raw_key), stored(sealing)) == (0, b"")


def test_files_that_leave_lie_encrypted_too(sealing: Engine, kari: Person) -> None:
    mail_id = decided(sealing, 1)
    files = (File("a.pdf", "application/pdf", b"hemmelig fil"), File("b.txt", "text/plain", b""))
    letter = Forward(mail_id, "faktura@x.no", "Fwd", "Se her", "<f1@x.no>", "", "nb", files)
    one = forward(sealing, letter, kari, NOW)
    two = draft(sealing, Draft(mail_id, reply("answer"), "<d1@x.no>", "", message(1), files), kari, NOW)
    assert one
    assert two
    assert (files_of(sealing, one), files_of(sealing, two)) == (list(files), list(files))
    assert b"hemmelig" not in stored(sealing)
    f = t.outbox_file.c
    with writing(sealing) as conn:
        # The file of another letter.
        content = conn.execute(select(f.content).where(f.outbox_id == one, f.number == 1)).scalar_one()
        conn.execute(update(t.outbox_file).where(f.outbox_id == two, f.number == 1).values(content=content))
    with pytest.raises(DamagedError):
        files_of(sealing, two)
    give_keys(sealing, None)
    assert sum(unknown_keys(sealing).values()) == 5
    with pytest.raises(KeyUnknownError):
        files_of(sealing, one)


def test_a_backup_and_a_copy_hold_what_is_encrypted_and_open_with_the_key(
    sealing: Engine, url: str, postgres: Postgres, tmp_path: Path
) -> None:
    recorded(sealing, 5)
    mail_id, big = decided(sealing, 1), streamed(sealing)
    back_up(url, tmp_path / "backup", NOW)
    assert b"hemmelig" not in (tmp_path / "backup" / STORE).read_bytes()
    with postgres.room() as there:
        copy_store(f"sqlite:///{tmp_path}/backup/{STORE}", there)
        for each in (f"sqlite:///{tmp_path}/backup/{STORE}", there):
            copied = open_store(each)
            assert unknown_keys(copied) == {RING.current: 3}
            give_keys(copied, RING)
            assert (raw_of(copied, mail_id), raw_of(copied, big)) == (SECRET % 1, BIG)
            copied.dispose()


def test_a_reader_with_a_lease_seals_as_well(engine: Engine) -> None:
    other = connect(engine.url.render_as_string(hide_password=False))
    give_keys(other, RING)
    mail(other.execution_options(processor_of_a_test=True), 1)
    assert count(other, t.raw_key) == 1
    other.dispose()


def test_older_mail_is_decided_with_newer(engine: Engine) -> None:
    mail(engine, 1)
    give_keys(engine, RING)
    mail(engine, 2)
    claimed = pending(engine, 10, "w", NOW + timedelta(hours=1))
    assert [replace(each, mail_id=0).raw for each in claimed] == [SECRET % 1, SECRET % 2]
