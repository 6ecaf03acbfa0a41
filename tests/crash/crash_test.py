"""``make crash-test N=10``: kill -9 the running program at random moments, restart it, then count.

Real Dovecot, real SMTP, the real program with two workers.  Mails arrive while it runs and dies.  At the
end the mailbox, the store and what the SMTP server took are compared: every mail is recorded, one ticket
a letter, at most one answer a mail.  The seed is printed; the same seed kills after the same waits.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.bench.site import USER, Site, corpus, kill, site

# A mail whose decision was killed three times is set aside for a person: seen, not lost.
ACCOUNTED = "select count(*) from mail where state in ('decided', 'set_aside')"
SETTLED = "select count(*) from outbox where state in ('ready', 'sending', 'retry')"


def crash(rounds: int, mails: int, seed: int, folder: Path, quiet: bool = False, forked: bool = False) -> list[str]:
    """Run the whole test in a folder; returns what is wrong, nothing when all is well."""
    dice = random.Random(seed)
    with site(folder, forked=forked) as here:
        here.configure(workers=1)
        # The first start fixes the time from which mail is answered; it must lie before the mails.
        process = here.start()
        await_true(lambda: here.ask("select 1 from mailbox"))
        kill(process)
        waiting = corpus(mails)
        for number in range(rounds):
            share, waiting = waiting[: mails // rounds + 1], waiting[mails // rounds + 1 :]
            process = here.start()
            for raw in share:
                here.dovecot.deliver(USER, raw)
            pause = dice.uniform(0.8, 4.0)
            time.sleep(pause)
            kill(process)
            if not quiet:
                print(f"round {number + 1:3}: killed after {pause:.2f} s, {told(here)}", flush=True)
        process = here.start()
        try:
            await_true(lambda: count(here, ACCOUNTED) >= mails)
            await_true(lambda: count(here, SETTLED) == 0)
        except TimeoutError:
            return [f"not finished after a minute: {told(here)}"]
        finally:
            kill(process, 15)
        if not quiet:
            print(f"at the end: {told(here)}")
        return faults(here, mails)


def faults(here: Site, mails: int) -> list[str]:
    """Compare mailbox, store and the SMTP server's received mail."""
    found = []
    with here.dovecot.client(USER) as client:
        client.select_folder("INBOX", readonly=True)
        on_server = len(client.search())
    if on_server != mails:
        found.append(f"{on_server} of {mails} mails on the server")
    letters = count(here, "select count(*) from mail")
    if letters != mails:
        found.append(f"{letters} mails kept of {mails} (lost or doubled)")
    if lonely := count(here, "select count(*) from mail where ticket_id is null and state = 'decided'"):
        found.append(f"{lonely} decided mails have no ticket")
    doubled = [each for each, number in Counter(row["message_id"] for row in here.taken()).items() if number > 1]
    if doubled:
        found.append(f"{len(doubled)} answers went out twice: {doubled[:3]}")
    per_customer = Counter(str(row["to"]) for row in here.taken())
    if twice := [each for each, number in per_customer.items() if number > 1]:
        found.append(f"{len(twice)} customers got two answers: {twice[:3]}")
    sent = count(here, "select count(*) from outbox where state = 'sent'")
    unknown = count(here, "select count(*) from outbox where state = 'unknown'")
    if not sent <= len(here.taken()) <= sent + unknown:
        found.append(f"{len(here.taken())} answers taken, {sent} sent and {unknown} unknown in the store")
    return found


def told(here: Site) -> str:
    kept = count(here, "select count(*) from mail")
    decided = count(here, "select count(*) from mail where state = 'decided'")
    states = ", ".join(
        f"{number} {state}" for state, number in here.ask("select state, count(*) from outbox group by state")
    )
    aside = kept - decided - count(here, "select count(*) from mail where state = 'kept'")
    decided_words = f"{decided} decided" + (f", {aside} set aside" if aside else "")
    return f"{kept} kept, {decided_words}, outbox: {states or 'empty'}; {len(here.taken())} answers taken"


def count(here: Site, query: str) -> int:
    rows = here.ask(query)
    return int(str(rows[0][0])) if rows else 0


def await_true(true: object, seconds: float = 60) -> None:
    assert callable(true)
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.05)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--mails", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"seed {options.seed}: {options.rounds} kills during {options.mails} mails")
    with tempfile.TemporaryDirectory() as name:
        wrong = crash(options.rounds, options.mails, options.seed, Path(name))
    for each in wrong:
        print("WRONG:", each)
    print("nothing lost, nothing doubled" if not wrong else f"{len(wrong)} laws broken")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
