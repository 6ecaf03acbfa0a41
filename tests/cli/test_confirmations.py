"""``queue done`` releases the confirmation once, ``queue correct`` a second one that names the first."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from processor.store.people import add_person
from tests.servers import ready
from tests.steps.talk import KARI, ROOT, WITH_NUMBER, Talk, talk

LAST = ("--last-day", "31.12.2027")


@dataclass
class Staff:
    """A conversation, and the command that staff give."""

    talk: Talk
    secret: str

    def queue(self, *arguments: str, name: str = "Kari") -> subprocess.CompletedProcess[str]:
        person = ["--as", name] if name and arguments[0] in ("done", "correct", "reject") else []
        command = ["queue", *arguments, *person, "--config", str(self.talk.config.path)]
        return ready.run(command, ROOT, {**os.environ, "PYTHONPATH": str(ROOT), "PROCESSOR_SECRET": self.secret})

    def confirmations(self) -> list[tuple[object, ...]]:
        return self.talk.ask("select state, issue, message_id from outbox where kind = 'confirmation' order by id")


@pytest.fixture
def staff(tmp_path: Path) -> Iterator[Staff]:
    made = talk(tmp_path)
    made.say(WITH_NUMBER)
    yield Staff(made, add_person(made.engine, "Kari", made.now))
    made.engine.dispose()


def test_done_sends_the_confirmation_with_the_day_that_staff_give_and_only_once(staff: Staff) -> None:
    shown = staff.queue("done", "a1", *LAST, "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert f"To: {KARI}\nSubject: [VS-" in shown.stdout
    assert "Siste dag er fredag 31. desember 2027." in shown.stdout
    assert staff.confirmations() == []
    assert staff.talk.ask("select state from action") == [("waiting",)]
    first = staff.queue("done", "a1", *LAST)
    assert first.stdout == f"The confirmation r2 goes out to {KARI}.\nDone.\n"
    again = staff.queue("done", "a1", *LAST)
    assert again.returncode == 1
    assert again.stdout.startswith("Not done: somebody was here before; it is done by Kari, ")
    ((state, issue, message_id),) = staff.confirmations()
    assert (state, issue) == ("ready", 1)
    assert str(message_id) in shown.stdout
    ((words, template),) = staff.talk.ask("select text, template from outbox where kind = 'confirmation'")
    assert template == "termination/confirmed"
    assert "er registrert. Vi mottok den torsdag 26. november 2026 kl. 11.00." in " ".join(str(words).split())


def test_the_confirmation_leaves_in_the_words_of_the_person_who_sends_it(staff: Staff, tmp_path: Path) -> None:
    shown = staff.queue("done", "a1", *LAST, "--dry-run").stdout
    text = shown.partition("\n\n")[2].replace("Siste dag er", "Som avtalt på telefon er siste dag")
    file = tmp_path / "brev.txt"
    file.write_text("Hei, […]", encoding="utf-8")
    refused = staff.queue("done", "a1", *LAST, "--text-file", str(file))
    assert refused.returncode == 1
    assert "fill in what stands as […]" in refused.stderr
    assert staff.confirmations() == []
    file.write_text(text.removesuffix("Nothing was done or sent.\n"), encoding="utf-8")
    assert staff.queue("done", "a1", *LAST, "--text-file", str(file)).returncode == 0
    ((words, html),) = staff.talk.ask("select text, html from outbox where kind = 'confirmation'")
    assert "Som avtalt på telefon er siste dag fredag 31. desember 2027." in str(words)
    assert html == ""


def test_without_a_day_nothing_is_promised_and_nothing_done(staff: Staff) -> None:
    told = staff.queue("done", "a1")
    assert told.returncode == 2
    assert "--last-day DD.MM.YYYY (no contract is known that tells it)" in told.stderr
    assert staff.talk.ask("select state from action") == [("waiting",)]
    assert staff.queue("done", "a1", "--last-day", "31.02.2027").returncode == 2
    silent = staff.queue("done", "a1", "--no-confirmation")
    assert silent.returncode == 0
    assert staff.confirmations() == []


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (("--last-day", "31.12.2020"), "the last day, 31.12.2020, lies before the notice came, 26.11.2026"),
        ((*LAST, "--access-until", "20.06.2027"), "the access would end, 20.06.2027, before the last day, 31.12.2027"),
    ],
)
def test_days_that_can_hardly_be_meant_stand_in_no_letter(staff: Staff, days: tuple[str, ...], said: str) -> None:
    told = staff.queue("done", "a1", *days)
    assert told.returncode == 1
    assert said in told.stderr
    assert staff.talk.ask("select state from action") == [("waiting",)]
    assert staff.queue("done", "a1", *LAST).returncode == 0
    assert staff.queue("correct", "a1", *days).returncode == 1
    assert len(staff.confirmations()) == 1


def test_a_corrected_confirmation_names_the_first(staff: Staff) -> None:
    ((number,),) = staff.talk.ask("select number from ticket")
    nothing = staff.queue("correct", str(number), *LAST)
    assert "has no confirmation" in nothing.stderr
    staff.queue("done", "a1", *LAST)
    early = staff.queue("correct", str(number), "--last-day", "31.12.2028")
    assert "Not done: r2 has not left yet; reject it first." in early.stderr
    with staff.talk.engine.begin() as conn:
        conn.exec_driver_sql("update outbox set state = 'sent', attempted_at = '2026-11-27 09:05:00' where id = 2")
    assert staff.queue("correct", str(number), "--last-day", "31.12.2028", name="Mallory").returncode == 1
    shown = staff.queue("correct", str(number), "--last-day", "31.12.2028", "--dry-run", name="")
    assert "Siste dag er søndag 31. desember 2028." in shown.stdout
    assert shown.stdout.endswith("Nothing was done or sent.\n")
    right = staff.queue("correct", str(number), "--last-day", "31.12.2028")
    assert right.stdout == f"The corrected confirmation r3 goes out to {KARI}.\n"
    ((subject, words, by),) = staff.talk.ask("select subject, text, approved_by from outbox where issue = 2")
    assert str(subject).endswith("Oppsigelse registrert (rettet bekreftelse)")
    assert "erstatter den vi sendte fredag 27. november 2026 kl. 10.05" in " ".join(str(words).split())
    assert "Siste dag er søndag 31. desember 2028." in str(words)
    assert by == "Kari"
    assert len({each[2] for each in staff.confirmations()}) == 2


def test_a_held_action_is_not_done_and_sends_nothing(staff: Staff) -> None:
    staff.talk.say("Vi trekker oppsigelsen, org.nr 328627035.", "Trekkes")
    told = staff.queue("done", "a1", *LAST)
    assert told.returncode == 1
    assert "the customer has taken it back; decide on that first" in told.stdout
    assert staff.confirmations() == []


def test_show_says_what_leaves_when_an_action_is_done(staff: Staff) -> None:
    ((number,),) = staff.talk.ask("select number from ticket")
    told = staff.queue("show", str(number)).stdout
    assert "when done: termination/confirmed leaves (no contract is known that tells it)" in told
    assert "queue done a1 --last-day DD.MM.YYYY --dry-run" in told


def test_an_erased_mail_is_confirmed_by_nobody(staff: Staff) -> None:
    with staff.talk.engine.begin() as conn:
        conn.exec_driver_sql("delete from raw_mail")
    told = staff.queue("done", "a1", *LAST)
    assert told.returncode == 1
    assert "the mail is erased" in told.stderr
    assert staff.talk.ask("select state from action") == [("waiting",)]
