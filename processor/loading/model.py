"""The trained model's file to a Model: JSON in gzip, rounded numbers, readable by anything.

``text_of`` writes what ``load_model`` reads.  The version is the digest of everything else in it.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import sys
import zlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from processor.loading.problems import Problem
from processor.rulebook import Model
from processor.weights import of_rare_row, rare_rows_of_table, rows_of_table, unpacked

SHIPPED = Path(__file__).parent.parent / "understanding" / "model.json.gz"
LARGEST = 60_000_000
"""Bytes of the unpacked file; ours has a few million."""
RUN = "run: processor train"
MIDDLE = 32_768
"""Weights stand in the file as whole thousandths, each with so much added."""


def load_model(path: Path) -> tuple[Model | None, list[Problem]]:
    """Read the model's file; a missing or damaged one is a problem that says what to run."""
    try:
        with gzip.open(path) as packed:
            text = packed.read(LARGEST + 1)
    except FileNotFoundError:
        return None, [Problem(str(path), 0, f"there is no trained model; {RUN}")]
    except (OSError, EOFError, zlib.error) as error:
        return None, [Problem(str(path), 0, f"the trained model is damaged ({error}); {RUN}")]
    try:
        if len(text) > LARGEST:
            raise ValueError("it is too large")
        return _model(json.loads(text), text), []
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return None, [Problem(str(path), 0, f"the trained model is damaged ({error}); {RUN}")]


def _model(values: dict[str, Any], text: bytes) -> Model:
    head = _text({"version": values["version"]})[:-1]
    # As version_of has it, of the bytes as they are: writing them out anew takes as long as reading them.
    if not text.startswith(head) or values["version"] != _digest(b"{" + text[len(head) + 1 :]):
        raise ValueError("its content does not match its version")
    labels = tuple(values["labels"])
    width = len(labels)
    names, rarity = values["words"], values["rarity"]
    if len(names) != len(rarity):
        raise ValueError("its tables differ in length")
    # Those that most mails hold come first: they lie close together, so that the processor's cache holds them.
    order = sorted(range(len(names)), key=rarity.__getitem__)
    rows = _table_of(values["weights"], width, len(order))
    languages = values.get("languages", {"words": [], "weights": "", "bias": []})
    known, beside = languages["words"], len(languages["bias"]) or 1
    by_language = _table_of(languages["weights"], beside, len(known))
    if len(values["bias"]) != width:
        raise ValueError("its tables differ in length")
    if not all(type(rare) is int and 0 < rare < MIDDLE for rare in rarity):
        raise ValueError("a word's rarity is beside all measure")
    return Model(
        version=values["version"],
        data=values["data"],
        labels=labels,
        words=dict(
            zip(
                [names[at] for at in order],
                rare_rows_of_table([rarity[at] for at in order], rows, width, MIDDLE, order),
                strict=True,
            )
        ),
        bias=tuple(float(each) for each in values["bias"]),
        join=_table(values["join"], width),
        prior=tuple(float(each) for each in values["prior"]),
        beside=_row(values["beside"], 4),
        second=_row(values["second"], width),
        first=_row(values["first"], width),
        answer_from={name: float(least) for name, least in values["answer_from"].items()},
        figures={name: float(figure) for name, figure in values["figures"].items()},
        # A model that was trained before these were kept has none.
        languages=dict(zip(known, rows_of_table(by_language, beside, MIDDLE, range(len(known))), strict=True)),
        language_bias=tuple(float(each) for each in languages["bias"]),
        shown={name: (int(alone), int(right)) for name, (alone, right) in values.get("shown", {}).items()},
    )


def _table(rows: list[list[float]], width: int) -> tuple[tuple[float, ...], ...]:
    if len(rows) != width or any(len(row) != 2 * width for row in rows):
        raise ValueError("its tables differ in length")
    return tuple(tuple(float(each) for each in row) for row in rows)


def _row(numbers: list[float], width: int) -> tuple[float, ...]:
    if len(numbers) != width:
        raise ValueError("its tables differ in length")
    return tuple(float(each) for each in numbers)


def _text_of(rows: Iterable[Sequence[int]]) -> str:
    """Weights as thousandths in two bytes each: JSON takes a tenth of a second to read as many."""
    numbers = array("H", [weight + MIDDLE for weight in chain.from_iterable(rows)])
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode("ascii")


def _table_of(text: str, width: int, rows: int) -> array[int]:
    numbers = array("H")
    numbers.frombytes(base64.b64decode(text, validate=True))
    if sys.byteorder == "big":
        numbers.byteswap()
    if len(numbers) != width * rows:
        raise ValueError("its tables differ in length")
    return numbers


def file_of(model: Model) -> bytes:
    """The file's bytes, equal for equal models."""
    names = sorted(model.words)
    words = [of_rare_row(model.words[name], len(model.labels)) for name in names]
    values: dict[str, Any] = {
        "data": model.data,
        "labels": list(model.labels),
        "figures": dict(sorted(model.figures.items())),
        "shown": {name: list(counts) for name, counts in sorted(model.shown.items())},
        "answer_from": dict(sorted(model.answer_from.items())),
        "join": [list(row) for row in model.join],
        "beside": list(model.beside),
        "second": list(model.second),
        "first": list(model.first),
        "prior": list(model.prior),
        "bias": list(model.bias),
        "languages": {
            "words": list(model.languages),
            "weights": _text_of(unpacked(row, len(model.language_bias)) for row in model.languages.values()),
            "bias": list(model.language_bias),
        },
        "words": names,
        "rarity": [rare for rare, _ in words],
        "weights": _text_of(row for _, row in words),
    }
    values = {"version": version_of(values), **values}
    return gzip.compress(_text(values), compresslevel=9, mtime=0)


def version_of(values: Mapping[str, Any]) -> str:
    """The digest of all that is in the file but the version itself."""
    return _digest(_text({name: value for name, value in values.items() if name != "version"}))


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:12]


def _text(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
