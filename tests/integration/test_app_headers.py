"""Hostile headers, as a browser, a proxy or a program may send them: answered as any request, told, kept and logged nowhere."""

import re
import socket
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy as sa

from driftgauge.pipeline.opened import open_study
from driftgauge.store.tables import metadata, ratings, tries
from tests.authoring_studies import join_as
from tests.integration.test_app_served import Served, served, study
from tests.payloads import PAYLOADS
from tests.rating_studies import seat, serve

MARK: Final = "a-mark-of-a-header"
_PLAIN: Final = [" ".join(re.split(r"[\0-\x1f]", each)) for each in PAYLOADS]
VALUES: Final = tuple(f"x {each} {MARK}".encode() for each in _PLAIN)
"""A header cannot hold a line break or NUL: those are sent apart."""
TOLD: Final = (
    "user-agent", "referer", "accept-language", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",
    "x-forwarded-prefix", "x-real-ip", "forwarded", "via", "x-request-id", "traceparent", "authorization", "if-none-match",
    "if-modified-since", "hx-target", "hx-current-url", "hx-trigger", "x-http-method-override", "sec-fetch-site", "from", "te",
)  # fmt: skip
"""What says something of who asks: all of them at once, on every page."""
STEERING: Final = (
    "host", "range", "accept", "accept-encoding", "content-type", "hx-request", "x-csrf-token", "origin", "cookie", "expect",
)  # fmt: skip
"""What may change how a request is answered: each alone."""
ODD_HOSTS: Final = (b"", b"[", b"[::1", b"a]b[", b"a:b", b"a:999999", b"who@host", b"a?b", b"a#b", b"\xff\xfe", b"a b", b"//")
PAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("/", "/login", "/join/x", "/nowhere", "/static/app.css", "/health", "/signed-in"),
    "rita": ("/rate", "/settings", "/guidelines", "/withdraw", "/media/x"),
    "ana": ("/scenarios", "/scenarios/new", "/reviews"),
    "lead": ("/desk", "/people", "/journal", "/design"),
}


@dataclass(frozen=True)
class Here:
    """A server behind a proxy, as the command starts it, and the cookies of people."""

    app: Served
    folder: Path
    web: httpx.Client
    cookies: dict[str, str]

    def asks(self, who: str, method: str, path: str, headers: dict[str, bytes], **sent: str) -> httpx.Response:
        """Send headers as they are, and see that the answer tells nothing of them."""
        cookie = f"driftgauge={self.cookies[who]}; ".encode() if who else b""
        headers = {**headers, "cookie": cookie + headers.get("cookie", b"x=y")}
        answer = self.web.request(method, path, headers=headers, data=sent or None)
        self.web.cookies.clear()
        assert answer.status_code < 500, (who, path, headers)
        said = b"".join(name + value for name, value in answer.headers.raw) + answer.content
        assert MARK.encode() not in said, (who, path, headers)
        return answer


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Generator[Here]:
    folder = study(tmp_path_factory.mktemp("headers"))
    with serve(folder, lambda: datetime.now(UTC)) as serving:
        cookies = {"rita": seat(serving)[0].cookie, "ana": join_as(serving, "ana").cookie}
        cookies["lead"] = join_as(serving, "lead", role="lead", consents=False).cookie
    with served("rate", "serve", ".", "--port", "0", "--proxy-headers", folder=folder, links=1) as app:
        transport = httpx.HTTPTransport(retries=7)
        with httpx.Client(base_url=app.links[0], transport=transport, headers={"origin": app.links[0]}, timeout=30) as web:
            yield Here(app, folder, web, cookies)


def test_every_page_is_answered_as_ever_whatever_is_said_of_who_asks(here: Here) -> None:
    for who, pages in PAGES.items():
        usual = {page: here.asks(who, "GET", page, {}).status_code for page in pages}
        assert {200} <= set(usual.values()) <= {200, 303, 403, 404}
        for number, value in enumerate(VALUES):
            page = pages[number % len(pages)]
            told = {**dict.fromkeys(TOLD, value), "cookie": b"y=" + value + b"; driftgauge-visitor=" + value}
            assert here.asks(who, "GET", page, told).status_code == usual[page]


@pytest.mark.parametrize("name", STEERING)
def test_a_header_that_changes_the_answer_changes_nothing_else(here: Here, name: str) -> None:
    for value in (*VALUES[::2], *(ODD_HOSTS if name == "host" else ())):
        sent = b"; ".join(b"driftgauge%b=%b" % (each, value) for each in (b"", b"-visitor", b"-sign-in"))
        for method, page in (("GET", "/login"), ("GET", "/rate"), ("POST", "/login"), ("POST", "/ratings")):
            here.asks("", method, page, {name: sent if name == "cookie" else value})


def test_what_no_header_may_hold_is_no_request(here: Here) -> None:
    host, port = urlsplit(here.app.links[0]).netloc.split(":")
    for value in (b"a\0b", b"a\rb", b"a\x7fb\x1b[2J", b"a\nset-cookie: driftgauge=x"):
        with socket.create_connection((host, int(port)), timeout=30) as line:
            line.sendall(
                b"GET /login HTTP/1.1\r\nhost: x\r\nuser-agent: %b%b\r\nconnection: close\r\n\r\n" % (MARK.encode(), value)
            )
            answer = b"".join(iter(lambda line=line: line.recv(65_536), b""))
        assert answer[:10] in {b"HTTP/1.1 2", b"HTTP/1.1 4"}, value
        assert MARK.encode() not in answer
        assert b"driftgauge=x" not in answer


def test_nothing_of_a_header_is_kept_or_logged_when_something_is_written(here: Here) -> None:
    told = {**dict.fromkeys(TOLD, VALUES[0]), "cookie": b"y=" + VALUES[1]}
    page = here.asks("", "GET", "/login", {})
    visitor, csrf = page.cookies["driftgauge-visitor"], re.findall(r'name="csrf" value="([^"]+)"', page.text)[0]
    for number, value in enumerate(VALUES[:12]):
        headers = {**told, "x-forwarded-for": value, "cookie": f"driftgauge-visitor={visitor}".encode()}
        sent = {"csrf": csrf, "login": f"somebody-{number}", "password": "a guess of somebody"}
        assert here.asks("", "POST", "/login", headers, **sent).status_code == 401
    now = here.asks("rita", "GET", "/rate", {"accept": b"application/json"}).json()
    rated = {"csrf": now["csrf"], "key": now["key"], "assignment": now["item"]["assignment"], "harm": "2", "success": "0"}
    assert here.asks("rita", "POST", "/ratings", told, **rated).status_code in {200, 303}
    draft = {"csrf": token(here, "ana"), "key": "a-key-of-a-scenario-1"}
    assert here.asks("ana", "POST", "/scenarios/break", told, **draft).status_code == 303
    with open_study(here.folder).store.reading() as connection:
        kept = {table.name: [str(row) for row in connection.execute(sa.select(table))] for table in metadata.tables.values()}
    assert (len(kept[ratings.name]), len(kept[tries.name])) == (1, 24)
    assert [row for rows in kept.values() for row in rows if MARK in row or "window.ran" in row] == []
    log = here.app.log.read_text()
    assert '"POST /ratings HTTP/1.1" ' in log
    assert not [each for each in (MARK, "window.ran", "evil.invalid", "Traceback", "\x1b") if each in log]


def token(here: Here, who: str) -> str:
    """Return the token of somebody's forms."""
    return re.findall(r'name="csrf" value="([^"]+)"', here.asks(who, "GET", "/settings", {}).text)[0]
