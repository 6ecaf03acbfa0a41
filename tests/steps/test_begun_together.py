"""Many replies wait: a few attempts are committed together, and what was not begun after all is in doubt for nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import Engine, select, update

from processor.steps.deliver import AHEAD, MANY, deliver
from processor.store import tables as t
from processor.store.outbox import stop_answers
from processor.world.courier import Courier
from tests.servers.smtp_sink import Fault, SmtpSink
from tests.steps.test_deliver import NOW, engine, ready, settings, states

__all__ = ["engine"]
TEN = [f"k{number}@x.no" for number in range(10)]


def run(
    engine: Engine,
    sink: SmtpSink,
    before: Callable[[int], None] = lambda _: None,
    *,
    going: Callable[[int], bool] = lambda _: True,
    clock: Callable[[], datetime] = lambda: NOW,
    limit: int = 10,
) -> list[int]:
    """Deliver a hand of replies; how many were in ``sending`` before each."""
    seen: list[int] = []

    def asked() -> bool:
        before(len(seen))
        seen.append(states(engine).count("sending"))
        return going(len(seen))

    with Courier(settings(sink.port)) as courier:
        deliver(engine, courier, settings(sink.port), "w", clock, limit, asked)
    return seen


def rest(engine: Engine, sink: SmtpSink) -> None:
    """Deliver what is left, one minute later."""
    with Courier(settings(sink.port)) as courier:
        deliver(engine, courier, settings(sink.port), "w", lambda: NOW + timedelta(minutes=1))


def taken(sink: SmtpSink) -> Counter[str]:
    return Counter(mail.recipients[0] for mail in sink.accepted)


def test_a_hand_of_many_begins_three_at_a_time_once_the_server_was_quick(engine: Engine, sink: SmtpSink) -> None:
    ready(engine, *TEN)
    # The first shows how quick the server is; the marks of three are written with the attempts of the next.
    assert run(engine, sink) == [0, 1, 3, 3, 3, 3, 3, 3, 3, 3]
    assert AHEAD == 3
    assert states(engine) == ["sent"] * 10
    assert taken(sink) == Counter(TEN)


def test_few_that_wait_begin_one_by_one(engine: Engine, sink: SmtpSink) -> None:
    ready(engine, *TEN[:MANY])
    assert max(run(engine, sink, limit=40)) == 1


def test_a_slow_server_gets_one_at_a_time(engine: Engine, sink: SmtpSink) -> None:
    ready(engine, *TEN)
    ticks = count()
    assert max(run(engine, sink, clock=lambda: NOW + timedelta(seconds=next(ticks)))) == 1


def test_a_letter_that_a_person_stands_behind_is_never_begun_for_anothers_sake(engine: Engine, sink: SmtpSink) -> None:
    ready(engine, *TEN)
    with engine.begin() as conn:
        conn.execute(update(t.outbox).values(automatic=False))
    assert max(run(engine, sink)) == 1


# A kept connection that says 421, or breaks before the text, is opened anew once.
@pytest.mark.parametrize("faults", [[Fault("rcpt", "421 4.3.2 going down")] * 2, [Fault("data", cut=True)] * 2])
def test_a_line_lost_in_the_middle_leaves_nothing_in_doubt(engine: Engine, sink: SmtpSink, faults: list[Fault]) -> None:
    ready(engine, *TEN)

    def fail(number: int) -> None:
        for fault in faults if number == 2 else ():
            sink.tell(fault)

    run(engine, sink, fail)
    assert states(engine) == ["sent"] * 2 + ["retry"] * 2 + ["ready"] * 6
    with engine.connect() as conn:
        query = select(t.outbox.c.claimed_by, t.outbox.c.tries).where(t.outbox.c.state == "retry")
        held = conn.execute(query.order_by(t.outbox.c.id)).all()
    # Only the one that failed has used a try; the other is free at once.
    assert [tuple(row) for row in held] == [(None, 1), (None, 0)]
    rest(engine, sink)
    assert states(engine) == ["sent"] * 10
    assert taken(sink) == Counter(TEN)


def test_a_line_cut_after_the_dot_leaves_one_in_doubt_and_not_those_begun_with_it(
    engine: Engine, sink: SmtpSink
) -> None:
    ready(engine, *TEN)
    run(engine, sink, lambda number: sink.tell(Fault("dot", cut=True, keeps=True)) if number == 2 else None)
    assert states(engine) == ["sent"] * 2 + ["unknown", "retry"] + ["ready"] * 6
    rest(engine, sink)
    assert Counter(states(engine)) == {"sent": 9, "unknown": 1}
    assert taken(sink) == Counter(TEN)


def test_an_end_in_the_middle_takes_back_what_was_not_begun(engine: Engine, sink: SmtpSink) -> None:
    ready(engine, *TEN)
    run(engine, sink, going=lambda number: number < 4)
    assert states(engine) == ["sent"] * 3 + ["retry"] + ["ready"] * 6
    rest(engine, sink)
    assert taken(sink) == Counter(TEN)


def test_a_refusal_of_one_that_was_begun_with_others_goes_to_staff(engine: Engine, sink: SmtpSink) -> None:
    ready(engine, *TEN)
    sink.refuse[TEN[4]] = "550 5.1.1 no such user"
    run(engine, sink)
    assert states(engine) == ["sent"] * 4 + ["failed"] + ["sent"] * 5


def test_answers_stopped_in_between_let_only_those_leave_that_had_begun(engine: Engine, sink: SmtpSink) -> None:
    ready(engine, *TEN)

    def stopped(number: int) -> None:
        if number == 3:
            stop_answers(engine, "kari", NOW)

    run(engine, sink, stopped)
    assert Counter(states(engine)) == {"sent": 4, "ready": 6}
    assert len(sink.accepted) == 4


def test_one_that_was_cancelled_meanwhile_does_not_leave(engine: Engine, sink: SmtpSink) -> None:
    ready(engine, *TEN)

    def cancelled(number: int) -> None:
        with engine.begin() as conn:
            conn.execute(update(t.outbox).where(t.outbox.c.id == 4).values(state="cancelled"))

    run(engine, sink, lambda number: cancelled(number) if number == 1 else None)
    assert taken(sink) == Counter(set(TEN) - {TEN[3]})
