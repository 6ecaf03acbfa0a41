"""The alert rules, the dashboard and the unit file fit the program that they are shipped with."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from prometheus_client.parser import text_string_to_metric_families

from processor.alarm import Alarm, Episode, Kind
from processor.consent import Consent
from processor.store.alarm_notices import WayMeasure
from processor.store.alarms import Known
from processor.store.intake import Intake
from processor.store.leases import Lease
from processor.store.measures import MailboxMeasure, Measures
from processor.store.reconciliation import Reconciliation
from processor.store.reloading import Standing
from processor.store.tally import Histogram, Totals
from processor.watch.metrics import exposition
from processor.watch.pulse import Pulse

OPERATE = Path(__file__).parent.parent.parent / "docs" / "operate"
NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
OF_PROMETHEUS = {"up"}


class Everything:
    """A daemon that has something to tell for each metric."""

    def __init__(self) -> None:
        self.pulse = Pulse()
        self.pulse.beat("main", 1.0)

    def consents(self) -> list[Consent]:
        return [Consent("oppsigelse", NOW, NOW, NOW + timedelta(days=90), "unused for 90 days by then")]

    def seen(self) -> tuple[Measures, Totals, Standing]:
        lease = Lease("mailbox/oppsigelse", "a", 1, 1, NOW, NOW, True)
        compared = Reconciliation("oppsigelse", "INBOX", 7, 4, NOW, NOW, 3, {"vanished": 1})
        box = MailboxMeasure("oppsigelse", NOW - timedelta(days=1), NOW, Intake(3, NOW), (compared,))
        measures = Measures(
            at=NOW,
            schema="0001",
            oldest_mail=NOW - timedelta(minutes=5),
            oldest_reply=NOW,
            mails={"kept": 1, "set_aside": 0},
            tickets={"open": 1},
            actions={("waiting", "termination"): 1},
            overdue=1,
            replies={"unknown": 1},
            mailboxes=(box,),
            stopped=True,
            backup_at=NOW,
            disk_free=1,
            size=1,
            leases=(lease,),
            alarms=(Known(Alarm("login_failed", "oppsigelse"), Episode(NOW, NOW)),),
            ways=(WayMeasure("webhook 1", 1, 2, "says 500", 0),),
            copies={"waiting": 1},
        )
        totals = Totals()
        totals.rules["termination/notice"] += 1
        totals.decided = Histogram([1] * 12, 1, 0.2)
        return measures, totals, Standing("r1", NOW)


def exported() -> dict[str, set[str]]:
    """The labels of each series that /metrics may tell."""
    found: dict[str, set[str]] = {name: {"job", "instance"} for name in OF_PROMETHEUS}
    text = exposition(Everything()).decode()  # type: ignore[arg-type]
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {"job", "instance"}).update(sample.labels)
    return found


def alert_expressions() -> list[str]:
    text = (OPERATE / "alerts.yml").read_text()
    found = re.findall(r"expr: (?:>-\n((?: {10}.*\n)+)|(.*)\n)", text)
    assert len(found) == text.count("- alert:") == text.count("expr:")
    return [" ".join((folded or plain).split()) for folded, plain in found]


def dashboard_expressions() -> list[str]:
    board = json.loads((OPERATE / "dashboard.json").read_text())
    return [target["expr"] for panel in board["panels"] for target in panel["targets"]]


def unknown(expression: str) -> Iterator[str]:
    """Series and labels of an expression that are not exported."""
    series = exported()
    named = re.findall(r"\b(?:processor|process)_\w+|\bup\b", expression)
    assert named, expression
    yield from (name for name in named if name not in series)
    labels = {label for name in named if name in series for label in series[name]}
    used = re.findall(r"[{,]\s*(\w+)\s*=", expression)
    for group in re.findall(r"\b(?:by|on|without)\s*\(([^)]*)\)", expression):
        used += [label.strip() for label in group.split(",")]
    yield from (label for label in used if label not in labels)


@pytest.mark.parametrize("expression", [*alert_expressions(), *dashboard_expressions()])
def test_every_series_and_label_of_an_expression_is_exported(expression: str) -> None:
    assert list(unknown(expression)) == []


@pytest.mark.parametrize(
    "wrong", ["max(processor_mail)", 'processor_mails{kind="kept"}', "max by (x) (processor_mails)"]
)
def test_what_is_not_exported_is_noticed(wrong: str) -> None:
    assert list(unknown(wrong))


def test_every_alert_is_explained_to_who_is_woken_by_it() -> None:
    told = (OPERATE / "watching.md").read_text()
    names = re.findall(r"- alert: (\w+)", (OPERATE / "alerts.yml").read_text())
    assert names == re.findall(r"(?m)^\| `(Processor\w+)` \|", told)


def test_what_to_do_is_told_of_every_alarm() -> None:
    told = (OPERATE / "alarms.md").read_text()
    assert sorted(re.findall(r"(?m)^### (\w+)$", told)) == sorted(get_args(Kind))
    example = (OPERATE.parent.parent / "config.example.toml").read_text()
    for threshold in re.findall(r"`(\w+)` \([\d.]+\)", told):
        assert re.search(rf"(?m)^(# )?{threshold} = ", example), threshold


def test_every_series_of_ours_is_explained() -> None:
    told = (OPERATE / "watching.md").read_text()
    ours = {re.sub(r"_(bucket|count|sum)$", "", name) for name in exported() if name.startswith("processor_")}
    assert {name for name in ours if f"`{name}" not in told} == set()


def test_no_label_of_the_dashboard_is_drawn_twice() -> None:
    board = json.loads((OPERATE / "dashboard.json").read_text())
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel in board["panels"])


@pytest.mark.skipif(not shutil.which("promtool"), reason="Prometheus is not installed")
def test_prometheus_itself_takes_every_expression(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yml"
    lines = [f"  - record: a{n}\n    expr: {json.dumps(each)}\n" for n, each in enumerate(dashboard_expressions())]
    rules.write_text("groups:\n- name: dashboard\n  rules:\n" + "".join(lines))
    for path in (OPERATE / "alerts.yml", rules):
        told = subprocess.run(["promtool", "check", "rules", str(path)], capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_the_unit_files_are_right_and_leave_little_of_the_machine_exposed(tmp_path: Path) -> None:
    for name in ("processor.service", "processor-backup.service", "processor-backup.timer"):
        text = (OPERATE / name).read_text()
        (tmp_path / name).write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", text))
    unit, night, timer = (
        str(tmp_path / f"processor{rest}") for rest in (".service", "-backup.service", "-backup.timer")
    )
    for command in (
        ["systemd-analyze", "verify", "--man=no", unit, night, timer],
        ["systemd-analyze", "security", "--offline=true", "--threshold=25", unit],
        ["systemd-analyze", "security", "--offline=true", "--threshold=50", night],
    ):
        told = subprocess.run(command, capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stdout + told.stderr
        assert "Unknown" not in told.stderr


def test_the_script_and_the_backup_have_the_secrets_of_the_service() -> None:
    named = {
        name: set(re.findall(r"LoadCredential=(\w+:\S+)", (OPERATE / name).read_text()))
        for name in ("processor.service", "processor-backup.service", "processor.sh")
    }
    assert named["processor.sh"] == named["processor-backup.service"] == named["processor.service"] != set()
