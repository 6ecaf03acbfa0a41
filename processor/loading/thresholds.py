"""Writing into rules files from which confidence on each type is answered alone: chosen on data, read by people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

# At the head of the file, before any table: there it is the type's own.
_LINE = re.compile(r"(?m)^answer_from[ \t]*=[ \t]*([0-9.]+)")


def write_thresholds(rules: Path, chosen: Mapping[str, float]) -> Iterator[str]:
    """Write each type's threshold into its rules file; says what was changed, a line a file.

    A file without the line, and a type without a file (automatic mail has none), are left alone.
    """
    for path in sorted(rules.glob("*.toml")):
        if path.stem not in chosen:
            continue
        text = path.read_text(encoding="utf-8")
        head, mark, rest = text.partition("\n[")
        found = _LINE.search(head)
        if found is None or float(found[1]) == chosen[path.stem]:
            continue
        head = f"{head[: found.start(1)]}{chosen[path.stem]:g}{head[found.end(1) :]}"
        path.write_text(head + mark + rest, encoding="utf-8")
        yield f"{path.name}: answer_from {found[1]} -> {chosen[path.stem]:g}"
