"""An archive becomes history: threads, customers and closed tickets, of which nothing follows."""

from __future__ import annotations

import itertools
import os
import signal
import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from processor.moving.bring_in import Span
from processor.moving.files import Tree
from processor.moving.mbox import Mbox
from processor.store import history_rows
from processor.store.engine import open_store
from processor.store.import_runs import OvertakenImportError, begin_import
from processor.store.keep import Arrival, keep
from processor.store.queue import queue
from processor.store.ticket_view import ticket
from tests.moving.archive import THEN, Archive, answer, mail, mbox, thanks
from tests.steps.talk import KARI, NOW, OLA, WITH_NUMBER


def test_a_thread_becomes_one_closed_ticket_with_our_answer_in_it(archive: Archive, tmp_path: Path) -> None:
    day = timedelta(days=1)
    run = archive.take(
        Mbox(mbox(tmp_path / "a.mbox", mail(1), answer(2, 1, at=THEN + day), thanks(3, 2, received=THEN + 2 * day)))
    )
    assert run.counts == {"new": 3, "own": 1, "tickets": 1, "joined": 2}
    assert archive.tickets() == [("closed", KARI, 3)]
    assert archive.nothing_follows()
    assert queue(archive.talk.engine) == []
    assert archive.talk.ask("select own from mail order by id") == [(0,), (1,), (0,)]
    ((number,),) = archive.talk.ask("select number from ticket")
    view = ticket(archive.talk.engine, number)
    assert view
    assert (view.opened_at, view.changed_at, view.company) == (THEN, THEN + 2 * day, "Fjord Bygg AS")
    assert [(each.type, each.org_no, each.how) for each in view.items] == [
        ("termination", "328627035", "imported"),
        ("no_action", "", "imported"),
    ]
    assert [each.arrived_at for each in view.mails] == [THEN, THEN + day, THEN + 2 * day]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2), (2, 0, 1), (0, 2, 1)])
@pytest.mark.parametrize("apart", [False, True])
def test_the_order_of_an_archive_changes_nothing(
    archive: Archive, tmp_path: Path, order: tuple[int, ...], apart: bool
) -> None:
    day = timedelta(days=1)
    mails = [mail(1), answer(2, 1, at=THEN + day), thanks(3, 2, received=THEN + 2 * day, References="<1@fjordbygg-demo.no> <2@visma.no>")]  # fmt: skip
    boxes = [[mails[n]] for n in order] if apart else [[mails[n] for n in order]]
    for number, each in enumerate(boxes):
        archive.take(Mbox(mbox(tmp_path / f"{number}.mbox", *each)))
    assert archive.tickets() == [("closed", KARI, 3)]
    assert archive.talk.ask("select subject from ticket") == [("Oppsigelse av Visma Global",)]
    ((opened, changed),) = archive.talk.ask("select opened_at, changed_at from ticket")
    assert (opened[:10], changed[:10]) == ("2026-03-02", "2026-03-04")


def test_the_arrival_is_the_topmost_received_else_the_date_else_the_from_line(archive: Archive, tmp_path: Path) -> None:
    early = THEN - timedelta(days=3)
    mails = (
        mail(1, at=early),
        mail(2, at=early, received=None, sender=OLA),
        mail(3, at=None, received=None, sender="x@en-demo.no"),
        mail(4, at=NOW + timedelta(days=400), received=None, sender="y@to-demo.no"),
    )
    archive.take(Mbox(mbox(tmp_path / "a.mbox", *mails)))
    rows = archive.talk.ask(
        "select m.arrived_at, json_extract(e.data, '$.arrival_from') from mail m "
        "join event e on e.mail_id = m.id and e.kind = 'mail.imported' order by m.id"
    )
    assert [(when[:16], why) for when, why in rows] == [
        ("2026-03-02 09:30", "received"),
        ("2026-02-27 09:30", "date"),
        ("2026-03-02 09:30", "separator"),
        ("2026-03-02 09:30", "separator"),
    ]


def test_a_stranger_who_names_a_customers_mail_gets_a_ticket_of_his_own(archive: Archive, tmp_path: Path) -> None:
    stranger = mail(9, "Her er org.nr.", "x@evil-demo.com", In_Reply_To="<1@fjordbygg-demo.no>")
    colleague = mail(8, "Jeg også.", OLA, In_Reply_To="<1@fjordbygg-demo.no>")
    archive.take(Mbox(mbox(tmp_path / "a.mbox", mail(1), stranger, colleague)))
    assert sorted(archive.tickets()) == [("closed", KARI, 2), ("closed", "x@evil-demo.com", 1)]


def test_who_names_our_answer_belongs_to_its_ticket(archive: Archive, tmp_path: Path) -> None:
    archive.take(Mbox(mbox(tmp_path / "a.mbox", mail(1), answer(2, 1), thanks(3, 2, "regnskap@other-demo.no"))))
    assert archive.tickets() == [("closed", KARI, 3)]


def test_a_mail_that_only_says_it_is_ours_does_not_count_as_ours(archive: Archive, tmp_path: Path) -> None:
    forged = mail(
        7, "Hei", "sjef@visma.no", Authentication_Results="mx.kundesenter.example; dmarc=fail header.from=visma.no"
    )
    archive.take(Mbox(mbox(tmp_path / "a.mbox", forged)))
    assert archive.talk.ask("select own from mail") == [(0,)]
    assert archive.talk.ask("select provenance from ticket") == [("forged",)]


def test_whom_we_answered_is_a_known_customer(archive: Archive, tmp_path: Path) -> None:
    archive.take(Mbox(mbox(tmp_path / "a.mbox", mail(1), answer(2, 1), mail(3, sender="spam@evil-demo.com"))))
    assert archive.talk.ask("select kind, value from register_contact") == [("address", KARI)]


def test_the_same_archive_twice_and_in_another_dress_is_known_again(archive: Archive, tmp_path: Path) -> None:
    box = mbox(tmp_path / "a.mbox", mail(1), answer(2, 1))
    archive.take(Mbox(box))
    assert archive.take(Mbox(box)).counts == {"known": 2}
    folder = tmp_path / "Maildir"
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True)
    (folder / "cur" / "1:2,S").write_bytes(mail(1).replace(b"\n", b"\r\n"))
    (folder / "new" / "2").write_bytes(b"X-Folder: Sendt\n" + answer(2, 1))
    assert archive.take(Tree(folder)).counts == {"known": 1, "again": 1, "own": 1}
    assert archive.tickets() == [("closed", KARI, 3)]
    assert archive.talk.ask("select count(*) from item") == [(1,)]


@pytest.mark.parametrize("changed", [False, True])
def test_mail_of_history_that_is_met_in_the_watched_folder_is_known_and_not_answered(
    archive: Archive, tmp_path: Path, changed: bool
) -> None:
    archive.take(Mbox(mbox(tmp_path / "a.mbox", mail(1))))
    raw = (b"X-Seen: yes\r\n" if changed else b"") + mail(1).replace(b"\n", b"\r\n")
    (kept,) = keep(archive.talk.engine, [Arrival("a", "INBOX", 1, 1, NOW, len(raw), raw)], NOW)
    assert kept.new is changed
    archive.talk.work()
    assert archive.nothing_follows()
    assert archive.tickets() == [("closed", KARI, 2 if changed else 1)]


def test_an_answer_to_an_imported_thread_lands_there_and_opens_it(archive: Archive, tmp_path: Path) -> None:
    archive.take(Mbox(mbox(tmp_path / "a.mbox", mail(1), answer(2, 1))))
    decided = archive.talk.say("Når kommer bekreftelsen på oppsigelsen?", "Sv: Sv: Oppsigelse", thread="<2@visma.no>")
    assert decided.recorded.ticket_id == 1
    assert archive.tickets() == [("open", KARI, 3)]
    assert [row.ticket_no for row in queue(archive.talk.engine)] == [decided.recorded.ticket_no]


def test_who_may_not_join_an_imported_thread_opens_nothing(archive: Archive, tmp_path: Path) -> None:
    archive.take(Mbox(mbox(tmp_path / "a.mbox", mail(1), answer(2, 1))))
    decided = archive.talk.say("Hva skjer?", "Sv: Oppsigelse", "x@evil-demo.com", thread="<2@visma.no>")
    assert decided.recorded.ticket_id != 1
    assert archive.talk.ask("select state from ticket where id = 1") == [("closed",)]


def test_a_new_notice_never_repeats_one_of_history(archive: Archive, tmp_path: Path) -> None:
    archive.take(Mbox(mbox(tmp_path / "a.mbox", mail(1))))
    decided = archive.talk.say(WITH_NUMBER)
    assert [each.how for each in decided.decision.items] == [""]
    assert archive.talk.ask("select kind, state from action") == [("register_termination", "waiting")]


def test_what_came_after_the_first_start_is_left_to_be_answered(archive: Archive, tmp_path: Path) -> None:
    late = mail(2, sender=OLA, received=NOW + timedelta(hours=1))
    run = archive.take(Mbox(mbox(tmp_path / "a.mbox", mail(1), late)), span=Span(before=NOW))
    assert run.counts == {"new": 1, "tickets": 1, "later": 1}
    assert archive.tickets() == [("closed", KARI, 1)]


def test_a_mail_too_large_to_hold_is_kept_in_parts_and_closed_too(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processor.moving.mbox.HELD", 5_000)
    big = mail(1, "Vi sier opp.\n" + "x" * 9_000)
    run = archive.take(Mbox(mbox(tmp_path / "a.mbox", big, answer(2, 1))))
    assert run.counts == {"new": 2, "own": 1, "tickets": 1, "joined": 1}
    assert archive.nothing_follows()
    assert archive.talk.ask("select sum(length(content)) > 9000 from raw_part") == [(1,)]
    assert archive.take(Mbox(tmp_path / "a.mbox")).counts == {"known": 2}


def test_what_cannot_be_read_is_named_with_its_reason_and_holds_up_nothing(archive: Archive, tmp_path: Path) -> None:
    box = tmp_path / "a.mbox"
    timeless = mail(3, at=None, received=None).replace(b"\nMIME", b"\nX-A: b\nMIME")
    box.write_bytes(
        b"some words that no separator precedes\n\n"
        + b"From x Mon Mar  2 09:30:00 2026\n" + mail(1) + b"\nFrom ?\n" + timeless
        + b"\nFrom x Mon Mar  2 09:30:00 2026\nX-Empty: yes\n\nnobody wrote this\n\n"
    )  # fmt: skip
    run = archive.take(Mbox(box))
    assert run.counts == {"new": 1, "tickets": 1, "unreadable": 3}
    assert run.faults == (
        ("a.mbox#1", "what stands before the first From line is no mail"),
        ("a.mbox#3", "nothing tells when it came"),
        ("a.mbox#4", "it is no mail: no From, no Date, no Message-ID"),
    )


def _dying_at(archive: Archive, box: Path, within: bool) -> int:
    """Take the archive in, in a process that dies of SIGKILL in its third batch, or right behind it; its signal."""
    with warnings.catch_warnings():
        # The child does nothing but this, whatever threads its parent has.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        archive.talk.engine = open_store(str(archive.talk.engine.url))
        commits, told = itertools.count(1), history_rows.tell_of

        def dying(*arguments: Any) -> None:
            told(*arguments)
            if within and next(commits) == 3:
                os.kill(os.getpid(), signal.SIGKILL)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("processor.store.history.tell_of", dying)
            for number, _ in enumerate(archive.brought(Mbox(box)).run()):
                if number == 3:
                    os.kill(os.getpid(), signal.SIGKILL)
    finally:
        os._exit(1)


@pytest.mark.parametrize("within", [True, False])
def test_an_import_that_is_killed_with_minus_9_goes_on_where_it_was(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, within: bool
) -> None:
    mails = [each for n in range(10) for each in (mail(2 * n), answer(2 * n + 1, 2 * n))]
    box = mbox(tmp_path / "a.mbox", *mails)
    talk = archive.talk
    monkeypatch.setattr("processor.moving.bring_in.MOST", 4)
    assert _dying_at(archive, box, within) == -signal.SIGKILL
    there = 8 if within else 12
    begun = next(archive.brought(Mbox(box)).run())
    assert begun.done == mbox(tmp_path / "part", *mails[:there]).stat().st_size
    assert talk.ask("select count(*) from mail") == [(there,)]
    run = archive.take(Mbox(box))
    assert run.resumed
    assert run.counts == {"new": 20, "own": 10, "tickets": 10, "joined": 10}
    assert talk.ask("select count(*) from mail") == [(20,)]
    assert archive.tickets() == [("closed", KARI, 2)] * 10
    assert archive.nothing_follows()


def test_two_imports_of_one_source_at_once_do_not_write_over_each_other(archive: Archive, tmp_path: Path) -> None:
    box = mbox(tmp_path / "a.mbox", mail(1))
    brought = archive.brought(Mbox(box)).run()
    next(brought)
    archive.take(Mbox(box))
    begin_import(archive.talk.engine, Mbox(box).name, "another", NOW)
    with pytest.raises(OvertakenImportError):
        list(brought)
    assert archive.tickets() == [("closed", KARI, 1)]
