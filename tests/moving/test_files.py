"""Maildirs, trees of .eml files and single mails are read in the order of their paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from processor.moving.files import Tree
from processor.moving.sources import NoSourceError, source_of
from tests.moving.archive import mail, mbox


def _maildir(path: Path) -> Path:
    for folder in ("", ".Sendt/", ".Sendt.2025/"):
        for name in ("cur", "new", "tmp"):
            (path / folder / name).mkdir(parents=True)
    (path / "cur" / "1:2,S").write_bytes(mail(1))
    (path / "new" / "2").write_bytes(mail(2))
    (path / ".Sendt" / "cur" / "3:2,").write_bytes(mail(3))
    (path / ".Sendt.2025" / "cur" / "4:2,").write_bytes(mail(4))
    return path


def test_a_maildir_gives_its_folders_too_and_neither_drafts_nor_what_is_half_written(tmp_path: Path) -> None:
    path = _maildir(tmp_path / "Maildir")
    (path / "cur" / "5:2,DS").write_bytes(mail(5))
    (path / "tmp" / "6").write_bytes(mail(6))
    found = list(Tree(path).mails(""))
    assert [(each.name, each.folder, each.fault) for each in found] == [
        (".Sendt.2025/cur/4:2,", "Maildir/.Sendt.2025", ""),
        (".Sendt/cur/3:2,", "Maildir/.Sendt", ""),
        ("cur/1:2,S", "Maildir", ""),
        ("cur/5:2,DS", "", "it is a draft, which nobody sent"),
        ("new/2", "Maildir", ""),
    ]
    assert [each.name for each in Tree(path).mails("cur/1:2,S")] == ["cur/5:2,DS", "new/2"]


def test_a_file_too_large_to_hold_is_given_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("processor.moving.files.HELD", 100)
    (tmp_path / "a.eml").write_bytes(mail(1))
    (found,) = Tree(tmp_path).mails("")
    assert found.raw is None
    assert found.pieces
    assert (b"".join(found.pieces()), found.head) == (mail(1), mail(1))


def test_a_tree_of_eml_files_gives_those_alone_and_names_what_it_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "2025" / "mars").mkdir(parents=True)
    (tmp_path / "2025" / "mars" / "a.EML").write_bytes(mail(1))
    (tmp_path / "2025" / "b.eml").write_bytes(b"")
    (tmp_path / "2025" / "c.txt").write_bytes(mail(2))
    (tmp_path / "d.eml").symlink_to(tmp_path / "nothing")
    assert [(each.name, each.folder, each.fault) for each in Tree(tmp_path).mails("")] == [
        ("2025/b.eml", "", "the file is empty"),
        ("2025/mars/a.EML", f"{tmp_path.name}/2025/mars", ""),
        ("d.eml", "", "it cannot be read: No such file or directory"),
    ]


def test_what_a_path_holds_is_told_by_what_is_in_it(tmp_path: Path) -> None:
    box = mbox(tmp_path / "archive", mail(1))
    (tmp_path / "one").write_bytes(mail(1))
    (tmp_path / "z.json").write_text('{"id": 1, "articles": []}')
    (tmp_path / "d.json").write_text('[{"id": 1, "comments": []}]')
    kinds = [
        source_of(each).name.split()[0] for each in (box, tmp_path / "one", tmp_path / "z.json", tmp_path / "d.json")
    ]
    assert kinds == ["mbox", "file", "zammad", "zendesk"]
    assert source_of(_maildir(tmp_path / "Maildir")).size == 4


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "a: No such file or directory."),
        (b"", "a: the file is empty."),
        (b"\x89PNG\r\n", "a: neither an mbox, nor a mail, nor an export of Zammad or Zendesk."),
        (
            b'{"id": 1}',
            "a: its first object is no ticket of Zammad (with articles) and none of Zendesk (with comments).",
        ),
    ],
)
def test_a_path_that_holds_nothing_of_ours_is_refused_in_a_sentence(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "a").write_bytes(content)
    with pytest.raises(NoSourceError) as refused:
        source_of(tmp_path / "a")
    assert str(refused.value).replace(f"{tmp_path}/", "") == said


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoSourceError, match=r"holds no Maildir and no \.eml file"):
        source_of(tmp_path)
