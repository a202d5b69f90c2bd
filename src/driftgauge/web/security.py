"""What every answer carries, and what every request has to: headers, a bound on its body, and where it comes from."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from driftgauge.pipeline.rating.steps import Refused

MOST_BYTES: Final = 64_000
"""The largest body that is read; a comment is far below it."""
LARGER: Final[Mapping[str, int]] = {"/scenarios": 11_000_000}
"""Where more may come, two pictures with their texts: read only once it is known who sends it, and never held whole."""
_POLICY: Final = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "media-src 'self'",
        "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
    )
)  # fmt: skip
_HEADERS: Final = {
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_ALWAYS: Final = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_YEAR: Final = "max-age=31536000"


@dataclass(frozen=True)
class Guard:
    """The outermost layer of the app.

    Parameters
    ----------
    app
        What is guarded.
    refuse
        Writes the page of a refusal.
    base_url
        Where people reach the app; null for wherever they say they do.
    policy
        What a page may load and run.
    """

    app: ASGIApp
    refuse: Callable[[Request, Refused], ASGIApp]
    base_url: str | None = None
    policy: str = _POLICY

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it before anything of it is looked at."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sending = _with_headers(scope, send, policy=self.policy)
        try:
            self._check(scope)
            body = await _bounded(scope, receive)
        except Refused as refusal:
            await self.refuse(Request(scope), refusal)(scope, receive, sending)
            return
        await self.app(scope, body, sending)

    def _check(self, scope: Scope) -> None:
        if scope["method"] in _SAFE:
            return
        headers = Headers(scope=scope)
        here = self.base_url or f"{scope['scheme']}://{headers.get('host', '')}"
        if not _same_origin(headers.get("origin"), here):
            raise Refused(403, "origin", "the request does not come from a page of this app")


def _same_origin(origin: str | None, here: str) -> bool:
    """Return whether an ``Origin`` is ours; browsers send one with every POST."""
    if not origin:
        return False
    try:
        theirs, ours = urlsplit(origin), urlsplit(here)
        return (theirs.scheme, theirs.hostname, _port(theirs.scheme, theirs.port)) == (
            ours.scheme,
            ours.hostname,
            _port(ours.scheme, ours.port),
        )
    except ValueError:
        return False


def _port(scheme: str, port: int | None) -> int:
    return port or (443 if scheme == "https" else 80)


async def _bounded(scope: Scope, receive: Receive) -> Receive:
    """Read the whole body if it is small enough, and return what gives it again; a larger one is counted as it comes."""
    if scope["method"] in _SAFE:
        return receive
    most = LARGER.get(scope["path"], MOST_BYTES)
    said = Headers(scope=scope).get("content-length", "0")
    if not said.isdecimal() or int(said) > most:
        raise _too_large(most)
    if most > MOST_BYTES:
        return _counted(receive, most)
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return _once(message, receive)
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            raise _too_large(MOST_BYTES)
        if not message.get("more_body"):
            return _once({"type": "http.request", "body": bytes(body), "more_body": False}, receive)


def _once(message: Message, receive: Receive) -> Receive:
    waiting = [message]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def _counted(receive: Receive, most: int) -> Receive:
    come = 0

    async def counting() -> Message:
        nonlocal come
        message = await receive()
        come += len(message.get("body", b""))
        if come > most:
            raise _too_large(most)
        return message

    return counting


def _too_large(most: int) -> Refused:
    code = "too_large" if most == MOST_BYTES else "picture_too_large"
    return Refused(413, code, f"the request is larger than {most:,} bytes")


def _with_headers(scope: Scope, send: Send, *, policy: str) -> Send:
    lasting = scope["path"].startswith("/static/") and b"v=" in scope.get("query_string", b"")

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"content-security-policy", policy.encode()), *_ALWAYS]
            headers = MutableHeaders(scope=message)
            good = message["status"] in {200, 304}
            headers.setdefault("cache-control", f"public, {_YEAR}, immutable" if lasting and good else "no-store")
            if scope["scheme"] == "https":
                headers.setdefault("strict-transport-security", _YEAR)
        await send(message)

    return sending


def cookie_name(request: Request) -> str:
    """Return what the cookie of the session is called; under https a browser binds it to this host."""
    return "__Host-driftgauge" if request.url.scheme == "https" else "driftgauge"


def visitor_name(request: Request) -> str:
    """Return what the cookie of somebody is called who is not logged in yet."""
    return f"{cookie_name(request)}-visitor"


def visitor_token(visitor: str, *, secret: bytes) -> str:
    """Return the token of the forms of somebody who is not logged in yet, bound to their cookie.

    Examples
    --------
    >>> visitor_token("somebody", secret=b"s" * 32) == visitor_token("another", secret=b"s" * 32)
    False
    """
    return hmac.new(secret, b"visitor:" + visitor.encode(), sha256).hexdigest()


def check_token(sent: object, expected: str | None) -> None:
    """Refuse a request whose token is not that of the page.

    Raises
    ------
    Refused
        403, when it is missing or foreign.
    """
    if not isinstance(sent, str) or not expected or not hmac.compare_digest(sent.encode(), expected.encode()):
        raise Refused(403, "csrf", "the token of the form is missing or of another session")
