"""A client is checked before its first call, asks as often as it is asked, and says nothing."""

import asyncio
import gc
import logging
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from driftgauge.clients import environment
from driftgauge.clients.calls import Answer, Fault
from driftgauge.clients.opening import inspect_client
from driftgauge.errors import CollectError
from tests.fault_server import FaultServer
from tests.unit.clients.conftest import ROUTES, call, put


def test_it_says_what_it_is(keys: None) -> None:
    client = inspect_client(ROUTES["openai"])
    assert (client.name, client.is_simulated) == ("inspect", False)
    assert client.versions["inspect-ai"] == "0.3.285"
    assert {"openai", "anthropic"} < set(client.versions)


@pytest.mark.parametrize(
    ("model", "missing"),
    [
        ("openai/gpt-5", "OPENAI_API_KEY"),
        ("anthropic/claude-sonnet-4-5", "ANTHROPIC_API_KEY"),
        ("openai-api/loopback/model-1", "LOOPBACK_API_KEY"),
        ("openrouter/a/b", "OPENROUTER_API_KEY"),
    ],
)
def test_a_missing_key_is_named_before_any_call(monkeypatch: pytest.MonkeyPatch, keys: None, model: str, missing: str) -> None:
    monkeypatch.delenv(missing, raising=False)
    with pytest.raises(CollectError, match=missing):
        inspect_client(model)


def test_an_empty_key_is_a_missing_one(monkeypatch: pytest.MonkeyPatch, keys: None) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "")
    with pytest.raises(CollectError, match="ANTHROPIC_API_KEY"):
        inspect_client(ROUTES["anthropic"])


def test_a_service_without_an_address_is_told_which_variable(monkeypatch: pytest.MonkeyPatch, keys: None) -> None:
    monkeypatch.delenv("LOOPBACK_BASE_URL")
    with pytest.raises(CollectError, match="LOOPBACK_BASE_URL"):
        inspect_client(ROUTES["openai"])


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("nobody/model", "no provider nobody"),
        ("gpt-5", "Write provider/model"),
        ("openai-api/model", "lacks the service"),
        ("mockllm/model", "simulated"),
        ("groq/llama", "pip install groq"),
    ],
)
def test_a_model_that_cannot_be_called_is_refused_with_a_remedy(keys: None, model: str, said: str) -> None:
    with pytest.raises(CollectError, match=said):
        inspect_client(model)


@pytest.mark.parametrize("settings", [{"max_token": 5}, {"max_retries": 5}, {"extra_headers": {"x": "secret"}}, {"seed": "x"}])
def test_settings_that_no_model_is_asked_with_are_refused(keys: None, settings: dict[str, object]) -> None:
    with pytest.raises(CollectError, match=next(iter(settings))) as caught:
        inspect_client(ROUTES["openai"], settings=settings)
    assert "secret" not in str(caught.value)


def test_telemetry_is_refused(monkeypatch: pytest.MonkeyPatch, keys: None) -> None:
    monkeypatch.setenv("INSPECT_TELEMETRY", "somewhere.send")
    with pytest.raises(CollectError, match="INSPECT_TELEMETRY"):
        inspect_client(ROUTES["openai"])


def test_keys_come_from_the_folders_env_file_where_the_environment_has_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HERE_ALREADY", "of the shell")
    monkeypatch.delenv("ONLY_IN_FILE", raising=False)
    (tmp_path / ".env").write_text("HERE_ALREADY=of the file\nONLY_IN_FILE='of the file'\n")
    assert environment.load(tmp_path) == ("ONLY_IN_FILE",)
    assert environment.load(tmp_path) == ()
    monkeypatch.delenv("ONLY_IN_FILE")
    assert environment.load(tmp_path / "elsewhere") == ()


def test_many_at_once_are_many_at_once(server: FaultServer, keys: None, route: str) -> None:
    """Nobody is answered before all have asked: with a limit of Inspect's, the first would wait for the last for ever."""

    async def together() -> list[Answer | Fault]:
        client = inspect_client(ROUTES[route])
        try:
            return await asyncio.gather(*(client.ask(call(f"[[gate:150]] {route} {n}"), timeout=60) for n in range(150)))
        finally:
            await client.close()

    came = asyncio.run(together())
    assert [each for each in came if isinstance(each, Fault)] == []
    assert len(server.of(f"[[gate:150]] {route} ")) == 150


def test_a_call_that_is_cancelled_ends(keys: None, route: str) -> None:
    async def cancelled() -> bool:
        client = inspect_client(ROUTES[route])
        task = asyncio.create_task(client.ask(call(f"[[hang]] cancelled {route}"), timeout=60))
        await asyncio.wait([task], timeout=0.2)
        task.cancel()
        await asyncio.wait([task])
        await client.close()
        return task.cancelled()

    assert asyncio.run(cancelled())


def test_nothing_of_a_call_outlives_it(keys: None, route: str) -> None:
    from inspect_ai.event import ModelEvent  # noqa: PLC0415 - the rest of the module runs without it
    from inspect_ai.model._providers.anthropic import assistant_internal  # noqa: PLC0415

    async def many() -> None:
        client = inspect_client(ROUTES[route])
        for n in range(5):
            await client.ask(call(f"[[reasoning]] {route} {n}"), timeout=10)
        await client.close()

    asyncio.run(many())
    gc.collect()
    assert not [each for each in gc.get_objects() if type(each) is ModelEvent]
    assert not assistant_internal().thinking_blocks


@pytest.fixture
def everything_logged() -> Generator[list[str]]:
    """The names of the loggers whose records come to somebody who logs everything."""
    names: list[str] = []

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            names.append(record.name)

    root, handler = logging.getLogger(), Listening()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield names
    root.setLevel(level)
    root.removeHandler(handler)


def test_nothing_is_said(
    keys: None, route: str, everything_logged: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSPECT_DISPLAY", "conversation")
    hook = sys.excepthook
    for kind in ("ok", "400", "refusal"):
        put(inspect_client(ROUTES[route]), call(f"[[{kind}]] quiet", settings={"max_tokens": 9, "temperature": 0.0}))
    assert set(everything_logged) <= {"asyncio"}
    assert capfd.readouterr() == ("", "")
    assert sys.excepthook is hook
