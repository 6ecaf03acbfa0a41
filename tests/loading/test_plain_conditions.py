"""A plain condition means to Python what it means to CEL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cel_expr_python import cel
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.loading.conditions import BLANK, TYPE_OF, TYPES, VARIABLES
from processor.loading.plain_conditions import plain
from processor.loading.rules import load_rulebook

ROOT = Path(__file__).parents[2]
CEL = cel.NewEnv(variables={v.name: TYPES[v.type] for v in VARIABLES})
WORDS = ("", "estate", "kon_abo", "æ", "\U0001f600", "nb")
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.sampled_from(WORDS),
    "texts": st.lists(st.sampled_from(WORDS), max_size=3),
    "number": st.integers(0, 3),
    "truth": st.booleans(),
}
MAILS = st.fixed_dictionaries({v.name: VALUES[v.type] for v in VARIABLES})
NAMES = {kind: st.sampled_from([v.name for v in VARIABLES if v.type == kind]) for kind in TYPES}
SIGNS = st.sampled_from(("==", "!=", "<", "<=", ">", ">="))
LITERAL = st.builds("{1}{0}{1}".format, st.sampled_from(WORDS), st.sampled_from("'\""))
SIMPLE = st.one_of(
    st.builds("{} in {}".format, LITERAL, NAMES["texts"]),
    st.builds("{} {} {}".format, NAMES["text"], st.sampled_from(("==", "!=")), LITERAL),
    st.builds("size({}) {} {}".format, NAMES["texts"] | NAMES["text"], SIGNS, st.integers(0, 3)),
    st.builds("{} {} {}".format, NAMES["number"], SIGNS, st.integers(0, 3)),
    NAMES["truth"],
)
CONDITIONS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.builds("{} {} {}".format, inner, st.sampled_from(("&&", "||")), inner),
        st.builds("!({})".format, inner),
        st.builds("( {})".format, inner),
        st.builds("!{}".format, NAMES["truth"]),
    ),
    max_leaves=6,
)


def by_cel(text: str, values: dict[str, Any]) -> object:
    return CEL.compile(text).eval(data=values).plain_value()


@settings(max_examples=150, deadline=None)
@given(CONDITIONS, MAILS)
def test_it_holds_where_it_holds_for_cel(text: str, values: dict[str, Any]) -> None:
    quick = plain(text, TYPE_OF)
    assert quick
    assert quick(values) is by_cel(text, values)


@settings(max_examples=40, deadline=None)
@given(MAILS)
def test_the_shipped_rows_hold_where_they_hold_for_cel(values: dict[str, Any]) -> None:
    rows = {row.when for kind in BOOK.types.values() for row in kind.rows}
    quick = {when: plain(when, TYPE_OF) for when in rows}
    assert sum(each is not None for each in quick.values()) > len(rows) * 0.8
    assert [when for when, holds in quick.items() if holds and holds(values) is not by_cel(when, values)] == []


BOOK = load_rulebook(ROOT / "rules", ROOT / "templates", (), None)


@pytest.mark.parametrize(
    "text",
    [
        "fields.products.all(p, p == 'x')",
        "mail.topics == ['x']",
        "form.present == sender.known",
        "'a\\'b' in mail.topics",
        "r'a' in mail.topics",
        "size(mail.\n  // the doubts\n  flags) == 1",
        "fields.users == 1 + 1",
        "fields.users == 0x1",
        "fields.users > -1",
        "mail.language > 'a'",
        "sender.known ? true : false",
        "'x' in mail.topics in mail.flags",
        "mail.topicss == 'x'",
        "size(mail.topics) > 0 &&",
        "!" * 50 + "sender.known",
        "(" * 30 + "sender.known" + ")" * 30,
        "",
    ],
)
def test_what_is_not_plain_is_left_to_cel(text: str) -> None:
    assert plain(text, TYPE_OF) is None


def test_a_long_condition_is_read_and_asked_without_depth() -> None:
    quick = plain(" || ".join(["sender.known"] * 3000), TYPE_OF)
    assert quick
    assert not quick(dict(BLANK))
