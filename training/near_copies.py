#!/usr/bin/env python3
"""Count mails that nearly copy another: training on one and trying the other would flatter every figure.

    near_copies.py FILE… [--from 0.5]      print pairs whose words overlap by so much; exit 1 if there are any

Two mails are compared by the runs of four words of subject and body (history below a reply left out): the share
that the smaller one has in common with the other. Names and numbers count as one word each, so that a filled-in
template is found whoever's name stands in it. Mails of fewer than ten words are near by nature and only counted
when they are equal.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

RUN = 4
SHORT = 10
WORD = re.compile(r"\d+|[^\W\d_]+")
NAME = re.compile(r"(?<=[a-zæøåäö,] )[A-ZÆØÅÄÖ][^\W\d_]+")
HISTORY = re.compile(r"^(?:-{3,}|_{5,}|>|Fra:|From:|Från:|Frå:|Den .{5,80} skr(?:ev|eiv)|On .{5,80} wrote)", re.M)


def words(mail: dict) -> list[str]:
    body = mail["body"]
    cut = HISTORY.search(body) if mail["shape"] == "reply" else None
    text = mail["subject"] + "\n" + (body[: cut.start()] if cut else body)
    return ["0" if word.isdigit() else word.lower() for word in WORD.findall(NAME.sub("N", text))]


def runs(found: list[str]) -> set[tuple[str, ...]]:
    return {tuple(found[at : at + RUN]) for at in range(max(1, len(found) - RUN + 1))}


def pairs(mails: list[dict], least: float) -> list[tuple[float, str, str]]:
    kept = [(mail["id"], found, runs(found)) for mail in mails for found in [words(mail)]]
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    shared: Counter[tuple[int, int]] = Counter()
    for at, (_, _, own) in enumerate(kept):
        for run in own:
            shared.update((other, at) for other in places[run])
            places[run].append(at)
    near = []
    for (one, two), count in shared.items():
        (name, found, own), (other, others, theirs) = kept[one], kept[two]
        short = min(len(found), len(others)) < SHORT
        share = float(found == others) if short else count / min(len(own), len(theirs))
        if share >= least:
            near.append((share, name, other))
    return sorted(near, reverse=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--from", dest="least", type=float, default=0.5)
    args = parser.parse_args()
    mails = [
        json.loads(line)
        for file in args.files
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    near = pairs(mails, args.least)
    for share, one, two in near:
        print(f"{one} and {two}: {share:.0%} in common")
    print(f"{len(mails)} mails, {len(near)} near-copies")
    return 1 if near else 0


if __name__ == "__main__":
    sys.exit(main())
