"""``python -m tests.bench.replay``: how fast stored mails are decided anew, and in how much memory.

The goal is 10,000 mails in under a minute on two cores, with memory flat.  The store is filled as the
program fills it, at the goal's size; filling takes longer than the replay and is not counted.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

from processor.loading.model import SHIPPED
from processor.loading.rules import load_rulebook
from processor.replay.parallel import replayed
from processor.replay.play import Trial
from processor.world.confined import Confined
from tests.bench.shares import peak_memory
from tests.bench.site import corpus
from tests.replay.past_store import Here, past_store


def cpu_seconds() -> float:
    """What this process and its children that have ended have used."""
    told = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in told)


def measured(here: Here, folder: Path, jobs: int) -> str:
    """One replay: what became of the mails, its pace, and the highest memory of all processes together."""
    rules, templates = folder / "rules", folder / "templates"
    trial = Trial(here.path, rules, templates, SHIPPED, None, False, load_rulebook(rules, templates).version)
    counts: Counter[str] = Counter()
    memory: list[float] = []
    began, worked = time.perf_counter(), cpu_seconds()
    for number, page in enumerate(replayed(trial, here.config.store_url, jobs)):
        counts += page.counts
        if number % 20 == 0:
            memory.append(peak_memory(os.getpid()))
    spent = time.perf_counter() - began
    # On a busy machine the wall's time says how busy it is; what the work costs is told by the processor's.
    cpu = cpu_seconds() - worked
    pace = f"{counts.total() / spent:6.0f} mails/s  {spent:6.1f} s, of the processor {cpu:.1f} s"
    half = memory[len(memory) // 2]
    return f"{jobs} processes  {pace}  peak {half:4.0f} MB at half, {memory[-1]:4.0f} MB at the end  {dict(counts)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"filling a store with {options.mails} mails ...", flush=True)
        with Confined() as files:
            here = past_store(folder, corpus(options.mails), files.extract)
        print(f"unchanged rules   {measured(here, here.folder, options.jobs)}", flush=True)
        wrong = here.changed("wrong", "templates/general/letter.nb.txt", "Hei", "God dag")
        print(f"changed letter    {measured(here, wrong, options.jobs)}", flush=True)
        shutil.rmtree(wrong)


if __name__ == "__main__":
    main()
