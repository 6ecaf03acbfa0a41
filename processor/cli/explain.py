"""``processor explain``: what would be decided about mails in files, and why; nothing is sent or stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from processor.deciding.register import Register
    from processor.extracting.of_message import Extract
    from processor.pipeline import Read
    from processor.rulebook import Rulebook


def explain(
    paths: Annotated[list[Path], typer.Argument(help="An .eml file, a folder of them, a Maildir or an mbox.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a mail and nothing else.")] = False,
    authserv_id: Annotated[
        list[str] | None,
        typer.Option(help="Whose Authentication-Results to believe; without it every sender is unproven."),
    ] = None,
    own_address: Annotated[list[str] | None, typer.Option(help="An address of ours (repeat for more).")] = None,
    rules: Annotated[Path | None, typer.Option(help="The rules folder.", show_default="rules/")] = None,
    templates: Annotated[Path | None, typer.Option(help="The templates folder.", show_default="templates/")] = None,
    contracts: Annotated[
        Path | None, typer.Option(help="A CSV file of contracts, instead of the register (docs/contracts.md).")
    ] = None,
    brief: Annotated[bool, typer.Option("--brief", help="A few lines a mail, without its text.")] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Write a .want file beside each .eml, for a person to review.")
    ] = False,
) -> None:
    """Explain mails in files: what they are, which rule decides, what would be answered, why nothing else.

    A terminal shows the evidence in the mail in colour; with NO_COLOR, or in a pipe, as «words»[number].
    Example: processor explain --authserv-id mx.kundesenter.example tests/mails/termination/
    """
    from processor.cli.opening import refusals, shipped
    from processor.loading.rules import load_rulebook
    from processor.world.confined import Confined
    from processor.world.mailfiles import mails

    own = tuple(address.lower() for address in own_address or ())
    with refusals():
        rulebook = load_rulebook(rules or shipped("rules"), templates or shipped("templates"), own)
        register = _register(contracts, rules or shipped("rules")) if contracts else None
    unread = 0
    files = Confined()
    for path in paths:
        if path.is_dir() and next(mails(path), None) is None:
            typer.echo(f"{path} holds no mails (subfolders are not read).", err=True)
            unread += 1
        for name, raw in mails(path):
            if raw is None:
                typer.echo(f"{path / name if path.is_dir() else path}: cannot be read.", err=True)
                unread += 1
                if not (write or as_json):
                    continue
            if raw is not None and not (write or as_json or brief):
                _show(name, raw, rulebook, tuple(authserv_id or ()), own, files.extract, register)
                continue
            told = explained(raw, rulebook, tuple(authserv_id or ()), own, files.extract, register)
            if write and path.suffix == ".eml":
                _write(path, told)
            elif write and path.is_dir():
                _write(path / name, told)
            elif as_json:
                typer.echo(json.dumps({"file": name, **told}, ensure_ascii=False))
            else:
                from processor.cli.telling import tell

                tell(name, told)
    files.close()
    raise typer.Exit(1 if unread else 0)


def explained(
    raw: bytes | None,
    rulebook: Rulebook,
    authserv_ids: tuple[str, ...],
    own: tuple[str, ...],
    extract: Extract | None = None,
    register: Register | None = None,
) -> dict[str, Any]:
    """Explain one mail's bytes as design.md shows it; None gives the line of a mail that was not read.

    Without ``extract`` a confined process is started for the mail's files, and ended again.
    """
    from processor.deciding.explanation import unread
    from processor.pipeline import read_and_understand
    from processor.world.confined import Confined

    if raw is None:
        return unread()
    with Confined() as files:
        mail = read_and_understand(raw, rulebook, extract or files.extract)
    return _told(mail, rulebook, authserv_ids, own, register)


def _register(path: Path, rules_dir: Path) -> Register:
    """The register of a file; raises Refused with every wrong line."""
    from datetime import UTC, datetime

    from processor.deciding.register import Register
    from processor.loading.contracts import load_register_words, open_contracts
    from processor.loading.problems import Refused

    file = open_contracts(path, load_register_words(rules_dir), datetime.now(UTC).date())
    register = Register(contract for _, contract in file.rows())
    if file.problems:
        raise Refused(file.problems)
    return register


def _told(
    mail: Read, rulebook: Rulebook, authserv_ids: tuple[str, ...], own: tuple[str, ...], register: Register | None
) -> dict[str, Any]:
    from processor.deciding.explanation import explain as as_values
    from processor.deciding.identity import new_ticket_no
    from processor.deciding.without_world import context_without_world
    from processor.pipeline import conclude

    ticket_no = new_ticket_no(mail.message.letter, b"explain")
    context = context_without_world(mail.message, ticket_no, authserv_ids, own)
    if register:
        context = register.known_to(context, mail.message, mail.understanding, rulebook.public_domains)
    return as_values(mail.message, mail.understanding, conclude(mail, context, rulebook))


def _show(
    name: str,
    raw: bytes,
    rulebook: Rulebook,
    authserv_ids: tuple[str, ...],
    own: tuple[str, ...],
    extract: Extract,
    register: Register | None,
) -> None:
    from processor.cli.mail_view import show_mail
    from processor.pipeline import read_and_understand, why

    mail = read_and_understand(raw, rulebook, extract)
    show_mail(name, mail, why(mail, rulebook), _told(mail, rulebook, authserv_ids, own, register))


def _write(path: Path, told: dict[str, Any]) -> None:
    from processor.deciding.want import want

    path.with_suffix(".want").write_text(want(told), encoding="utf-8")
