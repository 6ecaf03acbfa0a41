"""What becomes of mails with two requests: every one named in the answer, held for a person, or one overlooked.

    python -m tests.training.two_requests [FILE.jsonl] [-v]

Without a file, of two_requests.jsonl beside this script: written for this measurement, and never trained on.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processor.cli.explain import explained
from processor.loading.rules import load_rulebook
from processor.rulebook import Rulebook
from processor.training.dataset import labelled
from processor.training.measure import AUTHSERV_ID

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MAILS = HERE / "two_requests.jsonl"
KINDS = ("named all", "held", "named more", "overlooked", "wrong")


@dataclass(frozen=True, slots=True)
class Measured:
    """A mail's label, what was found, and what that means for the customer."""

    name: str
    asked: tuple[str, ...]
    found: tuple[str, ...]
    kind: str


def kind_of(asked: set[str], told: Mapping[str, Any]) -> str:
    """What becomes of a mail that asks for these types, by the JSON of ``explain``."""
    found = {request["type"] for request in told["requests"]}
    if told["decision"]["outcome"] != "answer":
        return "held"
    if found == asked:
        return "named all"
    if found > asked:
        return "named more"
    return "overlooked" if found & asked else "wrong"


def measured(file: Path, rulebook: Rulebook) -> Iterator[Measured]:
    """Each labelled mail of the file that asks for something, decided by these rules and their model."""
    for mail in labelled([file]):
        asked = tuple(mail.label["intents"])
        if asked and asked != ("no_action",):
            told = explained(mail.raw, rulebook, (AUTHSERV_ID,), ())
            found = tuple(request["type"] for request in told["requests"])
            yield Measured(mail.name, asked, found, kind_of(set(asked), told))


def shipped() -> Rulebook:
    """The shipped rules, templates and model."""
    return load_rulebook(ROOT / "rules", ROOT / "templates", ())


def main(arguments: list[str]) -> None:
    """Print how many of each kind, and with -v each mail that is neither named whole nor held."""
    file = next((Path(each) for each in arguments if not each.startswith("-")), MAILS)
    mails = list(measured(file, shipped()))
    for title, some in (
        ("two or more", [each for each in mails if len(each.asked) > 1]),
        ("one request", [each for each in mails if len(each.asked) == 1]),
    ):
        counts = Counter(each.kind for each in some)
        print(f"{title}: {len(some):4}   " + "   ".join(f"{kind} {counts[kind]}" for kind in KINDS))
    for each in mails if "-v" in arguments else ():
        if each.kind not in ("held", "named all"):
            print(f"  {each.kind}: {each.name} asks {', '.join(each.asked)}; found {', '.join(each.found)}")


if __name__ == "__main__":
    main(sys.argv[1:])
