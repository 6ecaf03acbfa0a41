"""The configured store, opened with the keys of its mails; nothing starts without a key that they need."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy.engine import Engine

from processor.config import Config
from processor.loading.problems import Refused
from processor.loading.store_settings import SEALS, keyring, refused
from processor.store.engine import open_store
from processor.store.sealed import give_keys, unknown_keys


def opened(config: Config, opening: Callable[[str], Engine] = open_store) -> Engine:
    """Open the store with its keys: by ``open_store``, ``open_to_read`` or ``connect``.

    Raises Refused, with the setting's file and line, where a key is missing or another than the mails were sealed
    under, and what ``opening`` raises.
    """
    ring = keyring(config.encryption)
    engine = opening(config.store_url)
    try:
        give_keys(engine, ring)
        if missing := unknown_keys(engine):
            raise key_refused(config, missing, ring.current if ring else "")
    except BaseException:
        engine.dispose()
        raise
    return engine


def key_refused(config: Config, missing: Mapping[str, int], current: str) -> Refused:
    """What is wrong where mails are sealed under keys that the configuration does not name."""
    said = ", ".join(f"{count} under the key {name}" for name, count in sorted(missing.items()))
    given = f"{SEALS} is the key {current}" if current else f"no {SEALS} is set"
    mend = "put that key back, or list it in decrypt_with"
    return refused(config.encryption, f"mails in the store are encrypted ({said}), and {given}: {mend}")
