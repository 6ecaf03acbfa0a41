"""The first start on a mailbox that holds years of mail."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

from tests.bench.site import USER, Site
from tests.road.test_road import mail, run

OLD = 70


def history(here: Site) -> None:
    """Old mails, and one of this morning; the program has never run."""
    for number in range(OLD):
        when = datetime.now(UTC) - timedelta(days=400 - number)
        here.dovecot.deliver(USER, mail(sender=f"kari@firma{number}-demo.no", when=when), when=when)
    here.dovecot.deliver(USER, mail(sender="ola@nytt-demo.no"))
    # Servers tell arrival in whole seconds: what came in the second of the first start counts as new.
    time.sleep(1.1)


def test_all_is_taken_in_by_default_and_told_and_nothing_of_it_is_answered(here: Site) -> None:
    history(here)
    told = run(here, "once")
    assert told.returncode == 0, told.stderr
    steps = [json.loads(line) for line in told.stderr.splitlines() if '"taking in"' in line]
    assert [(each["taken"], each["left"]) for each in steps] == [(50, OLD - 49), (OLD + 1, 0)]
    assert here.ask("select count(*) from ticket") == [(OLD + 1,)]
    # That of this morning arrived before the first start, too.
    assert here.taken() == []
    assert run(here, "once").returncode == 0
    assert here.taken() == []
    assert "never" not in run(here, "status").stdout


def test_what_is_older_than_the_day_given_stays_where_it_is(here: Site) -> None:
    history(here)
    config = here.folder / "config.toml"
    since = (datetime.now(UTC) - timedelta(days=30)).date()
    config.write_text(config.read_text().replace("poll_seconds = 2", f"poll_seconds = 2\nsince = {since}"))
    for _ in range(2):
        assert run(here, "once").returncode == 0
    assert here.ask("select count(*) from mail") == [(1,)]
    here.dovecot.deliver(USER, mail(sender="per@senere-demo.no"))
    assert run(here, "once").returncode == 0
    assert here.ask("select count(*) from mail") == [(2,)]
    assert len(here.taken()) == 1
