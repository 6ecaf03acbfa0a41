"""The figures of a cross-validation as text and as a plot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from processor.training.measure import COSTS, WORSE, Tried, alone, figures, label_f1
from processor.training.thresholds import lower_bound, target
from processor.training.train import BENT, WRITTEN_FOR

EDGES = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1.0001)
SIDE = 320
MARGIN = 40
SCALE = 50
LONGEST_WHY = 230


def report(tried: Sequence[Tried], answer_from: Mapping[str, float], worst: int = 10) -> str:
    """All of the tables, ready to print."""
    usual = [each for each in tried if each.source not in WRITTEN_FOR | BENT]
    parts = [
        _figures(tried),
        _types(tried),
        _alone("Decided without a person", tried, answer_from),
        _alone("The same of ordinary mails that nobody wrote patterns for", usual, answer_from),
        _curves(tried),
        _reliability(tried),
    ]
    return "\n\n".join("\n".join(part) for part in [*parts, _costs(tried), _confusion(tried), _worst(tried, worst)])


def _figures(tried: Sequence[Tried]) -> Iterator[str]:
    names = list(figures(tried))
    yield "set        " + " ".join(f"{name[:14]:>14}" for name in names)
    for source in [*sorted({each.source for each in tried}), "all"]:
        found = figures([each for each in tried if source in (each.source, "all")])
        yield f"{source:10} " + " ".join(f"{found[name]:14.4g}" for name in names)


def _types(tried: Sequence[Tried]) -> Iterator[str]:
    yield f"{'type':24}{'mails':>7}{'precision':>11}{'recall':>9}{'F1':>8}"
    for label, count in Counter(each.right for each in tried).most_common():
        hits = sum(each.right == each.found == label for each in tried)
        found = sum(each.found == label for each in tried)
        yield f"{label:24}{count:7}{hits / max(1, found):11.3f}{hits / count:9.3f}{label_f1(tried, label):8.3f}"


def _alone(title: str, tried: Sequence[Tried], answer_from: Mapping[str, float]) -> Iterator[str]:
    yield f"{title}; the bound is what is shown with 95 % confidence (Clopper-Pearson, one-sided):"
    yield f"{'type':24}{'mails':>7}{'alone':>7}{'right':>7}{'share':>8}{'bound':>8}{'goal':>8}{'from':>9}"
    counts = alone(tried)
    for label in sorted({each.found for each in tried}):
        count, right = counts.get(label, (0, 0))
        bound = lower_bound(right, count) if count else 0.0
        reached = right >= target(label) * count
        shown = "" if bound >= target(label) else "  the bound is not shown yet" if reached else "  UNDER ITS GOAL"
        yield (
            f"{label:24}{sum(each.found == label for each in tried):7}{count:7}{right:7}{right / max(1, count):8.3f}"
            f"{bound:8.3f}{target(label):8.3f}{answer_from.get(label, 0.0):9.4f}{shown}"
        )


def _curves(tried: Sequence[Tried]) -> Iterator[str]:
    shares = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    yield "Precision of the surest share of each type's mails (coverage against precision):"
    yield f"{'type':24}" + "".join(f"{share:8.0%}" for share in shares)
    for label in sorted({each.found for each in tried}):
        ranked = sorted((each for each in tried if each.found == label), key=lambda each: -each.confidence)
        cut = [ranked[: max(1, round(share * len(ranked)))] for share in shares]
        yield f"{label:24}" + "".join(f"{sum(e.right == label for e in part) / len(part):8.3f}" for part in cut)


def bins(tried: Iterable[Tried]) -> list[tuple[int, float, float]]:
    """By confidence: how many mails, how sure we were, how often that was right."""
    result = []
    mails = list(tried)
    for low, high in pairwise(EDGES):
        inside = [each for each in mails if low <= each.confidence < high]
        if inside:
            sure = sum(each.confidence for each in inside) / len(inside)
            result.append((len(inside), sure, sum(each.right == each.found for each in inside) / len(inside)))
    return result


def _reliability(tried: Sequence[Tried]) -> Iterator[str]:
    yield f"{'mails':>7}{'sure':>8}{'right':>8}   calibration: how sure (|) and how often right (o) should meet"
    for count, sure, right in bins(tried):
        yield f"{count:7}{sure:8.3f}{right:8.3f}   {_scale(sure, right)}"
    gap = sum(count * abs(sure - right) for count, sure, right in bins(tried)) / max(1, len(tried))
    yield f"mean gap {gap:.4f}"


def _scale(sure: float, right: float) -> str:
    """A line from 0 to 1 with both on it."""
    signs = ["·"] * (SCALE + 1)
    signs[round(sure * SCALE)] = "|"
    signs[round(right * SCALE)] = "o" if signs[round(right * SCALE)] == "·" else "ø"
    return "".join(signs)


def _costs(tried: Sequence[Tried]) -> Iterator[str]:
    counts = Counter(each.mistake for each in tried)
    yield f"{'mistake':24}{'mails':>7}{'cost each':>11}{'cost':>8}   (our estimate, in mails read in vain)"
    for kind, cost in COSTS.items():
        yield f"{kind:24}{counts[kind]:7}{cost:11}{counts[kind] * cost:8}"
    yield f"a mail costs {sum(counts[kind] * cost for kind, cost in COSTS.items()) / max(1, len(tried)):.3f}"


def _confusion(tried: Sequence[Tried]) -> Iterator[str]:
    labels = sorted({each.right for each in tried} | {each.found for each in tried})
    counts = Counter((each.right, each.found) for each in tried)
    yield "Confusion: right in rows, found in columns"
    yield f"{'':24}" + "".join(f"{at:5}" for at in range(1, len(labels) + 1))
    for at, right in enumerate(labels, 1):
        yield f"{at:2} {right:21}" + "".join(f"{counts[right, found] or '.':>5}" for found in labels)


def _worst(tried: Sequence[Tried], count: int) -> Iterator[str]:
    wrong = sorted(
        (each for each in tried if each.mistake in WORSE),
        key=lambda each: (-COSTS.get(each.mistake, 0), -each.confidence, each.name),
    )
    yield f"The worst of {len(wrong)} mistakes, and why:"
    for each in wrong[:count]:
        yield f"{each.name:10} {each.right:22} taken for {each.found:22} at {each.confidence:.3f}  {each.mistake}"
        yield f"{'':10} {each.why if len(each.why) <= LONGEST_WHY else each.why[:LONGEST_WHY] + '…'}"


def plot(tried: Sequence[Tried]) -> str:
    """The calibration as an SVG: how sure we were to the right, how often it was right upwards."""

    def at(sure: float, right: float) -> tuple[float, float]:
        return MARGIN + sure * SIDE, MARGIN + (1 - right) * SIDE

    found = bins(tried)
    dots = "".join(
        f'<circle cx="{at(sure, right)[0]:.1f}" cy="{at(sure, right)[1]:.1f}" r="{2 + (count / len(tried)) ** 0.5 * 12:.1f}"'
        f' fill="#1a56a0" fill-opacity="0.6"><title>{count} mails: sure {sure:.3f}, right {right:.3f}</title></circle>'
        for count, sure, right in found
    )
    size, end = SIDE + 2 * MARGIN, SIDE + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" font-family="sans-serif" font-size="11">'
        f'<rect x="{MARGIN}" y="{MARGIN}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#666"/>'
        f'<line x1="{MARGIN}" y1="{end}" x2="{end}" y2="{MARGIN}" stroke="#999" stroke-dasharray="4"/>{dots}'
        f'<text x="{MARGIN}" y="{end + 16}">0</text><text x="{end - 8}" y="{end + 16}">1</text>'
        f'<text x="{size / 2 - 60}" y="{end + 30}">confidence ({len(tried)} mails)</text>'
        f'<text x="8" y="{MARGIN - 10}">share that is right</text></svg>\n'
    )
