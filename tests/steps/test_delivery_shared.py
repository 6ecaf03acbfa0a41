"""Several connections share what is ready: one that is free takes it, and calls another when it cannot take all."""

from __future__ import annotations

import threading
from datetime import timedelta
from itertools import count

from sqlalchemy import Engine, select

from processor.steps.deliver import FEW, Delivery, deliver
from processor.steps.delivering import MANY, Deliveries, DeliveryLoop, hand_after
from processor.store import tables as t
from processor.store.outbox import claim, stop_answers
from processor.world.courier import Courier
from tests.servers.smtp_sink import SmtpSink
from tests.steps.test_deliver import NOW, engine, ready, settings, states

__all__ = ["engine"]
FIVE = [f"k{number}@x.no" for number in range(5)]


def delivered(engine: Engine, sink: SmtpSink, limit: int) -> tuple[Delivery, list[list[str]]]:
    """Deliver a hand; the states of all replies at each call for another."""
    called: list[list[str]] = []
    with Courier(settings(sink.port)) as courier:
        made = deliver(
            engine,
            courier,
            settings(sink.port),
            "w",
            lambda: NOW,
            limit,
            full=lambda: called.append(states(engine)),
        )
    return made, called


def test_a_full_hand_calls_another_before_its_first_leaves(engine: Engine, sink: SmtpSink) -> None:
    ready(engine, *FIVE)
    made, called = delivered(engine, sink, 3)
    assert (made.claimed, made.more) == (3, True)
    assert called == [["ready"] * 5]


def test_a_hand_that_takes_all_calls_nobody(engine: Engine, sink: SmtpSink) -> None:
    ready(engine, *FIVE)
    made, called = delivered(engine, sink, 6)
    assert (made.claimed, made.more, called) == (5, False, [])


def test_the_rest_of_a_large_hand_is_free_when_the_server_turns_out_slow(engine: Engine, sink: SmtpSink) -> None:
    ready(engine, *[f"k{number}@x.no" for number in range(FEW + 4)])
    ticks, called = count(), list[int]()
    with Courier(settings(sink.port)) as courier:
        road = (engine, courier, settings(sink.port), "w", lambda: NOW + timedelta(seconds=next(ticks)))
        made = deliver(*road, MANY, full=lambda: called.append(len(sink.accepted)))
    assert (made, called) == (Delivery(FEW, FEW, more=True), [FEW])
    assert states(engine) == ["sent"] * FEW + ["ready"] * 4
    with engine.connect() as conn:
        assert set(conn.execute(select(t.outbox.c.claimed_by)).scalars()) == {None}


def test_what_may_not_leave_keeps_nobody_looking(engine: Engine, sink: SmtpSink) -> None:
    ready(engine, *FIVE)
    stop_answers(engine, "kari", NOW)
    assert not claim(engine, "w", 3, NOW, 900).full
    assert delivered(engine, sink, 3) == (Delivery(0, 0), [])


def test_one_that_is_free_is_woken_and_all_where_none_is(engine: Engine, sink: SmtpSink) -> None:
    loops = [
        DeliveryLoop(settings(sink.port), engine, name, lambda: NOW, threading.Event()) for name in ("a", "b", "c")
    ]
    deliveries = Deliveries()
    deliveries.loops = loops

    def woken() -> list[bool]:
        for loop in loops:
            loop.ready.clear()
        deliveries.wake()
        return [loop.ready.is_set() for loop in loops]

    assert woken() == [True, True, True]
    loops[1].idle = loops[2].idle = True
    assert woken() == [False, True, False]


def test_two_loops_deliver_what_is_told_to_one(engine: Engine, sink: SmtpSink) -> None:
    ended = threading.Event()
    deliveries = Deliveries()
    deliveries.connect(settings(sink.port), engine, "d", lambda: NOW, ended, lambda _: lambda _: None)
    for loop in deliveries.loops:
        loop.hand = 2
        loop.start()
    ready(engine, *FIVE)
    deliveries.wake()
    sink.wait_for(5)
    ended.set()
    deliveries.wake_all()
    deliveries.end()
    assert [loop.is_alive() for loop in deliveries.loops] == [False, False]
    assert states(engine) == ["sent"] * 5
    assert sorted(mail.recipients[0] for mail in sink.accepted) == FIVE


def test_a_hand_is_large_only_while_all_of_it_leaves_within_a_second() -> None:
    assert hand_after(MANY, 1.0) == hand_after(1, 0.01) == MANY
    assert hand_after(MANY, 1.01) == hand_after(0, 0.1) == hand_after(1, 60.0) == FEW
