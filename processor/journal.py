"""The program's log: one function per event of the domain, so that grepping it finds every place.

One event is one line of JSON on standard error; values are encoded, so text from strangers cannot
forge a line (threats.md T59).  No body, subject or secret is ever logged, and of what a server or a
traceback quotes no national identity number and no bank account.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from processor.masking import masked

_LOG = logging.getLogger("processor")


class OneLine(logging.Formatter):
    """A record as one line of JSON, without private numbers."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        told.update(getattr(record, "told", {}))
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps({name: _safe(value) for name, value in told.items()}, ensure_ascii=True, default=str)


class Plain(logging.Formatter):
    """A record as a line for a person at a terminal, without private numbers."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, object] = getattr(record, "told", {})
        said = ", ".join(f"{name} {_printable(value)}" for name, value in told.items())
        line = masked(f"{record.getMessage()}: {said}" if said else record.getMessage())
        return f"{line}\n{masked(self.formatException(record.exc_info))}" if record.exc_info else line


def _printable(value: object) -> str:
    """A value on one line: strangers' text neither ends it nor speaks to the terminal (threats T59)."""
    return "".join(sign if sign.isprintable() else " " for sign in str(value))


def _safe(value: object) -> object:
    if isinstance(value, str):
        return masked(value)
    return [_safe(each) for each in value] if isinstance(value, list) else value


def write_to_stderr(level: int = logging.INFO, form: logging.Formatter | None = None) -> None:
    """Send events to standard error, as JSON unless another form is given; called once, by the command that runs."""
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(form or OneLine())
    root = logging.getLogger()
    root.handlers = [stream]
    root.setLevel(logging.WARNING)
    _LOG.setLevel(level)


def _tell(level: int, event: str, **told: object) -> None:
    _LOG.log(level, event, extra={"told": told})


def started(store: str, mailboxes: int, workers: int) -> None:
    _tell(logging.INFO, "started", store=store, mailboxes=mailboxes, workers=workers)


def stopped() -> None:
    _tell(logging.INFO, "stopped")


def worker_ready(worker: str) -> None:
    _tell(logging.INFO, "worker ready", worker=worker)


def mailbox_opened(mailbox: str, folder: str) -> None:
    _tell(logging.INFO, "mailbox opened", mailbox=mailbox, folder=folder)


def mailbox_failed(mailbox: str, reason: str, wait: float) -> None:
    _tell(logging.WARNING, "mailbox failed", mailbox=mailbox, reason=reason, next_try_in=round(wait, 1))


def outage_ended(mailbox: str, hours: int) -> None:
    _tell(logging.WARNING, "mailbox was not read for hours, and is read again", mailbox=mailbox, hours=hours)


def lease_taken(mailbox: str, fence: int) -> None:
    _tell(logging.INFO, "mailbox is ours to read", mailbox=mailbox, fence=fence)


def lease_lost(mailbox: str) -> None:
    _tell(logging.WARNING, "mailbox is another daemon's to read", mailbox=mailbox)


def daemon_buried(daemon: str, mails: int, in_doubt: int) -> None:
    _tell(logging.WARNING, "another daemon died, its work is free", daemon=daemon, mails=mails, in_doubt=in_doubt)


def database_silent(connections: int) -> None:
    _tell(logging.ERROR, "database says nothing, connections cut", connections=connections)


def mails_kept(mailbox: str, count: int, new: int) -> None:
    _tell(logging.INFO, "mails kept", mailbox=mailbox, arrivals=count, new=new)


def mails_decided(worker: str, count: int, set_aside: int) -> None:
    _tell(logging.INFO, "mails decided", worker=worker, decided=count, set_aside=set_aside)


def answers_sent(claimed: int, taken: int) -> None:
    _tell(logging.INFO, "answers sent", claimed=claimed, taken=taken)


def delivery_paused(reason: str, wait: float) -> None:
    _tell(logging.WARNING, "delivery paused", reason=reason, next_try_in=round(wait, 1))


def step_failed(step: str, error: BaseException) -> None:
    _LOG.error("step failed", exc_info=error, extra={"told": {"step": step}})


def rules_reloaded(version: str, examples: int, forced: bool) -> None:
    _tell(logging.INFO, "rules reloaded", version=version, examples=examples, forced=forced)


def rules_refused(problems: Sequence[str]) -> None:
    _tell(logging.ERROR, "rules refused, the old ones stay", problems=list(problems))


def worker_ended(worker: str, status: int | None) -> None:
    _tell(logging.ERROR, "worker ended, a new one is started", worker=worker, status=status)


def action_due(ticket_no: str, kind: str, overdue: bool) -> None:
    _tell(logging.WARNING, "action overdue" if overdue else "action due soon", ticket=ticket_no, kind=kind)


def action_escalated(ticket_no: str, kind: str) -> None:
    _tell(logging.WARNING, "staff told by mail of an open action", ticket=ticket_no, kind=kind)


def staff_told(mails: int) -> None:
    _tell(logging.INFO, "staff told by mail of what they asked for", mails=mails)


def follow_up_written(ticket_no: str) -> None:
    _tell(logging.INFO, "customer reminded of what we lack", ticket=ticket_no)


def taking_in(mailbox: str, folder: str, taken: int, left: int) -> None:
    """A long taking in, a line each few seconds."""
    # Nothing was taken where a line that broke before had brought all that came.
    share = f"{100 * taken // (taken + left) if left else 100} %"
    _tell(logging.INFO, "taking in", mailbox=mailbox, folder=folder, taken=taken, left=left, done=share)


def watch_opened(address: str) -> None:
    _tell(logging.INFO, "metrics, health and readiness are served", address=address)


def watch_refused(address: str, reason: str) -> None:
    _tell(logging.ERROR, "metrics, health and readiness cannot be served", address=address, reason=reason)


def alarm(event: str, kind: str, subject: str, said: str) -> None:
    level = logging.INFO if event == "cleared" else logging.WARNING
    _tell(level, f"alarm {event}", alarm=kind, subject=subject, said=said)


def alarm_untold(way: str, kind: str, reason: str) -> None:
    _tell(logging.ERROR, "an alarm could not be told, and is tried again", way=way, alarm=kind, reason=reason)


def ping_failed(reason: str) -> None:
    _tell(logging.WARNING, "the dead-man's ping was not answered", reason=reason)


def ping_withheld(reason: str) -> None:
    _tell(logging.ERROR, "the dead-man's ping is withheld", reason=reason)


def loops_late(loops: list[str]) -> None:
    _tell(logging.ERROR, "loops have hung", loops=loops)


def retained(erased: int) -> None:
    _tell(logging.INFO, "retention run", bodies_erased=erased)


def contracts_taken(file: str, new: int, changed: int, gone: int) -> None:
    _tell(logging.INFO, "contracts taken", file=file, new=new, changed=changed, gone=gone)


def contracts_refused(file: str, count: int, problems: list[str]) -> None:
    _tell(logging.ERROR, "contracts refused, the register stays", file=file, problems=count, first=problems[:5])


def lookup_failed(register: str, said: str) -> None:
    _tell(logging.WARNING, "lookup failed", register=register, said=said)


def image_not_fetched(why: str) -> None:
    """An image of a mail, which a person asked for, could not be had."""
    _tell(logging.INFO, "image not fetched", why=why)


def not_scanned(why: str) -> None:
    """The virus scanner looked at no mail; each with files goes to a person."""
    _tell(logging.WARNING, "not scanned for viruses", why=why)


def single_sign_on_failed(reason: str) -> None:
    _tell(logging.WARNING, "single sign-on failed", reason=reason)


def webhook_not_taken(hook: str, message: str, reason: str, tries: int, given_up: bool) -> None:
    """A webhook did not take a message; it is tried again but for the last time."""
    words = "webhook given up" if given_up else "webhook not taken"
    _tell(logging.ERROR if given_up else logging.WARNING, words, hook=hook, id=message, reason=reason, tries=tries)


def desk_failed(mark: str, page: str, error: BaseException) -> None:
    """A page of the desk failed; ``mark`` is what the person was told."""
    _LOG.error("desk page failed", exc_info=error, extra={"told": {"mark": mark, "page": page}})


def desk_opened(address: str) -> None:
    _tell(logging.INFO, "desk opens at the first request", address=address)


def desk_refused(address: str, reason: str) -> None:
    _tell(logging.ERROR, "desk cannot be served", address=address, reason=reason)


def desk_ended(status: int) -> None:
    _tell(logging.ERROR, "desk ended by itself, and is started again", status=status)


def colleagues_answered(mailbox: str, count: int) -> None:
    _tell(logging.INFO, "colleagues' replies found in the Sent folder", mailbox=mailbox, attached=count)


def sent_folder_failed(mailbox: str, folder: str, reason: str) -> None:
    _tell(logging.WARNING, "Sent folder cannot be read", mailbox=mailbox, folder=folder, reason=reason)


def copy_failed(mailbox: str, folder: str, reason: str, given_up: bool) -> None:
    event = "copy of a reply given up" if given_up else "copy of a reply put off"
    _tell(logging.WARNING, event, mailbox=mailbox, folder=folder, reason=reason)


def reconciled(mailbox: str, folder: str, held: int, found: Mapping[str, int]) -> None:
    _tell(logging.INFO, "folder compared with what we kept", mailbox=mailbox, folder=folder, held=held, found=found)


def not_reconciled(mailbox: str, reason: str) -> None:
    _tell(logging.WARNING, "mailbox could not be compared with what we kept", mailbox=mailbox, reason=reason)
