"""``processor train`` and ``evaluate``: the trained model, from labelled mails, and what it is worth."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from processor.cli.opening import refusals, shipped
from processor.loading.problems import Problem, Refused

if TYPE_CHECKING:
    from processor.rulebook import Model, Rulebook
    from processor.training.dataset import Labelled

Mails = Annotated[
    list[Path] | None,
    typer.Option(help="Labelled mails: *.jsonl files or folders of them.", show_default="training/"),
]
RulesPath = Annotated[Path | None, typer.Option(help="The rules folder.", show_default="rules/")]
OutPath = Annotated[Path | None, typer.Option(help="Where the model is written.", show_default="the shipped one")]


def train(
    mails: Mails = None,
    rules: RulesPath = None,
    out: OutPath = None,
    force: Annotated[bool, typer.Option("--force", help="Take it into use even if it is worse.")] = False,
    thresholds: Annotated[
        bool | None,
        typer.Option(
            "--thresholds/--no-thresholds",
            help="Write answer_from into the rules files.",
            show_default="yes, unless --out is given",
        ),
    ] = None,
) -> None:
    """Train the model from labelled mails and from staff's corrections; equal mails give equal bytes.

    It is taken into use only if it is no worse than the present one on mails that it did not see.  From which
    confidence on each type is answered alone is then written into its rules file (answer_from).
    Example: processor train --mails training --mails corrections
    """
    from processor.loading.model import SHIPPED, file_of
    from processor.loading.thresholds import write_thresholds

    target = out or SHIPPED
    with refusals():
        rulebook, found = _opened(mails, rules)
    from processor.training.dataset import digest, samples
    from processor.training.measure import alone, crossed, figures, worse
    from processor.training.shown import in_words
    from processor.training.train import train as learn
    from processor.world.confined import Confined

    typer.echo(f"{len(found)} labelled mails; learning, and measuring in folds ...")
    with Confined() as files:
        seen = samples(found, rulebook, files.extract)
    tried = crossed(seen, rulebook)
    model = replace(learn(seen, rulebook, digest(found)), figures=figures(tried), shown=alone(tried))
    for name, figure in model.figures.items():
        typer.echo(f"  {name:32} {figure:.4f}")
    for name in model.labels:
        typer.echo(f"  {name:32} {in_words(name, model)}")
    if (reason := worse(model, _present(target))) and not force:
        typer.echo(f"Not taken into use: {reason}. Use --force to take it all the same.", err=True)
        raise typer.Exit(1)
    target.write_bytes(file_of(model))
    typer.echo(f"Written to {target}; a running daemon takes it at its next start.")
    if thresholds if thresholds is not None else out is None:
        for change in write_thresholds(rules or shipped("rules"), model.answer_from):
            typer.echo(f"  {change}")


def evaluate(
    mails: Mails = None,
    rules: RulesPath = None,
    plot: Annotated[Path | None, typer.Option(help="Write the calibration plot (SVG) here.")] = None,
    test: Annotated[
        list[str] | None,
        typer.Option(help="Sets (file names without .jsonl) to try with a model trained on the others, once."),
    ] = None,
    worst: Annotated[int, typer.Option(help="How many of the worst mistakes to name.")] = 10,
    explained: Annotated[
        Path | None, typer.Option(help="Write each mail's line of explain --json here, for training/score.py.")
    ] = None,
) -> None:
    """Print what training is worth: every mail is decided by a model that was trained without it.

    Figures by set and by type, what is decided alone beside its goal, coverage against precision, calibration,
    the cost of each kind of mistake, the confusion table, the worst mistakes and why, and the time by stage.
    Example: processor evaluate --plot calibration.svg   or: processor evaluate --test dev_3
    """
    with refusals():
        rulebook, found = _opened(mails, rules)
    from processor.training.dataset import samples
    from processor.training.measure import crossed, decided
    from processor.training.pace import pace
    from processor.training.report import plot as drawn
    from processor.training.report import report
    from processor.training.train import train as learn
    from processor.world.confined import Confined

    with Confined() as files:
        seen = samples(found, rulebook, files.extract)
    held = [sample for sample in seen if sample.mail.source in (test or ())]
    model = learn([sample for sample in seen if sample not in held] if held else seen, rulebook)
    if test and not held:
        raise typer.BadParameter(f"no such set: there are {', '.join(sorted({s.mail.source for s in seen}))}")
    tried = decided(held, rulebook, model) if held else crossed(seen, rulebook)
    typer.echo(report(tried, model.answer_from, worst))
    typer.echo("\n" + "\n".join(pace(seen, replace(rulebook, model=model))))
    if explained:
        lines = [json.dumps({"file": f"{each.name}.eml", **each.told}, ensure_ascii=False) + "\n" for each in tried]
        explained.write_text("".join(lines), encoding="utf-8")
        typer.echo(f"\nWhat was decided is in {explained}; score it with: training/score.py LABELS.jsonl {explained}")
    if plot:
        plot.write_text(drawn(tried), encoding="utf-8")
        typer.echo(f"\nThe calibration plot is in {plot}.")


def _present(target: Path) -> Model | None:
    from processor.loading.model import load_model

    return load_model(target)[0]


def _opened(mails: list[Path] | None, rules: Path | None) -> tuple[Rulebook, list[Labelled]]:
    """The rules without a model, and the mails; Refused when training cannot run here."""
    from importlib import import_module

    from processor.loading.rules import load_rulebook

    try:
        import_module("processor.training.train")
    except ModuleNotFoundError as missing:
        said = f"training needs {missing.name}; install it with: pip install 'processor[train]'"
        raise Refused([Problem("processor", 0, said)]) from None
    from processor.training.dataset import labelled

    rulebook = load_rulebook(rules or shipped("rules"), shipped("templates"), (), None)
    return rulebook, labelled(mails or [shipped("training")])
