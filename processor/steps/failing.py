"""That a server fails, or works again, noted for everybody; what hinders the noting hinders no mail."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from processor import journal
from processor.store.leases import LeaseLostError
from processor.store.troubles import DELIVERY, TroubleKind, end_trouble, note_trouble, of_mailbox
from processor.world.failures import Failure, LoginRefused, Misconfigured


def note_failure(engine: Engine, account: str, failure: Failure, now: datetime) -> None:
    """A mailbox's server failed; a reader that has lost its lease leaves the word to whoever has it."""
    kind: TroubleKind = "unreachable"
    if isinstance(failure, LoginRefused):
        kind = "login"
    elif isinstance(failure, Misconfigured):
        kind = "setup"
    _note(engine, of_mailbox(account), kind, failure.reason, now)


def note_delivery(engine: Engine, trouble: str, now: datetime) -> None:
    """The server that takes replies failed, or refused us."""
    _note(engine, DELIVERY, "unreachable", trouble, now)


def note_success(engine: Engine, name: str) -> None:
    """It works."""
    try:
        end_trouble(engine, name)
    except LeaseLostError:
        pass
    except SQLAlchemyError as error:
        journal.step_failed(name, error)


def _note(engine: Engine, name: str, kind: TroubleKind, said: str, now: datetime) -> None:
    try:
        note_trouble(engine, name, kind, said, now)
    except LeaseLostError:
        pass
    except SQLAlchemyError as error:
        journal.step_failed(name, error)
