"""Every way in which a provider fails is one request and a fault that says what it is, and repeats nothing."""

import pytest

from driftgauge.clients.calls import PASSING, Answer, Fault, Text
from driftgauge.clients.inspect_faults import retry_after
from tests.fault_server import ECHO, FaultServer
from tests.unit.clients.conftest import Ask, image

FAULTS = {
    "429:2": Fault("rate_limited", 429, 2.0),
    "429": Fault("rate_limited", 429, 1.0),
    "quota": Fault("not_allowed", 429),
    "500": Fault("server_error", 500),
    "503:4": Fault("server_error", 503, 4.0),
    "529": Fault("server_error", 529),
    "reset": Fault("connection"),
    "cut": Fault("connection"),
    "malformed": Fault("malformed"),
    "shape": Fault("malformed"),
    "string": Fault("malformed"),
    "400": Fault("rejected", 400),
    "long": Fault("rejected", 400),
    "401": Fault("not_allowed", 401),
    "403": Fault("not_allowed", 403),
    "404": Fault("not_found", 404),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_one_request_and_says_what_it_is(server: FaultServer, ask: Ask, route: str, kind: str) -> None:
    text = f"[[{kind}]] {route} once"
    came = ask(route, text)
    assert isinstance(came, Fault)
    expected = FAULTS[kind]
    assert (came.kind, came.code, came.retry_after) == (expected.kind, expected.code, expected.retry_after)
    assert len(server.of(text)) == 1


def test_no_answer_within_the_time_is_a_time_out(server: FaultServer, ask: Ask, route: str) -> None:
    text = f"[[hang]] {route}"
    came = ask(route, text, timeout=3)
    assert came == Fault("timeout", detail="TimeoutError")
    assert len(server.of(text)) == 1


def test_retry_after_may_be_a_date(ask: Ask, route: str) -> None:
    came = ask(route, f"[[429-date:30]] {route}")
    assert isinstance(came, Fault)
    assert came.retry_after is not None
    assert 25 <= came.retry_after <= 31


@pytest.mark.parametrize(("kind", "code"), [("overloaded", 529), ("cut", None)])
def test_a_stream_that_breaks_off_is_a_fault(server: FaultServer, ask: Ask, kind: str, code: int | None) -> None:
    """Inspect streams what may become long from Anthropic."""
    text = f"[[{kind}]] at length"
    came = ask("anthropic", text, settings={"max_tokens": 20_000})
    assert isinstance(came, Fault)
    assert (came.kind in PASSING, came.code) == (True, code)
    assert ECHO not in repr(came)
    assert [seen.settings["stream"] for seen in server.of(text)] == [True]


@pytest.mark.parametrize("told", ["soon", "nan", "inf", ""])
def test_retry_after_that_says_nothing_is_null(told: str) -> None:
    assert retry_after({"Retry-After": told}) is None


def test_a_time_that_has_passed_is_no_wait() -> None:
    assert retry_after({"Retry-After": "-3"}) == 0


@pytest.mark.parametrize("kind", [kind for kind in FAULTS if kind not in {"reset", "cut", "malformed", "shape", "string"}])
def test_what_a_provider_repeats_of_a_prompt_is_in_no_fault(ask: Ask, route: str, kind: str) -> None:
    came = ask(route, f"[[{kind}]] my prompt")
    assert ECHO not in repr(came)
    assert "my prompt" not in repr(came)


def test_an_image_that_ends_in_500_is_a_fault(ask: Ask, route: str) -> None:
    came = ask(route, "[[no-image]] what is this?", image())
    assert isinstance(came, Fault)
    assert (came.kind, came.code) == ("server_error", 500)
    assert isinstance(ask(route, "[[no-image]] what is this?"), Answer)


def test_a_server_that_is_not_there_is_a_fault_of_the_connection(
    ask: Ask, route: str, monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    monkeypatch.setenv("LOOPBACK_BASE_URL", f"http://127.0.0.1:{unused_port}/v1")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{unused_port}")
    came = ask(route, "anybody?")
    assert isinstance(came, Fault)
    assert came.kind == "connection"


def test_a_recording_that_no_provider_is_sent_is_rejected_before_it_is_sent(server: FaultServer, ask: Ask) -> None:
    before = server.record.counts()["requests"]
    odd = image(b"OggS", "audio/ogg")
    came = ask("openai", "listen", type(odd)("audio", odd.data, odd.media_type, odd.sha256))
    assert isinstance(came, Fault)
    assert came.kind == "rejected"
    assert server.record.counts()["requests"] == before


def test_the_first_call_of_a_client_is_one_request_too(server: FaultServer, ask: Ask) -> None:
    before = server.record.counts()["requests"]
    assert isinstance(ask("openai/gpt-5", "first"), Answer)
    assert server.record.counts()["requests"] == before + 1


def test_the_second_request_is_the_callers(server: FaultServer, ask: Ask, route: str) -> None:
    text = f"[[500,429:1,ok]] {route}"
    came = [ask(route, Text(text)) for _ in range(3)]
    assert [each.kind if isinstance(each, Fault) else each.status for each in came] == [
        "server_error",
        "rate_limited",
        "answered",
    ]
    assert [seen.nth for seen in server.of(text)] == [1, 2, 3]
