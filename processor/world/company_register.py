"""Enhetsregisteret, the Norwegian register of organisations, by its open interface (domain.md 5.2).

Its answers are checked against what was asked: the number must come back, the answer must be JSON of the shape
that the register documents, and everything that has another shape is no answer.  An entry leaves fields out, and
what is absent is not false.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Literal

from processor.config import RegisterSettings
from processor.lookup import Company, Role, valid_org_no
from processor.world.web import Answer, NoAnswer, Terms, get, host_of

ENTITY = "application/vnd.brreg.enhetsregisteret.enhet.v2+json;charset=UTF-8"
SUB_UNIT = "application/vnd.brreg.enhetsregisteret.underenhet.v2+json;charset=UTF-8"
PLAIN = "application/json"
LANGUAGES: Mapping[object, Literal["nb", "nn"]] = {"Bokmål": "nb", "Nynorsk": "nn"}
ROLES = ("DAGL", "LEDE", "INNH", "BOBE", "KDEB", "SIGN", "PROK", "DTSO", "DTPR", "KOMP", "KONT", "REGN", "REVI")
"""Who may speak for a company, and who keeps its books; members and deputies of boards are left out."""
MOST_ROLES = 20
MOST_NAME = 200


def look_up(org_no: str, settings: RegisterSettings, seconds: float, now: datetime) -> Company:
    """What the register says about an organisation number; raises NoAnswer, and takes so many seconds at most."""
    until = time.monotonic() + seconds
    blank = Company(org_no, "unknown", asked_at=now, source=host_of(settings.url))
    found = _get(f"enheter/{org_no}", ENTITY, settings, until)
    if found.status == 410:
        return replace(blank, state="removed")
    if found.status == 200:
        return _with_roles(company(_object(found), org_no, blank), settings, until)
    sub_unit = _get(f"underenheter/{org_no}", SUB_UNIT, settings, until)
    if sub_unit.status != 200:
        return replace(blank, state="removed" if sub_unit.status == 410 else "unknown")
    return _main_entity(_object(sub_unit), org_no, blank, settings, until)


def company(entry: Mapping[str, Any], org_no: str, blank: Company) -> Company:
    """An entry of the register as a value; raises NoAnswer for one of another number or shape."""
    if entry.get("organisasjonsnummer") != org_no:
        raise NoAnswer("nonsense", "the register answers about another organisation")
    form = entry.get("organisasjonsform")
    bankrupt_on, winding_up_on = _day(entry, "konkursdato"), _day(entry, "underAvviklingDato")
    return replace(
        blank,
        state="found",
        name=_name(entry.get("navn")),
        form=_name(form.get("kode"))[:10] if isinstance(form, Mapping) else "",
        deleted=bool(_text(entry, "slettedato")),
        deleted_on=_day(entry, "slettedato"),
        bankrupt=True if bankrupt_on else _truth(entry, "konkurs"),
        bankrupt_on=bankrupt_on,
        winding_up=True if winding_up_on else _truth(entry, "underAvvikling"),
        winding_up_on=winding_up_on,
        forced=_truth(entry, "underTvangsavviklingEllerTvangsopplosning"),
        language=LANGUAGES.get(entry.get("maalform"), ""),
    )


def roles(answer: Mapping[str, Any]) -> tuple[Role, ...]:
    """Those in the roles that matter to us; left ones and the dead are dropped, and birth dates never taken."""
    found = []
    for group in _list(answer, "rollegrupper"):
        for each in _list(group, "roller"):
            kind = each.get("type")
            code = kind.get("kode") if isinstance(kind, Mapping) else None
            if code in ROLES and not each.get("fratraadt") and not each.get("avregistrert") and (name := _holder(each)):
                found.append(Role(str(code), name))
    return tuple(dict.fromkeys(found))[:MOST_ROLES]


def _main_entity(
    sub_unit: Mapping[str, Any], org_no: str, blank: Company, settings: RegisterSettings, until: float
) -> Company:
    """A sub-unit is wound up with its main entity: that one's entry is what counts."""
    unit = company(sub_unit, org_no, blank)
    main = sub_unit.get("overordnetEnhet")
    closed = _text(sub_unit, "nedleggelsesdato")
    if not isinstance(main, str) or not valid_org_no(main) or closed:
        return replace(unit, deleted=unit.deleted or bool(closed), deleted_on=_day(sub_unit, "nedleggelsesdato"))
    found = _get(f"enheter/{main}", ENTITY, settings, until)
    if found.status != 200:
        return replace(unit, part_of=main)
    whole = _with_roles(company(_object(found), main, replace(blank, org_no=main)), settings, until)
    return replace(whole, org_no=org_no, part_of=main)


def _with_roles(found: Company, settings: RegisterSettings, until: float) -> Company:
    """The entry with its roles where they are wanted; without them where only they could not be had."""
    if not settings.roles or found.deleted:
        return found
    try:
        answer = _get(f"enheter/{found.org_no}/roller", PLAIN, settings, until)
        return replace(found, roles=roles(_object(answer))) if answer.status == 200 else found
    except NoAnswer:
        return found


def _get(path: str, accept: str, settings: RegisterSettings, until: float) -> Answer:
    terms = Terms(until - time.monotonic(), settings.ca_file, internal=True, headers={"Accept": accept})
    return get(f"{settings.url.rstrip('/')}/{path}", terms)


def _object(answer: Answer) -> Mapping[str, Any]:
    """The JSON object of an answer, whose media type must say that it is one."""
    if answer.kind != PLAIN and not answer.kind.endswith("+json"):
        raise NoAnswer("nonsense", f"the register sends {answer.kind}, not JSON")
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise NoAnswer("nonsense", "the register sends what is no JSON") from error
    if not isinstance(found, Mapping):
        raise NoAnswer("nonsense", "the register sends JSON of another shape")
    return found


def _holder(role: Mapping[str, Any]) -> str:
    """The name of the person or organisation in a role; "" for the dead and for other shapes."""
    person, unit = role.get("person"), role.get("enhet")
    if isinstance(person, Mapping) and not person.get("erDoed"):
        name = person.get("navn")
        parts = [name.get(key) for key in ("fornavn", "mellomnavn", "etternavn")] if isinstance(name, Mapping) else []
        return _name(" ".join(part for part in parts if isinstance(part, str) and part))
    if isinstance(unit, Mapping):
        name = unit.get("navn")
        return _name(" ".join(map(str, name)) if isinstance(name, list) else name)
    return ""


def _list(found: object, key: str) -> list[Mapping[str, Any]]:
    values = found.get(key) if isinstance(found, Mapping) else None
    return [each for each in values if isinstance(each, Mapping)] if isinstance(values, list) else []


def _truth(entry: Mapping[str, Any], key: str) -> bool | None:
    value = entry.get(key)
    return value if isinstance(value, bool) else None


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return value.strip() if isinstance(value, str) else ""


def _day(entry: Mapping[str, Any], key: str) -> date | None:
    """A date; empty ones come as "" (domain.md 5.2), and times of day are dropped."""
    try:
        return date.fromisoformat(_text(entry, key)[:10])
    except ValueError:
        return None


def _name(value: object) -> str:
    """A name on one line without control characters; the register is believed, its line is not."""
    text = value if isinstance(value, str) else ""
    return " ".join("".join(each if each.isprintable() else " " for each in text[:MOST_NAME]).split())
