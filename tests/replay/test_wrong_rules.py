"""Two deliberate mistakes in the rules, and whether a replay shows them for what they are."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from processor.contract import Contract
from processor.replay.difference import Difference
from processor.replay.parallel import replayed
from processor.store.contract_staging import staged
from processor.store.engine import open_store
from tests.replay.past_store import ROOT, Here, past_store
from tests.replay.test_replay import trial

FIRST_DAY_TOO_LATE = datetime(2026, 10, 1, 8, 30, tzinfo=UTC)
NOTICE, QUESTION = "termination/01-annual-with-number", "termination_question/01-deadline"
SIGNED = date(2018, 2, 1)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Here:
    folder = tmp_path_factory.mktemp("wrong")
    engine = open_store(f"sqlite:///{folder}/var/processor.db")
    moldskred = Contract("1180457", "354231336", "Moldskred Tre AS", (), "Visma Business", "business", "A", SIGNED)
    with staged(engine, [(2, moldskred)]) as beside:
        beside.take(beside.difference(), "contracts.csv", "d", "Kari", FIRST_DAY_TOO_LATE)
    engine.dispose()
    mails = [(ROOT / "tests" / "mails" / f"{name}.eml").read_bytes() for name in (NOTICE, QUESTION)]
    return past_store(folder, mails, now=FIRST_DAY_TOO_LATE)


def differences(here: Here, folder: Path) -> list[Difference]:
    (page,) = replayed(trial(here, folder), here.config.store_url, 1)
    return page.differences


def test_a_deadline_that_is_moved_by_a_day_is_seen_at_the_notice_that_came_a_day_late(here: Here) -> None:
    moved = here.changed("moved", "rules/data/families.toml", 'notice_by = "30.09."', 'notice_by = "01.10."')
    (found,) = (each for each in differences(here, moved) if each.mail_id == 1)
    assert "deadline" in found.kinds
    assert found.old.deadline[:3] == ("late", "ends 2027-12-31", "notice by 2027-09-30")
    assert found.new.deadline[:3] == ("timely", "ends 2026-12-31", "notice by 2026-10-01")


def test_a_question_that_is_answered_as_a_notice_is_seen_in_its_reply(here: Here) -> None:
    file = "rules/termination_question.toml"
    folder = here.changed("as-notice", file, "[replies]", '[replies]\n"termination/received" = "receipt"')
    path = folder / file
    right = 'when = "true"\nreply = "termination_question/rules"'
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, 'when = "true"\nreply = "termination/received"'))
    (found,) = differences(here, folder)
    assert (found.mail_id, found.kinds) == (2, ("reply", "text"))
    assert (found.old.reply[0], found.new.reply[0]) == ("termination_question/rules", "termination/received")
    assert "regner ikke spørsmålet som en oppsigelse" in found.old.text
    assert "Oppsigelse mottatt" in found.new.text
