"""``processor people``: what a person may see, where they come in, and the words that the shell completes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from processor.cli.main import app
from processor.store import tables as t
from processor.store.accounts import Account, account
from processor.store.people import add_person
from processor.store.sessions import begin_session, browsers
from processor.store.staff_notices import wish_of
from processor.store.tokens import bearer
from tests.desk.conftest import Room, room_in
from tests.store.made import NOW, column


@dataclass
class Here:
    room: Room
    config: Path
    secret: str

    def says(self, *words: str, status: int = 0) -> str:
        done = CliRunner().invoke(
            app, ["people", *words, "-c", str(self.config)], env={"PROCESSOR_SECRET": self.secret}
        )
        assert done.exit_code == status, (words, done.output, done.exception)
        return done.output

    @property
    def anne(self) -> Account:
        found = account(self.room.engine, "Anne")
        assert found
        return found


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    for room in room_in(tmp_path, "termination/01-annual-with-number"):
        yield Here(room, tmp_path / "config.toml", add_person(room.engine, "Kari", NOW, "agent"))


def test_a_persons_mailboxes_are_limited_and_freed_but_not_an_administrators(here: Here) -> None:
    assert here.says("mailboxes", "Anne") == "all mailboxes\n"
    assert "there is no mailbox 'x': a" in here.says("mailboxes", "Anne", "x", status=2)
    assert here.says("mailboxes", "Anne", "a") == "Anne sees: a.\n"
    assert here.anne.scope == frozenset({"a"})
    assert here.says("mailboxes", "Anne", "--all") == "Anne sees: all mailboxes.\n"
    assert here.anne.scope is None
    assert "an administrator sees all mailboxes" in here.says("mailboxes", "Ada", "a", status=1)
    assert "there is nobody named 'Ingen'" in here.says("mailboxes", "Ingen", "a", status=1)


def test_a_person_is_shown_and_signed_out_in_one_browser_or_all(here: Here) -> None:
    now = datetime.now(UTC)
    for name in ("Firefox", "Chrome", "Safari"):
        begin_session(here.room.engine, here.anne.person, now, name)
    told = here.says("show", "Anne")
    assert "role         agent\nmailboxes    all mailboxes\n" in told
    marks = [each.mark for each in browsers(here.room.engine, here.anne.person, now)]
    assert all(f"browser {mark}" in told for mark in marks)
    assert here.says("sign-out", "Anne", "--browser", marks[0]) == "Signed out in that browser.\n"
    assert "not signed in there" in here.says("sign-out", "Anne", "--browser", marks[0], status=1)
    assert here.says("sign-out", "Anne") == "Signed out in 2 browsers.\n"
    assert browsers(here.room.engine, here.anne.person, now) == []


def test_a_key_is_ones_own_may_no_more_than_oneself_and_is_taken_away(here: Here) -> None:
    assert "at most what you may" in here.says("key", "rapport", "--role", "admin", "--as", "Kari", status=1)
    secret = here.says("key", "rapport", "--mailbox", "a", "--as", "Kari").rpartition(" ")[2].strip()
    found = bearer(here.room.engine, secret, datetime.now(UTC))
    assert found
    assert (found.account.person.name, found.account.role.value, found.account.scope) == (
        "Kari",
        "reader",
        frozenset({"a"}),
    )
    assert f"key {found.token_id}  rapport, reader, a, until" in here.says("show", "Kari")
    assert "has no such key" in here.says("key-end", "Anne", str(found.token_id), status=1)
    assert here.says("key-end", "Kari", str(found.token_id)) == "The key opens nothing any more.\n"
    assert bearer(here.room.engine, secret, datetime.now(UTC)) is None


def test_who_needs_a_second_step_what_the_provider_calls_them_and_their_language(here: Here) -> None:
    assert here.says("second-step") == "nobody\n"
    assert here.says("second-step", "admin", "approver") == "approver, admin\n"
    assert "is no role" in here.says("second-step", "sjef", status=2)
    assert here.says("second-step", "--nobody") == "nobody\n"
    assert here.says("provider", "Anne", "Anne@Firma.no") == "Anne is known as Anne@Firma.no.\n"
    assert "somebody else is known by that" in here.says("provider", "Per", "anne@firma.no", status=1)
    assert here.says("language", "Anne", "nb") == "The desk speaks nb to Anne.\n"
    assert "is no language of the desk" in here.says("language", "Anne", "fi", status=2)
    assert (here.anne.provider_name, here.anne.language) == ("anne@firma.no", "nb")


def test_what_a_person_wants_to_be_told_keeps_what_is_not_named(here: Here) -> None:
    assert "Where to? Write an address" in here.says("notices", "Anne", "--digest", status=1)
    here.says("notices", "Anne", "--address", "anne@firma.no", "--digest", "--quiet", "18-8")
    here.says("notices", "Anne", "--urgent")
    wish = wish_of(here.room.engine, here.anne.person.id)
    assert wish
    assert (wish.address, wish.digest, wish.urgent, wish.quiet_from, wish.quiet_to) == (
        "anne@firma.no",
        True,
        True,
        18,
        8,
    )
    assert "are no two hours" in here.says("notices", "Anne", "--quiet", "18-25", status=2)
    assert "read by the program itself" in here.says("notices", "Anne", "--address", "oppsigelse@visma.no", status=1)


def test_a_person_is_added_in_a_role(here: Here) -> None:
    here.says("add", "Nils", "--role", "reader")
    found = account(here.room.engine, "Nils")
    assert found
    assert found.role.value == "reader"
    assert "is no role" in here.says("add", "Nina", "--role", "sjef", status=2)


def offered(line: str, config: Path) -> list[str]:
    """What bash is given where a line is completed, by the words that it asks with."""
    asked = {"_PROCESSOR_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    done = CliRunner().invoke(app, [], env=asked | {"PROCESSOR_CONFIG": str(config)}, prog_name="processor")
    assert done.stderr == ""
    return done.stdout.split()


def test_the_shell_completes_tickets_steps_people_mailboxes_and_roles(here: Here) -> None:
    number = column(here.room.engine, t.ticket.c.number)[0]
    assert offered("processor queue close VS-", here.config) == [number]
    assert offered("processor queue approve a", here.config) == ["a1"]
    assert offered("processor queue note x --as An", here.config) == ["Anne"]
    assert offered("processor people mailboxes Anne ", here.config) == ["a"]
    assert offered("processor people role Anne ad", here.config) == ["admin"]
    assert offered("processor queue saved lo", here.config) == ["looking_into"]
    assert offered("processor queue take-in --source ph", here.config) == ["phone"]
    # A configuration that cannot be read offers nothing, and says nothing into the line that is typed.
    assert offered("processor queue close ", here.config.parent / "none.toml") == []
