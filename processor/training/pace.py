"""How long a mail takes, by stage: on this machine, one core, with all that runs beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import mean, median, quantiles

from processor.deciding.decide import decide
from processor.deciding.identity import new_ticket_no
from processor.deciding.without_world import context_without_world
from processor.findings import Understanding
from processor.reading.read import read
from processor.rulebook import Rulebook
from processor.training.dataset import Sample
from processor.understanding.understand import understand

MOST = 400
"""Mails that are timed, from all over the list."""
ROUNDS = 3
"""The best of these counts: what else the machine does is not our time."""


def pace(samples: Sequence[Sample], rulebook: Rulebook) -> Iterator[str]:
    """Lines with the time of reading, understanding and deciding; the reading of attached files is left out."""
    chosen = samples[:: max(1, len(samples) // MOST)]
    stages: dict[str, list[float]] = {"reading": [], "understanding": [], "deciding": []}
    for sample in chosen:
        understanding = understand(sample.message, rulebook)
        stages["reading"].append(_best(partial(read, sample.mail.raw)))
        stages["understanding"].append(_best(partial(understand, sample.message, rulebook)))
        stages["deciding"].append(_best(_deciding(sample, understanding, rulebook)))
    yield f"{'ms a mail':16}{'median':>9}{'mean':>9}{'95 %':>9}   ({len(chosen)} mails, best of {ROUNDS})"
    for stage, times in stages.items():
        yield f"{stage:16}{median(times):9.2f}{mean(times):9.2f}{_most(times):9.2f}"
    total = mean(stages["reading"]) + mean(stages["understanding"])
    yield f"reading and understanding: {1000 / total:.0f} mails a second"


def _deciding(sample: Sample, understanding: Understanding, rulebook: Rulebook) -> Callable[[], object]:
    message = sample.message
    context = context_without_world(message, new_ticket_no(message.letter, b"pace"))
    return partial(decide, message, understanding, context, rulebook)


def _best(step: Callable[[], object]) -> float:
    """Milliseconds of the quickest of a few rounds."""
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        step()
        times.append(time.perf_counter() - begun)
    return 1000 * min(times)


def _most(times: Sequence[float]) -> float:
    return quantiles(times, n=20)[-1] if len(times) > 1 else max(times)
