"""Running a program of the operator's: without a shell, with a text on standard input, and never for long."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO

# What a program needs to find its way; our own secrets may stand in the rest.
PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
LONGEST_SAID = 300
REAP_SECONDS = 5.0


class HookFailed(Exception):
    """It could not be started (it never ``began``), ended badly, or was killed; ``code`` is its exit status, negative
    for a signal's, None where it has none."""

    def __init__(self, said: str, code: int | None = None, *, began: bool = True) -> None:
        super().__init__(said)
        self.said, self.code, self.began = said, code, began


def run_hook(argv: Sequence[str], text: bytes, seconds: float, extra: Mapping[str, str] | None = None) -> None:
    """Run a program to its end; raises HookFailed for anything but exit status 0 within ``seconds``.

    At the end of the time it is killed with all that it started.  ``extra`` is added to its environment.
    """
    environment = {name: os.environ[name] for name in PASSED if name in os.environ} | dict(extra or {})
    with tempfile.TemporaryFile() as told:
        try:
            # What is run stands in the operator's configuration, and no shell reads it.
            process = subprocess.Popen(  # noqa: S603
                list(argv), stdin=subprocess.PIPE, stdout=told, stderr=told, env=environment, start_new_session=True
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise HookFailed(f"{argv[0]} cannot be run: {reason}", began=False) from error
        try:
            process.communicate(text, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise HookFailed(f"{argv[0]} did not end within {seconds:g} s") from None
        finally:
            _end(process)
        if process.returncode:
            raise HookFailed(f"{argv[0]} {_how(process.returncode)}{_said(told)}", process.returncode)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill it with its session if it has not ended; what one that has ended left behind is its own affair."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            process.wait(REAP_SECONDS)
    if process.stdin:
        with suppress(OSError):
            process.stdin.close()


def _how(code: int) -> str:
    return f"ended with status {code}" if code > 0 else f"was killed by signal {-code}"


def _said(told: IO[bytes]) -> str:
    told.seek(0)
    said = " ".join(told.read(LONGEST_SAID).decode("utf-8", "replace").split())
    return f": {said}" if said else ""
