"""Plots as SVG: bars, lines, a grid of shades, dots against a diagonal; pure, in the page's own colours.

Colours are classes, so that the style sheet's variables give them in both themes and on paper.  Each plot has a
title and a description for who does not see it; the numbers themselves stand in a table beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 12, 36
LETTER = 6.5
SHADES = 5
"""Colours of parts, c0 to c5 of the style sheet, and shades of one colour, s0 to s5."""
COLOURS = 6


@dataclass(frozen=True, slots=True)
class Series:
    """One colour of a plot: its name and a value for each place, None where there is none."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Told:
    """A plot's title, and one sentence for those who do not see it."""

    title: str
    text: str


def stacked(told: Told, places: Sequence[str], series: Sequence[Series]) -> Markup:
    """Bars, one for each place, each of the series upon the one before."""
    top = _round_up(max((sum(each.values[at] or 0 for each in series) for at in range(len(places))), default=0))
    step = (WIDTH - LEFT - RIGHT) / max(len(places), 1)
    parts = [_axes(top), *_ticks(places, step)]
    for at, place in enumerate(places):
        below = 0.0
        for number, each in enumerate(series):
            value = each.values[at] or 0
            if value:
                x, y = LEFT + at * step + step * 0.12, _y(below + value, top)
                height = _y(below, top) - y
                says = f"{place}, {each.name}: {_number(value)}"
                parts.append(_rect(x, y, step * 0.76, height, f"c{number % COLOURS}", says))
            below += value
    return _svg(told, parts)


def beside(told: Told, places: Sequence[str], series: Sequence[Series], per_cent: bool = False) -> Markup:
    """Bars, those of one place side by side; ``per_cent`` for shares between 0 and 1."""
    top = 1 if per_cent else _round_up(max((value or 0 for each in series for value in each.values), default=0))
    step = (WIDTH - LEFT - RIGHT) / max(len(places), 1)
    width = step * 0.8 / max(len(series), 1)
    room = max(int(step / LETTER), 3)
    short = [place if len(place) <= room else f"{place[: room - 1]}…" for place in places]
    parts = [_axes(top, per_cent), *_ticks(short, step, every=1)]
    for at, place in enumerate(places):
        for number, each in enumerate(series):
            value = each.values[at] or 0
            if value:
                x, y = LEFT + at * step + step * 0.1 + number * width, _y(value, top)
                says = f"{place}, {each.name}: {_per_cent(value) if per_cent else _number(value)}"
                parts.append(_rect(x, y, width * 0.92, _y(0, top) - y, f"c{number % COLOURS}", says))
    return _svg(told, parts)


def lines(told: Told, places: Sequence[str], series: Sequence[Series]) -> Markup:
    """Shares between 0 and 1 over time; a place without a value breaks the line."""
    step = (WIDTH - LEFT - RIGHT) / max(len(places), 1)
    parts = [_axes(1, per_cent=True), *_ticks(places, step)]
    for number, each in enumerate(series):
        points = [
            None if value is None else (LEFT + (at + 0.5) * step, _y(value, 1)) for at, value in enumerate(each.values)
        ]
        for run in _runs(points):
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in run)
            parts.append(Markup('<polyline class="l{}" points="{}"/>').format(number % COLOURS, path))
        for at, point in enumerate(points):
            if point:
                says = f"{places[at]}, {each.name}: {_per_cent(each.values[at] or 0)}"
                parts.append(_dot(*point, 3, f"c{number % COLOURS}", says))
    return _svg(told, parts)


def grid(told: Told, rows: Sequence[str], columns: Sequence[str], values: Sequence[Sequence[float]]) -> Markup:
    """A square for each row and column, the darker the more."""
    most = max((value for row in values for value in row), default=0)
    wide = (WIDTH - LEFT - RIGHT) / max(len(columns), 1)
    high = (HEIGHT - TOP - BOTTOM) / max(len(rows), 1)
    parts = []
    for down, (row, name) in enumerate(zip(values, rows, strict=True)):
        parts.append(_text(LEFT - 6, TOP + (down + 0.5) * high + 4, name, "end"))
        for across, value in enumerate(row):
            shade = math.ceil(value / most * SHADES) if most else 0
            x, y = LEFT + across * wide, TOP + down * high
            parts.append(_rect(x, y, wide - 2, high - 2, f"s{shade}", f"{name} {columns[across]}: {_number(value)}"))
    return _svg(told, [*parts, *_ticks(columns, wide)])


def calibration(told: Told, x_name: str, y_name: str, dots: Sequence[tuple[float, float, int]]) -> Markup:
    """Dots of (confidence, share that was right, how many); on the diagonal a confidence means what it says."""
    side, margin = 260, 44
    many = sum(count for _, _, count in dots) or 1
    parts: list[Markup] = [
        Markup('<rect class="frame" x="{0}" y="{1}" width="{2}" height="{2}"/>').format(margin, TOP, side),
        Markup('<line class="even" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(margin, TOP + side, margin + side, TOP),
    ]
    for share in (0.0, 0.5, 1.0):
        parts.append(_text(margin + share * side, TOP + side + 14, _per_cent(share), "middle"))
        parts.append(_text(margin - 6, TOP + (1 - share) * side + 4, _per_cent(share), "end"))
    for sure, right, count in dots:
        radius = 3 + 12 * math.sqrt(count / many)
        says = f"{x_name} {_per_cent(sure)}, {y_name} {_per_cent(right)} ({count})"
        parts.append(_dot(margin + sure * side, TOP + (1 - right) * side, radius, "c0 soft", says))
    parts.append(_text(margin + side / 2, TOP + side + 30, x_name, "middle"))
    return _svg(told, parts, margin + side + 60, side + TOP + 40, "plot square")


def _svg(told: Told, parts: Sequence[Markup], width: int = WIDTH, height: int = HEIGHT, style: str = "plot") -> Markup:
    start = Markup('<svg class="{}" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title><desc>{}</desc>')
    label = f"{told.title}. {told.text}"
    return start.format(style, width, height, label, told.title, told.text) + Markup("").join(parts) + Markup("</svg>")


def _axes(top: float, per_cent: bool = False) -> Markup:
    """Four lines across with what they stand for."""
    parts = []
    for quarter in range(5):
        value = top * quarter / 4
        y = _y(value, top)
        parts.append(
            Markup('<line class="axis" x1="{}" y1="{:.1f}" x2="{}" y2="{:.1f}"/>').format(LEFT, y, WIDTH - RIGHT, y)
        )
        parts.append(_text(LEFT - 6, y + 4, _per_cent(value) if per_cent else _number(value), "end"))
    return Markup("").join(parts)


def _ticks(places: Sequence[str], step: float, every: int = 0) -> Iterator[Markup]:
    """The names below: each so many, or as many as have room."""
    longest = max((len(place) for place in places), default=1)
    every = every or max(1, math.ceil((longest * LETTER + 8) / step))
    for at in range(0, len(places), every):
        yield _text(LEFT + (at + 0.5) * step, HEIGHT - BOTTOM + 16, places[at], "middle")


def _rect(x: float, y: float, width: float, height: float, style: str, says: str) -> Markup:
    shape = Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}</title></rect>')
    return shape.format(style, x, y, max(width, 0.5), max(height, 0.5), says)


def _dot(x: float, y: float, radius: float, style: str, says: str) -> Markup:
    shape = Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="{:.1f}"><title>{}</title></circle>')
    return shape.format(style, x, y, radius, says)


def _text(x: float, y: float, words: str, anchor: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(x, y, anchor, escape(words))


def _y(value: float, top: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value / top if top else 0))


def _round_up(most: float) -> float:
    """The next round number whose quarters are round too."""
    scale = 10.0 ** max(math.floor(math.log10(most)) - 1, 0) if most > 0 else 1.0
    return next(4 * lead * scale for lead in (1, 2, 3, 4, 5, 6, 8, 10, 20, 30) if 4 * lead * scale >= most)


def _runs(points: Sequence[tuple[float, float] | None]) -> Iterator[list[tuple[float, float]]]:
    """The stretches without a gap, of two points at least."""
    run: list[tuple[float, float]] = []
    for point in (*points, None):
        if point is not None:
            run.append(point)
            continue
        if len(run) > 1:
            yield run
        run = []


def _per_cent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else f"{value:.1f}"
