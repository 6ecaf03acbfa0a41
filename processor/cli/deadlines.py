"""``processor deadlines``: the worked examples beside what the rules reckon, or one contract's deadline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from processor.contract import Agreements
    from processor.deciding.worked import Example

GIVEN_ALONE = ("rule", "family", "signed", "renewal", "received", "sent", "completed", "wanted")
COMES_OUT = (
    *("status", "last day", "end rests on", "last safe notice", "notice rests on", "else", "offers", "flags"),
    *("access to", "access"),
)


def deadlines(
    examples: Annotated[
        Path | None, typer.Option(help="Another file of worked examples.", show_default="tests/deciding/…")
    ] = None,
    rules: Annotated[Path | None, typer.Option(help="The rules folder.", show_default="rules/")] = None,
    kind: Annotated[str, typer.Option("--type", help="Reckon one contract instead: A or B.")] = "",
    family: Annotated[str, typer.Option(help="Its product family, such as business or eaccounting.")] = "",
    signed: Annotated[str, typer.Option(help="The day it was signed: 01.02.2018.")] = "",
    renewal: Annotated[str, typer.Option(help="The day it renews, where that counts: 01.01.2027.")] = "",
    received: Annotated[str, typer.Option(help="When the notice came, Oslo: '31.12.2018 23:59'.")] = "",
    wanted: Annotated[str, typer.Option(help="The last day of service asked for.")] = "",
) -> None:
    """Reckon the worked examples of the company's rules and print them beside what a lawyer wrote down.

    Exit status 1 when an example comes out otherwise.  With --received, one contract is reckoned instead.
    Example: processor deadlines --type B --signed 01.02.2018 --received '31.12.2018 23:59'
    """
    from processor.cli.opening import refusals, shipped
    from processor.deciding.worked import Example
    from processor.loading.agreements import load_agreements
    from processor.loading.contracts import load_register_words
    from processor.loading.problems import Refused

    with refusals():
        agreements, problems = load_agreements((rules or shipped("rules")) / "data" / "families.toml")
        if problems:
            raise Refused(problems)
        # Products and rules of access name families of their own.
        families = load_register_words(rules or shipped("rules")).families
    if not received and any((kind, family, signed, renewal, wanted)):
        raise typer.BadParameter("one contract is reckoned from when the notice came: give --received too")
    if kind and kind not in agreements.rules:
        raise typer.BadParameter(f"no type {kind!r}: there are {', '.join(agreements.rules)}")
    if family and family not in families:
        raise typer.BadParameter(f"no family {family!r}: there are {', '.join(sorted(families))}")
    if received:
        given = (kind, family, signed, renewal, received, "", "", wanted)
        cells = {**dict(zip(GIVEN_ALONE, given, strict=True)), **dict.fromkeys(COMES_OUT, "")}
        _print_one(Example("", "", cells), agreements)
        return
    _print_all(examples or _shipped_examples(), agreements)


def _shipped_examples() -> Path:
    return Path(__file__).parent.parent.parent / "tests" / "deciding" / "deadline-examples.md"


def _print_one(example: Example, agreements: Agreements) -> None:
    from processor.deciding.worked import reckoned

    try:
        found = reckoned(example, agreements)
    except ValueError as error:
        raise typer.BadParameter(f"{error}; days are written 01.02.2018, times 31.12.2018 23:59") from None
    for name, value in found.items():
        if value:
            typer.echo(f"{name + ':':20}{value}")


def _print_all(path: Path, agreements: Agreements) -> None:
    from processor.deciding.worked import examples, expected, reckoned

    heading, wrong, numbers = "", 0, set()
    try:
        found = list(examples(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        typer.echo(f"{path} cannot be read: {error}", err=True)
        raise typer.Exit(2) from None
    for example in found:
        if example.heading != heading:
            heading = example.heading
            typer.echo(f"\n{heading}\n")
        numbers.add(example.number)
        came = reckoned(example, agreements)
        want = expected(example, came)
        wrong += came != want
        for line in _lines(example, want, came):
            typer.echo(line)
    typer.echo(f"\n{len(numbers)} examples in {len(found)} rows: " + (f"{wrong} differ" if wrong else "all as written"))
    raise typer.Exit(1 if wrong else 0)


def _lines(example: Example, want: dict[str, str], came: dict[str, str]) -> list[str]:
    """What is given, and below it what came out; a cell that differs says what was written."""
    given = [f"{name} {value}" for name, value in example.cells.items() if name not in came and name != "no" and value]
    result = [
        f"{name} {value}" if value == want[name] else f"{name} {value or 'nothing'}, NOT {want[name] or 'nothing'}"
        for name, value in came.items()
        if value or want[name]
    ]
    mark = "✓" if came == want else "✗"
    return [f"{mark} {example.number:>3}  {', '.join(given)}", f"       → {'; '.join(result)}"]
