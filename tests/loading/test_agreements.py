"""rules/data/families.toml: new rules and families are data, and every mistake in them has a line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from processor.contract import Contract
from processor.deciding.deadline import Notice, deadline
from processor.deciding.worked import moment
from processor.loading.agreements import load_agreements

SHIPPED = Path(__file__).parent.parent.parent / "rules" / "data" / "families.toml"


def test_a_new_family_with_a_rule_of_its_own_needs_no_python(tmp_path: Path) -> None:
    path = tmp_path / "families.toml"
    path.write_text(
        SHIPPED.read_text(encoding="utf-8").replace(
            "# --- families",
            '[[rule]]\nname = "half"\ntitle = "half a year"\nshape = "anchored"\nbound_months = 6\nevery_months = 6\n'
            'notice_days = 14\n[[family]]\nname = "archive"\ntitle = "Archive"\nrule = "half"\n# ---',
            1,
        )
    )
    agreements, problems = load_agreements(path)
    assert problems == []
    archive = Contract("1", "", "", (), "Archive", "archive", "", date(2026, 1, 10))
    found = deadline(archive, Notice(moment("26.06.2026 12:00")), agreements)
    assert (found.status, found.last_service_day) == ("timely", date(2026, 7, 9))
    assert deadline(archive, Notice(moment("27.06.2026 12:00")), agreements).status == "late"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[rule]]\nname = "X"\ntitle = "x"\nshape = "anual"\n', "shape must be one of calendar, anchored, month_end"),
        ('[[rule]]\nname = "X"\ntitle = "x"\nshape = "calendar"\nnotice_by = "31.09."\n', "notice_by must be a day"),
        ('[[rule]]\nname = "X"\ntitle = "x"\nshape = "calendar"\nend = "29.02."\n', "end must be a day"),
        (
            '[[rule]]\nname = "X"\ntitle = "x"\nshape = "anchored"\nevery_months = 0\n',
            "every_months must be more than 0",
        ),
        ('[[rule]]\nname = "X"\ntitle = "x"\nshape = "anchored"\nnotise_days = 1\n', "did you mean notice_days?"),
        ('[[rule]]\nname = "X"\nshape = "calendar"\n', "needs 'title'"),
        ('[[family]]\nname = "x"\ntitle = "x"\nrule = "A"\n', "no [[rule]] above is named 'A'"),
        ('[[access]]\nkind = "years"\nfamilies = "x"\n', "families must be a list of texts"),
        ('[[acess]]\nkind = "years"\n', "knows no table [[acess]]"),
        ("rule = [1]\n", "knows no table [[rule]]"),
        ("[[rule]\n", "is no TOML"),
    ],
)
def test_a_mistake_is_a_problem_with_its_place(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "families.toml"
    path.write_text(text)
    _, problems = load_agreements(path)
    assert any(said in str(each) for each in problems), problems


def test_all_mistakes_are_told_at_once_each_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "families.toml"
    path.write_text(
        '[[rule]]\nname = "X"\nshape = "calendar"\n\n[[rule]]\nname = "Y"\ntitle = "y"\nshape = "month_end"\n\n'
        '[[rule]]\nname = "Y"\ntitle = "y"\nshape = "month_end"\n'
    )
    _, problems = load_agreements(path)
    assert [(each.line, "there already" in each.text) for each in problems] == [(1, False), (10, True)]
