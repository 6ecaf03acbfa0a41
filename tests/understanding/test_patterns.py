"""Operators' patterns: what is compiled, and what is refused with its line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.loading.patterns import compile_patterns, load_products, load_words
from processor.loading.vocabulary import load_vocabulary
from processor.rulebook import MOOD, Needles, Pattern
from processor.understanding.passages import passages
from processor.understanding.recognise import recognise, strikes
from tests.understanding.made_mail import mail, rulebook


def compiled(**table: Any) -> Pattern:
    patterns, problems = compile_patterns([{"name": "p", "any": ["opp"], **table}], "t.toml", lambda _: 7)
    assert not problems
    return patterns[0]


def refused(**table: Any) -> str:
    patterns, problems = compile_patterns([{"name": "p", "any": ["opp"], **table}], "t.toml", lambda _: 7)
    assert not patterns
    return str(problems[0])


def struck(pattern: Pattern, text: str, subject: str = "") -> bool:
    needles = Needles.of([("t", pattern)])
    return bool(recognise(needles, passages(mail(text, subject), needles)))


def test_a_word_matches_at_its_start_only() -> None:
    assert struck(compiled(any=["sig"]), "vi signerer")
    assert not struck(compiled(any=["sig"]), "vi oppsiger")


def test_unless_cancels_in_the_same_sentence_only() -> None:
    pattern = compiled(any=["sier opp"], unless=["hvis"])
    assert not struck(pattern, "Hvis prisen øker, sier vi og dere opp. Da sier opp vi ikke hvis det regner.")
    assert struck(pattern, "Hvis det regner, ringer vi. Vi sier opp avtalen.")


def test_also_must_stand_in_the_same_sentence() -> None:
    pattern = compiled(any=["frist"], also=["oppsigelse"])
    assert struck(pattern, "Hva er frist for oppsigelse?")
    assert not struck(pattern, "Hva er frist for betaling? Oppsigelse er en annen sak.")


def test_a_place_limits_a_pattern() -> None:
    pattern = compiled(any=["oppsigelse"], where="subject")
    assert struck(pattern, "", "Oppsigelse")
    assert not struck(pattern, "Oppsigelse", "")


def test_the_cheap_test_never_hides_a_match() -> None:
    pattern = compiled(any=["(si|sier) opp", "avslutt(er|et)?", "stopp"])
    assert pattern.needs
    for text in ("vi sier opp", "avslutt", "stopp den"):
        assert struck(pattern, text)


def test_a_sentence_with_half_of_what_a_pattern_wants_is_not_searched() -> None:
    asks = compiled(name="asks", any=[r"\S{0,20}\?"])
    needles = Needles.of([(MOOD, asks), ("t", compiled(any=["oppsigelse"], also=["dato", "@asks"]))])
    near = {
        text: [
            sentence.near
            for passage in passages(mail(text), needles)
            for sentence in passage.sentences
            if sentence.near
        ]
        for text in ("Oppsigelse av avtalen.", "Hvilken dato?", "Oppsigelse med dato.", "Oppsigelse?")
    }
    assert near == {
        "Oppsigelse av avtalen.": [], "Hvilken dato?": [], "Oppsigelse med dato.": [(1,)], "Oppsigelse?": [(1,)],
    }  # fmt: skip


def test_a_mood_alone_leads_to_a_pattern_without_letters_of_its_own() -> None:
    mood = compiled(name="asks", any=[r"\S{0,20}\?"])
    pattern = compiled(any=[r"\S"], also=["@asks"])
    needles = Needles.of([(MOOD, mood), ("t", pattern)])
    assert (pattern.needs, pattern.besides) == (("",), ("  asks",))
    assert recognise(needles, passages(mail("Hvor?"), needles)).keys() == {"t"}
    assert not recognise(needles, passages(mail("Her."), needles))


PIECES = (
    "ab", "o", "a?", "(a|bo)", "(b.{0,3}a|o)", ".{0,2}", "[ -]?", r"\s*", r"\W+", " +", "[ab]", r"\w{1,3}", "(ab )?", "a{2}",
    r"\?", r"\b", "(?=a)", "(?!a)", "(?i:a)", ".", r"\S", "[^a]", "(?:o|a.)",
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.data(), st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join))
def test_the_index_never_hides_what_the_search_finds(data: st.DataObject, expression: str) -> None:
    alphabet = "abo -?.\n\u2003"
    held = data.draw(st.from_regex(re.sub(r"\(\?.a\)", "", expression), fullmatch=True, alphabet=alphabet))
    text = data.draw(st.text(alphabet, max_size=4)) + held + data.draw(st.text(alphabet, max_size=4))
    tables = [{"name": "any", "any": [expression]}, {"name": "also", "any": [r"\S"], "also": [expression]}]
    patterns, _ = compile_patterns(tables, "t.toml", lambda _: 1)
    needles = Needles.of(("t", pattern) for pattern in patterns)
    for passage in passages(mail(text), needles):
        for sentence in passage.sentences if passage.text.strip() else ():
            for number, pattern in enumerate(patterns):
                if strikes(pattern, passage, sentence, 1):
                    assert number in sentence.near


@pytest.mark.parametrize(
    ("expression", "needs"),
    [
        ("(vi |jeg )?slutter", [" slutter"]),
        ("slutt.{0,9}avtale", ["avtale", " slutt"]),
        ("e[ -]?faktura", [" efaktura", " e faktura"]),
        (r"si +opp", [" opp", " si "]),
        (r"\?", ["?"]),
        (r"\w+", [""]),
    ],
)
def test_what_must_stand_is_told_of_an_expression(expression: str, needs: list[str]) -> None:
    assert sorted(re.split(r"[\n\t]", compiled(any=[expression]).needs[0])) == sorted(needs)


def test_of_every_shipped_pattern_something_must_stand() -> None:
    for owner, pattern in rulebook().needles.patterns:
        assert any(ways and all(ways) for ways in (pattern.needs, pattern.besides)), f"{owner}/{pattern.name}"


def test_nothing_is_found_by_no_patterns() -> None:
    assert not recognise(Needles.of([]), passages(mail("Vi sier opp."), Needles.of([])))


def test_a_thousand_more_patterns_are_not_each_tried() -> None:
    text = "Vi sier opp avtalen om Visma Global fra nyttår, og ber om bekreftelse på at det er mottatt. " * 20
    many = [("t", compiled(name=f"p{number}", any=[f"ord{number:04d}"])) for number in range(1000)]
    needles = Needles.of(many)
    assert all(not sentence.near for passage in passages(mail(text), needles) for sentence in passage.sentences)


@pytest.mark.parametrize(
    "text", ["(a+)+b", "(a*)*", "(a|b+)*", "((ab)+c?)+", r"\\w+\\s*\\w+", ".*.*x", "(x{1,900}){2,900}"]
)
def test_a_pattern_that_could_take_for_ever_is_refused(text: str) -> None:
    assert "take for ever" in refused(any=[text.replace("\\\\", "\\")])


@pytest.mark.parametrize(
    "text", ["(a|" * 300 + "b" + ")" * 300, "(?:" * 300 + "b" + "c)?" * 300, "(" * 2000 + "b" + ")" * 2000]
)
def test_a_pattern_of_too_many_brackets_is_refused(text: str) -> None:
    assert "too many brackets" in refused(any=[text])


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"wieght": 3}, "unknown key 'wieght' (did you mean weight?)"),
        ({"any": ["(opp"]}, "no regular expression"),
        ({"any": ["Opp"]}, "capital letters"),
        ({"any": ["x*"]}, "matches nothing"),
        ({"any": "opp"}, "must be a list of texts"),
        ({"any": []}, "has no words"),
        ({"weight": "3"}, "weight must be a number"),
        ({"weight": True}, "weight must be a number"),
        ({"where": "boddy"}, "(did you mean body?)"),
        ({"topic": 3}, "topic must be text"),
        ({"name": ""}, "needs a name"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(table: dict[str, Any], says: str) -> None:
    problem = refused(**table)
    assert problem.startswith("t.toml:7: ")
    assert says in problem


def test_two_patterns_of_one_name_are_refused() -> None:
    _, problems = compile_patterns(
        [{"name": "p", "any": ["a"]}, {"name": "p", "any": ["b"]}], "t.toml", lambda n: n + 1
    )
    assert [problem.line for problem in problems] == [2]


def test_products_and_words_are_read(tmp_path: Path) -> None:
    products = tmp_path / "products.toml"
    products.write_text('[[product]]\nname = "Visma X"\naliases = ["x"]\n\n[[product]]\nnmae = "Y"\n', encoding="utf-8")
    found, problems = load_products(products)
    assert [product.name for product in found] == ["Visma X"]
    assert [(problem.line, problem.hint) for problem in problems] == [(5, "name"), (5, "")]
    words = tmp_path / "words.toml"
    words.write_text('some = ["Gmail.com"]\nmore = 3\n', encoding="utf-8")
    read, faults = load_words(words)
    assert read == {"gmail.com"}
    assert [fault.line for fault in faults] == [2]


def test_a_missing_or_broken_file_is_a_problem(tmp_path: Path) -> None:
    assert load_words(tmp_path / "none.toml")[1]
    (tmp_path / "broken.toml").write_text("a = x\n", encoding="utf-8")
    assert load_words(tmp_path / "broken.toml")[1][0].line == 1
    assert len(load_vocabulary(tmp_path)[1]) == 6
