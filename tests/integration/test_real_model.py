"""A real model on loopback, over both protocols that most services speak."""

import asyncio

import pytest

from driftgauge.clients.calls import Answer, Call, Fault, Text, Turn
from driftgauge.clients.opening import inspect_client
from tests.models import MODEL, LanguageModel
from tests.unit.clients.conftest import image

ROUTES = {"openai": f"openai-api/smollm/{MODEL}", "anthropic": f"anthropic/{MODEL}"}
SETTINGS = {"max_tokens": 12, "temperature": 0.0}


@pytest.fixture(params=ROUTES)
def route(request: pytest.FixtureRequest, smollm: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("SMOLLM_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, "none is needed")
    monkeypatch.setenv("SMOLLM_BASE_URL", smollm.openai)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", smollm.anthropic)
    return str(request.param)


def asked(route: str, *turns: Turn) -> list[Answer | Fault]:
    async def all_of_them() -> list[Answer | Fault]:
        client = inspect_client(ROUTES[route], settings=SETTINGS)
        calls = [Call({}, (turn,), SETTINGS) for turn in turns]
        try:
            return [await client.ask(each, timeout=60) for each in calls]
        finally:
            await client.close()

    return asyncio.run(all_of_them())


def test_the_same_prompt_gets_the_same_text(route: str) -> None:
    prompt = Turn("user", (Text("Name three trees."),))
    first, second = asked(route, prompt, prompt)
    assert isinstance(first, Answer)
    assert isinstance(second, Answer)
    assert first.text == second.text != ""
    assert first.status == "truncated"
    assert first.stop_reason == {"openai": "length", "anthropic": "max_tokens"}[route]
    assert first.served_model == MODEL
    assert first.usage["output"] == 12
    assert first.in_force == ({"max_tokens": 12, "temperature": 0.0} if route == "openai" else {"max_tokens": 12})


def test_an_image_is_more_than_it_takes(route: str) -> None:
    [came] = asked(route, Turn("user", (Text("What is this?"), image())))
    assert isinstance(came, Fault)
    assert came.kind in {"server_error", "rejected"}
    assert came.code is not None
