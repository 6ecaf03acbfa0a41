"""May changed rules be taken into use?  Only if ``check`` passes and every example still does as it should.

What it takes to look is imported when it is done, which is in a child: the daemon itself stays small.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from processor.loading.examples import Examples
    from processor.rulebook import Rulebook

FORCE = "take them all the same with: processor reload --force"


@dataclass(frozen=True, slots=True)
class Sight:
    """By whose eyes rules are looked at: our addresses, whose authentication results count, and the rules folder
    whose neighbouring examples are asked (None: none are, as at a start or when an operator says so)."""

    own_addresses: tuple[str, ...]
    authserv_ids: tuple[str, ...] = ()
    beside: Path | None = None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What was found: the ``problems`` that keep the rules out of use (none: they may be taken).

    ``rows`` has each rule's version, condition and reply; ``examples`` is how many were asked.
    """

    problems: tuple[str, ...] = ()
    version: str = ""
    model: str = ""
    rows: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    examples: int = 0

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Acceptance:
        """What another process found, from its fields."""
        rows = {rule: (version, when, reply) for rule, (version, when, reply) in told["rows"].items()}
        return cls(**{**told, "problems": tuple(told["problems"]), "rows": rows})

    def line(self) -> str:
        """One line of JSON for another process, which reads it by ``of``."""
        return json.dumps(asdict(self)) + "\n"


def accept(rules_dir: Path, templates_dir: Path, sight: Sight) -> tuple[Acceptance, Rulebook | None]:
    """Look at rules, templates and examples; the rulebook too when it may be taken."""
    from processor.loading.problems import Refused
    from processor.loading.rules import load_rulebook
    from processor.loading.templates import check_templates, load_templates

    try:
        rulebook = load_rulebook(rules_dir, templates_dir, sight.own_addresses)
    except Refused as refused:
        return Acceptance(tuple(map(str, refused.problems))), None
    if faults := check_templates(load_templates(templates_dir)[0]):
        return Acceptance(tuple(map(str, faults))), None
    count, problems = _examples(rulebook, sight)
    if problems:
        return Acceptance(tuple(problems), examples=count), None
    return described(rulebook, templates_dir, count), rulebook


def main() -> None:
    """Look for a daemon: what to look at comes as JSON on standard input, and what was found leaves so."""
    asked = json.load(sys.stdin)
    seen = asked["sight"]
    sight = Sight(
        tuple(seen["own_addresses"]), tuple(seen["authserv_ids"]), Path(seen["beside"]) if seen["beside"] else None
    )
    found, _ = accept(Path(asked["rules_dir"]), Path(asked["templates_dir"]), sight)
    sys.stdout.write(found.line())


def described(rulebook: Rulebook, templates_dir: Path, examples: int = 0) -> Acceptance:
    """A rulebook that is taken into use, with the versions of its rules."""
    from processor.loading.versions import row_versions

    model = rulebook.model.version if rulebook.model else ""
    return Acceptance((), rulebook.version, model, row_versions(rulebook, templates_dir), examples)


def _examples(rulebook: Rulebook, sight: Sight) -> tuple[int, list[str]]:
    from processor.loading.examples import examples_beside, load_examples

    if sight.beside is None:
        return 0, []
    folder = examples_beside(sight.beside)
    examples, faults = load_examples(folder, sight.authserv_ids, sight.own_addresses)
    if faults:
        return 0, [str(each) for each in faults]
    if not examples.mails:
        said = f"{folder} holds no example mails, so nothing tells whether the rules still do as they should"
        return 0, [f"{said}; write some (processor rules new makes the first), or {FORCE}"]
    return len(examples.mails), _failed(examples, rulebook)


def _failed(examples: Examples, rulebook: Rulebook) -> list[str]:
    from processor.steps.examples import try_examples
    from processor.world.confined import Confined

    with Confined() as files:
        failed = try_examples(examples, rulebook, files.extract).failed
    told = [f"{mail}: {fault}" for mail, fault in failed]
    return [*told, f"mend the rules, or review the .want files, or {FORCE}"] if told else []


if __name__ == "__main__":
    main()
