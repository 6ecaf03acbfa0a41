"""What is done on the server with mail that is safe with us."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from processor.world.mailbox import Mailbox
from processor.world.settling import KEYWORD, Settled
from tests.servers.dovecot import Dovecot
from tests.servers.fixtures import Box
from tests.world.scripted_imap import SELECTED, Reply, ScriptedImap

RAW = b"Subject: hei\r\n\r\nhei\r\n"


@pytest.fixture(scope="module", params=["MOVE", "UIDPLUS", "nothing"])
def able(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Box]]:
    """Boxes on servers that know MOVE, only COPY and UID EXPUNGE, or neither."""
    without = {"MOVE": (), "UIDPLUS": ("MOVE",), "nothing": ("MOVE", "UIDPLUS")}[request.param]
    with Dovecot({f"kari{number}": "pw" for number in range(9)}, without=without) as server:
        yield lambda user: Box(server, user)


def fill(box: Box, mails: int = 3) -> int:
    """Deliver mails with UIDs from 1; returns the folder's UIDVALIDITY."""
    for _ in range(mails):
        box.deliver(RAW)
    client = box.client()
    uidvalidity = client.folder_status("INBOX", ["UIDVALIDITY"])[b"UIDVALIDITY"]
    client.logout()
    return int(uidvalidity)


def flags(box: Box, folder: str = "INBOX") -> dict[int, set[bytes]]:
    client = box.client(folder)
    found = {uid: set(flags) - {b"\\Recent"} for uid, flags in client.get_flags(client.search()).items()}
    client.logout()
    return found


def done(*uids: int) -> Settled:
    return Settled(frozenset(uids))


def test_handled_mail_gets_the_keyword_and_review_is_left_alone(box: Box) -> None:
    uidvalidity = fill(box)
    with Mailbox(box.settings()) as mailbox:
        assert mailbox.settle("INBOX", uidvalidity, [1, 3], [2]) == done(1, 2, 3)
        assert mailbox.settle("INBOX", uidvalidity, [1, 3], [2]) == done(1, 2, 3)
    assert flags(box) == {1: {KEYWORD.encode()}, 2: set(), 3: {KEYWORD.encode()}}


def test_mail_may_be_marked_as_read(box: Box) -> None:
    uidvalidity = fill(box)
    with Mailbox(box.settings(handled="seen", review="nothing")) as mailbox:
        mailbox.settle("INBOX", uidvalidity, [1], [2])
    assert flags(box) == {1: {b"\\Seen"}, 2: set(), 3: set()}


def test_many_mails_are_settled_in_short_commands(box: Box) -> None:
    uidvalidity = fill(box, 200)
    with Mailbox(box.settings()) as mailbox:
        assert mailbox.settle("INBOX", uidvalidity, range(1, 201)) == done(*range(1, 201))


def test_handled_and_review_are_moved_to_folders_made_when_missing(able: Callable[[str], Box]) -> None:
    box = able("kari0")
    uidvalidity = fill(box)
    moving = {"handled": "move", "handled_folder": "Behandlet", "review": "move", "review_folder": "Må vurderes/nå"}
    with Mailbox(box.settings(**moving)) as mailbox:
        assert mailbox.settle("INBOX", uidvalidity, [1, 2], [3]) == done(1, 2, 3)
        assert mailbox.settle("INBOX", uidvalidity, [1, 2], [3]) == done(1, 2, 3)
    left = {uid: marks for uid, marks in flags(box).items() if b"\\Deleted" not in marks}
    assert left == {}
    assert len(flags(box, "Behandlet")) == 2
    assert len(flags(box, "Må vurderes/nå")) == 1


@pytest.mark.parametrize("wish", ["move", "delete"])
def test_T78_a_mail_that_another_marked_as_deleted_survives(able: Callable[[str], Box], wish: str) -> None:
    box = able(f"kari{1 if wish == 'move' else 2}")
    uidvalidity = fill(box)
    other = box.client()
    other.delete_messages([2])
    with Mailbox(box.settings(handled=wish, handled_folder="Behandlet")) as mailbox:
        assert mailbox.settle("INBOX", uidvalidity, [1]) == done(1)
    other.logout()
    assert flags(box)[2] == {b"\\Deleted"}
    assert flags(box)[3] == set()
    assert flags(box).get(1, {b"\\Deleted"}) == {b"\\Deleted"}


def test_T78_mail_that_is_gone_already_counts_as_done(box: Box) -> None:
    uidvalidity = fill(box)
    with Mailbox(box.settings(handled="move", handled_folder="Behandlet")) as mailbox:
        assert mailbox.settle("INBOX", uidvalidity, [2, 77]) == done(2, 77)


def test_T77_nothing_is_touched_when_the_uids_may_mean_other_mail(box: Box) -> None:
    uidvalidity = fill(box)
    with Mailbox(box.settings(handled="delete")) as mailbox:
        assert mailbox.settle("INBOX", uidvalidity + 1, [1]) == Settled(hopeless=frozenset([1]))
    assert flags(box) == {1: set(), 2: set(), 3: set()}


def test_T80_a_folder_that_cannot_be_made_leaves_the_mail_to_be_tried_again(box: Box) -> None:
    uidvalidity = fill(box)
    with Mailbox(box.settings(handled="move", handled_folder="INBOX/" + "x" * 300)) as mailbox:
        assert mailbox.settle("INBOX", uidvalidity, [1]) == done()
    assert flags(box)[1] == set()


def test_T80_a_server_without_lasting_keywords_is_not_asked_for_one() -> None:
    with ScriptedImap() as server, Mailbox(server.settings()) as mailbox:
        assert mailbox.settle("INBOX", 7, [1, 2]) == Settled(hopeless=frozenset([1, 2]))
    assert not any(b"STORE" in line for line in server.heard)


@pytest.mark.parametrize("wish", ["keyword", "seen", "move", "delete"])
def test_T80_a_read_only_folder_is_left_alone(wish: str) -> None:
    # imaplib raises for it at SELECT, and we look with EXAMINE.
    select = SELECTED + b"{tag} OK [READ-ONLY] x\r\n"
    with ScriptedImap({"SELECT": select, "EXAMINE": select}) as server:
        with Mailbox(server.settings(handled=wish, handled_folder="B")) as mailbox:
            assert mailbox.settle("INBOX", 7, [1]) == Settled(hopeless=frozenset([1]))
        assert not any(word in line for line in server.heard for word in (b"STORE", b"MOVE", b"COPY", b"EXPUNGE"))


def test_T75_a_move_that_fails_half_way_tells_which_mails_went() -> None:
    replies: dict[str, Reply] = {
        "UID MOVE": b"* OK [COPYUID 9 1:2 1:2] x\r\n* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n{tag} NO [OVERQUOTA] full\r\n",
        "UID SEARCH": b"* SEARCH 3 4 5\r\n",
    }
    with (
        ScriptedImap(replies, capabilities="IMAP4rev1 MOVE") as server,
        Mailbox(server.settings(handled="move", handled_folder="B")) as mailbox,
    ):
        assert mailbox.settle("INBOX", 7, [1, 2, 3, 4, 5]) == done(1, 2)
