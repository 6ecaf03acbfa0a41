"""The word lists of rules/data/ to the Vocabulary that understanding reads by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from processor.loading.literals import literals_of
from processor.loading.patterns import (
    compile_alternatives,
    compile_patterns,
    line_of_key,
    line_of_table,
    read_toml,
)
from processor.loading.problems import Problem
from processor.rulebook import Pattern, Vocabulary
from processor.weights import SCALE, packed

KINDS = ("auto_reply", "bounce", "bulk", "spam")
LANGUAGES = ("nb", "nn", "en", "sv", "da")
WORTH = {"strong": 3 * SCALE, "some": SCALE, "letters": SCALE // 2}
"""How much a word of each list says; ``letters`` are parts of words."""
PHRASE_FILES = ("dates", "names", "fields")


def load_vocabulary(folder: Path) -> tuple[Vocabulary, list[Problem]]:
    """Read moods, automatic, languages, dates, names and fields.toml of rules/data/."""
    moods, problems = _moods(folder / "moods.toml")
    automatic, faults = _automatic(folder / "automatic.toml")
    problems += faults
    languages, letters, faults = _languages(folder / "languages.toml")
    problems += faults
    phrases: dict[str, re.Pattern[str]] = {}
    signs: dict[str, tuple[str, ...]] = {}
    for name in PHRASE_FILES:
        for key, pattern, literals in _phrases(folder / f"{name}.toml", problems):
            phrases[f"{name}.{key}"], signs[f"{name}.{key}"] = pattern, literals
    return Vocabulary(moods, automatic, languages, phrases, letters, signs), problems


def _moods(path: Path) -> tuple[dict[str, Pattern], list[Problem]]:
    return _named(path, "mood")


def _named(path: Path, kind: str) -> tuple[dict[str, Pattern], list[Problem]]:
    tables, problems = read_toml(path)
    found = tables.get(kind, [])
    patterns, faults = compile_patterns(found, path.name, lambda n: line_of_table(path, f"[[{kind}]]", n))
    return {pattern.name: pattern for pattern in patterns}, problems + faults


def _automatic(path: Path) -> tuple[dict[str, tuple[Pattern, ...]], list[Problem]]:
    tables, problems = read_toml(path)
    kinds = {}
    for kind, found in tables.items():
        if kind not in KINDS:
            problems.append(Problem(path.name, line_of_key(path, kind), f"unknown kind of automatic mail {kind!r}"))
            continue

        def line_of(number: int, heading: str = f"[[{kind}]]") -> int:
            return line_of_table(path, heading, number)

        kinds[kind], faults = compile_patterns(found, path.name, line_of)
        problems += faults
    return kinds, problems


def _languages(path: Path) -> tuple[dict[str, int], dict[str, int], list[Problem]]:
    """What words and what parts of words say for each language."""
    tables, problems = read_toml(path)
    words: dict[str, list[int]] = {}
    letters: dict[str, list[int]] = {}
    for language, groups in tables.items():
        line = line_of_key(path, language)
        if language not in LANGUAGES:
            problems.append(Problem(path.name, line, f"unknown language {language!r}"))
            continue
        at = LANGUAGES.index(language)
        for group, text in groups.items():
            if group not in WORTH or not isinstance(text, str):
                problems.append(Problem(path.name, line, f"{group!r} must be strong, some or letters, and text"))
                continue
            for word in text.lower().split():
                row = (letters if group == "letters" else words).setdefault(word, [0] * len(LANGUAGES))
                row[at] = max(row[at], WORTH[group])
    return _rows(words), _rows(letters), problems


def _rows(table: dict[str, list[int]]) -> dict[str, int]:
    return dict(zip(table, packed(table.values()), strict=True))


def _phrases(path: Path, problems: list[Problem]) -> Iterator[tuple[str, re.Pattern[str], tuple[str, ...]]]:
    """Each list's key, its expression and the signs of it; what is wrong is added to the problems."""
    tables, faults = read_toml(path)
    problems += faults
    for key, texts in tables.items():
        pattern, faults = compile_alternatives(texts, key, path.name, line_of_key(path, key))
        problems += faults
        if pattern is not None:
            yield key, pattern, literals_of(texts)
