"""What a level is raised on: decisions, staff's word on them, and the letters; as lines, and as a page to sign."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from processor.cli.levels_words import Words
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
    words: Words = Words()

    @property
    def title(self) -> str:
        return self.words.say("Levels of automatic answers: {team}", team=self.team)

    @property
    def period(self) -> str:
        begin = day(self.since) if self.since else self.words.say("the first mail")
        return self.words.say("Decisions from {begin} to {end}.", begin=begin, end=day(self.made))


def day(when: datetime) -> str:
    """A day as staff read it, in Oslo."""
    return when.astimezone(OSLO).strftime("%d.%m.%Y")


def facts(entry: Entry, words: Words) -> Iterator[tuple[str, str]]:
    """What is known of a type, as names and values."""
    record, level, say, number = entry.record, entry.level, words.say, words.number
    stands = {"level": level.level, "meaning": say(MEANING[level.level])}
    since = level.since
    told = say("{level} ({meaning}), since {day}", day=day(since), **stands) if since else _at(level.level, words)
    yield say("level"), told
    counts = {name: number(record.outcomes[key]) for name, key in (("surely", "answer"), ("review", "review"))}
    said = say("{all}: {surely} surely, {review} for a person to look at", all=number(record.decided), **counts)
    yield say("decided"), said
    yield say("staff since"), ", ".join(f"{number(record.said[key])} {say(told)}" for key, told in SAID.items())  # type: ignore[index]
    if record.missed:
        said = "{count} mails that staff have said are of this type were taken for another"
        yield say("missed"), say(said, count=number(record.missed))
    yield say("right"), _right(record, words)
    if entry.after != level.level:
        yield say("next level"), _at(entry.after, words)
    for each in (Level.APPROVE, Level.AUTOMATIC):
        yield say("at {level}", level=each), _leaving(record, each, words)


def _at(level: Level, words: Words) -> str:
    return f"{level} ({words.say(MEANING[level])})"


def _leaving(record: TypeRecord, level: Level, words: Words) -> str:
    count, wrong = words.number(record.leaving(level)), words.number(record.wrongly(level))
    if not record.judged:
        return words.say("{count} replies would have gone out", count=count)
    said = "{count} replies would have gone out, of which {wrong} on mails that staff changed or rejected"
    return words.say(said, count=count, wrong=wrong)


def _right(record: TypeRecord, words: Words) -> str:
    goal, confirmed = words.percent(target(record.type)), record.said["confirmed"]
    if not record.judged:
        return words.say("staff have judged none yet; goal {goal}", goal=goal)
    return words.say(
        "{share} of {judged} judged; shown with 95 % confidence: at least {shown}; goal {goal}",
        share=words.percent(confirmed / record.judged),
        judged=words.number(record.judged),
        shown=words.percent(lower_bound(confirmed, record.judged)),
        goal=goal,
    )


def type_lines(entry: Entry, words: Words = Words()) -> Iterator[str]:
    """A type's facts as lines."""
    yield f"{entry.name} ({entry.title})"
    for name, value in facts(entry, words):
        yield f"  {name:14} {value}"


def letter_lines(entry: Entry, words: Words = Words()) -> Iterator[str]:
    """The sample of letters as lines."""
    yield ""
    yield f"  {_sample_title(entry, words)}"
    for each in entry.letters:
        yield ""
        yield f"  {each.ticket_no}  {day(each.at)}  {_to(each, words)}  ({words.say(SAID[each.said])})"
        yield f"    {_asked(each, words)}"
        yield f"    {each.subject}"
        yield from (f"    | {line}".rstrip() for line in each.text.splitlines())


def _to(letter: Letter, words: Words) -> str:
    return words.say("{kind} to {to}", kind=words.say(letter.kind), to=letter.to)


def _asked(letter: Letter, words: Words) -> str:
    return words.say("the mail: {asked}", asked=letter.asked or words.say("(no subject)"))


def _sample_title(entry: Entry, words: Words) -> str:
    if not entry.letters:
        return words.say("No reply of this type would have gone out newly at {level}.", level=entry.shown)
    said = "The latest {count} that would have gone out at {level}:"
    return words.say(said, count=len(entry.letters), level=entry.shown)


def report_lines(report: Report) -> Iterator[str]:
    """The report as lines; types that no mail was taken for are named last."""
    yield report.title
    yield report.period
    for entry in _used(report):
        yield ""
        yield from type_lines(entry, report.words)
        yield from letter_lines(entry, report.words)
    if unused := _unused(report):
        yield "\n" + report.words.say("No mail yet: {types}.", types=unused)
    yield "\n" + "   ".join(f"{report.words.say(each)}: ____________" for each in SIGNED)


def _used(report: Report) -> list[Entry]:
    return [each for each in report.entries if each.record.decided or each.record.missed]


def _unused(report: Report) -> str:
    used = _used(report)
    return ", ".join(f"{each.name} ({each.level.level})" for each in report.entries if each not in used)


def html_page(report: Report) -> Iterator[str]:
    """The report as one HTML file, to be read or printed and signed; no script, nothing fetched."""
    say = report.words.say
    yield head(report.title, report.words.language)
    yield f"<h1>{escape(report.title)}</h1>\n"
    yield f"<p class='soft'>{escape(report.period)} {escape(say('Nothing was sent by this report.'))}</p>\n"
    yield "<table>" + "".join(f"<tr><th>{each}</th><td>{escape(say(MEANING[each]))}</td></tr>" for each in MEANING)
    yield "</table>\n"
    for entry in _used(report):
        yield from _section(entry, report.words)
    if unused := _unused(report):
        yield f"<p class='soft'>{escape(say('No mail yet: {types}.', types=unused))}</p>\n"
    yield "</body></html>\n"


def _section(entry: Entry, words: Words) -> Iterator[str]:
    yield f"<section class='change'><h2>{escape(entry.title)} <span class='soft'>{escape(entry.name)}</span></h2>\n<table>"
    for name, value in facts(entry, words):
        yield f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
    yield f"</table>\n<p class='soft'>{escape(_sample_title(entry, words))}</p>\n"
    for each in entry.letters:
        title = f"{each.ticket_no} · {day(each.at)} · {_to(each, words)} · {words.say(SAID[each.said])}"
        yield f"<details><summary>{escape(title)}</summary><p class='soft'>{escape(_asked(each, words))}</p>"
        letter = escape(each.subject + "\n\n" + each.text)
        yield f"<div class='letter'>{letter}</div></details>\n"
    yield "<table class='sign'><tr>" + "".join(f"<th>{words.say(each)}</th>" for each in SIGNED) + "</tr><tr>"
    yield "<td><br></td>" * len(SIGNED) + "</tr></table></section>\n"
