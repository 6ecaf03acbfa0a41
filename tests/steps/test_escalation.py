"""Staff are told by mail of what is overdue: once for each level, without a word of the customer, in no loop."""

from __future__ import annotations

import email.policy
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest

from processor.config import Escalation
from processor.deciding.escalation import Overdue, letter_to_staff, span
from processor.deciding.staff_words import action_words
from processor.loading.catalog import saying
from processor.loading.configuration import load_config
from processor.loading.problems import Refused
from processor.steps.deliver import letter
from processor.steps.escalation import OLDEST, escalate
from processor.store.actions import done
from processor.store.outbox import claim, stop_answers
from tests.steps.talk import CONFIG, NOW, WITH_NUMBER, Talk, talk

DESK, BOSS = "saksbehandlere@kundesenter.example", "leder@kundesenter.example"
SOON, AT, LATE = (timedelta(hours=hours) for hours in (-2, 0, 24))
# A notice of Thursday 26 November is to be registered until the end of Friday.
DUE = datetime.fromisoformat("2026-11-27T15:00:00+00:00")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Talk]:
    made = talk(tmp_path)
    levels = (Escalation(BOSS, LATE), Escalation(DESK, SOON), Escalation(DESK, AT))
    made.config = replace(made.config, escalations=levels)
    made.say(WITH_NUMBER)
    ((due,),) = made.ask("select due from action")
    assert str(due).startswith(f"{DUE:%Y-%m-%d %H:%M}")
    yield made
    made.engine.dispose()


def told(here: Talk) -> list[tuple[str, str]]:
    rows = here.ask("select to_addr, subject from outbox where kind = 'escalation' order by id")
    return [(to, subject.partition("] ")[2]) for to, subject in rows]


def look(here: Talk, when: datetime) -> int:
    return escalate(here.engine, here.config, when)


def test_each_level_is_told_once_at_its_time(here: Talk) -> None:
    minute = timedelta(minutes=1)
    assert look(here, DUE + SOON - minute) == 0
    assert [look(here, DUE + SOON) for _ in range(2)] == [1, 0]
    assert [look(here, DUE + AT) for _ in range(2)] == [1, 0]
    assert look(here, DUE + LATE - minute) == 0
    assert [look(here, DUE + LATE) for _ in range(2)] == [1, 0]
    assert told(here) == [
        (DESK, "Fristen nærmer seg: Registrer oppsigelsen"),
        (DESK, "Over fristen: Registrer oppsigelsen"),
        (BOSS, "Over fristen: Registrer oppsigelsen"),
    ]
    assert here.ask("select count(*) from event where kind = 'action.escalated'") == [(3,)]


def test_after_an_outage_only_the_highest_level_of_an_address_is_told(here: Talk) -> None:
    assert look(here, DUE + LATE) == 2
    assert told(here) == [(BOSS, "Over fristen: Registrer oppsigelsen"), (DESK, "Over fristen: Registrer oppsigelsen")]
    # The clock was set back: the lower level is not told after the higher one.
    assert look(here, DUE + SOON) == 0


def test_what_is_done_or_long_past_is_not_told(here: Talk) -> None:
    assert look(here, DUE + LATE + OLDEST) == 0
    done(here.engine, 1, here.person(), DUE)
    assert look(here, DUE + LATE) == 0


def test_neither_the_stop_switch_nor_a_level_holds_it_back_and_no_customers_limit_counts_it(here: Talk) -> None:
    with here.engine.begin() as conn:
        conn.exec_driver_sql("update outbox set state = 'sent'")
    stop_answers(here.engine, "Kari", DUE)
    look(here, DUE + AT)
    (row,) = claim(here.engine, "w", 9, DUE + LATE, 60)
    assert (row.to, row.kind) == (DESK, "escalation")
    assert here.ask("select count(*) from outbox where automatic") == [(1,)]


def test_it_says_nothing_of_the_customer_and_that_it_is_automatic(here: Talk) -> None:
    look(here, DUE + AT)
    row = next(each for each in claim(here.engine, "w", 9, DUE + AT, 60) if each.kind == "escalation")
    assert here.config.smtp
    raw = letter(row, here.config.smtp, DUE)
    mail = message_from_bytes(raw, policy=email.policy.default)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["In-Reply-To"] is None
    body = mail.get_body()
    assert body is not None
    said = f"{mail['Subject']}\n{body.get_content()}"
    number = here.ask("select number from ticket")[0][0]
    assert number in said
    for word in ("Kari", "Fjord", "328", "fjordbygg", "Visma"):
        assert word not in said.replace("--as NAVN", "")


def test_an_answer_to_a_customer_still_says_that_it_is_a_reply(here: Talk) -> None:
    row = next(each for each in claim(here.engine, "w", 9, NOW, 60) if each.kind == "receipt")
    assert here.config.smtp
    assert b"Auto-Submitted: auto-replied\r\n" in letter(row, here.config.smtp, NOW)


@pytest.mark.parametrize("sender", ["oppsigelse@visma.no", DESK, BOSS.upper()])
def test_what_comes_back_from_ourselves_or_those_we_told_is_not_told_again(here: Talk, sender: str) -> None:
    with here.engine.begin() as conn:
        conn.exec_driver_sql("update ticket set sender = ?", (sender,))
    assert look(here, DUE + LATE) == 0


def test_a_flood_of_overdue_actions_is_told_in_portions(here: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("processor.store.escalations.MOST_IN_WINDOW", 2)
    for number in range(3):
        here.say(WITH_NUMBER.replace("328627035", "974760673"), sender=f"per@{number}-demo.no")
    assert look(here, DUE + AT) == 2
    assert look(here, DUE + AT + timedelta(hours=1)) == 0
    assert look(here, DUE + AT + timedelta(hours=25)) >= 2
    assert len([to for to, _ in told(here) if to == DESK]) == 4


def test_a_mail_to_staff_is_no_letter_to_the_customer_who_is_to_be_reminded(tmp_path: Path) -> None:
    from tests.steps.talk import NOTICE
    from tests.steps.test_follow_ups import remind, sent

    here = talk(tmp_path)
    here.config = replace(here.config, escalations=(Escalation(DESK, AT),))
    here.say(NOTICE)
    sent(here)
    here.later(days=5)
    assert look(here, here.now) == 1
    with here.engine.begin() as conn:
        conn.exec_driver_sql("update outbox set state = 'failed' where kind = 'escalation'")
    assert remind(here) == 1
    here.engine.dispose()


def test_a_mail_to_staff_reads_as_a_colleague_would_write_it() -> None:
    what = action_words("grant_otp_rights", saying("nb"))
    action = Overdue(7, "VS-7K3M-9QX4", what, "two_staff", DUE)
    subject, text = letter_to_staff(action, DUE + timedelta(hours=25))
    assert subject == "[VS-7K3M-9QX4] Over fristen: Gi rett til engangskoder"
    assert text.splitlines()[0] == (
        "Oppgaven «Gi rett til engangskoder» i sak VS-7K3M-9QX4 hadde frist fredag 27. november 2026 kl. 16.00 "
        "og er ikke markert som utført. Det er 25 timer siden."
    )
    assert "To personer må godkjenne den." in text
    assert "processor queue done a7 --as NAVN" in text
    near = letter_to_staff(replace(action, needs="staff"), DUE - timedelta(minutes=90))[1]
    assert "har frist fredag 27. november 2026 kl. 16.00, om 1 time, og er ikke" in near
    assert "To personer" not in near
    assert [span(timedelta(minutes=minutes)) for minutes in (0, 2, 120, 60 * 48)] == [
        "1 minutt",
        "2 minutter",
        "2 timer",
        "2 dager",
    ]


def test_a_mail_to_staff_who_read_english_is_in_english(here: Talk) -> None:
    here.config = replace(here.config, escalations=(Escalation(BOSS, LATE, "en"), Escalation(DESK, SOON)))
    look(here, DUE + LATE)
    ((subject, text),) = here.ask(f"select subject, text from outbox where to_addr = '{BOSS}'")
    assert subject.endswith("] Overdue: Register the termination")
    assert "was due Friday 27 November 2026 at 16.00 (Oslo time) and is not" in text
    assert "marked as done. That was 24 hours ago." in text
    near = letter_to_staff(
        Overdue(7, "VS-7K3M-9QX4", "Grant rights to one-time codes", "two_staff", DUE), DUE + SOON, "en"
    )
    assert near[0] == "[VS-7K3M-9QX4] Due soon: Grant rights to one-time codes"
    assert "in 2 hours" in near[1]
    assert "Two people must approve it." in near[1]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (f'to = "{BOSS}"\nlanguage = "nn"', "language must be one of nb, en"),
        ('to = "oppsigelse@visma.no"', "oppsigelse@visma.no is read by the program itself"),
        ('to = "leder"', "to must be one mail address"),
        ("after_hours = 2", "needs 'to'"),
        (f'to = "{BOSS}"\nafter_hours = 99999', "after_hours must lie between -2160 and 2160"),
        (f'to = "{BOSS}"\nhours = 2', "knows no 'hours'"),
        (f'to = "{BOSS}"\n[[escalation]]\nto = "{BOSS}"', "is told at this time already"),
    ],
)
def test_a_wrong_table_is_refused_with_its_line(table: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a key")
    path = tmp_path / "config.toml"
    path.write_text(f"{CONFIG}\n[[escalation]]\n{table}\n")
    with pytest.raises(Refused) as refused:
        load_config(path)
    assert said in "\n".join(map(str, refused.value.problems))
    assert all(problem.line for problem in refused.value.problems)


def test_two_levels_are_read_from_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a key")
    path = tmp_path / "config.toml"
    path.write_text(f'{CONFIG}\n[[escalation]]\nto = "{DESK}"\n[[escalation]]\nto = "{BOSS}"\nafter_hours = -1.5\n')
    assert load_config(path).escalations == (
        Escalation(DESK, timedelta(0)),
        Escalation(BOSS, timedelta(hours=-1.5)),
    )
