"""The examples beside the rules: does every mail still do what its ``.want`` says?"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from processor.deciding.explanation import explain
from processor.deciding.identity import new_ticket_no
from processor.deciding.want import want
from processor.deciding.without_world import context_without_world
from processor.extracting.of_message import Extract
from processor.loading.examples import Examples
from processor.pipeline import conclude, read_and_understand
from processor.rulebook import Rulebook

MOST_LINES = 4


@dataclass(frozen=True, slots=True)
class Tried:
    """How the examples went; ``failed`` has a line for each that did not do as its .want says.

    ``owed`` are those that were expected to fail and did, ``mended`` those that did not.
    """

    count: int = 0
    failed: list[str] = field(default_factory=list)
    owed: list[str] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)


def try_examples(examples: Examples, rulebook: Rulebook, extract: Extract) -> Tried:
    """Decide every example by the rulebook and compare; reads files and changes nothing."""
    tried = Tried(len(examples.mails))
    for mail in examples.mails:
        name = examples.name(mail)
        fault = _fault(mail, examples, rulebook, extract)
        if name in examples.owed:
            (tried.owed if fault else tried.mended).append(name)
        elif fault:
            tried.failed.append(f"{mail}: {fault}")
    return tried


def decided(raw: bytes, examples: Examples, rulebook: Rulebook, extract: Extract) -> str:
    """What is decided about an example, in the words of a .want."""
    mail = read_and_understand(raw, rulebook, extract)
    ticket_no = new_ticket_no(mail.message.letter, b"explain")
    context = context_without_world(mail.message, ticket_no, examples.authserv_ids, examples.own_addresses)
    return want(explain(mail.message, mail.understanding, conclude(mail, context, rulebook)))


def _fault(mail: Path, examples: Examples, rulebook: Rulebook, extract: Extract) -> str:
    """What is wrong with an example, in a line; "" when it does as it should."""
    wanted = mail.with_suffix(".want")
    if not wanted.is_file():
        return "has no .want beside it (processor explain --write makes one to review)"
    found = decided(mail.read_bytes(), examples, rulebook, extract).splitlines()
    right = wanted.read_text(encoding="utf-8").splitlines()
    if found == right:
        return ""
    gone = [f"-{line}" for line in right if line not in found]
    come = [f"+{line}" for line in found if line not in right]
    shown = [*gone[:MOST_LINES], *come[:MOST_LINES]] or ["the same lines in another order"]
    return f"is not decided as its .want says: {'; '.join(shown)}"
