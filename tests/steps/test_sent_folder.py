"""The Sent folder of a real Dovecot: colleagues' replies out of it, copies of ours into it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from processor.mail_servers import SmtpSettings
from processor.steps.deliver import deliver, gap_after
from processor.steps.sent_folder import GIVE_UP_AFTER, READ_EACH, SentFolder, put_copies, read_sent
from processor.steps.take_in import Folder, take_in
from processor.store import tables as t
from processor.store.engine import open_store
from processor.store.record import record
from processor.store.watermarks import first_start, watermark
from processor.world.courier import Courier
from processor.world.failures import Disconnected, Failure, Transient
from processor.world.imap import Session
from processor.world.mailbox import Mailbox
from processor.world.sent_mail import sent_folder
from tests.servers.fixtures import Box
from tests.servers.smtp_sink import SmtpSink
from tests.store.made import column, count, made, outbox_states

NOW = datetime.now(UTC).replace(microsecond=0)
OURS = "oppsigelse@visma.no"
CUSTOMER = (
    b"From: Kari Holm <kari@fjordbygg-demo.no>\r\nTo: oppsigelse@visma.no\r\nSubject: Oppsigelse\r\n"
    b"Message-ID: <in1@fjordbygg-demo.no>\r\n\r\nVi sier opp.\r\n"
)
ANSWER = """From: Ola Vik <ola@visma.no>
To: Kari Holm <kari@fjordbygg-demo.no>
Cc: oppsigelse@visma.no
Subject: SV: Oppsigelse
Message-ID: <ola1@visma.no>
In-Reply-To: <in1@fjordbygg-demo.no>
References: <in1@fjordbygg-demo.no>
{more}Content-Type: text/plain; charset=utf-8

Hei Kari. Det er ordnet, blåbær og alt.

> Vi sier opp.
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_store(f"sqlite:///{tmp_path}/store.db")
    yield opened
    opened.dispose()


def answer(more: str = "", **words: str) -> bytes:
    text = ANSWER.format(more=more)
    for old, new in words.items():
        text = text.replace(old, new)
    return text.replace("\n", "\r\n").encode()


def begun(box: Box, engine: Engine, *, decided: bool = True) -> None:
    """The mailbox is read for the first time and holds one mail, which waits to be answered."""
    first_start(engine, box.user, NOW)
    box.deliver(CUSTOMER)
    with Mailbox(box.settings()) as mailbox:
        list(take_in(mailbox, Folder("INBOX"), engine, lambda: NOW))
    if decided:
        record(engine, [made(1, 1)])


def of(sink: SmtpSink | None = None) -> SentFolder:
    port = sink.port if sink else 25
    smtp = SmtpSettings("127.0.0.1", port, "plain", timeout=5, from_address=OURS, from_name="Kundesenteret")
    return SentFolder(smtp, frozenset({"visma.no"}))


def read(box: Box, engine: Engine, sent: SentFolder | None = None, now: datetime = NOW, **settings: object) -> int:
    with Mailbox(box.settings(**settings)) as mailbox:
        return read_sent(mailbox, sent or of(), engine, lambda: now)


def put(box: Box, engine: Engine, sent: SentFolder, now: datetime = NOW, **settings: object) -> int:
    with Mailbox(box.settings(**settings)) as mailbox:
        return put_copies(mailbox, sent, engine, lambda: now)


def in_folder(box: Box, folder: str) -> list[bytes]:
    client = box.client(folder)
    found = client.fetch(client.search(), ["BODY.PEEK[]"])
    client.logout()
    return [items[b"BODY[]"] for _, items in sorted(found.items())]


@pytest.mark.parametrize("name", ["Sent", "Sendte elementer", "Sendt", "Sent Items", "INBOX/Sendte elementer"])
def test_a_colleagues_reply_is_attached_and_ours_is_not_sent(box: Box, engine: Engine, name: str) -> None:
    begun(box, engine)
    box.deliver(answer(), name)
    assert read(box, engine) == 1
    assert outbox_states(engine) == [("cancelled", "")]
    c = t.colleague_reply.c
    with engine.connect() as conn:
        (row,) = conn.execute(select(c.sender, c.recipients, c.subject, c.text, c.folder))
    assert row[:3] == ("ola@visma.no", "kari@fjordbygg-demo.no", "SV: Oppsigelse")
    assert row[3:] == ("Hei Kari. Det er ordnet, blåbær og alt.", name)


def test_reading_the_sent_folder_marks_nothing_as_read(box: Box, engine: Engine) -> None:
    begun(box, engine)
    box.deliver(answer(), "Sent")
    read(box, engine)
    client = box.client("Sent")
    assert b"\\Seen" not in client.get_flags([1])[1]
    client.logout()


def test_the_folder_is_the_one_that_is_set(box: Box, engine: Engine) -> None:
    begun(box, engine)
    box.deliver(answer(), "Utgående & ferdig")
    assert read(box, engine) == 0
    assert read(box, engine, sent_folder="Utgående & ferdig") == 1


def test_a_folder_that_is_set_and_not_there_is_told_of_and_holds_up_nothing(box: Box, engine: Engine) -> None:
    begun(box, engine)
    sent = of()
    assert read(box, engine, sent, sent_folder="Utgående") == 0
    assert sent.trouble == "there is no folder Utgående"
    box.deliver(answer(), "Utgående")
    assert read(box, engine, sent, NOW + timedelta(minutes=1), sent_folder="Utgående") == 1


def test_with_no_folder_nothing_is_read(box: Box, engine: Engine) -> None:
    begun(box, engine)
    box.deliver(answer(), "Sent")
    assert (read(box, engine, sent_folder=""), count(engine, t.colleague_reply)) == (0, 0)


def test_what_was_answered_before_we_read_it_is_not_answered_again(box: Box, engine: Engine) -> None:
    begun(box, engine, decided=False)
    box.deliver(answer(), "Sent")
    assert read(box, engine) == 0
    record(engine, [made(1, 1)])
    assert outbox_states(engine) == [("cancelled", "")]
    assert read(box, engine) == 0
    assert column(engine, t.colleague_reply.c.text) == ["Hei Kari. Det er ordnet, blåbær og alt."]


def test_years_of_sent_mail_from_before_the_first_start_are_not_read(box: Box, engine: Engine) -> None:
    begun(box, engine)
    for year in (2019, 2020):
        box.deliver(answer(ola1=f"ola{year}"), "Sent", when=datetime(year, 5, 4, tzinfo=UTC))
    box.deliver(answer(), "Sent")
    read(box, engine)
    assert column(engine, t.colleague_reply.c.uid) == [3]


@pytest.mark.parametrize(
    "raw",
    [
        answer("Auto-Submitted: auto-replied\n"),
        answer(**{"In-Reply-To: <in1@fjordbygg-demo.no>\n": "", "References: <in1@fjordbygg-demo.no>\n": ""}),
    ],
    ids=["written by a program", "answering nothing"],
)
def test_what_is_no_answer_of_a_colleague_cancels_nothing(box: Box, engine: Engine, raw: bytes) -> None:
    begun(box, engine)
    box.deliver(raw, "Sent")
    assert read(box, engine) == 0
    assert outbox_states(engine)[0][0] == "ready"


def test_a_reply_that_is_deleted_before_its_words_are_read_counts_all_the_same(box: Box, engine: Engine) -> None:
    begun(box, engine, decided=False)
    box.deliver(answer(), "Sent")
    read(box, engine)
    client = box.client("Sent")
    client.delete_messages([1])
    client.expunge()
    client.logout()
    record(engine, [made(1, 1)])
    read(box, engine)
    assert (outbox_states(engine), column(engine, t.colleague_reply.c.text_read)) == ([("cancelled", "")], [True])


def test_a_sent_folder_that_is_renamed_is_found_again(box: Box, engine: Engine) -> None:
    begun(box, engine)
    sent = of()
    box.deliver(b"Subject: x\r\n\r\n", "Sent")
    assert read(box, engine, sent) == 0
    client = box.client()
    client.rename_folder("Sent", "Sendte elementer")
    client.logout()
    box.deliver(answer(), "Sendte elementer")
    # Told of once; the watched folders were read meanwhile.
    assert read(box, engine, sent, NOW + timedelta(minutes=1)) == 0
    assert sent.trouble
    assert read(box, engine, sent, NOW + timedelta(minutes=2)) == 1
    assert not sent.trouble


def test_a_new_uidvalidity_brings_no_reply_twice(box: Box, engine: Engine) -> None:
    begun(box, engine)
    box.deliver(answer(), "Sent")
    read(box, engine)
    with engine.begin() as conn:
        conn.execute(update(t.watermark).where(t.watermark.c.folder == "Sent").values(uidvalidity=1))
    assert read(box, engine, now=NOW + timedelta(minutes=1)) == 0
    known = watermark(engine, box.user, "Sent")
    assert known
    assert (known.last_uid, known.uidvalidity > 1, count(engine, t.colleague_reply)) == (1, True, 1)


def delivered(box: Box, engine: Engine, sink: SmtpSink) -> SentFolder:
    """Our reply has left."""
    begun(box, engine)
    sent = of(sink)
    assert sent.smtp
    with Courier(sent.smtp) as courier:
        assert deliver(engine, courier, sent.smtp, "w", lambda: NOW).taken == 1
    return sent


def test_our_reply_is_put_into_the_sent_folder_with_the_bytes_that_left(
    box: Box, engine: Engine, sink: SmtpSink
) -> None:
    sent = delivered(box, engine, sink)
    box.deliver(b"Subject: eldre\r\n\r\n", "Sendte elementer")
    assert put(box, engine, sent, NOW + timedelta(seconds=40)) == 1
    (_, copy) = in_folder(box, "Sendte elementer")
    assert copy.replace(b"\r\n", b"\n") == sink.accepted[0].data.replace(b"\r\n", b"\n")
    client = box.client("Sendte elementer")
    assert b"\\Seen" in client.get_flags([2])[2]
    client.logout()
    assert (put(box, engine, sent), len(in_folder(box, "Sendte elementer"))) == (0, 2)
    assert read(box, engine, sent, NOW + timedelta(minutes=1)) == 0
    assert (outbox_states(engine), len(sink.accepted)) == ([("sent", "")], 1)


def test_a_copy_that_the_server_or_a_crash_left_there_is_not_put_again(
    box: Box, engine: Engine, sink: SmtpSink
) -> None:
    sent = delivered(box, engine, sink)
    box.deliver(sink.accepted[0].data, "Sent")
    assert put(box, engine, sent) == 1
    assert len(in_folder(box, "Sent")) == 1
    assert column(engine, t.sent_copy.c.state) == ["done"]


def test_copies_may_be_left_to_the_server(box: Box, engine: Engine, sink: SmtpSink) -> None:
    sent = delivered(box, engine, sink)
    box.deliver(b"Subject: x\r\n\r\n", "Sent")
    assert put(box, engine, sent, sent_copies=False) == 0
    assert (len(in_folder(box, "Sent")), column(engine, t.sent_copy.c.state)) == (1, ["none"])


def test_a_copy_that_is_refused_is_put_off_and_given_up_and_never_sent_again(
    box: Box, engine: Engine, sink: SmtpSink
) -> None:
    sent = delivered(box, engine, sink)
    assert put(box, engine, sent, sent_folder="Finnes ikke") == 0
    c = t.sent_copy.c
    with engine.connect() as conn:
        row = conn.execute(select(c.state, c.tries, c.due_at, c.error)).one()
    assert (row.state, row.tries, row.due_at) == ("waiting", 1, NOW + gap_after(0))
    assert "Finnes ikke" in row.error
    sent.name = None
    assert put(box, engine, sent, sent_folder="Finnes ikke") == 0
    assert column(engine, c.tries) == [1]
    sent.name = None
    put(box, engine, sent, NOW + GIVE_UP_AFTER, sent_folder="Finnes ikke")
    assert (column(engine, c.state), outbox_states(engine), len(sink.accepted)) == (["given_up"], [("sent", "")], 1)


def test_a_reply_erased_before_its_copy_was_made_is_not_copied(box: Box, engine: Engine, sink: SmtpSink) -> None:
    sent = delivered(box, engine, sink)
    box.deliver(b"Subject: x\r\n\r\n", "Sent")
    with engine.begin() as conn:
        conn.execute(update(t.outbox).values(to_addr="", subject="", text=""))
    put(box, engine, sent)
    assert (len(in_folder(box, "Sent")), column(engine, t.sent_copy.c.state)) == (1, ["given_up"])


@pytest.mark.parametrize(
    ("folders", "found"),
    [
        ([("", "INBOX"), ("\\sent", "Utboks 7"), ("", "Sent")], "Utboks 7"),
        ([("", "INBOX"), ("", "Sendt"), ("", "Sent Items")], "Sent Items"),
        ([("", "[Gmail]/Sendt e-post"), ("\\noselect", "Sent")], "[Gmail]/Sendt e-post"),
        ([("", "INBOX.SENDTE ELEMENTER")], "INBOX.SENDTE ELEMENTER"),
        ([("", "INBOX"), ("", "Presentasjoner"), ("", "Usendt")], ""),
    ],
)
def test_the_folder_is_known_by_its_mark_before_its_name(folders: list[tuple[str, str]], found: str) -> None:
    assert sent_folder((frozenset([mark] if mark else []), name) for mark, name in folders) == found


class Breaking(Mailbox):
    """A mailbox at which the line breaks so often, when its Sent folder is looked for."""

    def __init__(self, box: Box, failures: list[Failure]) -> None:
        super().__init__(box.settings())
        self.failures = failures

    def sent_folder(self) -> str:
        if self.failures:
            raise self.failures.pop(0)
        return super().sent_folder()


class Unreachable(Mailbox):
    def connect(self) -> Session:
        raise Transient("the token server: timed out")


def test_a_line_that_breaks_on_the_way_lets_no_mail_be_taken_in_before_the_folder_is_read(
    box: Box, engine: Engine
) -> None:
    begun(box, engine)
    box.deliver(answer(), "Sent")
    sent = of()
    with Breaking(box, [Disconnected("gone"), Disconnected("gone")]) as mailbox:
        for _ in range(2):
            with pytest.raises(Disconnected):
                read_sent(mailbox, sent, engine, lambda: NOW)
        assert read_sent(mailbox, sent, engine, lambda: NOW) == 1


def test_a_folder_at_which_the_line_breaks_every_time_holds_up_nothing_for_long(box: Box, engine: Engine) -> None:
    begun(box, engine)
    sent = of()
    with Breaking(box, [Disconnected("gone")] * 4) as mailbox:
        for _ in range(3):
            with pytest.raises(Disconnected):
                read_sent(mailbox, sent, engine, lambda: NOW)
        assert read_sent(mailbox, sent, engine, lambda: NOW) == 0
        with pytest.raises(Disconnected):
            read_sent(mailbox, sent, engine, lambda: NOW + READ_EACH)


def test_no_connection_is_no_failure_of_the_folder(box: Box, engine: Engine) -> None:
    begun(box, engine)
    box.deliver(answer(), "Sent")
    sent = of()
    with pytest.raises(Transient):
        read_sent(Unreachable(box.settings()), sent, engine, lambda: NOW)
    assert read(box, engine, sent) == 1
