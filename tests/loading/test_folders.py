"""A folder of rules or templates is read whole or refused with words."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from processor.loading.folders import files_below, files_in
from processor.loading.problems import Refused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("nb/b.nb.txt", "nb/a.nb.txt", "en/a.en.txt", "en/a.en.txt~", "b.toml", "a.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


def test_files_come_in_order_of_name(folder: Path) -> None:
    assert files_in(folder, ".toml") == [folder / "a.toml", folder / "b.toml"]
    below = files_below(folder, ".txt")
    assert below == [folder / "en/a.en.txt", folder / "nb/a.nb.txt", folder / "nb/b.nb.txt"]


def test_there_are_none_where_there_is_no_folder(tmp_path: Path) -> None:
    assert files_in(tmp_path / "none", ".toml") == files_below(tmp_path / "none", ".txt") == []


@pytest.fixture
def unlisted(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of folders that the system does not list."""
    names: set[str] = set()

    def refusing(listing: Callable[[Path], object]) -> Callable[[Path], object]:
        def listed(path: Path) -> object:
            if Path(path).name in names:
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            return listing(path)

        return listed

    # Python 3.11 lists a folder by the first of these, 3.13 by the second.
    monkeypatch.setattr(os, "listdir", refusing(os.listdir))
    monkeypatch.setattr(os, "scandir", refusing(os.scandir))
    return names


def test_a_folder_that_cannot_be_listed_is_told_and_not_taken_for_an_empty_one(
    folder: Path, unlisted: set[str]
) -> None:
    unlisted.add("nb")
    with pytest.raises(Refused, match="nb: cannot be listed: Too many open files"):
        files_below(folder, ".txt")


def test_what_a_volume_holds_of_its_own_is_left_alone(folder: Path, unlisted: set[str]) -> None:
    (folder / "lost+found").mkdir()
    unlisted.add("lost+found")
    assert len(files_below(folder, ".txt")) == 3
