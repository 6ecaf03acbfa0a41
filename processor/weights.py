"""Rows of weights, each as one whole number, so that many rows are added one number a row, exactly and in any order.

What the words of a mail weigh for each label is summed for every mail.  As a tuple of floats a row is twenty objects
that lie far apart, and its sum so many steps; here it is one, and a step.  Weights are whole thousandths.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from math import ceil, isqrt

SCALE = 1000
BITS = 64
"""Of one weight's place in a row; a sum of as many rows as a mail has words has room in it."""
MIDDLE = 1 << 40
"""Stands for nothing: each weight has it added, so that none is negative and none takes from the next one's place."""
_PLACE = (1 << BITS) - 1


def packed(rows: Iterable[Sequence[int]]) -> list[int]:
    """Each row of weights as one number; raises ValueError for a weight that has no room."""
    try:
        return [
            int.from_bytes(struct.pack(f"<{len(row)}Q", *[weight + MIDDLE for weight in row]), "little") for row in rows
        ]
    except struct.error as fault:
        raise ValueError("a weight is too great") from fault


def unpacked(row: int, width: int, rows: int = 1) -> list[int]:
    """The weights of a row, or of the sum of so many rows."""
    nothing = rows * MIDDLE
    return [weight - nothing for weight in struct.unpack(f"<{width}Q", row.to_bytes(width * BITS // 8, "little"))]


def in_row(row: int, at: int) -> int:
    """The weight at a place of a row."""
    return (row >> at * BITS & _PLACE) - MIDDLE


def from_on(at: int, weight: float) -> tuple[int, int]:
    """A mask and the least number that a row under it has, whose weight at a place is so much or more."""
    return _PLACE << at * BITS, max(0, MIDDLE + ceil(weight)) << at * BITS


def rare_rows(rarities: Iterable[int], rows: Iterable[Sequence[int]]) -> list[int]:
    """The rows of words that are worth their rarity: the weights as often, and then the rarity's square."""
    return packed([rarity * weight for weight in (*row, rarity)] for rarity, row in zip(rarities, rows, strict=True))


def of_rare_row(row: int, width: int) -> tuple[int, list[int]]:
    """The rarity and the weights of a word's row."""
    *worth, square = unpacked(row, width + 1)
    rarity = isqrt(square)
    return rarity, [each // rarity for each in worth]


def rows_of_table(table: array[int], width: int, middle: int, order: Iterable[int]) -> Iterator[int]:
    """Rows of a table in this order; each number in the table has ``middle`` added, and none is negative.

    What ``packed`` makes of them one by one, without a step a weight: a model has half a million.
    """
    nothing = (MIDDLE - middle) * _ones(width)
    return (row + nothing for row in _places(table, width, order))


def rare_rows_of_table(
    rarities: Iterable[int], table: array[int], width: int, middle: int, order: Iterable[int]
) -> Iterator[int]:
    """What ``rare_rows`` makes of the rows of such a table."""
    taken, nothing, end = middle * _ones(width), MIDDLE * _ones(width + 1), width * BITS
    for rarity, row in zip(rarities, _places(table, width, order), strict=True):
        yield rarity * (row - taken) + (rarity * rarity << end) + nothing


def _places(table: array[int], width: int, order: Iterable[int]) -> Iterator[int]:
    """The table's rows, each number in its place."""
    wide = array("Q", table)
    if sys.byteorder == "big":
        wide.byteswap()
    text, step = wide.tobytes(), width * BITS // 8
    return (int.from_bytes(text[at * step : (at + 1) * step], "little") for at in order)


def _ones(width: int) -> int:
    """A row with a one at each place."""
    return sum(1 << at * BITS for at in range(width))
