"""What is allowed in rules and yet looks like a mistake: told as notes, which stop nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from processor.loading.problems import Problem
from processor.loading.rules import TOPIC
from processor.loading.toml_lines import parse
from processor.rulebook import RequestType, Row, Rulebook

BLANKS = re.compile(r"\s+")


def notes(rulebook: Rulebook, rules_dir: Path, templates_dir: Path) -> list[Problem]:
    """Rows that no mail can reach, topics that nothing asks for, and titles without nynorsk."""
    rows = [each for kind in rulebook.types.values() for each in unreachable(kind.rows)]
    return [*rows, *_unasked(rulebook, rules_dir, templates_dir), *_titles(rulebook, rules_dir)]


def unreachable(rows: Collection[Row]) -> Iterator[Problem]:
    """Rows behind one that always holds, or whose condition holds only where an earlier row's does."""
    earlier: list[tuple[frozenset[str], Row]] = []
    for row in rows:
        asked = conjuncts(row.when)
        for needed, before in earlier:
            if needed <= asked or needed == {"true"}:
                why = "always holds" if needed == {"true"} else "holds wherever this one does"
                name = before.name.partition("/")[2]
                yield Problem(row.file, row.line, f"row {row.name!r} is never reached: {name!r} above it {why}")
                break
        earlier.append((asked, row))


def conjuncts(when: str) -> frozenset[str]:
    """The parts of a condition that must all hold: split at ``&&`` outside brackets and quotes."""
    parts, depth, quote, start, at = [], 0, "", 0, 0
    while at < len(when):
        letter = when[at]
        if quote:
            at += letter == "\\"
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        elif depth == 0 and when.startswith(("||", "?"), at):
            # An alternative is weaker than its parts, so the whole stands as one.
            return frozenset({_bare(when)})
        elif depth == 0 and when.startswith("&&", at):
            parts.append(when[start:at])
            start = at + 2
            at += 1
        at += 1
    return frozenset(_bare(each) for each in (*parts, when[start:]))


def _bare(text: str) -> str:
    return BLANKS.sub(" ", text).strip()


def _unasked(rulebook: Rulebook, rules_dir: Path, templates_dir: Path) -> Iterator[Problem]:
    """Topics that a pattern without weight sets, and no row of any type and no template asks for."""
    letters = "".join(path.read_text(encoding="utf-8") for path in sorted(templates_dir.glob("*/*.txt")))
    asked = {topic for kind in rulebook.types.values() for row in kind.rows for topic in TOPIC.findall(row.when)}
    for kind in rulebook.types.values():
        for number, pattern in enumerate(kind.patterns):
            written = f'"{pattern.topic}"' in letters or f"'{pattern.topic}'" in letters
            if pattern.topic and pattern.topic not in asked and not pattern.weight and not written:
                said = f"pattern {pattern.name!r} has no weight, and no row or template asks for {pattern.topic!r}"
                yield Problem(f"{rules_dir.name}/{kind.name}.toml", _line(kind, number, rules_dir), said)


def _line(kind: RequestType, number: int, rules_dir: Path) -> int:
    return parse(rules_dir / f"{kind.name}.toml")[1].get(f"recognise[{number}]", 0)


def _titles(rulebook: Rulebook, rules_dir: Path) -> Iterator[Problem]:
    for name in rulebook.types:
        values, lines, _ = parse(rules_dir / f"{name}.toml")
        if "nn" not in values.get("title", {}):
            said = "title has no nn: the bokmål one stands in letters in nynorsk"
            yield Problem(f"{rules_dir.name}/{name}.toml", lines.get("title", 0), said)


def unshown(rulebook: Rulebook, types: Collection[str], rules_dir: Path) -> list[Problem]:
    """One note for all request types that there is no example of."""
    # ``general`` holds the letters that belong to no type.
    missing = sorted(set(rulebook.types) - set(types) - {"general"})
    if not missing:
        return []
    said = f"{len(missing)} of {len(rulebook.types)} request types have no example: {', '.join(missing)}"
    return [Problem(rules_dir.name, 0, said)]


def unstruck(
    rulebook: Rulebook, struck: Collection[str], rules_dir: Path, types: Collection[str] | None = None
) -> list[Problem]:
    """A note for each rules file (of these types) with patterns that were found in none of the examples."""
    found = []
    for kind in rulebook.types.values():
        if types is not None and kind.name not in types:
            continue
        never = [each.name for each in kind.patterns if f"{kind.name}/{each.name}" not in struck]
        if never:
            said = f"{len(never)} of {len(kind.patterns)} patterns are found in no example: {', '.join(never)}"
            found.append(Problem(f"{rules_dir.name}/{kind.name}.toml", 0, said))
    return found


def undecided(
    rulebook: Rulebook, decided: Collection[str], rules_dir: Path, types: Collection[str] | None = None
) -> list[Problem]:
    """A note for each rules file (of these types) with rows that decided none of the examples."""
    found = []
    for kind in rulebook.types.values():
        if types is not None and kind.name not in types:
            continue
        never = [each.name.partition("/")[2] for each in kind.rows if each.name not in decided]
        if never:
            said = f"{len(never)} of {len(kind.rows)} rows decide no example: {', '.join(never)}"
            found.append(Problem(f"{rules_dir.name}/{kind.name}.toml", 0, said))
    return found
