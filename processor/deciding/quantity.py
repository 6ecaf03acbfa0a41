"""What the numbers of an invoice's quantity come to (domain.md 1.6), from what a question on it says.

Two ways of counting are known.  On an invoice for twelve months the quantity is users times 12; on one for a
period it is the users, and the amount is users times monthly price times months, without VAT.  Numbers that
fit neither are never explained: they go to a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from processor.findings import Understanding
from processor.message import Message

TOPICS = {"quantity", "kon_abo"}
YEAR = 12
MOST_TEXT = 20_000
MOST_USERS = 5000
MOST_CALCULATIONS = 3
CENT = Decimal("0.01")
WORDS: Mapping[str, int] = {
    **{"en": 1, "ein": 1, "ett": 1, "one": 1, "to": 2, "två": 2, "two": 2, "tre": 3, "three": 3, "fire": 4},
    **{"fyra": 4, "four": 4, "fem": 5, "five": 5, "seks": 6, "sex": 6, "six": 6, "sju": 7, "syv": 7, "seven": 7},
    **{"åtte": 8, "otte": 8, "åtta": 8, "eight": 8, "ni": 9, "nio": 9, "nine": 9, "ti": 10, "tio": 10, "ten": 10},
    **{"elleve": 11, "elva": 11, "eleven": 11, "tolv": 12, "twelve": 12},
}
_COUNT = rf"(?P<count>\d{{1,4}}|{'|'.join(WORDS)})"
_MONEY = r"\d{1,3}(?:[ .]\d{3})+(?:,\d{1,2})?|\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{1,7}(?:[.,]\d{1,2})?"
_DAY = r"([0-3]?\d)[./]([01]?\d)[./]((?:20)?\d\d)"
QUANTITY = (
    re.compile(
        r"\b(?:antall\w{0,2}|antal\w{0,2}|quantit\w{1,4}|qty|mengd\w{1,2})\b[^\d\n]{0,25}?(?<![\d.,])(\d{1,4})(?![\d.,]?\d)"
    ),
    re.compile(r"(?<![\d.,])(\d{1,4}) ?(?:stk|st|pcs|linjer|linjar)\b"),
    re.compile(
        r"\b(?:står|stend|stands|says|shows|viser)\b(?: det| oppført| at)? (\d{1,4})(?![\d.,]?\d)(?! ?(?:kr|nok|bruk|user|lisens))"
    ),
)
WE = re.compile(
    rf"\b(?:vi|me|we) (?:er|are|är) (?:bare |berre |kun |only |bara )?{_COUNT}"
    # "Vi er en liten bedrift" counts nobody: a word needs what it counts, or the end of the sentence.
    r"(?: (?:stykker|stykk|stk|stycken|personer|personar|people|mann|ansatte|tilsette)\b"
    r"|(?<=\d)(?![\w.,-]*\d)|(?=\s*(?:[.,!?]|$)))"
)
USERS = re.compile(
    r"(?<!ikke )(?<!ikkje )(?<!inte )(?<!not )(?<!not have )"
    rf"(?<![\d.,\w]){_COUNT} (?:(?!på|per|pr\b|for|of|til|og|and|x\b)\w{{1,14}} )?"
    r"(?:brukere?|brukarar?|brugere?|användare|users?|lisens(?:er|ar)?|licenser|licen[cs]es?)\b"
)
MONTHS = re.compile(rf"(?<![\d.,\w]){_COUNT} (?:hele |heile |full )?(?:måned(?:er)?|månad(?:er|ar)?|mnd|mdr|months?)\b")
PERIOD = re.compile(rf"(?<!\d){_DAY} ?(?:-|til og med|t\.o\.m\.|til|till|to|through) ?{_DAY}(?!\d)")
MONEY = re.compile(
    rf"(?:\b(?:kr|nok)\.? ?(?P<after>{_MONEY})|(?<![\d.,])(?P<before>{_MONEY}) ?(?:kr\b|kroner\b|nok\b|,-))"
)
PER_MONTH = re.compile(
    r"[.,]?-? ?(?:per|pr\.?|i|a|/|for kvar|om) ?(?:bruker |brukar |user )?(?:per |pr\.? |i |a )?(?:måned\w{0,2}|månad\w{0,2}|mnd|md|month)\b"
)
EACH = re.compile(r"(?:\bà|\bpris\w{0,3}|\bprice|×| x|\bganger|\bat) ?(?:er |is |på |of |of nok )?$")
PRODUCT = re.compile(
    r"(?<![\d.,])(\d{1,4})(?: brukere| brukarar| users| brugere| användare)? ?[x×*] ?(?:kr\.? ?)?(\d{1,5}(?:,\d{2})?)(?: ?kr)? ?[x×*] ?(\d{1,2})\b"
)
LONG = re.compile(r"\b(?:inv[- ]?\d{4,12}|\d{7,9}|\d{3} \d{3} \d{3})\b")
"""Numbers of invoices, customers and organisations, which count nothing."""
_SMOOTH = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "–": "-", "—": "-", "−": "-"})


@dataclass(frozen=True, slots=True)
class Calculation:
    """One of the two ways, worked out; ``price`` and ``amount`` in kroner stand only in the second."""

    users: int
    months: int
    quantity: int = 0
    price: Decimal | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What can be worked out, or why a person must: ``quantity_mismatch``, ``amount_mismatch`` or ``""``."""

    calculations: tuple[Calculation, ...] = ()
    mismatch: str = ""


NOTHING = Reckoning()


def asked(message: Message, understanding: Understanding) -> Reckoning:
    """What the numbers of a mail come to; nothing where it does not ask about a quantity."""
    types = {request.type for request in understanding.requests}
    if "invoice_question" not in types or not TOPICS & set(understanding.topics):
        return NOTHING
    return reckon(f"{message.subject}\n{message.words('new', 'forwarded')}")


def reckon(text: str) -> Reckoning:
    """Work out what a question's numbers mean; nothing where it names too few."""
    text = LONG.sub(" ", text[:MOST_TEXT].lower().translate(_SMOOTH))
    if product := PRODUCT.search(text):
        users, price, months = int(product[1]), _money(product[2]), int(product[3])
        told = [each for _, each in _amounts(text) if each != price]
        amount = _after_equals(text, product.end()) or max(told, default=None)
        return _by_price(users, price, months, amount)
    quantities = tuple(dict.fromkeys(_quantities(text)))
    people = tuple(dict.fromkeys([*_counts(USERS, text), *_counts(WE, text)]))
    months = _months(text)
    prices = [amount for monthly, amount in _amounts(text) if monthly]
    if prices and months and (people or len(quantities) == 1):
        if len({*people, *quantities}) > 1 or len(prices) > 1:
            return Reckoning(mismatch="quantity_mismatch")
        others = [amount for monthly, amount in _amounts(text) if not monthly]
        return _by_price((people or quantities)[0], prices[0], months, max(others, default=None))
    return _by_quantity(quantities, people, months)


def _by_price(users: int, price: Decimal, months: int, amount: Decimal | None) -> Reckoning:
    due = users * price * months
    if amount is not None and abs(amount - due) > CENT:
        return Reckoning(mismatch="amount_mismatch")
    return Reckoning((Calculation(users, months, price=price, amount=due),))


def _by_quantity(quantities: tuple[int, ...], people: tuple[int, ...], months: int) -> Reckoning:
    """A quantity divided by twelve, or by the months the writer names; it must be whole, and fit the users."""
    if not quantities:
        # Two numbers of users and none on the invoice: "charged for 12, and we are 9".
        return Reckoning(mismatch="quantity_mismatch" if len(set(people)) > 1 else "")
    if months not in (0, YEAR) and set(people) == set(quantities):
        return Reckoning()
    by = months if months and people and all(each % months == 0 for each in quantities) else YEAR
    if any(each % by for each in quantities):
        # On an invoice for a period the quantity is the users, and nothing is divided.
        return Reckoning(mismatch="" if months not in (0, YEAR) and not people else "quantity_mismatch")
    found = tuple(Calculation(each // by, by, each) for each in quantities[:MOST_CALCULATIONS])
    if not set(people) <= {each.users for each in found}:
        return Reckoning(mismatch="quantity_mismatch")
    return Reckoning(found)


def _quantities(text: str) -> Iterator[int]:
    for pattern in QUANTITY:
        for match in pattern.finditer(text):
            number = int(match[1])
            if number > 0 and not 1990 <= number <= 2099:
                yield number


def _counts(pattern: re.Pattern[str], text: str) -> Iterator[int]:
    for match in pattern.finditer(text):
        word = match["count"]
        number = int(word) if word.isdigit() else WORDS[word]
        if 0 < number <= MOST_USERS:
            yield number


def _months(text: str) -> int:
    """The months that are named, in words or as a period of whole months; 0 for none or several."""
    found = {*_counts(MONTHS, text), *_periods(text)}
    return found.pop() if len(found) == 1 else 0


def _periods(text: str) -> Iterator[int]:
    for match in PERIOD.finditer(text):
        start, end = _day(*match.groups()[:3]), _day(*match.groups()[3:])
        if start and end and start < end:
            after = end + timedelta(days=1)
            if after.day == start.day:
                yield (after.year - start.year) * 12 + after.month - start.month


def _day(day: str, month: str, year: str) -> date | None:
    try:
        return date(2000 + int(year) % 100, int(month), int(day))
    except ValueError:
        return None


def _amounts(text: str) -> Iterator[tuple[bool, Decimal]]:
    """Every sum of money, and whether it is a price per month and user."""
    for match in MONEY.finditer(text):
        lead = text[max(0, match.start() - 25) : match.start()]
        yield bool(PER_MONTH.match(text, match.end()) or EACH.search(lead)), _money(match["after"] or match["before"])


def _after_equals(text: str, place: int) -> Decimal | None:
    found = re.compile(rf" ?(?:kr)? ?(?:=|blir|er|is|equals) ?(?:kr\.? ?|nok ?)?({_MONEY})").match(text, place)
    return _money(found[1]) if found else None


def _money(text: str) -> Decimal:
    """ "4 800,00", "4.800", "1,044" and "4800.00" as a number: the last sign parts two digits, others thousands."""
    whole, cents = re.fullmatch(r"(.*?)(?:[.,](\d{1,2}))?", text).groups()  # type: ignore[union-attr]
    return Decimal(re.sub(r"\D", "", whole) + "." + (cents or "0"))
