"""A provider of OpenID Connect on loopback that checks what it is sent, and can be faulty in one way after the other."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

CLIENT = "driftgauge"
CLIENT_SECRET = "what the provider gave"
EMAIL = "ana.somebody@example.org"

Claims = dict[str, Any]


@dataclass
class Provider:
    """A provider, whose faults a test sets.

    Parameters
    ----------
    address
        What it calls itself.
    clock
        By which its tokens are dated.
    subject
        Who sits before it, and signs in without being asked.
    changes
        To the claims of the next tokens; null takes a claim out.
    document
        Changes to its description of itself.
    signs
        Instead of its own way to sign.
    status, raw
        Of every answer of its endpoints: null for what is right.
    """

    address: str
    clock: Callable[[], datetime]
    subject: str = "248289761001"
    changes: Claims = field(default_factory=dict[str, Any])
    document: dict[str, Any] = field(default_factory=dict[str, Any])
    signs: Callable[[Claims], str] | None = None
    status: int | None = None
    raw: bytes | None = None
    says_issuer: bool = False
    open: threading.Event = field(default_factory=threading.Event)
    waiting: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    asked: list[str] = field(default_factory=list[str])
    codes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    key: ECKey | RSAKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "first"}))

    def __post_init__(self) -> None:
        self.open.set()

    def right(self) -> None:
        """Forget every fault; who sits before it stays."""
        self.changes, self.document, self.signs, self.status, self.raw = {}, {}, None, None, None
        self.says_issuer, self.key = False, ECKey.generate_key("P-256", {"kid": "first"})
        self.open.set()

    def rotate(self) -> None:
        """Sign with a new key, of another kind, and know the old one no more."""
        self.key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(4)})

    def described(self) -> dict[str, Any]:
        return {
            "issuer": self.address,
            **{f"{name}_endpoint": f"{self.address}/{name}" for name in ("authorization", "token")},
            "jwks_uri": f"{self.address}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
            "code_challenge_methods_supported": ["S256"],
            **self.document,
        }

    def sent_back(self, query: Mapping[str, str]) -> str:
        """Return where somebody who signed in goes, with a code for what was asked."""
        code = secrets.token_urlsafe(12)
        self.codes[code] = {**query, "subject": self.subject}
        back = {"code": code, "state": query["state"]} | ({"iss": self.address} if self.says_issuer else {})
        return f"{query['redirect_uri']}?{urlencode(back)}"

    def token(self, form: Mapping[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Return what the token endpoint answers; a code is good once, for whom and with what it was asked for."""
        expected = "Basic " + base64.b64encode(f"{CLIENT}:{CLIENT_SECRET}".encode()).decode()
        if authorization != expected:
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=")
        same = asked and (asked["redirect_uri"], asked["code_challenge"]) == (form["redirect_uri"], challenge.decode())
        if not asked or not same or asked["code_challenge_method"] != "S256":
            return 400, {"error": "invalid_grant"}
        access = secrets.token_urlsafe(8)
        now = int(self.clock().timestamp())
        claims = {"iss": self.address, "sub": asked["subject"], "aud": CLIENT, "iat": now, "exp": now + 300}
        claims |= {"nonce": asked["nonce"], "email": EMAIL, "name": "Ana Somebody"} | self.changes
        kept = {name: value for name, value in claims.items() if value is not None}
        return 200, {"access_token": access, "token_type": "Bearer", "id_token": (self.signs or self.sign)(kept)}

    def sign(self, claims: Claims, *, key: Any = None) -> str:
        by = key or self.key
        algorithm = "RS256" if isinstance(by, RSAKey) else "ES256"
        return jwt.encode({"alg": algorithm, "kid": self.key.kid}, claims, by, algorithms=[algorithm])

    def with_its_public_key_as_secret(self, claims: Claims) -> str:
        """Sign as somebody does who has but the public key, and hopes that it is taken for a secret."""
        signed = _encoded({"alg": "HS256"}, claims)
        mac = hmac.digest(self.key.as_pem(private=False), signed.encode(), "sha256")
        return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _encoded(*parts: Claims) -> str:
    return ".".join(base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in parts)


def unsigned(claims: Claims) -> str:
    """Return a token that says itself that nobody signed it."""
    return _encoded({"alg": "none"}, claims) + "."


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        self.provider.asked.append(parts.path)
        if not self.provider.open.is_set():
            self.provider.waiting.release()
            self.provider.open.wait(30)
        if parts.path == "/authorization":
            self._send(200, self._page(parts.query, query["state"], query["redirect_uri"]), "text/html")
        elif parts.path == "/signs-in":
            self._redirect(self.provider.sent_back(query))
        elif parts.path == "/keys":
            self._json(200, {"keys": [self.provider.key.as_dict(private=False)]})
        else:
            self._json(200, self.provider.described())

    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
        self.provider.asked.append(urlsplit(self.path).path)
        self._json(*self.provider.token(form, self.headers.get("authorization", "")))

    def _page(self, query: str, state: str, back: str) -> bytes:
        cancel = f"{back}?{urlencode({'error': 'access_denied', 'state': state})}"
        addresses = {"It is me": f"/signs-in?{query}", "Cancel": cancel}
        links = " ".join(f'<a href="{address.replace("&", "&amp;")}">{name}</a>' for name, address in addresses.items())
        return f"<!doctype html><html lang=en><link rel=icon href=data:,><title>Example ID</title>{links}".encode()

    def _json(self, status: int, body: Any) -> None:
        self._send(self.provider.status or status, self.provider.raw or json.dumps(body).encode(), "application/json")

    def _redirect(self, address: str) -> None:
        self.send_response(302)
        self.send_header("location", address)
        self.send_header("content-length", "0")
        self.end_headers()

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def oidc_provider(clock: Callable[[], datetime]) -> Generator[Provider]:
    """Let a provider answer on a free port of loopback."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    handler.provider = found = Provider(f"http://127.0.0.1:{server.server_address[1]}", clock)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield found
    found.open.set()
    server.shutdown()
    server.server_close()
    thread.join(30)
