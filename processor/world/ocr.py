"""Letters of a picture by the program tesseract, where it is installed; called in the confined child."""

from __future__ import annotations

import os
import shutil
import subprocess

SECONDS = 15
MOST_TEXT = 40_000
LANGUAGES = ("nor", "eng")
"""All of these whose data is installed: the Norwegian data alone reads no @."""
# One column of text of several sizes, with wide gaps kept: they part the cells of a form's rows.
_OPTIONS = ("--psm", "4", "-c", "preserve_interword_spaces=1")


def language() -> str:
    """The language data that will be used, joined by ``+``; empty when tesseract, or all of its data, is missing."""
    program = shutil.which("tesseract")
    if program is None:
        return ""
    try:
        listed = _run([program, "--list-langs"], b"").decode("ascii", "replace").split()
    except (OSError, subprocess.SubprocessError):
        return ""
    return "+".join(each for each in LANGUAGES if each in listed)


def letters(picture: bytes, wanted: str) -> str | None:
    """The text of a picture, its line breaks and gaps kept; None when it cannot be read in time.

    The limits of the process that calls are the program's too; it writes no file.
    """
    program = shutil.which("tesseract")
    if program is None or not wanted:
        return None
    try:
        found = _run([program, "stdin", "stdout", "-l", wanted, *_OPTIONS], picture)
    except (OSError, subprocess.SubprocessError):
        return None
    return found.decode("utf-8", "replace")[:MOST_TEXT]


def _run(command: list[str], given: bytes) -> bytes:
    done = subprocess.run(  # noqa: S603  # a fixed program with our own arguments
        command,
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=SECONDS,
        check=True,
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "OMP_THREAD_LIMIT": "1"},
    )
    return done.stdout
