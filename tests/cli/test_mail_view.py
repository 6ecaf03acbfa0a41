"""The screen of ``explain``: evidence marked, columns that stand under one another, nothing that steers a terminal."""

from __future__ import annotations

import io
import re
from functools import cache
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from processor.cli.explain import explained
from processor.cli.highlighting import Mark, marked, printable
from processor.cli.mail_view import show_mail
from processor.loading.rules import load_rulebook
from processor.message import Extracted
from processor.pipeline import read_and_understand, why
from processor.rulebook import Rulebook

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "processor" / "demo" / "mails").glob("*.eml"))
NOTICE = ROOT / "tests" / "mails" / "termination" / "02-nynorsk-without-number.eml"
SCREEN = 54
TRUSTED = ("mx.kundesenter.example",)


@cache
def rulebook() -> Rulebook:
    return load_rulebook(ROOT / "rules", ROOT / "templates")


def unread(content: bytes, kind: str, digest: str) -> Extracted:
    """No file is opened here."""
    return Extracted(fault="unavailable")


def shown(raw: bytes, *, colour: bool = False, no_color: bool = False, width: int = 100) -> str:
    out = io.StringIO()
    mail = read_and_understand(raw, rulebook(), unread)
    told = explained(raw, rulebook(), TRUSTED, (), unread)
    terminal = Console(
        file=out, width=width, highlight=False, force_terminal=colour, no_color=no_color,
        color_system="standard" if colour else None, _environ={"TERM": "xterm-256color"},
    )  # fmt: skip
    show_mail("a.eml", mail, why(mail, rulebook()), told, terminal)
    return out.getvalue()


def letter(text: str, subject: str = "Oppsigelse") -> bytes:
    head = f"From: Kari <kari@b-demo.no>\r\nSubject: {subject}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    return (head + text).encode()


def test_a_pipe_gets_signs_with_numbers_that_stand_in_the_legend() -> None:
    told = shown(NOTICE.read_bytes())
    assert "\x1b" not in told
    text, legend = told.split("termination 9", 1)
    numbers = {int(n) for found in re.findall(r"»\[([\d,]+)\]", text) for n in found.split(",")}
    assert numbers == set(range(1, max(numbers) + 1))
    assert {int(n) for n in re.findall(r"\[(\d+)\]", legend)} == numbers
    assert "termination/notice" in legend
    assert "the model's word" in legend


def test_a_terminal_gets_colour_and_no_signs() -> None:
    told = shown(NOTICE.read_bytes(), colour=True)
    assert "\x1b[1;4;32mseier opp" in told
    assert "»[" not in told


def test_no_color_is_respected() -> None:
    told = shown(NOTICE.read_bytes(), colour=True, no_color=True)
    assert not re.search(r"\x1b\[[\d;]*3[0-7]", told)
    assert "«seier opp" in told


def test_it_says_what_was_decided_and_why_not_the_runner_up() -> None:
    told = shown(NOTICE.read_bytes())
    assert re.search(r"^decision +answer, by termination/\S+; sender proven$", told, re.M)
    assert re.search(r"^why not +\w+ (under )?[\d.]+ %", told, re.M)
    assert "queued: Register the termination (one person)" in told
    assert re.search(r"^fields +company +Røe Hage AS \[\d+\]$", told, re.M)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_ordinary_mail_fits_a_screen_and_its_width(path: Path) -> None:
    lines = shown(path.read_bytes()).splitlines()
    assert len(lines) <= SCREEN
    assert max(map(cell_len, lines)) <= 100


@pytest.mark.parametrize("width", [40, 60, 80])
def test_it_keeps_to_a_narrow_terminal(width: int) -> None:
    told = shown(letter("Vi sier opp avtalen på Visma Global, åæø ÅÆØ. " * 20 + "日本語" * 30), width=width)
    assert max(map(cell_len, told.splitlines())) <= width


def test_rules_stand_under_one_another_whatever_the_letters() -> None:
    told = shown(
        letter("Vi ønsker å si opp avtalen på Visma Global og på Visma.net Expense fra nyttår. Når er den ute?")
    )
    legend = told.split("─\n")[-1].splitlines()
    rules = [found for line in legend if (found := re.match(r"(.{12}\[\d+\].*  )(\S+/\S+|the model's word)$", line))]
    assert len(rules) > 3
    assert len({cell_len(found[1]) for found in rules}) == 1


def test_quoted_history_and_signature_are_set_off_and_short() -> None:
    quoted = "\r\n".join(f"> linje {n}" for n in range(40))
    told = shown(
        letter(f"Takk.\r\n\r\n-- \r\nKari\r\n\r\nOn Mon, 3 Aug 2026 Visma <a@visma.no> wrote:\r\n{quoted}\r\n")
    )
    assert "┊ " in told
    assert "more lines of quoted history" in told
    assert "linje 30" not in told


@pytest.mark.parametrize("evil", ["\x1b[2J", "\x1b]0;title\x07", "\u202etxt", "\x9b31m", "\u2066x"])
def test_nothing_in_a_mail_steers_the_terminal(evil: str) -> None:
    told = shown(letter(f"Vi sier opp {evil} Visma Global.", f"Oppsigelse {evil}"))
    assert not set(told) & set("\x1b\x07\x9b\u202e\u2066")


def test_an_empty_mail_and_a_mail_of_one_long_word_are_shown() -> None:
    assert "(no text)" in shown(b"")
    assert "(no subject)" in shown(b"\r\n\r\n")
    assert "more lines of the mail" in shown(letter("x" * 20_000))


def test_marks_that_overlap_are_shown_as_one_with_both_numbers() -> None:
    marks = [Mark(3, 8, 1, "red"), Mark(6, 11, 2, "green"), Mark(20, 30, 3, "red")]
    assert marked("Vi sier opp.", 0, marks, signs=True).plain == "Vi «sier opp»[1,2]."
    assert marked("ier opp", 4, marks, signs=True).plain == "«ier opp»[1,2]"


def test_what_is_made_printable_keeps_every_place() -> None:
    text = "a\tb\x1bc\u202ed\u00ade æøå\n"
    assert printable(text) == "a b\ufffdc\ufffdd e æøå\n"
    assert len(printable(text)) == len(text)
