"""Mail bombs by reflection (threats T30, T31): many mails of many senders, forged or proven, and what is answered.

    python -m tests.bench.bomb [--mails 10000] [--senders 1000]

Prints a line for each kind of sender; exits 1 if a forged one is answered, or proven ones beyond the caps.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from processor.store.keep import Arrival, keep
from processor.ticket import Limits
from tests.steps.talk import Talk, talk

MAIL = (
    "Return-Path: <{who}>\r\nAuthentication-Results: mx.kundesenter.example; dmarc={verdict} header.from={domain}\r\n"
    "Received: from x by mx.kundesenter.example; Thu, 26 Nov 2026 10:00:00 +0100\r\nFrom: Kari Holm <{who}>\r\n"
    "Date: Thu, 26 Nov 2026 10:00:00 +0100\r\nTo: oppsigelse@visma.no\r\nSubject: Oppsigelse {number}\r\n"
    "Message-ID: <{number}@{domain}>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    "Vi sier opp avtalen om Visma Global. Sak {number}.\r\n"
)
BATCH = 500


def bomb(here: Talk, mails: int, senders: int, verdict: str) -> int:
    """Keep and decide so many mails; how many answers may leave by themselves."""
    for first in range(0, mails, BATCH):
        raws = [_mail(number, senders, verdict) for number in range(first, min(first + BATCH, mails))]
        arrivals = [Arrival("a", "INBOX", 1, first + at, here.now, len(raw), raw) for at, raw in enumerate(raws, 1)]
        keep(here.engine, arrivals, here.now)
        here.work()
    return int(here.ask("select count(*) from outbox where state = 'ready'")[0][0])


def _mail(number: int, senders: int, verdict: str) -> bytes:
    domain = f"offer{number % senders}-demo.no"
    text = MAIL.format(who=f"kari@{domain}", domain=domain, verdict=verdict, number=number)
    return text.encode()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mails", type=int, default=10_000)
    parser.add_argument("--senders", type=int, default=1_000)
    given = parser.parse_args()
    limits, wrong = Limits(), False
    for verdict, most in (("fail", 0), ("pass", min(limits.in_all, given.senders * limits.per_sender))):
        with tempfile.TemporaryDirectory() as folder:
            here, began = talk(Path(folder)), time.monotonic()
            answers = bomb(here, given.mails, given.senders, verdict)
            here.engine.dispose()
        wrong |= answers > most
        took = time.monotonic() - began
        print(
            f"dmarc={verdict}: {given.mails} mails of {given.senders} senders, {answers} answers ({most} at most), {took:.0f} s"
        )
    sys.exit(wrong)


if __name__ == "__main__":
    main()
