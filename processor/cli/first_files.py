"""The files that ``processor rules new`` makes: a request type that works, to be changed from there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

ARRIVED = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)
RULES = """#:schema {schema}
# {title}: say here what customers want, and what must never be promised.
# How to go on: docs/rules.md.  Check with: processor check
title = {{ nb = "{title}", nn = "{title}", en = "{title_en}" }}
rank = {rank}                          # order among several requests of one mail, the smallest first
answer_from = 0.95                 # below this confidence a person looks

[replies]
"{name}/received" = "receipt"

# What is decided: the first row that holds.
[[row]]
name = "identified"
when = "size(fields.org_no) > 0 || size(fields.customer_no) > 0"
reply = "{name}/received"
actions = [{{ kind = "handle_{name}", needs = "staff", due = "2 business days" }}]

[[row]]
name = "unidentified"
when = "true"
reply = "{name}/received"
asks = ["org_no", "customer_no"]
actions = [{{ kind = "handle_{name}", needs = "staff", due = "2 business days" }}]

# How it is recognised: words in lower case, from the start of a word.
[[recognise]]
name = "named"
any = ['{word}\\w{{0,4}}']
weight = 4

[[recognise]]
name = "subject"
where = "subject"
any = ['{word}\\w{{0,4}}']
weight = 3
"""
TEMPLATES = {
    "nb": """{title}

Vi {{% if received %}}mottok{{% else %}}har mottatt{{% endif %}} henvendelsen {{{{ "deres" if plural else "din" }}}}{{% if received %}} {{{{ received }}}}{{% endif %}}.

Dette er en kvittering på at den er mottatt. En saksbehandler leser den og svarer.
""",
    "nn": """{title}

Vi {{% if received %}}fekk{{% else %}}har fått{{% endif %}} førespurnaden {{{{ "dykkar" if plural else "din" }}}}{{% if received %}} {{{{ received }}}}{{% endif %}}.

Dette er ei kvittering på at vi har fått han. Ein sakshandsamar les han og svarer.
""",
    "en": """{title_en}

We received your enquiry{{% if received %}} on {{{{ received }}}}{{% endif %}}.

This is a receipt only. A member of our staff will read your e-mail and reply.
""",
    "sv": """Ärende mottaget

Vi {{% if received %}}tog emot{{% else %}}har tagit emot{{% endif %}} {{{{ "ert" if plural else "ditt" }}}} ärende{{% if received %}} {{{{ received }}}}{{% endif %}}.

Det här är ett kvitto på att det har kommit fram. En handläggare läser det och svarar.
""",
    "da": """Henvendelse modtaget

Vi {{% if received %}}modtog{{% else %}}har modtaget{{% endif %}} {{{{ "jeres" if plural else "din" }}}} henvendelse{{% if received %}} {{{{ received }}}}{{% endif %}}.

Dette er en kvittering for, at den er modtaget. En sagsbehandler læser den og svarer.
""",
}
HEAD = """Return-Path: <{sender}>
Received: from mail.{domain} by {host} with ESMTPS id new{number}; {date}
Authentication-Results: {host}; dkim=pass header.d={domain}; dmarc=pass header.from={domain}
Date: {date}
From: {person} <{sender}>
To: {to}
Subject: {subject}
Message-ID: <new-{name}-{number}@{domain}>
MIME-Version: 1.0
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: 8bit

"""
MAILS = (
    (
        "01-with-number",
        "kari@fjordbygg-demo.no",
        "Kari Fjord",
        "{word}",
        "Hei,\n\nhenvendelsen gjelder {word}. Kan dere hjelpe oss med dette?\n\n"
        "Med vennlig hilsen\nKari Fjord\nFjord Bygg AS\nOrg.nr 328627035\n",
    ),
    (
        "02-without-number",
        "ola@havn-demo.no",
        "Ola Havn",
        "{word}",
        "Hei!\n\nKan noen ta kontakt med oss om {word}?\n\nMed vennlig hilsen\nOla Havn\n",
    ),
)


@dataclass(frozen=True, slots=True)
class NewType:
    """What the operator said of the new type; ``word`` is in lower case, without anything special to a pattern."""

    name: str
    title: str
    title_en: str
    word: str
    rank: int
    schema: str
    host: str
    to: str

    def rules(self) -> str:
        """The rules file's text."""
        return RULES.format(**self._values())

    def templates(self) -> dict[str, str]:
        """The receipt's text in each language."""
        return {language: text.format(**self._values()) for language, text in TEMPLATES.items()}

    def mails(self) -> dict[str, bytes]:
        """The example mails, as our server would hand them over, by name."""
        made = {}
        for number, (name, sender, person, subject, text) in enumerate(MAILS, 1):
            head = HEAD.format(
                sender=sender,
                domain=sender.partition("@")[2],
                host=self.host,
                number=number,
                date=format_datetime(ARRIVED),
                person=person,
                to=self.to,
                subject=_encoded(subject.format(word=self.word).capitalize()),
                name=self.name,
            )
            made[name] = (head + text.format(word=self.word)).replace("\n", "\r\n").encode()
        return made

    def _values(self) -> dict[str, object]:
        return {
            "name": self.name,
            "title": self.title,
            "title_en": self.title_en,
            "word": self.word,
            "rank": self.rank,
            "schema": self.schema,
        }


def _encoded(subject: str) -> str:
    from email.header import Header

    return subject if subject.isascii() else Header(subject, "utf-8").encode()
