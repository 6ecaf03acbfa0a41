"""Watching the running daemon: over HTTP as Prometheus does, and over systemd's socket."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.bench.site import ROOT, USER, Site, kill
from tests.road.test_road import mail, run, until
from tests.servers.dovecot import free_port

CUSTOMER = "kari@fjordbygg-demo.no"
# A bug of ours in delivery, from the moment that the answers are stopped.
HANGING = """
import sys
if "run" in sys.orig_argv:
    import time
    import processor.steps.delivering as delivering
    from processor.store.switch import stopped
    sound = delivering.deliver
    def hanging(engine, *others, **named):
        while stopped(engine):
            time.sleep(1)
        return sound(engine, *others, **named)
    delivering.deliver = hanging
    delivering.SERVER_SECONDS = 4
    import processor.watch.lookout as lookout
    lookout.STATUS_SECONDS, lookout.CACHED_SECONDS = 1.0, 0.2
"""


def watched(here: Site, workers: int = 0) -> str:
    """Turn the port on; returns its address."""
    path = here.configure(workers)
    port = free_port()
    path.write_text(path.read_text() + f'[watch]\nlisten = "127.0.0.1:{port}"\n')
    return f"http://127.0.0.1:{port}"


def ask(url: str) -> tuple[int, str]:
    """Status and body; status 0 where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError:
        return 0, ""


def values(address: str) -> dict[tuple[str, ...], float]:
    """Each sample by its name and the values of its labels."""
    status, text = ask(f"{address}/metrics")
    assert status == 200
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def address(here: Site) -> Iterator[str]:
    """A daemon with one worker, which has answered one customer."""
    found = watched(here, workers=1)
    process = here.start()
    try:
        until(lambda: here.ask("select 1 from mailbox where seen_at is not null"))
        here.dovecot.deliver(USER, mail(sender=CUSTOMER))
        until(lambda: len(here.taken()) == 1)
        until(lambda: here.ask("select 1 from outbox where state = 'sent'"))
        yield found
    finally:
        kill(process)


def test_the_metrics_tell_what_the_store_holds_and_nothing_of_a_customer(address: str, here: Site) -> None:
    found = values(address)
    assert found["processor_store_up",] == 1
    assert found["processor_decisions_total", "termination/notice"] == 1
    assert found["processor_mails_kept_total",] == 1
    assert found["processor_replies_sent_total",] == 1
    assert found["processor_queue", "waiting", "termination"] == 1
    assert found["processor_mails", "kept"] == 0
    assert found["processor_oldest_unhandled_mail_age_seconds",] == 0
    assert found["processor_mailbox_last_read_age_seconds", "oppsigelse"] < 60
    assert found["processor_outbox", "unknown"] == 0
    assert found["processor_decided_seconds_count",] == 1
    assert found["processor_answered_seconds_count", "program"] == 1
    assert found["processor_answered_seconds_bucket", "program", "60.0"] == 1
    assert found["processor_failures_total", "mail_set_aside"] == 0
    loops = {"alarms", "clocks", "delivery-1", "delivery-2", "main", "mailbox oppsigelse", "work"}
    # Each is told of from its first turn on.
    until(lambda: {name[1] for name in values(address) if name[0] == "processor_loop_late"} == loops)
    _, text = ask(f"{address}/metrics")
    (number,) = here.ask("select number from ticket")[0]
    for secret in ("@", "kari", "Holm", "fjordbygg", "Fjord", "328627035", str(number)):
        assert secret not in text


def test_a_running_daemon_is_healthy_and_ready(address: str) -> None:
    status, text = ask(f"{address}/health")
    assert (status, json.loads(text)["status"]) == (200, "ok")
    assert ask(f"{address}/ready") == (200, '{"status": "ready", "missing": []}\n')
    assert ask(f"{address}/etc/passwd")[0] == 404


def test_a_daemon_whose_mailbox_cannot_be_read_is_healthy_but_not_ready(here: Site) -> None:
    address = watched(here)
    config = here.folder / "config.toml"
    config.write_text(config.read_text().replace(f"port = {here.dovecot.imap_port}", f"port = {free_port()}"))
    process = here.start()
    try:
        until(lambda: ask(f"{address}/health")[0] == 200)
        status, text = ask(f"{address}/ready")
        assert (status, json.loads(text)["missing"]) == (503, ["no mailbox was read lately"])
    finally:
        kill(process)


def test_counters_go_on_after_a_restart(here: Site) -> None:
    address = watched(here)
    for number in (1, 2):
        process = here.start()
        try:
            until(lambda: ask(f"{address}/ready")[0] == 200)
            here.dovecot.deliver(USER, mail(sender=f"kari@firma{number}-demo.no"))
            until(partial(answered, here, number))
        finally:
            kill(process)
    process = here.start()
    try:
        until(lambda: ask(f"{address}/health")[0] == 200)
        assert values(address)["processor_decisions_total", "termination/notice"] == 2
    finally:
        kill(process)


def answered(here: Site, count: int) -> bool:
    return len(here.taken()) == count


def test_a_port_that_is_taken_stops_no_mail(here: Site) -> None:
    address = watched(here)
    with socket.create_server(("127.0.0.1", int(address.rpartition(":")[2]))):
        process = here.start()
        try:
            until(lambda: here.ask("select 1 from mailbox where seen_at is not null"))
            here.dovecot.deliver(USER, mail())
            until(lambda: len(here.taken()) == 1)
            assert "cannot be served" in (here.folder / "log").read_text()
        finally:
            kill(process)


def test_systemd_hears_of_start_life_reload_and_end(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with Notices(here.folder / "notify", monkeypatch) as heard:
        here.configure(workers=1)
        process = here.start()
        try:
            until(lambda: "READY=1" in heard() and "WATCHDOG=1" in heard())
            until(lambda: "STATUS=0 mails to decide, 0 actions wait" in heard())
            os.kill(process.pid, signal.SIGHUP)
            until(lambda: heard().count("READY=1") == 2, 60)
            kill(process, signal.SIGTERM)
        finally:
            kill(process)
        told = heard()
        assert re.search(r"RELOADING=1\nMONOTONIC_USEC=\d+\n[^Z]*READY=1", told)
        assert "STOPPING=1" in told


def test_a_loop_that_hangs_is_told_and_the_watchdog_is_fed_no_more(
    here: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = watched(here)
    (tmp_path / "faulty").mkdir()
    (tmp_path / "faulty" / "sitecustomize.py").write_text(HANGING)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'faulty'}{os.pathsep}{ROOT}")
    with Notices(here.folder / "notify", monkeypatch) as heard:
        process = here.start()
        try:
            until(lambda: "WATCHDOG=1" in heard())
            assert ask(f"{address}/health")[0] == 200
            run(here, "stop-answers")
            until(lambda: ask(f"{address}/health")[0] == 503)
            assert json.loads(ask(f"{address}/health")[1])["loops"]["delivery-1"] == "late"
            assert values(address)["processor_loop_late", "delivery-1"] == 1
            until(lambda: "STATUS=Hung: delivery-1" in heard())
            before = heard().count("WATCHDOG=1")
            time.sleep(2.5)
            assert heard().count("WATCHDOG=1") == before
        finally:
            kill(process)


def test_status_says_first_what_a_person_asks_first(address: str, here: Site) -> None:
    told = run(here, "status").stdout
    assert told.splitlines()[0].startswith("mailboxes  oppsigelse: read ")
    assert "undecided  none\n" in told
    assert "queue      1 waiting: 1 termination\n" in told
    assert "answers    go out" in told
    found = json.loads(run(here, "status", "--json").stdout)
    assert found["mailboxes"][0]["name"] == "oppsigelse"
    assert found["oldest_undecided"] is None
    assert found["replies"]["unknown"] == 0
    assert found["backup"] is None


def test_status_tells_of_stopped_answers_replies_of_unknown_fate_and_the_last_backup(here: Site) -> None:
    here.configure(workers=0)
    run(here, "once")
    here.dovecot.deliver(USER, mail())
    run(here, "once")
    with sqlite3.connect(here.database) as store:
        store.execute("update outbox set state = 'unknown'")
    store.close()
    run(here, "stop-answers")
    assert run(here, "backup", str(here.folder / "backup")).returncode == 0
    told = run(here, "status").stdout
    assert "outbox     1 unknown\n" in told
    assert "answers    STOPPED" in told
    assert "backup     " in told
    assert "none was recorded" not in told
    found = json.loads(run(here, "status", "--json").stdout)
    assert (found["answers_stopped"], found["replies"]["unknown"]) == (True, 1)
    assert found["backup"]


class Notices:
    """A socket as systemd's, with a watchdog of three seconds; gives what was heard so far."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path, self.heard = path, ""
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        monkeypatch.setenv("WATCHDOG_USEC", "3000000")

    def __enter__(self) -> Notices:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.socket.setblocking(False)
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def __call__(self) -> str:
        while True:
            try:
                self.heard += self.socket.recv(4096).decode() + "\n"
            except BlockingIOError:
                return self.heard
