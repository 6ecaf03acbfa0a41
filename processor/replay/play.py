"""One page of stored mails through the rules on trial, in whatever process this runs.

The store is opened so that nothing can be written.  Equal mails, files read, rules, model and context give
equal bytes, so a difference is always a difference of the rules (or of the program).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from processor.ciphers import DamagedError
from processor.config import Config
from processor.loading.configuration import load_config
from processor.loading.rules import load_rulebook
from processor.pipeline import Read, conclude, read_and_understand
from processor.replay.difference import Difference, Side, differing, side
from processor.replay.judging import Judgement, Stand, judgement
from processor.steps.opened import opened
from processor.steps.surroundings import Surroundings
from processor.store.columns import canonical
from processor.store.engine import open_to_read
from processor.store.past import PastMail, past_mails
from processor.store.restoring import restored
from processor.store.staff_words import Word, staff_words
from processor.store.transaction import reading
from processor.store.work import Pending
from processor.ticket import Context
from processor.world.confined import Confined

COUNTS = ("same", "alike", "changed", "no_bytes", "no_record", "failed")
"""What can become of a mail: the same bytes; alike but for how sure we are; changed; its bytes, or what was stored
with its decision, are no longer kept; it broke the program."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried, and on which mails.  ``version`` is the rules' digest, so that all processes try the same."""

    config: Path
    rules_dir: Path
    templates_dir: Path
    model_file: Path | None
    since: datetime | None
    context_now: bool
    version: str


class ChangedMeanwhileError(Exception):
    """The rules on trial were changed while the replay ran."""


@dataclass(frozen=True, slots=True)
class Overruled:
    """A mail that staff overruled and that would be decided against them again, with no difference at all."""

    mail_id: int
    ticket_no: str
    sender: str
    subject: str
    decided: str
    staff: Judgement


@dataclass(frozen=True, slots=True)
class Page:
    """What became of a page's mails.  ``faults`` are the mails that broke the program, with the error's last line.

    ``stands`` counts how the rules stand to staff's word, over all mails of which staff said something.
    """

    counts: Counter[str] = field(default_factory=Counter)
    stands: Counter[Stand] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    overruled: list[Overruled] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)


class Player:
    """Plays pages of mails in one process."""

    def __init__(self, trial: Trial, files: Confined) -> None:
        self.trial, self.files = trial, files
        self.config: Config = load_config(trial.config, passwords=False)
        self.engine = opened(self.config, open_to_read)
        # The addresses of ours come with each context, as they were known then.
        self.rulebook = load_rulebook(trial.rules_dir, trial.templates_dir, (), trial.model_file)
        if self.rulebook.version != trial.version:
            raise ChangedMeanwhileError(f"{trial.rules_dir} was changed while the replay ran: begin again.")

    def page(self, first: int, last: int) -> Page:
        """Decide the mails of a page anew and compare."""
        page = Page()
        with reading(self.engine) as conn:
            words = staff_words(conn, first, last)
        for mail in past_mails(self.engine, first, last, self.trial.since):
            try:
                what = self._one(mail, words.get(mail.mail_id), page)
            except Exception as error:
                # A fault of our code or of the mail must not hide what becomes of the others.
                what = "failed"
                page.faults.append((mail.mail_id, f"{type(error).__name__}: {error}"[:300]))
            page.counts[what] += 1
        return page

    def _one(self, mail: PastMail, word: Word | None, page: Page) -> str:
        """Decide a mail anew and note on the page what differs and what staff said; gives what became of it."""
        if mail.fault:
            raise DamagedError(f"its bytes in the store are {mail.fault}")
        if mail.raw is None:
            return "no_bytes"
        if not mail.told:
            return "no_record"
        stored: dict[str, Any] = json.loads(mail.told)
        known = restored(Context, stored["context"])
        read = read_and_understand(mail.raw, self.rulebook, self.files.extract)
        context = self._today(mail, read, known) if self.trial.context_now else known
        decision = conclude(read, context, self.rulebook)
        new = json.loads(canonical({"understanding": read.understanding, "decision": decision}))
        old_side, new_side = side(stored), side(new)
        kinds = differing(old_side, new_side)
        staff = judgement(word, old_side, new_side) if word else None
        if staff:
            page.stands[staff.stand] += 1
        about = (mail.mail_id, mail.ticket_no, mail.sender, mail.subject)
        if kinds:
            page.differences.append(Difference(*about, mail.arrived_at, kinds, old_side, new_side, staff))
            return "changed"
        if staff and staff.stand == "still":
            page.overruled.append(Overruled(*about, _taken_for(new_side), staff))
        return "same" if _bare(stored) == _bare(new) else "alike"

    def _today(self, mail: PastMail, read: Read, known: Context) -> Context:
        """What registers and configuration say today, about a mail that comes as it came then.

        Its time, ticket, mailbox and the replies counted then stay: by today's clock every mail is too old to be
        answered, which is no news about the rules.
        """
        pending = Pending(mail.mail_id, b"", known.arrival, mail.account, "", mail.purpose, mail.junk, 0)
        starts = {mail.account: known.answer_from or known.arrival}
        with reading(self.engine) as conn:
            said = [read.understanding]
            around = Surroundings(conn, self.rulebook, self.config, [read.message], starts, known.now, said)
            today, _ = around.of(pending, read.message)
        return replace(
            today,
            arrival_flag=known.arrival_flag,
            ticket_no=known.ticket_no,
            joins=known.joins,
            replies_to_sender=known.replies_to_sender,
            replies_to_domain=known.replies_to_domain,
            replies_in_thread=known.replies_in_thread,
            replies_in_all=known.replies_in_all,
            answer_from=known.answer_from,
            earlier=known.earlier,
            outage_hours=known.outage_hours,
            may_belong_to=known.may_belong_to,
            lookups=known.lookups,
            scan=known.scan,
        )


def _taken_for(side: Side) -> str:
    return ", ".join(side.type) or ", ".join(side.rule) or "nothing"


def _bare(told: dict[str, Any]) -> tuple[Any, Any]:
    """Understanding and decision without the digest of the rules, which says nothing about the mail."""
    return told["understanding"], {**told["decision"], "version": ""}


@contextmanager
def player(trial: Trial) -> Iterator[Player]:
    """A player whose child process and connections end with the block."""
    with Confined() as files:
        made = Player(trial, files)
        try:
            yield made
        finally:
            made.engine.dispose()
