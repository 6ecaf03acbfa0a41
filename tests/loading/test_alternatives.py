"""Laws of joined alternatives: they find what the same list finds with a bar between each and the next."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from processor.loading.alternatives import by_first_letter

ATOMS = st.sampled_from(
    ("a", "b", "c", " ", r"\w", r"\.", r"\|", r"\(", "[ab]", "[^]a]", r"[|\]]", "(?!b)", r"(?<=a)", r"\b", ".")
)
WAYS = st.recursive(
    ATOMS,
    lambda each: st.one_of(
        st.lists(each, min_size=1, max_size=3).map("".join),
        st.lists(each, min_size=1, max_size=3).map("|".join).map("({})".format),
        st.lists(each, min_size=1, max_size=3).map("|".join).map("(?:{})".format),
        st.tuples(each.map("({})".format), st.sampled_from(("?", "??", "{0,2}"))).map("".join),
        st.tuples(st.sampled_from("abc"), st.sampled_from(("?", "?", "{0,2}", "??")), each).map("".join),
    ),
    max_leaves=6,
)
TEXTS = st.lists(st.sampled_from(("a", "b", "c", "ab", " ", ".", "|", "(", "]", "\n")), max_size=12).map("".join)


@given(st.lists(WAYS, min_size=1, max_size=6), TEXTS)
def test_they_find_the_same_places(texts: list[str], text: str) -> None:
    for start in (r"(?<!\w)", ""):
        joined, one_by_one = (re.compile(f"{start}(?:{each})") for each in (by_first_letter(texts), "|".join(texts)))
        assert [found.span() for found in joined.finditer(text)] == [
            found.span() for found in one_by_one.finditer(text)
        ]
        assert bool(joined.fullmatch(text)) == bool(one_by_one.fullmatch(text))


def test_a_letter_is_written_once() -> None:
    assert (
        by_first_letter(["si opp", "s(å|o) snart", "avslutt", "sagt opp"]) == "s(?:i opp|(?:å|o) snart|agt opp)|avslutt"
    )


def test_the_order_stands_around_what_may_begin_in_any_way() -> None:
    assert by_first_letter(["ab", r"\w{2}", "abc"]) == r"ab|\w{2}|abc"


def test_what_refers_to_its_groups_keeps_them() -> None:
    assert by_first_letter([r"(?P<one>a|b)(?P=one)", "ab"]) == r"(?P<one>a|b)(?P=one)|ab"


def test_what_begins_in_very_many_ways_is_left_as_it_is() -> None:
    assert by_first_letter(["a?" * 2000]) == "a?" * 2000
