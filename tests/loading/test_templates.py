"""Templates: what operators may write, and what customers then read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path

import pytest

from processor.loading.letters import blocks, unwrap
from processor.loading.samples import sample_values
from processor.loading.templates import Templates, check_templates, load_templates
from processor.rulebook import RenderError

ROOT = Path(__file__).parent.parent.parent
BLANK, USUAL, FULL = sample_values()


def folder(path: Path, body: str, subject: str = "Emne") -> Path:
    (path / "general").mkdir(parents=True)
    (path / "x").mkdir()
    for name in ("letter.nb.txt", "letter.html"):
        (path / "general" / name).write_text((ROOT / "templates/general" / name).read_text("utf-8"), "utf-8")
    (path / "x/y.nb.txt").write_text(f"{subject}\n\n{body}\n", encoding="utf-8")
    return path


def rendered(path: Path, body: str, values: Mapping[str, object] = USUAL) -> str:
    templates, problems = load_templates(folder(path, body))
    assert problems == []
    return templates.render("x/y", "nb", values)[1]


@pytest.fixture(scope="session")
def shipped() -> Templates:
    templates, problems = load_templates(ROOT / "templates")
    assert problems == []
    return templates


def test_every_shipped_template_renders_with_every_sample(shipped: Templates) -> None:
    assert check_templates(shipped) == []


def test_a_paragraph_is_one_line_and_a_point_another(tmp_path: Path) -> None:
    body = "En  linje\nog en til{% if plural %}, dere{% endif %}.\n\n\n{% if not plural %}\nNei.\n{% endif %}\nListe\n  - en\n    lang\n  - to"
    assert rendered(tmp_path, body) == "En linje og en til, dere.\n\nListe\n  - en lang\n  - to"


def test_words_are_listed_as_each_language_does(tmp_path: Path) -> None:
    templates, _ = load_templates(folder(tmp_path, "{{ products | listed }}."))
    found = [
        templates.render("x/y", "nb", {"products": names})[1] for names in ([], ["A"], ["A", "B"], ["A", "B", "C"])
    ]
    assert found == [".", "A.", "A og B.", "A, B og C."]


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        ("{{ compny }}", 3, "no value 'compny'"),
        ("Hei\n\n{{ range(9) }}", 5, "a call"),
        ("{{ name.upper() }}", 3, "a call"),
        ("{{ 'a' * 9999999 }}", 3, "multiplication"),
        ("{{ '%9999999d' % 1 }}", 3, "the % operator"),
        ("{% include 'general/letter.nb.txt' %}", 3, "include"),
        ("{% import 'x' as x %}", 3, "import"),
        ("{% macro a() %}{% endmacro %}", 3, "a macro"),
        ("{{ name | pprint }}", 3, "pprint"),
        (
            "{% for a in asks %}{% for b in asks %}{% for c in asks %}.{% endfor %}{% endfor %}{% endfor %}",
            3,
            "three deep",
        ),
        ("{% if name %}", 3, "end"),
    ],
)
def test_T71_what_a_letter_does_not_need_is_refused_with_its_line(
    tmp_path: Path, body: str, line: int, said: str
) -> None:
    _, problems = load_templates(folder(tmp_path, body))
    assert any(said in problem.text and problem.line == line for problem in problems), problems


def test_a_misspelt_value_gets_the_nearest_right_one(tmp_path: Path) -> None:
    _, [problem] = load_templates(folder(tmp_path, "{{ compny }}"))
    assert (problem.file.endswith("x/y.nb.txt"), problem.hint) == (True, "company")


def test_a_template_without_a_blank_line_below_its_subject_is_refused(tmp_path: Path) -> None:
    path = folder(tmp_path, "")
    (path / "x/y.nb.txt").write_text("Emne\nTekst\n", encoding="utf-8")
    _, [problem] = load_templates(path)
    assert "a subject, a blank line and a body" in problem.text


def test_an_unknown_language_and_unreadable_bytes_are_refused(tmp_path: Path) -> None:
    path = folder(tmp_path, "Tekst")
    (path / "x/y.no.txt").write_text("Emne\n\nTekst\n", encoding="utf-8")
    (path / "x/z.nb.txt").write_bytes(b"\xff\xfe")
    said = [problem.text for problem in load_templates(path)[1]]
    assert any("no language 'no'" in each for each in said)
    assert any("not UTF-8" in each for each in said)


@pytest.mark.parametrize(
    "body",
    [
        "{{ name.__class__ }}",
        '{% set own = {"__class__": 1} %}{{ own.__class__ }}',
        "{% for each in [1] %}{{ loop.__init__ }}{% endfor %}",
        "{% for each in [1] %}{{ loop._iterator }}{% endfor %}",
    ],
)
def test_T71_the_sandbox_gives_no_attribute_of_a_value(tmp_path: Path, body: str) -> None:
    templates, _ = load_templates(folder(tmp_path, body))
    with pytest.raises(RenderError):
        templates.render("x/y", "nb", USUAL)


def test_a_letter_may_ask_a_value_for_a_key_and_a_loop_where_it_stands(tmp_path: Path) -> None:
    body = '{% set own = {"key": "A"} %}{% for each in [1, 2] %}{{ own.key }}{{ loop.index }}{% endfor %}'
    assert rendered(tmp_path, body) == "A1A2"


def test_a_missing_value_or_template_is_a_render_error(tmp_path: Path) -> None:
    templates, _ = load_templates(folder(tmp_path, "{{ company }}"))
    for name, values in (("x/y", {}), ("x/unknown", USUAL)):
        with pytest.raises(RenderError):
            templates.render(name, "nb", values)


def test_a_letter_is_capped(tmp_path: Path) -> None:
    templates, _ = load_templates(folder(tmp_path, "{{ products | listed }}"))
    with pytest.raises(RenderError):
        templates.render("x/y", "nb", {**USUAL, "products": ["x" * 9000]})


def letter(templates: Templates, language: str, values: Mapping[str, object], count: int = 1) -> tuple[str, str]:
    names = ("termination/received", "otp_code/steps", "elma_deregister/steps")[:count]
    parts = []
    for name in names:
        heading, body, _ = templates.render(name, language, values)
        parts.append({"heading": heading, "body": body})
    _, text, html = templates.render("general/letter", language, {**values, "parts": parts})
    return text, html


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("language", ["nb", "nn", "en"])
@pytest.mark.parametrize("values", [BLANK, USUAL, FULL], ids=["blank", "usual", "full"])
def test_text_and_html_say_the_same_words(
    shipped: Templates, language: str, values: Mapping[str, object], count: int
) -> None:
    text, html = letter(shipped, language, values, count)
    shown = unescape(re.sub(r"<[^>]{1,400}>", " ", re.sub(r"<head>.*</head>", "", html, flags=re.DOTALL)))
    assert shown.split() == [word for word in text.split() if word != "-"]


def test_headings_stand_only_in_a_letter_of_more_than_two_parts(shipped: Templates) -> None:
    assert "<h2" not in letter(shipped, "nb", USUAL, 2)[1]
    assert letter(shipped, "nb", USUAL, 3)[1].count("<h2") == 3


def test_T37_values_are_escaped_in_html_and_plain_in_text(shipped: Templates) -> None:
    text, html = letter(shipped, "nb", {**USUAL, "company": "<b>A & B</b> AS"})
    assert "<b>A & B</b> AS" in text
    assert "&lt;b&gt;A &amp; B&lt;/b&gt; AS" in html


def test_html_needs_no_image_and_names_both_colour_schemes(shipped: Templates) -> None:
    _, html = letter(shipped, "nb", USUAL)
    assert "light dark" in html
    assert not re.search(r"<img|src=|url\(|<script|background", html)


def test_blank_lines_part_paragraphs_and_lists_follow_their_lead() -> None:
    text = "Hei,\n\nVi trenger\n  - a\n  - b\n\nHilsen\nOss"
    assert blocks(text, frozenset()) == [
        ("p", ["Hei,"]),
        ("p", ["Vi trenger"]),
        ("ul", ["a", "b"]),
        ("p", ["Hilsen", "Oss"]),
    ]


def test_unwrapping_twice_changes_nothing() -> None:
    once = unwrap("a\nb\n\n  - c\n    d\n  - e\nf\n")
    assert unwrap(once) == once


def test_norwegian_letters_write_the_short_form_of_organisation_number_alike() -> None:
    norwegian = [path for language in ("nb", "nn") for path in (ROOT / "templates").glob(f"*/*.{language}.txt")]
    assert [path.name for path in norwegian if "org.nr. " in path.read_text("utf-8")] == []
