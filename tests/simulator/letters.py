"""Letters that customers, robots and forgers write, each with what must hold for it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Literal

Sort = Literal["normal", "automatic", "forged", "unproven"]

OURS = "oppsigelse@visma.no"
AUTHSERV = "mx.kundesenter.example"
POISON = "poison-"
DEADLY = "deadly-"
CUSTOMERS = (
    ("kari", "fjordbygg-demo.no", "328627035"),
    ("sigrid", "moldskredtre-demo.no", "354231336"),
    ("ola", "holmbygg-demo.no", "389997501"),
    ("siv", "opheim-demo.no", "383876745"),
    ("per", "lyngenfisk-demo.no", "364418329"),
    ("anne", "gmail.com", "363171036"),
)
BODIES = (
    ("Oppsigelse", "Vi sier opp Visma Business fra 31.12.2026.\nOrg.nr {org}"),
    ("Oppsigelse", "Vi sier opp avtalen vår."),
    ("Oppsigelse", "Vi trekker oppsigelsen vår.\nOrg.nr {org}"),
    ("ELMA", "Er vi registrert i ELMA?\nOrg.nr {org}"),
    ("Ny administrator", "Administratoren vår har sluttet. Kan dere legge til ny administrator {mail}?\nOrg.nr {org}"),
    ("Engangskode", "Vi får ikke logget inn og trenger en engangskode.\nOrg.nr {org}"),
    ("Takk", "Takk for hjelpen, alt er i orden."),
    ("Hei", "Xyzzy blip blop 42."),
)
BODY_WEIGHTS = (6, 3, 2, 3, 3, 2, 1, 1)


@dataclass(frozen=True, slots=True)
class Letter:
    """What somebody wrote; copies of it have the same ``token``, which stands in its text."""

    token: str
    sort: Sort
    sender: str
    message_id: str
    raw: bytes


class Writer:
    """Writes letters by chance; ``seen`` are those written so far."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.seen: list[Letter] = []

    def letter(self, now: datetime) -> Letter:
        """Any customer's or robot's new letter."""
        dice = self.dice
        local, domain, org = dice.choice(CUSTOMERS) if dice.random() < 0.3 else self._customer()
        subject, body = dice.choices(BODIES, BODY_WEIGHTS)[0]
        sort: Sort = dice.choices(("normal", "unproven", "forged", "automatic"), (20, 2, 2, 4))[0]
        token = f"t{len(self.seen)}"
        token = dice.choices(("", POISON, DEADLY), (97, 2, 1))[0] + token
        message_id = f"<{token}.{dice.getrandbits(32):08x}@{domain}>"
        chance = dice.random()
        if chance < 0.03 and self.seen:
            message_id = dice.choice(self.seen).message_id
        elif chance < 0.05:
            message_id = ""
        extra = dice.choice(AUTOMATIC) if sort == "automatic" else ""
        large = "x" * 70 + "\n"
        text = body.format(org=org, mail=f"ny@{domain}") + (f"\n{large * 600}" if dice.random() < 0.01 else "")
        return self._write(token, sort, f"{local}@{domain}", message_id, subject, text, extra, now)

    def _customer(self) -> tuple[str, str, str]:
        """One of many, most of whom write once: the limits on replies to one sender are not for them."""
        number = self.dice.randrange(2000)
        return "post", f"kunde{number}-demo.no", org_no(number)

    def reply(self, message_id: str, sender: str, now: datetime) -> Letter:
        """A customer's letter in a thread of ours."""
        token = f"t{len(self.seen)}"
        body = self.dice.choice(("Vi mente 30.11.2026.", "Organisasjonsnummeret er 328627035.", "Takk, fint!"))
        own = f"<{token}.{self.dice.getrandbits(32):08x}@{sender.rpartition('@')[2]}>"
        extra = f"In-Reply-To: {message_id}\nReferences: {message_id}\n"
        return self._write(token, "normal", sender, own, "Sv: Oppsigelse", body, extra, now)

    def bounce(self, message_id: str, recipient: str, now: datetime) -> Letter:
        """What a mail server says of a letter of ours that it could not deliver."""
        token = f"t{len(self.seen)}"
        domain = recipient.rpartition("@")[2]
        own = f"<{token}.{self.dice.getrandbits(32):08x}@{domain}>"
        body = f"<{recipient}>: 550 5.1.1 User unknown\n\nMessage-ID: {message_id}"
        extra = "Auto-Submitted: auto-replied\nX-Failed-Recipients: " + recipient + "\n"
        subject = "Undelivered Mail Returned to Sender"
        return self._write(token, "automatic", f"mailer-daemon@{domain}", own, subject, body, extra, now)

    def plain(self, sender: str, subject: str, body: str, now: datetime) -> Letter:
        """A customer's proven letter of these words."""
        token = f"t{len(self.seen)}"
        own = f"<{token}.{self.dice.getrandbits(32):08x}@{sender.rpartition('@')[2]}>"
        return self._write(token, "normal", sender, own, subject, body, "", now)

    def copy(self, letter: Letter) -> Letter:
        """The same letter by another road: other trace headers, other bytes, equal words."""
        hop = b"X-Relay: relay%d.example\r\nX-Mailer: sim" % self.dice.randrange(9)
        raw = letter.raw.replace(b"X-Mailer: sim", hop, 1)
        return Letter(letter.token, letter.sort, letter.sender, letter.message_id, raw)

    def _write(
        self, token: str, sort: Sort, sender: str, message_id: str, subject: str, body: str, extra: str, now: datetime
    ) -> Letter:
        domain, date = sender.rpartition("@")[2], format_datetime(now)
        proof = {"unproven": "", "forged": f"dmarc=fail (p=reject) header.from={domain}"}.get(
            sort, f"dkim=pass header.d={domain}; dmarc=pass header.from={domain}"
        )
        head = (
            f"Return-Path: <{'' if sender.startswith('mailer-daemon') else sender}>\n"
            f"Received: from mail.{domain} by {AUTHSERV} with ESMTPS id {token}; {date}\n"
            + (f"Authentication-Results: {AUTHSERV}; {proof}\n" if proof else "")
            + f"From: {sender}\nTo: {OURS}\nSubject: {subject}\nDate: {date}\n"
            + (f"Message-ID: {message_id}\n" if message_id else "")
            + f"X-Mailer: sim\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n{extra}"
        )
        text = f"Hei,\n\n{body}\nSak {token}.\n\nHilsen\n{sender.partition('@')[0].title()}\n"
        raw = (head + "\n" + text).replace("\n", "\r\n").encode()
        letter = Letter(token, sort, sender, message_id, raw)
        self.seen.append(letter)
        return letter


def org_no(number: int) -> str:
    """A well-formed organisation number (modulus 11), another for each number below ten million."""
    for first in range(8_0000_000 + 11 * number, 9_9999_999):
        digits = [int(sign) for sign in str(first)]
        rest = 11 - sum(a * b for a, b in zip(digits, (3, 2, 7, 6, 5, 4, 3, 2), strict=True)) % 11
        if rest != 10:
            return f"{first}{rest % 11}"
    raise AssertionError("unreachable")


AUTOMATIC = (
    "Auto-Submitted: auto-replied\nX-Auto-Response-Suppress: All\n",
    "Precedence: bulk\nList-Unsubscribe: <mailto:u@list.example>\nList-Id: <x.list.example>\n",
)
