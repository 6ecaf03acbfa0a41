"""What doctor hears about the servers."""

from __future__ import annotations

import pytest

from processor.mail_servers import SmtpSettings
from processor.world.probing import Finding, probe, probe_smtp
from tests.servers.dovecot import Dovecot, free_port
from tests.servers.fixtures import Box
from tests.servers.smtp_sink import Fault, SmtpSink
from tests.world.scripted_imap import SELECTED, ScriptedImap


def complaints(findings: list[Finding]) -> str:
    """The findings that are not well, each of which must say how to mend it."""
    bad = [finding for finding in findings if not finding.ok]
    assert all(finding.mend for finding in bad)
    return "\n".join(finding.what for finding in bad)


def smtp(sink: SmtpSink, **changed: object) -> SmtpSettings:
    plain = {"host": sink.host, "port": sink.port, "tls": sink.tls, "timeout": 5.0, "envelope_from": "b@k.example"}
    return SmtpSettings(**{**plain, "ca_file": str(sink.certificates.ca), **changed})  # type: ignore[arg-type]


def test_a_sound_mailbox_has_no_complaints(box: Box) -> None:
    box.deliver(b"Subject: x\r\n\r\n")
    findings = probe(box.settings())
    assert complaints(findings) == ""
    told = "\n".join(finding.what for finding in findings)
    for word in ("answers in", "IDLE", "INBOX: 1 mails", "$ProcessorDone is kept"):
        assert word in told


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"password": lambda: "feil"}, "refused"),
        ({"tls": "implicit", "timeout": 1.0}, ""),
        ({"folder": "Finnes ikke"}, "Finnes ikke"),
        ({"junk_folder": "Søppel"}, "Søppel"),
        ({"sent_folder": "Utgående"}, "Utgående"),
        ({"tls": "starttls"}, "not trusted"),
    ],
)
def test_what_is_wrong_with_a_mailbox_is_named(box: Box, changed: dict[str, object], complaint: str) -> None:
    found = complaints(probe(box.settings(**changed)))
    assert found
    assert complaint in found


def test_where_sent_mail_is_looked_for_is_told(box: Box) -> None:
    def told(**settings: object) -> str:
        return "\n".join(f"{finding.what} {finding.mend}" for finding in probe(box.settings(**settings)))

    assert "name it: sent_folder" in told()
    box.deliver(b"Subject: x\r\n\r\n", "Sendte elementer")
    assert "Sendte elementer: colleagues' replies are looked for, and copies of ours are put there" in told()
    assert "put there" not in told(sent_copies=False)
    assert "answered once more" in told(sent_folder="")


def test_gmail_is_known_to_keep_copies_by_itself() -> None:
    listed = b'* LIST (\\Sent) "/" "[Gmail]/Sendt e-post"\r\n'
    with ScriptedImap({"LIST": listed}, capabilities="IMAP4rev1 X-GM-EXT-1") as server:
        findings = probe(server.settings())
    assert any("sent_copies = false" in finding.what for finding in findings)


def test_a_mailbox_that_cannot_be_reached_is_one_finding(box: Box) -> None:
    (finding,) = probe(box.settings(port=free_port()))
    assert not finding.ok


def test_a_server_without_idle_keywords_and_writing_is_told_of() -> None:
    with ScriptedImap(capabilities="IMAP4rev1") as server:
        findings = probe(server.settings(handled="delete", review="keyword"))
    for word in ("no IDLE", "UIDPLUS"):
        assert word in complaints(findings)
    # Our own ledger remembers what was handled: a forgotten mark is told and is nothing to mend.
    (mark,) = (each for each in findings if "not kept" in each.what)
    assert mark.ok
    assert "nothing is lost" in mark.mend
    read_only = SELECTED + b"{tag} OK [READ-ONLY] x\r\n"
    with ScriptedImap({"SELECT": read_only, "EXAMINE": read_only}) as server:
        assert "read-only" in complaints(probe(server.settings()))


def test_a_folder_to_be_made_is_no_complaint(box: Box) -> None:
    findings = probe(box.settings(handled="move", handled_folder="Behandlet"))
    assert complaints(findings) == ""
    assert any("Behandlet" in finding.what for finding in findings)


def test_missing_extensions_of_the_move_are_told_of() -> None:
    with Dovecot({"kari": "pw"}, without=("MOVE", "UIDPLUS")) as server:
        found = complaints(probe(Box(server, "kari").settings(handled="move", handled_folder="B")))
    assert "marked as deleted" in found


def test_a_sound_smtp_server_has_no_complaints_and_gets_no_mail() -> None:
    with SmtpSink("starttls", users={"kari": "pw"}) as sink:
        assert complaints(probe_smtp(smtp(sink, user="kari", password=lambda: "pw"))) == ""
        assert "refused" in complaints(probe_smtp(smtp(sink, user="kari", password=lambda: "feil")))
        assert sink.accepted == []


def test_what_is_wrong_with_smtp_is_named(sink: SmtpSink) -> None:
    assert "bounces" in complaints(probe_smtp(smtp(sink, envelope_from="")))
    assert "STARTTLS" in complaints(probe_smtp(smtp(sink, tls="starttls")))
    assert "cannot be reached" in complaints(probe_smtp(smtp(sink, port=free_port())))
    assert "loopback" in complaints(probe_smtp(smtp(sink, host="smtp.example.com")))
    sink.tell(Fault("mail", "553 5.7.1 not yours"))
    assert "not yours" in complaints(probe_smtp(smtp(sink)))
