"""A worker's life, in a process of its own: claim, understand, decide, record, wait to be woken."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from processor import journal
from processor.ciphers import KeyUnknownError
from processor.config import Config
from processor.loading.problems import Refused
from processor.message import Extracted
from processor.rulebook import RenderError, Rulebook
from processor.steps.acceptance import Sight, accept

WAKE = "mail"
"""Any other line is the folder of newly accepted rules."""
LOOK = "look"
"""Asked of the daemon's first child: look whether the rules may be taken, say so in a line, and wait."""
IDLE_SECONDS = 2.0
PAUSE_AFTER_FAULT = 2.0
REMIND_SECONDS = 60.0
PROGRESS = b"."
WAKE_FILE, PROGRESS_FILE = 0, 1
"""Our standard input and output; the journal goes to the standard error, as everywhere."""
NICE = 5
"""Understanding yields to the daemon: what is decided should leave before the next mail is read."""
WARMING = (
    b"Authentication-Results: mx.y.no; dkim=pass header.d=fjordbygg-demo.no; dmarc=pass header.from=fjordbygg-demo.no\r\n"
    b"From: Kari <kari@fjordbygg-demo.no>\r\nTo: x@y.no\r\nSubject: Oppsigelse\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>Vi sier opp Visma Global fra 31.12.2026. "
    b"Fjord Bygg AS, org.nr 328627035</p>"
)


def warm(rulebook: Rulebook) -> None:
    """Pay once, before the first mail, for what is built at its first use: templates, lists, tables."""
    from processor.deciding.without_world import context_without_world
    from processor.loading.samples import sample_values
    from processor.pipeline import conclude, read_and_understand

    mail = read_and_understand(WARMING, rulebook, lambda *_: Extracted())
    conclude(mail, context_without_world(mail.message, "VS-0000-0000", ("mx.y.no",)), rulebook)
    values = sample_values()[0]
    for template, languages in rulebook.languages.items():
        for language in languages:
            with suppress(RenderError):
                rulebook.render(template, language, values)


def keep_out_of_collections() -> None:
    """What is loaded by now lives as long as we do: no collection walks through it again, and what loading used goes.

    Memory that was freed goes back to the system where the C library can do so (glibc): 2 to 4 MB a process.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def work(config_path: Path, name: str, folders: tuple[Path, Path], *, look: bool = False) -> None:
    """Work off until the daemon closes our standard input, or is gone; the batch in hand is finished.

    ``look``: first tell whether the rules may be taken, and wait for a word; if they may not, that is all.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from processor.loading.configuration import load_config
    from processor.loading.rules import load_rulebook
    from processor.steps.authenticating import Signatures
    from processor.steps.follow_ups import follow_up
    from processor.steps.guarding import bound_memory, bounded_time
    from processor.steps.lookups import Registers
    from processor.steps.opened import opened
    from processor.steps.scanning import Scanner
    from processor.steps.work_off import work_off
    from processor.store.clock import StoreClock
    from processor.store.engine import connect
    from processor.store.lines import Lines
    from processor.store.work import free_claims
    from processor.world.confined import Confined

    # The daemon decides when to end; a terminal's Ctrl-C reaches the whole group.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(NICE)
    bound_memory()
    journal.write_to_stderr()
    config = load_config(config_path)
    # The daemon has brought the schema up to date.
    engine = opened(config, connect)
    lines, clock = Lines(engine, config.lease_seconds, name), StoreClock(engine)
    signal.signal(signal.SIGUSR1, lambda *_: lines.cut())
    rulebook = _accepted(config, folders) if look else load_rulebook(*folders, config.own_addresses)
    if rulebook is None:
        return
    warm(rulebook)
    journal.worker_ready(name)
    keep_out_of_collections()
    if look:
        select.select([WAKE_FILE], [], [])
    # What ended the worker before us, if one did, is among what it held.
    free_claims(engine, name)
    files = Confined()
    registers, signatures = Registers(config.lookups, engine, clock, config.workers), Signatures(config)
    scanner = Scanner(config.scan)
    claimed, failed = 0, False
    last_reminded = time.monotonic()
    while True:
        try:
            words = _words(0.0 if claimed else IDLE_SECONDS)
        except EOFError:
            files.close()
            return
        if copies := [word for word in words if word != WAKE]:
            copy = Path(copies[-1])
            rulebook = load_rulebook(copy / folders[0].name, copy / folders[1].name, config.own_addresses)
            keep_out_of_collections()
        try:
            if failed:
                # Of the batch in hand nobody else would know for minutes.
                free_claims(engine, name, tried=False)
            failed = False
            road = (engine, rulebook, config, name, clock, files.extract)
            with bounded_time():
                claimed, decided = work_off(*road, look_up=registers.ask, verify=signatures.of, scan=scanner.of)
            reminded = 0
            if not claimed and time.monotonic() - last_reminded >= REMIND_SECONDS:
                last_reminded = time.monotonic()
                reminded = follow_up(engine, rulebook, config, clock())
        except KeyUnknownError as error:
            # Another process sealed a mail by a configuration that is newer than ours: the next worker reads that.
            journal.step_failed(name, error)
            files.close()
            return
        except Exception as error:
            journal.step_failed(name, error)
            claimed, failed = 0, isinstance(error, SQLAlchemyError)
            time.sleep(PAUSE_AFTER_FAULT)
            continue
        if claimed:
            journal.mails_decided(name, len(decided), claimed - len(decided))
        if claimed or reminded:
            with suppress(OSError):
                os.write(PROGRESS_FILE, PROGRESS)


def _accepted(config: Config, folders: tuple[Path, Path]) -> Rulebook | None:
    """The rules, if they may be taken; what was found is told the daemon in one line."""
    found, rulebook = accept(*folders, Sight(config.own_addresses, config.authserv_ids))
    sys.stdout.write(found.line())
    sys.stdout.flush()
    return rulebook


def _words(seconds: float) -> list[str]:
    """What the daemon said meanwhile, after waiting for the first word; raises EOFError when it is gone."""
    said = b""
    while select.select([WAKE_FILE], [], [], seconds)[0] or said[-1:] not in (b"", b"\n"):
        more = os.read(WAKE_FILE, 65536)
        if not more:
            raise EOFError
        said += more
        seconds = 0.0
    return said.decode().splitlines()


if __name__ == "__main__":
    config_file, own_name, rules, templates, *more = sys.argv[1:]
    try:
        work(Path(config_file), own_name, (Path(rules), Path(templates)), look=more == [LOOK])
    except Refused as refused:
        # The configuration was changed since the daemon read it.
        sys.stderr.write(f"{refused}\n")
        sys.exit(2)
