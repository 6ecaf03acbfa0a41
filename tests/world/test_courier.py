"""The courier against a real SMTP server: what it says of each mail is what happened to it."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.mail_servers import SmtpSettings
from processor.world.courier import Courier
from processor.world.outcomes import Deferred, Delivered, Lost, Outcome, Rejected
from processor.world.smtp_transaction import stuffed
from tests.servers.certificates import certificates
from tests.servers.dovecot import free_port
from tests.servers.smtp_sink import Fault, SmtpSink

DATA = b"Subject: Kvittering\r\n\r\nHei.\r\n"
FROM, TO = "bounce@kundesenter.example", "kari@fjordbygg-demo.no"


def settings(sink: SmtpSink, **changed: object) -> SmtpSettings:
    plain = {"host": sink.host, "port": sink.port, "tls": sink.tls, "timeout": 5.0, "helo": "processor.example"}
    return SmtpSettings(**{**plain, "ca_file": str(sink.certificates.ca), **changed})  # type: ignore[arg-type]


OPEN: list[Courier] = []
PIPELINED_ALONE = pytest.mark.parametrize("sink", [True], ids=["pipelined"], indirect=True)
"""For what takes seconds."""


@pytest.fixture(params=[False, True], ids=["one by one", "pipelined"])
def sink(request: pytest.FixtureRequest) -> Iterator[SmtpSink]:
    """A server that is told one thing at a time, and one that takes some at once."""
    with SmtpSink(pipelining=request.param) as server:
        yield server


@pytest.fixture(autouse=True)
def closed_in_the_end(sink: SmtpSink) -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().close()


class Attempts:
    """Counts the calls before DATA and sends one mail after the other on one courier."""

    def __init__(self, sink: SmtpSink, **changed: object) -> None:
        self.courier, self.begun = Courier(settings(sink, **changed)), 0
        OPEN.append(self.courier)

    def send(self, to: str = TO, data: bytes = DATA, envelope_from: str = FROM, *, begun: bool = False) -> Outcome:
        return self.courier.send(envelope_from, to, data, self.begin, begun=begun)

    def begin(self) -> None:
        self.begun += 1


def test_a_mail_is_delivered_byte_for_byte_with_its_envelope(sink: SmtpSink) -> None:
    attempts = Attempts(sink)
    data = b"Subject: x\r\n\r\n.\r\n..to\r\n.tre\r\nslutt"
    assert attempts.send(data=data) == Delivered("250 2.0.0 OK queued as SINK1")
    (accepted,) = sink.accepted
    assert (accepted.sender, accepted.recipients, accepted.data) == (FROM, (TO,), data + b"\r\n")
    assert attempts.begun == 1


@PIPELINED_ALONE
def test_a_mail_that_fits_into_no_buffer_is_delivered_whole(sink: SmtpSink) -> None:
    data = b"Subject: x\r\n\r\n" + b".punktum\r\nog mer\r\n" * 500_000
    assert isinstance(Attempts(sink).send(data=data), Delivered)
    assert sink.accepted[0].data == data


@given(st.lists(st.sampled_from([b"\r\n", b"\n", b"\r", b".", b"..", b"a", b"\x0b"])).map(b"".join))
def test_lines_that_are_right_already_leave_as_others_do(data: bytes) -> None:
    lines = [line.replace(b".", b"..", 1) if line.startswith(b".") else line for line in re.split(rb"\r\n|\r|\n", data)]
    expected = b"\r\n".join(lines)
    assert stuffed(data) == (expected if expected.endswith(b"\r\n") else expected + b"\r\n")


def test_the_null_sender_is_written_as_such(sink: SmtpSink) -> None:
    attempts = Attempts(sink)
    attempts.send(envelope_from="")
    assert sink.accepted[0].sender == ""


def test_one_connection_serves_many_mails(sink: SmtpSink) -> None:
    attempts = Attempts(sink)
    for _ in range(20):
        assert isinstance(attempts.send(), Delivered)
    attempts.courier.close()
    assert (len(sink.accepted), sink.connections) == (20, 1)


def test_a_connection_that_died_of_age_is_replaced_unseen(sink: SmtpSink) -> None:
    attempts = Attempts(sink)
    attempts.send()
    sink.cut_all()
    assert isinstance(attempts.send(), Delivered)
    assert (len(sink.accepted), sink.connections, attempts.begun) == (2, 2, 2)


def test_a_kept_connection_that_is_told_421_is_replaced(sink: SmtpSink) -> None:
    attempts = Attempts(sink)
    attempts.send()
    sink.tell(Fault("mail", "421 4.4.2 too long idle"))
    assert isinstance(attempts.send(), Delivered)
    assert sink.connections == 2


@pytest.mark.parametrize(
    ("fault", "outcome", "begun"),
    [
        (Fault("mail", "451 4.3.0 later"), Deferred(451, "4.3.0 later"), 0),
        (Fault("mail", "530 5.7.0 Authentication required"), Deferred(530, "5.7.0 Authentication required", True), 0),
        (Fault("rcpt", "450 4.2.0 Greylisted"), Deferred(450, "4.2.0 Greylisted"), 0),
        (Fault("rcpt", "550 5.1.1 User unknown"), Rejected(550, "5.1.1 User unknown"), 0),
        (Fault("data", "451 4.3.0 later"), Deferred(451, "4.3.0 later"), 1),
        (Fault("dot", "452 4.3.1 full"), Deferred(452, "4.3.1 full"), 1),
        (Fault("dot", "554 5.7.1 policy"), Rejected(554, "5.7.1 policy"), 1),
    ],
)
def test_T86_a_refusal_is_told_by_its_code_and_the_next_mail_goes_on(
    sink: SmtpSink, fault: Fault, outcome: Outcome, begun: int
) -> None:
    attempts = Attempts(sink)
    sink.tell(fault)
    assert attempts.send() == outcome
    assert (attempts.begun, sink.accepted) == (begun, [])
    assert isinstance(attempts.send(), Delivered)
    assert sink.connections == 1


def test_T85_greylisting_is_over_at_the_next_try(sink: SmtpSink) -> None:
    attempts = Attempts(sink)
    sink.tell(Fault("rcpt", "450 4.2.0 Greylisted"))
    assert [type(attempts.send()) for _ in range(2)] == [Deferred, Delivered]


@pytest.mark.parametrize("stage", ["greeting", "mail", "rcpt", "data"])
def test_T85_a_line_cut_before_the_dot_is_lost_before_the_data(sink: SmtpSink, stage: str) -> None:
    attempts = Attempts(sink)
    sink.tell(Fault(stage, cut=True))  # type: ignore[arg-type]
    outcome = attempts.send()
    assert isinstance(outcome, Lost)
    assert not outcome.after_data
    assert (sink.accepted, attempts.begun) == ([], int(stage == "data"))
    assert isinstance(attempts.send(), Delivered)


@pytest.mark.parametrize("keeps", [True, False])
def test_T87_a_line_cut_after_the_dot_is_lost_after_the_data_and_not_tried_again(sink: SmtpSink, keeps: bool) -> None:
    attempts = Attempts(sink)
    attempts.send()
    sink.tell(Fault("dot", cut=True, keeps=keeps))
    outcome = attempts.send()
    assert isinstance(outcome, Lost)
    assert outcome.after_data
    assert (len(sink.accepted), attempts.begun) == (1 + keeps, 2)


def test_a_loss_during_the_data_is_not_begun_a_second_time_by_itself(sink: SmtpSink) -> None:
    attempts = Attempts(sink)
    attempts.send()
    sink.tell(Fault("data", cut=True))
    assert isinstance(attempts.send(), Lost)
    assert attempts.begun == 2


@PIPELINED_ALONE
def test_T88_a_server_silent_after_the_dot_is_lost_after_the_data(sink: SmtpSink) -> None:
    attempts = Attempts(sink, timeout=0.2)
    sink.tell(Fault("dot", delay=20.0))
    outcome = attempts.send()
    assert isinstance(outcome, Lost)
    assert outcome.after_data


@PIPELINED_ALONE
def test_a_slow_server_is_waited_for(sink: SmtpSink) -> None:
    attempts = Attempts(sink, timeout=0.3)
    sink.tell(Fault("dot", delay=1.6))
    assert isinstance(attempts.send(), Delivered)


def test_the_wait_can_be_cut_from_another_thread(sink: SmtpSink) -> None:
    attempts = Attempts(sink)
    sink.tell(Fault("dot", delay=20.0))
    threading.Timer(0.3, attempts.courier.abort).start()
    began = time.monotonic()
    assert isinstance(attempts.send(), Lost)
    assert time.monotonic() - began < 10


def test_a_421_to_quit_undoes_no_delivery(sink: SmtpSink) -> None:
    attempts = Attempts(sink)
    assert isinstance(attempts.send(), Delivered)
    sink.tell(Fault("quit", "421 4.7.0 enough"))
    attempts.courier.close()
    assert len(sink.accepted) == 1


def test_what_the_attempt_row_raises_comes_out_and_nothing_leaves(sink: SmtpSink) -> None:
    def full() -> None:
        raise OSError("disk full")

    courier = Courier(settings(sink))
    with pytest.raises(OSError, match="disk full"):
        courier.send(FROM, TO, DATA, full)
    assert sink.accepted == []
    assert isinstance(courier.send(FROM, TO, DATA, lambda: None), Delivered)
    courier.close()


def test_T85_a_server_that_is_not_there_is_a_loss_before_the_data(sink: SmtpSink) -> None:
    assert isinstance(Attempts(sink, port=free_port()).send(), Lost)


def test_a_greeting_of_refusal_speaks_of_us_and_not_of_the_mail(sink: SmtpSink) -> None:
    sink.tell(Fault("greeting", "554 5.7.1 no"), Fault("greeting", "421 4.3.2 busy"))
    attempts = Attempts(sink)
    assert attempts.send() == Deferred(554, "5.7.1 no", setup=True)
    assert attempts.send() == Deferred(421, "4.3.2 busy")


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_the_login_goes_through_tls_with_any_letters(tls: str) -> None:
    with SmtpSink(tls, users={"kari": "blåbær"}) as sink:  # type: ignore[arg-type]
        attempts = Attempts(sink, user="kari", password=lambda: "blåbær")
        assert isinstance(attempts.send(), Delivered)
        assert (sink.accepted[0].encrypted, sink.accepted[0].user) == (True, "kari")


def test_a_refused_login_waits_for_a_person() -> None:
    with SmtpSink("implicit", users={"kari": "pw"}) as sink:
        outcome = Attempts(sink, user="kari", password=lambda: "feil").send()
        assert isinstance(outcome, Deferred)
        assert outcome.setup
        assert "kari" in outcome.text


def refused_setups() -> list[Callable[[SmtpSink], Outcome]]:
    made = certificates()
    return [
        lambda sink: Attempts(sink, ca_file=str(made.stranger)).send(),
        lambda sink: Attempts(sink, ca_file=None).send(),
        lambda sink: Attempts(sink, ca_file="/nonexistent").send(),
    ]


@pytest.mark.parametrize("attempt", refused_setups(), ids=["stranger", "system", "no file"])
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_T89_a_certificate_that_cannot_be_believed_sends_nothing(
    tls: str, attempt: Callable[[SmtpSink], Outcome]
) -> None:
    with SmtpSink(tls) as sink:  # type: ignore[arg-type]
        outcome = attempt(sink)
        assert isinstance(outcome, Deferred)
        assert outcome.setup
        assert sink.accepted == []


def test_T89_a_certificate_of_another_name_sends_nothing() -> None:
    with SmtpSink("implicit", certificate=certificates().misnamed) as sink:
        outcome = Attempts(sink).send()
        assert isinstance(outcome, Deferred)
        assert outcome.setup


def test_T89_a_stripped_starttls_sends_nothing(sink: SmtpSink) -> None:
    outcome = Attempts(sink, tls="starttls").send()
    assert outcome == Deferred(0, "the server offers no STARTTLS; nothing is sent in clear instead", setup=True)
    assert sink.accepted == []


@pytest.mark.parametrize("changed", [{"host": "smtp.example.com"}, {"user": "kari", "password": lambda: "pw"}])
def test_T89_neither_mail_nor_password_leaves_this_machine_in_clear(sink: SmtpSink, changed: dict[str, object]) -> None:
    outcome = Attempts(sink, **changed).send()
    assert isinstance(outcome, Deferred)
    assert outcome.setup
    assert sink.connections == 0


def test_T91_letters_before_the_at_sign_go_by_smtputf8(sink: SmtpSink) -> None:
    attempts = Attempts(sink)
    assert isinstance(attempts.send(to="kåre@blåbær.example"), Delivered)
    assert isinstance(attempts.send(to="kari@blåbær.example"), Delivered)
    first, second = sink.accepted
    assert (first.recipients, "SMTPUTF8" in first.options) == (("kåre@xn--blbr-roah.example",), True)
    assert (second.recipients, "SMTPUTF8" in second.options) == (("kari@xn--blbr-roah.example",), False)


def test_T91_a_server_without_smtputf8_is_not_given_a_mangled_address() -> None:
    with SmtpSink(smtputf8=False) as sink:
        attempts = Attempts(sink)
        outcome = attempts.send(to="kåre@example.no")
        assert isinstance(outcome, Rejected)
        assert "SMTPUTF8" in outcome.text
        assert isinstance(attempts.send(to="kari@blåbær.example"), Delivered)


def test_a_mail_larger_than_the_server_takes_is_not_begun() -> None:
    with SmtpSink(size=1000) as sink:
        attempts = Attempts(sink)
        assert isinstance(attempts.send(data=b"x" * 1001), Rejected)
        assert attempts.begun == 0


@pytest.mark.parametrize(
    "to",
    ["", "a b@c.no", "a@b.no>\r\nRCPT TO:<c@d.no", "a@b.no,c@d.no", "a@b.no\r\nDATA", "a", "<a@b.no>", "a@b..\x00"],
)
def test_an_address_that_could_be_more_than_one_is_refused(sink: SmtpSink, to: str) -> None:
    outcome = Attempts(sink).send(to=to)
    assert isinstance(outcome, Rejected)
    assert outcome.code == 0
    assert sink.connections == 0


def packets(courier: Courier, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What smtplib sends at once from now on."""
    said: list[bytes] = []
    assert courier._smtp
    sock = courier._smtp.sock
    assert sock
    send = sock.sendall

    class Noting:
        def __getattr__(self, name: str) -> object:
            return getattr(sock, name)

        def sendall(self, content: bytes) -> None:
            said.append(content)
            send(content)

    monkeypatch.setattr(courier._smtp, "sock", Noting())
    return said


def test_a_server_with_pipelining_hears_the_envelope_at_once_and_data_too_of_what_has_begun(
    sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = Attempts(sink)
    attempts.send()
    said = packets(attempts.courier, monkeypatch)
    assert [attempts.send(begun=begun) for begun in (False, True)] == [Delivered("250 2.0.0 OK queued as SINK1")] * 2
    envelope = [b"MAIL FROM:<%s> SIZE=%d\r\n" % (FROM.encode(), len(DATA)), b"RCPT TO:<%s>\r\n" % TO.encode()]
    ask = b"DATA\r\n"
    assert said == ([b"".join(envelope), ask, b"".join([*envelope, ask])] if sink.pipelining else [*envelope, ask] * 2)
    assert (len(sink.accepted), sink.connections) == (3, 1)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault("mail", "451 4.3.0 later"), Deferred(451, "4.3.0 later")),
        (Fault("rcpt", "550 5.1.1 User unknown"), Rejected(550, "5.1.1 User unknown")),
        (Fault("data", "451 4.3.0 later"), Deferred(451, "4.3.0 later")),
        (Fault("dot", "554 5.7.1 policy"), Rejected(554, "5.7.1 policy")),
    ],
)
def test_a_refusal_of_what_has_begun_is_told_as_any_other_and_the_next_mail_goes_on(
    sink: SmtpSink, fault: Fault, outcome: Outcome
) -> None:
    attempts = Attempts(sink)
    sink.tell(fault)
    assert attempts.send(begun=True) == outcome
    assert (attempts.begun, sink.accepted) == (1, [])
    assert isinstance(attempts.send(begun=True), Delivered)
    assert sink.connections == 1


def test_a_server_that_waits_for_a_text_to_nobody_gets_none() -> None:
    with SmtpSink(pipelining=True) as sink:
        attempts = Attempts(sink)
        sink.tell(Fault("rcpt", "550 5.1.1 User unknown"), Fault("data to nobody", "354 go on"))
        assert attempts.send(begun=True) == Rejected(550, "5.1.1 User unknown")
        assert sink.accepted == []
        assert isinstance(attempts.send(begun=True), Delivered)
        assert sink.connections == 2


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_what_has_begun_and_is_lost_before_its_text_was_not_sent(sink: SmtpSink, stage: str) -> None:
    attempts = Attempts(sink)
    sink.tell(Fault(stage, cut=True))  # type: ignore[arg-type]
    outcome = attempts.send(begun=True)
    assert isinstance(outcome, Lost)
    assert (outcome.after_data, sink.accepted, attempts.begun) == (False, [], 1)
    # A kept connection may have died of age: one new one is opened for what was not sent.
    assert isinstance(attempts.send(), Delivered)
    sink.tell(Fault(stage, cut=True))  # type: ignore[arg-type]
    assert isinstance(attempts.send(begun=True), Delivered)
    assert (len(sink.accepted), attempts.begun) == (2, 3)


@contextmanager
def scripted(*replies: bytes, corked: bool = False) -> Iterator[tuple[int, list[bytes]]]:
    """The port of a server that says these and hangs up, and what it heard after each.

    With ``corked`` the last reply and the end go in one packet, and nothing is heard in between.
    """

    def serve() -> None:
        line, _ = listener.accept()
        with line, line.makefile("rb") as heard:
            for number, reply in enumerate(replies, 1):
                last = corked and number == len(replies)
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, last)
                line.sendall(reply + b"\r\n")
                if not last:
                    said.append(heard.readline())
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    said: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve)
        server.start()
        try:
            yield listener.getsockname()[1], said
        finally:
            server.join(10)


BEFORE_DATA = (b"220 mx", b"250 mx", b"250 sender", b"250 recipient")


def test_a_server_that_refuses_and_hangs_up_has_refused(sink: SmtpSink) -> None:
    with scripted(b"220 mx", b"250-mx\r\n250 PIPELINING", b"451 4.3.0 later") as (port, _):
        assert Attempts(sink, port=port).send() == Deferred(451, "4.3.0 later")


def test_a_server_that_answers_the_text_before_it_has_it_has_not_taken_the_mail(sink: SmtpSink) -> None:
    """Its 250 would be read behind the dot, and what it says of the mail then would be read as the next mail's."""
    with scripted(*BEFORE_DATA, b"354 go on\r\n250 2.0.0 taken") as (port, said):
        outcome = Attempts(sink, port=port).send()
    assert outcome == Lost(False, "the server spoke before it had the text: 250 2.0.0 taken")
    assert said[-1] == b""


def test_a_line_that_ends_before_the_text_has_lost_nothing(sink: SmtpSink) -> None:
    """Else a person would have to find out whether the mail was taken."""
    with scripted(*BEFORE_DATA, b"354 go on", corked=True) as (port, _):
        outcome = Attempts(sink, port=port).send()
    assert outcome == Lost(False, "the server spoke before it had the text: it hung up")


@pytest.mark.parametrize("tls", ["plain", "implicit"])
def test_a_server_that_said_something_unasked_is_asked_on_a_new_connection(tls: Literal["plain", "implicit"]) -> None:
    with SmtpSink(tls=tls) as sink:
        attempts = Attempts(sink)
        sink.tell(Fault("dot", "250 2.0.0 OK\r\n250 2.0.0 and once more"))
        assert [type(attempts.send()) for _ in range(2)] == [Delivered] * 2
        assert sink.connections == 2
