"""One pass without a daemon, for cron: fetch all, decide all, send what is ready, tell the servers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sqlalchemy.engine import Engine

from processor import journal
from processor.alarms.rounds import take_round
from processor.alarms.ways import ping
from processor.config import Config
from processor.daemon import begin_answering, note_rules_in_force
from processor.steps.deliver import deliver
from processor.steps.escalation import escalate
from processor.steps.failing import note_delivery, note_success
from processor.steps.gate_notices import tell_contacts
from processor.steps.loops import MailboxLoop
from processor.steps.recovery import recover
from processor.steps.sent_folder import sent_folder_of
from processor.steps.several import Several, several
from processor.steps.upkeep import count, remind_staff, retain, seal, take_register
from processor.steps.webhooks import tell_webhooks
from processor.store.clock import StoreClock
from processor.store.troubles import DELIVERY
from processor.world.handing import way_out

if TYPE_CHECKING:
    from processor.steps.in_process import InProcess


def once(config: Config, engine: Engine, deciders: InProcess) -> bool:
    """Make one pass, for cron: fetch all, decide all, send what is ready; true when every server answered.

    On PostgreSQL a mailbox that a daemon reads is left to it.
    """
    clock = StoreClock(engine)
    beside = several(engine, config, deciders.name, clock)
    if beside is None:
        return _pass(config, engine, deciders, clock)
    beside.turn()
    beside.start()
    try:
        return _pass(config, engine, deciders, clock, beside)
    finally:
        beside.stop()


def _pass(
    config: Config, engine: Engine, deciders: InProcess, clock: StoreClock, beside: Several | None = None
) -> bool:
    ended = threading.Event()
    recover(engine, config, deciders.name)
    begin_answering(engine, config)
    take_register(engine, config, clock())
    note_rules_in_force(engine, deciders.acceptance)
    loops = [MailboxLoop(each, engine, clock, ended, lambda: None) for each in config.mailboxes]
    for loop in loops:
        loop.sent = sent_folder_of(config, loop.settings)
    if beside:
        loops = [loop for loop in loops if loop.reads_by(beside.leases[loop.settings.name])]
    passed = [loop.one_pass() for loop in loops]
    while deciders.step()[0]:
        pass
    deciders.remind()
    escalate(engine, config, clock())
    tell_contacts(engine, config, clock())
    sent = _send_all(config, engine, f"{deciders.name}/delivery", clock)
    remind_staff(engine, config, clock())
    retain(engine, clock())
    count(engine, clock())
    settled = [loop.settle_pass() for loop in loops]
    seal(engine, clock())
    take_round(engine, config, clock())
    if config.alarms.ping and (error := ping(config.alarms.ping)):
        journal.ping_failed(error)
    tell_webhooks(config, engine, clock)
    return all(passed) and sent and all(settled)


def _send_all(config: Config, engine: Engine, worker: str, clock: StoreClock) -> bool:
    if config.smtp is None:
        return True
    with way_out(config.smtp) as courier:
        while True:
            made = deliver(engine, courier, config.smtp, worker, clock)
            if made.claimed:
                journal.answers_sent(made.claimed, made.taken)
            if made.trouble:
                note_delivery(engine, made.trouble, clock())
                journal.delivery_paused(made.trouble, 0)
                return False
            if not made.claimed:
                return True
            note_success(engine, DELIVERY)
