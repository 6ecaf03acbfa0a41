"""The table [store] of config.toml: where the store is, and under which keys the bytes of mails lie in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from processor.ciphers import Keyring
from processor.config import EncryptionSettings
from processor.loading.problems import Problem, Refused
from processor.mail_servers import SecretMissing

if TYPE_CHECKING:
    from processor.loading.configuration import Table

SEALS, OPENS = "encrypt_with", "decrypt_with"


def store_url(entry: Table, folder: Path) -> str:
    """The store's URL; a relative SQLite path is made absolute, so that the working directory does not choose it."""
    url = entry.take("url", str, "sqlite:///var/processor.db")
    prefix = "sqlite:///"
    if url.startswith(prefix) and not url.startswith(prefix + "/"):
        return f"{prefix}{folder / url.removeprefix(prefix)}"
    return url


def encryption_settings(entry: Table, folder: Path) -> EncryptionSettings:
    """The keys; where secrets must be there already, each is also looked at for its length."""
    seals = entry.secret(SEALS, folder, needed=False)
    listed = entry.take(OPENS, list, [])
    opens = [entry.referred(OPENS, each, folder) for each in listed]
    if entry.secrets_now:
        for name, source in ((SEALS, seals), *((OPENS, each) for each in opens)):
            if source is not None and (said := _fault(source)):
                entry.problem(name, f"{name}: {said}")
    line = next((entry.lines[key] for key in (f"store.{SEALS}", f"store.{OPENS}", "store") if key in entry.lines), 0)
    return EncryptionSettings(seals, tuple(each for each in opens if each is not None), entry.path, line)


def keyring(settings: EncryptionSettings) -> Keyring | None:
    """The keys themselves, None where the configuration names none; raises Refused with the setting's place."""
    if settings.seals is None and not settings.opens:
        return None
    try:
        return Keyring(settings.seals() if settings.seals else None, [each() for each in settings.opens])
    except (SecretMissing, ValueError) as error:
        raise refused(settings, f"{SEALS if settings.seals else OPENS}: {error}") from None


def refused(settings: EncryptionSettings, said: str) -> Refused:
    """A problem with the keys, at their place in the configuration."""
    return Refused([Problem(settings.file, settings.line, said)])


def _fault(source: Callable[[], str]) -> str:
    """What is wrong with a key that is there; ``""`` also for a missing one, which is told already."""
    try:
        Keyring(source())
    except SecretMissing:
        return ""
    except ValueError as error:
        return str(error)
    return ""
