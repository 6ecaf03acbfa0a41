"""What the program writes to customers, held to the rules of its voice: every text, every language."""

from __future__ import annotations

import itertools
import re
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from processor.loading.rules import SAVED
from processor.loading.samples import PART_VALUES, sample_values
from processor.loading.templates import LAYOUT, Templates, load_templates

ROOT = Path(__file__).parents[2]
TEMPLATES, PROBLEMS = load_templates(ROOT / "templates")
RULES = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "rules").glob("*.toml"))]
KINDS: Mapping[str, str] = {name: kind for rules in RULES for name, kind in rules.get("replies", {}).items()}
ASKED = sorted({key for rules in RULES for row in rules.get("row", ()) for key in row.get("asks", ())})
PARTS = sorted((name, language) for name, language in TEMPLATES.sources if name != LAYOUT)
# What the program sends by itself; the others are staff's to begin with and to change.
SENT = [part for part in PARTS if not part[0].startswith(SAVED)]
LANGUAGES = ("nb", "nn", "en", "sv", "da")
EMPTY, USUAL, FULL = sample_values()
NEGATED = re.compile(r"\b(ikke|ikkje|inte|not|nothing|nobody|ingenting|intet|ingen)\b", re.IGNORECASE)
CLAIMED = re.compile(
    r"\b(registrert|registrerad|registrerat|registreret|registered|bekreftet|bekräftad|bekræftet|confirmed|stadfesta)\b",
    re.IGNORECASE,
)


def used(template: str, language: str) -> list[str]:
    body = TEMPLATES.sources[template, language].body
    return [name for name in PART_VALUES if re.search(rf"\b{name}\b", body)]


def combinations(template: str, language: str) -> Iterator[dict[str, object]]:
    """Every way in which the values a template uses may be empty or full; a plural is either."""
    names = used(template, language)
    for full in itertools.product((False, True), repeat=len(names)):
        chosen = {name: (FULL if each else EMPTY)[name] for name, each in zip(names, full, strict=True)}
        if "received" in chosen and not full[names.index("received")]:
            chosen["received"] = ""
        yield {**FULL, **chosen}


def letter(templates: Templates, language: str, asks: list[str], *parts: tuple[str, str], plural: bool = True) -> str:
    values = {**USUAL, "asks": asks, "plural": plural}
    told = [{"heading": heading, "body": body} for heading, body in parts]
    return templates.render(LAYOUT, language, {**values, "parts": told})[1]


def usual(template: str, language: str) -> tuple[str, str]:
    subject, body, _ = TEMPLATES.render(template, language, USUAL)
    return subject, body


def test_templates_load_without_problems() -> None:
    assert PROBLEMS == []


def test_every_reply_of_the_rules_has_its_text_in_each_language() -> None:
    for name, kind in KINDS.items():
        expected = set(LANGUAGES) if kind == "receipt" else {"nb", "nn", "en"}
        assert TEMPLATES.languages.get(name, frozenset()) == expected, name


def test_no_text_lies_unused() -> None:
    assert {name for name, _ in SENT} <= KINDS.keys()


def test_the_layout_exists_in_every_language() -> None:
    assert TEMPLATES.languages[LAYOUT] == set(LANGUAGES)


@pytest.mark.parametrize(("template", "language"), PARTS)
def test_it_reads_well_with_any_values_missing(template: str, language: str) -> None:
    for values in combinations(template, language):
        subject, body, _ = TEMPLATES.render(template, language, values)
        text = f"{subject}\n{body}"
        assert not re.search(r"\S {2,}\S| [.,;:)]|\( |\(\)|None|\{|\}|\.\.|\bNOK \.|!", text), text
        assert not re.search(r"(?<!\d)\. [a-zæøå]", re.sub(r"(org\.|no\.|nr\.|kl\.|\d\.) ", "", text)), text


@pytest.mark.parametrize(("template", "language"), PARTS)
def test_no_line_grows_together_with_the_next(template: str, language: str) -> None:
    """A tag that ends a line takes the line break with it."""
    for line, following in itertools.pairwise(TEMPLATES.sources[template, language].body.splitlines()):
        ends_words = line.endswith("%}") and not line.startswith("{%")
        assert not ends_words or not following.strip() or following.startswith("{%"), line


@pytest.mark.parametrize(("template", "language"), [part for part in SENT if KINDS[part[0]] == "receipt"])
def test_a_receipt_claims_nothing_but_that_the_mail_came(template: str, language: str) -> None:
    for values in (EMPTY, USUAL, FULL):
        _, body, _ = TEMPLATES.render(template, language, values)
        for sentence in re.split(r"(?<=\.)\s", body):
            assert not CLAIMED.search(sentence) or NEGATED.search(sentence), sentence


@pytest.mark.parametrize(("template", "language"), [part for part in SENT if KINDS[part[0]] != "confirmation"])
def test_no_end_date_stands_in_a_text_before_staff_registered_it(template: str, language: str) -> None:
    assert not {"last_day", "access_until"} & set(used(template, language))


@pytest.mark.parametrize(("template", "language"), [part for part in SENT if KINDS[part[0]] != "confirmation"])
def test_the_first_sentence_says_when_we_got_the_mail(template: str, language: str) -> None:
    first = usual(template, language)[1].splitlines()[0]
    assert str(USUAL["received"]) in first


@pytest.mark.parametrize(("template", "language"), PARTS)
def test_a_letter_fills_at_most_fifteen_lines_of_a_usual_window(template: str, language: str) -> None:
    text = letter(TEMPLATES, language, [], usual(template, language))
    shown = [each for line in text.splitlines() for each in textwrap.wrap(line, 96)]
    assert len(shown) <= 15, text


@pytest.mark.parametrize(("template", "language"), PARTS)
def test_a_point_of_a_list_fits_on_one_line(template: str, language: str) -> None:
    points = [line for line in usual(template, language)[1].splitlines() if line.startswith("  - ")]
    assert all(len(point) <= 100 for point in points)


def sources() -> list[Path]:
    return sorted((ROOT / "templates").rglob("*.*"))


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.name)
def test_no_text_holds_a_forbidden_word(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"Kjære|vennligst|passord|password|lösenord|adgangskode|https?://", text, re.IGNORECASE)
    # A code would be four digits or more that are no year, fee or part of an invoice line's name.
    assert not re.search(r"\b\d{5,}\b|\{\{ *(code|kode)", text)
    if path.suffix == ".txt":
        assert "!" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_neutral_receipt_holds_no_customer_data(language: str) -> None:
    assert set(used("general/received", language)) <= {"received", "ticket_no", "plural"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("plural", [False, True])
def test_the_layout_names_everything_that_the_rules_ask_for(language: str, plural: bool) -> None:
    text = letter(TEMPLATES, language, ASKED, ("Emne", "En linje."), plural=plural)
    points = [line for line in text.splitlines() if line.startswith("  - ")]
    assert len(points) == len(ASKED)
    assert not any(key in points for key in ASKED)


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_or_two_parts_have_no_headings_and_three_have(language: str) -> None:
    parts = [("Første", "A."), ("Andre", "B."), ("Tredje", "C.")]
    assert "Første" not in letter(TEMPLATES, language, [], parts[0])
    assert "Første" not in letter(TEMPLATES, language, [], *parts[:2])
    assert "\n\nFørste\n\nA.\n\nAndre\n\nB.\n\nTredje\n\nC.\n\n" in letter(TEMPLATES, language, [], *parts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_without_a_name_greets_all_the_same(language: str) -> None:
    values = {**EMPTY, "parts": [{"heading": "A", "body": "B."}]}
    assert re.match(r"(Hei|Hej|Hello),\n\nB\.\n\n", TEMPLATES.render(LAYOUT, language, values)[1])


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_a_notice_that_lacks_a_number_keeps_its_time(language: str) -> None:
    told, other, complete = (
        TEMPLATES.render("termination/received", language, {**USUAL, "asks": asks})[1]
        for asks in (["org_no"], ["invoice_no"], [])
    )
    assert re.search(r"Tidspunktet over gjeld|The time above stands", told)
    # What another part of the letter asks for does not touch the notice.
    assert other == complete
    assert len(complete) < len(told)


ENDS = {
    "nb": ("datoen avtalen opphører", "løper videre"),
    "nn": ("datoen avtalen tek slutt", "held fram"),
    "en": ("with the date", "continues as before"),
    "sv": ("datum då avtalet upphör", "löper vidare"),
    "da": ("datoen for aftalens ophør", "løber videre"),
}


@pytest.mark.parametrize(
    ("template", "language"),
    [
        *((f"termination/received_{name}", language) for name in ("authorised", "again") for language in LANGUAGES),
        *(("termination/received_ask_authority", language) for language in ("nb", "nn", "en")),
    ],
)
@pytest.mark.parametrize("told", [{"users": 2}, {"users": 0, "topics": ("partial",)}], ids=["users", "partial"])
def test_a_notice_of_a_part_is_never_answered_as_one_of_the_whole(
    template: str, language: str, told: dict[str, object]
) -> None:
    whole = {**USUAL, "users": 0, "topics": ()}
    ends, goes_on = ENDS[language]
    for values, part in ((whole, False), ({**whole, **told}, True)):
        text = " ".join(TEMPLATES.render(template, language, values)[1].split()).replace("datumet då", "datum då")
        assert (ends in text, goes_on in text) == (not part, part)


@pytest.mark.parametrize("template", ["termination/received_ask_authority", "termination/received_authorised"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notice_for_several_companies_speaks_of_no_single_client(template: str, language: str) -> None:
    if language not in TEMPLATES.languages[template]:
        return
    for org_nos in (("974 760 673",), ("974 760 673", "991 825 827")):
        subject, body, _ = TEMPLATES.render(template, language, {**USUAL, "org_nos": org_nos})
        one = re.search(r"\b(en kunde|ein kunde|a client|en kund|en kunds)\b", f"{subject} {body}")
        assert bool(one) == (len(org_nos) == 1)


def test_the_html_says_the_same_words_and_needs_no_pictures() -> None:
    parts = [{"heading": "Overskrift", "body": "A & B.\n\n  - <en>\n  - to"}] * 3
    _, text, html = TEMPLATES.render(LAYOUT, "nb", {**USUAL, "parts": parts})
    assert 'lang="nb"' in html
    assert "color-scheme" in html
    assert "<img" not in html
    assert html.count("<h2") == 3
    assert html.count("<li") == 6
    assert "A &amp; B." in html
    assert "&lt;en&gt;" in html
    words = re.sub(
        r"&lt;", "<", re.sub(r"&gt;", ">", re.sub(r"<[^>]+>", " ", html.partition("<body")[2].partition(">")[2]))
    )
    assert words.replace("&amp;", "&").split() == [word for word in text.split() if word != "-"]


def test_the_worked_examples_of_invoices_are_right() -> None:
    _, body, _ = TEMPLATES.render("invoice_question/quantity", "nb", USUAL)
    assert "108 / 12 = 9" in body
    assert "4 800,00 kr" in body
    assert 32 * 50 * 3 == 4800


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_the_numbers_of_the_mail_stand_in_the_place_of_the_examples(language: str) -> None:
    told = {"quantity": "24", "users": "2", "months": "12", "price": "", "amount": ""}
    _, body, _ = TEMPLATES.render("invoice_question/quantity", language, {**USUAL, "calculations": (told,)})
    assert "24 / 12 = 2 " in body
    assert "108" not in body


def test_the_answer_on_deadlines_puts_the_signed_contract_first() -> None:
    _, body, _ = TEMPLATES.render("termination_question/rules", "nb", USUAL)
    order = [
        body.index(words) for words in ("Det er avtalen dere har signert", "senest 30. september", "minst en måned før")
    ]
    assert order == sorted(order)
    assert "oppsigelse@visma.no" in body
