"""``processor check``: is everything that the operator wrote right?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, shipped
from processor.loading.problems import Problem, Refused

if TYPE_CHECKING:
    from processor.config import Config


def check(
    config: ConfigPath = DEFAULT_CONFIG,
    examples: Annotated[
        list[Path] | None, typer.Option(help="Folders of example mails whose templates are rendered too.")
    ] = None,
) -> None:
    """Check configuration, rules and templates; every problem at once, with file and line.

    Renders every template in every language for sample values and for every example mail.  Names the types
    that are configured to answer alone before their precision is shown; that is a warning and no problem.
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
    counts, found = check_rules(rules_dir, templates_dir, own, examples or _beside(rules_dir))
    problems += found
    for problem in sorted(problems):
        typer.echo(str(problem), err=True)
    if problems:
        typer.echo(f"{len(problems)} problem{'s' if len(problems) != 1 else ''}.", err=True)
        raise typer.Exit(2)
    for line in _not_shown(loaded) if loaded else ():
        typer.echo(f"warning: {line}")
    typer.echo(f"All is well: {counts}.")


def _not_shown(config: Config) -> list[str]:
    """A sentence for each type that is configured as automatic before that is shown to be safe."""
    from processor.loading.rules import load_rulebook
    from processor.ticket import Level
    from processor.training.shown import warnings

    rulebook = load_rulebook(config.rules_dir, config.templates_dir, config.own_addresses)
    alone = [name for name in sorted(rulebook.types) if config.levels.get(name, config.level) == Level.AUTOMATIC]
    return warnings(alone, rulebook.model)


def check_rules(
    rules_dir: Path, templates_dir: Path, own: tuple[str, ...], examples: list[Path]
) -> tuple[str, list[Problem]]:
    """Load rules and templates, render all of them, and say how many were looked at."""
    from processor.loading.rules import load_rulebook
    from processor.loading.templates import check_templates, load_templates

    try:
        rulebook = load_rulebook(rules_dir, templates_dir, own)
    except Refused as refused:
        return "", list(refused.problems)
    problems = check_templates(load_templates(templates_dir)[0])
    count = 0
    for file in sorted(mail for folder in examples for mail in folder.rglob("*.eml")):
        count += 1
        problems += _render_example(file, rulebook, own)
    renderings = sum(len(languages) for languages in rulebook.languages.values())
    return f"{len(rulebook.types)} request types, {renderings} template files, {count} example mails", problems


def _render_example(file: Path, rulebook: object, own: tuple[str, ...]) -> list[Problem]:
    from processor.cli.explain import explained
    from processor.rulebook import Rulebook

    assert isinstance(rulebook, Rulebook)
    told = explained(file.read_bytes(), rulebook, (), own)
    faults = [said for said in told["decision"]["because"] if said.startswith("Template ")]
    return [Problem(str(file), 0, fault) for fault in faults]


def _beside(rules_dir: Path) -> list[Path]:
    """The examples that stand beside the rules, if there are any."""
    from processor.loading.examples import examples_beside

    folder = examples_beside(rules_dir)
    return [folder] if folder.is_dir() else []
