"""The mailbox on a real Dovecot: what is fetched, and what is not."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from processor.world import fetching
from processor.world.failures import LoginRefused, Misconfigured, Transient
from processor.world.fetching import Batch, Fetched
from processor.world.mailbox import Mailbox
from tests.servers.dovecot import Dovecot, free_port
from tests.servers.fixtures import Box


def mail(subject: str = "Oppsigelse", body: str = "Vi sier opp avtalen.") -> bytes:
    return f"From: kari@fjordbygg-demo.no\r\nSubject: {subject}\r\n\r\n{body}\r\n".encode()


def mails(batches: Iterator[Batch]) -> list[Fetched]:
    return [mail for batch in batches for mail in batch.mails]


def test_a_new_mail_is_fetched_once_byte_for_byte(box: Box) -> None:
    raw = mail("Blåbær æøå") + b"\xff\xfe raw\r\n"
    box.deliver(raw, when=datetime(2026, 8, 18, 8, 2, 5, tzinfo=UTC))
    with Mailbox(box.settings()) as mailbox:
        (first,) = mails(mailbox.fetch_new("INBOX"))
        assert (first.raw, first.size, first.internaldate) == (
            raw,
            len(raw),
            datetime(2026, 8, 18, 8, 2, 5, tzinfo=UTC),
        )
        assert first.header.endswith("Subject: Blåbær æøå".encode())
        assert mails(mailbox.fetch_new("INBOX", first.uid, first.uidvalidity)) == []


def test_reading_may_begin_at_the_first_mail_of_a_day(box: Box) -> None:
    for day in (3, 4, 9):
        box.deliver(b"Subject: %d\r\n\r\n" % day, when=datetime(2026, 5, day, 12, tzinfo=UTC))
    with Mailbox(box.settings()) as mailbox:
        validity, below = mailbox.before("INBOX", date(2026, 5, 4)) or (0, 0)
        assert [mail.uid for batch in mailbox.fetch_new("INBOX", below, validity) for mail in batch.mails] == [2, 3]
        assert mailbox.before("INBOX", date(2026, 5, 10)) == (validity, 3)
        assert mailbox.before("INBOX", date(2025, 12, 31)) == (validity, 0)
        assert mailbox.before("Nowhere", date(2026, 5, 4)) is None


def test_the_last_mail_is_not_taken_for_new_though_the_range_names_it(box: Box) -> None:
    box.deliver(mail())
    with Mailbox(box.settings()) as mailbox:
        assert mails(mailbox.fetch_new("INBOX", 500)) == []


def test_T78_fetching_marks_nothing_as_read_and_takes_what_others_have_read(box: Box) -> None:
    box.deliver(mail())
    other = box.client()
    other.add_flags([1], ["\\Seen"])
    box.deliver(mail())
    with Mailbox(box.settings()) as mailbox:
        assert [one.uid for one in mails(mailbox.fetch_new("INBOX"))] == [1, 2]
    other.noop()
    assert b"\\Seen" not in other.get_flags([2])[2]
    other.logout()


def test_T77_a_changed_uidvalidity_brings_everything_again(box: Box) -> None:
    box.deliver(mail("en"), "Saker")
    with Mailbox(box.settings()) as mailbox:
        (first,) = mails(mailbox.fetch_new("Saker"))
        other = box.client()
        other.delete_folder("Saker")
        time.sleep(1.1)  # Dovecot's UIDVALIDITY counts seconds.
        other.create_folder("Saker")
        other.logout()
        box.deliver(mail("to"), "Saker")
        (again,) = mails(mailbox.fetch_new("Saker", first.uid, first.uidvalidity, again=[first.uid]))
    assert again.uidvalidity != first.uidvalidity
    assert (again.uid, again.raw) == (1, mail("to"))


def test_T83_three_hundred_mails_come_in_order_and_in_bounded_batches(box: Box) -> None:
    for number in range(300):
        box.deliver(mail(f"sak {number}"))
    with Mailbox(box.settings()) as mailbox:
        batches = list(mailbox.fetch_new("INBOX"))
    assert [len(batch.mails) for batch in batches] == [50] * 6
    assert [one.uid for batch in batches for one in batch.mails] == list(range(1, 301))
    assert [one.raw for batch in batches for one in batch.mails] == [mail(f"sak {number}") for number in range(300)]


def test_a_batch_is_bounded_by_bytes_too(box: Box) -> None:
    for _ in range(4):
        box.deliver(mail(body="x" * 70 + "\r\n") + b"y" * 3_000_000)
    with Mailbox(box.settings()) as mailbox:
        assert [len(batch.mails) for batch in mailbox.fetch_new("INBOX")] == [2, 2]


def test_T83_a_huge_folder_is_searched_in_windows(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(25):
        box.deliver(mail(f"sak {number}"))
    with Mailbox(box.settings()) as mailbox:
        session = mailbox.connect()
        selected = session.select("INBOX")
        windows = list(fetching.uids_after(session, selected.exists, 3, window=10))
        assert windows == [list(range(4, 11)), list(range(11, 21)), list(range(21, 26))]


def test_T83_a_mail_above_the_limit_is_streamed(box: Box) -> None:
    raw = mail("Stor") + b"".join(b"linje %07d\r\n" % number for number in range(200_000))
    box.deliver(raw)
    box.deliver(mail("liten"))
    with Mailbox(box.settings(max_bytes=1_000_000)) as mailbox:
        for batch in mailbox.fetch_new("INBOX"):
            big, small = batch.mails
            assert (big.raw, big.size) == (None, len(raw))
            assert b"Subject: Stor" in big.header
            assert big.chunks is not None
            pieces = list(big.chunks())
            assert b"".join(pieces) == raw
            assert max(map(len, pieces)) <= 1_000_000
            assert small.raw == mail("liten")


def test_T78_a_mail_expunged_by_another_between_search_and_fetch_is_reported_gone(box: Box) -> None:
    for number in range(4):
        box.deliver(mail(f"sak {number}"))
    with Mailbox(box.settings(batch=2)) as mailbox:
        batches = mailbox.fetch_new("INBOX")
        first = next(batches)
        other = box.client()
        other.delete_messages([3])
        other.uid_expunge([3])
        other.logout()
        second = next(batches)
    assert [one.uid for one in first.mails] == [1, 2]
    assert [one.uid for one in second.mails] == [4]
    assert (second.gone, second.pending) == ((3,), ())


def test_uids_named_again_are_fetched_below_the_watermark(box: Box) -> None:
    for number in range(3):
        box.deliver(mail(f"sak {number}"))
    with Mailbox(box.settings()) as mailbox:
        (first, *_) = mails(mailbox.fetch_new("INBOX"))
        batches = list(mailbox.fetch_new("INBOX", 3, first.uidvalidity, again=[2, 77]))
    assert [(one.uid, one.raw) for batch in batches for one in batch.mails] == [(2, mail("sak 1"))]
    assert [batch.gone for batch in batches] == [(77,)]


def test_a_folder_with_norwegian_letters_is_read(box: Box) -> None:
    box.deliver(mail("i mappe"), "Blåbær & æøå/Ærlig")
    with Mailbox(box.settings()) as mailbox:
        assert [one.raw for one in mails(mailbox.fetch_new("Blåbær & æøå/Ærlig"))] == [mail("i mappe")]


def test_junk_is_watched_by_its_mark(box: Box) -> None:
    with Mailbox(box.settings()) as mailbox:
        assert mailbox.folders() == ["INBOX", "Junk"]
    with Mailbox(box.settings(junk_folder="")) as mailbox:
        assert mailbox.folders() == ["INBOX"]


def test_settling_another_folder_between_batches_does_not_mix_them(box: Box) -> None:
    box.deliver(mail("søppel"), "Junk")
    for number in range(2):
        box.deliver(mail(f"sak {number}"))
    with Mailbox(box.settings(batch=1)) as mailbox:
        (junk,) = mails(mailbox.fetch_new("Junk"))
        found = []
        for batch in mailbox.fetch_new("INBOX"):
            found += [one.raw for one in batch.mails]
            mailbox.settle("Junk", junk.uidvalidity, [junk.uid])
    assert found == [mail("sak 0"), mail("sak 1")]


def test_a_missing_folder_is_the_operators_matter(box: Box) -> None:
    with Mailbox(box.settings()) as mailbox, pytest.raises(Misconfigured, match="Finnes ikke"):
        mails(mailbox.fetch_new("Finnes ikke"))


def test_T80_a_wrong_password_is_a_refused_login(box: Box) -> None:
    with pytest.raises(LoginRefused, match=box.user):
        Mailbox(box.settings(password=lambda: "feil")).connect()


def test_a_newline_in_the_password_is_never_sent(box: Box) -> None:
    with pytest.raises(Misconfigured, match="newline"):
        Mailbox(box.settings(password=lambda: "pw\r\nA1 LOGOUT")).connect()


@pytest.mark.parametrize("password", ["blåbær søt", 'en "quote" og \\', "{12}", "*%()"])
def test_passwords_of_any_letters_log_in(password: str) -> None:
    with Dovecot({"kari": password}) as server:
        box = Box(server, "kari")
        with Mailbox(box.settings()) as mailbox:
            assert mailbox.folders() == ["INBOX", "Junk"]


def test_tls_from_the_first_byte_with_a_certificate_we_trust(box: Box) -> None:
    ca = str(box.server.certificates.ca)
    box.deliver(mail())
    with Mailbox(box.settings(tls="implicit", port=box.server.imaps_port, ca_file=ca)) as mailbox:
        assert isinstance(mailbox.connect()._client.socket(), ssl.SSLSocket)
        assert len(mails(mailbox.fetch_new("INBOX"))) == 1


def test_starttls_encrypts_before_the_login(box: Box) -> None:
    ca = str(box.server.certificates.ca)
    with Mailbox(box.settings(tls="starttls", ca_file=ca)) as mailbox:
        assert isinstance(mailbox.connect()._client.socket(), ssl.SSLSocket)
        assert mailbox.folders() == ["INBOX", "Junk"]


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_certificate_of_a_stranger_is_refused(box: Box, tls: str) -> None:
    port = box.server.imaps_port if tls == "implicit" else box.server.imap_port
    for ca in (str(box.server.certificates.stranger), None):
        with pytest.raises(Misconfigured, match="not trusted"):
            Mailbox(box.settings(tls=tls, port=port, ca_file=ca)).connect()


def test_a_certificate_for_another_name_is_refused() -> None:
    from tests.servers.certificates import certificates

    made = certificates()
    with Dovecot({"kari": "pw"}, certificate=made.misnamed) as server:
        box = Box(server, "kari")
        with pytest.raises(Misconfigured, match="not trusted"):
            Mailbox(box.settings(tls="implicit", port=server.imaps_port, ca_file=str(made.ca))).connect()


def test_T80_no_login_is_sent_where_the_server_forbids_it_in_clear() -> None:
    # Dovecot takes loopback for secure by itself, so LOGINDISABLED needs a listener that says it.
    from tests.world.scripted_imap import ScriptedImap

    with ScriptedImap(capabilities="IMAP4rev1 STARTTLS LOGINDISABLED") as server:
        with pytest.raises(Misconfigured, match="login"):
            Mailbox(server.settings()).connect()
        assert not any(b"LOGIN" in line or b"hemmelig" in line for line in server.heard)


def test_clear_text_beyond_loopback_is_refused_before_a_packet_leaves(box: Box) -> None:
    with pytest.raises(Misconfigured, match="loopback"):
        Mailbox(box.settings(host="imap.example.com")).connect()


def test_a_server_that_is_not_there_is_transient(box: Box) -> None:
    with pytest.raises(Transient):
        Mailbox(box.settings(port=free_port())).connect()


def test_T75_after_a_lost_connection_the_next_use_opens_a_new_one(box: Box) -> None:
    box.deliver(mail())
    with Mailbox(box.settings()) as mailbox:
        mailbox.connect().abort()
        with pytest.raises(Transient):
            mails(mailbox.fetch_new("INBOX"))
        assert len(mails(mailbox.fetch_new("INBOX"))) == 1


@pytest.mark.parametrize("tls", ["plain", "implicit"])
def test_idle_wakes_within_two_seconds(box: Box, tls: str) -> None:
    port = box.server.imaps_port if tls == "implicit" else box.server.imap_port
    with Mailbox(box.settings(tls=tls, port=port, ca_file=str(box.server.certificates.ca))) as mailbox:
        mails(mailbox.fetch_new("INBOX"))
        # Another program may hold up the machine once; three times it is the mailbox that is slow.
        assert any(woken_after(mailbox, box, uid) < 2 for uid in range(3))


def woken_after(mailbox: Mailbox, box: Box, last_uid: int) -> float:
    """Seconds from a delivery to the end of the wait for it."""
    delivered: list[float] = []

    def deliver() -> None:
        delivered.append(time.monotonic())
        box.deliver(mail())

    threading.Timer(0.3, deliver).start()
    assert mailbox.wait(20)
    woken = time.monotonic()
    assert [new.uid for new in mails(mailbox.fetch_new("INBOX", last_uid))] == [last_uid + 1]
    return woken - delivered[0]


def test_a_mail_that_came_between_search_and_idle_wakes_at_once(box: Box) -> None:
    box.deliver(mail("en"))
    with Mailbox(box.settings()) as mailbox:
        (first,) = mails(mailbox.fetch_new("INBOX"))
        box.deliver(mail("to"))
        mailbox.settle("INBOX", first.uidvalidity, [first.uid])
        began = time.monotonic()
        assert mailbox.wait(20)
        assert time.monotonic() - began < 5


def test_waiting_without_news_ends_in_time_and_says_so(box: Box) -> None:
    with Mailbox(box.settings()) as mailbox:
        began = time.monotonic()
        assert not mailbox.wait(0.7)
        assert 0.6 < time.monotonic() - began < 5


@pytest.mark.parametrize("without", [(), ("IDLE",)])
def test_a_wait_ends_soon_after_the_stop(dovecot: Dovecot, without: tuple[str, ...]) -> None:
    with Dovecot({"kari": "pw"}, without=without) as server:
        stop = threading.Event()
        with Mailbox(Box(server, "kari").settings(), stop) as mailbox:
            threading.Timer(0.3, stop.set).start()
            began = time.monotonic()
            assert not mailbox.wait(30)
            assert time.monotonic() - began < 5


def test_the_line_can_be_cut_from_another_thread(box: Box) -> None:
    mailbox = Mailbox(box.settings())
    mailbox.connect()
    threading.Timer(0.3, mailbox.abort).start()
    began = time.monotonic()
    with pytest.raises(Transient):
        mailbox.wait(30)
    assert time.monotonic() - began < 5
    mailbox.close()


def test_T75_a_stopped_server_is_transient_and_comes_back(box: Box) -> None:
    with Dovecot({"kari": "pw"}) as server, Mailbox(Box(server, "kari").settings()) as mailbox:
        mails(mailbox.fetch_new("INBOX"))
        stopping = threading.Timer(0.3, server.stop)
        stopping.start()
        with pytest.raises(Transient):
            mailbox.wait(30)
        stopping.join()
        server.start()
        server.deliver("kari", mail())
        assert len(mails(mailbox.fetch_new("INBOX"))) == 1


def test_old_mail_stays_where_it_is_also_when_the_folder_is_numbered_anew(box: Box) -> None:
    for day in (3, 4, 9):
        box.deliver(b"Subject: %d\r\n\r\n" % day, when=datetime(2026, 5, day, 12, tzinfo=UTC))
    with Mailbox(box.settings(since=date(2026, 5, 4))) as mailbox:
        first = list(mailbox.fetch_new("INBOX"))
        assert [each.uid for each in first[0].mails] == [2, 3]
        assert [each.uid for each in mails(mailbox.fetch_new("INBOX", 7, first[0].uidvalidity + 1))] == [2, 3]
        assert mails(mailbox.fetch_new("INBOX", 3, first[0].uidvalidity)) == []


def test_a_folder_of_nothing_but_old_mail_is_waited_on_and_its_first_new_mail_is_taken(box: Box) -> None:
    box.deliver(mail(), when=datetime(2026, 5, 3, 12, tzinfo=UTC))
    with Mailbox(box.settings(since=date(2026, 5, 4))) as mailbox:
        assert mails(mailbox.fetch_new("INBOX")) == []
        assert not mailbox.wait(0.3)
        box.deliver(mail("ny"), when=datetime(2026, 5, 5, 12, tzinfo=UTC))
        assert [each.uid for each in mails(mailbox.fetch_new("INBOX"))] == [2]


def test_a_mail_moved_in_later_is_taken_whatever_its_date(box: Box) -> None:
    box.deliver(mail(), when=datetime(2026, 5, 5, 12, tzinfo=UTC))
    with Mailbox(box.settings(since=date(2026, 5, 4))) as mailbox:
        (known,) = mails(mailbox.fetch_new("INBOX"))
        box.deliver(mail("moved"), when=datetime(2020, 1, 1, tzinfo=UTC))
        assert [each.uid for each in mails(mailbox.fetch_new("INBOX", known.uid, known.uidvalidity))] == [2]


def test_each_portion_says_how_many_stand_behind_it(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(25):
        box.deliver(mail(f"sak {number}"))
    with Mailbox(box.settings(batch=10)) as mailbox:
        assert [each.left for each in mailbox.fetch_new("INBOX")] == [15, 5, 0]
        monkeypatch.setattr("processor.world.mailbox.WINDOW", 7)
        monkeypatch.setattr(fetching.uids_after, "__defaults__", (7, ""))
        assert [each.left for each in mailbox.fetch_new("INBOX")] == [18, 11, 4, 0]
        assert [each.left for each in mailbox.fetch_new("INBOX", 20)] == [4, 0]
