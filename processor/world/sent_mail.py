"""The Sent folder: which one it is, the headers of what others put there, and the copy of a reply of ours.

A server may put copies there by itself, as Gmail does, so each is looked for by its Message-ID before it is appended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from processor.world.fetching import MONTHS, time_of, uids_after
from processor.world.imap import Session
from processor.world.selected import Selected
from processor.world.streaming import body_of

# By how people's programs and servers name it where no folder is marked \Sent, the likeliest first.
NAMES = (
    "sent", "sent items", "sent mail", "sent messages", "sendte elementer", "sendt", "sendt e-post", "sendte",
    "sendte e-poster", "sende element", "skickat", "sendte beskeder", "sendt post",
)  # fmt: skip
FIELDS = "MESSAGE-ID IN-REPLY-TO REFERENCES FROM TO CC DATE SUBJECT AUTO-SUBMITTED"
TOGETHER = 200
# A server's day may have begun earlier than ours.
ZONES = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class SentHeader:
    """What stands over a mail of the folder; ``internaldate`` aware UTC, None where it cannot be read."""

    uid: int
    internaldate: datetime | None
    header: bytes


@dataclass(frozen=True, slots=True)
class SentBatch:
    """Headers in the order of UIDs; ``reached`` is the last UID that was looked at, also where its mail is gone."""

    uidvalidity: int
    headers: tuple[SentHeader, ...]
    reached: int


def sent_folder(folders: Iterable[tuple[frozenset[str], str]]) -> str:
    """The folder marked \\Sent (RFC 6154), else the one with the likeliest name; "" where there is none."""
    named: dict[str, str] = {}
    for flags, name in folders:
        if "\\sent" in flags:
            return name
        if "\\noselect" not in flags:
            # Below INBOX or [Gmail], whatever the server's separator is.
            last = name.replace("\\", "/").replace(".", "/").rpartition("/")[2]
            named.setdefault(last.casefold(), name)
    return next((named[each] for each in NAMES if each in named), "")


def headers_above(session: Session, selected: Selected, last: int) -> Iterator[SentBatch]:
    """The headers of what stands above a UID, in portions; marks nothing as read."""
    item = f"BODY.PEEK[HEADER.FIELDS ({FIELDS})]"
    for uids in uids_after(session, selected.exists, last):
        for start in range(0, len(uids), TOGETHER):
            asked = uids[start : start + TOGETHER]
            told = session.fetch(asked, ["INTERNALDATE", item])
            found = (
                SentHeader(uid, time_of(items), value)
                for uid in asked
                if (items := told.get(uid)) and (value := _header_in(items.items())) is not None
            )
            yield SentBatch(selected.uidvalidity, tuple(found), asked[-1])


def holds(session: Session, message_id: str, when: datetime) -> bool:
    """Whether the open folder holds a mail of this Message-ID from about that time."""
    day = when - ZONES
    quoted = message_id.replace("\\", "\\\\").replace('"', '\\"')
    return bool(session.search(f'SINCE {day.day}-{MONTHS[day.month - 1]}-{day.year} HEADER Message-ID "{quoted}"'))


def beginning(session: Session, uid: int, most: int) -> bytes | None:
    """A mail's first ``most`` bytes; None when the server has it no more, or does not give them."""
    return body_of(session.fetch([uid], [f"BODY.PEEK[]<0.{most}>"]).get(uid, {}), 0)


def _header_in(items: Iterable[tuple[bytes, object]]) -> bytes | None:
    return next((value for key, value in items if key.startswith(b"BODY[") and isinstance(value, bytes)), None)
