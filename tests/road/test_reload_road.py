"""Rules changed under a running daemon: by SIGHUP and by ``processor reload``, right ones and broken ones."""

from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.bench.site import ROOT, USER, Site, kill
from tests.road.test_road import mail, run, until

SECOND = "Vi sier opp Visma Global fra 31.12.2027.\n\nMvh\nPer Vik\nVik Rør AS\norg.nr 974760673"
THIRD = "Vi sier opp Visma Global fra 31.12.2027.\n\nMvh\nEva Moe\nMoe Mur AS\norg.nr 328627035"
EXAMPLE = "termination/01-annual-with-number"
OF_GLOBAL = """[[row]]
name = "notice_global"
when = "'Visma Global' in fields.products && size(fields.org_no) > 0"
reply = "termination/received"
actions = [{ kind = "register_termination_global", needs = "staff", due = "1 business day" }]

"""


@pytest.fixture
def rules(here: Site, tmp_path: Path) -> Path:
    """The file of the notice's rules, in a copy of the shipped ones with one example beside them."""
    for name in ("rules", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for ending in ("eml", "want"):
        (tmp_path / "examples" / "termination").mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "tests" / "mails" / f"{EXAMPLE}.{ending}", tmp_path / "examples" / f"{EXAMPLE}.{ending}")
    return tmp_path / "rules" / "termination.toml"


def configured(here: Site, workers: int) -> None:
    path = here.configure(workers)
    text = path.read_text().replace(str(ROOT / "rules"), "rules").replace(str(ROOT / "templates"), "templates")
    path.write_text(text)


def decisions(here: Site) -> list[tuple[str, str]]:
    """The rule and the rules' version of each decision."""
    told = [
        json.loads(str(data)) for (data,) in here.ask("select data from event where kind='mail.decided' order by id")
    ]
    return [(each["rule"], each["rules"]) for each in told]


def log(here: Site) -> str:
    return (here.folder / "log").read_text()


def deliver(here: Site, raw: bytes, decided: int) -> None:
    here.dovecot.deliver(USER, raw)
    until(lambda: len(decisions(here)) == decided)


@pytest.mark.parametrize("workers", [0, 1])
def test_the_next_mail_after_sighup_is_decided_by_the_new_rule(here: Site, rules: Path, workers: int) -> None:
    configured(here, workers)
    process = here.start()
    try:
        until(lambda: here.ask("select 1 from mailbox"))
        time.sleep(1.1)
        deliver(here, mail(), 1)
        text = rules.read_text()
        rules.write_text(text.replace('[[row]]\nname = "notice"\n', f'{OF_GLOBAL}[[row]]\nname = "notice"\n'))
        process.send_signal(signal.SIGHUP)
        until(lambda: "rules reloaded" in log(here))
        deliver(here, mail(SECOND, sender="per@vikror-demo.no"), 2)
        (old_rule, old_version), (new_rule, new_version) = decisions(here)
        assert (old_rule, new_rule) == ("termination/notice", "termination/notice_global")
        assert old_version != new_version
        kinds = [kind for (kind,) in here.ask("select kind from action order by id")]
        assert kinds == ["register_termination", "register_termination_global"]
        until(lambda: len(here.taken()) == 2)
        told = run(here, "status").stdout
        assert f"version {new_version}, since " in told
        assert "refused" not in told
        assert "  1 mails" in run(here, "rules", "history", "termination/notice_global").stdout
    finally:
        kill(process, signal.SIGTERM)


def test_broken_rules_are_refused_in_the_log_in_status_and_to_who_asked(here: Site, rules: Path) -> None:
    configured(here, 0)
    process = here.start()
    try:
        until(lambda: here.ask("select 1 from mailbox"))
        time.sleep(1.1)
        deliver(here, mail(), 1)
        right = rules.read_text()
        rules.write_text(right.replace('name = "notice"\n', 'name = "notice"\nwehn = "true"\n', 1))
        asked = run(here, "reload")
        assert asked.returncode == 1
        assert "unknown key 'wehn' (did you mean when?)" in asked.stderr
        assert asked.stderr.endswith("The old rules stay.\n")
        assert "rules refused" in log(here)
        told = run(here, "status").stdout
        (version,) = {version for _, version in decisions(here)}
        assert f"version {version}, since " in told
        assert "changed ones refused: " in told
        assert "unknown key 'wehn' (did you mean when?)" in told
        deliver(here, mail(SECOND, sender="per@vikror-demo.no"), 2)
        assert decisions(here) == [("termination/notice", version)] * 2
        # An example that would be decided otherwise stops them as well, unless an operator says so.
        rules.write_text(right.replace('name = "notice"\n', 'name = "notice_b"\n', 1))
        assert "is not decided as its .want says" in run(here, "reload").stderr
        assert run(here, "reload", "--force").returncode == 0
        assert "refused" not in run(here, "status").stdout
        deliver(here, mail(THIRD, sender="eva@moemur-demo.no"), 3)
        assert decisions(here)[2][0] == "termination/notice_b"
        assert decisions(here)[2][1] != version
    finally:
        kill(process, signal.SIGTERM)
