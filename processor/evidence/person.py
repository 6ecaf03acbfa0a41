"""All that is held of a person, as files (GDPR art. 15): each of their tickets as an export that stands alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from processor.evidence.files import files, sums
from processor.store.dossier import Dossier
from processor.store.privacy import Found

READ_ME = """\
What processor holds of {address}, as of {now}.

  tickets/NUMBER/   the tickets that the address began, each with its own index.html and README.txt
  mails/m7.eml      mails of the address in others' tickets, or in none
  person.json       which tickets and mails these are, and until when they are kept

Look through it before you hand it out: a ticket may name other people too.
"""


def person_files(
    found: Found,
    dossiers: Iterable[Dossier],
    elsewhere: Mapping[int, bytes],
    program: str,
    now: datetime,
    letters: Callable[[Dossier], Mapping[int, bytes]] = lambda _: {},
) -> dict[str, bytes]:
    """The export of a person, by file name; ``letters`` gives those of a ticket that left."""
    made = {
        "README.txt": READ_ME.format(address=found.address, now=now.isoformat(timespec="seconds")).encode(),
        "person.json": json.dumps(_plain(found), indent=1, ensure_ascii=False, default=str).encode() + b"\n",
        **{f"mails/m{mail_id}.eml": raw for mail_id, raw in elsewhere.items()},
    }
    for each in dossiers:
        folder = f"tickets/{each.ticket.number}"
        made |= {f"{folder}/{name}": content for name, content in files(each, program, now, letters(each)).items()}
    return {**made, "SHA256SUMS": sums(made)}


def _plain(found: Found) -> dict[str, object]:
    return {
        "address": found.address,
        "in_the_register_of_contacts": found.contact,
        "tickets": [
            {
                "number": each.number,
                "mails": list(each.mail_ids),
                "bytes_kept_until": each.period.bytes_until,
                "kept_until": each.period.all_until,
                "why": each.period.why,
                "legal_hold": each.held,
            }
            for each in found.tickets
        ],
        "mails_elsewhere": [each.mail_id for each in found.elsewhere],
    }
