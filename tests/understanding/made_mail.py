"""Mails as a test wants them, and the shipped rules without their rows."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from processor.findings import Understanding
from processor.loading.patterns import compile_patterns, load_products, load_words, read_toml
from processor.loading.vocabulary import load_vocabulary
from processor.message import Address, Attachment, Message, Section, SectionKind
from processor.rulebook import RequestType, Rulebook
from processor.understanding.understand import understand

RULES = Path(__file__).parents[2] / "rules"
SENT = datetime(2026, 9, 14, 8, 0, tzinfo=UTC)
KARI = Address("kari", "fjordbygg-demo.no", "Kari Holm")


@cache
def rulebook() -> Rulebook:
    types = {}
    for path in sorted(RULES.glob("*.toml")):
        tables, _ = read_toml(path)
        patterns, problems = compile_patterns(tables.get("recognise", []), path.name, lambda n: n)
        assert not problems
        types[path.stem] = RequestType(path.stem, {}, tables["rank"], 0.9, "observe", None, patterns, ())
    vocabulary, problems = load_vocabulary(RULES / "data")
    assert not problems
    products, _ = load_products(RULES / "data" / "products.toml")
    domains, _ = load_words(RULES / "data" / "public_domains.toml")
    ours = frozenset({"oppsigelse@visma.no", "skysupport@visma.com"})
    return Rulebook(types, products, domains, ours, lambda *_: ("", "", ""), {}, "test", vocabulary)


def mail(
    text: str = "",
    subject: str = "",
    *,
    kinds: tuple[tuple[SectionKind, str], ...] = (),
    sender: Address = KARI,
    sent: datetime | None = SENT,
    attachments: tuple[Attachment, ...] = (),
    **changes: Any,
) -> Message:
    """A Message whose body is ``text``, all new, or the given sections one after the other."""
    parts = kinds or (("new", text),)
    sections, at = [], 0
    for kind, words in parts:
        sections.append(Section(kind, at, at + len(words)))
        at += len(words)
    values: dict[str, Any] = {
        "digest": "d", "size": 1, "letter": "l", "message_id": "<a@b>", "message_id_made": False, "from_": (sender,),
        "sender": sender, "reply_to": (), "to": (), "cc": (), "return_path": sender.spec, "subject": subject,
        "date": sent, "arrival": sent, "arrival_from": "received", "in_reply_to": (), "references": (),
        "text": "".join(words for _, words in parts), "sections": tuple(sections), "has_html": False,
        "attachments": attachments, "attached": (), "marks": (), "authentication": (), "received_count": 1, "defects": (),
    }  # fmt: skip
    return Message(**(values | changes))


def understood(text: str = "", subject: str = "", **changes: Any) -> Understanding:
    return understand(mail(text, subject, **changes), rulebook())


def main_of(understanding: Understanding) -> str:
    """The automatic kind or the main request type."""
    return understanding.automatic or understanding.requests[0].type
