"""An explained mail as one screen: its words with the evidence marked, and why it was decided so.

Numbers in the text lead to the legend below it, where each span has the rule or the model's words
that it belongs to.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from processor.cli.highlighting import AGAINST, FIELD, FOR, Mark, marked, printable
from processor.cli.queue import local
from processor.deciding.staff_words import PEOPLE, action_words
from processor.findings import Evidence, Reasons
from processor.message import Message, Section
from processor.pipeline import Read

WIDEST = 100
MOST_LINES = 30
"""Lines of new text that are shown; evidence further down is named in the legend all the same."""
MOST_OTHER_LINES = 3
"""Lines of a signature or of quoted history."""
LABEL = 12
LONGEST_SPAN = 38
LEAST_SPAN = 12
LANGUAGES = {"nb": "bokmål", "nn": "nynorsk", "en": "English", "sv": "Swedish", "da": "Danish"}
GUTTER = {"new": "  ", "forwarded": "  "}
OUTCOME = {"answer": "bold green", "review": "bold yellow", "ignore": "bold"}
UNDERLINED = ("org_no", "customer_no", "company", "products", "effective_date", "invoice_no", "domains", "emails")


@dataclass(frozen=True, slots=True)
class Legend:
    """The number of each span of subject and body, in the order in which they are read."""

    numbers: Mapping[tuple[str, int, int], int]
    marks: Mapping[str, tuple[Mark, ...]]

    def of(self, span: Evidence) -> str:
        number = self.numbers.get((span.where, span.start, span.end))
        return f"[{number}]" if number else f"({span.where})"


def show_mail(
    name: str, mail: Read, why: Sequence[Reasons], told: Mapping[str, Any], console: Console | None = None
) -> None:
    """Print one explained mail; ``told`` is the JSON of ``explain`` as values."""
    console = console or terminal()
    width = min(console.width, WIDEST)
    signs = not console.is_terminal or console.no_color or console.is_dumb_terminal
    legend = _legend(mail, why)
    for line in _lines(name, mail, why, told, legend, _Page(console, width, signs)):
        console.print(line, no_wrap=True, overflow="ignore", crop=False)


def terminal() -> Console:
    """Standard output as it wants to be written to: NO_COLOR and TERM are respected, a pipe gets plain text."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDEST)


@dataclass(frozen=True, slots=True)
class _Page:
    console: Console
    width: int
    signs: bool

    @property
    def span(self) -> int:
        """How wide the legend's column of words is: what a rule's name leaves of the width."""
        return max(LEAST_SPAN, min(LONGEST_SPAN, self.width - 50))

    def rule(self) -> Text:
        return Text("─" * self.width, "dim")

    def wrapped(self, text: Text, gutter: str, first: str | None = None) -> Iterator[Text]:
        """The text in lines of the page's width behind a gutter; ``first`` stands before the first line."""
        for number, line in enumerate(text.wrap(self.console, self.width - len(gutter)) or [Text()]):
            line.rstrip()
            yield Text.assemble((first if first is not None and number == 0 else gutter, "dim"), line)


def _legend(mail: Read, why: Sequence[Reasons]) -> Legend:
    """Number the spans; of one that speaks on several sides, the first use gives the style."""
    styled: dict[tuple[str, int, int], str] = {}
    spans = [(span, FOR) for each in why[:-1] for span in each.speaking]
    spans += [(span, AGAINST) for each in why[:-1] for span in each.against]
    spans += [(span, FIELD) for _, span in mail.understanding.field_evidence]
    spans += [(span, AGAINST) for each in why[-1:] for span in (*each.speaking, *each.against)]
    for span, style in spans:
        if span.where in ("subject", "body") and span.end > span.start:
            styled.setdefault((span.where, span.start, span.end), style)
    ordered = sorted(styled, key=lambda key: (key[0] != "subject", key[1], key[2]))
    numbers = {key: number for number, key in enumerate(ordered, 1)}
    marks = {
        where: tuple(Mark(key[1], key[2], numbers[key], styled[key]) for key in ordered if key[0] == where)
        for where in ("subject", "body")
    }
    return Legend(numbers, marks)


def _lines(
    name: str, mail: Read, why: Sequence[Reasons], told: Mapping[str, Any], legend: Legend, page: _Page
) -> Iterator[Text]:
    message = mail.message
    yield from _head(name, message, legend, page)
    yield page.rule()
    yield from _body(message, legend, page)
    yield page.rule()
    taken, other = (why, ()) if len(why) < 2 else (why[:-1], why[-1:])
    for each in taken:
        language = LANGUAGES.get(told["language"], told["language"])
        title = Text.assemble((each.label, "bold cyan"), f" {_chance(each.chance)}", (f"  in {language}", "dim"))
        yield from page.wrapped(title, "")
        yield from _sides(each, legend, page)
    yield from _fields(mail, told, legend, page)
    yield from _decision(told, page)
    for each in other:
        yield from _runner_up(each, taken, legend, page)
    yield Text()


def _head(name: str, message: Message, legend: Legend, page: _Page) -> Iterator[Text]:
    sender = message.from_[0] if message.from_ else None
    who = (f"{sender.name} <{sender.spec}>" if sender.name else sender.spec) if sender else "no usable sender"
    when = local(message.arrival) or "no date"
    head = Text.assemble((printable(name), "bold"), "  ", printable(who), "  ", (when, "dim"))
    yield from page.wrapped(head, "")
    subject = marked(printable(message.subject), 0, legend.marks["subject"], signs=page.signs, style="italic")
    yield from page.wrapped(subject if message.subject else Text("(no subject)", "dim"), "")
    if message.attachments:
        names = ", ".join(each.filename or each.true_type for each in message.attachments)
        yield from page.wrapped(Text(f"attached: {printable(names)}", "dim"), "")


def _body(message: Message, legend: Legend, page: _Page) -> Iterator[Text]:
    if not message.text.strip():
        yield Text("  (no text)", "dim")
    for section in message.sections:
        lines = list(_section(message, section, legend, page))
        most = MOST_LINES if section.kind in GUTTER else MOST_OTHER_LINES
        yield from lines[:most]
        if len(lines) > most:
            yield Text(f"  … {len(lines) - most} more lines of {_kind(section)}", "dim")


def _kind(section: Section) -> str:
    return {"quoted": "quoted history", "signature": "the signature"}.get(section.kind, "the mail")


def _section(message: Message, section: Section, legend: Legend, page: _Page) -> Iterator[Text]:
    """A section's lines without the empty ones at its ends; runs of empty lines become one."""
    dim = section.kind not in GUTTER
    gutter, at, empty = GUTTER.get(section.kind, "  ┊ "), section.start, 0
    begun = False
    for line in printable(message.text[section.start : section.end]).split("\n"):
        if line.strip():
            if empty and begun:
                yield Text(gutter.rstrip(), "dim")
            shown = marked(line, at, legend.marks["body"], signs=page.signs, style="dim" if dim else "")
            yield from page.wrapped(shown, gutter)
            empty, begun = 0, True
        else:
            empty += 1
        at += len(line) + 1


def _sides(each: Reasons, legend: Legend, page: _Page) -> Iterator[Text]:
    for title, spans, style in (("for", each.speaking, FOR), ("against", each.against, AGAINST)):
        for number, (words, rule, which) in enumerate(_told_once(spans, legend, page.span)):
            label = f"  {title if number == 0 else '':<{LABEL - 2}}"
            quoted = Text(f"«{words}»", "" if page.signs else style.replace(" underline", ""))
            gap = " " * max(1, page.span + 2 - quoted.cell_len)
            yield from page.wrapped(
                Text.assemble((f"{which:<5}", "dim"), quoted, gap, (rule, "dim")), " " * LABEL, label
            )


def _told_once(spans: Iterable[Evidence], legend: Legend, longest: int) -> Iterator[tuple[str, str, str]]:
    """Words, rule and number of each span; a rule that struck twice has both numbers on one line."""
    lines: dict[tuple[str, str], list[str]] = {}
    for span in spans:
        words = _short(span.text, longest)
        lines.setdefault((words, _rule(span.rule)), []).append(legend.of(span))
    for (words, rule), numbers in lines.items():
        yield words, rule, "".join(dict.fromkeys(numbers))


def _rule(rule: str) -> str:
    return "the model's word" if rule.startswith("model/") else rule


def _short(text: str, longest: int) -> str:
    words = " ".join(printable(text).split())
    shown = Text(words)
    shown.truncate(longest - 2, overflow="ellipsis")
    return shown.plain


def _fields(mail: Read, told: Mapping[str, Any], legend: Legend, page: _Page) -> Iterator[Text]:
    spans: dict[str, list[Evidence]] = {}
    for name, span in mail.understanding.field_evidence:
        spans.setdefault(name, []).append(span)
    said = {name: told["fields"][name] for name in UNDERLINED if told["fields"].get(name)}
    said |= {"form": mail.understanding.form.source} if mail.understanding.form else {}
    writer = mail.understanding.fields
    said |= (
        {"contact": ", ".join(filter(None, (writer.contact, writer.phone)))} if writer.contact or writer.phone else {}
    )
    said |= {"users": str(writer.users)} if writer.users else {}
    others = [f"{part} in {LANGUAGES.get(name, name)}" for part, name in mail.understanding.other_languages]
    said |= {"also": ", ".join(others)} if others else {}
    longest = max((len(name) for name in said), default=0)
    for number, (name, value) in enumerate(said.items()):
        values = ", ".join(value) if isinstance(value, list) else str(value)
        where = "".join(dict.fromkeys(legend.of(span) for span in spans.get(name, ())))
        title = Text(f"{name.replace('_', ' '):<{longest}}  ", "dim")
        line = Text.assemble(title, printable(values), " ", (where, "dim"))
        yield from page.wrapped(line, " " * LABEL, f"{'fields' if number == 0 else '':<{LABEL}}")


def _decision(told: Mapping[str, Any], page: _Page) -> Iterator[Text]:
    decision, reply = told["decision"], told["decision"]["reply"]
    how = f", by {decision['rule']}" if decision["rule"] else ", by no rule"
    sender = f"; sender {told['authenticity']['result']}"
    lines = [Text.assemble((decision["outcome"], OUTCOME[decision["outcome"]]), how, sender)]
    kinds = {each["type"] for each in told["requests"]}
    # What was found, and which row holds, stands above already.
    lines += [Text(f"because {printable(said)}") for said in decision["because"] if not _repeats(said, kinds)]
    lines += [Text(f"queued: {action_words(each['kind'])} ({PEOPLE[each['needs']]})") for each in decision["actions"]]
    if reply:
        to = printable(reply["to"])
        lines.append(Text(f"reply: {reply['template']} ({reply['kind']}, {reply['language']}) to {to}"))
    else:
        lines.append(Text("no reply"))
    for number, line in enumerate(lines):
        yield from page.wrapped(line, " " * LABEL, f"{'decision' if number == 0 else '':<{LABEL}}")


def _repeats(said: str, kinds: Iterable[str]) -> bool:
    return said.startswith(("Rule ", "The sender is proven")) or any(said.startswith(f"{kind} at ") for kind in kinds)


def _runner_up(each: Reasons, taken: Sequence[Reasons], legend: Legend, page: _Page) -> Iterator[Text]:
    odds = f", 1 to {round((1 - each.chance) / each.chance):,}" if each.chance >= 0.0005 else ""
    title = Text.assemble((each.label, "bold"), f" {_chance(each.chance)}{odds}")
    yield from page.wrapped(title, " " * LABEL, f"{'why not':<{LABEL}}")
    yield from _sides(each, legend, page)
    said = [] if each.speaking else ["no words of it are in the mail"]
    if each.speaking and not each.against:
        said.append(f"nothing speaks against it by itself; more speaks for {taken[0].label}" if taken else "")
    for words in filter(None, said):
        yield from page.wrapped(Text(words, "dim"), " " * LABEL)


def _chance(chance: float) -> str:
    return f"{min(chance, 0.999):.1%}".replace("%", " %") if chance >= 0.001 else "under 0.1 %"
