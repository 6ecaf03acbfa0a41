"""The shipped rules, read once by each process that runs tests (it takes a second), and a configuration with them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from processor.loading.rules import load_rulebook
from processor.rulebook import Rulebook

ROOT = Path(__file__).parent.parent


def rulebook_of(rules: Path, templates: Path, own: tuple[str, ...] = ()) -> Rulebook:
    """The rulebook of these folders; the shipped ones are not read again."""
    if (rules.resolve(), templates.resolve()) == (ROOT / "rules", ROOT / "templates"):
        return _shipped(own)
    return load_rulebook(rules, templates, own)


@cache
def _shipped(own: tuple[str, ...]) -> Rulebook:
    return load_rulebook(ROOT / "rules", ROOT / "templates", own)


def configuration(answers: str) -> str:
    """A config.toml that names the shipped rules and servers that nobody runs; ``answers`` are the lines of [answers].

    The file ``key`` beside it is the key and the mailbox's password.
    """
    return f"""
[company]
key = {{ file = "key" }}
own_addresses = ["oppsigelse@visma.no"]
authserv_ids = ["mx.kundesenter.example"]
[rules]
rules = "{ROOT / "rules"}"
templates = "{ROOT / "templates"}"
[answers]
{answers}
[smtp]
host = "127.0.0.1"
port = 9
tls = "plain"
from_address = "oppsigelse@visma.no"
[[mailbox]]
name = "a"
host = "127.0.0.1"
port = 9
tls = "plain"
user = "u"
password = {{ file = "key" }}
"""
