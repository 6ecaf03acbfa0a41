"""The daemon over a store whose mails are encrypted, and when another process has a newer key than it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from processor.loading.configuration import load_config
from processor.steps.opened import opened
from processor.store.keep import Arrival, keep
from tests.bench.site import USER, Site
from tests.road.test_road import NOTICE, mail, run, started, until

KEY, NEW = "the first key of the mails, quite long", "the second key of the mails, also long"


def with_keys(here: Site, lines: str) -> Path:
    config = here.folder / "config.toml"
    text = config.read_text().partition("[store]")[0]
    config.write_text(f"{text}[store]\n{lines}\n")
    return config


def test_encrypted_mail_is_answered_and_a_worker_takes_a_newer_key_by_itself(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", KEY)
    monkeypatch.setenv("NEW", NEW)
    here.configure(workers=1)
    config = with_keys(here, 'encrypt_with = { env = "KEY" }')
    config.write_text(
        config.read_text().replace('purpose = "termination"', 'purpose = "termination"\nmax_bytes = 20000')
    )
    started(here)
    big = mail("x" * 70 + "\n" + ("y" * 70 + "\n") * 3000)
    here.dovecot.deliver(USER, mail(NOTICE, sender="per@havn-demo.no"))
    here.dovecot.deliver(USER, big)
    daemon = here.start()
    try:
        until(lambda: [row["to"] for row in here.taken()] == [["per@havn-demo.no"]])
        until(lambda: here.ask("select count(*) from mail where state = 'set_aside'") == [(1,)])
        lying = repr(here.ask("select content from raw_mail union all select content from raw_part"))
        assert "havn-demo" not in lying
        assert "yyyyyyyy" not in lying
        with_keys(here, 'encrypt_with = { env = "NEW" }\ndecrypt_with = [{ env = "KEY" }]')
        engine = opened(load_config(config))
        raw, now = mail(NOTICE, sender="ola@sjo-demo.no"), datetime.now(UTC).replace(microsecond=0)
        keep(engine, [Arrival("oppsigelse", "(by hand)", 1, 1, now, len(raw), raw, purpose="termination")], now)
        engine.dispose()
        until(lambda: here.ask("select state from mail where id = 3") == [("decided",)])
    finally:
        daemon.terminate()
        assert daemon.wait(60) == 0
    log = (here.folder / "log").read_text()
    assert "which [store] does not name" in log
    assert run(here, "db", "encrypt").stdout.startswith("0 mails and 0 files encrypted, 2 keys wrapped anew")
