"""How often staff agreed with the program, as panels: by type and week, by confidence, by rule; pure."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from processor.desk import charts, figures
from processor.desk.charts import Series, Told
from processor.desk.insight import NONE, Panel, Panels
from processor.store.happened import BINS, Count, Measure

MOST_RULES = 20


def agreement(panels: Panels) -> Panel:
    """The share that staff agreed with, by type and week."""
    say, counts, period = panels.say, panels.counts, panels.period
    steps = figures.by_step(counts, period)
    names = [
        name for name in figures.names(counts, Measure.SAID) if figures.agreement(_said(counts, name).items()).judged
    ]
    title = say("How often staff agreed")
    text = say("Of the decisions that staff confirmed, changed or rejected, and the mails that were missed.")
    # The newest first, since a long table is cut at the right.
    head, rows, series = [say("Type")], [], []
    head += [say("Together"), *(panels.step(day) for day, _ in reversed(steps))]
    for name in names:
        weekly = [figures.agreement(_said(each, name).items()) for _, each in steps]
        whole = figures.agreement(_said(counts, name).items())
        shown = [
            f"{panels.per_cent(each.agreed)} ({each.judged})" if each.judged else NONE
            for each in (whole, *reversed(weekly))
        ]
        rows.append((panels.type(name), *shown))
        series.append(Series(panels.type(name), [each.agreed for each in weekly]))
    drawn = series[: charts.COLOURS]
    svg = charts.lines(Told(title, text), [panels.step(day) for day, _ in steps], drawn)
    legend = [(f"c{number}", each.name) for number, each in enumerate(drawn)]
    return Panel(title, head, rows, svg, legend, text)


def calibration(panels: Panels) -> Panel:
    """What the program's confidence was worth: beside it, the share that staff agreed with."""
    say, dots = panels.say, figures.calibration(panels.counts)
    title = say("How sure, and how right")
    text = say("On the diagonal, a confidence means what it says. Below it the program was too sure of itself.")
    confidence, agreed = say("Confidence"), say("Staff agreed")
    svg = charts.calibration(Told(title, text), confidence, agreed, dots)
    half = 0.5 / BINS
    rows = [
        (f"{panels.per_cent(sure - half)} – {panels.per_cent(sure + half)}", str(count), panels.per_cent(right))
        for sure, right, count in dots
    ]
    return Panel(title, (confidence, say("Judged"), agreed), rows, svg, note=text)


def rules(panels: Panels) -> Panel:
    """The rules that were overruled, the most often first, with where to see on which tickets."""
    say, counts, period = panels.say, panels.counts, panels.period
    found = [
        (name, figures.agreement(_said(counts, name, Measure.RULE).items(), Measure.RULE))
        for name in figures.names(counts, Measure.RULE)
    ]
    ranked = sorted((each for each in found if each[1].overruled), key=lambda each: (-each[1].overruled, each[0]))
    head = (say("Rule"), say("Overruled"), say("Changed"), say("Rejected"), say("Confirmed"), say("Share overruled"))
    rows = []
    for name, said in ranked[:MOST_RULES]:
        overruled = panels.per_cent(figures.share(said.overruled, said.judged))
        rows.append((name, *(str(n) for n in (said.overruled, said.changed, said.rejected, said.confirmed)), overruled))
    span = f"from={period.first}&to={period.last}"
    links = {name: f"/insight/rule?name={quote(name, safe='')}&{span}" for name, _ in ranked[:MOST_RULES]}
    note = "" if rows else say("No rule was overruled in this time.")
    return Panel(say("Rules that were overruled most"), head, rows, links=links, note=note)


def _said(counts: Mapping[Count, int], name: str, measure: Measure = Measure.SAID) -> dict[Count, int]:
    return {key: count for key, count in counts.items() if key.name == name and key.measure == measure}
