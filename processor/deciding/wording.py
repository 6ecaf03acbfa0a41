"""Dates, numbers and names as a careful native writes them, in the five languages of our letters.

Names come from strangers and go into letters that carry our name: what has not a strict shape is
left out, never repaired (voice.md; threats T35, T36).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from processor.deciding.calendar import OSLO
from processor.deciding.quantity import Calculation

WEEKDAYS = {
    "nb": ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"),
    "nn": ("måndag", "tysdag", "onsdag", "torsdag", "fredag", "laurdag", "sundag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "sv": ("måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag"),
    "da": ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"),
}
_NB = "januar februar mars april mai juni juli august september oktober november desember"
_MONTHS = {
    "nb": _NB,
    "nn": _NB,
    "en": "January February March April May June July August September October November December",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
    "da": "januar februar marts april maj juni juli august september oktober november december",
}
MONTHS = {language: tuple(names.split()) for language, names in _MONTHS.items()}
DAY = {
    "nb": "{weekday} {day}. {month} {year}",
    "nn": "{weekday} {day}. {month} {year}",
    "en": "{weekday} {day} {month} {year}",
    "sv": "{weekday}en den {day} {month} {year}",
    "da": "{weekday} den {day}. {month} {year}",
}
AT = {"nb": "kl. {time}", "nn": "kl. {time}", "en": "at {time} (Oslo time)", "sv": "kl. {time}", "da": "kl. {time}"}
AND = {"nb": "og", "nn": "og", "en": "and", "sv": "och", "da": "og"}
MOST_NUMBERS = 8
FORMS = {
    *("AS", "As", "ASA", "ENK", "ANS", "DA", "NUF", "SA", "BA", "KS", "SF", "IKS", "FLI", "AB", "ApS", "A/S"),
    *("Ltd", "GmbH", "kommune", "Kommune", "fylkeskommune"),
}
BEGINNINGS = {"AS", "A/S", "Stiftelsen", "Borettslaget", "Sameiet", "Eierseksjonssameiet", "Foreningen"}
ENDINGS = {"KONKURSBO", "konkursbo", "Konkursbo"}
NO_NAMES = re.compile(
    r"(?:as|asa|da|ans|enk|nuf|du|vi|deg|dere|ikke|har|gratis|konto|post|mail|info|team|firma|admin|butikk|kontor"
    r"|lønn|salg|klinikk|skole|visma|norge|norway|oslo|bergen|scan|daglig|leder|styret|kjære|hei|din|klikk)"
    r"|.*(?:regnskap|rekneskap|regnskab|service|faktura|invoice|økonomi|eiendom|eigedom|transport|drift|support|kunde"
    r"|senter|avdeling|gruppen|konsern|holding|bygg|teknikk|elektro|handel|bedrift|selskap|mottak|resepsjon|skanner"
    r"|scanner|printer|advokat|bostyrer|konkurs|revisor|styreleder|kasserer|kasserar|sekretær|lager).*"
)
"""Words of companies, desks and machines, and of sentences in the name's place, in lower case."""
TITLES = re.compile(
    r"(?:advokat|advokatfullmektig|bostyrer|kurator|revisor|dr|doktor|prof|professor|lege|tannlege|ingeniør|styreleder"
    r"|kasserer|kasserar|sekretær|herr|fru|frk|frøken|mr|mrs|ms|miss|sir)\.?"
)
"""What people put before their names, in lower case."""
NAME = re.compile(r"[^\W\d_]{2,20}(?:-[^\W\d_]{2,20})?")
COMPANY = re.compile(r"[^\W\d_](?:[^\W\d_]|[ &'/\-]){1,59}")


def in_words(day: date, language: str) -> str:
    """A date with its weekday: "tirsdag 18. august 2026"."""
    weekday, month = WEEKDAYS[language][day.weekday()], MONTHS[language][day.month - 1]
    return DAY[language].format(weekday=weekday, day=day.day, month=month, year=day.year)


def moment_in_words(moment: datetime, language: str) -> str:
    """A moment in Oslo: "tirsdag 18. august 2026 kl. 10.02"."""
    local = moment.astimezone(OSLO)
    return f"{in_words(local.date(), language)} {AT[language].format(time=f'{local.hour:02}.{local.minute:02}')}"


def org_no_in_words(number: str) -> str:
    """An organisation number in threes, "974 760 673"; "" for anything but nine digits."""
    return f"{number[:3]} {number[3:6]} {number[6:]}" if re.fullmatch(r"[0-9]{9}", number) else ""


def kroner(amount: Decimal, language: str) -> str:
    """A sum with two decimals: "4 800,00", in English "4,800.00"."""
    text = f"{amount:,.2f}"
    return text if language == "en" else text.replace(",", " ").replace(".", ",")


def calculation_in_words(each: Calculation, language: str) -> Mapping[str, str]:
    """The numbers of a calculation as they stand in a letter; what it has not is ""."""
    return {
        "quantity": str(each.quantity or ""),
        "users": str(each.users),
        "months": str(each.months),
        "price": "" if each.price is None else kroner(each.price, language),
        "amount": "" if each.amount is None else kroner(each.amount, language),
    }


def org_nos_in_words(numbers: Sequence[str], language: str) -> str:
    """Some organisation numbers in a sentence, "974 760 673 og 991 825 827"; "" for none or more than a line holds."""
    if not 0 < len(numbers) <= MOST_NUMBERS:
        return ""
    return f" {AND[language]} ".join(filter(None, (", ".join(numbers[:-1]), numbers[-1])))


def first_name(display_name: str) -> str:
    """The first name of "Kari Holm", "Holm, Kari" or "Advokat Kari Holm"; "" for whatever may be no person's name."""
    name = unicodedata.normalize("NFC", display_name).strip()
    if len(name) > 60:
        return ""
    if name.count(",") == 1:
        last, first = name.split(",")
        name = f"{first.strip()} {last.strip()}"
    words = name.split()
    while words and TITLES.fullmatch(words[0].lower()):
        words = words[1:]
    if not 2 <= len(words) <= 4 or not all(_is_name(word) for word in words):
        return ""
    return words[0]


def _is_name(word: str) -> bool:
    return bool(NAME.fullmatch(word)) and word.istitle() and not NO_NAMES.fullmatch(word.lower())


def company_in_words(company: str | None) -> str:
    """A company's name if it has a strict shape: letters and a known company form, 60 characters at most."""
    name = unicodedata.normalize("NFC", " ".join((company or "").split()))
    if not COMPANY.fullmatch(name):
        return ""
    words = [word for word in name.split() if word not in ENDINGS]
    if not 2 <= len(words) <= 7 or "//" in name:
        return ""
    return name if words[-1] in FORMS or words[0] in BEGINNINGS else ""


def strict(values: tuple[str, ...], shape: re.Pattern[str], most: int = 5) -> tuple[str, ...]:
    """The values that have a shape, a few of them: more would make our letter carry the sender's text."""
    return tuple(value for value in values if shape.fullmatch(value))[:most]
