"""The session's cookie, and the token by which its forms are known as ours."""

from __future__ import annotations

import hashlib
import hmac

from starlette.responses import Response

from processor.config import DeskSettings


def cookie_name(settings: DeskSettings) -> str:
    """A name that browsers take from nobody but this very host over HTTPS, where there is HTTPS."""
    return "__Host-desk" if settings.public_url else "desk"


def csrf_of(token: str) -> str:
    """What the forms of a session bring along, which other sites cannot know."""
    return hmac.new(token.encode("utf-8", "surrogatepass"), b"processor desk form", hashlib.sha256).hexdigest()


def set_cookie(response: Response, settings: DeskSettings, token: str) -> None:
    """Let the browser keep a session's secret: out of scripts' reach, and not sent along by other sites' forms."""
    response.set_cookie(
        cookie_name(settings), token, httponly=True, samesite="lax", secure=bool(settings.public_url), path="/"
    )
