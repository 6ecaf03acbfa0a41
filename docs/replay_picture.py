"""Draw what a replay shows: ``python docs/replay_picture.py`` writes docs/replay.svg and docs/replay.png.

The shipped example mails of five request types are decided by the shipped rules, with a register beside them; a
person says what two of them are.  Then two deliberate mistakes are made in a copy of the rules: the last day of an
annual notice is moved by a day, and whoever writes the word is taken to give notice.  replay.svg is what the terminal
says of the first mails and in the end, replay.png the HTML report, for which Debian's chromium is needed.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from processor.contract import Contract  # noqa: E402
from processor.store.contract_staging import staged  # noqa: E402
from processor.store.corrections import retype  # noqa: E402
from processor.store.engine import open_store  # noqa: E402
from processor.store.people import add_person, verify_person  # noqa: E402
from processor.store.queue import done  # noqa: E402
from tests.replay.past_store import Here, past_store  # noqa: E402

TYPES = ("termination", "termination_question", "elma_question", "invoice_question", "otp_code")
REGISTER = (
    Contract("1180457", "354231336", "Moldskred Tre AS", (), "Visma Business", "business", "A", date(2018, 2, 1)),
)
CAME = datetime(2026, 10, 1, 8, 30, tzinfo=UTC)
"""The first day on which a notice for the year is too late."""
A_DAY_LATE = ("data/families.toml", 'notice_by = "30.09."', 'notice_by = "01.10."')
AS_NOTICE = (
    (
        "termination_question.toml",
        'when = "true"\nreply = "termination_question/rules"',
        'when = "true"\nreply = "termination/received"',
    ),
    ("termination_question.toml", "[replies]", '[replies]\n"termination/received" = "receipt"'),
)
SHOWN = (28, 59)
"""The mails that the terminal's picture holds."""
WIDTH = 132
HEIGHT = 1500
"""Of the report's picture; what is below is left out."""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        here = store(Path(name))
        wrong = mistaken(here)
        terminal(here, wrong)
        report(here.folder / "replay.html")


def store(folder: Path) -> Here:
    """A store in which the examples are decided and staff have said their word of some."""
    names = sorted(each for kind in TYPES for each in (ROOT / "tests" / "mails" / kind).glob("*.eml"))
    engine = open_store(f"sqlite:///{folder}/var/processor.db")
    with staged(engine, enumerate(REGISTER, 2)) as beside:
        beside.take(beside.difference(), "contracts.csv", "d", "Kari", CAME)
    here = past_store(folder, [each.read_bytes() for each in names], now=CAME)
    kari = verify_person(engine, "Kari", add_person(engine, "Kari", CAME))
    assert kari
    numbers = {each.stem: number for number, each in enumerate(names, 1) if each.parent.name == "termination_question"}
    retype(engine, numbers["01-deadline"], ["termination_question"], None, kari, CAME)
    retype(engine, numbers["04-nynorsk-how"], ["termination_question"], None, kari, CAME)
    done(engine, 1, kari, CAME)
    engine.dispose()
    return here


def mistaken(here: Here) -> Path:
    """A copy of the rules with two mistakes."""
    file, right, wrong = A_DAY_LATE
    folder = here.changed("next", f"rules/{file}", right, wrong)
    for file, right, wrong in AS_NOTICE:
        path = folder / "rules" / file
        text = path.read_text(encoding="utf-8")
        assert right in text
        path.write_text(text.replace(right, wrong), encoding="utf-8")
    return folder / "rules"


def terminal(here: Here, rules: Path) -> None:
    """Keep what the command says of some mails, and its sums."""
    command = ["replay", "--rules", str(rules), "--html", "replay.html"]
    environment = {**os.environ, "FORCE_COLOR": "1", "PYTHONPATH": str(ROOT)}
    program = [sys.executable, "-m", "processor", *command]
    told = subprocess.run(  # noqa: S603  # our own program
        program, cwd=here.folder, env=environment, capture_output=True, text=True, check=True
    )
    *mails, sums = told.stdout.rstrip("\n").split("\n\n")
    console = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False, force_terminal=True)
    console.print("[dim]$[/] [bold]processor replay --rules next/rules --html replay.html[/]")
    for number in SHOWN:
        (mail,) = (each for each in mails if f"m{number} " in each)
        console.print(Text("\n…\n", "dim"), *(shortened(Text.from_ansi(line)) for line in mail.split("\n")), sep="\n")
    console.print(Text("\n…\n", "dim"), sums, sep="\n")
    (ROOT / "docs" / "replay.svg").write_text(console.export_svg(title="processor replay"), encoding="utf-8")


def shortened(line: Text) -> Text:
    """A line as a terminal without wrapping shows it."""
    line.truncate(WIDTH, overflow="ellipsis")
    return line


def report(page: Path) -> None:
    """Take a picture of the report as a browser shows it."""
    browser = shutil.which("chromium")
    if browser is None:
        raise SystemExit("docs/replay.svg is drawn; docs/replay.png needs chromium: apt-get install chromium")
    text = page.read_text(encoding="utf-8").replace(str(page.parent), "/srv/processor")
    page.write_text(text, encoding="utf-8")
    # Root has no sandbox of Chromium's, and the page is our own.
    options = ["--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size=1000,{HEIGHT}"]
    shot = f"--screenshot={ROOT / 'docs' / 'replay.png'}"
    subprocess.run([browser, *options, shot, page.as_uri()], capture_output=True, check=True)  # noqa: S603  # Debian's


if __name__ == "__main__":
    main()
