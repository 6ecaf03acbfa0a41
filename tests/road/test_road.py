"""The main job on real servers: a mail comes in, an answer goes out, staff have the action."""

from __future__ import annotations

import contextlib
import email
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from processor.daemon import begin_answering
from processor.loading.configuration import load_config
from processor.steps.deliver import FIRST_GAP
from processor.store.engine import open_store
from tests.bench.site import AUTHSERV_ID, ROOT, USER, Site, kill
from tests.servers import ready

NOTICE = "Vi sier opp Visma Global fra 31.12.2027.\n\nMvh\nKari Holm\nFjord Bygg AS\norg.nr 328627035"


def mail(
    text: str = NOTICE,
    subject: str = "Oppsigelse av Visma Global",
    sender: str = "kari@fjordbygg-demo.no",
    *,
    message_id: str = "",
    headers: str = "",
    when: datetime | None = None,
    proven: bool = True,
) -> bytes:
    date = format_datetime(when or datetime.now(UTC))
    domain = sender.partition("@")[2]
    verdict = f"dmarc=pass header.from={domain}" if proven else "none"
    return (
        (
            f"Return-Path: <{sender}>\nReceived: from x by {AUTHSERV_ID}; {date}\n"
            f"Authentication-Results: {AUTHSERV_ID}; {verdict}\n"
            f"Date: {date}\nFrom: Kari Holm <{sender}>\nTo: oppsigelse@visma.no\nSubject: {subject}\n"
            f"Message-ID: {message_id or f'<{os.urandom(6).hex()}@{domain}>'}\n{headers}"
            f"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{text}\n"
        )
        .replace("\n", "\r\n")
        .encode()
    )


def run(here: Site, *arguments: str, secret: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PROCESSOR_SECRET": secret}
    return ready.run([*arguments, "--config", str(here.folder / "config.toml")], ROOT, environment)


def until(true: Callable[[], object], seconds: float = 60) -> None:
    # Looks are counted and not seconds, so that a machine that stood still for a minute has not used them up.
    for _ in range(int(seconds / 0.05)):
        if true():
            return
        time.sleep(0.05)
    pytest.fail("waited in vain")


def first_run(here: Site) -> None:
    """Make the first start, from which mail is answered, and a pass."""
    assert run(here, "once").returncode == 0


def started(here: Site) -> None:
    """Make the first start as the program makes it, without a second's loading of all that a pass needs."""
    config = load_config(here.folder / "config.toml")
    engine = open_store(config.store_url)
    begin_answering(engine, config)
    engine.dispose()


def test_a_notice_is_answered_queued_and_marked_on_the_server(here: Site) -> None:
    first_run(here)
    here.dovecot.deliver(USER, mail(message_id="<notice@fjordbygg-demo.no>"))
    assert run(here, "once").returncode == 0
    (answer,) = here.taken()
    assert answer["to"] == ["kari@fjordbygg-demo.no"]
    (row,) = here.ask("select subject, text, kind, state, in_reply_to from outbox")
    assert str(row[0]).startswith("[VS-")
    assert "Fjord Bygg AS (org.nr 328 627 035)" in str(row[1])
    assert row[2:] == ("receipt", "sent", "<notice@fjordbygg-demo.no>")
    assert here.ask("select kind, needs, state from action") == [("register_termination", "staff", "waiting")]
    with here.dovecot.client(USER) as client:
        client.select_folder("INBOX", readonly=True)
        (flags,) = (fact[b"FLAGS"] for fact in client.fetch(client.search(), ["FLAGS"]).values())
    assert b"$ProcessorDone" in flags
    assert b"\\Seen" not in flags


def test_a_new_installation_observes_and_sends_nothing(here: Site) -> None:
    here.configure(workers=0, level="observe")
    first_run(here)
    here.dovecot.deliver(USER, mail())
    assert run(here, "once").returncode == 0
    assert here.taken() == []
    assert here.ask("select kind from action") == [("register_termination",)]


def test_mail_older_than_the_first_start_is_never_answered(here: Site) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=400)
    here.dovecot.deliver(USER, mail(when=long_ago), when=long_ago)
    here.dovecot.deliver(USER, mail(sender="per@havn-demo.no"), when=datetime.now(UTC) - timedelta(minutes=5))
    first_run(here)
    assert here.ask("select count(*) from mail where state = 'decided'") == [(2,)]
    assert here.taken() == []


def test_the_same_mail_twice_makes_one_ticket_and_one_answer(here: Site) -> None:
    started(here)
    raw = mail()
    here.dovecot.deliver(USER, raw)
    here.dovecot.deliver(USER, raw)
    here.dovecot.deliver(USER, b"X-Other-Road: yes\r\n" + raw)
    assert run(here, "once").returncode == 0
    assert here.ask("select count(*) from ticket") == [(1,)]
    assert len(here.taken()) == 1


def test_a_customers_reply_lands_on_its_ticket_and_a_strangers_does_not(here: Site) -> None:
    started(here)
    here.dovecot.deliver(USER, mail())
    run(here, "once")
    ((number, answered),) = here.ask(
        "select ticket.number, outbox.message_id from ticket join outbox on ticket_id = ticket.id"
    )
    subject, thread = f"SV: [{number}] Oppsigelse mottatt", f"In-Reply-To: {answered}\n"
    here.dovecot.deliver(USER, mail("Kundenummeret er 1180457.", subject, headers=thread))
    here.dovecot.deliver(USER, mail("Kundenummeret er 999.", subject, "x@evil-demo.com", headers=thread))
    here.dovecot.deliver(USER, mail("Hva med saken?", subject=f"[{number}] status", sender="y@evil-demo.com"))
    run(here, "once")
    joined = here.ask(f"select count(*) from mail join ticket on ticket.id = ticket_id where number = '{number}'")
    assert joined == [(2,)]
    assert here.ask("select count(*) from ticket") == [(3,)]


def test_T32_a_robot_that_answers_each_of_our_answers_gets_two(here: Site) -> None:
    started(here)
    here.dovecot.deliver(USER, mail())
    for number in range(3):
        run(here, "once")
        answered = here.ask("select message_id from outbox order by id")[-1][0]
        here.dovecot.deliver(
            USER, mail(f"{NOTICE}\nSak {number}", f"Sak {number}", headers=f"In-Reply-To: {answered}\n")
        )
    run(here, "once")
    assert here.ask("select count(*) from mail") == [(4,)]
    assert here.ask("select count(*) from ticket") == [(1,)]
    assert len(here.taken()) == 2
    assert "no reply: the ticket has had as many replies as the limit allows" in run(here, "queue", "list").stdout


def test_a_true_bounce_marks_our_answer_and_a_forged_one_does_not(here: Site) -> None:
    started(here)
    here.dovecot.deliver(USER, mail())
    run(here, "once")
    ((ours,),) = here.ask("select message_id from outbox")

    def bounce(returned: str) -> bytes:
        text = (
            "This is the mail system at host mx.fjordbygg-demo.no.\n\nYour message could not be delivered.\n"
            "<kari@fjordbygg-demo.no>: 550 5.1.1 User unknown\n\nFinal-Recipient: rfc822; kari@fjordbygg-demo.no\n"
            f"Action: failed\nStatus: 5.1.1\n\nMessage-ID: {returned}\nSubject: Oppsigelse mottatt"
        )
        made = mail(text, "Undelivered Mail Returned to Sender", "MAILER-DAEMON@fjordbygg-demo.no")
        return made.replace(b"Return-Path: <MAILER-DAEMON@fjordbygg-demo.no>", b"Return-Path: <>")

    here.dovecot.deliver(USER, bounce("<guessed@visma.no>"))
    run(here, "once")
    assert here.ask("select state from outbox") == [("sent",)]
    here.dovecot.deliver(USER, bounce(str(ours)))
    run(here, "once")
    assert here.ask("select state from outbox") == [("bounced",)]
    assert len(here.taken()) == 1


def test_automatic_mail_gets_no_answer(here: Site) -> None:
    started(here)
    away = "Jeg er ute av kontoret til 4. august. Ved spørsmål, kontakt sentralbordet."
    here.dovecot.deliver(
        USER, mail(away, "Automatisk svar: Oppsigelse mottatt", headers="Auto-Submitted: auto-replied\n")
    )
    run(here, "once")
    assert here.taken() == []


def test_a_forged_sender_gets_no_answer_and_a_person_looks(here: Site) -> None:
    started(here)
    here.dovecot.deliver(USER, mail().replace(b"dmarc=pass", b"dmarc=fail"))
    run(here, "once")
    assert here.taken() == []
    assert here.ask("select provenance, outcome, state from ticket") == [("forged", "review", "open")]


def test_an_unproven_sender_gets_the_neutral_receipt_only(here: Site) -> None:
    started(here)
    here.dovecot.deliver(USER, mail(proven=False))
    run(here, "once")
    ((template, text),) = here.ask("select template, text from outbox")
    assert template == "general/received"
    assert "Fjord Bygg" not in str(text)


def test_an_otp_right_needs_two_different_people_a_call_a_notice_and_time(here: Site) -> None:
    started(here)
    register = here.folder / "contracts.csv"
    register.write_text(
        "customer_no;org_no;name;domains;product;type;signed;phone;contacts\n"
        "100042;328627035;Fjord Bygg AS;fjordbygg-demo.no;Visma Global;;;+47 22 12 34 56;leder@fjordbygg-demo.no\n"
    )
    assert run(here, "contracts", "import", str(register), "--yes").returncode == 0
    form = (
        "Rettigheter til å generere engangskoden\n\nAdministrator (navn): Kari Holm\nE-post: kari@fjordbygg-demo.no\n"
        "Firma: Fjord Bygg AS\nOrg.nr: 328627035\nDomene(r): fjordbygg-demo.no\n"
    )
    here.dovecot.deliver(USER, mail(form, "Skjema: rettigheter til å generere engangskoden"))
    run(here, "once")
    ((action,),) = here.ask("select id from action where kind = 'grant_otp_rights' and needs = 'two_staff'")
    secrets = {name: run(here, "people", "add", name).stdout.rpartition(": ")[2].strip() for name in ("Kari", "Ola")}
    approve = ("queue", "approve", f"a{action}", "--as")
    assert run(here, *approve, "Kari", secret="wrong").returncode == 1
    assert "call Fjord Bygg AS back first, on +4722123456" in run(here, *approve, "Kari", secret=secrets["Kari"]).stdout
    call = ("queue", "gate", "called", f"a{action}", "--said", "Daglig leder, ja", "--as")
    assert run(here, *call, "Kari", secret=secrets["Kari"]).returncode == 0
    assert run(here, *approve, "Kari", secret=secrets["Kari"]).returncode == 0
    again = run(here, *approve, "Kari", secret=secrets["Kari"])
    assert again.returncode == 1
    assert "second, different person" in again.stdout
    assert here.ask("select state from action") == [("seconded",)]
    assert "not told yet" in run(here, *approve, "Ola", secret=secrets["Ola"]).stdout
    run(here, "once")
    assert "leder@fjordbygg-demo.no" in json.dumps(here.taken()[-1])
    assert "waiting time is not over" in run(here, *approve, "Ola", secret=secrets["Ola"]).stdout
    with contextlib.closing(sqlite3.connect(here.database, isolation_level=None)) as store:
        store.execute("UPDATE outbox SET changed_at = '2026-01-01 00:00:00' WHERE kind = 'notice'")
        store.execute("UPDATE gate_step SET at = '2026-01-01 00:00:00'")
    assert run(here, *approve, "Ola", secret=secrets["Ola"]).returncode == 0
    assert run(here, "queue", "done", f"a{action}", "--as", "Ola", secret=secrets["Ola"]).returncode == 0
    assert here.ask("select state from action") == [("done",)]


def test_the_daemon_answers_stops_answering_and_ends_when_told(here: Site) -> None:
    process = here.start()
    try:
        until(lambda: here.ask("select 1 from mailbox"))
        time.sleep(1.1)
        here.dovecot.deliver(USER, mail())
        until(lambda: len(here.taken()) == 1)
        second = run(here, "run")
        assert second.returncode == 1
        assert "is in use by process" in second.stderr
        assert run(here, "once").returncode == 1
        assert run(here, "stop-answers").returncode == 0
        here.dovecot.deliver(USER, mail(sender="per@havn-demo.no"))
        until(lambda: here.ask("select count(*) from mail where state = 'decided'") == [(2,)])
        assert here.ask("select state, hold_reason from outbox order by id")[1] == ("held", "stopped")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert len(here.taken()) == 1
    finally:
        kill(process)


def test_broken_rules_at_sighup_leave_the_old_ones_in_force(here: Site, tmp_path: Path) -> None:
    for name in ("rules", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name)
    config = here.folder / "config.toml"
    config.write_text(
        config.read_text().replace(str(ROOT / "rules"), "rules").replace(str(ROOT / "templates"), "templates")
    )
    process = here.start()
    try:
        until(lambda: here.ask("select 1 from mailbox"))
        (tmp_path / "rules" / "termination.toml").write_text("this is no TOML")
        process.send_signal(signal.SIGHUP)
        until(lambda: "rules refused" in (here.folder / "log").read_text())
        time.sleep(1.1)
        here.dovecot.deliver(USER, mail())
        until(lambda: len(here.taken()) == 1)
    finally:
        kill(process, signal.SIGTERM)


def test_a_dead_smtp_server_loses_nothing(here: Site) -> None:
    started(here)
    config = here.folder / "config.toml"
    right = config.read_text()
    config.write_text(right.replace(f"port = {here.smtp_port}", "port = 9"))
    here.dovecot.deliver(USER, mail())
    assert run(here, "once").returncode == 1
    assert here.ask("select state from outbox") == [("retry",)]
    assert "9" in run(here, "doctor").stdout
    config.write_text(right)
    assert let_time_pass(here) == FIRST_GAP
    assert run(here, "once").returncode == 0
    assert len(here.taken()) == 1
    assert here.ask("select state from outbox") == [("sent",)]


def let_time_pass(here: Site) -> timedelta:
    """Make the answer that waits for its next try due now; says how long after the last it was to wait."""
    with contextlib.closing(sqlite3.connect(here.database)) as store, store:
        ((due, tried),) = store.execute("select due_at, changed_at from outbox where state = 'retry'")
        store.execute("update outbox set due_at = ? where state = 'retry'", [tried])
    return datetime.fromisoformat(due) - datetime.fromisoformat(tried)


def test_a_dead_imap_server_is_told_and_exits_1(here: Site) -> None:
    here.dovecot.stop()
    result = run(here, "once")
    assert result.returncode == 1
    assert "mailbox failed" in [json.loads(line)["event"] for line in result.stderr.splitlines()]


def test_the_answer_is_a_well_formed_mail(here: Site, tmp_path: Path) -> None:
    from processor.letter import compose
    from processor.mail_servers import SmtpSettings

    started(here)
    here.dovecot.deliver(
        USER, mail(message_id="<m@fjordbygg-demo.no>", headers="References: <old@fjordbygg-demo.no>\n")
    )
    run(here, "once")
    ((to, subject, text, html, message_id, refs),) = here.ask(
        "select to_addr, subject, text, html, message_id, refs from outbox"
    )
    settings = SmtpSettings("h", 25, "plain", from_address="oppsigelse@visma.no")
    made = email.message_from_bytes(
        compose(
            message_id=str(message_id), in_reply_to="<m@fjordbygg-demo.no>", references=str(refs).split(),
            from_address=settings.from_address, from_name="", to=str(to), date=datetime.now(UTC),
            subject=str(subject), text=str(text), html=str(html),
        )
    )  # fmt: skip
    assert made["Auto-Submitted"] == "auto-replied"
    assert made["References"].split() == ["<old@fjordbygg-demo.no>", "<m@fjordbygg-demo.no>"]
    assert [part.get_content_type() for part in made.walk()] == ["multipart/alternative", "text/plain", "text/html"]


@pytest.mark.parametrize("level", ["draft", "approve"])
def test_receipts_wait_or_go_by_level(here: Site, level: str) -> None:
    here.configure(workers=0, level=level)
    started(here)
    here.dovecot.deliver(USER, mail())
    run(here, "once")
    assert len(here.taken()) == (level == "approve")
    expected = "draft" if level == "draft" else "sent"
    assert here.ask("select state from outbox") == [(expected,)]


def test_junk_is_read_and_never_answered(here: Site) -> None:
    with here.dovecot.client(USER) as client:
        client.create_folder("Junk")
    started(here)
    config = here.folder / "config.toml"
    config.write_text(
        config.read_text().replace('purpose = "termination"', 'purpose = "termination"\njunk_folder = "Junk"')
    )
    here.dovecot.deliver(USER, mail(), folder="Junk")
    assert run(here, "once").returncode == 0
    assert here.taken() == []
    assert here.ask("select outcome, state from ticket") == [("review", "open")]
    with here.dovecot.client(USER) as client:
        client.select_folder("Junk", readonly=True)
        assert len(client.search()) == 1


def test_a_mail_above_the_size_limit_is_kept_and_a_person_looks(here: Site) -> None:
    started(here)
    config = here.folder / "config.toml"
    config.write_text(
        config.read_text().replace('purpose = "termination"', 'purpose = "termination"\nmax_bytes = 20000')
    )
    big = mail("x" * 70 + "\n" + ("y" * 70 + "\n") * 3000)
    here.dovecot.deliver(USER, big)
    here.dovecot.deliver(USER, mail(sender="per@havn-demo.no"))
    assert run(here, "once").returncode == 0
    assert here.ask("select state, reason from mail order by size") == [
        ("decided", ""),
        ("set_aside", "too large to parse"),
    ]
    assert here.ask("select sum(length(content)) from raw_part") == [(len(big),)]
    assert [row["to"] for row in here.taken()] == [["per@havn-demo.no"]]
    assert "set aside: too large to parse" in run(here, "queue", "list").stdout


def test_handled_mail_is_moved_and_mail_for_review_stays(here: Site) -> None:
    started(here)
    config = here.folder / "config.toml"
    moving = 'purpose = "termination"\nhandled = "move"\nhandled_folder = "Behandlet på desken"'
    config.write_text(config.read_text().replace('purpose = "termination"', moving))
    here.dovecot.deliver(USER, mail())
    here.dovecot.deliver(
        USER, mail().replace(b"dmarc=pass", b"dmarc=fail").replace(b"Message-ID: <", b"Message-ID: <2")
    )
    assert run(here, "once").returncode == 0
    with here.dovecot.client(USER) as client:
        client.select_folder("Behandlet på desken", readonly=True)
        assert len(client.search()) == 1
        client.select_folder("INBOX", readonly=True)
        assert len(client.search()) == 1
    assert run(here, "once").returncode == 0
    assert here.ask("select count(*) from ticket") == [(2,)]


def test_a_changed_uidvalidity_makes_no_second_ticket_and_no_second_answer(here: Site) -> None:
    first_run(here)
    raw = mail()
    here.dovecot.deliver(USER, raw)
    assert run(here, "once").returncode == 0
    with here.dovecot.client(USER) as client:
        client.create_folder("Old")
    before = here.ask("select uidvalidity from watermark where folder = 'INBOX'")
    for file in (here.dovecot.home / "mail" / USER / "Maildir").glob("dovecot*uidlist*"):
        lines = file.read_text().splitlines()
        lines[0] = lines[0].replace(f"V{before[0][0]}", f"V{int(str(before[0][0])) + 1}")
        file.write_text("\n".join(lines) + "\n")
    for file in (here.dovecot.home / "mail" / USER / "Maildir").glob("dovecot.index*"):
        file.unlink()
    here.dovecot.deliver(USER, mail(sender="per@havn-demo.no"))
    assert run(here, "once").returncode == 0
    assert here.ask("select uidvalidity from watermark where folder = 'INBOX'") != before
    assert here.ask("select count(*) from ticket") == [(2,)]
    assert sorted(str(row["to"]) for row in here.taken()) == ["['kari@fjordbygg-demo.no']", "['per@havn-demo.no']"]


def test_two_workers_share_the_work(here: Site) -> None:
    here.configure(workers=2)
    process = here.start()
    try:
        until(lambda: here.ask("select 1 from mailbox"))
        time.sleep(1.1)
        for number in range(60):
            here.dovecot.deliver(USER, mail(sender=f"kari@firma{number}-demo.no"))
        until(lambda: len(here.taken()) == 60, 60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        kill(process)
    assert here.ask("select count(*) from ticket") == [(60,)]


def test_a_killed_worker_is_replaced_and_the_daemon_still_ends_when_told(here: Site) -> None:
    here.configure(workers=1)
    process = here.start()
    try:
        await_the_worker(here)
        kill_the_worker(process)
        until(lambda: "worker ended" in (here.folder / "log").read_text())
        here.dovecot.deliver(USER, mail())
        until(lambda: len(here.taken()) == 2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        kill(process)


def await_the_worker(here: Site) -> None:
    """Let it answer a first mail, and so be known to have begun."""
    until(lambda: here.ask("select 1 from mailbox"))
    here.dovecot.deliver(USER, mail(sender="per@havn-demo.no"))
    until(lambda: len(here.taken()) == 1)


def kill_the_worker(process: ready.Process) -> None:
    (worker,) = workers(process.pid)
    os.kill(worker, signal.SIGKILL)


def workers(daemon: int) -> list[int]:
    """The worker processes in a daemon's group; a fork tells what it is by its name."""
    found = []
    for path in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            words = (path.parent / "cmdline").read_bytes() + path.read_bytes()
            if os.getpgid(int(path.parent.name)) == daemon and b"steps.worker" in words:
                found.append(int(path.parent.name))
    return found


def test_a_worker_that_restarts_takes_the_rules_in_force_and_not_the_broken_ones(here: Site, tmp_path: Path) -> None:
    here.configure(workers=1)
    shutil.copytree(ROOT / "rules", tmp_path / "own" / "rules")
    config = here.folder / "config.toml"
    config.write_text(config.read_text().replace(str(ROOT / "rules"), str(tmp_path / "own" / "rules")))
    process = here.start()
    try:
        await_the_worker(here)
        (tmp_path / "own" / "rules" / "termination.toml").write_text("no TOML")
        kill_the_worker(process)
        here.dovecot.deliver(USER, mail())
        until(lambda: len(here.taken()) == 2)
    finally:
        kill(process, signal.SIGTERM)


def test_a_ticket_is_shown_with_its_evidence_and_closed_by_a_person(here: Site) -> None:
    started(here)
    here.dovecot.deliver(USER, mail())
    run(here, "once")
    ((number,),) = here.ask("select number from ticket")
    told = run(here, "queue", "show", str(number).lower())
    assert told.returncode == 0, told.stderr
    assert "sier opp" in told.stdout
    assert "termination/" in told.stdout
    secret = run(here, "people", "add", "Kari").stdout.rpartition(": ")[2].strip()
    wrong = run(here, "queue", "done", "r1", "--as", "Kari", secret=secret)
    assert wrong.returncode == 2
    assert here.ask("select state from action") == [("waiting",)]
    assert run(here, "queue", "approve", "a" + "9" * 30, "--as", "Kari", secret=secret).returncode == 2
    assert run(here, "queue", "close", str(number), "--as", "Kari", secret=secret).returncode == 0
    assert here.ask("select state from ticket") == [("closed",)]


def test_a_mail_for_review_that_joins_a_ticket_stays_for_the_reader(here: Site) -> None:
    started(here)
    config = here.folder / "config.toml"
    moving = 'purpose = "termination"\nhandled = "move"\nhandled_folder = "Behandlet"'
    config.write_text(config.read_text().replace('purpose = "termination"', moving))
    here.dovecot.deliver(USER, mail())
    run(here, "once")
    ((answered,),) = here.ask("select message_id from outbox")
    vague = "Hei igjen. Det med lampene i gangen og bilen på verkstedet var det verre med, se under."
    here.dovecot.deliver(USER, mail(vague, "SV: Oppsigelse mottatt", headers=f"In-Reply-To: {answered}\n"))
    run(here, "once")
    assert here.ask("select count(*) from ticket") == [(1,)]
    outcomes = [row[0] for row in here.ask("select outcome from mail order by id")]
    assert outcomes == ["answer", "review"]
    with here.dovecot.client(USER) as client:
        client.select_folder("INBOX", readonly=True)
        assert len(client.search()) == 1


def test_a_mute_smtp_server_does_not_hold_up_the_end(here: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        config = here.folder / "config.toml"
        text = config.read_text().replace(f"port = {here.smtp_port}", f"port = {mute.getsockname()[1]}")
        config.write_text(text)
        process = here.start()
        try:
            until(lambda: here.ask("select 1 from mailbox"))
            time.sleep(1.1)
            here.dovecot.deliver(USER, mail())
            until(lambda: here.ask("select 1 from outbox where claimed_by is not null"))
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0
        finally:
            kill(process)
    assert here.ask("select state from outbox") in ([("ready",)], [("retry",)])


def test_a_person_who_was_removed_may_not_approve(here: Site) -> None:
    started(here)
    here.dovecot.deliver(USER, mail())
    run(here, "once")
    secret = run(here, "people", "add", "Kari").stdout.rpartition(": ")[2].strip()
    assert run(here, "people", "remove", "Kari").returncode == 0
    assert "Kari" not in run(here, "people", "list").stdout
    assert run(here, "people", "remove", "Kari").returncode == 1
    assert run(here, "queue", "approve", "a1", "--as", "Kari", secret=secret).returncode == 1
    assert here.ask("select state from action") == [("waiting",)]
