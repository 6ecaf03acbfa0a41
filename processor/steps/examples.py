"""The examples beside the rules: does every mail still do what its ``.want`` says?"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from processor.deciding.decide import FAILED
from processor.deciding.explanation import explain
from processor.deciding.identity import new_ticket_no
from processor.deciding.register import Register
from processor.deciding.want import want
from processor.deciding.without_world import context_without_world
from processor.extracting.of_message import Extract
from processor.loading.example_contracts import contracts_beside
from processor.loading.examples import Examples
from processor.loading.problems import Refused
from processor.pipeline import Read, conclude, read_and_understand, struck
from processor.rulebook import Rulebook
from processor.ticket import Decision

MOST_LINES = 4


@dataclass
class Tried:
    """How the examples went; ``failed`` names those that did not do as their .want says, with what is wrong.

    ``owed`` are those that were expected to fail and did, ``mended`` those that did not, ``unrendered`` those whose
    template failed.  ``struck`` are the patterns and ``decided`` the rows that any example needed, ``types`` the
    request types that there is an example of.
    """

    count: int = 0
    failed: list[tuple[Path, str]] = field(default_factory=list)
    owed: list[str] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)
    unrendered: list[tuple[Path, str]] = field(default_factory=list)
    struck: set[str] = field(default_factory=set)
    decided: set[str] = field(default_factory=set)
    types: set[str] = field(default_factory=set)

    def __iadd__(self, other: Tried) -> Tried:
        self.count += other.count
        self.failed += other.failed
        self.owed += other.owed
        self.mended += other.mended
        self.unrendered += other.unrendered
        self.struck |= other.struck
        self.decided |= other.decided
        self.types |= other.types
        return self


def try_examples(examples: Examples, rulebook: Rulebook, extract: Extract) -> Tried:
    """Decide every example by the rulebook and compare; reads files and changes nothing."""
    tried = Tried()
    for mail in examples.mails:
        tried.count += 1
        try:
            read, decision = _decide(mail.read_bytes(), examples, rulebook, extract, register_beside(mail, rulebook))
        except Refused as refused:
            tried.failed.append((mail, "; ".join(map(str, refused.problems))))
            continue
        tried.struck |= struck(read, rulebook)
        rules = {item.rule for item in decision.items}
        tried.decided |= rules
        tried.types |= {rule.partition("/")[0] for rule in rules} | {examples.name(mail).partition("/")[0]}
        tried.unrendered += [(mail, said) for said in decision.because if said.startswith(FAILED)]
        name, fault = examples.name(mail), _fault(mail, _want(read, decision))
        if name in examples.owed:
            (tried.owed if fault else tried.mended).append(name)
        elif fault:
            tried.failed.append((mail, fault))
    return tried


def decided(raw: bytes, examples: Examples, rulebook: Rulebook, extract: Extract) -> str:
    """What is decided about an example, in the words of a .want."""
    return _want(*_decide(raw, examples, rulebook, extract))


def register_beside(mail: Path, rulebook: Rulebook) -> Register | None:
    """The register that an example is decided by, None where no contracts lie beside it; raises Refused."""
    found = contracts_beside(mail, rulebook)
    return Register(found) if found else None


def _decide(
    raw: bytes, examples: Examples, rulebook: Rulebook, extract: Extract, register: Register | None = None
) -> tuple[Read, Decision]:
    mail = read_and_understand(raw, rulebook, extract)
    ticket_no = new_ticket_no(mail.message.letter, b"explain")
    context = context_without_world(mail.message, ticket_no, examples.authserv_ids, examples.own_addresses)
    if register:
        context = register.known_to(context, mail.message, mail.understanding, rulebook.public_domains)
    return mail, conclude(mail, context, rulebook)


def _want(mail: Read, decision: Decision) -> str:
    return want(explain(mail.message, mail.understanding, decision))


def _fault(mail: Path, decided: str) -> str:
    """What is wrong with an example, in a line; "" when it does as it should."""
    wanted = mail.with_suffix(".want")
    if not wanted.is_file():
        return "has no .want beside it (processor explain --write makes one to review)"
    found, right = decided.splitlines(), wanted.read_text(encoding="utf-8").splitlines()
    if found == right:
        return ""
    gone = [f"-{line}" for line in right if line not in found]
    come = [f"+{line}" for line in found if line not in right]
    shown = [*gone[:MOST_LINES], *come[:MOST_LINES]] or ["the same lines in another order"]
    return f"is not decided as its .want says: {'; '.join(shown)}"
