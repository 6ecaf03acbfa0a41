"""What a level is raised on: decisions, staff's word on them, and the letters; as lines, and as a page to sign."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from processor.replay.page import head
from processor.store.judgements import Letter, TypeRecord
from processor.store.levels import TypeLevel
from processor.ticket import Level
from processor.training.thresholds import lower_bound, target

OSLO = ZoneInfo("Europe/Oslo")
MEANING = {
    Level.OBSERVE: "decides and records, sends nothing",
    Level.DRAFT: "every reply waits for a person",
    Level.APPROVE: "receipts go out, every other reply waits for a person",
    Level.AUTOMATIC: "replies go out as the rules say; confirmations wait until staff have done the thing",
}
SAID = {
    "confirmed": "confirmed by staff",
    "changed": "changed by staff",
    "rejected": "rejected by staff",
    "open": "not judged yet",
}
SIGNED = ("Level from now on", "Name", "Date", "Signature")


@dataclass(frozen=True, slots=True)
class Entry:
    """One request type: its level, the next, and the level whose letters are shown, with the letters."""

    name: str
    title: str
    level: TypeLevel
    after: Level
    shown: Level
    record: TypeRecord
    letters: tuple[Letter, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All request types by their consequence, over decisions since a time (None: all)."""

    team: str
    since: datetime | None
    made: datetime
    entries: tuple[Entry, ...]

    @property
    def title(self) -> str:
        return f"Levels of automatic answers: {self.team}"

    @property
    def period(self) -> str:
        begin = day(self.since) if self.since else "the first mail"
        return f"Decisions from {begin} to {day(self.made)}."


def day(when: datetime) -> str:
    """A day as staff read it, in Oslo."""
    return when.astimezone(OSLO).strftime("%d.%m.%Y")


def facts(entry: Entry) -> Iterator[tuple[str, str]]:
    """What is known of a type, as names and values."""
    record, level = entry.record, entry.level
    since = f", since {day(level.since)}" if level.since else ""
    yield "level", f"{level.level} ({MEANING[level.level]}){since}"
    outcomes = record.outcomes
    yield (
        "decided",
        f"{record.decided:,}: {outcomes['answer']:,} surely, {outcomes['review']:,} for a person to look at",
    )
    yield "staff since", ", ".join(f"{record.said[key]:,} {words}" for key, words in SAID.items())  # type: ignore[index]
    if record.missed:
        yield "missed", f"{record.missed:,} mails that staff have said are of this type were taken for another"
    yield "right", _right(record)
    if entry.after != level.level:
        yield "next level", f"{entry.after} ({MEANING[entry.after]})"
    for each in (Level.APPROVE, Level.AUTOMATIC):
        wrong = record.wrongly(each)
        of_which = f", of which {wrong:,} on mails that staff changed or rejected" if record.judged else ""
        yield f"at {each}", f"{record.leaving(each):,} replies would have gone out{of_which}"


def _right(record: TypeRecord) -> str:
    goal = f"goal {_percent(target(record.type))}"
    if not record.judged:
        return f"staff have judged none yet; {goal}"
    confirmed = record.said["confirmed"]
    shown = lower_bound(confirmed, record.judged)
    share = f"{_percent(confirmed / record.judged)} of {record.judged:,} judged"
    return f"{share}; shown with 95 % confidence: at least {_percent(shown)}; {goal}"


def _percent(share: float) -> str:
    """Downwards, so that rounding never shows more than there is."""
    return f"{int(share * 1000 + 1e-9) / 10:g} %"


def type_lines(entry: Entry) -> Iterator[str]:
    """A type's facts as lines."""
    yield f"{entry.name} ({entry.title})"
    for name, value in facts(entry):
        yield f"  {name:14} {value}"


def letter_lines(entry: Entry) -> Iterator[str]:
    """The sample of letters as lines."""
    yield ""
    yield f"  {_sample_title(entry)}"
    for each in entry.letters:
        yield ""
        yield f"  {each.ticket_no}  {day(each.at)}  {each.kind} to {each.to}  ({SAID[each.said]})"
        yield f"    the mail: {each.asked or '(no subject)'}"
        yield f"    {each.subject}"
        yield from (f"    | {line}".rstrip() for line in each.text.splitlines())


def _sample_title(entry: Entry) -> str:
    if not entry.letters:
        return f"No reply of this type would have gone out newly at {entry.shown}."
    return f"The latest {len(entry.letters)} that would have gone out at {entry.shown}:"


def report_lines(report: Report) -> Iterator[str]:
    """The report as lines; types that no mail was taken for are named last."""
    yield report.title
    yield report.period
    for entry in _used(report):
        yield ""
        yield from type_lines(entry)
        yield from letter_lines(entry)
    if unused := _unused(report):
        yield f"\nNo mail yet: {unused}."
    yield "\n" + "   ".join(f"{each}: ____________" for each in SIGNED)


def _used(report: Report) -> list[Entry]:
    return [each for each in report.entries if each.record.decided or each.record.missed]


def _unused(report: Report) -> str:
    used = _used(report)
    return ", ".join(f"{each.name} ({each.level.level})" for each in report.entries if each not in used)


def html_page(report: Report) -> Iterator[str]:
    """The report as one HTML file, to be read or printed and signed; no script, nothing fetched."""
    yield head(report.title)
    yield f"<h1>{escape(report.title)}</h1>\n<p class='soft'>{escape(report.period)} Nothing was sent by this report.</p>\n"
    yield "<table>" + "".join(f"<tr><th>{each}</th><td>{escape(MEANING[each])}</td></tr>" for each in MEANING)
    yield "</table>\n"
    for entry in _used(report):
        yield from _section(entry)
    if unused := _unused(report):
        yield f"<p class='soft'>No mail yet: {escape(unused)}.</p>\n"
    yield "</body></html>\n"


def _section(entry: Entry) -> Iterator[str]:
    yield f"<section class='change'><h2>{escape(entry.title)} <span class='soft'>{escape(entry.name)}</span></h2>\n<table>"
    for name, value in facts(entry):
        yield f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
    yield f"</table>\n<p class='soft'>{escape(_sample_title(entry))}</p>\n"
    for each in entry.letters:
        title = f"{each.ticket_no} · {day(each.at)} · {each.kind} to {each.to} · {SAID[each.said]}"
        yield f"<details><summary>{escape(title)}</summary><p class='soft'>The mail: {escape(each.asked or '(no subject)')}</p>"
        words = escape(each.subject + "\n\n" + each.text)
        yield f"<div class='letter'>{words}</div></details>\n"
    yield "<table class='sign'><tr>" + "".join(f"<th>{each}</th>" for each in SIGNED) + "</tr><tr>"
    yield "<td><br></td>" * len(SIGNED) + "</tr></table></section>\n"
