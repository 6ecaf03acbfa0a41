"""A worker's life, in a process of its own: claim, understand, decide, record, wait to be woken."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from processor import journal
from processor.message import Extracted
from processor.rulebook import RenderError, Rulebook

WAKE = "mail"
"""Any other line is the folder of newly accepted rules."""
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


def work(config_path: Path, name: str, folders: tuple[Path, Path]) -> None:
    """Work off until the daemon closes our standard input, or is gone; the batch in hand is finished."""
    from processor.loading.configuration import load_config
    from processor.loading.rules import load_rulebook
    from processor.steps.follow_ups import follow_up
    from processor.steps.lookups import Registers
    from processor.steps.work_off import work_off
    from processor.store.engine import connect
    from processor.world.confined import Confined

    # The daemon decides when to end; a terminal's Ctrl-C reaches the whole group.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(NICE)
    journal.write_to_stderr()
    config = load_config(config_path)
    # The daemon has brought the schema up to date.
    engine = connect(config.store_url)
    rulebook = load_rulebook(*folders, config.own_addresses)
    warm(rulebook)
    journal.worker_ready(name)
    files = Confined()
    registers = Registers(config.lookups, engine, _clock, config.workers)
    claimed = 0
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
        try:
            road = (engine, rulebook, config, name, _clock, files.extract)
            claimed, decided = work_off(*road, look_up=registers.ask)
            reminded = 0
            if not claimed and time.monotonic() - last_reminded >= REMIND_SECONDS:
                last_reminded = time.monotonic()
                reminded = follow_up(engine, rulebook, config, _clock())
        except Exception as error:
            journal.step_failed(name, error)
            claimed = 0
            time.sleep(PAUSE_AFTER_FAULT)
            continue
        if claimed:
            journal.mails_decided(name, len(decided), claimed - len(decided))
        if claimed or reminded:
            with suppress(OSError):
                os.write(PROGRESS_FILE, PROGRESS)


def _clock() -> datetime:
    return datetime.now(UTC)


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
    config_file, own_name, rules, templates = sys.argv[1:]
    work(Path(config_file), own_name, (Path(rules), Path(templates)))
