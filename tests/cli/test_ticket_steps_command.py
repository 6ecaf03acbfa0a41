"""``processor queue`` with whole tickets: what the desk can do, from a terminal."""

from __future__ import annotations

import pytest

from processor.store import tables as t
from processor.store.accounts import Role, set_role
from processor.store.people import add_person
from tests.cli.test_queue_command import CONFIG, Desk, desk  # noqa: F401  (a fixture)
from tests.store.made import NOW, column, recorded

ONE, TWO = "VS-0001-TEST", "VS-0002-TEST"
SMTP = '[smtp]\nhost = "127.0.0.1"\ntls = "plain"\nfrom_address = "a@visma.example"\n[desk]\nforward_to = ["b@visma.example"]\n'


@pytest.fixture
def secret(desk: Desk) -> str:  # noqa: F811
    for n in (1, 2):
        recorded(desk.engine, n)
    return add_person(desk.engine, "Kari", NOW)


def test_a_ticket_sleeps_opens_closes_and_is_noted_on(desk: Desk, secret: str) -> None:  # noqa: F811
    def said(*arguments: str) -> str:
        told = desk.queue(*arguments, "--as", "Kari", secret=secret)
        return told.stdout + told.stderr

    assert "is no time such as" in said("snooze", ONE, "snart")
    assert "It sleeps until " in said("snooze", ONE.lower(), "2h")
    assert "snoozed until " in desk.queue("show", ONE).stdout
    assert ONE not in desk.queue("list").stdout
    assert said("open", ONE) == "Open.\n"
    assert "Not done: it is open already" in said("open", ONE)
    assert said("note", ONE, "ring Kari") == "Noted.\n"
    assert "ring Kari" in column(desk.engine, t.event_text.c.text)
    assert said("close", ONE) == "Closed.\n"
    assert "Not done: it is closed, merged, or unknown." in said("snooze", ONE, "2h")


def test_tickets_are_merged_and_split(desk: Desk, secret: str) -> None:  # noqa: F811
    def said(*arguments: str) -> str:
        told = desk.queue(*arguments, "--as", "Kari", secret=secret)
        return told.stdout + told.stderr

    assert "a ticket is not merged into itself" in said("merge", ONE, ONE)
    assert said("merge", ONE, TWO) == f"Merged into {TWO}.\n"
    assert f"{ONE}  merged into {TWO}" in desk.queue("show", ONE).stdout
    assert said("split", ONE) == f"Split from {TWO}.\n"
    assert "it is the only mail of its ticket" in said("split", "m1")
    said("merge", ONE, TWO)
    assert "The mail has ticket VS-" in said("split", "m1")


def test_a_mail_is_sent_on_once(desk: Desk, secret: str) -> None:  # noqa: F811
    (desk.folder / "config.toml").write_text(CONFIG + SMTP)

    def said(to: str) -> str:
        told = desk.queue("forward", "m1", to, "--note", "se her", "--as", "Kari", secret=secret)
        return told.stdout + told.stderr

    assert "addresses under forward_to" in said("c@visma.example")
    assert said("B@visma.example") == "It goes out to b@visma.example as r3.\n"
    assert "it was forwarded to this address before" in said("b@visma.example")
    assert column(desk.engine, t.outbox.c.state)[-1] == "ready"


def test_a_reader_does_none_of_it(desk: Desk, secret: str) -> None:  # noqa: F811
    add_person(desk.engine, "Ada", NOW, "admin")
    set_role(desk.engine, "Kari", Role.READER, "Ada", NOW)
    steps = (
        ("snooze", ONE, "2h"),
        ("open", ONE),
        ("merge", ONE, TWO),
        ("split", ONE),
        ("note", ONE, "x"),
        ("close", ONE),
    )
    for words in steps:
        told = desk.queue(*words, "--as", "Kari", secret=secret)
        assert (told.returncode, told.stderr) == (1, "Not done: your role does not allow this.\n"), words
