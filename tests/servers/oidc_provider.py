"""A provider of OpenID Connect on loopback, which signs in whom it is told to, and lies when it is told to."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

CLIENT, SECRET = "desk", "the client's secret"
Lie = Callable[[dict[str, Any]], object]


@cache
def rsa() -> RSAKey:
    """The provider's usual key."""
    return RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})


@cache
def ec() -> ECKey:
    """Its other key."""
    return ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"})


def plain(header: dict[str, Any], claims: dict[str, Any], signature: str = "") -> str:
    """A token that nobody signed."""
    parts = (base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in (header, claims))
    return ".".join((*parts, signature))


@dataclass
class OidcProvider:
    """``user`` is whom it signs in; ``lie`` changes the claims, or gives the token itself.

    ``now`` is its clock in seconds.  ``asked`` notes the paths.
    """

    now: Callable[[], float] = field(default=time.time)
    user: dict[str, Any] = field(default_factory=dict)
    lie: Lie = lambda _: None
    key: RSAKey | ECKey = field(default_factory=rsa)
    keys: list[Any] = field(default_factory=lambda: [rsa(), ec()])
    issuer: str = ""
    says_issuer: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    body: bytes | None = None
    status: int = 200
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def signed_in(self, address: str) -> str:
        """What a browser does at the provider: the way back to which it is sent."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert query["response_type"] == "code"
        assert (query["client_id"], query["code_challenge_method"]) == (CLIENT, "S256")
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state'], 'iss': self.issuer})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """What the token's place answers; each code once, for who has secret and verifier."""
        begun = self.codes.pop(form.get("code", ""), None)
        pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        fits = begun and base64.urlsafe_b64encode(challenge).decode().rstrip("=") == begun["code_challenge"]
        if pair != f"{CLIENT}:the%20client%27s%20secret" or not begun or not fits:
            return 400, {"error": "invalid_grant"}
        moment = int(self.now())
        claims: dict[str, Any] = {"iss": self.issuer, "aud": CLIENT, "sub": "u1", "iat": moment, "exp": moment + 300}
        claims |= {"nonce": begun["nonce"], "email_verified": True, **self.user}
        made = self.lie(claims)
        if isinstance(made, str):
            return 200, {"id_token": made}
        header = {"alg": "RS256" if isinstance(self.key, RSAKey) else "ES256", "kid": self.key.kid}
        return 200, {"id_token": jwt.encode(header, claims, self.key), "access_token": "x", "token_type": "Bearer"}

    def document(self) -> dict[str, Any]:
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        places = {name: f"{self.issuer}/{path}" for name, path in names.items()}
        return {"issuer": self.says_issuer or self.issuer, **places, **self.more}


def by_public_key(claims: dict[str, Any]) -> str:
    """The old trick: HS256 with the provider's public key, which everybody has, as the secret."""
    secret = OctKey.import_key(rsa().as_pem(private=False))
    registry = jws.JWSRegistry(algorithms=["HS256"])
    return jws.serialize_compact({"alg": "HS256", "kid": "rsa"}, json.dumps(claims), secret, registry=registry)


@contextmanager
def providing(provider: OidcProvider) -> Iterator[OidcProvider]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked.append(self.path)
            keys = {"keys": [each.as_dict(private=False) for each in provider.keys]}
            self._say(200, keys if self.path == "/keys" else provider.document())

        def do_POST(self) -> None:
            provider.asked.append(self.path)
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            told = provider.token({k: v[0] for k, v in form.items()}, self.headers.get("Authorization", ""))
            self._say(*told)

        def _say(self, status: int, told: object) -> None:
            body = json.dumps(told).encode() if provider.body is None else provider.body
            self.send_response(status if provider.status == 200 else provider.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
