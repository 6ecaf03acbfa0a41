"""``processor reconcile``: what the mail servers hold against what is kept here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from processor.cli.opening import DEFAULT_CONFIG, ConfigPath, open_config, open_engine

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from processor.mail_servers import MailboxSettings
    from processor.store.reconciliation import Reconciliation

KINDS_IN_WORDS: Mapping[str, str] = {
    "unledgered": "not kept here",
    "taken_in": "of these taken in now",
    "new": "new, not read yet",
    "header_only": "gone before their bytes came",
    "unseen": "gone before we saw them, within seven days",
    "reused": "UIDs that the server used again",
    "vanished": "moved or deleted by others, and kept here",
    "double": "the same mail again",
}


def reconcile(
    mailbox: Annotated[str, typer.Option(help="Only the mailbox of this name.")] = "",
    look: Annotated[bool, typer.Option("--look", help="Compare only: take nothing in.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Compare what the mail servers hold with what is kept here, and take in what is missing.

    Nothing is changed on a server.  The daemon does it each hour; both at once is safe.  Exit status 1 when a mailbox
    could not be compared, or holds mail that is still not kept here.
    """
    settings = open_config(config, passwords=True)
    chosen = [each for each in settings.mailboxes if mailbox in ("", each.name)]
    if not chosen:
        typer.echo(
            f"There is no mailbox {mailbox}; there are {', '.join(each.name for each in settings.mailboxes)}.", err=True
        )
        raise typer.Exit(2)
    engine = open_engine(settings)
    told: list[dict[str, object]] = []
    well = True
    for each in chosen:
        found, trouble = _compared(engine, each, repair=not look)
        well = well and not trouble and not any(map(missing, found))
        told.append({"mailbox": each.name, "trouble": trouble, "folders": [folder_values(one) for one in found]})
        for line in () if as_json else _lines(each.name, found, trouble):
            typer.echo(line)
    if as_json:
        typer.echo(json.dumps({"mailboxes": told}, ensure_ascii=False))
    raise typer.Exit(0 if well else 1)


def missing(found: Reconciliation) -> int:
    """How many mails the server held that we did not keep by the end."""
    return found.counts.get("unledgered", 0) - found.counts.get("taken_in", 0)


def folder_values(found: Reconciliation) -> dict[str, object]:
    """A comparison as JSON has it."""
    return {
        "folder": found.folder,
        "uidvalidity": found.uidvalidity,
        "reconciled_at": found.swept_at.isoformat(),
        "held": found.held,
        "counts": dict(found.counts),
        "uids": {kind: list(uids) for kind, uids in found.examples.items()},
    }


def _compared(engine: Engine, settings: MailboxSettings, repair: bool) -> tuple[list[Reconciliation], str]:
    from processor.steps.reconcile import reconcile as compare
    from processor.steps.take_in import Folder
    from processor.store.clock import StoreClock
    from processor.world.failures import Failure
    from processor.world.mailbox import Mailbox

    found: list[Reconciliation] = []
    clock = StoreClock(engine)
    with Mailbox(settings) as mailbox:
        try:
            for number, name in enumerate(mailbox.folders()):
                found.append(compare(mailbox, Folder(name, junk=number > 0), engine, clock, repair=repair))
        except Failure as failure:
            return found, failure.reason
    return found, ""


def _lines(name: str, found: list[Reconciliation], trouble: str) -> Iterator[str]:
    for each in found:
        yield f"{name}/{each.folder}: {each.held} mails on the server"
        differences = [kind for kind in KINDS_IN_WORDS if each.counts.get(kind)]
        for kind in differences:
            uids = ", ".join(str(uid) for uid in each.examples.get(kind, ()))
            more = " …" if each.counts[kind] > len(each.examples.get(kind, ())) else ""
            yield f"  {each.counts[kind]} {KINDS_IN_WORDS[kind]}" + (f": UID {uids}{more}" if uids else "")
        if not differences:
            yield "  all are kept here"
    if trouble:
        yield f"{name}: not compared to its end: {trouble}"
