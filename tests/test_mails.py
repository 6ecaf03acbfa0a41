"""The example mails: each ``.eml`` must be decided as the ``.want`` beside it says.

The runner is written once; a new example is two files.  A folder ``tests/mails-private`` (ignored by git)
is run too, for real mails that must not be published.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from processor.cli.explain import explained
from processor.deciding.want import want
from processor.loading.examples import load_examples
from processor.loading.rules import load_rulebook
from processor.rulebook import Rulebook
from processor.steps.examples import register_beside

ROOT = Path(__file__).parent
MAILS = sorted(file for name in ("mails", "mails-private") for file in (ROOT / name).rglob("*.eml"))
# What is owed stands in mails/examples.toml: the .want says what is right, and the program does not do it yet.
# Strict: mended, it must leave there.
EXAMPLES, FAULTS = load_examples(ROOT / "mails", (), ())
AUTHSERV_ID, OWN = EXAMPLES.authserv_ids[0], EXAMPLES.own_addresses


def test_the_settings_of_the_examples_are_right() -> None:
    assert FAULTS == []


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook(ROOT.parent / "rules", ROOT.parent / "templates", OWN)


def marked(mail: Path) -> ParameterSet:
    why = EXAMPLES.owed.get(f"{mail.parent.name}/{mail.stem}")
    marks = [pytest.mark.xfail(strict=True, reason=why)] if why else []
    return pytest.param(mail, marks=marks, id=str(mail.relative_to(ROOT)))


@pytest.mark.parametrize("mail", [marked(mail) for mail in MAILS])
def test_an_example_mail_is_decided_as_its_want_says(mail: Path, rulebook: Rulebook) -> None:
    register = register_beside(mail, rulebook)
    decided = want(explained(mail.read_bytes(), rulebook, (AUTHSERV_ID,), OWN, register=register))
    assert decided == mail.with_suffix(".want").read_text(encoding="utf-8")


def test_every_request_type_and_automatic_kind_has_examples(rulebook: Rulebook) -> None:
    folders = {mail.parent.name for mail in MAILS}
    assert set(rulebook.types) - {"general"} <= folders
    assert {"auto_reply", "bounce", "bulk", "spam"} <= folders
