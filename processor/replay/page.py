"""A replay as one HTML file for a manager: no script, nothing fetched, light and dark as the reader has it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from zoneinfo import ZoneInfo

from processor.replay.difference import KINDS, Difference, changes, word_diff
from processor.replay.judging import STANDS
from processor.replay.totals import Aside, Totals

OSLO = ZoneInfo("Europe/Oslo")
COUNTED = {
    "same": "would be decided the same to the last byte",
    "alike": "would be decided alike; only how sure the program is has moved",
    "changed": "would be decided otherwise",
    "no_bytes": "could not be tried: their bytes are no longer kept",
    "no_record": "could not be compared: what was stored with their decision is no longer kept",
    "failed": "broke the program; see below",
}
STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --soft: #5c6470; --line: #d5d9df; --page: #fff; --card: #f6f7f9;
  --was: #a3231b; --was-bg: #fdeceb; --new: #17652d; --new-bg: #e6f5ea; --mark: #1d4e89; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --soft: #9aa3af; --line: #3a404a; --page: #15181c;
  --card: #1d2127; --was: #ff9a92; --was-bg: #3b1a18; --new: #8bdc9f; --new-bg: #15301d; --mark: #8ab8f0; } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 4rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif }
h1 { font-size: 1.6rem; margin: 0 0 .25rem } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem }
h3 { font-size: 1rem; margin: 0 0 .5rem } p { margin: .3rem 0 } .soft { color: var(--soft) }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .3rem .6rem .3rem 0;
  border-bottom: 1px solid var(--line); vertical-align: top } th { font-weight: 600 }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; padding-right: 1rem; white-space: nowrap; width: 1% }
.broken { color: var(--was) } .mended { color: var(--new) }
.change { border: 1px solid var(--line); border-radius: 8px; padding: 1rem; margin: 0 0 1rem; background: var(--card) }
details { margin: .4rem 0 } summary { cursor: pointer } summary:focus-visible { outline: 2px solid var(--mark) }
del { background: var(--was-bg); color: var(--was) } ins { background: var(--new-bg); color: var(--new) }
ins { text-decoration: none } .letter { white-space: pre-wrap; overflow-wrap: anywhere; border-left: 3px solid
  var(--line); padding: .2rem 0 .2rem .9rem; margin: .5rem 0 } td { overflow-wrap: anywhere }
@media print { details > * { display: block } }
"""


def html_page(title: str, about: list[tuple[str, str]], totals: Totals, aside: Aside) -> Iterator[str]:
    """The file's text, piece by piece; ``about`` says what was tried."""
    yield head(title)
    yield f"<h1>{escape(title)}</h1>\n<p class='soft'>Nothing was sent, stored or changed.</p>\n"
    yield _table("", [(escape(name), escape(value)) for name, value in about])
    yield f"<h2>{totals.mails:,} mails</h2>\n"
    yield _counted([(totals.counts[name], words) for name, words in COUNTED.items() if totals.counts[name]])
    if totals.kinds:
        yield "<h2>What would differ</h2>\n<p class='soft'>One mail may differ in several ways.</p>\n"
        yield _counted([(totals.kinds[kind], words) for kind, words in KINDS.items() if totals.kinds[kind]])
    yield from _by_staff(totals)
    yield from _moves(totals)
    yield from _changes(aside)
    if totals.faults:
        yield "<h2>Mails that broke the program</h2>\n"
        yield _table("", [(f"m{number}", escape(error)) for number, error in totals.faults])
    yield "</body></html>\n"


def head(title: str, language: str = "en") -> str:
    """The beginning of a report's file, up to its first heading."""
    return (
        f"<!doctype html>\n<html lang='{language}'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>\n"
    )


def _table(heading: str, rows: list[tuple[str, str]]) -> str:
    top = f"<tr><th>{heading}</th><th></th></tr>" if heading else ""
    return f"<table>{top}{''.join(f'<tr><td>{a}</td><td>{b}</td></tr>' for a, b in rows)}</table>\n"


def _counted(rows: list[tuple[int, str]]) -> str:
    return (
        f"<table>{''.join(f'<tr><td class=n>{n:,}</td><td>{escape(words)}</td></tr>' for n, words in rows)}</table>\n"
    )


def _by_staff(totals: Totals) -> Iterator[str]:
    if not totals.stands:
        return
    yield "<h2>What staff have said of these decisions</h2>\n"
    yield _counted([(totals.stands[stand], words) for stand, words in STANDS.items() if totals.stands[stand]])
    if totals.overruled:
        yield "<p class='soft'>Overruled, and nothing would change:</p>\n<table>"
        yield "<tr><th>mail</th><th>would be taken for</th><th>staff said</th></tr>"
        for each in totals.overruled:
            cells = (f"{each.ticket_no} · {each.sender} · {each.subject}", each.decided, each.staff.said)
            yield f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        yield "</table>\n"


def _moves(totals: Totals) -> Iterator[str]:
    for kind in dict.fromkeys(kind for kind, _, _ in totals.moves):
        yield f"<h2>{escape(KINDS[kind].capitalize())}: from what to what</h2>\n<table>"
        yield "<tr><th class=n>mails</th><th>decided then</th><th>would be decided</th></tr>"
        for (of_kind, old, new), count in totals.moves.most_common():
            if of_kind == kind:
                yield f"<tr><td class=n>{count:,}</td><td>{escape(old)}</td><td>{escape(new)}</td></tr>"
        yield "</table>\n"


def _changes(aside: Aside) -> Iterator[str]:
    for number, (count, shown) in enumerate(aside.changes()):
        if number == 0:
            yield "<h2>The mails</h2>\n<p class='soft'>Mails that change in the same way stand together.</p>\n"
        first = shown[0]
        kinds = ", ".join(KINDS[kind] for kind in first.kinds)
        rules = f"{', '.join(first.old.rule) or 'no rule'} → {', '.join(first.new.rule) or 'no rule'}"
        yield f"<section class='change'><h3>{count:,} mail{'s' if count != 1 else ''}: {escape(kinds)}</h3>\n"
        yield f"<p class='soft'>{escape(rules)}</p>\n"
        if first.staff:
            yield f"<p class='{first.staff.stand}'>{escape(STANDS[first.staff.stand].capitalize())}.</p>\n"
        for each in shown:
            yield _mail(each, opened=each is first)
        if count > len(shown):
            yield f"<p class='soft'>and {count - len(shown):,} more mails like these</p>\n"
        yield "</section>\n"


def _mail(difference: Difference, *, opened: bool) -> str:
    when = difference.arrived_at.astimezone(OSLO).strftime("%d.%m.%Y kl. %H.%M")
    title = f"{difference.ticket_no} · {when} · {difference.sender} · {difference.subject or '(no subject)'}"
    rows = "".join(
        f"<tr><th>{escape(KINDS[kind])}</th><td><del>{escape(old)}</del></td><td><ins>{escape(new)}</ins></td></tr>"
        for kind, old, new in changes(difference)
    )
    if difference.staff:
        rows += f"<tr><th>staff said</th><td colspan='2'>{escape(difference.staff.said)}</td></tr>"
    return (
        f"<details{' open' if opened else ''}><summary>{escape(title)}</summary>\n"
        f"{f'<table>{rows}</table>' if rows else ''}{_letter(difference)}</details>\n"
    )


def _letter(difference: Difference) -> str:
    if difference.old.text == difference.new.text:
        return ""
    marks = {"same": "{}", "old": "<del>{}</del>", "new": "<ins>{}</ins>"}
    words = "".join(
        marks[what].format(escape(text)) for what, text in word_diff(difference.old.text, difference.new.text)
    )
    return f"<div class='letter'>{words}</div>"
