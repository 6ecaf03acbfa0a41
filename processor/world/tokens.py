"""A login's access token, renewed when it must be: by one process at a time, and never losing a rotated refresh token."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from processor.consent import Consent, Grant, Terms, consent_of, fresh, still_valid
from processor.mail_servers import OAuthSettings
from processor.world.failures import Failure, LoginRefused, Transient
from processor.world.token_file import TokenFile, asked, certificate_end

if TYPE_CHECKING:
    from processor.world.authorizing import TokenServer

LONGEST_END = 20.0
"""Seconds that the program's end waits for what a token server is just giving out."""


class UnderWay:
    """Renewals of this process, for which its end waits: a token that came and was not kept may be the last one."""

    def __init__(self) -> None:
        self._count, self._changed = 0, threading.Condition()
        atexit.register(self.wait)

    def __enter__(self) -> None:
        with self._changed:
            self._count += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def wait(self) -> None:
        """Until none is under way, twenty seconds at most."""
        with self._changed:
            self._changed.wait_for(lambda: not self._count, LONGEST_END)


UNDER_WAY = UnderWay()
OLD_ENOUGH = timedelta(minutes=2)
DOUBTED: dict[Path, str] = {}
"""Tokens of this process that a line broke at, by their files."""
BY_PERSON = ("device", "browser")


def clock() -> datetime:
    """Aware UTC."""
    return datetime.now(UTC)


def access_token(settings: OAuthSettings, unlike: str = "", now: Callable[[], datetime] = clock) -> str:
    """A token that may be shown now; ``unlike`` is one that a server has just refused, however young it looks.

    Raises Transient for an outage, LoginRefused when a person must sign in anew, Misconfigured when somebody must
    mend the application.
    """
    file = file_of(settings)
    grant = file.read()
    if fresh(grant, unlike, now()):
        return grant.access_token  # type: ignore[union-attr]  # fresh() is false for None
    # Two questions may stand before ours.
    with UNDER_WAY, file.locked(2 * settings.timeout + 1) as replacement:
        grant = file.read()
        if fresh(grant, unlike, now()):
            return grant.access_token  # type: ignore[union-attr]  # likewise
        try:
            renewed = renew(settings, grant, now())
        except LoginRefused as refused:
            if grant:
                replacement.write(replace(grant, refused=refused.reason, refused_at=now()))
            raise
        except Transient:
            if grant and still_valid(grant, unlike, now()):
                return grant.access_token
            raise
        replacement.write(renewed)
        return renewed.access_token


def renew(settings: OAuthSettings, grant: Grant | None, now: datetime) -> Grant:
    """Ask the token server for new tokens; raises as ``access_token`` does."""
    server = token_server(settings)
    if settings.flow == "client_credentials":
        return server.application(grant, now)
    if settings.flow == "service_account":
        return server.service_account(grant, now)
    if grant is None or not grant.refresh_token:
        raise LoginRefused(f"nobody has signed in yet: processor login {settings.login}")
    try:
        return server.refreshed(grant, now)
    except LoginRefused as refused:
        raise LoginRefused(f"{refused.reason}; sign in anew: processor login {settings.login}") from refused


def doubt(settings: OAuthSettings, token: str, now: Callable[[], datetime] = clock) -> None:
    """The line broke while a token was shown: some servers cut it where others refuse.  The next one is new.

    Not for a young token, since a line that breaks all the time must not renew all the time.
    """
    grant = file_of(settings).read()
    if grant and grant.access_token == token and grant.renewed_at and now() - grant.renewed_at > OLD_ENOUGH:
        DOUBTED[settings.file] = token


def keep(settings: OAuthSettings, grant: Grant) -> None:
    """Put the tokens of a person's login into the file."""
    with file_of(settings).locked(2 * settings.timeout + 1) as replacement:
        replacement.write(grant)


def consent(settings: OAuthSettings) -> Consent:
    """How a login stands, by its file and settings alone; asks no server and never raises a Failure."""
    try:
        grant = file_of(settings).read()
        terms = terms_of(settings)
    except Failure as failure:
        return Consent(settings.login, trouble=failure.reason)
    return consent_of(settings.login, grant, terms, settings.flow in BY_PERSON)


def terms_of(settings: OAuthSettings) -> Terms:
    ends = settings.secret_ends
    return Terms(
        idle_days=settings.idle_days,
        consent_days=settings.consent_days,
        secret_ends=datetime.combine(ends, time(), UTC) if ends else None,
        certificate_ends=certificate_end(asked(settings.certificate)) if settings.certificate else None,
    )


def file_of(settings: OAuthSettings) -> TokenFile:
    return TokenFile(settings.login, settings.file, settings.key)


def token_server(settings: OAuthSettings) -> TokenServer:
    """The server of the settings; its library is loaded with the first use."""
    from processor.world.authorizing import TokenServer

    return TokenServer(settings)
