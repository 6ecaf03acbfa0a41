"""How the program stands now, in few and cheap questions: for `status`, the metrics and the readiness.

Only rows that are under way are counted, by indexes that lead to them, so that a question costs the same
in a store of a hundred thousand tickets; what is over is counted by ``tally``.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, Table, func, select, text

from processor.store import tables as t
from processor.store.alarm_notices import WayMeasure
from processor.store.alarms import Known
from processor.store.intake import Intake, intakes
from processor.store.leases import Lease
from processor.store.migrate import code_version
from processor.store.reconciliation import Reconciliation, reconciliations
from processor.store.sent_copies import copies
from processor.store.settings import change_setting, setting
from processor.store.switch import stopped
from processor.store.transaction import reading
from processor.ticket import ActionState, MailState, OutboxState, TicketState

LAST_BACKUP = "last_backup"
OPEN_MAILS = (MailState.KEPT, MailState.SET_ASIDE)
OPEN_TICKETS = (TicketState.OPEN, TicketState.WITH_CUSTOMER, TicketState.SNOOZED)
OPEN_ACTIONS = (ActionState.WAITING, ActionState.SECONDED, ActionState.APPROVED)
OPEN_REPLIES = tuple(state for state in OutboxState if state not in (OutboxState.SENT, OutboxState.CANCELLED))
LEAVING = (OutboxState.READY.value, OutboxState.RETRY.value, OutboxState.SENDING.value)


@dataclass(frozen=True, slots=True)
class MailboxMeasure:
    """An account: since when it is answered, when its folders were last read to their ends, what is left to take in.

    ``folders`` are the last comparisons with what we kept.
    """

    account: str
    answer_from: datetime
    read_at: datetime | None
    intake: Intake | None = None
    folders: tuple[Reconciliation, ...] = ()

    @property
    def reconciled_at(self) -> datetime | None:
        """When its folders were last compared with what we kept, by the one for which that is longest ago."""
        return min((each.swept_at for each in self.folders), default=None)

    @property
    def heard_at(self) -> datetime | None:
        """When its server last gave something: the end of a reading, or a portion of a long one."""
        return max((at for at in (self.read_at, self.intake and self.intake.at) if at), default=None)


@dataclass(frozen=True, slots=True)
class Measures:
    """The store at ``at``.  Each mapping has every open state, with 0 where there is none.

    ``oldest_mail`` is the arrival of the oldest mail that is neither decided nor set aside; mail from before
    its mailbox's first start does not count.  ``oldest_reply`` is when the oldest reply that may leave was
    written.  ``actions`` is by state and request type.  ``disk_free`` is in bytes, None on PostgreSQL.
    ``leases``, ``alarms`` (those raised) and ``ways`` are filled in by who wants them.
    ``copies`` are those for Sent folders that wait though they were tried, or were given up.
    """

    at: datetime
    schema: str
    oldest_mail: datetime | None
    oldest_reply: datetime | None
    mails: Mapping[str, int]
    tickets: Mapping[str, int]
    actions: Mapping[tuple[str, str], int]
    overdue: int
    replies: Mapping[str, int]
    mailboxes: tuple[MailboxMeasure, ...]
    stopped: bool
    backup_at: datetime | None
    disk_free: int | None
    size: int | None
    leases: tuple[Lease, ...] = ()
    alarms: tuple[Known, ...] = ()
    ways: tuple[WayMeasure, ...] = ()
    copies: Mapping[str, int] = field(default_factory=dict)

    @property
    def schema_current(self) -> bool:
        """Whether the schema is this program's."""
        return self.schema == code_version()


def note_backup(engine: Engine, folder: Path, actor: str, now: datetime) -> None:
    """A backup was made and read back."""
    change_setting(engine, LAST_BACKUP, json.dumps({"at": now.isoformat(), "folder": str(folder)}), actor, now)


def measure(engine: Engine, now: datetime) -> Measures:
    """Look at the store once, in one reading."""
    path = Path(engine.url.database) if engine.dialect.name == "sqlite" and engine.url.database else None
    with reading(engine) as conn:
        mailboxes = _mailboxes(conn)
        due = t.action.c.state.in_([state.value for state in OPEN_ACTIONS]), t.action.c.due < now
        leaving = select(func.min(t.outbox.c.created_at)).where(t.outbox.c.state.in_(LEAVING))
        backup = setting(conn, LAST_BACKUP)
        return Measures(
            at=now,
            schema=conn.execute(text("SELECT version_num FROM alembic_version")).scalar() or "",
            oldest_mail=_oldest_mail(conn, mailboxes),
            oldest_reply=conn.execute(leaving).scalar(),
            mails=_by_state(conn, t.mail, [state.value for state in OPEN_MAILS]),
            tickets=_by_state(conn, t.ticket, [state.value for state in OPEN_TICKETS]),
            actions=_actions(conn),
            overdue=conn.execute(select(func.count()).select_from(t.action).where(*due)).scalar_one(),
            replies=_by_state(conn, t.outbox, [state.value for state in OPEN_REPLIES]),
            mailboxes=mailboxes,
            stopped=stopped(conn),
            backup_at=datetime.fromisoformat(json.loads(backup)["at"]) if backup else None,
            disk_free=shutil.disk_usage(path.parent).free if path else None,
            size=_size(path) if path else None,
            copies=copies(conn),
        )


def _mailboxes(conn: Connection) -> tuple[MailboxMeasure, ...]:
    m = t.mailbox.c
    taken, compared = intakes(conn), reconciliations(conn)
    rows = conn.execute(select(m.account, m.answer_from, m.seen_at).order_by(m.account))
    return tuple(
        MailboxMeasure(*row, taken.get(row.account), tuple(each for each in compared if each.account == row.account))
        for row in rows
    )


def _oldest_mail(conn: Connection, mailboxes: tuple[MailboxMeasure, ...]) -> datetime | None:
    m = t.mail.c
    kept = select(m.arrived_at).where(m.state == MailState.KEPT.value).order_by(m.arrived_at).limit(1)
    each = (kept.where(m.account == box.account, m.arrived_at >= box.answer_from) for box in mailboxes)
    return min((found for query in each if (found := conn.execute(query).scalar())), default=None)


def _by_state(conn: Connection, table: Table, states: list[str]) -> dict[str, int]:
    state = table.c.state
    rows = conn.execute(select(state, func.count()).where(state.in_(states)).group_by(state))
    return dict.fromkeys(states, 0) | {row[0]: row[1] for row in rows}


def _actions(conn: Connection) -> dict[tuple[str, str], int]:
    a, i = t.action.c, t.item.c
    query = (
        select(a.state, i.type, func.count())
        .join_from(t.action, t.item, a.item_id == i.id)
        .where(a.state.in_([state.value for state in OPEN_ACTIONS]))
        .group_by(a.state, i.type)
        .order_by(a.state, i.type)
    )
    return {(row[0], row[1]): row[2] for row in conn.execute(query)}


def _size(path: Path) -> int:
    """The file and its write-ahead log, in bytes."""
    return sum(each.stat().st_size for each in (path, Path(f"{path}-wal")) if each.exists())
