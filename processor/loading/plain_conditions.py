"""Plain conditions as functions of Python's own; all but a few of a rules folder's are plain.

To ask CEL, every value that a condition names is made a value of CEL's first, which takes longer than what is
asked of it.  What is read here is a part of CEL in which nothing can fail: ``&&``, ``||``, ``!`` and brackets around

    'estate' in mail.topics      sender.role == 'estate'      size(fields.org_no) > 1      fields.users > 0      form.present

and means what it means to CEL, which has compiled it before.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Values = Mapping[str, Any]
Holds = Callable[[Values], bool]
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'[^'\\]*'|\"[^\"\\]*\")|(?P<number>[0-9]{1,9})(?![\w.])|(?P<name>[a-z_]+(?:\.[a-z_]+)*)(?![\w.])"
    r"|(?P<sign>&&|\|\||[<>=!]=|[!<>()]))"
)
_COMPARED = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
END = ("", "")
MOST_DEPTH = 20
"""Of brackets within brackets; deeper ones are left to CEL, which has a bound of its own."""


class NotPlainError(Exception):
    """The condition says more than is read here."""


def plain(text: str, types: Mapping[str, str]) -> Holds | None:
    """The function of a condition that CEL has compiled; None where only CEL can tell.

    ``types`` has each variable's: text, texts, number or truth.
    """
    try:
        reader = _Reader(text, types)
        found = reader.any_of()
        return found if reader.next == END else None
    except NotPlainError:
        return None


def _any(terms: Sequence[Holds]) -> Holds:
    def holds(values: Values) -> bool:
        for each in terms:  # noqa: SIM110
            if each(values):
                return True
        return False

    return holds


def _all(terms: Sequence[Holds]) -> Holds:
    def holds(values: Values) -> bool:
        for each in terms:  # noqa: SIM110
            if not each(values):
                return False
        return True

    return holds


class _Reader:
    def __init__(self, text: str, types: Mapping[str, str]) -> None:
        self.text, self.types, self.place, self.depth = text.rstrip(), types, 0, 0
        self.next = END
        self._step()

    def any_of(self) -> Holds:
        terms = [self._all_of()]
        while self._takes("||"):
            terms.append(self._all_of())
        return terms[0] if len(terms) == 1 else _any(terms)

    def _all_of(self) -> Holds:
        terms = [self._one()]
        while self._takes("&&"):
            terms.append(self._one())
        return terms[0] if len(terms) == 1 else _all(terms)

    def _one(self) -> Holds:
        if self._takes("!"):
            inner = self._deeper(self._one)
            return lambda values: not inner(values)
        if self._takes("("):
            inner = self._deeper(self.any_of)
            self._needs(")")
            return inner
        if self.next[0] == "text":
            return self._held()
        return self._sized() if self.next == ("name", "size") else self._said()

    def _deeper(self, read: Callable[[], Holds]) -> Holds:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise NotPlainError
        found = read()
        self.depth -= 1
        return found

    def _sized(self) -> Holds:
        """How many a list has, or a text has signs."""
        self._step()
        self._needs("(")
        name = self._variable("text", "texts")
        self._needs(")")
        compared, number = self._comparison(), int(self._word("number"))
        return lambda values: compared(len(values[name]), number)

    def _held(self) -> Holds:
        """Whether a list holds a text."""
        literal = self._word("text")[1:-1]
        if self._word("name") != "in":
            raise NotPlainError
        name = self._variable("texts")
        return lambda values: literal in values[name]

    def _said(self) -> Holds:
        """A truth, or what a text or number is."""
        name = self._variable("text", "number", "truth")
        if self.types[name] == "truth":
            return lambda values: values[name] is True
        compared = self._comparison()
        if self.types[name] == "number":
            number = int(self._word("number"))
            return lambda values: compared(values[name], number)
        if compared not in (operator.eq, operator.ne):
            raise NotPlainError
        literal = self._word("text")[1:-1]
        return lambda values: compared(values[name], literal)

    def _variable(self, *types: str) -> str:
        name = self._word("name")
        if self.types.get(name) not in types:
            raise NotPlainError
        return name

    def _comparison(self) -> Callable[[Any, Any], bool]:
        found = _COMPARED.get(self._word("sign"))
        if found is None:
            raise NotPlainError
        return found

    def _word(self, kind: str) -> str:
        if self.next[0] != kind:
            raise NotPlainError
        word = self.next[1]
        self._step()
        return word

    def _takes(self, sign: str) -> bool:
        if self.next != ("sign", sign):
            return False
        self._step()
        return True

    def _needs(self, sign: str) -> None:
        if not self._takes(sign):
            raise NotPlainError

    def _step(self) -> None:
        if self.place == len(self.text):
            self.next = END
            return
        found = _TOKEN.match(self.text, self.place)
        if found is None or found.lastgroup is None:
            raise NotPlainError
        self.place, self.next = found.end(), (found.lastgroup, found[found.lastgroup])
