"""A real clamd for the tests, with one signature of its own: the file that every scanner knows (eicar.org)."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from processor.config import ScanSettings
from processor.world.clamd import version
from processor.world.probing_files import EICAR

STREAM = 1_000_000


@contextmanager
def clamd(folder: Path) -> Iterator[ScanSettings]:
    """Start it on a socket of the folder; stopped at the end."""
    program = shutil.which("clamd", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    assert program, "clamd is not installed (Debian: clamav-daemon)"
    signatures = folder / "signatures"
    signatures.mkdir(parents=True)
    (signatures / "test.ndb").write_text(f"Eicar-Test-Signature:0:*:{EICAR.hex()}\n")
    socket = folder / "clamd.ctl"
    (folder / "clamd.conf").write_text(
        f"LocalSocket {socket}\nDatabaseDirectory {signatures}\nForeground yes\nStreamMaxLength {STREAM}\nMaxThreads 2\n"
    )
    settings = ScanSettings(str(socket), 5.0)
    running = subprocess.Popen(
        [program, "-c", folder / "clamd.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(settings, running)
        yield settings
    finally:
        running.kill()
        running.wait()


def _wait(settings: ScanSettings, running: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            version(settings)
            return
        except OSError:
            assert running.poll() is None, "clamd ended at its start"
            assert time.monotonic() < until, "clamd does not answer"
            time.sleep(0.05)
