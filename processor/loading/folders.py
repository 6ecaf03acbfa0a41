"""The files of an operator's folder: all of them, or a word why they cannot be listed."""

from __future__ import annotations

from pathlib import Path

from processor.loading.problems import Problem, Refused

OF_THE_FILE_SYSTEM = "lost+found"
"""Lies in a folder that is a volume of its own, and only root may list it."""


def files_in(folder: Path, ending: str) -> list[Path]:
    """Those whose names end so, in order of name; none where there is no such folder.

    Raises Refused where it cannot be listed.  From Python 3.13 on pathlib's glob tells of an empty folder then: half of
    the rules would be taken for all of them.
    """
    try:
        return sorted(each for each in folder.iterdir() if each.name.endswith(ending))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise Refused([Problem(str(folder), 0, f"cannot be listed: {error.strerror}")]) from error


def files_below(folder: Path, ending: str) -> list[Path]:
    """Those in the folders of a folder, as ``files_in`` gives them."""
    folders = [each for each in files_in(folder, "") if each.name != OF_THE_FILE_SYSTEM]
    return [path for each in folders for path in files_in(each, ending)]
