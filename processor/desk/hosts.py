"""By which names the desk is asked for; pages and the API are served by no other."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

from processor.config import DeskSettings

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def host_is_ours(request: Request, settings: DeskSettings) -> bool:
    """Whether the page was asked for by a name of ours: another's may have been led here (DNS rebinding)."""
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    known = {settings.listen[0] if settings.listen else "", urlsplit(settings.public_url).hostname or "", *LOOPBACK}
    return host in known - {""}
