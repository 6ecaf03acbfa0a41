"""Signing in by a provider: the way there, and back with somebody whom we know.

Everything that the way back must fit is made of one secret that the browser keeps in a cookie, so that nothing is
stored for strangers who only begin.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

from sqlalchemy.engine import Engine

from processor.config import ProviderSettings
from processor.store.accounts import Account
from processor.store.provider_people import account_at
from processor.world.openid import NotBelieved, OpenIdProvider

__all__ = ["NotBelieved", "SingleSignOn"]


class SingleSignOn:
    """One provider, and ``redirect``, the page of ours to which it sends the browser back."""

    def __init__(self, settings: ProviderSettings, redirect: str) -> None:
        self._settings, self._redirect = settings, redirect
        self._provider = OpenIdProvider(settings)

    def begin(self, secret: str) -> str:
        """Where the browser goes; raises NotBelieved, in words for the log."""
        challenge = hashlib.sha256(_part(secret, "verifier").encode()).digest()
        return self._provider.address(
            self._redirect, _part(secret, "state"), _part(secret, "nonce"), _letters(challenge)
        )

    def finish(self, engine: Engine, secret: str, state: str, issuer: str, code: str, now: datetime) -> Account | None:
        """Who came back; None for somebody whom the provider knows and we do not.  Raises NotBelieved.

        ``state``, ``code`` and ``issuer`` (RFC 9207, ``""`` where it is not said) are what the browser brought.
        """
        if not hmac.compare_digest(state.encode("utf-8", "surrogatepass"), _part(secret, "state").encode()):
            raise NotBelieved("the browser brings an answer to another sign-in")
        if issuer and issuer != self._settings.issuer:
            raise NotBelieved("the browser brings an answer of another provider")
        parts = (_part(secret, "verifier"), _part(secret, "nonce"))
        claims = self._provider.claims(code, self._redirect, *parts, now)
        name = claims.get(self._settings.claim, "")
        if self._settings.claim == "email" and claims.get("email_verified") is not True:
            # Whoever may write any address into their own account would be anybody.
            name = ""
        subject = f"{self._settings.issuer} {claims['sub']}"
        return account_at(engine, subject, name if isinstance(name, str) else "", now)


def _part(secret: str, what: str) -> str:
    """One of the values of a sign-in: 256 bits that only who has the secret can make."""
    return _letters(hmac.new(secret.encode("utf-8", "surrogatepass"), what.encode(), hashlib.sha256).digest())


def _letters(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
