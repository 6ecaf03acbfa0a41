"""The day on which a notice is said to have been sent (domain.md R10)."""

from __future__ import annotations

from datetime import date

import pytest

from tests.understanding.made_mail import understood


@pytest.mark.parametrize(
    ("text", "day"),
    [
        (
            "Vi sendte oppsigelsen 3. september 2026, men har ikke fått bekreftelse. Har dere mottatt den?",
            date(2026, 9, 3),
        ),
        ("Me sende oppseiinga 3. september og har ikkje fått stadfesting. Har de fått henne?", date(2026, 9, 3)),
        ("We sent our notice of termination on 3 September 2026. Have you received it?", date(2026, 9, 3)),
        ("Har dere mottatt oppsigelsen vår? Avtalen går ut 31.12.2026.", None),
        ("Har dere mottatt oppsigelsen vår?", None),
    ],
)
def test_a_reminder_tells_when_the_notice_was_sent(text: str, day: date | None) -> None:
    assert understood(text, subject="Oppsigelse").fields.sent_on == day
