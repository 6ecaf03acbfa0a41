"""A customer of the embedded demo, who sends a mail."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import make_msgid

from processor.letter import compose
from processor.mail_servers import SmtpSettings
from processor.world.courier import Courier
from processor.world.outcomes import Delivered, text_of


def send(port: int, sender: str, to: str, subject: str, text: str) -> tuple[bool, str]:
    """Send one mail to the demo's SMTP server on loopback; whether it was taken, and what the server said."""
    mail = compose(
        message_id=make_msgid(domain=sender.rpartition("@")[2]),
        from_address=sender,
        from_name="",
        to=to,
        date=datetime.now(UTC),
        subject=subject,
        text=text,
        auto_submitted="",
    )
    with Courier(SmtpSettings("127.0.0.1", port, "plain", timeout=10)) as courier:
        outcome = courier.send(sender, to, mail, lambda: None)
    return isinstance(outcome, Delivered), text_of(outcome)
