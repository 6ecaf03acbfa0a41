"""Every command of the operating pages and of the README is run, page by page, as their reader runs it.

What is real and what a stub is told in ``sandbox.py``.  A page's commands run in its order, in one installation, whose
mailbox and store hold mail; each must end with 0.  Pages whose commands want other servers are run elsewhere
(ELSEWHERE), and single commands are only looked at (LOOKED_AT): each says where it runs.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from processor.store.engine import open_store
from processor.store.work import set_aside
from tests.bench.site import AUTHSERV_ID
from tests.docs.pages import OPERATE, Command, commands, named, unknown
from tests.docs.sandbox import Sandbox
from tests.road.test_road import NOTICE, mail
from tests.servers import ready
from tests.servers.dovecot import Dovecot
from tests.servers.smtp_sink import SmtpSink
from tests.shipped import ROOT

USER = "oppsigelse"
PAGES = {page.stem: page for page in sorted(OPERATE.glob("*.md"))} | {
    "index": OPERATE / "README.md",
    "README": ROOT / "README.md",
}
ELSEWHERE = {
    "microsoft365": "tests/docs/test_oauth_pages.py",
    "google": "tests/docs/test_oauth_pages.py",
    "encryption": "tests/docs/test_encryption_page.py",
    "moving-in": "tests/moving/test_moving_in_page.py",
    "moving-a-mailbox": "tests/docs/test_moving_a_mailbox.py",
}
LOOKED_AT = {
    r"\.venv/bin/processor login oppsigelse": "tests/cli/test_login_command.py",
    r"\.venv/bin/processor evaluate": "tests/training",
    r"\.venv/bin/processor train\b": "tests/training",
    r"\.venv/bin/processor queue ask": "tests/cli/test_ticket_words_command.py",
}
RUNNING = {"backup", "upgrade"}
"""Pages on which the daemon runs already."""
OBSERVING = {"first-day"}
"""Pages on which nothing was raised yet."""
CREDENTIALS = {"systemd"}
"""Pages whose configuration takes its secrets from systemd."""
CONFIG = """
[company]
key = {key}
own_addresses = ["oppsigelse@firma.example"]
authserv_ids = ["{authserv}"]
[answers]
level = "{level}"
[smtp]
host = "127.0.0.1"
port = {smtp}
tls = "plain"
from_address = "oppsigelse@firma.example"
[[mailbox]]
name = "oppsigelse"
purpose = "termination"
host = "127.0.0.1"
port = {imap}
tls = "plain"
user = "{user}"
password = {password}
[desk]
listen = ""
[alarms]
[[alarms.command]]
argv = ["/bin/true"]
[run]
workers = 0
"""

CONTRACTS = """customer_no;org_no;name;domains;product;family;type;signed;invoiced_to
100042;328627035;Fjord Bygg AS;fjordbygg-demo.no;Visma Global;;A;01.01.2019;31.12.2026
"""


@dataclass(frozen=True)
class Prepared:
    """Servers, and an installation whose store holds mails: answered, with a draft that waits, and set aside."""

    dovecot: Dovecot
    sink: SmtpSink
    folder: Path

    def config(self, level: str, credentials: bool) -> str:
        key, password = ("credential", "key"), ("credential", "mailbox")
        if not credentials:
            key, password = ("file", "secrets/key"), ("file", "secrets/mailbox")
        return CONFIG.format(
            authserv=AUTHSERV_ID, level=level, smtp=self.sink.port, imap=self.dovecot.imap_port, user=USER,
            key=f'{{ {key[0]} = "{key[1]}" }}', password=f'{{ {password[0]} = "{password[1]}" }}',
        )  # fmt: skip


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    folder = tmp_path_factory.mktemp("prepared")
    with Dovecot({USER: "pw"}) as dovecot, SmtpSink() as sink:
        made = Prepared(dovecot, sink, folder)
        (folder / "secrets").mkdir(mode=0o700)
        (folder / "secrets" / "key").write_text("nokkel")
        (folder / "secrets" / "mailbox").write_text("pw")
        for name in ("rules", "templates"):
            shutil.copytree(ROOT / name, folder / name)
        (folder / "examples" / "no_action").mkdir(parents=True)
        for example in sorted((ROOT / "tests" / "mails" / "no_action").glob("01-*")):
            shutil.copy(example, folder / "examples" / "no_action")
        (folder / "contracts.csv").write_text(CONTRACTS)
        (folder / "brev.eml").write_bytes(mail(sender="eva@vik-demo.no"))
        (folder / "config.toml").write_text(made.config("automatic", credentials=False))
        once(folder)
        for sender in ("kari@fjordbygg-demo.no", "per@havn-demo.no"):
            dovecot.deliver(USER, mail(NOTICE, sender=sender))
        once(folder)
        (folder / "config.toml").write_text(made.config("draft", credentials=False))
        for sender in ("ola@sjo-demo.no", "liv@fjell-demo.no"):
            dovecot.deliver(USER, mail(NOTICE, sender=sender))
        once(folder)
        engine = open_store(f"sqlite:///{folder}/var/processor.db")
        with engine.begin() as conn:
            conn.exec_driver_sql("update mail set state = 'kept' where id = 4")
        assert set_aside(engine, 4, "it crashed the program", datetime.now(UTC))
        engine.dispose()
        yield made


def once(folder: Path) -> None:
    told = ready.run(["once"], folder, {"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"})
    assert told.returncode == 0, told.stderr


@pytest.fixture
def sandbox(prepared: Prepared, tmp_path: Path) -> Iterator[Sandbox]:
    shutil.copytree(prepared.folder, tmp_path, dirs_exist_ok=True)
    with closing(sqlite3.connect(tmp_path / "var" / "processor.db")) as store:
        ((ticket,),) = store.execute("select number from ticket order by id limit 1").fetchall()
    with Sandbox(
        tmp_path,
        {
            "VS-7K3M-9QX4": ticket,
            "m7": "m4",
            "--mailbox support": "--mailbox oppsigelse",
            "a7": "a1",
            "/srv/backup/2026-11-26": f"{tmp_path}/backup/yesterday",
            "postgresql://processor@db.internal/processor": f"sqlite:///{tmp_path}/copy.db",
        },
    ) as made:
        yield made


def shown(page: str) -> list[Command]:
    return [each for each in commands(PAGES[page]) if not any(re.match(only, each.text) for only in LOOKED_AT)]


@pytest.mark.parametrize("page", sorted(PAGES.keys() - ELSEWHERE.keys()))
def test_every_command_of_the_page_ends_well(page: str, sandbox: Sandbox, prepared: Prepared) -> None:
    level = "observe" if page in OBSERVING else "automatic"
    (sandbox.folder / "config.toml").write_text(prepared.config(level, page in CREDENTIALS))
    if page in RUNNING:
        assert sandbox.start()
    for command in shown(page):
        told = sandbox.run(command.text, "y\ny\ny\n")
        assert told.returncode == 0, f"{command.place}: {command.text}\n{told.stdout}{told.stderr}"


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_command_that_the_page_names_is_the_programs(page: str) -> None:
    assert [
        (each, unknown(each.text)) for each in (*commands(PAGES[page]), *named(PAGES[page])) if unknown(each.text)
    ] == []


def test_what_is_run_elsewhere_is_run_there() -> None:
    assert [each for each in LOOKED_AT.values() if not (ROOT / each).exists()] == []
    assert [page for page, test in ELSEWHERE.items() if page not in (ROOT / test).read_text(encoding="utf-8")] == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [("processor queue aprove a7", "aprove"), ("cd x && .venv/bin/processor once --quick 2>>log", "--quick")],
)
def test_a_command_that_the_program_does_not_have_is_noticed(wrong: str, told: str, sandbox: Sandbox) -> None:
    assert told in unknown(wrong)[0]
    assert sandbox.run(wrong.replace("cd x && ", "")).returncode == 2
    for stranger in ("launchctl start processor", "systemctl frob processor", "make -C /opt/processor instal"):
        assert sandbox.run(stranger).returncode in {64, 127}
