"""``make bench-flood``: fifty thousand mails at once, while an urgent one comes to another mailbox and staff look at a page.

Prints, while it runs and at the end: memory of the daemon and its children (what they share counts once), how long the
urgent mail waited for its action, how long a page of the desk took, and how many answers left under the usual limits.
For a while nobody listens where answers go, and mail is taken in all the same.  Exit status 1 when mail is missing or a
limit was broken.
"""

from __future__ import annotations

import argparse
import http.client
import re
import statistics
import sys
import tempfile
import time
import urllib.parse
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from processor.desk import passwords
from processor.store.accounts import account, set_password
from processor.store.engine import open_store
from processor.store.people import add_person
from processor.ticket import Limits
from tests.bench.site import AUTHSERV_ID, PASSWORD, ROOT, USER, Site, kill
from tests.bench.waiting import started, wait
from tests.servers import ready
from tests.servers.dovecot import Dovecot, free_port

URGENT = "skysupport"
LIMITS = Limits()
WORD = "fire vanlige ord her"


def letter(number: int, senders: int) -> bytes:
    """A mail of the flood: one of so many senders, each of a domain of its own, all proven."""
    return _mail(f"kari@flod{number % senders}-demo.no", number, f"Hei, hva koster Visma Global for {number} brukere?")


def _mail(sender: str, number: int, words: str) -> bytes:
    domain, now = sender.partition("@")[2], format_datetime(datetime.now(UTC))
    text = (
        f"Return-Path: <{sender}>\nReceived: from mail.{domain} by {AUTHSERV_ID}; {now}\n"
        f"Authentication-Results: {AUTHSERV_ID}; dmarc=pass header.from={domain}\nDate: {now}\n"
        f"Message-ID: <{number}.{time.time_ns()}@{domain}>\nFrom: Kari Holm <{sender}>\nTo: oppsigelse@visma.no\n"
        f"Subject: Henvendelse {number}\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{words}\n\nKari Holm\n"
    )
    return text.replace("\n", "\r\n").encode()


def memory(pid: int) -> tuple[float, float]:
    """MB of the daemon with the children that read and decide, and of the desk's process."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ours, desk = 0.0, 0.0
    for each in (str(pid), *children):
        with suppress(OSError):
            words = Path(f"/proc/{each}/cmdline").read_bytes()
            rolled = Path(f"/proc/{each}/smaps_rollup").read_text()
            found = re.search(r"(?m)^Pss:\s+(\d+)", rolled)
            used = int(found[1]) / 1024 if found else 0.0
            ours, desk = (ours, desk + used) if b"processor.desk" in words else (ours + used, desk)
    return ours, desk


class Staff:
    """Somebody who looks at the queue every second."""

    def __init__(self, port: int) -> None:
        self.port, self.took = port, list[float]()
        body = urllib.parse.urlencode({"name": "Kari", "password": WORD})
        answer = self._ask("POST", "/sign-in", body, {"Content-Type": "application/x-www-form-urlencoded"})
        self.cookie = answer.getheader("set-cookie", "").partition(";")[0]

    def look(self) -> None:
        began = time.perf_counter()
        answer = self._ask("GET", "/queue", None, {"Cookie": self.cookie})
        if answer.status == 200:
            self.took.append(time.perf_counter() - began)

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> http.client.HTTPResponse:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        line.request(method, path, body, headers)
        answer = line.getresponse()
        answer.read()
        line.close()
        return answer


def configure(here: Site, desk: int) -> None:
    """Two mailboxes, the usual limits, one worker, and the desk."""
    text = here.configure(1).read_text()
    text = re.sub(r"(?m)^(in_all|per_domain) = .*\n", "", text)
    box = text[text.index("[[mailbox]]") : text.index("[run]")]
    other = box.replace(f'"{USER}"', f'"{URGENT}"').replace('"termination"', '"support"')
    desk_table = f'[desk]\nlisten = "127.0.0.1:{desk}"\n'
    (here.folder / "config.toml").write_text(text.replace("[run]", f"{other}[run]") + desk_table)


def sink(port: int, folder: Path) -> ready.Process:
    """The SMTP server that answers go to."""
    running = ready.with_pipes_afresh([sys.executable, "-m", "tests.bench.sink", str(port), str(folder)])
    assert running.stdout
    running.stdout.readline()
    return running


def decided(here: Site) -> int:
    return int(str(here.ask("select count(*) from mail where state = 'decided'")[0][0] or 0))


def urgent(here: Site, number: int) -> float:
    """Seconds until a notice to the other mailbox stands in the queue; its answer may be held by then (threats T31)."""
    sender, began = f"ola@haster{number}-demo.no", time.monotonic()
    notice = "Vi sier opp Visma Global fra 31.12.2027.\n\nFjord Bygg AS, org.nr 328627035"
    here.dovecot.deliver(URGENT, _mail(sender, number, notice))
    queued = f"select 1 from ticket k join action a on a.ticket_id = k.id where k.sender = '{sender}'"
    wait(lambda: here.ask(queued), "the urgent notice's action", 600)
    return time.monotonic() - began


def flood(mails: int, senders: int) -> bool:
    port, desk = free_port(), free_port()
    with tempfile.TemporaryDirectory() as name, Dovecot({USER: PASSWORD, URGENT: PASSWORD}) as dovecot:
        here = Site(Path(name), dovecot, port)
        taking = sink(port, here.folder)
        configure(here, desk)
        here.start("once").wait()
        engine = open_store(f"sqlite:///{here.database}")
        add_person(engine, "Kari", datetime.now(UTC), "agent")
        kari = account(engine, "Kari")
        assert kari
        set_password(engine, kari.person, passwords.HASHER.hash(WORD), datetime.now(UTC))
        engine.dispose()
        daemon = started(here, 1)
        try:
            staff = Staff(desk)
            calm = urgent(here, 0)
            print(
                f"before: {memory(daemon.pid)[0]:.0f} MB, an urgent notice in the queue after {calm:.1f} s", flush=True
            )
            dovecot.deliver_at_once(USER, (letter(number, senders) for number in range(mails)))
            print(f"{mails} mails of {senders} senders are there", flush=True)
            return _watch(here, daemon, staff, taking, mails, senders)
        finally:
            kill(daemon)
            taking.kill()
            if here.reader:
                here.reader.close()


def _watch(here: Site, daemon: ready.Process, staff: Staff, taking: ready.Process, mails: int, senders: int) -> bool:
    began, waited, peaks, told, quiet = time.monotonic(), list[float](), list[float](), 0, False
    while (done := decided(here) - 1 - len(waited)) < mails:
        peaks.append(memory(daemon.pid)[0])
        staff.look()
        if done * 10 // mails > told:
            told = done * 10 // mails
            print(
                f"{done:7} decided, {peaks[-1]:4.0f} MB, {done / (time.monotonic() - began):4.0f} a second", flush=True
            )
            if told in (2, 8):
                waited.append(urgent(here, told))
            if told == 4 and not quiet:
                # Nobody takes answers any more: mail must come in all the same.
                taking.kill()
                taking.wait()
                quiet = True
            if told == 7 and quiet:
                taking.stdout and taking.stdout.close()
                taking = sink(here.smtp_port, here.folder)
                quiet = False
        time.sleep(1)
    spent = time.monotonic() - began
    answers = int(str(here.ask("select count(*) from outbox where attempted_at is not null")[0][0]))
    most = min(LIMITS.in_all * (1 + int(spent // 3600)), senders * LIMITS.per_sender) + 3
    first, last = statistics.mean(peaks[: len(peaks) // 5 or 1]), statistics.mean(peaks[-(len(peaks) // 5 or 1) :])
    print(
        f"{mails} mails decided in {spent:.0f} s ({mails / spent:.0f} a second); memory {max(peaks):.0f} MB at most,"
        f" {first:.0f} MB in the first fifth and {last:.0f} MB in the last\n"
        f"urgent notices in the queue after {', '.join(f'{each:.1f} s' for each in waited)}\n"
        f"the queue's page: median {statistics.median(staff.took) * 1000:.0f} ms, slowest {max(staff.took) * 1000:.0f} ms"
        f" of {len(staff.took)}\n"
        f"{answers} answers tried ({most} at most)"
    )
    taking.kill()
    return answers <= most


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mails", type=int, default=50_000)
    parser.add_argument("--senders", type=int, default=1_000)
    given = parser.parse_args()
    sys.exit(not flood(given.mails, given.senders))


if __name__ == "__main__":
    assert ROOT
    main()
