"""What became of a mail that was offered to an SMTP server, as values, and how replies are read."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True)
class Delivered:
    """The server answers for the mail from now on."""

    response: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """It will never be taken; ``code`` is 0 when we did not even ask."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now; ``code`` is 0 when no server said so.  ``setup``: a person must mend our settings."""

    code: int
    text: str
    setup: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """The line broke or fell silent.  After the data, nobody knows whether the mail was taken."""

    after_data: bool
    text: str


Outcome = Delivered | Rejected | Deferred | Lost


def refused(code: int, text: bytes) -> Outcome | None:
    if 400 <= code < 500:
        return Deferred(code, words(text))
    if 500 <= code < 600:
        return Rejected(code, words(text))
    return None


def set_up(code: int, text: bytes) -> Outcome | None:
    """A 5xx that says we must log in or encrypt first speaks of our settings, not of the mail."""
    return Deferred(code, words(text), setup=True) if code in (530, 534, 535, 538) else None


def stale(outcome: Outcome | None) -> bool:
    return isinstance(outcome, Lost) or closing(outcome)


def closing(outcome: Outcome | None) -> bool:
    return isinstance(outcome, Deferred) and outcome.code == 421


def words(text: bytes | str) -> str:
    """A server's reply as one bounded line."""
    told = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    if not told.isprintable():
        told = "".join(char if char.isprintable() else " " for char in told)
    return " ".join(told.split())[:LONGEST_TEXT]


def text_of(outcome: Outcome) -> str:
    """One line of what was said, with the code if there was one."""
    if isinstance(outcome, Delivered):
        return outcome.response
    code = 0 if isinstance(outcome, Lost) else outcome.code
    return f"{code} {outcome.text}" if code else outcome.text
