"""Draw the outbox's states: ``python docs/outbox.py`` writes docs/outbox.svg from the table that the program goes by."""

from __future__ import annotations

from collections import defaultdict
from math import hypot
from pathlib import Path

from processor.store.transitions import TRANSITIONS
from processor.ticket import OutboxState as S

WIDTH, HEIGHT, BOX, LINE = 1080, 430, (104, 38), 14
PLACES = {
    S.DRAFT: (100, 70),
    S.HELD: (100, 210),
    S.READY: (360, 140),
    S.RETRY: (360, 310),
    S.SENDING: (620, 140),
    S.FAILED: (620, 310),
    S.SENT: (880, 60),
    S.UNKNOWN: (880, 220),
    S.BOUNCED: (1010, 140),
    S.CANCELLED: (100, 310),
}
COLOURS = {
    "waits for a person": ("#fdebc8", (S.DRAFT, S.HELD, S.UNKNOWN, S.FAILED)),
    "on its way": ("#d6e6fa", (S.READY, S.RETRY, S.SENDING)),
    "ended": ("#d9efd9", (S.SENT, S.BOUNCED, S.CANCELLED)),
}
# How far the line between two states is bent; those of one state and the resends have roads of their own.
BENDS = {
    (S.HELD, S.READY): -18,
    (S.READY, S.HELD): -18,
    (S.SENDING, S.READY): 70,
    (S.SENDING, S.RETRY): 22,
    (S.RETRY, S.SENDING): 22,
}
# Where on its line, from 0 to 1, the name of a move stands if not in the middle.
ALONG = {
    (S.RETRY, S.SENDING): 0.3,
    (S.SENDING, S.RETRY): 0.3,
    (S.READY, S.FAILED): 0.78,
    (S.HELD, S.READY): 0.35,
    (S.READY, S.HELD): 0.6,
}
# Said in words under the picture: lines from nearly everywhere would hide the rest.
IN_WORDS = {"cancel", "answered", "restored", "draft_again", "held_again", "hold", "undo", "reinstate", "doubt_again"}
STYLE = (
    "text{font:13px sans-serif;text-anchor:middle;fill:#222}.s{font-weight:bold}"
    ".e{paint-order:stroke;stroke:#fff;stroke-width:5px;font-style:italic}"
    "path{fill:none;stroke:#555;stroke-width:1.4}rect{stroke:#555;stroke-width:1.2}"
)


def drawing() -> str:
    """The picture as SVG; raises KeyError for a state without a place."""
    lines = defaultdict(list)
    for name, move in TRANSITIONS.items():
        for source in move.sources if name not in IN_WORDS else ():
            lines[(source, move.target)].append(name)
    paths = [_line(source, target, ", ".join(names)) for (source, target), names in lines.items()]
    boxes = [_box(state, colour) for colour, states in COLOURS.values() for state in states]
    assert len(boxes) == len(S)
    legend = [_legend(*each) for each in enumerate((said, colour) for said, (colour, _) in COLOURS.items())]
    arrow = (
        '<defs><marker id="a" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 1L9 5L0 9" style="fill:#555"/></marker></defs>'
    )
    words = "A person may cancel whatever has not left; so does a colleague's own reply (answered), but not of unknown."
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        "<title>The states of a reply</title>",
        f'<style>{STYLE}</style>{arrow}<rect width="100%" height="100%" style="fill:#fff;stroke:none"/>',
        *paths,
        *boxes,
        *legend,
        f'<text x="760" y="418">{words}</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _line(source: S, target: S, label: str) -> str:
    (x1, y1), (x2, y2) = PLACES[source], PLACES[target]
    if source == target:
        path = f"M{x1 - 20} {y1 + BOX[1] / 2}q20 46 40 0"
        return _arrow(path, x1, y1 + 54, label)
    if label == "resend":
        # Below all others, and up on the left of the goal.
        left, low = x2 - BOX[0] / 2, 372
        path = f"M{x1} {y1 + BOX[1] / 2}V{low}H{left - 50}V{y2 + 8}H{left}"
        return _arrow(path, x1 - 60, low + 4, label)
    length = hypot(x2 - x1, y2 - y1)
    bend = BENDS.get((source, target), 0)
    # A control point beside the middle, on the left of who goes.
    mx, my = (x1 + x2) / 2 + bend * (y2 - y1) / length, (y1 + y2) / 2 - bend * (x2 - x1) / length
    (ax, ay), (bx, by) = _edge(x1, y1, mx, my), _edge(x2, y2, mx, my)
    t = ALONG.get((source, target), 0.5)
    at_x, at_y = ((1 - t) ** 2 * a + 2 * t * (1 - t) * m + t**2 * b for a, m, b in ((ax, mx, bx), (ay, my, by)))
    return _arrow(f"M{ax:.0f} {ay:.0f}Q{mx:.0f} {my:.0f} {bx:.0f} {by:.0f}", at_x, at_y + 4, label)


def _edge(x: float, y: float, to_x: float, to_y: float) -> tuple[float, float]:
    """Where a line from the middle of a box to a point leaves the box."""
    dx, dy = to_x - x, to_y - y
    share = min(BOX[0] / 2 / abs(dx) if dx else 9.0, BOX[1] / 2 / abs(dy) if dy else 9.0)
    return x + dx * share, y + dy * share


def _arrow(path: str, x: float, y: float, label: str) -> str:
    said = "".join(
        f'<tspan x="{x:.0f}" dy="{LINE if number else 0}">{each}</tspan>'
        for number, each in enumerate(label.replace("_", " ").split(", "))
    )
    return f'<path d="{path}" marker-end="url(#a)"/><text class="e" x="{x:.0f}" y="{y:.0f}">{said}</text>'


def _box(state: S, colour: str) -> str:
    x, y = PLACES[state]
    corner = f'x="{x - BOX[0] / 2:.0f}" y="{y - BOX[1] / 2:.0f}" width="{BOX[0]}" height="{BOX[1]}"'
    return f'<rect {corner} rx="8" style="fill:{colour}"/><text class="s" x="{x}" y="{y + 5}">{state.value}</text>'


def _legend(number: int, shown: tuple[str, str]) -> str:
    said, colour = shown
    x = 60 + 150 * number
    box = f'<rect x="{x - 30}" y="406" width="16" height="16" rx="3" style="fill:{colour}"/>'
    return f'{box}<text x="{x - 8}" y="418" style="text-anchor:start">{said}</text>'


def main() -> None:
    (Path(__file__).parent / "outbox.svg").write_text(drawing(), encoding="utf-8")


if __name__ == "__main__":
    main()
