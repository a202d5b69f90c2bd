"""What is kept of an answer: its status, the provider's own words, and what was in force."""

from typing import Any

import pytest

from driftgauge.clients.calls import Answer
from driftgauge.clients.in_force import in_force
from driftgauge.clients.statuses import answer_status
from driftgauge.clients.thinking import apart
from tests.fault_server import FaultServer, prompt_hash
from tests.unit.clients.conftest import Ask

STATUSES = {
    ("openai", "ok"): ("answered", "stop"),
    ("openai", "refusal"): ("refused", "stop"),
    ("openai", "content_filter"): ("filtered", "content_filter"),
    ("openai", "policy"): ("filtered", "content_filter"),
    ("openai", "flagged"): ("filtered", "moderation"),
    ("openai", "inspected"): ("filtered", "data_inspection_failed"),
    ("openai", "risk"): ("filtered", "invalid_request_error"),
    ("openai", "length"): ("truncated", "length"),
    ("openai", "empty"): ("empty", "stop"),
    ("openai", "thought"): ("empty", "length"),
    ("anthropic", "ok"): ("answered", "end_turn"),
    ("anthropic", "refusal"): ("refused", "refusal"),
    ("anthropic", "policy"): ("filtered", "content_filter"),
    ("anthropic", "length"): ("truncated", "max_tokens"),
    ("anthropic", "empty"): ("empty", "end_turn"),
    ("openai/gpt-5", "ok"): ("answered", "completed"),
    ("openai/gpt-5", "refusal"): ("refused", "completed"),
    ("openai/gpt-5", "content_filter"): ("filtered", "content_filter"),
    ("openai/gpt-5", "length"): ("truncated", "max_output_tokens"),
}


def answered(came: object) -> Answer:
    assert isinstance(came, Answer), came
    return came


@pytest.mark.parametrize(("model", "kind"), STATUSES)
def test_the_status_and_the_providers_own_word(ask: Ask, model: str, kind: str) -> None:
    came = answered(ask(model, f"[[{kind}]] x"))
    assert (came.status, came.stop_reason) == STATUSES[model, kind]


@pytest.mark.parametrize("kind", ["policy", "flagged", "inspected", "risk"])
def test_a_filter_before_the_model_leaves_no_text_to_rate(ask: Ask, kind: str) -> None:
    came = answered(ask("openai", f"[[{kind}]] x"))
    assert came.text == ""
    assert came.stop_details
    assert came.in_force == {"max_tokens": 32}


@pytest.mark.parametrize(("kind", "status"), [("reasoning", "answered"), ("refusal", "refused"), ("length", "truncated")])
def test_an_answer_that_is_streamed_is_kept_the_same(ask: Ask, kind: str, status: str) -> None:
    came = answered(ask("anthropic", f"[[{kind}]] at length", settings={"max_tokens": 20_000}))
    assert came.status == status
    assert came.usage["output"] == 7
    assert came.served_model == "claude-sonnet-4-5"
    assert came.in_force == {"max_tokens": 20_000}


def test_a_refusal_keeps_the_providers_details(ask: Ask) -> None:
    came = answered(ask("anthropic", "[[refusal]] x"))
    assert came.text == "I cannot help with that."
    assert came.stop_details
    assert came.stop_details["stop_details"]["category"] == "cyber"


@pytest.mark.parametrize("kind", ["reasoning", "think"])
def test_reasoning_is_apart_from_the_text(ask: Ask, route: str, kind: str) -> None:
    came = answered(ask(route, f"[[{kind}]] x"))
    assert came.reasoning is not None
    assert came.reasoning.startswith("thinking about ")
    assert came.text.startswith("answer ")


def test_thinking_that_is_not_closed_is_no_answer() -> None:
    assert apart("<think>on and on") == ("on and on", "")
    assert apart("I <think> so</think>") == (None, "I <think> so</think>")


def test_what_says_it_answered_is_kept(ask: Ask, route: str) -> None:
    came = answered(ask(route, "[[model:another-2]] x"))
    assert came.served_model == "another-2"
    assert came.fingerprint == ("fp_test" if route == "openai" else None)
    text = prompt_hash([("user", "text", "[[model:another-2]] x")])
    assert came.request_id is not None
    assert came.request_id.startswith(f"req-{text[:8]}-")


def test_tokens_are_kept_as_far_as_they_are_told(ask: Ask, route: str) -> None:
    came = answered(ask(route, "[[reasoning]] x"))
    assert came.usage == {"input": 11, "output": 7, "reasoning": 3, "total": 18}


def test_in_force_is_what_was_sent(server: FaultServer, ask: Ask) -> None:
    settings = {"max_tokens": 9, "temperature": 0.5, "seed": 4, "top_p": 0.9, "stop_seqs": ["END"]}
    came = answered(ask("openai", "all of these", settings=settings))
    assert came.in_force == settings
    sent = server.of("all of these")[-1].settings
    assert (sent["max_tokens"], sent["temperature"], sent["seed"], sent["stop"]) == (9, 0.5, 4, ["END"])


def test_what_is_dropped_on_the_way_is_not_in_force(server: FaultServer, ask: Ask) -> None:
    came = answered(ask("anthropic", "not these", settings={"max_tokens": 9, "temperature": 0.5, "seed": 4}))
    assert came.in_force == {"max_tokens": 9}
    assert not {"temperature", "seed"} & set(server.of("not these")[-1].settings)


def test_a_setting_has_our_name_whatever_the_provider_calls_it(ask: Ask) -> None:
    came = answered(ask("openai/gpt-5", "think little", settings={"max_tokens": 9, "reasoning_effort": "low"}))
    assert came.in_force == {"max_tokens": 9, "reasoning_effort": "low"}


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"max_completion_tokens": 5}, {"max_tokens": 5}),
        ({"generation_config": {"max_output_tokens": 5, "top_k": 2}}, {"max_tokens": 5, "top_k": 2}),
        ({"inferenceConfig": {"maxTokens": 5, "stopSequences": ["x"]}}, {"max_tokens": 5, "stop_seqs": ["x"]}),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, {"reasoning_tokens": 1024}),
        ({"messages": [{"seed": 1}], "extra_headers": {"seed": 1}, "temperature": None}, {}),
    ],
)
def test_settings_are_found_where_providers_put_them(request_: dict[str, Any], expected: dict[str, Any]) -> None:
    assert in_force(request_, {}) == expected


def test_an_effort_is_one_of_reasoning_when_that_was_asked_for() -> None:
    sent = {"output_config": {"effort": "high"}}
    assert in_force(sent, {"reasoning_effort": "high"}) == {"reasoning_effort": "high"}
    assert in_force(sent, {"effort": "high"}) == {"effort": "high"}


def test_an_answer_that_was_cut_before_its_first_word_is_empty() -> None:
    assert answer_status(" \n", stops=["length"]) == "empty"
