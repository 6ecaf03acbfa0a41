"""What axe-core says of every page, in both themes and languages, at full width, twice the size and on a phone.

`python -m tests.desk.axe_report` prints it (some minutes); `--write` puts the table into docs/accessibility.md.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser

from processor.desk import passwords
from processor.desk.language import LANGUAGES
from tests.bench.browser import chromium
from tests.desk import axe
from tests.desk.conftest import QUICK
from tests.desk.test_browser import served
from tests.desk.walk import Walk, everywhere, furnished, unfold, unseen, walk

DOCS = Path(__file__).parent.parent.parent / "docs" / "accessibility.md"
BEGIN, END = "<!-- axe: begin -->", "<!-- axe: end -->"
THEMES = ("light", "dark")
# Full width, 1280 pixels at twice the size, and a phone.
WIDTHS = (1280, 640, 360)


@dataclass
class Page:
    """What was found on a page, over all the states it was seen in; the rules that it passed in each of them."""

    states: int = 0
    passed: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    found: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    settled: int = 0


def named(name: str) -> str:
    """A page by its route: the numbers and secrets in its path are others each time."""
    path = re.sub(r"\bVS-\w{4}-\w{4}\b", "{number}", name.partition("?")[0])
    return re.sub(r"/people/\d+", "/people/{person}", re.sub(r"/link/.*", "/link/{secret}", path))


@dataclass
class Report:
    """What there is to say of each page, and every fault, over all languages."""

    pages: dict[str, Page] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def look(self, at: Walk, name: str) -> None:
        """Let axe look at a page in each theme at each width, and print what it says."""
        page = self.pages.setdefault(named(name), Page())
        page.states += at.language == LANGUAGES[0]
        unfold(at.page)
        for theme, width, looked in looks(at):
            key = (at.language, theme)
            page.passed[key] = page.passed.get(key, looked.passed) | looked.passed
            page.found[key] += len(looked.faults)
            page.settled += looked.settled
            print(f"{named(name):44} {at.language} {theme:5} {width:4} {len(looked.passed):2} rules passed, "
                  f"{len(looked.faults)} found, {looked.settled} settled", flush=True)  # fmt: skip
            for each in looked.faults:
                print(f"    {each}", flush=True)
                self.faults.append(f"{named(name)}, {at.language}, {theme}, {width}: {each}")


def report(browser: Browser, languages: Sequence[str]) -> Report:
    """Walk through everything in each language."""
    made = Report()
    for language in languages:
        with tempfile.TemporaryDirectory() as folder:
            for room in furnished(Path(folder)):
                with served(room) as address:
                    at = walk(browser, address, room, made.look, language)
                    everywhere(at)
                    made.faults += at.faults + [f"not looked at: {each}" for each in unseen(at)]
                    at.page.context.close()
    return made


def looks(at: Walk) -> Iterator[tuple[str, int, axe.Looked]]:
    """Each theme at each width."""
    for theme in THEMES:
        at.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        for width in WIDTHS:
            at.page.set_viewport_size({"width": width, "height": 800})
            yield theme, width, axe.look(at.page)
    at.page.emulate_media(color_scheme="light")
    at.page.set_viewport_size({"width": 1280, "height": 800})


def table(pages: Mapping[str, Page]) -> str:
    """The report for docs/accessibility.md: how many of axe's rules each page passed, and what was found."""
    keys = [(language, theme) for language in LANGUAGES for theme in THEMES]
    lines = [
        f"axe-core {axe.VERSION}, rules for {', '.join(axe.TAGS)}; each page at {', '.join(map(str, WIDTHS))} pixels.",
        "",
        "| page | states | " + " | ".join(f"{language}, {theme}" for language, theme in keys) + " | settled |",
        "| --- | ---: | " + " | ".join("---" for _ in keys) + " | ---: |",
    ]
    for name, page in sorted(pages.items()):
        cells = [f"{len(page.passed[key])} passed, {page.found[key]} found" for key in keys]
        lines.append(f"| `{name}` | {page.states} | {' | '.join(cells)} | {page.settled} |")
    return "\n".join(lines)


def settled() -> str:
    """What axe cannot tell and the tests settle, as a list."""
    return "\n".join(f"- `{each.rule}`: {each.why}" for each in axe.SETTLED)


def written(pages: Mapping[str, Page]) -> str:
    """The document with this report in it."""
    before, _, rest = DOCS.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n{table(pages)}\n\n{settled()}\n{END}{after}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into docs/accessibility.md")
    asked = parser.parse_args()
    passwords.HASHER = QUICK
    with chromium() as browser:
        made = report(browser, LANGUAGES)
    print(table(made.pages))
    print("\n".join(made.faults) or "axe-core finds nothing.")
    if asked.write and not made.faults:
        DOCS.write_text(written(made.pages), encoding="utf-8")
    return 1 if made.faults else 0


if __name__ == "__main__":
    sys.exit(main())
