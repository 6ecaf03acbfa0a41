"""``make crash-test N=10``: kill -9 the program, start it again, N times; then count.

Real Dovecot, real SMTP, the real program.  Each round brings two mails by default; now and then a person says that an
action is done, which lets a confirmation go out.  Of three kills one is at a named step of the road
(``die_at.STEPS``, each in its turn), one while a daemon with a worker begins and fetches, and one after it was seen
at work, at random moments.  At the end mailbox, store and what the SMTP server took are compared: every mail is
kept and accounted for, one ticket a letter, at most one answer a mail, each confirmation at least once and always
under its one Message-ID.  The seed is printed; the same seed kills after the same waits and at the same steps.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from processor.store.replies import UNDO
from tests.bench.site import ROOT, USER, Site, corpus, kill, site
from tests.crash.die_at import STEPS
from tests.servers import ready

# A mail whose decision was killed three times is set aside for a person: seen, not lost.
ACCOUNTED = "select count(*) from mail where state in ('decided', 'set_aside')"
SETTLED = (
    "select count(*) from outbox where state in ('ready', 'sending', 'retry') "
    f"or state = 'held' and hold_reason = '{UNDO}'"
)
REGISTERED = (
    "select action.id from action where kind = 'register_termination' and state = 'waiting' order by id desc limit 1"
)
BEGINNING, AT_WORK = (0.0, 1.0), (0.0, 0.4)
"""Seconds from the start, and from the first sign of work, within which the kill comes."""
PER_DEED = 10
"""Every so many rounds a person says that something is done."""


@dataclass
class Rounds:
    """What the rounds have done so far; ``at`` counts the kills by where they fell."""

    here: Site
    dice: random.Random
    secret: str
    at: Counter[str] = field(default_factory=Counter)
    confirmed: int = 0

    def named(self, number: int) -> str:
        """One pass that dies right after a named step, if it comes so far."""
        step = list(STEPS)[number // 3 % len(STEPS)]
        config = str(self.here.folder / "config.toml")
        ended = ready.run([step, config], ROOT, os.environ, "tests.crash.die_at").returncode
        return step if ended == -9 else f"{step}: not reached"

    def beginning(self, _: int) -> str:
        """A daemon that is killed while it begins, connects and fetches."""
        process = self.here.start()
        time.sleep(self.dice.uniform(*BEGINNING))
        kill(process)
        return "while it began"

    def at_work(self, _: int) -> str:
        """A daemon that is killed a moment after the store shows that it works."""
        before, pause = signs(self.here), self.dice.uniform(*AT_WORK)
        process = self.here.start()
        try:
            await_true(lambda: signs(self.here) != before, 10)
            where = "at work"
        except TimeoutError:
            where = "with nothing to do"
        time.sleep(pause)
        kill(process)
        return where

    def deed(self) -> None:
        """A person says that a notice is registered, which lets its confirmation go out."""
        for (action,) in self.here.ask(REGISTERED):
            words = ["queue", "done", f"a{action}", "--as", "Kari", "--last-day", "31.12.2027"]
            command = [*words, "--config", str(self.here.folder / "config.toml")]
            done = ready.run(command, ROOT, {**os.environ, "PROCESSOR_SECRET": self.secret})
            # None leaves while another action of the same item is open; the command says so.
            self.confirmed += "goes out to" in done.stdout

    def run(self, number: int, mails: list[bytes]) -> str:
        for raw in mails:
            self.here.dovecot.deliver(USER, raw)
        if number % PER_DEED == PER_DEED - 1:
            self.deed()
        kinds: tuple[Callable[[int], str], ...] = (self.named, self.beginning, self.at_work)
        where = kinds[number % 3](number)
        self.at[where] += 1
        return where


def crash(rounds: int, mails: int, seed: int, folder: Path, quiet: bool = False) -> list[str]:
    """Run the whole test in a folder; returns what is wrong, nothing when all is well."""
    say: Callable[[str], None] = (lambda _: None) if quiet else lambda line: print(line, flush=True)
    with site(folder, forked=True) as here:
        config = here.configure(workers=1)
        # The first start fixes the time from which mail is answered; it must lie before the mails.
        process = here.start()
        await_true(lambda: here.ask("select 1 from mailbox"))
        kill(process)
        added = ready.run(["people", "add", "Kari", "--config", str(config)], ROOT, os.environ)
        done = Rounds(here, random.Random(seed), added.stdout.split()[-1])
        waiting = corpus(mails)
        for number in range(rounds):
            share, waiting = waiting[: -(-mails // rounds)], waiting[-(-mails // rounds) :]
            where = done.run(number, share)
            say(f"round {number + 1:3}: killed {where}; {told(here)}")
        process = here.start()
        try:
            await_true(lambda: count(here, ACCOUNTED) >= mails)
            await_true(lambda: count(here, SETTLED) == 0)
        except TimeoutError:
            return [f"not finished after a minute: {told(here)}"]
        finally:
            kill(process, 15)
        say(f"at the end: {told(here)}; {done.confirmed} confirmations wanted")
        for where, number in sorted(done.at.items()):
            say(f"  {number:4} killed {where}")
        return faults(here, mails, done.confirmed)


def faults(here: Site, mails: int, confirmed: int) -> list[str]:
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
    return [*found, *_answers(here), *_confirmations(here, confirmed)]


def _answers(here: Site) -> list[str]:
    """What is wrong with the answers that were taken, confirmations aside."""
    found = []
    confirmations = {str(each) for (each,) in here.ask("select message_id from outbox where kind = 'confirmation'")}
    answers = [row for row in here.taken() if str(row["message_id"]) not in confirmations]
    if twice := [each for each, number in Counter(row["message_id"] for row in answers).items() if number > 1]:
        found.append(f"{len(twice)} answers went out twice: {twice[:3]}")
    if twice := [each for each, number in Counter(str(row["to"]) for row in answers).items() if number > 1]:
        found.append(f"{len(twice)} customers got two answers: {twice[:3]}")
    sent = count(here, "select count(*) from outbox where state = 'sent' and kind <> 'confirmation'")
    unknown = count(here, "select count(*) from outbox where state = 'unknown' and kind <> 'confirmation'")
    if not sent <= len(answers) <= sent + unknown:
        found.append(f"{len(answers)} answers taken, {sent} sent and {unknown} unknown in the store")
    return found


def _confirmations(here: Site, wanted: int) -> list[str]:
    """Each is wanted once, taken at least once, and every copy bears its one Message-ID."""
    rows = here.ask("select message_id, state from outbox where kind = 'confirmation'")
    taken = Counter(str(row["message_id"]) for row in here.taken())
    found = [f"the confirmation {key} is {state}" for key, state in rows if state != "sent"]
    found += [f"the confirmation {key} was never taken" for key, _ in rows if not taken[str(key)]]
    return found if len(rows) == wanted else [*found, f"{len(rows)} confirmations of {wanted}"]


def signs(here: Site) -> tuple[int, ...]:
    """What grows while the program works."""
    queries = ("select count(*) from mail", "select count(*) from event", "select count(*) from outbox_attempt")
    return tuple(count(here, query) for query in queries)


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


def await_true(true: Callable[[], object], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.02)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--mails", type=int, default=0, help="two a round where none is said")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    mails = options.mails or 2 * options.rounds
    print(f"seed {options.seed}: {options.rounds} kills during {mails} mails")
    with tempfile.TemporaryDirectory() as name:
        wrong = crash(options.rounds, mails, options.seed, Path(name))
    for each in wrong:
        print("WRONG:", each)
    print("nothing lost, nothing doubled" if not wrong else f"{len(wrong)} laws broken")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
