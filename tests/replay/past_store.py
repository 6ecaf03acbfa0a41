"""A store with decided mails, made as the running program makes it, without any server."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from processor.config import Config
from processor.extracting.of_message import Extract
from processor.loading.configuration import load_config
from processor.message import Extracted
from processor.steps.opened import opened
from processor.steps.work_off import work_off
from processor.store.keep import Arrival, keep
from processor.store.watermarks import first_start
from tests.shipped import rulebook_of

ROOT = Path(__file__).parent.parent.parent
AUTHSERV_ID = "mx.kundesenter.example"
NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
CONFIG = f"""
[company]
key = {{ file = "key" }}
own_addresses = ["oppsigelse@visma.no", "skysupport@visma.com"]
authserv_ids = ["{AUTHSERV_ID}"]
[answers]
level = "draft"
[smtp]
host = "127.0.0.1"
port = 9
tls = "plain"
from_address = "oppsigelse@visma.no"
[[mailbox]]
name = "a"
host = "127.0.0.1"
port = 9
tls = "plain"
user = "u"
purpose = "termination"
password = {{ file = "key" }}
"""
EXAMPLES = (
    "termination/01-annual-with-number",
    "termination/02-nynorsk-without-number",
    "termination/09-forged",
    "elma_question/01-status",
    "otp_code/01-new-phone",
    "no_action/01-thanks",
    "auto_reply/01-out-of-office",
    "invoice_question/01-quantity",
)


@dataclass(frozen=True)
class Here:
    """A folder with a configuration, its own rules and templates, and a store of decided mails."""

    folder: Path
    config: Config

    @property
    def path(self) -> Path:
        return self.folder / "config.toml"

    def changed(self, name: str, file: str, old: str, new: str) -> Path:
        """A copy of rules and templates beside them, with one change; the folder of the copy."""
        copy = self.folder / name
        for each in ("rules", "templates"):
            shutil.copytree(self.folder / each, copy / each)
        text = (copy / file).read_text(encoding="utf-8")
        assert old in text
        (copy / file).write_text(text.replace(old, new), encoding="utf-8")
        return copy


def past_store(
    folder: Path,
    mails: Sequence[bytes] | None = None,
    extract: Extract = lambda *_: Extracted(),
    now: datetime = NOW,
    store: str = "",
    key: str = "",
) -> Here:
    """Keep and decide the mails (the examples unless told otherwise) as they all come at one time, by the shipped rules.

    With a ``key`` their bytes lie encrypted.
    """
    (folder / "key").write_text("a key")
    url = f'url = "{store}"\n' if store else ""
    if key:
        (folder / "mails").write_text(key)
        url += 'encrypt_with = { file = "mails" }\n'
    (folder / "config.toml").write_text(CONFIG + f"[store]\n{url}")
    for each in ("rules", "templates"):
        shutil.copytree(ROOT / each, folder / each)
    config = load_config(folder / "config.toml")
    engine = opened(config)
    raws = mails or [(ROOT / "tests" / "mails" / f"{name}.eml").read_bytes() for name in EXAMPLES]
    first_start(engine, "a", datetime(2020, 1, 1, tzinfo=UTC))
    keep(engine, [Arrival("a", "INBOX", 1, uid, now, len(raw), raw) for uid, raw in enumerate(raws, 1)], now)
    rulebook = rulebook_of(config.rules_dir, config.templates_dir, config.own_addresses)
    while work_off(engine, rulebook, config, "test", lambda: now, extract)[0]:
        pass
    engine.dispose()
    return Here(folder, config)
