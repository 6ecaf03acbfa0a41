"""What is never answered by a machine (RFC 3834, RFC 5230; threats C)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from processor.deciding.answerable import guard_names, objection, withheld_in_words
from processor.deciding.case import Case
from processor.message import Address
from processor.rulebook import Rulebook
from processor.ticket import Context, Limits, Provenance
from tests.deciding.made_cases import ARRIVAL, KARI, context, message, understanding

PROVEN = Provenance("proven", "test")
UNPROVEN = Provenance("unproven", "test")
OWN = frozenset(("oppsigelse@visma.no",))


@pytest.fixture
def asked(rulebook: Rulebook) -> Any:
    def ask(mail: Any = None, says: Any = None, who: Provenance = PROVEN, world: Context | None = None) -> str | None:
        case = Case(mail or message(), says or understanding(), who, world or context(), rulebook, OWN)
        found = objection(case)
        return found.guard if found else None

    return ask


def test_an_ordinary_mail_may_be_answered(asked: Any) -> None:
    assert asked() is None


def test_automatic_mail_and_thanks_are_not_answered(asked: Any) -> None:
    assert asked(says=understanding(automatic="auto_reply", requests=())) == "automatic"
    assert asked(says=understanding("no_action")) == "thanks"


def test_a_forged_sender_is_not_answered(asked: Any) -> None:
    assert asked(who=Provenance("forged", "test")) == "forged"


def test_T07_no_usable_sender_is_not_answered(asked: Any) -> None:
    assert asked(message(None)) == "no_sender"


@pytest.mark.parametrize("spec", ["oppsigelse@visma.no", "OPPSIGELSE@visma.no", "noen@visma.no"])
def test_T12_our_own_addresses_are_not_answered(asked: Any, spec: str) -> None:
    assert asked(message(Address(*spec.split("@")))) == "own_address"


@pytest.mark.parametrize(
    "local",
    ["MAILER-DAEMON", "noreply", "no-reply", "bounces+123", "owner-liste", "liste-request", "listserv", "majordomo"],
)
def test_T34_robots_are_not_answered(asked: Any, local: str) -> None:
    assert asked(message(Address(local, "fjordbygg-demo.no"))) == "robot_address"


def test_postmaster_is_answered(asked: Any) -> None:
    assert asked(message(Address("postmaster", "fjordbygg-demo.no"))) is None


def test_an_empty_return_path_is_not_answered_but_a_missing_one_is(asked: Any) -> None:
    assert asked(message(return_path="")) == "null_return_path"
    assert asked(message(return_path=None)) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("auto-submitted", "auto-replied"),
        ("auto-submitted", "auto-replied (vacation); x=1"),
        ("auto-submitted", "Auto-Generated"),
        ("auto-submitted", "x-foo"),
        ("auto-submitted", "(no) auto-notified"),
        ("auto-submitted", "nonsense; no"),
        ("precedence", "Bulk"),
        ("precedence", "list"),
        ("x-auto-response-suppress", "DR, OOF, AutoReply"),
        ("x-auto-response-suppress", "All"),
        ("x-autoreply", "yes"),
        ("x-loop", "oppsigelse@visma.no"),
        ("feedback-id", "1:2:3"),
        ("list-id", "<nyhetsbrev.example.no>"),
        ("list-unsubscribe", "<mailto:x@example.no>"),
        ("x-spam-flag", "YES"),
        ("multipart/report", ""),
        ("message/disposition-notification", ""),
    ],
)
def test_T34_headers_that_forbid_a_reply_are_obeyed(asked: Any, name: str, value: str) -> None:
    assert asked(message(marks=((name, value),))) == "headers"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("auto-submitted", "no"),
        ("auto-submitted", "No (human)"),
        ("auto-submitted", " (by hand) no ; by=me"),
        ("precedence", "first-class"),
        ("x-auto-response-suppress", "None"),
        ("x-spam-flag", "NO"),
        ("disposition-notification-to", "kari@fjordbygg-demo.no"),
    ],
)
def test_headers_that_forbid_nothing_are_let_through(asked: Any, name: str, value: str) -> None:
    assert asked(message(marks=((name, value),))) is None


def test_a_header_of_open_brackets_takes_no_time(asked: Any) -> None:
    assert asked(message(marks=(("auto-submitted", "(" * 100_000),))) == "headers"


def test_T32_loops_are_not_answered(asked: Any) -> None:
    assert asked(message(received_count=101)) == "loop"
    assert asked(message(message_id="<answer.0123@visma.no>")) == "loop"


def test_T09_an_unproven_mail_from_another_envelope_is_not_answered(asked: Any) -> None:
    elsewhere = message(return_path="x@evil.example")
    assert asked(elsewhere, who=UNPROVEN) == "sender_elsewhere"
    assert asked(elsewhere, world=context()) is None
    assert asked(message(return_path="x@bounce.fjordbygg-demo.no"), who=UNPROVEN) is None


def test_a_lists_copy_that_does_not_name_us_is_not_answered(asked: Any) -> None:
    copy = message(to=(Address("liste", "bransje-demo.no"),), return_path="liste@bransje-demo.no")
    assert asked(copy) == "not_addressed"


def test_a_blind_copy_by_the_author_is_answered(asked: Any) -> None:
    assert asked(message(to=(Address("andre", "fjordbygg-demo.no"),))) is None


def test_junk_is_not_answered(asked: Any) -> None:
    assert asked(world=context(junk=True)) == "junk"


def test_T41_nothing_older_than_a_day_or_than_our_start_is_answered(asked: Any) -> None:
    assert asked(world=context(now=ARRIVAL + timedelta(hours=24, seconds=1))) == "too_old"
    assert asked(world=context(now=ARRIVAL + timedelta(hours=24))) is None
    assert asked(world=context(answer_from=ARRIVAL + timedelta(seconds=1))) == "before_start"


def test_T31_replies_are_capped_by_sender_thread_and_in_all(asked: Any) -> None:
    limits = Limits(per_sender=2, per_known_sender=4, per_thread=3, in_all=9)
    assert asked(world=context(limits=limits, replies_to_sender=1)) is None
    assert asked(world=context(limits=limits, replies_to_sender=2)) == "limit_sender"
    assert asked(world=context(limits=limits, replies_to_sender=2, known_sender=True)) is None
    assert asked(world=context(limits=limits, replies_to_sender=4, known_sender=True)) == "limit_sender"
    by_domain = replace(limits, per_domain=6)
    assert asked(world=context(limits=by_domain, replies_to_domain=5)) is None
    assert asked(world=context(limits=by_domain, replies_to_domain=6)) == "limit_domain"
    assert asked(world=context(limits=by_domain, replies_to_domain=6, known_sender=True)) is None
    assert asked(world=context(limits=limits, replies_in_thread=3)) == "limit_thread"
    assert asked(world=context(limits=limits, replies_in_all=9)) == "limit_all"


def test_T32_two_robots_that_answer_each_other_end_after_two_answers(asked: Any) -> None:
    assert asked(world=context(limits=Limits(), replies_in_thread=1)) is None
    assert asked(world=context(limits=Limits(), replies_in_thread=2)) == "limit_thread"


def test_every_guard_has_a_name_of_its_own() -> None:
    names = list(guard_names())
    assert len(names) == len(set(names))
    assert KARI.spec not in names


def test_what_withheld_a_reply_is_told_in_words() -> None:
    for name in (*guard_names(), "silent", "render", "no_reply"):
        assert " " in withheld_in_words(name), name
    assert withheld_in_words("a guard of an older version") == "a guard of an older version"
