"""People at their queue: they approve, reject, correct, send again, stop and resume, and click twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.exc import OperationalError

from processor.steps.letters import CannotError, Facts, confirming, template_of
from processor.store import actions, corrections, outbox, work
from processor.store.confirming import about_item, item_of_action
from processor.store.people import Person
from processor.ticket import TicketState
from tests.simulator.tasks import Task
from tests.simulator.world import World

Deed = Callable[[World, Person, datetime], object]


def deed_of(world: World) -> Callable[[Task], None]:
    """One deed of somebody, done once or twice; what the disk refuses, they try another day."""
    dice = world.dice
    deed = dice.choices(DEEDS, WEIGHTS)[0]
    person = Person(*dice.choice(world.disk.ask("SELECT id, name FROM person")))
    clock = world.clock.of("desk")

    def body(_task: Task) -> None:
        for _ in range(dice.choice((1, 1, 2))):
            try:
                deed(world, person, clock())
            except (OperationalError, CannotError):
                return

    return body


def _pick(world: World, query: str) -> int:
    rows = world.disk.ask(query)
    return int(world.dice.choice(rows)[0]) if rows else 0


def _action(world: World) -> int:
    return _pick(world, "SELECT id FROM action ORDER BY (state IN ('done', 'rejected')), id DESC LIMIT 12")


def _reply(world: World, states: str) -> int:
    return _pick(world, f"SELECT id FROM outbox WHERE state IN ({states}) ORDER BY id DESC LIMIT 12")


def _approve(world: World, person: Person, now: datetime) -> None:
    which = _action(world)
    seen = world.disk.ask("SELECT version FROM action WHERE id = ?", which)
    version = seen[0][0] if seen and world.dice.random() < 0.5 else None
    actions.approve(world.disk.engine, which, person, now, version)


def _done(world: World, person: Person, now: datetime) -> None:
    """As ``queue done`` does: the confirmation is made first and goes with the step."""
    which, engine = _action(world), world.disk.engine
    letter = None
    found = item_of_action(engine, which)
    if found and world.dice.random() < 0.8:
        about = about_item(engine, found[0])
        template = template_of(world.rulebook, about, found[1]) if about else ""
        if about and template:
            arrived = (about.arrival or now).date()
            facts = Facts(arrived + timedelta(days=90))
            letter = confirming(engine, world.config, world.rulebook, found[0], template, facts)
    actions.done(engine, which, person, now, letter=letter)


def _reject(world: World, person: Person, now: datetime) -> None:
    actions.reject(world.disk.engine, _action(world), person, "not for us", now)


def _let_go(world: World, person: Person, now: datetime) -> None:
    which = _reply(world, "'draft', 'held'")
    world.dice.choice((outbox.approve_reply, outbox.release))(world.disk.engine, which, person, now)


def _cancel(world: World, person: Person, now: datetime) -> None:
    which = _reply(world, "'draft', 'held', 'ready', 'retry', 'unknown', 'failed', 'sending', 'sent'")
    outbox.cancel_reply(world.disk.engine, which, person, now, "no longer")


def _resend(world: World, person: Person, now: datetime) -> None:
    outbox.resend(world.disk.engine, _reply(world, "'unknown', 'failed'"), person, now)


def _retry_mail(world: World, person: Person, now: datetime) -> None:
    which = _pick(world, "SELECT id FROM mail WHERE state = 'set_aside' ORDER BY id DESC LIMIT 8")
    work.retry_mail(world.disk.engine, which, person.name, now)


def _retype(world: World, person: Person, now: datetime) -> None:
    which = _pick(world, "SELECT id FROM mail WHERE state = 'decided' ORDER BY id DESC LIMIT 8")
    types = world.dice.choice((["termination"], ["termination_question"], ["elma_question"]))
    corrections.retype(world.disk.engine, which, types, None, person, now)


def _ticket(world: World, person: Person, now: datetime) -> None:
    rows = world.disk.ask("SELECT number FROM ticket ORDER BY id DESC LIMIT 8")
    if rows:
        state = world.dice.choice((TicketState.CLOSED, TicketState.OPEN, TicketState.SNOOZED))
        actions.set_ticket_state(world.disk.engine, world.dice.choice(rows)[0], state, person, now)


def _stop(world: World, person: Person, now: datetime) -> None:
    outbox.stop_answers(world.disk.engine, person.name, now)


def _resume(world: World, person: Person, now: datetime) -> None:
    outbox.resume_answers(world.disk.engine, person.name, now)


DEEDS: tuple[Deed, ...] = (
    *(_approve, _done, _reject, _let_go, _cancel, _resend, _retry_mail, _retype, _ticket, _stop, _resume),
)
WEIGHTS = (8, 9, 2, 4, 2, 3, 1, 1, 1, 1, 5)
assert len(DEEDS) == len(WEIGHTS)
