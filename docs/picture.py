"""Draw the README's picture: ``python docs/picture.py`` writes docs/run.svg from the shipped demo mails."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from processor.cli.explain import explained
from processor.cli.telling import tell
from processor.deciding.identity import new_ticket_no
from processor.demo.smtpd import AUTHSERV_ID, stamp
from processor.loading.rules import load_rulebook
from processor.reading.read import read

ROOT = Path(__file__).parent.parent
SHOWN = ("01-notice", "07-otp-form", "13-invoice-quantity", "17-out-of-office")


def main() -> None:
    """Explain a few mails as the demo does and keep what the terminal shows."""
    rulebook = load_rulebook(ROOT / "rules", ROOT / "templates", ())
    console = Console(record=True, width=118, file=io.StringIO(), highlight=False, force_terminal=True)
    console.print("[dim]$[/] [bold]make run[/]\n")
    for number, name in enumerate(SHOWN):
        raw = next((ROOT / "processor" / "demo" / "mails").glob(f"{name}*.eml")).read_bytes()
        sender = read(raw).sender
        assert sender is not None
        came = stamp(raw, sender.spec, datetime(2026, 8, 18, 8, 2, 7 + number, tzinfo=UTC), number)
        message = read(came)
        told = explained(came, rulebook, (AUTHSERV_ID,), ())
        ticket_no = new_ticket_no(message.letter, b"explain")
        tell(
            ticket_no,
            told,
            arrived="18.08.2026 kl. 10.02",
            sender=sender.spec,
            subject=message.subject,
            console=console,
        )
    (ROOT / "docs" / "run.svg").write_text(console.export_svg(title="processor"), encoding="utf-8")


if __name__ == "__main__":
    main()
