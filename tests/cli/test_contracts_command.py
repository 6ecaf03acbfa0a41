"""``processor contracts``: import asks before it changes anything; list, show and status tell what is there."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from processor.cli.main import app

ROOT = Path(__file__).parent.parent.parent
CONFIG = f"""
[company]
key = {{ file = "key" }}
[rules]
rules = "{ROOT}/rules"
templates = "{ROOT}/templates"
[[mailbox]]
name = "oppsigelse"
host = "127.0.0.1"
tls = "plain"
user = "x"
password = {{ file = "key" }}
"""
HEAD = "customer_no;org_no;name;domains;product;family;type;signed;invoiced_to\n"
FJORD = "100042;974760673;Fjord Bygg AS;fjordbygg-demo.no;Visma Global;;A;01.02.2018;31.12.2026\n"
VIK = "100043;;Vik Rør;;Visma.net Expense;;B;15.03.2021;\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "key").write_text("a key for tests only")
    (tmp_path / "config.toml").write_text(CONFIG)
    return tmp_path


def run(folder: Path, *arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, [*arguments, "--config", str(folder / "config.toml")], input=answer)


def bring(folder: Path, text: str, *more: str, answer: str = "") -> Result:
    (folder / "contracts.csv").write_text(HEAD + text, encoding="utf-8")
    return run(folder, "contracts", "import", str(folder / "contracts.csv"), *more, answer=answer)


def test_the_difference_is_shown_and_nothing_is_taken_without_a_yes(folder: Path) -> None:
    told = bring(folder, FJORD + VIK, answer="n\n")
    assert told.exit_code == 1
    assert "2 new" in told.output
    assert "Fjord Bygg AS" in told.output
    assert run(folder, "contracts", "list").output == "No contract.\n"
    assert bring(folder, FJORD + VIK, answer="y\n").exit_code == 0
    assert "Vik Rør" in run(folder, "contracts", "list", "rør").output


def test_what_is_new_changed_and_gone_is_told_apart(folder: Path) -> None:
    bring(folder, FJORD + VIK, "--yes")
    other = VIK.replace("100043", "100044")
    told = bring(folder, FJORD.replace(";A;", ";B;") + other, "--yes").output
    assert "1 new\n  +     100044" in told
    assert "1 changed\n  ~     100042  Visma Global: type A → B" in told
    assert "1 gone\n  -     100043" in told
    assert "The register says the same already." in bring(folder, FJORD.replace(";A;", ";B;") + other).output


def test_every_wrong_line_is_told_at_once_and_the_register_stays(folder: Path) -> None:
    bring(folder, VIK, "--yes")
    wrong = FJORD.replace("01.02.2018", "31.02.2018") + FJORD + FJORD + VIK.replace("Vik", "Vig")
    told = bring(folder, wrong + VIK, "--yes")
    assert told.exit_code == 2
    for said in ("contracts.csv:2: signed 31.02.2018", "contracts.csv:4: customer 100042 has this product on line 3"):
        assert said in told.output
    assert "contracts.csv:6: customer 100043 has another name" in told.output
    assert "4 problems; the register was not changed." in told.output
    assert "Fjord" not in run(folder, "contracts", "list").output


def test_a_file_that_was_cut_short_ends_no_contracts_without_a_person(folder: Path) -> None:
    many = "".join(FJORD.replace("100042", f"2000{n:02}") for n in range(40))
    bring(folder, many, "--yes")
    for left in ("", FJORD.replace("100042", "200000")):
        told = bring(folder, left, "--yes")
        assert told.exit_code == 2
        assert "so a person must say yes" in told.output
        assert len(run(folder, "contracts", "list").output.splitlines()) == 40
    assert bring(folder, left, answer="y\n").exit_code == 0
    assert len(run(folder, "contracts", "list").output.splitlines()) == 1
    # Few contracts may go, but never the last one.
    assert bring(folder, "", "--yes").exit_code == 2


def test_a_login_page_is_no_register(folder: Path) -> None:
    (folder / "contracts.csv").write_text("<html>Logg inn</html>")
    told = run(folder, "contracts", "import", str(folder / "contracts.csv"), "--yes")
    assert told.exit_code == 2
    assert "it is HTML" in told.output


def test_a_customer_is_shown_with_what_a_notice_now_would_reach(folder: Path) -> None:
    bring(folder, FJORD + VIK, "--yes")
    told = run(folder, "contracts", "show", "974 760 673").output
    assert "100042  Fjord Bygg AS, org. no. 974760673" in told
    assert "Visma Global, type A, signed 01.02.2018, invoiced to 31.12.2026" in told
    assert "last safe notice 30.09." in told
    assert "close no earlier than 30 June" in told
    assert run(folder, "contracts", "show", "9").exit_code == 1


def test_status_names_the_register_and_where_it_is_from(folder: Path) -> None:
    assert "contracts  none" in run(folder, "status").output
    bring(folder, FJORD, "--yes")
    assert "contracts  1, from " in run(folder, "status").output


def test_a_long_file_costs_no_more_memory_than_a_short_one(folder: Path) -> None:
    peaks = []
    for count in (2_000, 30_000):
        rows = (f"{number};;Bedrift {number} AS;b{number}.no;Visma Global;;A;;\n" for number in range(count))
        (folder / "contracts.csv").write_text(HEAD + "".join(rows))
        script = (
            "import resource, sys\nfrom processor.cli.main import app\n"
            "try:\n    app(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
            "print('PEAK', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        command = [sys.executable, "-c", script, "contracts", "import", str(folder / "contracts.csv"), "--yes"]
        command += ["--config", str(folder / "config.toml")]
        told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
        assert f"{count} new" in told.stdout or f"{count - 2000} new" in told.stdout
        peaks.append(int(told.stdout.rpartition("PEAK")[2]))
    # 28,000 lines more are 1.3 MB of text; kept as values they would be some 20 MB.
    assert peaks[1] - peaks[0] < 8_000


def test_explain_takes_a_file_of_contracts_instead_of_the_register(folder: Path) -> None:
    file = folder / "contracts.csv"
    file.write_text(HEAD + "1180457;354231336;Moldskred Tre AS;;Visma Business;;A;01.02.2018;\n", encoding="utf-8")
    mail = str(ROOT / "tests/mails/termination/01-annual-with-number.eml")
    ask = ["explain", "--json", "--authserv-id", "mx.kundesenter.example", mail]
    told = json.loads(CliRunner().invoke(app, [*ask, "--contracts", str(file)]).stdout)
    assert told["deadline"] == {
        "status": "timely",
        "last_service_day": "2026-12-31",
        "last_safe_notice_day": "2026-09-30",
        "basis": "interpretation",
        "candidates": [],
        "flags": [],
    }
    assert any(
        "customer is 1180457 Moldskred Tre AS, by organisation number" in each for each in told["decision"]["because"]
    )
    without = json.loads(CliRunner().invoke(app, ask).stdout)
    assert without["deadline"]["status"] == "unknown"
    assert told["decision"]["reply"] == without["decision"]["reply"]
    rules = folder / "rules"
    shutil.copytree(ROOT / "rules", rules)
    first = rules / "termination.toml"
    known = '[[row]]\nname = "known"\nwhen = "sender.known"\nreply = "termination/received"\nactions = []\n\n[[row]]'
    first.write_text(first.read_text(encoding="utf-8").replace("[[row]]", known, 1), encoding="utf-8")
    for domains, rule in (("moldskredtre-demo.no", "termination/known"), ("", "termination/notice")):
        line = f"1180457;354231336;Moldskred Tre AS;{domains};Visma Business;;A;01.02.2018;\n"
        file.write_text(HEAD + line, encoding="utf-8")
        told = json.loads(CliRunner().invoke(app, [*ask, "--contracts", str(file), "--rules", str(rules)]).stdout)
        assert told["decision"]["rule"] == rule
    file.write_text(HEAD + "x;1;;;;;Q;;\n", encoding="utf-8")
    refused = CliRunner().invoke(app, [*ask, "--contracts", str(file)])
    assert refused.exit_code == 2
    assert "contracts.csv:2: org_no '1' is no organisation number" in refused.output
