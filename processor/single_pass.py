"""One pass without a daemon, for cron: fetch all, decide all, send what is ready, tell the servers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sqlalchemy.engine import Engine

from processor import journal
from processor.config import Config
from processor.daemon import begin_answering, clock, note_rules_in_force, recover, take_register
from processor.steps.deliver import deliver
from processor.steps.escalation import escalate
from processor.steps.loops import MailboxLoop
from processor.steps.upkeep import remind, retain, seal
from processor.world.courier import Courier

if TYPE_CHECKING:
    from processor.steps.in_process import InProcess


def once(config: Config, engine: Engine, deciders: InProcess) -> bool:
    """Make one pass, for cron: fetch all, decide all, send what is ready; true when every server answered."""
    ended = threading.Event()
    recover(engine, config)
    begin_answering(engine, config)
    take_register(engine, config)
    note_rules_in_force(engine, deciders.acceptance)
    loops = [MailboxLoop(each, engine, clock, ended, lambda: None) for each in config.mailboxes]
    passed = [loop.one_pass() for loop in loops]
    while deciders.step()[0]:
        pass
    deciders.remind()
    escalate(engine, config, clock())
    sent = _send_all(config, engine)
    remind(engine, clock())
    retain(engine, clock())
    settled = [loop.settle_pass() for loop in loops]
    seal(engine, clock())
    return all(passed) and sent and all(settled)


def _send_all(config: Config, engine: Engine) -> bool:
    if config.smtp is None:
        return True
    with Courier(config.smtp) as courier:
        while True:
            made = deliver(engine, courier, config.smtp, "once", clock)
            if made.claimed:
                journal.answers_sent(made.claimed, made.taken)
            if made.trouble:
                journal.delivery_paused(made.trouble, 0)
                return False
            if not made.claimed:
                return True
