"""A provider on loopback, and what is put to it."""

import asyncio
import hashlib
from collections.abc import Callable, Generator, Mapping
from typing import Any

import pytest

from driftgauge.clients.calls import Answer, Blob, Call, Client, Fault, Part, Text, Turn
from driftgauge.clients.opening import inspect_client
from tests.fault_server import FaultServer, serving
from tests.servers import free_port

ROUTES = {"openai": "openai-api/loopback/model-1", "anthropic": "anthropic/claude-sonnet-4-5"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


@pytest.fixture(scope="session")
def server() -> Generator[FaultServer]:
    with serving() as running:
        yield running


@pytest.fixture
def keys(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of somebody who has keys, for the server on loopback."""
    monkeypatch.delenv("INSPECT_TELEMETRY", raising=False)
    for name, value in (
        ("LOOPBACK_API_KEY", "key"),
        ("LOOPBACK_BASE_URL", server.openai),
        ("ANTHROPIC_API_KEY", "key"),
        ("ANTHROPIC_BASE_URL", server.anthropic),
        ("OPENAI_API_KEY", "key"),
        ("OPENAI_BASE_URL", server.openai),
    ):
        monkeypatch.setenv(name, value)


@pytest.fixture(params=ROUTES)
def route(request: pytest.FixtureRequest) -> str:
    return str(request.param)


Ask = Callable[..., Answer | Fault]


@pytest.fixture
def ask(keys: None) -> Ask:
    """Put one call to a model, by a client of its own."""

    def asked(model: str, *parts: Part | str, settings: Mapping[str, Any] | None = None, timeout: float = 60) -> Answer | Fault:
        return put(inspect_client(ROUTES.get(model, model)), call(*parts, settings=settings), timeout=timeout)

    return asked


def put(client: Client, asked: Call, *, timeout: float = 60) -> Answer | Fault:
    async def once() -> Answer | Fault:
        try:
            return await client.ask(asked, timeout=timeout)
        finally:
            await client.close()

    return asyncio.run(once())


def call(*parts: Part | str, settings: Mapping[str, Any] | None = None, **key: str | int | None) -> Call:
    turn = Turn("user", tuple(Text(part) if isinstance(part, str) else part for part in parts))
    return Call(key, (turn,), settings or {"max_tokens": 32})


def image(data: bytes = PNG, media_type: str = "image/png") -> Blob:
    return Blob("image", data, media_type, hashlib.sha256(data).hexdigest())


@pytest.fixture
def unused_port() -> int:
    return free_port()
