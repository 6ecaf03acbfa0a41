"""``processor check``: is everything that the operator wrote right?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, shipped
from processor.loading.problems import Problem, Refused

if TYPE_CHECKING:
    from processor.config import Config
    from processor.loading.examples import Examples
    from processor.rulebook import Rulebook
    from processor.steps.examples import Tried

EXAMPLES_SHOWN = 10


@dataclass
class Found:
    """What a look at rules, templates and examples gave: mistakes, and notes, which stop nothing."""

    counts: str = ""
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)


def check(
    config: ConfigPath = DEFAULT_CONFIG,
    examples: Annotated[
        list[Path] | None,
        typer.Option(help="Folders of example mails.", show_default="examples/ beside the rules"),
    ] = None,
    notes: Annotated[
        bool, typer.Option("--notes/--no-notes", help="Say too what is allowed and yet looks like a mistake.")
    ] = True,
) -> None:
    """Check configuration, rules and templates; every problem at once, with file, line and column.

    Renders every template in every language for sample values and for every example mail. Notes stop nothing: rows
    that no mail can reach, patterns and rows that no example needs, examples that are not decided as their .want says.
    Exit status 2 when anything is wrong.
    """
    problems: list[Problem] = []
    rules_dir, templates_dir = shipped("rules"), shipped("templates")
    own: tuple[str, ...] = ()
    loaded: Config | None = None
    if config.exists():
        from processor.loading.configuration import load_config

        try:
            loaded = load_config(config)
            rules_dir, templates_dir, own = loaded.rules_dir, loaded.templates_dir, loaded.own_addresses
        except Refused as refused:
            problems += refused.problems
    else:
        typer.echo(f"No configuration at {config.absolute()}; checking rules and templates alone.")
    authserv_ids = loaded.authserv_ids if loaded else ()
    found = look(rules_dir, templates_dir, own, authserv_ids, examples or _beside(rules_dir))
    problems = located_all([*problems, *found.problems], rules_dir, templates_dir)
    for problem in sorted(problems):
        typer.echo(str(problem), err=True)
    if notes:
        _tell_notes(located_all(found.notes, rules_dir, templates_dir))
    if problems:
        typer.echo(f"{len(problems)} problem{'s' if len(problems) != 1 else ''}.", err=True)
        raise typer.Exit(2)
    for line in _not_shown(loaded) if loaded else ():
        typer.echo(f"warning: {line}")
    typer.echo(f"All is well: {found.counts}.")


def _tell_notes(notes: Iterable[Problem]) -> None:
    for note in sorted(notes):
        typer.echo(f"note: {note}")


def located_all(problems: Iterable[Problem], rules_dir: Path, templates_dir: Path) -> list[Problem]:
    """The problems with the exact place of what they quote."""
    from processor.loading.locating import located

    return located(problems, (rules_dir.parent, rules_dir / "data", templates_dir.parent))


def _not_shown(config: Config) -> list[str]:
    """A sentence for each type that is configured as automatic before that is shown to be safe."""
    from processor.loading.rules import load_rulebook
    from processor.ticket import Level
    from processor.training.shown import warnings

    rulebook = load_rulebook(config.rules_dir, config.templates_dir, config.own_addresses)
    alone = [name for name in sorted(rulebook.types) if config.levels.get(name, config.level) == Level.AUTOMATIC]
    return warnings(alone, rulebook.model)


def look(
    rules_dir: Path, templates_dir: Path, own: tuple[str, ...], authserv_ids: tuple[str, ...], folders: list[Path]
) -> Found:
    """Load rules and templates, render all of them, decide the examples, and say how many were looked at."""
    from processor.loading.examples import load_examples
    from processor.loading.notes import notes
    from processor.loading.rules import load_rulebook
    from processor.loading.templates import check_templates, load_templates
    from processor.steps.examples import Tried

    try:
        rulebook = load_rulebook(rules_dir, templates_dir, own)
    except Refused as refused:
        # What can be read is rendered all the same, so that nothing comes to light only at the next run.
        faulty = {each.file for each in refused.problems}
        rendered = check_templates(load_templates(templates_dir)[0])
        return Found(problems=[*refused.problems, *(each for each in rendered if each.file not in faulty)])
    found = Found("", check_templates(load_templates(templates_dir)[0]), notes(rulebook, rules_dir, templates_dir))
    tried = Tried()
    for folder in folders:
        examples, faults = load_examples(folder, authserv_ids, own)
        found.problems += faults
        tried += _tried(examples, rulebook)
    found.problems += [Problem(str(mail), 0, said) for mail, said in tried.unrendered]
    found.notes += _example_notes(tried, rulebook, rules_dir)
    renderings = sum(len(languages) for languages in rulebook.languages.values())
    found.counts = f"{len(rulebook.types)} request types, {renderings} template files, {tried.count} example mails"
    return found


def _tried(examples: Examples, rulebook: Rulebook) -> Tried:
    from processor.steps.examples import try_examples
    from processor.world.confined import Confined

    with Confined() as files:
        return try_examples(examples, rulebook, files.extract)


def _example_notes(tried: Tried, rulebook: Rulebook, rules_dir: Path) -> list[Problem]:
    from processor.loading.notes import undecided, unshown, unstruck

    found = [Problem(str(mail), 0, said) for mail, said in tried.failed[:EXAMPLES_SHOWN]]
    if len(tried.failed) > EXAMPLES_SHOWN:
        found.append(
            Problem("examples", 0, f"{len(tried.failed) - EXAMPLES_SHOWN} more are not decided as they should")
        )
    found += [
        Problem("examples.toml", 0, f"{name} is owed no longer: it does as its .want says") for name in tried.mended
    ]
    if tried.count:
        found += unshown(rulebook, tried.types, rules_dir)
        found += unstruck(rulebook, tried.struck, rules_dir, tried.types)
        found += undecided(rulebook, tried.decided, rules_dir, tried.types)
    return found


def _beside(rules_dir: Path) -> list[Path]:
    """The examples that stand beside the rules, if there are any."""
    from processor.loading.examples import examples_beside

    folder = examples_beside(rules_dir)
    return [folder] if folder.is_dir() else []
