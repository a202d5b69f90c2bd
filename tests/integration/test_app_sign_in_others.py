"""Signing in at a provider that others wrote (oidc-provider-mock, in a process of its own), on both databases."""

import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.app import Running, person, running
from tests.integration.conftest import NewStudy
from tests.integration.test_app_sign_in import SIGN_IN, leave, said
from tests.rating_studies import declared, draw
from tests.servers import free_port


@dataclass(frozen=True)
class Registered:
    """A provider, and what it calls the app that it knows."""

    address: str
    back: str
    client: str
    secret: str

    def answers(self, web: httpx.Client, page: str, **form: str) -> str:
        """Leave a page of ours for the provider, send its form, and return where it sends one back to."""
        there = leave(web, page).headers["location"]
        assert there.startswith(f"{self.address}/")
        answer = httpx.post(there, data=form)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]


@contextmanager
def provider() -> Generator[tuple[str, int]]:
    """Let the provider answer that insists on a client that it knows, and on a nonce; return where, and a port for the app."""
    port = free_port()
    options = ("--port", str(port), "--require-registration", "true", "--require-nonce", "true")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-m", "oidc_provider_mock", *options], **quiet) as process:
        with httpx.Client(transport=httpx.HTTPTransport(retries=8), timeout=30) as web:
            web.get(f"http://127.0.0.1:{port}/.well-known/openid-configuration").raise_for_status()
        yield f"http://127.0.0.1:{port}", free_port()
        process.kill()


def registered(address: str, port: int) -> Registered:
    """Tell the provider of the app, as its lead would."""
    back = f"http://127.0.0.1:{port}/signed-in"
    known = httpx.post(f"{address}/oauth2/clients", json={"redirect_uris": [back]}).json()
    return Registered(address, back, known["client_id"], known["client_secret"])


@pytest.fixture
def world(new_study: Callable[..., NewStudy], monkeypatch: pytest.MonkeyPatch) -> Generator[tuple[Running, Registered]]:
    with provider() as (address, port):
        known = registered(address, port)
        made = new_study(declared() + SIGN_IN.replace("driftgauge", known.client) % (address, "false"))
        draw(made.folder, responses_=2)
        monkeypatch.setenv("DRIFTGAUGE_OIDC_SECRET", known.secret)
        with running(made.folder, lambda: datetime.now(UTC), port=port) as app:
            yield app, known


def test_the_whole_way_from_the_invitation_to_coming_back(world: tuple[Running, Registered]) -> None:
    app, known = world
    invitation = app.invitation()
    with person(app) as found:
        back = known.answers(found.web, invitation, action="deny")
        assert "state=" not in back, "it forgets the state of who declines, which RFC 6749 (4.1.2.1) wants back"
        assert "Please begin again" in said(found.web.get(back))
        back = known.answers(found.web, invitation, sub="benedetta@example.org")
        assert back.startswith(f"{known.back}?")
        assert found.web.get(back).headers["location"] == "/"
        assert found.web.get("/consent").status_code == 200
        assert httpx.get(back, cookies=dict(found.web.cookies)).status_code == 409, "an answer comes back once"
    with person(app) as later:
        assert later.web.get(known.answers(later.web, "/login", sub="benedetta@example.org")).headers["location"] == "/"
        assert later.web.get("/consent").status_code == 200
    with person(app) as stranger:
        answer = stranger.web.get(known.answers(stranger.web, "/login", sub="somebody@example.org"))
        assert (answer.status_code, "Nobody takes part here" in said(answer)) == (403, True)
    with person(app) as other:
        back = known.answers(other.web, "/login", sub="benedetta@example.org")
        spoilt = back.replace(f"code={parse_qs(urlsplit(back).query)['code'][0]}", "code=of-nobody")
        answer = other.web.get(spoilt)
        assert (answer.status_code, "did not let this app go on" in said(answer)) == (502, True)
