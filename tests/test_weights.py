"""Rows of weights: what is added as one number is what would be added one by one."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.weights import (
    MIDDLE,
    from_on,
    in_row,
    of_rare_row,
    packed,
    rare_rows,
    rare_rows_of_table,
    rows_of_table,
    unpacked,
)

WEIGHT = st.integers(-33_000, 33_000)
WEIGHT16 = st.integers(-32_768, 32_767)
ROW = st.lists(WEIGHT, min_size=1, max_size=20)


@given(st.integers(1, 20).flatmap(lambda width: st.lists(st.lists(WEIGHT, min_size=width, max_size=width), min_size=1)))
def test_a_sum_of_rows_is_the_sum_of_each_weight(rows: list[list[int]]) -> None:
    whole = sum(packed(rows))
    assert unpacked(whole, len(rows[0]), len(rows)) == [sum(weights) for weights in zip(*rows, strict=True)]


@given(ROW, st.integers(1, 9_000))
def test_a_words_row_tells_its_rarity_and_its_weights(row: list[int], rarity: int) -> None:
    assert of_rare_row(rare_rows([rarity], [row])[0], len(row)) == (rarity, row)


@given(
    st.integers(1, 20).flatmap(lambda width: st.lists(st.lists(WEIGHT16, min_size=width, max_size=width), min_size=1)),
    st.data(),
)
def test_the_rows_of_a_table_are_those_packed_one_by_one(rows: list[list[int]], data: st.DataObject) -> None:
    width, order = len(rows[0]), data.draw(st.permutations(range(len(rows))))
    rarities = data.draw(st.lists(st.integers(1, 32_767), min_size=len(rows), max_size=len(rows)))
    table = array("H", [weight + 32_768 for row in rows for weight in row])
    sorted_so = [rows[at] for at in order]
    assert list(rows_of_table(table, width, 32_768, order)) == packed(sorted_so)
    assert list(rare_rows_of_table(rarities, table, width, 32_768, order)) == rare_rows(rarities, sorted_so)


@given(ROW, st.data())
def test_one_weight_is_read_and_compared_where_it_stands(row: list[int], data: st.DataObject) -> None:
    at, least = data.draw(st.integers(0, len(row) - 1)), data.draw(WEIGHT)
    place, floor = from_on(at, least)
    (whole,) = packed([row])
    assert in_row(whole, at) == row[at]
    assert (whole & place >= floor) == (row[at] >= least)


@pytest.mark.parametrize("weight", [1 << 64, -MIDDLE - 1])
def test_a_weight_that_has_no_room_is_refused(weight: int) -> None:
    with pytest.raises(ValueError, match="too great"):
        packed([[0, weight]])
