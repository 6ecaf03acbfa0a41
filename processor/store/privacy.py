"""What the store holds of a person, erasing it on request, and legal holds (GDPR art. 15, 17 and 18)."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from functools import partial

from sqlalchemy import Connection, Engine, delete, insert, literal, select

from processor.ciphers import DamagedError
from processor.store import tables as t
from processor.store.colleagues import forget_written_to
from processor.store.context import bounded_address
from processor.store.engine import store_key
from processor.store.erasing import erase_mail, erase_ticket, lock_ticket, settle_erasure
from processor.store.events import Happening, write_event
from processor.store.pasts import GRANT_ENDED, Standing, standing_of, standings
from processor.store.sealed import head_of, opened_head, with_keys
from processor.store.transaction import commit, reading, writing
from processor.ticket import MailState

WHY = "asked for by the person"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A mail of the person's in somebody else's ticket, or in none yet (``number`` ``""``)."""

    mail_id: int
    number: str
    held: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What is held of an address: tickets of theirs, mails of theirs elsewhere, a row among the customers' contacts.

    Of the mails ``shut`` nobody can tell whose they are: their bytes do not open.
    """

    address: str
    tickets: tuple[Standing, ...]
    elsewhere: tuple[Elsewhere, ...]
    contact: bool
    shut: tuple[int, ...] = ()

    @property
    def nothing(self) -> bool:
        return not (self.tickets or self.elsewhere or self.contact)


@dataclass(frozen=True, slots=True)
class Copy:
    """Where a server showed a mail that was erased here."""

    mail_id: int
    account: str
    folder: str
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased, and where copies of it may lie on mail servers."""

    tickets: tuple[str, ...]
    mails: tuple[int, ...]
    contact: bool
    copies: tuple[Copy, ...]


def find(engine: Engine, address: str) -> Found:
    """All of a person by their address; reads the header of every mail that is kept."""
    key = bounded_address(address.strip())
    with reading(engine) as conn:
        tickets = tuple(each for page in standings(conn, t.ticket.c.sender == key) for each in page)
        mine = {mail_id for each in tickets for mail_id in each.mail_ids}
        shut: list[int] = []
        elsewhere = tuple(_elsewhere(conn, key, mine, shut))
        return Found(key, tickets, elsewhere, _contact(conn, key), tuple(shut))


def obstacle(standing: Standing, today: date, also_required: bool = False) -> str:
    """Why a ticket may not be erased on request, ``""`` if it may."""
    if standing.held:
        return "it is under a legal hold"
    if not standing.handled:
        return "it is still being handled: finish or reject its actions and replies first"
    if standing.draft:
        return "an answer of it waits for a person: approve or reject it first"
    until = standing.period.required_until
    if until and today <= until and not also_required:
        return f"bookkeeping law wants it kept until {until} ({standing.period.why})"
    return ""


def erase(engine: Engine, found: Found, actor: str, now: datetime, also_required: bool = False) -> Erased:
    """Erase what was found, but for what ``obstacle`` names, and say which copies are left."""
    numbers, mails = [], []
    for ticket in found.tickets:
        one = partial(_erase_ticket, ticket_id=ticket.ticket_id, actor=actor, now=now, also_required=also_required)
        gone = commit(engine, one)
        numbers += [ticket.number] if gone else []
        mails += gone
    for each in found.elsewhere:
        if commit(engine, partial(_erase_mail, each=each, address=found.address, actor=actor, now=now)):
            mails.append(each.mail_id)
    contact = _forget(engine, found.address, actor, now, len(mails))
    settle_erasure(engine)
    return Erased(tuple(numbers), tuple(mails), contact, _copies(engine, mails))


def _erase_ticket(conn: Connection, ticket_id: int, actor: str, now: datetime, also_required: bool) -> list[int]:
    lock_ticket(conn, ticket_id)
    standing = standing_of(conn, ticket_id)
    if standing is None or obstacle(standing, now.date(), also_required):
        return []
    return erase_ticket(conn, ticket_id, WHY, actor, now)


def _erase_mail(conn: Connection, each: Elsewhere, address: str, actor: str, now: datetime) -> bool:
    m = t.mail.c
    ticket_id = conn.execute(select(m.ticket_id).where(m.id == each.mail_id)).scalar()
    if ticket_id is not None and _held(conn, ticket_id):
        return False
    erase_mail(conn, each.mail_id, address, WHY, actor, now)
    if ticket_id is None:
        # Nobody can look at it any more, so it waits for nobody.
        over = {"state": MailState.DECIDED.value, "outcome": "ignore", "decided_at": now}
        conn.execute(t.mail.update().where(m.id == each.mail_id).values(over))
    return True


def _forget(engine: Engine, address: str, actor: str, now: datetime, mails: int) -> bool:
    r = t.register_contact.c
    with writing(engine) as conn:
        forget_written_to(conn, address)
        gone = conn.execute(delete(t.register_contact).where(r.kind == "address", r.value == address)).rowcount
        # A merged ticket of theirs has no mail any more, and keeps nothing but its number.
        k = t.ticket.c
        merged = (k.sender == address, k.merged_into.is_not(None))
        conn.execute(t.ticket.update().where(*merged).values(sender="", subject="", company=""))
        # The event must not say whom it was about; who knows the address and holds the key can tell.
        person = hmac.digest(store_key(conn), b"person\0" + address.encode("utf-8", "replace"), "sha256").hex()
        write_event(conn, Happening("person.erased", actor, now, data={"person": person, "mails": mails}))
    return bool(gone)


def _contact(conn: Connection, key: str) -> bool:
    r = t.register_contact.c
    return conn.execute(select(r.value).where(r.kind == "address", r.value == key)).first() is not None


def _elsewhere(conn: Connection, key: str, mine: set[int], shut: list[int]) -> Iterator[Elsewhere]:
    """Mails of theirs that are in no ticket of theirs; those whose header does not open are noted in ``shut``."""
    m, k, r, p = t.mail.c, t.ticket.c, t.raw_mail.c, t.raw_part.c
    held = select(t.legal_hold.c.ticket_id).where(t.legal_hold.c.ticket_id == m.ticket_id).exists().label("held")
    about = select(m.id, k.number, held, m.state).outerjoin(t.ticket, k.id == m.ticket_id)
    for which in (
        about.add_columns(head_of(r.content).label("begin"), literal(0).label("piece")).join(
            t.raw_mail, r.mail_id == m.id
        ),
        about.add_columns(head_of(p.content).label("begin"), p.number.label("piece"))
        .join(t.raw_part, p.mail_id == m.id)
        .where(p.number == 1),
    ):
        for row in conn.execute(with_keys(which.order_by(m.id)).execution_options(yield_per=100)):
            if row.id in mine or row.state == MailState.KEPT.value:
                continue
            try:
                head = opened_head(conn, row, row.begin, row.piece)
            except DamagedError:
                shut.append(row.id)
                continue
            if wrote(head, key):
                yield Elsewhere(row.id, row.number or "", row.held)


def wrote(raw: bytes, key: str) -> bool:
    """Whether a mail's header names the address as its writer: From, Sender or Reply-To (RFC 5322 section 3.6.2)."""
    if key.encode("utf-8", "replace") not in raw.lower():
        return False
    header = BytesHeaderParser().parsebytes(raw)
    fields = [str(value) for name in ("From", "Sender", "Reply-To") for value in header.get_all(name, [])]
    return key in {bounded_address(address) for _, address in getaddresses(fields)}


def _copies(engine: Engine, mails: list[int]) -> tuple[Copy, ...]:
    a = t.arrival.c
    query = select(a.mail_id, a.account, a.folder, a.uidvalidity, a.uid).order_by(a.id)
    found: list[Copy] = []
    with reading(engine) as conn:
        for start in range(0, len(mails), 500):
            found += [Copy(*row) for row in conn.execute(query.where(a.mail_id.in_(mails[start : start + 500])))]
    return tuple(found)


def hold(engine: Engine, number: str, reason: str, actor: str, now: datetime) -> bool | None:
    """Put a ticket under a legal hold; False if it was already, None if there is no such ticket."""

    def work(conn: Connection) -> bool | None:
        ticket_id = _ticket_id(conn, number)
        if ticket_id is None or _held(conn, ticket_id):
            return None if ticket_id is None else False
        conn.execute(insert(t.legal_hold).values(ticket_id=ticket_id, at=now, actor=actor, reason=reason))
        write_event(conn, Happening("ticket.held", actor, now, ticket_id=ticket_id, text=reason))
        return True

    return commit(engine, work)


def release(engine: Engine, number: str, actor: str, now: datetime) -> bool | None:
    """End a legal hold; False if there was none, None if there is no such ticket."""

    def work(conn: Connection) -> bool | None:
        ticket_id = _ticket_id(conn, number)
        if ticket_id is None:
            return None
        h = t.legal_hold
        if not conn.execute(delete(h).where(h.c.ticket_id == ticket_id)).rowcount:
            return False
        write_event(conn, Happening("ticket.hold_released", actor, now, ticket_id=ticket_id))
        return True

    return commit(engine, work)


def end_grant(engine: Engine, number: str, on: date, actor: str, now: datetime) -> bool:
    """Note when the right that a ticket granted has ended, from which its period runs; False if there is no such ticket."""
    with writing(engine) as conn:
        ticket_id = _ticket_id(conn, number)
        if ticket_id is None:
            return False
        write_event(conn, Happening(GRANT_ENDED, actor, now, ticket_id=ticket_id, data={"on": on.isoformat()}))
        return True


def _ticket_id(conn: Connection, number: str) -> int | None:
    return conn.execute(select(t.ticket.c.id).where(t.ticket.c.number == number)).scalar()


def _held(conn: Connection, ticket_id: int) -> bool:
    h = t.legal_hold.c
    return conn.execute(select(h.ticket_id).where(h.ticket_id == ticket_id)).first() is not None
