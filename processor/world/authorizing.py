"""Asking a token server (RFC 6749, 8628, 7523): Authlib's client over our own bounded HTTP; its one importer.

Every failure leaves here as one of failures.py, told apart by what has to happen next: an outage (no answer, 5xx,
429, anything that is no JSON, whatever its status) is tried again; ``LoginRefused`` means that a person must sign in
anew; ``Misconfigured`` that somebody must mend the application or its secret.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc7523.assertion import sign_jwt_bearer_assertion
from joserfc.jwk import RSAKey

from processor.consent import Grant
from processor.mail_servers import OAuthSettings
from processor.world.failures import Misconfigured, Transient
from processor.world.token_answers import UNSAID_SECONDS, granted, members, number, refusal, words
from processor.world.token_file import asked
from processor.world.web import Answer, NoAnswer, Terms, post

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
# A signed claim is dated back and ends late enough for a clock that is ten minutes wrong either way.
CLOCK_SLACK = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What a person is to type where; poll each ``interval`` seconds, for ``seconds`` at most."""

    code: str
    user_code: str
    url: str
    interval: float
    seconds: float


class Wire:
    """The session that Authlib's client speaks through."""

    def __init__(self, settings: OAuthSettings) -> None:
        self._settings = settings

    def post(self, url: str, data: Mapping[str, str], headers: Mapping[str, str], auth: Any, **_: Any) -> Response:
        """Send one form; NoAnswer becomes Transient."""
        url, headers, body = auth.prepare("POST", url, {**headers}, urlencode(data))
        terms = Terms(self._settings.timeout, self._settings.ca_file, internal=True, headers=headers)
        try:
            return Response(post(url, body, terms))
        except NoAnswer as nothing:
            raise Transient(f"the token server: {nothing.said}") from nothing

    def request(self, method: str, url: str, **rest: Any) -> Response:
        assert method == "POST"
        return self.post(url, **rest)


class Response:
    """As much of an HTTP response as Authlib looks at."""

    def __init__(self, answer: Answer) -> None:
        self.status_code, self._answer = answer.status, answer

    def json(self) -> dict[str, Any]:
        """The members; an error is raised by ``refusal`` before Authlib sees it."""
        told = members(self._answer)
        if "error" in told:
            raise refusal(told)
        # Authlib counts with it, and some servers write it as a text.
        return {**told, "expires_in": int(number(told.get("expires_in"), UNSAID_SECONDS))}

    def raise_for_status(self) -> None:
        raise Transient(f"the token server is out of order ({self.status_code})")


class TokenServer:
    """The server that the settings name; each call is one question."""

    def __init__(self, settings: OAuthSettings) -> None:
        self.settings = settings
        self._wire = Wire(settings)

    def refreshed(self, grant: Grant, now: datetime) -> Grant:
        """New tokens for a refresh token; the old one stays where the server gives no new."""
        told = self._client(now).refresh_token(self.settings.token_url, refresh_token=grant.refresh_token)
        return granted(told, grant, now)

    def application(self, grant: Grant | None, now: datetime) -> Grant:
        """A token for the application itself, by its secret or certificate."""
        told = self._client(now).fetch_token(self.settings.token_url, grant_type="client_credentials")
        return granted(told, grant, now)

    def service_account(self, grant: Grant | None, now: datetime) -> Grant:
        """A token of a Google service account that acts for the mailbox's user (domain-wide delegation)."""
        account = account_of(self.settings)
        url = self.settings.token_url
        claims = {"scope": " ".join(self.settings.scopes), **dated(now)}
        header = {"alg": "RS256", "kid": account.get("private_key_id", "")}
        assertion = sign_jwt_bearer_assertion(
            rsa_key(account["private_key"]),
            account["client_email"],
            url,
            self.settings.user,
            claims=claims,
            header=header,
        )
        client = OAuth2Client(self._wire, client_id="", token_endpoint_auth_method=nobody)
        return granted(client.fetch_token(url, grant_type=JWT_BEARER, assertion=assertion), grant, now)

    def device_code(self) -> DeviceCode:
        """Begin the device flow."""
        fields = {"client_id": self.settings.client_id, "scope": " ".join(self.settings.scopes)}
        told = self._wire.post(self.settings.device_url, fields, FORM, ClientAuth("", "", nobody)).json()
        url = told.get("verification_uri") or told.get("verification_url")
        if not told.get("device_code") or not told.get("user_code") or not url:
            raise Transient("the token server's answer cannot be read: it holds no code to sign in with")
        return DeviceCode(
            str(told["device_code"]),
            words(told["user_code"]),
            words(url),
            number(told.get("interval"), 5.0),
            number(told.get("expires_in"), UNSAID_SECONDS),
        )

    def by_device_code(self, code: str, now: datetime) -> Grant:
        """The tokens once the person has agreed; raises Waiting until then."""
        client = self._client(now, scope=False)
        told = client.fetch_token(self.settings.token_url, grant_type=DEVICE_CODE, device_code=code)
        return granted(told, None, now)

    def browser_address(self, redirect: str, state: str, verifier: str) -> str:
        """Where a person's browser is to go; it comes back to ``redirect`` with a code and ``state``."""
        client = OAuth2Client(None, self.settings.client_id, redirect_uri=redirect, code_challenge_method="S256")
        more = {"access_type": "offline", "prompt": "consent"} if self.settings.provider == "google" else {}
        address, _ = client.create_authorization_url(
            self.settings.authorize_url,
            state=state,
            code_verifier=verifier,
            scope=" ".join(self.settings.scopes),
            login_hint=self.settings.user,
            **more,
        )
        return str(address)

    def by_browser(self, code: str, redirect: str, verifier: str, now: datetime) -> Grant:
        """The tokens for the code that a browser came back with."""
        told = self._client(now).fetch_token(
            self.settings.token_url,
            grant_type="authorization_code",
            code=code,
            redirect_uri=redirect,
            code_verifier=verifier,
        )
        return granted(told, None, now)

    def _client(self, now: datetime, scope: bool = True) -> OAuth2Client:
        settings = self.settings
        secret: Any = asked(settings.client_secret) if settings.client_secret else ""
        method: Any = "client_secret_post" if secret else "none"
        if settings.certificate:
            secret = asked(settings.certificate)
            method = by_certificate(secret, now)
            secret = rsa_key(secret)
        scopes = " ".join(settings.scopes) if scope else None
        return OAuth2Client(self._wire, settings.client_id, secret, method, scope=scopes or None)


FORM = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}


def nobody(*asked: Any) -> Any:
    """Proves nothing of the client beside what the form says; called with client, method, address, headers and form."""
    return asked[2:]


def by_certificate(pem: str, now: datetime) -> Callable[..., tuple[str, dict[str, str], str]]:
    """The client's own word, signed by its certificate's key, in the form that Entra asks for (PS256, x5t#S256)."""
    claims = {**dated(now), "nbf": dated(now)["iat"]}
    proof = PrivateKeyJWT(claims=claims, headers={"x5t#S256": thumbprint(pem)}, alg="PS256")

    def proved(client: Any, *asked: Any) -> tuple[str, dict[str, str], str]:
        url, headers, body = proof(client, *asked)
        # RFC 7521 leaves it out, and Entra wants it.
        return url, headers, f"{body}&{urlencode({'client_id': client.client_id})}"

    return proved


def dated(now: datetime) -> dict[str, int]:
    """Times of a signed claim; Google takes an hour from ``iat`` at most."""
    return {"iat": int((now - CLOCK_SLACK).timestamp()), "exp": int((now + 2 * CLOCK_SLACK).timestamp())}


def rsa_key(pem: str) -> RSAKey:
    """The private key in a PEM text that may hold a certificate too; raises Misconfigured when there is none."""
    try:
        key = RSAKey.import_key(pem)
    except Exception as error:
        # Each kind of broken key breaks in another way, in one of two libraries.
        raise Misconfigured(f"the application's private key cannot be used: {type(error).__name__}") from error
    if not key.is_private:
        raise Misconfigured("the application's file holds no private key, which is needed beside its certificate")
    return key


def der_of(pem: str) -> bytes:
    """The certificate in a PEM text that may hold a key too; raises Misconfigured when there is none."""
    found = re.search(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", pem, re.DOTALL)
    try:
        return ssl.PEM_cert_to_DER_cert(found[0]) if found else b""
    except ValueError as error:
        raise Misconfigured("the application's certificate is not readable PEM") from error


def thumbprint(pem: str) -> str:
    der = der_of(pem)
    if not der:
        raise Misconfigured("the application's certificate file holds no certificate, which is needed beside its key")
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")


def account_of(settings: OAuthSettings) -> Mapping[str, str]:
    """The service account's file; raises Misconfigured for one that is none."""
    try:
        account = json.loads(asked(settings.service_account) if settings.service_account else "")
        if all(isinstance(account[name], str) for name in ("client_email", "private_key")):
            return account  # type: ignore[no-any-return]
    except (ValueError, LookupError, TypeError):
        pass
    raise Misconfigured("the service account's file is not the JSON key that Google gives out")
