"""Worked examples as a lawyer writes them down: a Markdown table, each row of which is reckoned anew.

Columns named below are what is given; all others are what must come out.  Days are written 31.12.2018,
moments 30.09.2018 23:59:59 (Oslo).  The tests and ``processor deadlines`` read the same file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import islice

from processor.contract import Agreements, Contract
from processor.deciding.boundaries import DAY, add_months, boundaries
from processor.deciding.calendar import OSLO, add_business_days, business_day_before
from processor.deciding.deadline import Notice, access_basis, access_rule, access_until, anchor_of, deadline
from processor.ticket import Deadline

HEADING = re.compile(r"#{2,4} +(.*)")


@dataclass(frozen=True, slots=True)
class Example:
    """One row: its number, its table's heading, what is given and what must come out."""

    number: str
    heading: str
    cells: Mapping[str, str]


def examples(text: str) -> Iterator[Example]:
    """The rows of every table whose first column is ``no``; raises ValueError for a row of another width."""
    heading = ""
    columns: list[str] = []
    for line in text.splitlines():
        if title := HEADING.match(line):
            heading, columns = title[1].strip(), []
        if not line.startswith("|"):
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[0] == "no":
            columns = cells
        elif columns and not set(cells[0]) <= set("-: "):
            yield Example(cells[0], heading, dict(zip(columns, cells, strict=True)))


def reckoned(example: Example, agreements: Agreements) -> dict[str, str]:
    """What comes out for the example, by column; raises ValueError for cells that cannot be read."""
    columns = example.cells
    compute: tuple[tuple[str, Callable[[Mapping[str, str], Agreements], dict[str, str]]], ...] = (
        ("received", _of_notice),
        ("exits", _of_exits),
        ("last day of service", _of_access),
        ("asked on", _of_answer),
    )
    found = next(reckon for column, reckon in compute if column in columns)(columns, agreements)
    return {name: found[name] for name in columns if name in found}


def expected(example: Example, found: Mapping[str, str]) -> dict[str, str]:
    """What the table says must come out."""
    return {name: example.cells[name] for name in found}


def day(text: str) -> date:
    """A day written 31.12.2018 or 2018-12-31; raises ValueError for any other text."""
    try:
        if "-" in text:
            return date.fromisoformat(text)
        return datetime.strptime(text, "%d.%m.%Y").replace(tzinfo=UTC).date()
    except ValueError:
        raise ValueError(f"{text!r} is no day") from None


def moment(text: str) -> datetime:
    """A moment in Oslo, written 31.12.2018 23:59 or with seconds; noon where no time is given."""
    written, _, clock = text.partition(" ")
    found = day(written)
    try:
        told = time.fromisoformat(clock) if clock else time(12)
    except ValueError:
        raise ValueError(f"{clock!r} is no time of the day") from None
    return datetime.combine(found, told, OSLO).astimezone(UTC)


def contract_of(cells: Mapping[str, str]) -> Contract:
    """A contract with no more than decides its deadline."""
    signed, renewal = cells.get("signed", ""), cells.get("renewal", "")
    return Contract(
        customer_no="",
        org_no="",
        name="",
        domains=(),
        product="",
        family=cells.get("family", ""),
        type=cells["rule"] if cells["rule"] in ("A", "B") else "",
        signed=day(signed) if signed else None,
        invoiced_to=day(renewal) - DAY if renewal else None,
    )


def _of_notice(cells: Mapping[str, str], agreements: Agreements) -> dict[str, str]:
    wanted = cells.get("wanted", "")
    notice = Notice(
        received=moment(cells["received"]),
        sent=moment(cells["sent"]) if cells.get("sent") else None,
        wanted=day(wanted) if wanted[:1].isdigit() else "asap" if wanted else None,
        completed=moment(cells["completed"]) if cells.get("completed") else None,
    )
    return in_cells(deadline(contract_of(cells), notice, agreements))


def in_cells(found: Deadline) -> dict[str, str]:
    """A deadline as the cells of a table."""
    bases = dict(found.bases)
    return {
        "status": found.status,
        "last day": _written(found.last_service_day),
        "end rests on": bases.get("last_service_day", ""),
        "last safe notice": _written(found.last_safe_notice_day),
        "notice rests on": bases.get("last_safe_notice_day", ""),
        "else": _written(found.next_service_day),
        "offers": " or ".join(_written(each.last_service_day) for each in found.candidates),
        "flags": ", ".join(found.flags),
        "access to": _written(found.access_until),
        "access": found.access,
    }


def _of_exits(cells: Mapping[str, str], agreements: Agreements) -> dict[str, str]:
    """The first exits of an agreement, each with the last safe day before it."""
    contract = contract_of(cells)
    family = agreements.families.get(contract.family)
    rule = agreements.rules[(family.rule if family else "") or contract.type]
    anchor = anchor_of(rule, contract)
    assert anchor is not None
    told = list(islice(boundaries(rule, anchor - DAY, anchor), len(cells["exits"].split(","))))
    return {
        "exits": ", ".join(f"{_written(each.exit)} ({_written(each.last_safe)})" for each in told),
        "rests on": told[0].basis if len(told) == 1 else "interpretation",
    }


def _of_access(cells: Mapping[str, str], agreements: Agreements) -> dict[str, str]:
    access = access_rule(cells["family"], cells["rule"], agreements)
    assert access is not None
    until = access_until(access, day(cells["last day of service"]))
    return {
        "access to": _written(until),
        "closed from": _written(until + DAY if until else None),
        "rests on": access_basis(access, "source" if cells["the end rests on"] == "source" else "interpretation"),
        "words": access.words,
    }


def _of_answer(cells: Mapping[str, str], _: Agreements) -> dict[str, str]:
    """A day of business days, or a month of which the last business day within counts."""
    asked, within = day(cells["asked on"]), cells["within"]
    number = int(within.partition(" ")[0])
    if "month" in within:
        last = add_months(asked, number)
        return {"runs to": _written(last), "answer by": _written(business_day_before(last))}
    return {"runs to": "", "answer by": _written(add_business_days(asked, number))}


def _written(found: date | None) -> str:
    return found.strftime("%d.%m.%Y") if found else ""
