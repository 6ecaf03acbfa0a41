"""The tables [alarms] of config.toml: who hears of alarms, and from when on something is one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import urlsplit

from processor.alarm import Kind, Pace, Thresholds
from processor.config import AlarmSettings, Command, Config, Webhook
from processor.letter import ADDRESS
from processor.loading.escalation_settings import read_by_us
from processor.loading.oauth_settings import TokenPlace
from processor.loading.smtp_settings import smtp_settings
from processor.loading.watch_settings import is_loopback
from processor.mail_servers import SecretMissing, SmtpSettings

if TYPE_CHECKING:
    from processor.loading.configuration import Table

LONGEST_SECONDS = 60.0
MOST_HOURS = 24.0 * 31
FORMS = ("json", "slack", "teams")
LANGUAGES = ("nb", "en")

Tables = Callable[[str, object], "Table"]


def alarm_settings(values: object, table: Tables, config: Config, place: TokenPlace) -> AlarmSettings:
    """Read what stands under [alarms]; ``config`` is the rest, which tells whose mail we read ourselves."""
    entry = table("alarms", values)
    folder = config.path.parent
    settings = AlarmSettings(
        thresholds=_thresholds(entry),
        pace=Pace(_hours(entry, "repeat_hours", 4.0), _minutes(entry, "quiet_minutes", 10.0)),
        language=entry.choice("language", LANGUAGES, "nb"),  # type: ignore[arg-type]  # one of LANGUAGES
        webhooks=tuple(_webhook(each, folder) for each in _each(entry, table, "webhook")),
        commands=tuple(_command(each) for each in _each(entry, table, "command")),
        mails=entry.strings("mail"),
        smtp=_smtp(entry, table, config, place),
        ping=_ping(entry, folder),
    )
    _check_mails(entry, settings.mails, settings.smtp, read_by_us(config))
    entry.finish()
    return settings


def _smtp(entry: Table, table: Tables, config: Config, place: TokenPlace) -> SmtpSettings | None:
    """The account of [alarms.smtp], or that of the answers."""
    values = entry.take("smtp", dict, {})
    if not values:
        return config.smtp
    own = table("alarms.smtp", values)
    if isinstance(oauth := values.get("oauth"), dict) and "mailbox" not in oauth:
        # The tokens of [smtp.oauth] have their one place, and these have none.
        own.problem("oauth", "[alarms.smtp.oauth] can share a mailbox's login alone: mailbox = …")
    return smtp_settings(own, config.path.parent, place, config.mailboxes)


def _thresholds(entry: Table) -> Thresholds:
    usual = Thresholds()
    off = entry.strings("off")
    for name in off:
        if name not in get_args(Kind):
            entry.problem("off", f"off names no alarm {name!r}; there are {', '.join(get_args(Kind))}")
    return Thresholds(
        oldest_mail=_minutes(entry, "oldest_mail_minutes", usual.oldest_mail / timedelta(minutes=1)),
        unread=_minutes(entry, "unread_minutes", usual.unread / timedelta(minutes=1)),
        login=_minutes(entry, "login_minutes", usual.login / timedelta(minutes=1)),
        delivery=_minutes(entry, "delivery_minutes", usual.delivery / timedelta(minutes=1)),
        lease=_minutes(entry, "lease_minutes", usual.lease / timedelta(minutes=1)),
        token=24 * _hours(entry, "token_days", usual.token / timedelta(days=1)),
        reconciled=_hours(entry, "reconciled_hours", usual.reconciled / timedelta(hours=1)),
        deadline_days=entry.positive("deadline_days", int, usual.deadline_days),
        unknown_replies=entry.positive("unknown_replies", int, usual.unknown_replies),
        disk_free=entry.positive("disk_free_mb", int, usual.disk_free // 1_000_000) * 1_000_000,
        off=frozenset(off),
    )


def _minutes(entry: Table, key: str, usual: float) -> timedelta:
    return _bounded(entry, key, usual, 60 * MOST_HOURS) * timedelta(minutes=1)


def _hours(entry: Table, key: str, usual: float) -> timedelta:
    return _bounded(entry, key, usual, MOST_HOURS) * timedelta(hours=1)


def _bounded(entry: Table, key: str, usual: float, most: float) -> float:
    value = entry.positive(key, float, usual)
    if value <= most:
        return value
    entry.problem(key, f"{key} must be {most:.0f} at most")
    return usual


def _each(entry: Table, table: Tables, name: str) -> list[Table]:
    """The tables of an array [[alarms.NAME]]."""
    listed: Any = entry.values.get(name, [])
    entry.asked.add(name)
    return [
        table(f"alarms.{name}[{number}]", each)
        for number, each in enumerate(listed if isinstance(listed, list) else [listed])
    ]


def _webhook(entry: Table, folder: Path) -> Webhook:
    made = Webhook(
        url=_url(entry, "url", folder, needed=True) or (lambda: ""),
        form=entry.choice("form", FORMS, "json"),  # type: ignore[arg-type]  # one of FORMS
        digest=entry.take("digest", bool, False),
        ca_file=entry.take("ca_file", str, "") or None,
        timeout=_bounded(entry, "timeout", 10.0, LONGEST_SECONDS),
    )
    entry.finish()
    return made


def _command(entry: Table) -> Command:
    argv = entry.strings("argv")
    if not argv or not argv[0]:
        entry.problem("argv", 'a command needs argv, a list such as ["/usr/local/bin/ring", "--urgent"]')
    elif not Path(argv[0]).is_absolute():
        entry.problem("argv", f"argv must begin with the whole path of a program, and {argv[0]!r} is none")
    made = Command(argv, _bounded(entry, "timeout", 10.0, LONGEST_SECONDS))
    entry.finish()
    return made


def _ping(entry: Table, folder: Path) -> Webhook | None:
    url = _url(entry, "ping", folder, needed=False)
    return Webhook(url) if url else None


def _url(entry: Table, key: str, folder: Path, *, needed: bool) -> Callable[[], str] | None:
    """A URL as a text, or a reference to where it is kept, since whoever knows a chat's URL may write there."""
    value = entry.values.get(key)
    if isinstance(value, dict):
        source = entry.secret(key, folder, needed=needed)
        if source and entry.secrets_now and (url := _read(source)) and not _is_url(url):
            entry.problem(key, f"{key} refers to something that is no https:// address")
        return source
    url = entry.take(key, str, "", needed=needed)
    if url and not _is_url(url):
        entry.problem(key, f"{key} must be an https:// address (http:// on this machine only), and is {url!r}")
    return (lambda: url) if url else None


def _read(source: Callable[[], str]) -> str:
    """The secret; "" where it is missing, which is told of already."""
    try:
        return source()
    except SecretMissing:
        return ""


def _is_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    clear = parts.scheme == "http" and (host == "localhost" or is_loopback(host))
    return bool(host) and parts.username is None and (clear or parts.scheme == "https")


def _check_mails(entry: Table, mails: tuple[str, ...], smtp: SmtpSettings | None, ours: set[str]) -> None:
    for address in mails:
        if not ADDRESS.fullmatch(address):
            entry.problem("mail", f"mail must list mail addresses, and {address!r} is none")
        elif address.lower() in ours:
            entry.problem("mail", f"{address} is read by the program itself: what it writes would come back to it")
    if mails and smtp is None:
        entry.problem("mail", "alarms by mail need an account: add [alarms.smtp] or [smtp]")
