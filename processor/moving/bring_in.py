"""A source of mails into the store: batch by batch, each with its checkpoint, so that a killed import goes on.

The order: what is here already is told by its bytes before anything is read; the rest is read and understood beside;
a batch is written in one commit with the place up to which the source is done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from sqlalchemy.engine import Engine

from processor.config import Config
from processor.loading.patterns import load_words
from processor.loading.problems import Refused
from processor.moving.beside import Batch, Recipe, Result, read_beside
from processor.moving.found import KNOWN, NOTES_ONLY, Found, Owner, Source
from processor.moving.past import Reader, side_of
from processor.rulebook import Rulebook
from processor.store.arrivals import Arrival
from processor.store.history import PastMail, PastNote, known_digests, take_history, waits_in_parts
from processor.store.import_runs import Run, begin_import, end_import
from processor.store.keep_stream import keep_stream

MOST = 200
MOST_BYTES = 6_000_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the source is read, in its unit, and what became of its mails so far, earlier runs included."""

    done: int
    run: Run


@dataclass(frozen=True, slots=True)
class Span:
    """Which times are history: from ``since`` to before ``before``, aware, None without a bound."""

    since: datetime | None = None
    before: datetime | None = None

    def misses(self, mail: PastMail) -> str:
        """``later`` or ``earlier`` for a mail outside, ``""`` within."""
        if self.before and mail.arrived_at >= self.before:
            return "later"
        return "earlier" if self.since and mail.arrived_at < self.since else ""


@dataclass
class BringIn:
    """One import of one source; ``clock`` gives aware UTC.  ``rulebook`` is that of the rules in force, if it is loaded."""

    engine: Engine
    config: Config
    source: Source
    owner: Owner
    clock: Callable[[], datetime]
    span: Span = field(default_factory=Span)
    jobs: int = 1
    actor: str = "import"
    rulebook: Rulebook | None = None

    def run(self, *, anew: bool = False) -> Generator[Progress, None, None]:
        """Take the source in; yields after each commit.  Raises OvertakenImportError, and what the source raises."""
        run = begin_import(self.engine, self.source.name, self.source.mark, self.clock(), anew=anew)
        side = partial(side_of, self._public_domains())
        yield Progress(self.source.done_at(run.position), run)
        recipe = Recipe(self.config.path, self.owner, self.clock())
        reader = Reader(self.config, self.rulebook, self.owner, recipe.now) if self.rulebook else None
        for batch, results in read_beside(recipe, self._batches(run.position), self.jobs, reader):
            run = self._take(run, batch, results, side)
            yield Progress(batch[-1].done, run)
        end_import(self.engine, run, self.actor, self.clock())

    def _public_domains(self) -> frozenset[str]:
        if self.rulebook:
            return self.rulebook.public_domains
        public, problems = load_words(self.config.rules_dir / "data" / "public_domains.toml")
        if problems:
            raise Refused(problems)
        return public

    def _take(self, run: Run, batch: Batch, results: Result, side: Callable[[str], str]) -> Run:
        counts: Counter[str] = Counter()
        faults: list[tuple[str, str]] = []
        mails: list[PastMail] = []
        notes: list[PastNote] = []
        for found, result in zip(batch, results, strict=True):
            notes += found.notes
            counts["lacking"] += found.lacking
            if isinstance(result, str):
                counts[result if result in (KNOWN, NOTES_ONLY) else "unreadable"] += 1
                faults += [(found.name, result)] if result not in (KNOWN, NOTES_ONLY) else []
            elif missed := self.span.misses(result):
                counts[missed] += 1
            else:
                mails.append(result)
        after = run.at(batch[-1].position, counts, tuple(faults))
        told = take_history(self.engine, run, after, mails, notes, side, self.clock())
        return after.at(after.position, told, ())

    def _batches(self, position: str) -> Iterator[Batch]:
        batch: list[Found] = []
        size = 0
        for found in self.source.mails(position):
            if found.pieces is not None:
                found = self._kept(found)
            batch.append(found)
            size += len(found.raw or b"")
            if len(batch) >= MOST or size >= MOST_BYTES:
                yield self._without_known(batch)
                batch, size = [], 0
        if batch:
            yield self._without_known(batch)

    def _without_known(self, batch: list[Found]) -> Batch:
        """The batch with what is here already marked, so that nobody reads it; its bytes are let go."""
        # Those of another system are read again, since they bear its ticket's name and notes.
        whole = [n for n, each in enumerate(batch) if each.raw is not None and not (each.fault or each.thread)]
        known = known_digests(self.engine, [batch[n].raw or b"" for n in whole])
        for n, there in zip(whole, known, strict=True):
            if there:
                batch[n] = replace(batch[n], raw=b"", fault=KNOWN)
        return batch

    def _kept(self, found: Found) -> Found:
        """Keep a large mail in parts now, while its source holds still."""
        uidvalidity, uid = found.place or (0, 0)
        pieces = found.pieces or (lambda: iter(()))
        shown = Arrival(self.owner.account, found.folder, uidvalidity, uid, found.at, found.size, None, found.head)
        kept = keep_stream(self.engine, shown, pieces(), self.clock())
        if not kept.new and not waits_in_parts(self.engine, kept.mail_id, self.owner.account, found.folder):
            return replace(found, pieces=None, fault=KNOWN)
        return replace(found, pieces=None, kept_as=kept.mail_id)
