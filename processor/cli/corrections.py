"""What staff say a mail is: ``queue retype`` records it, ``corrections export`` makes labelled mails of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config, open_engine, open_rules
from processor.cli.signing import Name, Secret, agent_of
from processor.findings import AUTOMATIC

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from processor.store.corrections import Judged

LABELS = "labels.jsonl"
NOTHING = "no_action"
FORBIDDING = {"own_address", "robot_address", "null_return_path", "headers", "loop"}
"""Guards that stand for what the mail itself says about being answered."""
app = typer.Typer(no_args_is_help=True, help="Mails that staff have judged, to train from.")


def retype(
    which: Annotated[str, typer.Argument(metavar="TICKET|MAIL", help="A ticket of one mail, or a mail (m7).")],
    types: Annotated[
        list[str], typer.Argument(help="What it is, main request first; or no_action, or one automatic kind.")
    ],
    name: Name,
    secret: Secret,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Say what a mail is; it is recorded with your name, and the model can be trained from it.

    Open actions of what it is not leave the queue.  Naming what it was taken for confirms it.  No action is
    made and no reply is sent by this: do, in the other system, what the mail asks for.
    Example: processor queue retype VS-7K3M-9QX4 termination_question --as Kari
    """
    from processor.store.corrections import retype as record

    settings = open_config(config)
    automatic, asked = _checked(types, frozenset(open_rules(settings).types) - {"general"})
    engine = open_engine(settings)
    mail_id = mail_of(engine, which)
    person = agent_of(engine, name, secret, f"m{mail_id}")
    done = record(engine, mail_id, asked, automatic, person, datetime.now(UTC))
    if done.refused:
        typer.echo(f"Not recorded: {done.refused}.", err=True)
        raise typer.Exit(1)
    fallen = f" {done.superseded} open action{'s' if done.superseded != 1 else ''} left the queue."
    typer.echo(f"Recorded as {automatic or ', '.join(asked)}.{fallen if done.superseded else ''}")


@app.command("export")
def export(
    folder: Annotated[Path, typer.Argument(help="Where to write; made if it is not there.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Write the mails that a person has judged, as labelled mails: <id>.eml and labels.jsonl.

    Judged are mails that were retyped, and those of which every request led to an action that somebody
    approved.  They are customers' own mails: the folder is made for your eyes alone, and belongs in no repository.
    Example: processor corrections export var/corrections && processor train --mails training --mails var/corrections
    """
    from processor.store.corrections import judged

    engine = open_engine(open_config(config))
    # A folder that was there keeps its mode: it may be anybody's.
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    labels, corrected = [], 0
    for mail in judged(engine):
        _write(folder / f"{mail.name}.eml", mail.raw)
        labels.append(json.dumps(label(mail), ensure_ascii=False) + "\n")
        corrected += mail.how == "corrected"
    _write(folder / LABELS, "".join(labels).encode())
    typer.echo(
        f"{len(labels)} judged mails in {folder}: {corrected} typed by a person, the others approved as they were."
    )
    if labels:
        typer.echo(f"Train from them too: processor train --mails training --mails {folder}")


@app.command("masked")
def masked(
    file: Annotated[Path, typer.Argument(help="The file to write, such as corrections.jsonl.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Write the judged mails masked, as one file to train from.

    Names, numbers, addresses, links, signatures and quoted history are taken out of them; mails with files are
    left out.  What is left is still customers' words: the file is for your eyes alone, is refused inside a
    repository (but for its var/), and does not follow what is erased in the store: write it anew to train anew.
    Example: processor corrections masked var/corrections.jsonl
    then: processor train --mails training --mails var/corrections.jsonl
    """
    from processor.pipeline import read_and_understand
    from processor.store.corrections import judged
    from processor.training.masked import masked_for_training
    from processor.world.confined import Confined

    if file.suffix != ".jsonl" or file.name == LABELS:
        raise typer.BadParameter(f"training reads *.jsonl (and takes {LABELS} for a folder's list), not {file.name}")
    if root := repository_of(file):
        raise typer.BadParameter(f"{root} is a repository, and customers' words belong in none; its var/ is left out")
    settings = open_config(config)
    rulebook = open_rules(settings)
    known = frozenset(name[2:] for name in (rulebook.model.words if rulebook.model else ()) if name[:2] == "w:")
    lines, left = [], Counter[str]()
    with Confined() as files:
        for mail in judged(open_engine(settings)):
            read = read_and_understand(mail.raw, rulebook, files.extract)
            fields = read.understanding.fields
            done = masked_for_training(read.message, (fields.company or "", fields.contact), fields.products, known)
            if done.left_out:
                left[done.left_out] += 1
            else:
                line = {**label(mail), "eml": done.raw.decode()}
                lines.append(json.dumps(line, ensure_ascii=False) + "\n")
    _write(file, "".join(lines).encode())
    typer.echo(f"{len(lines)} judged mails, masked, in {file}.")
    for why, count in sorted(left.items()):
        typer.echo(f"{count} left out: {why}.")
    if lines:
        typer.echo(f"Train from them too: processor train --mails training --mails {file}")


def repository_of(file: Path) -> Path | None:
    """The repository that a file would come into, None where it would not; what lies under its var/ does not."""
    place = file.absolute().resolve()
    for folder in place.parents:
        if (folder / ".git").exists():
            return None if place.is_relative_to(folder / "var") else folder
    return None


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_bytes(content)


def label(mail: Judged) -> Mapping[str, Any]:
    """A judged mail as training/BRIEF.md labels it, but for the fields, which nobody judged."""
    answered = not mail.automatic and mail.types != (NOTHING,) and mail.withheld not in FORBIDDING
    return {
        "id": mail.name,
        "mailbox": mail.purpose,
        "lang": mail.language,
        "intents": list(mail.types),
        "auto": mail.automatic,
        "fields": None,
        "reply_ok": answered,
        "why": f"{mail.how} by staff",
    }


def _checked(types: list[str], known: frozenset[str]) -> tuple[str | None, tuple[str, ...]]:
    """The automatic kind, or the request types in order; a usage error for anything else."""
    asked = tuple(dict.fromkeys(types))
    if unknown := [each for each in asked if each not in known and each not in AUTOMATIC]:
        there = ", ".join([*sorted(known), *AUTOMATIC])
        raise typer.BadParameter(f"no type {unknown[0]!r}: there are {there}")
    alone = [each for each in asked if each in AUTOMATIC or each == NOTHING]
    if alone and len(asked) > 1:
        raise typer.BadParameter(f"{alone[0]} stands alone: such a mail asks for nothing else")
    return (asked[0], ()) if asked[0] in AUTOMATIC else (None, asked)


def mail_of(engine: Engine, which: str) -> int:
    """The mail that a ticket's number or m7 names; a usage error for anything else."""
    from processor.store.corrections import mails_of

    if re.fullmatch(r"m[0-9]{1,17}", which):
        return int(which[1:])
    found = mails_of(engine, which.strip().upper())
    if len(found) != 1:
        said = "holds several mails: name one" if found else "is not known"
        numbers = f" ({', '.join(f'm{each}' for each in found)})" if found else ""
        raise typer.BadParameter(f"ticket {which} {said}{numbers}")
    return found[0]
