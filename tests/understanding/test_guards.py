"""Laws of what is not looked for: a guard never hides what the search behind it finds."""

from __future__ import annotations

import re
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from processor.findings import Role
from processor.understanding import dates, firms, names, numbers, people, products
from processor.understanding.company import company_in
from processor.understanding.numbers import Number, organisation_numbers
from processor.understanding.passages import _BREAK, Passage, fold, passages
from tests.understanding.made_mail import mail, rulebook

PIECES = (
    "Moen Tak", "Moen", "Fjord", "Bygg", "AS", "as", "A/S", "Ltd", "ENK", "KF", "Havnevesenet", "Nordskar", "kommune",
    "sokn", "Firma:", "Kunde: ", "foreningen", "hr,", "firmaet", "i", "på", "hos", "fra", "til", "overtatt av", "og",
    "&", "Kari", "Kari Holm", "kasserer i", "Mek. Verksted", "Visma", "Org.nr", "974 760 673", "974760673", "(", ", ",
    " | ", " - ", ".", ":", "\n", "\n\n", " ", "Hilsen", "moen tak", "Stiftelsen", "frisør", "a", "å", "ﬁ", "Å" * 8,
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=14).map(lambda pieces: "".join(pieces[:7]) + " ".join(pieces[7:]))
NOWHERE = Passage("new", "", "", 0, "body", ())
ROLES: tuple[Role, ...] = ("customer", "accountant")


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=3, max_size=3), st.sampled_from(ROLES), st.booleans())
def test_the_company_is_the_first_of_all_that_every_source_finds(texts: list[str], role: Role, own: bool) -> None:
    subject, new, signature = texts
    vocabulary = rulebook().vocabulary
    message = mail(subject=subject, kinds=(("new", new), ("signature", signature)))
    read = passages(message, rulebook().needles)
    sender = firms.Sender.of("Kari Holm", "moentak-demo.no")
    numbered = organisation_numbers(read, vocabulary)
    sought = firms.Sought(tuple(numbered), vocabulary, sender)
    found = []
    for _, source in names.SOURCES:
        for order, passage in enumerate(read):
            for name, start, worth in source(names.unwrapped(passage.text), passage, sought):
                bare = firms.without_leaders(name, sought)
                if not firms.is_company(bare, sought):
                    continue
                place = start + max(0, name.rfind(bare))
                worth = min(worth, 2) if passage.where == "subject" else worth - firms.is_foreign(bare)
                mine, taker = firms.is_own(bare, sender), firms.is_taker(passage.folded, place)
                firm = role == "accountant" and sought.phrases["names.accountant_firm"].search(bare.lower()) is not None
                found.append((firm, 2 * (own and taker) - worth - (own and mine), order * 100_000 + place, bare))
    first = min(found, key=lambda each: each[:3], default=None)
    company = company_in(read, numbered, vocabulary, role, sender, own=own)
    if first is not None:
        assert company is not None
        assert company.name == first[3]


@settings(deadline=None)
@given(TEXTS)
def test_no_guard_hides_a_name(text: str) -> None:
    sender = firms.Sender.of("Kari Holm", "moentak-demo.no")
    phrases = rulebook().vocabulary.phrases
    sought = firms.Sought((), rulebook().vocabulary, sender)
    named = [match.start() for match in names._NAMED.finditer(text)]
    assert [start for _, start, _ in names._formed(text, NOWHERE, sought)] == named
    for end in range(len(text) + 1):
        before = names._BEFORE_NUMBER.search(text, max(0, end - 90), end)
        found = list(
            names._numbered(text, NOWHERE, firms.Sought((Number("", NOWHERE, end, end),), sought.vocabulary, sender))
        )
        assert [start for _, start, _ in found] == ([before.start("name")] if before else [])
    if any(map(names._IN.search, text.split("\n"))):
        assert names._AT_FIRM.search(text)
    parts = [part for line in text.split("\n") for part in names._LINE_PART.split(line) if part]
    if any(firms.plain(part) == sender.label or firms.resembles(part, sender, phrases) for part in parts):
        assert firms.may_resemble(text, sender)


DIGITS = (
    "9",
    "74",
    "974",
    "760",
    "673",
    "974760673",
    "0192:",
    " ",
    ".",
    ",",
    "\n",
    "-",
    "inv",
    "tlf ",
    "kundenr ",
    "no ",
    " mva",
    "as ",
)


@settings(deadline=None)
@given(st.lists(st.sampled_from(DIGITS)))
def test_no_guard_hides_a_number(pieces: list[str]) -> None:
    (passage,) = passages(mail("".join(pieces)), rulebook().needles)[1:] or passages(mail(), rulebook().needles)
    text = fold(passage.text)
    written = [match.span() for way in (numbers._ORG_NO, numbers._ODDLY_SPACED) for match in way.finditer(text)]
    assert [match.span() for match in numbers._nine_digits(passage)] == written
    if written or any(each.search(text) for each in (numbers._DIGITS, numbers._INVOICE, numbers._PLAIN)):
        assert numbers.with_numbers([passage])
    phone = people._PHONE.search(text)
    if phone and sum(map(str.isdigit, phone.group())) >= 8:
        assert numbers.with_numbers([passage])


ENDS = ("Expense ", "Visma Global ", "er ", "ble ", "alt ", "allerede ", "har vi ", "sagt opp", "opsagt", "avsluttet", "cancelled",
        "was terminated", "bekreftet", "malt ", "men ", ", ", "mens ", "dog ", "but ", "while", " - ", "(", ";")  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.sampled_from(ENDS)).map("".join))
def test_no_guard_hides_that_a_product_has_ended_or_where_a_clause_does(text: str) -> None:
    if products._ENDED.search(text):
        assert any(word in text for word in products._END_WORDS)
    cuts = re.finditer(r",|;|:|\bmen\b|\bbut\b|\bmens\b|\bmedan\b|\bwhile\b|\bdog\b|\s-\s|\(", text)
    assert [cut.span() for cut in products._CLAUSE.finditer(text)] == [cut.span() for cut in cuts]


TIMES = ("ut ", "utgangen av ", "fra ", "året", " år", "nyttår", "kalenderår", "vår ", "neste ", "end of ", "the year", "2027", "renew ", "for ", "q", "h", "1", "2", ". ",
         ".", " ", "første ", "siste ", "second", "halvår", "half of", "kvartal", "kvt", "quarter", "ikke ", "med ", "over")  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.sampled_from(TIMES)).map("".join))
def test_no_guard_hides_a_part_of_a_year_or_its_end(text: str) -> None:
    phrases = rulebook().vocabulary.phrases
    if dates._QUARTER.search(text):
        assert any(part in text for part in dates._PARTS) or dates._PART_NUMBER.search(text)
    if phrases["dates.year_end"].search(text) or phrases["dates.next_year"].search(text):
        assert dates._YEAR_NAMED.search(text)


@settings(max_examples=50, deadline=None)
@given(st.text("aÅİ \t\r\xa0\xad\u200b‘´“»–—‑-'", max_size=12))
def test_a_text_is_folded_as_its_characters_are(text: str) -> None:
    assert fold(text) == "".join(map(fold, text))
    assert set(fold(text)) <= set("aåİ -'\"")


BREAKS = re.compile(
    r"\n\s*\n+\s*|\n|(?<=[.!?;])(?<![ .(]\w\.)(?<!\d\.)[\"')]{0,3}\s+|(?<=\d\.)\s+(?=[A-ZÆØÅÄÖ])"
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.text("aÅ1 \n\t\u2028.!;\"')(", max_size=14))
def test_sentences_are_cut_wherever_they_end(text: str) -> None:
    cuts = [(cut.start() + (cut.group()[0] != "\n"), cut.end()) for cut in _BREAK.finditer(text)]
    assert cuts == [cut.span() for cut in BREAKS.finditer(text)]


DAYS = (
    "1.",
    "2",
    " januar",
    " 2027",
    "fra ",
    "ut ",
    "året",
    "første kvartal",
    "neste måned",
    "i morgen",
    " ",
    "/",
    "31.12.",
    "-",
)


@settings(deadline=None)
@given(st.lists(st.sampled_from(DAYS)).map("".join))
def test_of_days_that_share_a_sign_the_longest_stands(text: str) -> None:
    vocabulary, today = rulebook().vocabulary, date(2026, 9, 14)
    months = list(dates._MONTH_WORD.finditer(text))
    found = [*dates._days(text, months, today), *dates._stretches(text, months, today, vocabulary)]
    kept: list[dates.Moment] = []
    for moment in sorted(found, key=lambda m: (m.start - m.end, m.start)):
        if all(moment.end <= other.start or moment.start >= other.end for other in kept):
            kept.append(moment)
    assert dates.moments(text, today, vocabulary) == sorted(kept, key=lambda m: m.start)
