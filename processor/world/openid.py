"""Asking a provider of single sign-on (OpenID Connect Core 1.0, code flow), and what of its answers is believed.

An ID token counts if it is signed by a key of the provider in one of the ways of ALGORITHMS, never without a
signature and never by a secret that we know too, for us, now, and for the sign-in that asked for it.
"""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from processor.config import ProviderSettings
from processor.world.web import NoAnswer, Terms, get, post

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
LEEWAY_SECONDS = 60
KEPT_SECONDS = 3600.0
# An unknown key is asked for again, since providers change theirs, but not as often as somebody likes.
AGAIN_SECONDS = 60.0
LONGEST_TOKEN = 50_000


class NotBelieved(Exception):
    """The provider did not answer, or not so that somebody could be let in; the text is for the log."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the provider is asked for what; ``basic``: our secret goes into the header, else into the form."""

    authorization: str
    token: str
    keys: str
    basic: bool


class OpenIdProvider:
    """One provider; what it says of itself is kept for an hour.  Every method may raise NotBelieved."""

    def __init__(self, settings: ProviderSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._places: tuple[float, Places] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def address(self, redirect: str, state: str, nonce: str, challenge: str) -> str:
        """Where the browser goes to sign in; ``challenge`` is PKCE's (RFC 7636, S256)."""
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": redirect,
            "scope": self._settings.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        place = self._where().authorization
        return f"{place}{'&' if '?' in place else '?'}{urlencode(asked, quote_via=quote)}"

    def claims(self, code: str, redirect: str, verifier: str, nonce: str, now: datetime) -> Mapping[str, Any]:
        """Change a code for an ID token, and give what that says once it is believed."""
        return self._believed(self._exchanged(code, redirect, verifier), nonce, now)

    def _where(self) -> Places:
        with self._lock:
            kept = self._places
        if kept and time.monotonic() - kept[0] < KEPT_SECONDS:
            return kept[1]
        issuer = self._settings.issuer
        told = self._json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if told.get("issuer") != issuer:
            raise NotBelieved(f"it calls itself {str(told.get('issuer'))[:200]!r} and not {issuer!r}")
        ways = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        first, second, third = (self._place(told.get(name), name) for name in names)
        places = Places(first, second, third, "client_secret_basic" in ways)
        with self._lock:
            self._places = time.monotonic(), places
        return places

    def _place(self, told: object, name: str) -> str:
        # In clear only where the provider itself is asked in clear: on this machine.
        clear = self._settings.issuer.startswith("http://")
        if isinstance(told, str) and told.startswith(("https://", "http://") if clear else "https://"):
            return told
        raise NotBelieved(f"its {name} is {str(told)[:200]!r}")

    def _exchanged(self, code: str, redirect: str, verifier: str) -> str:
        settings, places = self._settings, self._where()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        secret = settings.client_secret() if settings.client_secret else ""
        if secret and places.basic:
            pair = f"{quote(settings.client_id, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": settings.client_id} | ({"client_secret": secret} if secret else {})
        try:
            answer = post(places.token, urlencode(form), self._terms(headers))
        except NoAnswer as none:
            raise NotBelieved(none.said) from none
        told = _object(answer.body)
        token = told.get("id_token")
        if answer.status != 200 or not isinstance(token, str) or len(token) > LONGEST_TOKEN:
            raise NotBelieved(f"it gives no ID token: {answer.status} {str(told.get('error', ''))[:100]}")
        return token

    def _believed(self, token: str, nonce: str, now: datetime) -> Mapping[str, Any]:
        claims = self._signed(token)
        settings, issued = self._settings, int(now.timestamp())
        registry = jwt.JWTClaimsRegistry(
            now=issued,
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": settings.issuer},
            aud={"essential": True, "value": settings.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True},
        )
        try:
            registry.validate(claims)
        except JoseError as error:
            raise NotBelieved(f"its token is not for us, or not for now: {error}") from error
        audience, party = claims["aud"], claims.get("azp")
        if (isinstance(audience, list) and len(audience) > 1 and party is None) or party not in (
            None,
            settings.client_id,
        ):
            raise NotBelieved("its token is for others too, and was not given to us")
        if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
            raise NotBelieved("its token is of another sign-in")
        if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) < 256:
            raise NotBelieved("its token names nobody")
        return claims

    def _signed(self, token: str) -> dict[str, Any]:
        for newest in (False, True):
            try:
                return dict(jwt.decode(token, self._key_set(newest), algorithms=list(ALGORITHMS)).claims)
            except (JoseError, ValueError, TypeError, KeyError) as error:
                if newest:
                    raise NotBelieved(f"its token is not signed by it: {type(error).__name__}: {error}") from error
        raise AssertionError("unreachable")

    def _key_set(self, newest: bool) -> KeySet:
        with self._lock:
            kept = self._keys
        if kept and time.monotonic() - kept[0] < (AGAIN_SECONDS if newest else KEPT_SECONDS):
            return kept[1]
        told = self._json(self._where().keys)
        # Secrets ("oct") have no place in what everybody can read, and would let everybody sign.
        listed = told.get("keys")
        known = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        public = [each for each in known if each.get("kty") in ("RSA", "EC", "OKP")]
        try:
            keys = KeySet.import_key_set({"keys": public})
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise NotBelieved(f"its keys cannot be read: {error}") from error
        with self._lock:
            self._keys = time.monotonic(), keys
        return keys

    def _json(self, url: str) -> dict[str, Any]:
        try:
            answer = get(url, self._terms({"Accept": "application/json"}))
        except NoAnswer as none:
            raise NotBelieved(none.said) from none
        return _object(answer.body)

    def _terms(self, headers: Mapping[str, str]) -> Terms:
        return Terms(self._settings.timeout, self._settings.ca_file, self._settings.internal, headers)


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotBelieved("it answers with something that is no JSON") from error
    if not isinstance(told, dict):
        raise NotBelieved("it answers with JSON that is no object")
    return told
