from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection

from sqlalchemy import Engine

from processor.store import tables as t
from processor.store.engine import check_store, open_store
from processor.store.keep import keep
from processor.store.record import record
from processor.store.work import pending
from tests.store.made import NOW, arrival, column, count, made


def _work_until_killed(url: str, say: Connection) -> None:
    engine = open_store(url)
    for start in range(0, 100_000, 5):
        kept = keep(engine, [arrival(n, b"mail %d" % n) for n in range(start, start + 5)], NOW)
        say.send(("kept", [one.mail_id for one in kept]))
        claimed = [one.mail_id for one in pending(engine, 3, "w", NOW)]
        record(engine, [made(mail_id, mail_id) for mail_id in claimed])
        say.send(("recorded", claimed))


def test_what_was_acknowledged_before_a_kill_is_there_and_whole_after_it(engine: Engine, url: str) -> None:
    engine.dispose()
    context = multiprocessing.get_context("spawn")
    ear, mouth = context.Pipe(duplex=False)
    worker = context.Process(target=_work_until_killed, args=(url, mouth))
    worker.start()
    mouth.close()
    said: dict[str, list[int]] = {"kept": [], "recorded": []}
    for _ in range(41):
        what, ids = ear.recv()
        said[what] += ids
    assert worker.pid
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    try:
        while True:
            what, ids = ear.recv()
            said[what] += ids
    except EOFError:
        pass
    assert [line for line in check_store(url) if "fsync off" not in line] == []
    assert set(said["kept"]) <= set(column(engine, t.raw_mail.c.mail_id))
    assert set(said["recorded"]) <= set(column(engine, t.letter.c.mail_id))
    # Each recorded mail is whole: one ticket, item, action, reply and event.
    whole = count(engine, t.letter)
    for table in (t.ticket, t.item, t.action, t.outbox):
        assert count(engine, table) == whole
    assert count(engine, t.mail, t.mail.c.state == "decided") == whole
    assert count(engine, t.mail) == count(engine, t.raw_mail) == count(engine, t.arrival)
