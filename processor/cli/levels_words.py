"""The words of the report on levels, in English and in bokmål: who signs it need not read English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "nb"]
LANGUAGES: tuple[Language, ...] = ("en", "nb")


@dataclass(frozen=True, slots=True)
class Words:
    """One language's sentences and numbers."""

    language: Language = "en"

    def say(self, words: str, **values: object) -> str:
        """A sentence of the report, given in English; raises KeyError for one that has no translation."""
        return (words if self.language == "en" else NB[words]).format(**values)

    def number(self, count: int) -> str:
        return f"{count:,}" if self.language == "en" else f"{count:,}".replace(",", "\N{NO-BREAK SPACE}")

    def percent(self, share: float) -> str:
        """Downwards, so that rounding never shows more than there is."""
        told = f"{int(share * 1000 + 1e-9) / 10:g} %"
        return told if self.language == "en" else told.replace(".", ",")


NB: Mapping[str, str] = {
    "Levels of automatic answers: {team}": "Nivåer for automatiske svar: {team}",
    "Decisions from {begin} to {end}.": "Avgjørelser fra {begin} til {end}.",
    "the first mail": "den første e-posten",
    "Nothing was sent by this report.": "Denne rapporten har ikke sendt noe.",
    "No mail yet: {types}.": "Ingen e-post ennå: {types}.",
    "decides and records, sends nothing": "avgjør og lagrer, sender ingenting",
    "every reply waits for a person": "hvert svar venter på en person",
    "receipts go out, every other reply waits for a person": "kvitteringer går ut, alle andre svar venter på en person",
    "replies go out as the rules say; confirmations wait until staff have done the thing": "svar går ut slik reglene "
    "sier; bekreftelser venter til saksbehandlerne har gjort det de bekrefter",
    "confirmed by staff": "bekreftet av saksbehandlere",
    "changed by staff": "endret av saksbehandlere",
    "rejected by staff": "avvist av saksbehandlere",
    "not judged yet": "ikke vurdert ennå",
    "level": "nivå",
    "decided": "avgjort",
    "staff since": "siden da",
    "missed": "oversett",
    "right": "riktig",
    "next level": "neste nivå",
    "at {level}": "på {level}",
    "{level} ({meaning}), since {day}": "{level} ({meaning}), siden {day}",
    "{all}: {surely} surely, {review} for a person to look at": "{all}: {surely} med sikkerhet, {review} for en person å se på",
    "{count} mails that staff have said are of this type were taken for another": "{count} e-poster som saksbehandlere "
    "har sagt er av denne typen, ble tatt for en annen",
    "{count} replies would have gone out": "{count} svar ville ha gått ut",
    "{count} replies would have gone out, of which {wrong} on mails that staff changed or rejected": "{count} svar ville "
    "ha gått ut, av dem {wrong} på e-poster der saksbehandlere endret eller avviste",
    "staff have judged none yet; goal {goal}": "saksbehandlerne har ikke vurdert noen ennå; målet er {goal}",
    "{share} of {judged} judged; shown with 95 % confidence: at least {shown}; goal {goal}": "{share} av {judged} "
    "vurderte; vist med 95 % sikkerhet: minst {shown}; målet er {goal}",
    "No reply of this type would have gone out newly at {level}.": "Ingen nye svar av denne typen ville ha gått ut på "
    "{level}.",
    "The latest {count} that would have gone out at {level}:": "De nyeste som ville ha gått ut på {level} ({count}):",
    "{kind} to {to}": "{kind} til {to}",
    "the mail: {asked}": "e-posten: {asked}",
    "(no subject)": "(uten emne)",
    "receipt": "kvittering",
    "answer": "svar",
    "question": "spørsmål",
    "confirmation": "bekreftelse",
    "notice": "varsel",
    "Level from now on": "Nivå fra nå av",
    "Name": "Navn",
    "Date": "Dato",
    "Signature": "Underskrift",
}
