"""Who of the staff asked for notices gets them: once, in one mail an hour, in no quiet hour, without a customer's word."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from processor.deciding.staff_notice import Named, digest, urgent
from processor.steps.staff_notices import tell_staff
from processor.steps.upkeep import remind_staff
from processor.store import tables as t
from processor.store.accounts import set_scope
from processor.store.people import Person, add_person
from processor.store.staff_notices import Wish, set_wish
from tests.steps.talk import NOW, WITH_NUMBER, Talk, talk

ANNE = "anne@kundesenter.example"
DUE = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 27, 6, 30, tzinfo=UTC)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Talk]:
    """A notice whose action is due on Friday at 13.00 in Oslo, and Anne, who wants everything."""
    made = talk(tmp_path)
    made.say(WITH_NUMBER)
    add_person(made.engine, "Anne", NOW)
    with made.engine.begin() as conn:
        conn.execute(t.action.update().values(due=DUE))
    wish(made)
    yield made
    made.engine.dispose()


def anne(here: Talk) -> Person:
    ((found,),) = here.ask("select id from person where name = 'Anne'")
    return Person(found, "Anne")


def wish(here: Talk, address: str = ANNE, **changes: bool | int) -> None:
    wanted = {"digest": True, "urgent": True, **changes}
    set_wish(here.engine, Wish(anne(here), "", None, address, **wanted), NOW)  # type: ignore[arg-type]


def mails(here: Talk, kind: str) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in here.ask(f"select subject, text from outbox where kind = '{kind}' order by id")]


def test_the_digest_comes_once_each_working_morning(here: Talk) -> None:
    assert tell_staff(here.engine, here.config, MORNING - timedelta(hours=1)) == 0
    assert tell_staff(here.engine, here.config, MORNING) == 1
    assert tell_staff(here.engine, here.config, MORNING + timedelta(hours=1)) == 0
    ((subject, text),) = mails(here, "digest")
    assert subject == "Køen i dag: 1 venter, 1 haster"
    assert "1  oppsigelser som skal registreres" in text
    saturday, monday = MORNING + timedelta(days=1), MORNING + timedelta(days=3)
    wish(here, urgent=False)
    assert tell_staff(here.engine, here.config, saturday) == 0
    assert tell_staff(here.engine, here.config, monday) == 1


def test_what_is_urgent_is_told_once(here: Talk) -> None:
    wish(here, digest=False)
    assert tell_staff(here.engine, here.config, DUE - timedelta(hours=3)) == 0
    assert tell_staff(here.engine, here.config, DUE - timedelta(hours=2)) == 1
    assert tell_staff(here.engine, here.config, DUE + timedelta(hours=5)) == 0
    ((subject, text),) = mails(here, "urgent")
    ((number,),) = here.ask("select number from ticket")
    assert subject == f"[{number}] Haster"
    assert f"[{number}] Registrer oppsigelsen: fristen er fredag 27. november 2026 kl. 13.00" in text


def test_nothing_of_the_customer_is_in_any_notice(here: Talk) -> None:
    tell_staff(here.engine, here.config, MORNING)
    tell_staff(here.engine, here.config, DUE)
    said = "".join(f"{subject}{text}" for kind in ("digest", "urgent") for subject, text in mails(here, kind)).lower()
    ((sender, asked, company),) = here.ask("select sender, subject, company from ticket")
    for words in (sender, str(asked).lower(), str(company).lower(), "328627035"):
        assert words
        assert words not in said, words


def test_many_that_become_urgent_make_one_mail_and_the_next_waits_an_hour(here: Talk) -> None:
    wish(here, digest=False)
    with here.engine.begin() as conn:
        row = dict(conn.execute(t.action.select()).one()._mapping)
        conn.execute(t.action.insert(), [{**row, "id": n, "due": DUE + timedelta(minutes=n)} for n in range(2, 32)])
    assert tell_staff(here.engine, here.config, DUE - timedelta(minutes=100)) == 1
    ((subject, text),) = mails(here, "urgent")
    assert subject == "20 oppgaver haster"
    assert "… og 10 til." in text
    assert tell_staff(here.engine, here.config, DUE - timedelta(minutes=90)) == 0
    assert tell_staff(here.engine, here.config, DUE - timedelta(minutes=39)) == 1
    assert mails(here, "urgent")[1][0] == "11 oppgaver haster"


def test_nothing_urgent_leaves_in_quiet_hours_and_it_comes_after_them(here: Talk) -> None:
    wish(here, digest=False, quiet_from=12, quiet_to=15)
    assert tell_staff(here.engine, here.config, DUE) == 0
    assert tell_staff(here.engine, here.config, DUE + timedelta(hours=2)) == 1


@pytest.mark.parametrize(("start", "end", "quiet"), [(20, 7, {20, 23, 0, 6}), (1, 3, {1, 2}), (5, 5, set())], ids=str)
def test_quiet_hours_may_go_over_midnight(start: int, end: int, quiet: set[int]) -> None:
    wished = Wish(Person(1, "A"), "", None, quiet_from=start, quiet_to=end)
    assert {hour for hour in (20, 23, 0, 6, 7, 12, 1, 2, 3, 5) if wished.quiet(hour)} >= quiet
    assert not wished.quiet(12)


def test_who_sees_other_mailboxes_alone_is_told_of_nothing(here: Talk) -> None:
    set_scope(here.engine, anne(here), frozenset({"elsewhere"}), "Ada", NOW)
    assert tell_staff(here.engine, here.config, MORNING) == 0
    assert tell_staff(here.engine, here.config, DUE) == 0


def test_who_is_gone_or_wants_nothing_gets_nothing(here: Talk) -> None:
    wish(here, digest=False, urgent=False)
    assert tell_staff(here.engine, here.config, DUE) == 0
    wish(here)
    with here.engine.begin() as conn:
        conn.execute(t.person.update().values(active=False))
    assert tell_staff(here.engine, here.config, DUE) == 0


def test_a_ticket_without_anything_to_do_is_in_the_digest_too(here: Talk) -> None:
    with here.engine.begin() as conn:
        conn.execute(t.action.update().values(state="done"))
    assert tell_staff(here.engine, here.config, MORNING) == 1
    assert mails(here, "digest")[0][0] == "Køen i dag: 1 venter, 0 haster"


def test_no_notice_follows_from_what_came_back_of_one(here: Talk) -> None:
    with here.engine.begin() as conn:
        conn.execute(t.ticket.update().values(sender=ANNE))
    assert tell_staff(here.engine, here.config, DUE) == 0
    wish(here, address=here.config.smtp.from_address if here.config.smtp else "")
    assert tell_staff(here.engine, here.config, DUE) == 0


def test_the_clock_tells_and_a_fault_of_it_stops_nothing(here: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    remind_staff(here.engine, here.config, DUE)
    assert len(mails(here, "urgent")) == 1
    monkeypatch.setattr("processor.steps.staff_notices.tell_staff", lambda *_: 1 / 0)
    remind_staff(here.engine, here.config, DUE)


def test_both_languages_say_the_same() -> None:
    counts = {"all": 3, "urgent": 1, "mine": 0}
    assert digest(counts, "", "en")[0] == "The queue today: 3 waiting, 1 urgent"
    assert "mine" not in digest(counts, "", "en")[1]
    subject, text = urgent([Named("VS-1", "Answer the mail", DUE)], DUE, "https://desk.example", "en")
    assert subject == "[VS-1] Urgent"
    assert text.startswith("[VS-1] Answer the mail: was due")
    assert "was due" in text
    assert "https://desk.example/ticket/VS-1" in text
