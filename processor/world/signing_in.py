"""A person lets us into a login once: by a code typed on another device, or in a browser; the tokens are kept."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import datetime
from typing import TextIO

from processor.consent import Grant
from processor.mail_servers import OAuthSettings
from processor.world.browser_login import coming_back
from processor.world.failures import LoginRefused, Misconfigured, Transient
from processor.world.token_answers import Waiting
from processor.world.tokens import clock, keep, token_server

BROWSER_SECONDS = 900.0
SLOWER_SECONDS = 5.0
"""What RFC 8628 section 3.5 wants added to the gap when the server says slow_down."""


def by_device(
    settings: OAuthSettings,
    tell: Callable[[str, str], None],
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], datetime] = clock,
) -> Grant:
    """Let somebody type a code elsewhere, and wait until they have; ``tell`` gets the address and the code.

    An outage while waiting is waited out.  Raises LoginRefused when they decline or time is up.
    """
    server = token_server(settings)
    code = server.device_code()
    tell(code.url, code.user_code)
    gap, until = code.interval, time.monotonic() + code.seconds
    while time.monotonic() < until:
        sleep(gap)
        try:
            return kept(settings, server.by_device_code(code.code, now()))
        except Waiting as waiting:
            gap += SLOWER_SECONDS if waiting.slower else 0.0
        except Transient:
            continue
    raise LoginRefused("nobody agreed in time; begin again")


def by_browser(
    settings: OAuthSettings,
    tell: Callable[[str], None],
    typed: TextIO | None,
    seconds: float = BROWSER_SECONDS,
    now: Callable[[], datetime] = clock,
) -> Grant:
    """Let somebody agree in a browser; ``tell`` gets the address to open, ``typed`` is where they may paste one.

    Raises LoginRefused when they decline or time is up.
    """
    server = token_server(settings)
    state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    with coming_back(settings.redirect_host, state) as place:
        tell(server.browser_address(place.address, state, verifier))
        code = place.code(typed, seconds)
        return kept(settings, server.by_browser(code, place.address, verifier, now()))


def kept(settings: OAuthSettings, grant: Grant) -> Grant:
    """Keep what came, if it lasts longer than an hour."""
    if not grant.refresh_token:
        raise Misconfigured(
            "the token server gave no refresh token, so that the login would end within the hour: "
            "scopes must hold offline_access (Microsoft and most others)"
        )
    keep(settings, grant)
    return grant
