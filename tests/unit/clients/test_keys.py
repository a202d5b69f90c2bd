"""What providers need from the environment is what the installed Inspect reads from it."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from driftgauge.clients.keys import EVERY_ADDRESS, SERVICES, address_of, service_of

SPEC = find_spec("inspect_ai")
LOCAL = {"none", "nnterp", "transformer_lens"}
"""Providers that run a model in the process; nothing is looked up for them."""


@pytest.fixture(scope="module")
def source() -> dict[str, str]:
    assert SPEC is not None
    folder = Path(str(SPEC.origin)).parent / "model" / "_providers"
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.rglob("*.py")}


def test_every_provider_of_inspect_is_known(source: dict[str, str]) -> None:
    names = set(re.findall(r'@modelapi\(name="([^"]+)"\)', source["providers"]))
    assert {name for name in names if service_of(f"{name}/a/b") is None} == LOCAL
    assert {name.partition("/")[0] for name in SERVICES} <= names


def test_every_variable_is_one_that_inspect_reads(source: dict[str, str]) -> None:
    """A variable stands in the source, or is made of the name of a service that does."""
    text = "\n".join(source.values())
    services = set(re.findall(r'service="([^"]+)"', text)) | {"openai", "anthropic"}
    made = {f"{name.upper().replace('-', '_')}_{end}" for name in services for end in ("API_KEY", "BASE_URL")}
    asked = {name for each in SERVICES.values() for name in (*each.keys, *each.address_keys, *each.also)} | {EVERY_ADDRESS}
    assert {name for name in asked if name not in made and f'"{name}"' not in text} == set()


def test_every_address_is_one_that_inspect_asks(source: dict[str, str]) -> None:
    """The ones of services that it names itself; the others are in the libraries of the providers."""
    text = "\n".join(source.values())
    said = set(re.findall(r'"(https?://[^"{]+)"', text))
    named = {
        name: each.address for name, each in SERVICES.items() if each.address and f'service_base_url="{each.address}' in text
    }
    assert len(named) >= 10
    assert set(named.values()) <= said


@pytest.mark.parametrize(
    ("model", "key"),
    [
        ("openai/gpt-5", "OPENAI_API_KEY"),
        ("openai/azure/gpt-5", "AZUREAI_OPENAI_API_KEY"),
        ("anthropic/claude-sonnet-4-5-20250929", "ANTHROPIC_API_KEY"),
        ("openrouter/openai/gpt-5", "OPENROUTER_API_KEY"),
        ("openai-api/my-server/org/elm-1", "MY_SERVER_API_KEY"),
    ],
)
def test_a_model_id_says_which_key_is_needed(model: str, key: str) -> None:
    service = service_of(model)
    assert service is not None
    assert service.keys[0] == key


@pytest.mark.parametrize("model", ["elm-1", "nobody/elm-1", "openai-api/elm-1", "openai-api//elm-1", ""])
def test_what_is_no_id_of_a_known_provider_is_not_guessed_at(model: str) -> None:
    assert service_of(model) is None


def test_the_environment_says_where_a_provider_is_asked() -> None:
    openai, own = service_of("openai/gpt-5"), service_of("openai-api/mine/elm-1")
    assert openai is not None
    assert own is not None
    assert address_of(openai, {}) == "https://api.openai.com/v1"
    assert address_of(openai, {"OPENAI_BASE_URL": "http://127.0.0.1:1"}) == "http://127.0.0.1:1"
    assert address_of(own, {}) is None
    assert address_of(own, {EVERY_ADDRESS: "http://127.0.0.1:2"}) == "http://127.0.0.1:2"
