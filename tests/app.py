"""The rating app on loopback, and a browser before it."""

import json
import logging
import os
import re
import shutil
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from driftgauge.pipeline.rating.people import consent, invite, join, who
from driftgauge.pipeline.rating.serving import Serving
from driftgauge.pipeline.rating.sign_in import provider_of
from driftgauge.pipeline.rating.steps import Role
from driftgauge.pipeline.rating.writer import Writer
from driftgauge.web.app import create_app
from tests.rating_studies import PASSWORD, serve
from tests.servers import free_port

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@dataclass(frozen=True)
class Running:
    """An app that answers."""

    address: str
    serving: Serving

    def invitation(self, role: Role = "rater", panel: str | None = "panel-1") -> str:
        """Return the path of a new invitation."""
        return invite(self.serving, role=role, panel=panel if role == "rater" else None)[0].link_path

    def cookie(self, login: str, *, role: Role = "rater", panel: str | None = "panel-1") -> str:
        """Return the cookie of somebody who has just joined."""
        return join(self.serving, self.invitation(role, panel).removeprefix("/join/"), login=login, password=PASSWORD)

    def consenting(self, login: str, *, role: Role = "rater", panel: str = "panel-1") -> str:
        """Return the cookie of somebody who has just joined, and consented."""
        cookie = self.cookie(login, role=role, panel=panel)
        found = who(self.serving, cookie)
        assert found
        consent(self.serving, found, text_id="text-1")
        return cookie


@contextmanager
def broken() -> Generator[list[str]]:
    """Collect what a server says when it breaks, so that no test passes over it."""
    said: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: said.append(handler.format(record))
    logging.getLogger("uvicorn.error").addHandler(handler)
    logging.getLogger("driftgauge").addHandler(handler)
    yield said
    logging.getLogger("uvicorn.error").removeHandler(handler)
    logging.getLogger("driftgauge").removeHandler(handler)


@contextmanager
def running(
    folder: Path, clock: Callable[[], datetime], *, doors: Mapping[str, tuple[str, str]] | None = None, port: int = 0
) -> Generator[Running]:
    """Serve a study in a thread, on a port of loopback: any that is free for 0."""
    with serve(folder, clock) as serving, Writer(serving) as writer:
        port = port or free_port()
        base_url = f"http://127.0.0.1:{port}" if serving.study.sign_in else None
        provider = provider_of(serving.study, base_url=base_url)
        app = create_app(serving, writer, base_url=base_url, doors=doors, provider=provider)
        config = uvicorn.Config(app, port=port, log_level="error", lifespan="off", server_header=False)
        server = uvicorn.Server(config)
        started = threading.Event()
        startup = server.startup

        async def begin(*arguments: Any, **named: Any) -> None:
            await startup(*arguments, **named)
            started.set()

        server.startup = begin
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        assert started.wait(30)
        with broken() as said:
            yield Running(f"http://127.0.0.1:{port}", serving)
            server.should_exit = True
            thread.join(30)
        assert said == [], "the server broke"


def need_chromium() -> str:
    """Return where Chromium is; skip where it is not installed, but never where a missing one is to be seen (CI)."""
    found = shutil.which("chromium")
    if found is None and not os.environ.get("CI"):
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    assert found, "Chromium is not installed: apt-get install chromium"
    return found


@contextmanager
def chromium() -> Generator[Browser]:
    """Start a browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=need_chromium(), args=list(FLAGS))
        yield browser
        browser.close()


@dataclass(frozen=True)
class Tab:
    """A tab, and what its console said that it should not have."""

    page: Page
    said: list[str]


@contextmanager
def tab(browser: Browser, address: str, *, cookie: str | None = None, **context: Any) -> Iterator[Tab]:
    """Open a tab of somebody, who is logged in where there is a cookie."""
    settings = {"viewport": {"width": 1366, "height": 768}, "locale": "en-US", **context}
    made = browser.new_context(base_url=address, **settings)
    made.set_default_timeout(60_000)
    expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong
    if cookie:
        made.add_cookies([{"name": "driftgauge", "value": cookie, "url": address, "httpOnly": True, "sameSite": "Lax"}])
    page = made.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield Tab(page, said)
    made.close()


@dataclass(frozen=True)
class Person:
    """Somebody at the app without a browser: sends whatever they like."""

    web: httpx.Client

    def asked(self) -> dict[str, Any]:
        """Return what they are asked, with what a form of it holds."""
        return self.web.get("/rate", headers={"accept": "application/json"}).json()

    def rating(self, **changed: Any) -> dict[str, Any]:
        """Return a rating of what they are asked, changed."""
        now = self.asked()
        return {
            "key": now["key"],
            "csrf": now["csrf"],
            "assignment": now["item"]["assignment"],
            "harm": 2,
            "success": False,
            **changed,
        }

    def send(self, body: Any, **headers: str) -> httpx.Response:
        """Send a rating as JSON: a value, or the very bytes."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.web.post("/ratings", content=content, headers={"content-type": "application/json", **headers})

    def post(self, path: str, **fields: Any) -> httpx.Response:
        """Send a form of theirs."""
        return self.web.post(path, data={"csrf": self.token(), **fields})

    def token(self) -> str:
        """Return the token of their forms."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.web.get("/settings").text)
        assert found
        return found[1]


@contextmanager
def person(app: Running, cookie: str | None = None) -> Generator[Person]:
    """Let somebody come to the app, logged in where there is a cookie."""
    cookies = {"driftgauge": cookie} if cookie else {}
    with httpx.Client(base_url=app.address, cookies=cookies, headers={"origin": app.address}, timeout=30) as web:
        yield Person(web)
