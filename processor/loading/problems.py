"""An operator's mistake as a value: all are collected and shown together, and nothing starts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong, where, and the nearest right word if there is one.

    Lines and columns count from 1; 0 is unknown.
    """

    file: str
    line: int
    text: str
    hint: str = ""
    column: int = 0

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        place += f":{self.column}" if self.line and self.column else ""
        return f"{place}: {self.text}" + (f" (did you mean {self.hint}?)" if self.hint else "")


class Refused(Exception):
    """The configuration, rules or templates have problems; the program does not start."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, sorted(problems))))
        self.problems = sorted(problems)
