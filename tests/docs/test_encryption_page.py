"""docs/operate/encryption.md, done as it says: a store in clear, a daemon that runs, a key, and another key."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.docs.pages import FENCE, OPERATE
from tests.docs.sandbox import Sandbox
from tests.replay.past_store import past_store

PAGE = OPERATE / "encryption.md"
ALONE = '[desk]\nlisten = ""\n[run]\nworkers = 0\n[[alarms.command]]\nargv = ["/bin/true"]\n'


def edited(config: str, shown: str) -> str:
    """The configuration with what the page shows under [store] in it, as a reader puts it in."""
    kept = [line for line in config.splitlines() if not line.startswith(("encrypt_", "decrypt_"))]
    at = kept.index("[store]") + 1
    return "\n".join([*kept[:at], *shown.splitlines()[1:], *kept[at:]]) + "\n"


def clear(folder: Path) -> int:
    """How many mails lie in clear."""
    with closing(sqlite3.connect(folder / "var" / "processor.db")) as store:
        query = "select count(*) from raw_mail where mail_id not in (select mail_id from raw_key)"
        return int(store.execute(query).fetchone()[0])


def test_the_page_leads_from_a_store_in_clear_to_a_second_key(tmp_path: Path) -> None:
    here = past_store(tmp_path)
    here.path.write_text(here.path.read_text() + ALONE)
    (tmp_path / "secrets").mkdir(mode=0o700)
    for name in ("key", "mailbox"):
        # The unit's own.
        (tmp_path / "secrets" / name).write_text("a secret")
    said = []
    with Sandbox(tmp_path) as sandbox:
        assert sandbox.start()
        for kind, block in FENCE.findall(PAGE.read_text(encoding="utf-8")):
            if kind == "toml":
                here.path.write_text(edited(here.path.read_text(), block))
            for line in re.findall(r"(?m)^\$ (.*)$", block) if kind == "console" else ():
                told = sandbox.run(line)
                assert told.returncode == 0, f"{line}\n{told.stdout}{told.stderr}"
                said.append(told.stdout)
        whole = "".join(said)
        assert "8 mails and 0 files encrypted, 0 keys wrapped anew" in whole
        assert "0 mails and 0 files encrypted, 8 keys wrapped anew" in whole
        assert clear(tmp_path) == 0
        here.path.write_text(re.sub(r"(?m)^decrypt_with.*\n", "", here.path.read_text()))
        assert sandbox.run("systemctl restart processor").returncode == 0
        assert "8  would be decided the same" in sandbox.run("processor replay --jobs 1 --brief").stdout
    assert (tmp_path / "secrets" / "mails").stat().st_mode & 0o777 == 0o600
