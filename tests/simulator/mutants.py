"""The program broken on purpose: each mutant drops one safeguard, and the laws must find it.

``python -m tests.simulator --mutant NAME`` runs until a law is broken.  A safeguard that has another one behind it is
dropped together with that: losing either alone breaks nothing, which is why there are two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from sqlalchemy import Integer, bindparam, or_, select, update

from processor.pipeline import read_mail
from processor.steps import take_in, work_off
from processor.steps.surroundings import Surroundings
from processor.store import actions, keep, outbox, replies, sending, sweep
from processor.store import tables as t
from processor.store.arrivals import digest_of
from processor.store.prepared import Prepared, Query
from processor.store.transaction import writing
from processor.store.watermarks import advance
from processor.ticket import OutboxState
from processor.world.courier import Courier

Patches = list[Any]


def sent_before_data() -> Patches:
    """A reply is marked as sent when it begins to leave: a crash or a lost line loses it."""
    attempt = outbox.attempt_all

    def marked(engine: Any, host: str, now: Any, starts: Any, after: Any) -> list[int]:
        began = attempt(engine, host, now, starts, after)
        for each in starts:
            outbox.sent(engine, each.id, each.fence, "250 surely", now)
        return began

    return [patch.object(outbox, "attempt_all", marked)]


def attempt_after_data() -> Patches:
    """The attempt is written only with the result: a crash after the dot leaves a row that is sent again."""
    send = Courier.send

    def late(self: Any, envelope: str, to: str, data: bytes, on_data: Callable[[], None], **more: Any) -> Any:
        outcome = send(self, envelope, to, data, lambda: None, **more)
        on_data()
        return outcome

    return [patch.object(Courier, "send", late)]


def no_claim() -> Patches:
    """Who sends does not look whether the row is still theirs: neither at its state nor at its fence."""
    o = t.outbox.c
    anyway = (
        update(t.outbox)
        .where(o.id == bindparam("row"))
        .values(state="sending", attempted_at=bindparam("now_at"), tries=o.tries + 1)
        .returning(o.ticket_id, o.message_id)
    )
    anybody = select(o.id, o.automatic).where(outbox._DUE, outbox._IN_TIME).order_by(o.automatic, o.id)
    held = update(t.outbox).where(o.id.in_(bindparam("chosen", expanding=True)))
    hold = held.values(claimed_by=bindparam("worker"), claimed_until=bindparam("until"), fence=o.fence + 1)
    return [
        patch.object(sending, "_ATTEMPT", Prepared(anyway)),
        patch.object(outbox, "_NEXT", Query(anybody.limit(bindparam("most", type_=Integer)))),
        patch.object(outbox, "_HOLD", Query(hold.returning(*outbox._OUTGOING))),
    ]


def done_before_kept() -> Patches:
    """The server is told of a mail as soon as it was fetched."""
    kept = take_in.keep_mails

    def told(mailbox: Any, folder: Any, mails: Any, *rest: Any) -> Any:
        for each in mails:
            mailbox.settle(folder.name, each.uidvalidity, [each.uid])
        return kept(mailbox, folder, mails, *rest)

    return [patch.object(take_in, "keep_mails", told)]


def mark_before_kept() -> Patches:
    """The watermark moves on before the mails below it are kept."""
    kept = take_in.keep_mails

    def early(mailbox: Any, folder: Any, mails: Any, engine: Any, clock: Any) -> Any:
        for each in mails:
            advance(engine, mailbox.settings.name, folder.name, each.uidvalidity, each.uid)
        return kept(mailbox, folder, mails, engine, clock)

    return [patch.object(take_in, "keep_mails", early)]


def no_dedupe() -> Patches:
    """A mail is known by its place alone, and a letter by nothing: what comes again is new."""
    digest, count = digest_of, iter(range(10**9))

    def by_place(key: bytes, arrival: Any) -> str:
        return digest(key, arrival) + repr(arrival.place)

    def unlike(*given: Any) -> Any:
        return replace(read_mail(*given), letter=f"letter {next(count)}")

    return [patch.object(keep, "digest_of", by_place), patch.object(work_off, "read_mail", unlike)]


def no_limit() -> Patches:
    """Neither the limits of a sender nor the cap of an hour is looked at when replies are written and claimed."""
    return [
        patch.object(replies._Room, "take", lambda *_: ""),
        patch.object(outbox, "_used", lambda *_: 0),
        patch.object(Surroundings, "of", _without_counts(Surroundings.of)),
    ]


def _without_counts(of: Callable[..., Any]) -> Callable[..., Any]:
    def counted(self: Any, *given: Any) -> Any:
        context, joins = of(self, *given)
        return replace(context, replies_to_sender=0, replies_in_thread=0, replies_in_all=0), joins

    return counted


def no_stop() -> Patches:
    """Replies are written and claimed as if answers were never stopped."""
    return [
        patch.object(replies, "setting", lambda *_: "0"),
        patch.object(work_off, "stopped", lambda _: False),
        patch.object(outbox, "stopped", lambda _: False),
        patch.object(sending, "_ATTEMPT", Prepared(_always())),
    ]


def _always() -> Any:
    """The attempt's conditions but for the switch."""
    o, given = t.outbox.c, bindparam
    return (
        update(t.outbox)
        .where(o.id == given("row"), or_(o.state == "ready", o.state == "retry"), o.fence == given("held"))
        .where(o.claimed_until > given("now_at"))
        .values(state="sending", attempted_at=given("now_at"), tries=o.tries + 1)
        .returning(o.ticket_id, o.message_id)
    )


def repeat_receipts() -> Patches:
    """A receipt whose sending was cut short is sent again, as only a confirmation may be."""
    each = sweep._each

    def repeating(conn: Any, name: str, *rest: Any, **values: Any) -> int:
        return each(conn, "repeat" if name == "lost" else name, *rest, **values)

    return [patch.object(sweep, "_each", repeating)]


def one_is_enough() -> Patches:
    """One person approves what needs two."""
    found = actions._open

    def lax(*given: Any) -> Any:
        row = found(*given)
        return row if isinstance(row, actions.ActionResult) else _Lax(row)

    return [patch.object(actions, "_open", lax), patch.object(actions, "behind_gate", lambda *_: False)]


class _Lax:
    """An action's row that says that one person is enough."""

    needs = "staff"

    def __init__(self, row: Any) -> None:
        self.row = row

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)


def unknown_is_ready() -> Patches:
    """An unknown reply goes back to ready by itself, since nobody has said that it was taken."""
    return [patch.object(outbox, "unknown", _ready_again)]


def _ready_again(engine: Any, row: int, *_: Any) -> bool:
    with writing(engine) as conn:
        values = {"state": OutboxState.READY.value, "claimed_by": None, "claimed_until": None}
        return bool(conn.execute(update(t.outbox).where(t.outbox.c.id == row).values(values)).rowcount)


MUTANTS: dict[str, Callable[[], Patches]] = {
    each.__name__: each
    for each in (
        *(sent_before_data, attempt_after_data, no_claim, done_before_kept, mark_before_kept, no_dedupe, no_limit),
        *(no_stop, repeat_receipts, one_is_enough, unknown_is_ready),
    )
}


@contextmanager
def broken_by(name: str) -> Iterator[None]:
    """The program with a mutant's faults for the time of the block; with none for ``""``."""
    with ExitStack() as stack:
        for each in MUTANTS[name]() if name else ():
            stack.enter_context(each)
        yield
