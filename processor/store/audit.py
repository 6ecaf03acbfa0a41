"""Verifying the audit chain: whether the events are what was sealed, and the seals what an anchor outside says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select, text

from processor.store import tables as t
from processor.store.copying import snapshot
from processor.store.seals import FIRST, Seal, back_of, leaf, sha256

FAULTS_TOLD = 20
ROWS = 2000
HEAD = re.compile(
    r"seal (?P<id>[0-9]{1,18}) previous (?P<previous>[0-9a-f]{64}) back (?P<back>[0-9a-f]{64})"
    r" events [0-9]{1,18}-(?P<last>[0-9]{1,18}) count [0-9]{1,18} list (?P<list>[0-9a-f]{64}) at \S{1,40}\n"
)
TRIGGERS = frozenset(
    {"append_only_event_update", "append_only_event_delete", "append_only_seal_update", "append_only_seal_delete"}
    | {"append_only_event_text_update"}
)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A seal as it was written down outside of the store.  ``at`` (aware UTC) is when it was written down."""

    seal: int
    digest: str
    last_event: int
    at: str

    def line(self) -> str:
        """One line of JSON, to be kept where whoever can write the store cannot."""
        told = {"anchor": 1, "seal": self.seal, "digest": self.digest, "last_event": self.last_event, "at": self.at}
        return json.dumps(told)


@dataclass(slots=True)
class Verdict:
    """What a verification found.  ``faults`` are in the order of the events, the first is the first bad one.

    ``proven`` is the newest anchor that the chain agrees with, None without one: then the chain is consistent in
    itself and no more.  ``unsealed`` events came after the last seal; ``erased`` texts are gone, as they may be.
    """

    events: int = 0
    seals: int = 0
    unsealed: int = 0
    erased: int = 0
    faults: list[str] = field(default_factory=list)
    proven: Anchor | None = None

    def fault(self, words: str) -> None:
        if len(self.faults) < FAULTS_TOLD:
            self.faults.append(words)


class AnchorError(ValueError):
    """The file holds no anchors; the words are for the operator."""


def anchors_of(content: str) -> list[Anchor]:
    """The anchors of a file, one a line; raises AnchorError with the line's number."""
    found = []
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
            if told["anchor"] != 1:
                raise ValueError(told["anchor"])
            found.append(Anchor(int(told["seal"]), str(told["digest"]), int(told["last_event"]), str(told["at"])))
        except (ValueError, TypeError, KeyError):
            raise AnchorError(f"line {number} is no anchor") from None
    if not found:
        raise AnchorError("it holds no anchor")
    return found


def anchor_of(seal: Seal, now: datetime) -> Anchor:
    """The anchor of a seal."""
    return Anchor(seal.id, seal.digest, seal.last_event, now.isoformat())


def verify(engine: Engine, anchors: Sequence[Anchor] = ()) -> Verdict:
    """Read every event and seal at one moment and compare; changes nothing."""
    verdict = Verdict()
    with snapshot(engine) as conn:
        wanted = {each.seal for each in anchors}
        digests = _chain(conn, verdict, wanted)
        for fault in _missing_triggers(conn):
            verdict.fault(fault)
    for each in sorted(anchors, key=lambda anchor: anchor.seal):
        _compare(each, digests, verdict)
    return verdict


def _compare(anchor: Anchor, digests: dict[int, str], verdict: Verdict) -> None:
    found = digests.get(anchor.seal)
    if found == anchor.digest:
        verdict.proven = anchor
    elif found is None:
        verdict.fault(
            f"The anchor of {anchor.at} names seal {anchor.seal} (up to event {anchor.last_event}), which is not here:"
            " the history was cut, or the store was restored from an older backup."
        )
    else:
        verdict.fault(
            f"The anchor of {anchor.at} names seal {anchor.seal} with another digest: the history up to event"
            f" {anchor.last_event} was written anew."
        )


def _chain(conn: Connection, verdict: Verdict, wanted: set[int]) -> dict[int, str]:
    """Walk events and seals side by side; the digests of the wanted seals."""
    events, digests = _Events(conn, verdict), {}
    # Of the older seals only those that later ones point to: a few, however long the chain is.
    known, number = {0: FIRST}, 0
    for seal in conn.execute(select(t.seal).order_by(t.seal.c.id).execution_options(yield_per=50)):
        number += 1
        if seal.id != number:
            verdict.fault(f"Seal {number} is gone: the next one that is there is {seal.id}.")
            number, known = seal.id, {}
        events.compare(seal, _listed(seal, known, verdict))
        known = {each: digest for each, digest in known.items() if not each or each + (each & -each) > number}
        known[number] = seal.digest
        verdict.seals += 1
        if number in wanted:
            digests[number] = seal.digest
    verdict.unsealed = events.rest()
    return digests


def _listed(seal: t.AnyRow, known: Mapping[int, str], verdict: Verdict) -> list[tuple[int, str]]:
    """The events that a seal vouches for with their digests; nothing where its list cannot be believed."""
    found = HEAD.fullmatch(seal.head)
    if found is None or sha256(seal.head.encode()) != seal.digest or int(found["id"]) != seal.id:
        verdict.fault(f"Seal {seal.id} was changed: its digest is not that of its head.")
        return []
    for older, held in ((seal.id - 1, found["previous"]), (back_of(seal.id), found["back"])):
        if known.get(older, held) != held:
            verdict.fault(f"Seal {seal.id} does not follow seal {older}: one of them was written anew.")
            break
    if sha256(seal.listed.encode()) != found["list"] or int(found["last"]) != seal.last_event:
        verdict.fault(f"Seal {seal.id} was changed: its list of events is not the one that was sealed.")
        return []
    pairs = (line.split(" ") for line in seal.listed.splitlines())
    return [(int(number), digest) for number, digest in pairs]


class _Events:
    """The events in the order of their ids, read once."""

    def __init__(self, conn: Connection, verdict: Verdict) -> None:
        e, x = t.event.c, t.event_text.c
        query = select(t.event, x.salt, x.text.label("words")).outerjoin(t.event_text, x.event_id == e.id)
        self.rows: Iterator[Any] = iter(conn.execute(query.order_by(e.id).execution_options(yield_per=ROWS)))
        self.verdict = verdict
        self.next: Any = next(self.rows, None)

    def take(self) -> Any:
        row, self.next = self.next, next(self.rows, None)
        self.verdict.events += 1
        if row.salt is not None:
            if sha256((row.salt + row.words).encode()) != row.text_digest:
                self.verdict.fault(f"The text of event {row.id} ({row.kind}) was changed.")
        elif row.text_digest:
            self.verdict.erased += 1
        return row

    def compare(self, seal: t.AnyRow, listed: list[tuple[int, str]]) -> None:
        """Compare the events of a seal with its list; pass over them where that is empty."""
        for wanted, digest in listed:
            while self.next is not None and self.next.id < wanted:
                row = self.take()
                self.verdict.fault(f"Event {row.id} ({row.kind}) was put in between after seal {seal.id} was made.")
            if self.next is None or self.next.id != wanted:
                self.verdict.fault(f"Event {wanted} is gone; seal {seal.id} vouches for it.")
                continue
            row = self.take()
            if sha256(leaf(row)) != digest:
                self.verdict.fault(f"Event {row.id} ({row.kind}) was changed since seal {seal.id} was made.")
        while self.next is not None and self.next.id <= seal.last_event:
            self.take()

    def rest(self) -> int:
        """How many events follow the last seal."""
        count = 0
        while self.next is not None:
            self.take()
            count += 1
        return count


def _missing_triggers(conn: Connection) -> Iterator[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if conn.dialect.name == "postgresql":
        # Not those that were switched off.
        query = (
            "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D' AND tgrelid IN"
            " (CAST('event' AS regclass), CAST('seal' AS regclass), CAST('event_text' AS regclass))"
        )
    there = set(conn.execute(text(query)).scalars())
    for name in sorted(TRIGGERS - there):
        yield f"The database does not refuse changes any more: its trigger {name} is missing."
