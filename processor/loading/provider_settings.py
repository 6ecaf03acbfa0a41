"""The table [desk.provider] of config.toml: who lets staff in by OpenID Connect."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from processor.config import ProviderSettings
from processor.loading.watch_settings import is_loopback

if TYPE_CHECKING:
    from processor.loading.configuration import Table

USUAL_SCOPE = "openid email profile"


def provider_settings(entry: Table, folder: Path) -> ProviderSettings:
    """The settings; ``folder`` is what a secret's path is relative to."""
    made = ProviderSettings(
        name=entry.take("name", str, "", needed=True),
        issuer=entry.take("issuer", str, "", needed=True),
        client_id=entry.take("client_id", str, "", needed=True),
        client_secret=entry.secret("client_secret", folder, needed=False),
        claim=entry.take("claim", str, "email"),
        scope=entry.take("scope", str, USUAL_SCOPE),
        internal=entry.take("internal", bool, False),
        ca_file=entry.take("ca_file", str, "") or None,
        timeout=entry.positive("timeout", float, 10.0),
    )
    if made.issuer and not _is_issuer(made.issuer):
        entry.problem("issuer", f"issuer must be an https:// address without query, and is {made.issuer!r}")
    if "openid" not in made.scope.split():
        entry.problem("scope", f"scope must name openid, and is {made.scope!r}")
    entry.finish()
    return made


def _is_issuer(issuer: str) -> bool:
    try:
        parts = urlsplit(issuer)
    except ValueError:
        return False
    host = parts.hostname or ""
    safe = parts.scheme == "https" or (parts.scheme == "http" and (host == "localhost" or is_loopback(host)))
    return bool(host) and safe and not parts.query and not parts.fragment and parts.username is None
