"""docs/operate/moving-a-mailbox.md, done as it says on two Dovecots: nobody gets a second answer, and no mail is lost.

``imapsync`` is a copy by IMAP here, mail by mail with its arrival time and flags, as the real one makes it.  The second
server is given the bytes as they are, or changed as Exchange changes them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.bench.site import PASSWORD, USER, Site, site
from tests.docs.pages import OPERATE, blocks, commands
from tests.docs.sandbox import Sandbox
from tests.road.test_road import mail, run
from tests.servers.dovecot import Dovecot

PAGE = OPERATE / "moving-a-mailbox.md"
FOLDERS = ("INBOX", "Junk")
ANSWERED, BETWEEN, LATE = "kari@fjordbygg-demo.no", "per@havn-demo.no", "ola@sjo-demo.no"
OLD_MAIL = (
    b"From: liv@fjell-demo.no\r\nTo: x@visma.no\r\nSubject: hei\r\nMessage-ID: <gammel@fjell-demo.no>\r\n\r\nhei\r\n"
)


def unchanged(raw: bytes) -> bytes:
    return raw


def rewritten(raw: bytes) -> bytes:
    """The same letter as a server gives it that keeps no bytes: other headers in another order, another encoding."""
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-")]
    told = [
        b"X-MS-Exchange-Organization-AuthAs: Anonymous",
        *reversed(lines),
        b"Content-Type: text/plain; charset=us-ascii",
    ]
    return b"\r\n".join([*told, b"Content-Transfer-Encoding: quoted-printable", b"", body.replace(b"=", b"=3D")])


def copier(old: Dovecot, new: Dovecot, written: Callable[[bytes], bytes]) -> Callable[[Sequence[str]], None]:
    """What ``imapsync`` does: what was copied before stays, known by its Message-ID."""

    def copy(arguments: Sequence[str]) -> None:
        assert [each for each in arguments if each.startswith("--")] == [
            "--host1", "--user1", "--passfile1", "--host2", "--user2", "--passfile2"
        ]  # fmt: skip
        with old.client(USER) as source, new.client(USER) as target:
            for folder in FOLDERS:
                if not source.folder_exists(folder):
                    continue
                if not target.folder_exists(folder):
                    target.create_folder(folder)
                source.select_folder(folder, readonly=True)
                target.select_folder(folder)
                for each in source.fetch(source.search(), ["BODY.PEEK[]", "INTERNALDATE", "FLAGS"]).values():
                    raw = each[b"BODY[]"]
                    (name,) = [line for line in raw.splitlines() if line.lower().startswith(b"message-id:")]
                    if not target.search(["HEADER", "Message-ID", name.partition(b":")[2].strip().decode()]):
                        flags = set(each[b"FLAGS"]) - {rb"\Recent"}
                        target.append(folder, written(raw), flags, each[b"INTERNALDATE"].astimezone())

    return copy


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, forked=True) as running:
        running.configure(workers=0)
        yield running


@pytest.fixture
def new(here: Site) -> Iterator[Dovecot]:
    # UIDVALIDITY is the second in which an inbox is first opened, and the two must not have the same.
    first = validity(here.dovecot)
    time.sleep(1.1)
    with Dovecot({USER: PASSWORD}) as server:
        assert validity(server) != first
        yield server


def validity(server: Dovecot) -> int:
    with server.client(USER) as client:
        return int(client.select_folder("INBOX", readonly=True)[b"UIDVALIDITY"])


def answered(here: Site) -> list[str]:
    return sorted(str(row["to"]) for row in here.taken())


@pytest.mark.parametrize("written", [unchanged, rewritten])
def test_what_the_page_says_answers_nobody_twice_and_loses_nothing(
    here: Site, new: Dovecot, written: Callable[[bytes], bytes]
) -> None:
    here.dovecot.deliver(USER, OLD_MAIL)
    # Servers tell arrival in whole seconds, and a mail of the first start's own second counts as new.
    time.sleep(1.1)
    assert run(here, "once").returncode == 0
    here.dovecot.deliver(USER, mail(sender=ANSWERED))
    assert run(here, "once").returncode == 0
    assert answered(here) == [f"['{ANSWERED}']"]
    (here.folder / "secrets" / "new-mailbox").write_text(PASSWORD)
    config = here.folder / "config.toml"
    config.write_text(config.read_text() + '[desk]\nlisten = ""\n')
    with Sandbox(here.folder, copy_mailbox=copier(here.dovecot, new, written)) as sandbox:
        # The address is of a domain of the world's, whose DNS is not ours to ask.
        config.write_text(
            config.read_text().replace('from_address = "oppsigelse@visma.no"', 'from_address = "o@visma.example"')
        )
        assert sandbox.start()
        for command in commands(PAGE):
            if command.text.startswith("imapsync") and sandbox.daemon is None:
                # This one came while the program stood still, the last thing before the new server is asked.
                here.dovecot.deliver(USER, mail(sender=BETWEEN, message_id="<mellom@havn-demo.no>"))
            if "check" in command.text:
                move(config, new)
            if sandbox.called[-1:] == [("processor", "status")]:
                here.dovecot.deliver(USER, mail(sender=LATE, message_id="<sen@sjo-demo.no>"))
            told = sandbox.run(command.text)
            assert told.returncode == 0, f"{command.place}: {command.text}\n{told.stdout}{told.stderr}"
            if command.text.startswith("processor reconcile"):
                assert "not kept here" not in told.stdout
        assert sandbox.stop() == 0
    assert run(here, "once").returncode == 0
    assert here.ask("select count(distinct uidvalidity) from arrival where folder = 'INBOX'") == [(2,)]
    assert answered(here) == [f"['{ANSWERED}']", f"['{LATE}']"]
    held = here.ask("select recipient from outbox where state = 'held'")
    assert held == [(BETWEEN,)]
    assert here.ask("select count(*) from ticket") == [(4,)]
    # Of what was there before, only changed bytes make a mail of their own, which lands with its equal.
    assert here.ask("select count(*) from mail") == [(4 if written is unchanged else 6,)]


def move(config: Path, new: Dovecot) -> None:
    """Write into the configuration what the page does, with the new server's port on this machine."""
    (shown,) = blocks(PAGE, "toml")
    assert 'name = "oppsigelse"' in shown
    assert 'password = { file = "secrets/new-mailbox" }' in shown
    before, mailbox = config.read_text().split("[[mailbox]]")
    lines = [
        f"port = {new.imap_port}" if line.startswith("port") else line.replace("secrets/mailbox", "secrets/new-mailbox")
        for line in mailbox.splitlines()
    ]
    config.write_text(f"{before}[[mailbox]]" + "\n".join(lines) + "\n")
