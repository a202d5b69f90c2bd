"""What arrives is what was given: media byte for byte, text as it is, turns in their order."""

import pytest

from driftgauge.clients.calls import Answer, Blob, Call, Text, Turn
from driftgauge.clients.opening import inspect_client
from tests.fault_server import FaultServer, prompt_hash
from tests.unit.clients.conftest import ROUTES, Ask, call, image, put

ODD = "  \n\tdeux espaces  <think>no</think> <internal>e30=</internal> \N{PILE OF POO} e\u0301 \u202e \\u0000 ```\n\n"


@pytest.mark.parametrize("media_type", ["image/png", "image/jpeg", "image/webp"])
def test_images_arrive_byte_for_byte(server: FaultServer, ask: Ask, route: str, media_type: str) -> None:
    picture = image(b"any bytes \x00\xff" + media_type.encode() + route.encode(), media_type)
    assert isinstance(ask(route, f"see {media_type} by {route}", picture), Answer)
    [seen] = server.of(f"see {media_type} by {route}")
    assert seen.images == (picture.sha256,)


@pytest.mark.parametrize("model", [*ROUTES, "openai/gpt-5"])
def test_text_arrives_as_it_is(server: FaultServer, ask: Ask, model: str) -> None:
    text = f"{ODD}{model}{ODD}"
    assert isinstance(ask(model, text), Answer)
    assert [seen.texts for seen in server.of(text)] == [(text,)]


@pytest.mark.usefixtures("keys")
def test_turns_and_parts_arrive_in_their_order(server: FaultServer, route: str) -> None:
    picture = image(route.encode())
    turns = (
        Turn("system", (Text(f"You are {route}."),)),
        Turn("user", (Text("one"), picture, Text("two"))),
        Turn("assistant", (Text("three"),)),
        Turn("user", (Text(f"four {ODD}"),)),
    )
    assert isinstance(put(inspect_client(ROUTES[route]), Call({}, turns, {"max_tokens": 8})), Answer)
    said = [
        ("system", "text", f"You are {route}."),
        ("user", "text", "one"),
        ("user", "image", picture.sha256),
        ("user", "text", "two"),
        ("assistant", "text", "three"),
        ("user", "text", f"four {ODD}"),
    ]
    assert server.record.counts()["asked"][prompt_hash(said)] == 1


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(("media_type", "data"), [("audio/wav", b"RIFF"), ("audio/mpeg", b"ID3")])
def test_recordings_arrive_byte_for_byte(server: FaultServer, media_type: str, data: bytes) -> None:
    sound = Blob("audio", data, media_type, image(data).sha256)
    assert isinstance(put(inspect_client(ROUTES["openai"]), call("hear", sound)), Answer)
    said = [("user", "text", "hear"), ("user", "audio", sound.sha256)]
    assert server.record.counts()["asked"][prompt_hash(said)] == 1
