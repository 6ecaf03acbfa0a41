"""Labelled mails on disk to samples: what each source says of a mail, and what it is.

A mail is made into real bytes by training/build_mails.py and read back as the daemon would, so that a
model learns from what it will see.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processor.extracting.of_message import Extract
from processor.loading.problems import Problem, Refused
from processor.message import Message
from processor.pipeline import read_mail
from processor.rulebook import Rulebook
from processor.understanding.understand import Sources, sources

BUILDER = Path(__file__).parent.parent.parent / "training" / "build_mails.py"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A labelled mail: its bytes, where it comes from, and its label as eval/BRIEF.md has it."""

    name: str
    source: str
    raw: bytes
    label: Mapping[str, Any]

    @property
    def main(self) -> str:
        """The automatic kind or the main request type."""
        return str(self.label["auto"] or self.label["intents"][0])

    @property
    def present(self) -> frozenset[str]:
        """Every label that is right for it."""
        return frozenset(self.label["intents"]) | {self.main}


@dataclass(frozen=True, slots=True)
class Sample:
    """A labelled mail as the sources see it."""

    mail: Labelled
    message: Message
    said: Sources


def labelled(paths: Iterable[Path]) -> list[Labelled]:
    """Read JSON Lines files, or folders of them, in the order of their names.

    A folder with ``labels.jsonl`` holds each mail as ``<id>.eml`` beside it: how real mails with
    staff's corrections are kept; masked ones have it as ``eml`` in the line.  Raises Refused with every line that is wrong.
    """
    problems: list[Problem] = []
    found: list[Labelled] = []
    for file in _files(paths):
        found += _read_file(file, problems)
    names = [mail.name for mail in found]
    problems += [
        Problem(name, 0, "two mails have this id") for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if not found and not problems:
        problems.append(Problem(", ".join(map(str, paths)), 0, "holds no labelled mails (*.jsonl)"))
    if problems:
        raise Refused(problems)
    return found


def _files(paths: Iterable[Path]) -> list[Path]:
    return [file for path in paths for file in (sorted(path.glob("*.jsonl")) if path.is_dir() else [path])]


def _read_file(file: Path, problems: list[Problem]) -> list[Labelled]:
    found = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        build = _builder() if file.name != "labels.jsonl" else None
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(str(file), 0, f"cannot be read: {error}"))
        return []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            label = json.loads(line)
            # Staff's corrections, masked, have the mail itself in their line.
            eml = label.pop("eml", None)
            raw = _raw(label, eml, file, build)
            mail = Labelled(label["id"], file.stem if build else file.parent.name, raw, label)
            assert mail.main, "it has no label"
            found.append(mail)
        except (ValueError, KeyError, TypeError, IndexError, AssertionError, OSError) as error:
            problems.append(Problem(str(file), number, f"is no labelled mail: {type(error).__name__} {error}"))
    return found


def _raw(
    label: Mapping[str, Any], eml: str | None, file: Path, build: Callable[[Mapping[str, Any]], bytes] | None
) -> bytes:
    if eml is not None:
        return eml.encode()
    return build(label) if build else (file.parent / f"{label['id']}.eml").read_bytes()


def _builder() -> Callable[[Mapping[str, Any]], bytes]:
    """``build`` of training/build_mails.py, which is a script and no module of ours."""
    spec = importlib.util.spec_from_file_location("build_mails", BUILDER)
    if spec is None or spec.loader is None:
        raise OSError(f"{BUILDER} is missing")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    build: Callable[[Mapping[str, Any]], bytes] = module.build
    return build


def digest(mails: Iterable[Labelled]) -> str:
    """The digest of the mails and their labels, whatever files they lie in.

    Of a mail that is built from its label the label alone counts: a built DOCX holds the time.
    """
    total = hashlib.sha256()
    for mail in sorted(mails, key=lambda mail: mail.name):
        total.update(json.dumps(mail.label, ensure_ascii=False, sort_keys=True).encode() + b"\0")
        total.update(b"" if "body" in mail.label else mail.raw + b"\0")
    return total.hexdigest()[:16]


def samples(mails: Iterable[Labelled], rulebook: Rulebook, extract: Extract) -> list[Sample]:
    """Read each mail and its files and ask the sources, patterns included; the rulebook's model is not asked."""
    found = []
    for mail in mails:
        message = read_mail(mail.raw, extract)
        found.append(Sample(mail, message, sources(message, rulebook)))
    return found
