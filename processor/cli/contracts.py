"""``processor contracts``: the register of contracts, imported from a file and looked up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, actor, open_config, open_engine, refusals

if TYPE_CHECKING:
    from processor.contract import Contract
    from processor.loading.contracts import ContractFile
    from processor.store.contract_staging import Difference

app = typer.Typer(no_args_is_help=True, help="The contract register: import a file, list, show a customer.")
MOST_NOTES = 10
COMPARED = ("org_no", "name", "domains", "family", "type", "signed", "invoiced_to")


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A CSV file; docs/contracts.md lists its columns.")],
    yes: Annotated[bool, typer.Option("--yes", help="Take it without asking, for cron.")] = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Make the register what a file says: every problem by line, then the difference, then the question.

    All or nothing: a file with one wrong line changes nothing (exit status 2), and with --yes neither does one that
    would end much of the register.
    Example: processor contracts import contracts.csv
    """
    from processor.steps.contracts import all_problems, contract_file, too_many_gone
    from processor.store.contract_staging import ChangedMeanwhileError, staged

    configured = open_config(config)
    engine = open_engine(configured)
    now = datetime.now(UTC)
    with refusals():
        opened = contract_file(file, configured.rules_dir, now)
    with staged(engine, opened.rows()) as beside:
        if problems := all_problems(opened, beside):
            for problem in problems:
                typer.echo(str(problem), err=True)
            typer.echo(f"{len(opened.problems) + opened.more} problems; the register was not changed.", err=True)
            raise typer.Exit(2)
        _notes(opened)
        found = beside.difference()
        _show(found)
        if yes and too_many_gone(found):
            typer.echo(
                f"This would end {found.gone} contracts, so a person must say yes: run it without --yes.", err=True
            )
            raise typer.Exit(2)
        if not found.nothing and not yes:
            typer.confirm("Take it?", abort=True)
        try:
            beside.take(found, str(file), opened.digest, actor(), now)
        except ChangedMeanwhileError:
            typer.echo("The register was changed meanwhile; look at the difference again.", err=True)
            raise typer.Exit(1) from None
    typer.echo("Taken." if not found.nothing else "The register says the same already.")


@app.command("list")
def show_list(
    text: Annotated[str, typer.Argument(help="A part of a name or product, or the beginning of a number.")] = "",
    limit: Annotated[int, typer.Option(help="Most rows.", min=1)] = 50,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """List contracts, those of a name, product or number."""
    from processor.store.contracts import contracts_like

    found = contracts_like(open_engine(open_config(config)), text, limit + 1)
    for contract in found[:limit]:
        typer.echo(line_of(contract))
    if len(found) > limit:
        typer.echo(f"… and more; see them with --limit {limit * 10}, or give a text.")
    if not found:
        typer.echo("No contract.")


@app.command("show")
def show(
    customer: Annotated[str, typer.Argument(help="A customer number or an organisation number.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Show a customer: every contract, and what a notice that comes now would reach."""
    from processor.deciding.deadline import Notice, deadline
    from processor.deciding.staff_words import deadline_in_words, terms
    from processor.loading.agreements import load_agreements
    from processor.store.contracts import contracts_of

    configured = open_config(config)
    found = contracts_of(open_engine(configured), customer)
    if not found:
        typer.echo(f"No customer {customer} in the register.", err=True)
        raise typer.Exit(1)
    agreements, _ = load_agreements(configured.rules_dir / "data" / "families.toml")
    now = Notice(datetime.now(UTC))
    for number in dict.fromkeys(each.customer_no for each in found):
        own = [each for each in found if each.customer_no == number]
        typer.echo(f"{number}  {own[0].name}{f', org. no. {own[0].org_no}' if own[0].org_no else ''}")
        typer.echo(f"  domains: {', '.join(own[0].domains) or 'none'}")
        for contract in own:
            typer.echo(f"  {terms(contract)}")
            for line in deadline_in_words(deadline(contract, now, agreements)):
                typer.echo(f"      {line}")


def line_of(contract: Contract) -> str:
    """A contract in one line."""
    from processor.deciding.staff_words import terms

    return f"{contract.customer_no:>10}  {contract.org_no or '-':9}  {contract.name[:32]:32}  {terms(contract)}"


def _notes(opened: ContractFile) -> None:
    for note in opened.notes[:MOST_NOTES]:
        typer.echo(f"note: {note}")
    if len(opened.notes) > MOST_NOTES:
        typer.echo(f"note: {len(opened.notes) - MOST_NOTES} more of this kind")


def _show(found: Difference) -> None:
    _some(f"{found.new} new", found.new, (f"+ {line_of(each)}" for each in found.shown_new))
    _some(f"{found.changed} changed", found.changed, (f"~ {_change(*pair)}" for pair in found.shown_changed))
    _some(f"{found.gone} gone", found.gone, (f"- {line_of(each)}" for each in found.shown_gone))
    typer.echo(f"{found.same} as before")


def _some(title: str, count: int, lines: Iterable[str]) -> None:
    typer.echo(title)
    shown = list(lines)
    for line in shown:
        typer.echo(f"  {line}")
    if count > len(shown):
        typer.echo(f"  … and {count - len(shown)} more")


def _change(before: Contract, after: Contract) -> str:
    pairs = [(name, getattr(before, name), getattr(after, name)) for name in COMPARED]
    said = [f"{name} {_cell(old)} → {_cell(new)}" for name, old, new in pairs if old != new]
    return f"{after.customer_no:>10}  {after.product}: {', '.join(said)}"


def _cell(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(value) or "nothing"
    return f"{value:%d.%m.%Y}" if hasattr(value, "strftime") else str(value or "nothing")
