"""Acting by commands as at the desk: own letters, taking back, several tickets at once, being away; and who may not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from typer import testing
from typer.main import get_command
from typer.testing import CliRunner

from processor.cli.main import app
from processor.loading import rules
from processor.store import tables as t
from processor.store.accounts import Role, account, set_scope
from processor.store.forwarding import files_of
from processor.store.people import add_person
from processor.store.staff_replies import approve_reply
from tests.desk.conftest import Room, room_in
from tests.shipped import rulebook_of
from tests.store.made import NOW, column, count

NOTICES = ("termination/01-annual-with-number", "termination/02-nynorsk-without-number")
COMMANDS = get_command(app)
PDF = b"%PDF-1.4\nfaktura"


@dataclass
class Terminal:
    """The commands of one room; ``secrets`` by name."""

    room: Room
    config: Path
    secrets: dict[str, str]

    def says(self, *words: str, who: str = "Kari", status: int = 0, piped: str = "") -> str:
        """What a command prints, on both streams."""
        signed = [] if words[:2] == ("queue", "saved") else ["--as", who]
        environment = {"PROCESSOR_SECRET": self.secrets[who]}
        done = CliRunner().invoke(app, [*words, *signed, "-c", str(self.config)], env=environment, input=piped)
        assert done.exit_code == status, (words, done.output, done.exception)
        return done.output

    def newest(self) -> int:
        return int(column(self.room.engine, t.outbox.c.id)[-1])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    # What it costs to build the commands and to load the rules is no matter here.
    monkeypatch.setattr(testing, "_get_command", lambda _: COMMANDS)
    monkeypatch.setattr(rules, "load_rulebook", lambda *where: rulebook_of(*where[:3]))
    for room in room_in(tmp_path, *NOTICES, level="draft"):
        roles = {"Kari": "agent", "Ola": "agent", "Lese": "reader", "Sjef": "admin"}
        secrets = {name: add_person(room.engine, name, NOW, role) for name, role in roles.items()}
        yield Terminal(room, tmp_path / "config.toml", secrets)


def numbers(here: Terminal) -> list[str]:
    return [str(each) for each in column(here.room.engine, t.ticket.c.number)]


def test_an_own_letter_is_drafted_with_a_file_edited_and_let_go(here: Terminal, tmp_path: Path) -> None:
    (tmp_path / "faktura.pdf").write_bytes(PDF)
    words = ("--subject", "Om saken", "--text", "Hei. Vi ringer.", "--file", str(tmp_path / "faktura.pdf"))
    told = here.says("queue", "write", "m1", *words)
    reply = here.newest()
    assert told.startswith(f"[{numbers(here)[0]}] Om saken\n\nHei. Vi ringer.\n")
    assert told.endswith(f"Drafted as r{reply}; it leaves with: processor queue approve r{reply}\n")
    assert [each.name for each in files_of(here.room.engine, reply)] == ["faktura.pdf"]
    assert "Hei. Vi ringer.\n" in here.says("queue", "edit", f"r{reply}")
    assert here.says("queue", "edit", f"r{reply}", "--text-file", "-", piped="Hei. Vi ringer fredag.") == (
        "The reply is changed.\n"
    )
    assert column(here.room.engine, t.outbox.c.text)[-1] == "Hei. Vi ringer fredag."
    here.says("queue", "approve", f"r{reply}")
    assert (column(here.room.engine, t.outbox.c.state)[-1], column(here.room.engine, t.outbox.c.by_person)[-1]) == (
        "ready",
        True,
    )
    assert "it is no draft any more" in here.says("queue", "edit", f"r{reply}", "--text", "Nei", status=1)


def test_a_saved_reply_is_begun_from_and_its_gap_must_be_filled(here: Terminal) -> None:
    assert "looking_into\n" in here.says("queue", "saved")
    assert "[…]" in here.says("queue", "saved", "looking_into", "m2")
    assert "fill in what stands as […]" in here.says("queue", "write", "m2", "--saved", "looking_into", status=1)
    told = here.says("queue", "write", "m2", "--saved", "looking_into", "--gap", "fredag")
    assert "fredag" in told
    assert "there is no such saved reply" in here.says("queue", "write", "m2", "--saved", "x", status=1)


def test_what_no_customer_should_get_is_no_file_of_a_letter(here: Terminal, tmp_path: Path) -> None:
    (tmp_path / "x.exe").write_bytes(b"MZ\x90\0")
    words = ("--subject", "a", "--text", "b", "--file", str(tmp_path / "x.exe"))
    before = count(here.room.engine, t.outbox)
    assert "neither PDF, picture" in here.says("queue", "write", "m1", *words, status=1)
    assert count(here.room.engine, t.outbox) == before


def test_a_withdrawn_reply_a_held_one_and_a_step_are_taken_back(here: Terminal) -> None:
    here.says("queue", "reject", "r1", "--reason", "feil mottaker")
    assert here.says("queue", "undo", "r1") == "Taken back. The reply waits for a person again.\n"
    assert column(here.room.engine, t.outbox.c.state)[0] == "draft"
    assert "there is nothing of yours to take back, and nobody has withdrawn it" in here.says(
        "queue", "undo", "r1", status=1
    )
    # The desk holds what is let go there, for some seconds.
    found = account(here.room.engine, "Kari")
    assert found
    now = datetime.now(UTC)
    assert approve_reply(here.room.engine, 1, found.person, now, now + timedelta(seconds=10))
    assert "there is nothing of yours" in here.says("queue", "undo", "r1", who="Ola", status=1)
    here.says("queue", "undo", "r1")
    assert here.says("queue", "approve", "r1", "--hold") == "The reply goes out in 10 s.\n"
    here.says("queue", "undo", "r1")
    assert column(here.room.engine, t.outbox.c.state)[0] == "draft"
    told = here.says("queue", "done", "a1", "--last-day", "31.12.2027", "--hold")
    assert f"The confirmation r{here.newest()} goes out" in told
    assert (column(here.room.engine, t.outbox.c.state)[-1], column(here.room.engine, t.action.c.state)[0]) == (
        "held",
        "done",
    )
    here.says("queue", "undo", "a1")
    assert (column(here.room.engine, t.outbox.c.state)[-1], column(here.room.engine, t.action.c.state)[0]) == (
        "cancelled",
        "waiting",
    )
    here.says("queue", "approve", "a1")
    assert here.says("queue", "undo", "a1") == "Taken back. It waits as before.\n"
    assert column(here.room.engine, t.action.c.state)[0] == "waiting"


def test_several_tickets_are_taken_let_go_put_to_sleep_and_closed_if_nothing_waits(here: Terminal) -> None:
    one, two = numbers(here)
    assert here.says("queue", "take", one, two) == "Taken on.\n"
    assert "Not done: Kari was first." in here.says("queue", "take", one, who="Ola", status=1)
    assert here.says("queue", "leave", one) == "Free for others.\n"
    assert "nobody holds it" in here.says("queue", "leave", one, status=1)
    assert "there is no ticket VS-0000-0000" in here.says("queue", "take", one, "VS-0000-0000", status=1)
    assert count(here.room.engine, t.ticket_holder) == 1
    assert here.says("queue", "snooze", one, two, "2h").startswith("They sleep until ")
    assert column(here.room.engine, t.ticket.c.state) == ["snoozed", "snoozed"]
    assert "there something waits for a person" in here.says("queue", "close", one, two, status=1)
    with here.room.engine.begin() as conn:
        conn.execute(update(t.action).where(t.action.c.ticket_id == 1).values(state="done"))
        conn.execute(update(t.outbox).where(t.outbox.c.ticket_id == 1).values(state="sent"))
    assert f"Closed, but for {two}:" in here.says("queue", "close", one, two, status=1)
    assert column(here.room.engine, t.ticket.c.state) == ["closed", "snoozed"]


def test_whoever_is_away_hands_over_and_says_it_of_others_as_administrator_alone(here: Terminal) -> None:
    here.says("queue", "take", numbers(here)[0])
    today, week = datetime.now(UTC), datetime.now(UTC) + timedelta(days=7)
    days = ("--since", f"{today:%d.%m.%Y}", "--until", f"{week:%d.%m.%Y}")
    assert "only an administrator" in here.says("queue", "away", *days, "--who", "Ola", status=1)
    assert "there is nobody named 'Ingen'" in here.says("queue", "away", *days, "--to", "Ingen", status=1)
    assert "nobody of that name may take tickets on" in here.says("queue", "away", *days, "--to", "Lese", status=1)
    assert "1 ticket handed over now." in here.says("queue", "away", *days, "--to", "Ola")
    with here.room.engine.connect() as conn:
        holder = conn.execute(t.ticket_holder.select()).one().person_id
    ola = account(here.room.engine, "Ola")
    assert ola
    assert holder == ola.person.id
    assert here.says("queue", "away").endswith(", Ola takes over.\n")
    assert here.says("queue", "away", "--who", "Kari", "--back", who="Sjef") == "Kari is back.\n"
    assert here.says("queue", "away") == "Kari is not away.\n"


def test_a_call_is_taken_in_from_whoever_called(here: Terminal) -> None:
    words = (
        "--mailbox",
        "a",
        "--arrived",
        "24.08.2026 08.15",
        "--sender",
        "kari@fjordbygg-demo.no",
        "--source",
        "phone",
    )
    told = here.says("queue", "take-in", "--text", "Kari Holm sa opp på telefon.", *words)
    assert told == "Taken in; its ticket comes with the next look.\n"
    assert "choose a file or write" in here.says("queue", "take-in", *words, status=1)
    assert "is no source" in here.says("queue", "take-in", "--text", "x", *words[:-1], "røyk", status=2)


ACTING: tuple[tuple[str, ...], ...] = (
    ("approve", "a1"), ("approve", "r1"), ("reject", "a1", "--reason", "x"), ("reject", "r1", "--reason", "x"),
    ("resend", "r1"), ("undo", "a1"), ("undo", "r1"), ("edit", "r1", "--text", "x"), ("done", "a1", "--no-confirmation"),
    ("correct", "a1", "--last-day", "31.12.2027"), ("retype", "m1", "no_action"), ("understood", "m1"),
    ("write", "m1", "--subject", "a", "--text", "b"), ("forward", "m1", "b@visma.example"), ("split", "m1"),
    ("gate", "called", "a1", "--said", "x"), ("gate", "outside", "a1", "--reason", "x"),
    ("ask", "ONE"), ("note", "ONE", "x"), ("take", "ONE"), ("leave", "ONE"), ("close", "ONE"), ("snooze", "ONE", "2h"),
    ("open", "ONE"), ("merge", "TWO", "ONE"), ("split", "ONE"),
)  # fmt: skip


def state_of(here: Terminal) -> list[list[object]]:
    columns = (t.event.c.id, t.outbox.c.state, t.outbox.c.text, t.action.c.state, t.ticket.c.state)
    return [column(here.room.engine, each) for each in columns]


def test_T66_a_reader_does_nothing_and_who_is_limited_does_nothing_elsewhere(here: Terminal) -> None:
    one, two = numbers(here)
    ola = account(here.room.engine, "Ola")
    assert ola
    set_scope(here.room.engine, ola.person, frozenset({"another"}), "Sjef", NOW)
    before = state_of(here)
    for words in ACTING:
        named = [{"ONE": one, "TWO": two}.get(each, each) for each in words]
        assert "your role does not allow this" in here.says("queue", *named, who="Lese", status=1), words
        assert "not yours to see" in here.says("queue", *named, who="Ola", status=1), words
    taken = ("--mailbox", "a", "--arrived", "24.08.2026 08.15", "--text", "x")
    assert "choose one of the mailboxes" in here.says("queue", "take-in", *taken, who="Ola", status=1)
    assert state_of(here) == before


def test_two_are_needed_from_the_terminal_as_at_the_desk(here: Terminal) -> None:
    with here.room.engine.begin() as conn:
        conn.execute(update(t.action).values(needs="two_staff"))
    for name in ("Pål", "Pia"):
        here.secrets[name] = add_person(here.room.engine, name, NOW, Role.APPROVER.value)
    here.says("queue", "approve", "a1", status=1)
    here.says("queue", "approve", "a1", who="Pål")
    here.says("queue", "approve", "a1", who="Pål", status=1)
    assert column(here.room.engine, t.action.c.state)[0] == "seconded"
    here.says("queue", "approve", "a1", who="Pia")
    assert column(here.room.engine, t.action.c.state)[0] == "approved"
