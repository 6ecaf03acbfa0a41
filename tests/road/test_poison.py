"""Mails that kill, hang or bloat the worker that reads them: set aside after their tries, and nobody else waits."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.bench.site import ROOT, USER, Site, kill
from tests.road.test_road import mail, run, until

# Put into each worker before it runs, as a bug of ours would be.
FAULTY = """
import os, sys
if "run" in sys.orig_argv:
    import processor.steps.workers
    processor.steps.workers.RESTART_PAUSE = 0.1
if "processor.steps.worker" in sys.orig_argv:
    import processor.steps.guarding
    import processor.steps.work_off
    processor.steps.guarding.HUNG_SECONDS = 1
    sound = processor.steps.work_off.read_mail
    def faulty(raw, *others):
        if b"POISON kill" in raw:
            os.kill(os.getpid(), 9)
        if b"POISON hang" in raw:
            while True:
                pass
        if b"POISON bloat" in raw:
            bytearray(3_000_000_000)
        return sound(raw, *others)
    processor.steps.work_off.read_mail = faulty
"""


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("kill", "not decided after 3 tries, the last two alone"),
        ("hang", "not decided after 3 tries, the last two alone"),
        ("bloat", "MemoryError"),
    ],
)
def test_a_mail_that_breaks_its_worker_is_set_aside_and_the_rest_goes_on(
    here: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, said: str
) -> None:
    faulty = tmp_path / "faulty"
    faulty.mkdir()
    (faulty / "sitecustomize.py").write_text(FAULTY)
    here.configure(workers=1)
    with monkeypatch.context() as patched:
        patched.setenv("PYTHONPATH", f"{faulty}{os.pathsep}{ROOT}")
        process = here.start()
        try:
            until(lambda: here.ask("select 1 from mailbox where seen_at is not null"))
            here.dovecot.deliver(USER, mail(f"Vi sier opp. POISON {how}", sender="kari@gift-demo.no"))
            for each in range(5):
                here.dovecot.deliver(USER, mail(sender=f"kari@firma{each}-demo.no"))
            until(lambda: len(here.taken()) == 5, 120)
            until(lambda: here.ask("select 1 from mail where state = 'set_aside'"), 120)
        finally:
            kill(process)
    ((number, reason),) = here.ask("select id, reason from mail where state = 'set_aside'")
    assert str(reason).strip().splitlines()[-1].startswith(said)
    # After the upgrade that mends it.
    told = run(here, "retry", f"m{number}", "m9999")
    assert (told.returncode, told.stdout) == (1, "1 of 2 mails are decided at the next pass.\n")
    assert "m9999" in told.stderr
    run(here, "once")
    assert here.ask("select count(*) from ticket") == [(6,)]
    assert run(here, "retry", "--all").stdout == "0 of 0 mails are decided at the next pass.\n"
