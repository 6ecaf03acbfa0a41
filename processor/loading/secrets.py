"""Secrets by reference: a file, an environment variable or a systemd credential, never the text itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from processor.mail_servers import SecretMissing


def secret_source(reference: Mapping[str, str], folder: Path) -> Callable[[], str]:
    """Make a function that reads the secret anew each time, so that a rotated one is taken at once.

    Paths are relative to the configuration's folder.  The function raises SecretMissing.
    """
    kind, name = next(iter(reference.items()))

    def from_file(path: Path) -> str:
        try:
            secret = path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SecretMissing(f"the secret in {path} cannot be read: {error.strerror}") from error
        if not secret:
            raise SecretMissing(f"the secret in {path} is empty")
        return secret

    def read() -> str:
        if kind == "env":
            if value := os.environ.get(name, ""):
                return value
            raise SecretMissing(f"the environment variable {name} is not set")
        if kind == "credential":
            if credentials := os.environ.get("CREDENTIALS_DIRECTORY"):
                return from_file(Path(credentials) / name)
            raise SecretMissing(f"no systemd credentials are given to this process (wanted {name})")
        return from_file(folder / name)

    return read
