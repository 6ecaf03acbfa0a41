"""``processor rules``: a new request type's files, which rule decided when, and the schema for editors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config, open_engine, refusals, shipped

if TYPE_CHECKING:
    from processor.cli.first_files import NewType
    from processor.config import Config
    from processor.loading.examples import Examples
    from processor.store.rules_seen import Used

OSLO = ZoneInfo("Europe/Oslo")
WORDS = re.compile(r"[\w][\w -]{0,60}")
NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
SHIPPED_SCHEMA = Path("docs") / "rules.schema.json"
LONGEST_WHEN = 100
app = typer.Typer(no_args_is_help=True, help="The company's written rules: new, history, schema.")


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="Its name: small letters, digits and _.")],
    title: Annotated[str, typer.Option(help="What it is called in Norwegian.", show_default="the name")] = "",
    title_en: Annotated[str, typer.Option(help="What it is called in English.", show_default="the title")] = "",
    word: Annotated[str, typer.Option(help="The word it is recognised by.", show_default="the title")] = "",
    rank: Annotated[int, typer.Option(help="Order among several requests, the smallest first.")] = 70,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Make the files of a new request type: rules, a receipt in five languages, two example mails with .want.

    They pass processor check as they are; change them from there. Nothing that exists is overwritten.
    Example: processor rules new training --title Opplæring --title-en Training --word kurs
    """
    if not NAME.fullmatch(name):
        raise typer.BadParameter(f"a name is small letters, digits and _, and not {name!r}")
    title = title or name.replace("_", " ").capitalize()
    word = (word or title).lower()
    for text in (title, title_en or title, word):
        if not WORDS.fullmatch(text):
            raise typer.BadParameter(f"letters, digits and blanks only, and not {text!r}")
    settings = open_config(config) if config.exists() else None
    rules_dir = settings.rules_dir if settings else shipped("rules").absolute()
    templates_dir = settings.templates_dir if settings else shipped("templates").absolute()
    if not (rules_dir / "general.toml").exists():
        typer.echo(f"{rules_dir} holds no rules yet; first copy there: {shipped('rules').absolute()}", err=True)
        raise typer.Exit(2)
    examples = _examples(rules_dir, settings)
    made = _new_type(name, (title, title_en or title, word), rank, rules_dir, examples)
    _write(_files(made, rules_dir, templates_dir, examples))
    _review(made, rules_dir, templates_dir, examples)


def _examples(rules_dir: Path, settings: Config | None) -> Examples:
    from processor.loading.examples import examples_beside, load_examples
    from processor.loading.problems import Refused

    known = (settings.authserv_ids, settings.own_addresses) if settings else ((), ())
    with refusals():
        examples, problems = load_examples(examples_beside(rules_dir), *known)
        if problems:
            raise Refused(problems)
    return examples


def _new_type(name: str, words: tuple[str, str, str], rank: int, rules_dir: Path, examples: Examples) -> NewType:
    from processor.cli.first_files import NewType

    shipped_schema = rules_dir.parent / SHIPPED_SCHEMA
    return NewType(
        name=name,
        title=words[0],
        title_en=words[1],
        word=words[2],
        rank=rank,
        schema=f"../{SHIPPED_SCHEMA.as_posix()}" if shipped_schema.is_file() else f"./{SHIPPED_SCHEMA.name}",
        host=next(iter(examples.authserv_ids), "mx.example"),
        to=next(iter(examples.own_addresses), "post@example.com"),
    )


def _files(made: NewType, rules_dir: Path, templates_dir: Path, examples: Examples) -> dict[Path, bytes]:
    from processor.loading.schema import schema_text

    files = {rules_dir / f"{made.name}.toml": made.rules().encode()}
    for language, text in made.templates().items():
        files[templates_dir / made.name / f"received.{language}.txt"] = text.encode()
    for name, raw in made.mails().items():
        files[examples.folder / made.name / f"{name}.eml"] = raw
    schema = rules_dir / SHIPPED_SCHEMA.name
    if made.schema.startswith("./") and not schema.exists():
        files[schema] = schema_text().encode()
    return files


def _write(files: dict[Path, bytes]) -> None:
    if there := [path for path in files if path.exists()]:
        typer.echo(f"{there[0]} exists; nothing was written.", err=True)
        raise typer.Exit(2)
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        typer.echo(f"wrote {path}")


def _review(made: NewType, rules_dir: Path, templates_dir: Path, examples: Examples) -> None:
    """Write the .want files by what the new rules decide, and say so if they do not see the new type."""
    from processor.loading.rules import load_rulebook
    from processor.steps.examples import decided
    from processor.world.confined import Confined

    with refusals():
        rulebook = load_rulebook(rules_dir, templates_dir, examples.own_addresses)
    with Confined() as files:
        for name, raw in made.mails().items():
            path = (examples.folder / made.name / name).with_suffix(".want")
            wanted = decided(raw, examples, rulebook, files.extract)
            path.write_text(wanted, encoding="utf-8")
            typer.echo(f"wrote {path}, for you to review")
            if f"request: {made.name}\n" not in wanted:
                typer.echo(f"{path}: not taken for {made.name} yet: look why with processor explain", err=True)
    typer.echo("Next: change the words, then processor check; docs/rules.md builds one step by step.")


@app.command("history")
def history(
    rule: Annotated[str, typer.Argument(help="A rule, or the beginning of its name.", show_default="all")] = "",
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Decisions from this day on (Oslo).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a version.")] = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Show which version of which rule decided when, and how many mails; the oldest version first.

    A version is the digest of what the rule itself says: its condition, what it does, and the words of its template.
    automatic/... are the program's own guards, which no row holds: theirs is that of the patterns that they look for.
    Example: processor rules history termination/notice
    """
    from processor.store.rules_seen import rules_used

    engine = open_engine(open_config(config))
    day = since.replace(tzinfo=OSLO) if since else None
    found = [each for each in rules_used(engine, day) if each.rule.startswith(rule)]
    if as_json:
        for each in found:
            typer.echo(json.dumps(_values(each), ensure_ascii=False))
        return
    for line in _lines(found):
        typer.echo(line)
    if not found:
        typer.echo("No rule of that name has been in force or has decided anything.")


def _lines(found: list[Used]) -> Iterator[str]:
    last = ""
    for each in found:
        if each.rule != last:
            yield each.rule
            last = each.rule
        days = f"{_day(each.first)} to {_day(each.last)}" if each.first else "nothing yet"
        known = f"since {_day(each.in_force)}" if each.in_force else "not noted"
        when = each.when if len(each.when) <= LONGEST_WHEN else each.when[: LONGEST_WHEN - 1] + "…"
        yield f"  {each.version or _unnoted(each.rule):8}  {known:16}  {each.mails:>6} mails  {days:26}  {when}".rstrip()


def _unnoted(rule: str) -> str:
    """What stands for a version where none was noted: the program's own guards were not, before they had one."""
    from processor.rulebook import AUTOMATIC_OWNER

    return "built in" if rule.startswith(AUTOMATIC_OWNER) else "unknown"


def _day(when: datetime | None) -> str:
    return when.astimezone(OSLO).strftime("%d.%m.%Y") if when else ""


def _values(used: Used) -> dict[str, object]:
    times = {"in_force": used.in_force, "first": used.first, "last": used.last}
    said = {name: when.isoformat() if when else None for name, when in times.items()}
    about = {"rule": used.rule, "version": used.version, "when": used.when, "reply": used.reply}
    return {**about, **said, "mails": used.mails}


@app.command("schema")
def schema(
    out: Annotated[Path | None, typer.Option(help="Write it to this file.", show_default="standard output")] = None,
) -> None:
    """Print the JSON Schema of rules files, by which editors complete and check them."""
    from processor.loading.schema import schema_text

    if out is None:
        typer.echo(schema_text(), nl=False)
    else:
        out.write_text(schema_text(), encoding="utf-8")
