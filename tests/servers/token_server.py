"""A token server on loopback (RFC 6749, 8628, 7523, 7662) that expires, revokes, rotates, and fails only when told to.

with TokenServer() as server:
    server.tell(Fault("html"))          # for the next question only
    server.revoke()                     # every consent is gone
"""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64decode
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, Literal
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

HTML = b"<!DOCTYPE html><html><title>Sign in to the hotel's network</title></html>"


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one question: a page with a status, JSON of our choice, a wait, or a cut line."""

    kind: Literal["html", "json", "slow", "cut", "drip"]
    status: int = 200
    told: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass
class Issued:
    user: str
    scope: str
    until: float


class TokenServer:
    """The server.  ``life`` is of access tokens in seconds, ``ahead`` by how much its clock is ahead of ours.

    ``rotate``: each refresh token is taken once, and one that comes twice revokes the consent (RFC 9700 4.14.2).
    An application that lets itself in gets the mailbox of ``owner``.  ``asked`` notes each form that came, by path; ``clients`` are secrets or public keys by client id.
    """

    def __init__(self, life: float = 3600.0, *, rotate: bool = True, ahead: float = 0.0) -> None:
        self.life, self.rotate, self.ahead = life, rotate, ahead
        self.clients: dict[str, str] = {"app": "app-secret"}
        self.keys: dict[str, RSAKey] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.reused = 0
        self.owner = "post@firma.example"
        self.more: dict[str, Any] = {}
        self._faults: deque[Fault] = deque()
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._access: dict[str, Issued] = {}
        self._refresh: dict[str, tuple[str, str]] = {}
        self._used: set[str] = set()
        self._codes: dict[str, tuple[str, str, str]] = {}
        self._devices: dict[str, str | None] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._asked_by())
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that leave are tested
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> TokenServer:
        self._thread.start()
        return self

    def __exit__(self, *ignored: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def tell(self, *faults: Fault) -> None:
        """One fault for each of the next questions to /token and /device."""
        self._faults.extend(faults)

    @property
    def failing(self) -> bool:
        """Whether the next question will meet a fault."""
        return bool(self._faults)

    def consent(self, user: str) -> str:
        """A refresh token, as if the user had agreed."""
        with self._lock:
            return self._new_refresh(user, "mail")

    def revoke(self) -> None:
        """Take every consent back; access tokens live on until they expire, as with the large providers."""
        with self._lock:
            self._refresh.clear()

    def expire(self) -> None:
        """Let every access token expire now, whatever was promised."""
        with self._lock:
            self._access.clear()

    def agree(self, user: str) -> None:
        """The person types the code of every device that waits."""
        self._devices = dict.fromkeys(self._devices, user)

    def user_of(self, token: str) -> str:
        """Whose access token it is; "" for one that is not, or no longer, valid."""
        issued = self._access.get(token)
        return issued.user if issued and self.now() < issued.until else ""

    def forms(self, path: str) -> list[dict[str, str]]:
        return [fields for asked, fields in self.asked if asked == path]

    def now(self) -> float:
        return time.time() + self.ahead

    def authorize(self, asked: Mapping[str, str], user: str) -> str:
        """The user agrees in the browser: where the browser goes next."""
        with self._lock:
            code = f"code-{next(self._numbers)}"
            self._codes[code] = (user, asked["code_challenge"], asked["redirect_uri"])
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def _asked_by(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Asked(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
                fields = {name: values[0] for name, values in parse_qs(body).items()}
                path = urlsplit(self.path).path
                server.asked.append((path, fields))
                with suppress(OSError):
                    fault = server._faults.popleft() if server._faults and path != "/introspect" else None
                    if fault and self._fails(fault):
                        return
                    status, told = server.answer(path, fields)
                    self._say(status, json.dumps(told).encode(), "application/json")

            def _fails(self, fault: Fault) -> bool:
                if fault.kind == "slow":
                    time.sleep(fault.seconds)
                    return False
                if fault.kind == "cut":
                    self.close_connection = True
                elif fault.kind == "html":
                    self._say(fault.status, HTML, "text/html")
                elif fault.kind == "json":
                    self._say(fault.status, json.dumps(fault.told).encode(), "application/json")
                else:
                    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b" " * 400:
                        self.wfile.write(bytes([byte]))
                        time.sleep(fault.seconds)
                return True

            def _say(self, status: int, body: bytes, kind: str) -> None:
                self.send_response_only(status)
                self.send_header("Date", formatdate(server.now(), usegmt=True))
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Asked

    def answer(self, path: str, fields: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """What is said to a form."""
        with self._lock:
            if path == "/introspect":
                user = self.user_of(fields.get("token", ""))
                return 200, {"active": True, "username": user} if user else {"active": False}
            if path == "/device":
                code = f"device-{next(self._numbers)}"
                self._devices[code] = None
                told = {"device_code": code, "user_code": "FJORD-42", "verification_uri": f"{self.url}/go"}
                return 200, {**told, "interval": 0.01, "expires_in": 60}
            refused = self._client_refused(fields)
            if refused:
                return 401, {"error": "invalid_client", "error_description": refused}
            grants = {
                "refresh_token": self._refreshed,
                "client_credentials": lambda _: self._given(self.owner, refresh=False),
                "authorization_code": self._by_code,
                "urn:ietf:params:oauth:grant-type:device_code": self._by_device,
                "urn:ietf:params:oauth:grant-type:jwt-bearer": self._by_assertion,
            }
            grant = grants.get(fields.get("grant_type", ""))
            return grant(fields) if grant else (400, {"error": "unsupported_grant_type"})

    def _client_refused(self, fields: Mapping[str, str]) -> str:
        if fields.get("grant_type", "").endswith("jwt-bearer"):
            return ""
        client = fields.get("client_id", "")
        if (assertion := fields.get("client_assertion")) and client in self.keys:
            return self._untrue(assertion, client, "PS256")[0]
        if client not in self.clients:
            return "AADSTS700016: no such application"
        secret = fields.get("client_secret")
        needs = fields["grant_type"] == "client_credentials"
        return "AADSTS7000215: wrong secret" if (needs or secret is not None) and secret != self.clients[client] else ""

    def _untrue(self, assertion: str, issuer: str, algorithm: str) -> tuple[str, dict[str, Any]]:
        """Why a signed claim is not believed, and what it claims."""
        try:
            token = jwt.decode(assertion, self.keys[issuer], algorithms=[algorithm])
        except Exception as error:
            return f"AADSTS700027: the assertion's signature is wrong ({error})", {}
        claims = token.claims
        if claims["aud"] != f"{self.url}/token":
            return "the assertion is for another audience", claims
        # Google's own bounds: not from the future, not too old, an hour long at most.
        if not claims["iat"] - 30 <= self.now() < claims["exp"] or claims["exp"] - claims["iat"] > 3600:
            return (
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values",
                claims,
            )
        return "", {**claims, **token.header}

    def _refreshed(self, fields: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        token = fields.get("refresh_token", "")
        if token in self._used:
            self.reused += 1
            self._refresh.clear()
        if token not in self._refresh:
            return 400, {
                "error": "invalid_grant",
                "error_description": "AADSTS70043: the token has expired or is revoked",
            }
        user, _ = self._refresh[token]
        if self.rotate:
            del self._refresh[token]
            self._used.add(token)
        return self._given(user, refresh=self.rotate)

    def _by_code(self, fields: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        user, challenge, redirect = self._codes.pop(fields.get("code", ""), ("", "", ""))
        proved = create_s256_code_challenge(fields.get("code_verifier", "")) == challenge
        if not user or not proved or fields.get("redirect_uri") != redirect:
            return 400, {"error": "invalid_grant", "error_description": "the code is wrong"}
        return self._given(user)

    def _by_device(self, fields: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        user = self._devices.get(fields.get("device_code", ""))
        return self._given(user) if user else (400, {"error": "authorization_pending"})

    def _by_assertion(self, fields: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        payload = fields["assertion"].split(".")[1]
        issuer = json.loads(urlsafe_b64decode(payload + "=="))["iss"]
        refused, claims = self._untrue(fields["assertion"], issuer, "RS256")
        if refused:
            return 400, {"error": "invalid_grant", "error_description": refused}
        return self._given(claims["sub"], refresh=False)

    def _given(self, user: str, refresh: bool = True) -> tuple[int, dict[str, Any]]:
        token = f"access-{next(self._numbers)}-{'x' * 900}"
        self._access[token] = Issued(user, "mail", self.now() + self.life)
        told = {"token_type": "Bearer", "access_token": token, "expires_in": self.life, **self.more}
        return 200, {**told, "refresh_token": self._new_refresh(user, "mail")} if refresh else told

    def _new_refresh(self, user: str, scope: str) -> str:
        token = f"refresh-{next(self._numbers)}"
        self._refresh[token] = (user, scope)
        return token
