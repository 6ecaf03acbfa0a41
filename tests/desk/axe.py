"""What axe-core says of a page: what it finds, and what it cannot tell, each of which is settled here or is a fault."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, NamedTuple

from playwright.sync_api import Page

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
VERSION = (re.search(r"axe v([\d.]+)", AXE) or ["", "?"])[1]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# A mail's own frame holds what the customer wrote; its page is looked at by itself.
EVERYTHING: dict[str, Any] = {
    "iframes": False,
    "runOnly": TAGS,
    "resultTypes": ["violations", "incomplete"],
    "rules": {"target-size": {"enabled": True}},
}
COLOURS: dict[str, Any] = {
    "iframes": False,
    "runOnly": {"type": "rule", "values": ["color-contrast"]},
    "resultTypes": ["violations", "incomplete"],
}
# The contrast of an element's words with the nearest paper under them, as WCAG reckons it: words of a plot are filled.
CONTRAST = """window.contrastOf = (each) => {
  const parts = (colour) => (colour.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const opaque = (colour) => colour.startsWith('rgb(');
  const light = (colour) => { const [r, g, b] = parts(colour).map((n) => n / 255)
    .map((n) => n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ratio = (one, other) => { const [low, high] = [light(one), light(other)].sort((a, b) => a - b); return (high + 0.05) / (low + 0.05); };
  const paper = (from) => { for (let at = from; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor; if (opaque(colour)) return colour; } return 'rgb(255, 255, 255)'; };
  const style = getComputedStyle(each), words = each.ownerSVGElement ? style.fill : style.color;
  const edge = [style.borderTopColor, style.borderLeftColor];
  const hint = getComputedStyle(each, '::placeholder').color;
  return {hint: each.placeholder ? (opaque(hint) ? ratio(hint, paper(each)) : 0) : 21, words: opaque(words) ? ratio(words, paper(each)) : 0,
    edge: each.parentElement ? Math.max(ratio(edge[0], paper(each.parentElement)), ratio(paper(each), paper(each.parentElement))) : 21,
    ring: each.parentElement ? ratio(style.outlineColor, paper(style.outlineOffset.startsWith('-') ? each : each.parentElement)) : 21};
}"""
# Each line: what axe said, the rule, the element, why it cannot tell (a key of axe's), in words, and the contrast.
LOOK = """async (options) => { const found = await axe.run(document, options);
  const reason = (node) => [...node.any, ...node.all, ...node.none].map((each) => each.data && each.data.messageKey || '').join(' ').trim();
  const measured = (kind, rule, node) => kind === 'incomplete' && rule === 'color-contrast'
    ? contrastOf(document.querySelector(node.target[0])).words : 0;
  const lines = (kind) => found[kind].flatMap((rule) => rule.nodes.map((node) => [kind, rule.id, node.target.flat().join(' '),
    reason(node), (node.failureSummary || '').replace(/\\s+/g, ' '), measured(kind, rule.id, node)]));
  return [found.passes.map((rule) => rule.id), [...lines('violations'), ...lines('incomplete')]]; }"""


class Finding(NamedTuple):
    """One element that a rule has something to say of; ``kind`` is axe's: violations, or incomplete.

    ``contrast`` is what we measured where axe could not tell.
    """

    kind: str
    rule: str
    target: str
    reason: str
    words: str
    contrast: float

    def __str__(self) -> str:
        doubt = "cannot tell: " if self.kind == "incomplete" else ""
        return f"{doubt}{self.rule}: {self.target}: {self.reason} {self.words} {self.contrast:.1f}"


class Settled(NamedTuple):
    """What axe cannot tell and we can: the rule, the elements, the least contrast that must be measured, and why."""

    rule: str
    target: str
    contrast: float
    why: str

    def covers(self, found: Finding) -> bool:
        """Whether it is this one."""
        same = found.kind == "incomplete" and found.rule == self.rule and found.contrast >= self.contrast
        return same and re.search(self.target, found.target) is not None


SETTLED = (
    Settled("color-contrast", "", 4.5, "Words over a plot, under a menu or at an edge: their contrast with the paper "
            "under them is measured here, and is that of WCAG 1.4.3."),
    Settled("target-size", r"name=.?mark|type=.?checkbox|value=", 0, "A row's box is pressed by its label, which is 32 by 36 "
            "pixels: the test of all pages measures it, and all else that is pressed."),
    Settled("frame-tested", r"^iframe$", 0, "What the customer wrote, in a frame without scripts: axe cannot run in it. "
            "The frame has a title, and the same mail stands beside it as plain text."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of one look: rules passed, faults, and how many doubts were settled."""

    passed: frozenset[str]
    faults: Sequence[Finding]
    settled: int


def look(page: Page, options: dict[str, Any] = EVERYTHING) -> Looked:
    """Let axe look at the page as it stands."""
    # Half a megabyte, which goes to a page once.
    if not page.evaluate("'axe' in window"):
        page.evaluate(f"{AXE}; {CONTRAST}; null")
    passed, lines = page.evaluate(LOOK, options)
    found = [Finding(*each) for each in lines]
    faults = [each for each in found if not any(known.covers(each) for known in SETTLED)]
    return Looked(frozenset(passed), faults, len(found) - len(faults))
