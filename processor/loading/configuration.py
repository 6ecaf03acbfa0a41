"""config.toml → Config; every problem of the file at once, each with its line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

from processor.config import Config
from processor.loading.alarm_settings import alarm_settings
from processor.loading.desk_settings import desk_settings, require_others
from processor.loading.escalation_settings import escalation_settings
from processor.loading.lookup_settings import lookup_settings
from processor.loading.oauth_settings import TokenPlace, mailbox_oauth, token_place
from processor.loading.problems import Problem, Refused
from processor.loading.provenance_settings import provenance_settings
from processor.loading.scan_settings import scan_settings
from processor.loading.secrets import secret_source
from processor.loading.smtp_settings import server_address, smtp_settings
from processor.loading.store_settings import encryption_settings, store_url
from processor.loading.toml_lines import parse
from processor.loading.watch_settings import since, watch_listen
from processor.loading.webhook_settings import webhook_settings
from processor.mail_servers import MailboxSettings, SecretMissing, Settling
from processor.ticket import Level, Limits

T = TypeVar("T")
TABLES = {
    "company", "store", "rules", "answers", "smtp", "mailbox", "run", "contracts", "lookups", "escalation", "watch", "provenance", "desk", "tokens", "alarms", "webhook"
}  # fmt: skip
REFERENCES = ("file", "env", "credential")


@dataclass
class Table:
    """One table of the file, which notes each problem and remembers which keys were asked for.

    Without ``secrets_now`` a secret may be missing until it is asked for.
    """

    path: str
    name: str
    values: Mapping[str, Any]
    lines: Mapping[str, int]
    problems: list[Problem]
    asked: set[str] = field(default_factory=set)
    secrets_now: bool = True

    def problem(self, key: str, text: str, hint: str = "") -> None:
        line = self.lines.get(f"{self.name}.{key}") or self.lines.get(self.name, 0)
        self.problems.append(Problem(self.path, line, text, hint))

    def take(self, key: str, kind: type[T], default: T, *, needed: bool = False) -> T:
        self.asked.add(key)
        if key not in self.values:
            if needed:
                self.problem(key, f"[{self.name}] needs {key!r}")
            return default
        value = self.values[key]
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.problem(key, f"{key} must be {WORDS[kind]}, and is {value!r}")
            return default
        return value

    def positive(self, key: str, kind: type[T], default: T) -> T:
        value = self.take(key, kind, default)
        if value <= 0:  # type: ignore[operator]  # kind is int or float
            self.problem(key, f"{key} must be more than 0")
            return default
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        value = self.take(key, list, [])
        if all(isinstance(each, str) for each in value):
            return tuple(value)
        self.problem(key, f"{key} must be a list of texts")
        return ()

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        value = self.take(key, str, default)
        if value in choices:
            return value
        self.problem(key, f"{key} must be one of {', '.join(choices)}, and is {value!r}", nearest(value, choices))
        return default

    def secret(self, key: str, folder: Path, *, needed: bool) -> Callable[[], str] | None:
        value = self.values.get(key)
        self.asked.add(key)
        if value is None:
            if needed:
                self.problem(key, f"[{self.name}] needs {key!r}")
            return None
        return self.referred(key, value, folder)

    def referred(self, key: str, value: object, folder: Path) -> Callable[[], str] | None:
        # What stands there may be the secret itself, which is never shown.
        if (
            not isinstance(value, dict)
            or len(value) != 1
            or next(iter(value)) not in REFERENCES
            or not isinstance(next(iter(value.values())), str)
        ):
            self.problem(
                key, f"{key} must be {{ file = … }}, {{ env = … }} or {{ credential = … }}, never the secret itself"
            )
            return None
        source = secret_source(value, folder)
        try:
            if self.secrets_now:
                source()
        except SecretMissing as error:
            self.problem(key, str(error))
        return source

    def finish(self) -> None:
        for key in self.values:
            if key not in self.asked:
                self.problem(key, f"[{self.name}] knows no {key!r}", nearest(key, tuple(self.asked)))


WORDS: dict[type, str] = {
    str: "a text in quotes",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
    bool: "true or false",
}


def nearest(word: str, words: tuple[str, ...]) -> str:
    """The most alike of some words, or "" when none is near."""
    return next(iter(get_close_matches(word, words, 1)), "")


def load_config(path: Path, *, passwords: bool = True) -> Config:
    """Load the configuration, or raise Refused with all that is wrong in it.

    ``passwords``: those of the servers must be there already; who only reads the store needs none of them.
    """
    values, lines, problems = parse(path)
    if problems:
        raise Refused(problems)
    for name in values:
        if name not in TABLES:
            problems.append(Problem(str(path), lines.get(name, 0), f"no table [{name}]", nearest(name, tuple(TABLES))))

    def table(name: str, content: object) -> Table:
        if isinstance(content, dict):
            return Table(str(path), name, content, lines, problems, secrets_now=passwords or name == "company")
        problems.append(Problem(str(path), lines.get(name, 0), f"{name} must be a table"))
        return Table(str(path), name, {}, lines, problems)

    config = _config(path.absolute(), values, table)
    if not config.mailboxes and not problems:
        problems.append(Problem(str(path), 0, "names no [[mailbox]]: there is nothing to read"))
    if problems:
        raise Refused(problems)
    return config


def _config(path: Path, values: Mapping[str, Any], table: Callable[[str, object], Table]) -> Config:
    folder = path.parent
    company, store, rules = (table(name, values.get(name, {})) for name in ("company", "store", "rules"))
    answers, run, contracts = (table(name, values.get(name, {})) for name in ("answers", "run", "contracts"))
    key = company.secret("key", folder, needed=True)
    place = token_place(table("tokens", values.get("tokens", {})), folder, key)
    listed = values.get("mailbox", [])
    mailboxes = tuple(
        _mailbox(table(f"mailbox[{number}]", each), folder, place)
        for number, each in enumerate(listed if isinstance(listed, list) else [listed])
    )
    _check_names(mailboxes, table("mailbox[0]", {}))
    per_type = answers.take("levels", dict, {})
    contracts_path = contracts.take("path", str, "")
    config = Config(
        path=path,
        store_url=store_url(store, folder),
        key=_key(key),
        rules_dir=folder / rules.take("rules", str, "rules"),
        templates_dir=folder / rules.take("templates", str, "templates"),
        mailboxes=mailboxes,
        smtp=smtp_settings(table("smtp", values["smtp"]), folder, place, mailboxes) if "smtp" in values else None,
        team=company.take("team", str, "Kundesenteret"),
        ticket_prefix=company.take("ticket_prefix", str, "VS"),
        own_addresses=tuple(address.lower() for address in company.strings("own_addresses")),
        authserv_ids=company.strings("authserv_ids"),
        level=Level(answers.choice("level", tuple(Level), Level.OBSERVE)),
        levels={name: _level(answers, name, value) for name, value in per_type.items()},
        limits=_limits(answers),
        answer_within_hours=answers.positive("within_hours", float, 24.0),
        workers=run.take("workers", int, 1),
        lease_seconds=run.positive("lease_seconds", float, 20.0),
        contracts_path=folder / contracts_path if contracts_path else None,
        lookups=lookup_settings(values.get("lookups", {}), table),
        provenance=provenance_settings(values.get("provenance", {}), table),
        scan=scan_settings(table("scan", values.get("scan", {}))),
        watch_listen=watch_listen(table("watch", values.get("watch", {}))),
        webhooks=webhook_settings(values.get("webhook", []), table, folder),
        desk=desk_settings(table("desk", values.get("desk", {})), table, folder),
        encryption=encryption_settings(store, folder),
    )
    require_others(table("desk", values.get("desk", {})), config)
    config = replace(config, escalations=escalation_settings(values.get("escalation", []), table, config))
    config = replace(config, alarms=alarm_settings(values.get("alarms", {}), table, config, place))
    if config.workers < 0:
        run.problem("workers", "workers must be 0 or more")
    for each in (company, store, rules, answers, run, contracts):
        each.finish()
    return config


def _key(source: Callable[[], str] | None) -> bytes:
    try:
        return source().encode() if source else b""
    except SecretMissing:
        return b""


def _level(answers: Table, name: str, value: object) -> Level:
    if isinstance(value, str) and value in tuple(Level):
        return Level(value)
    answers.problem("levels", f"level of {name} must be one of {', '.join(Level)}, and is {value!r}")
    return Level.OBSERVE


def _limits(answers: Table) -> Limits:
    usual = Limits()
    return Limits(
        per_sender=answers.positive("per_sender", int, usual.per_sender),
        per_known_sender=answers.positive("per_known_sender", int, usual.per_known_sender),
        per_domain=answers.positive("per_domain", int, usual.per_domain),
        per_thread=answers.positive("per_thread", int, usual.per_thread),
        in_all=answers.positive("in_all", int, usual.in_all),
    )


def _mailbox(entry: Table, folder: Path, place: TokenPlace) -> MailboxSettings:
    host, port, tls = server_address(entry, 993, 143)
    oauth = mailbox_oauth(entry, folder, place)
    password = entry.secret("password", folder, needed=oauth is None)
    handled = entry.choice("handled", get_args(Settling), "keyword")
    review = entry.choice("review", get_args(Settling), "nothing")
    mailbox = MailboxSettings(
        name=entry.take("name", str, "", needed=True),
        host=host,
        port=port,
        tls=tls,
        user=entry.take("user", str, "", needed=True),
        password=password or (lambda: ""),
        folder=entry.take("folder", str, "INBOX"),
        junk_folder=entry.take("junk_folder", str, "") or None,
        purpose=entry.take("purpose", str, "support"),
        ca_file=entry.take("ca_file", str, "") or None,
        timeout=entry.positive("timeout", float, 60.0),
        handled=handled,  # type: ignore[arg-type]  # choice() returns one of get_args(Settling)
        handled_folder=entry.take("handled_folder", str, ""),
        review=review,  # type: ignore[arg-type]  # likewise
        review_folder=entry.take("review_folder", str, ""),
        max_bytes=entry.positive("max_bytes", int, 25_000_000),
        batch=entry.positive("batch", int, 50),
        poll_seconds=entry.positive("poll_seconds", float, 60.0),
        since=since(entry),
        oauth=oauth,
        sent_folder=_given(entry, "sent_folder"),
        sent_copies=entry.take("sent_copies", bool, True),
    )
    for key, folder_key in (("handled", "handled_folder"), ("review", "review_folder")):
        if getattr(mailbox, key) == "move" and not getattr(mailbox, folder_key):
            entry.problem(key, f'{key} = "move" needs {folder_key!r}')
    entry.finish()
    return mailbox


def _given(entry: Table, key: str) -> str | None:
    """A text that may be empty, None where the key is not there."""
    value = entry.take(key, str, "")
    return value if key in entry.values else None


def _check_names(mailboxes: tuple[MailboxSettings, ...], file: Table) -> None:
    seen: set[str] = set()
    for number, mailbox in enumerate(mailboxes):
        if mailbox.name in seen:
            line = file.lines.get(f"mailbox[{number}].name", 0)
            file.problems.append(Problem(file.path, line, f"a mailbox is named {mailbox.name!r} already"))
        seen.add(mailbox.name)
