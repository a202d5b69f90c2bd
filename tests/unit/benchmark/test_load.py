"""Scenarios are read, or refused with every mistake, where it is, and no word of a prompt."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from driftgauge.benchmark.load import LONGEST_LINE, dump, load

Scenario = Callable[..., dict[str, Any]]


def lines(*values: object) -> bytes:
    return b"".join(value + b"\n" if isinstance(value, bytes) else json.dumps(value).encode() + b"\n" for value in values)


def said(data: bytes) -> list[str]:
    return [str(problem) for problem in load(data).problems]


def test_what_is_written_is_read_again(scenario: Scenario, twin: Scenario) -> None:
    loaded = load(lines(scenario(), twin()))
    assert loaded.problems == ()
    scenarios = [placed.scenario for placed in loaded.scenarios]
    again = load(dump(scenarios, canary="c"))
    assert ([placed.scenario for placed in again.scenarios], again.canary) == (scenarios, "c")


def test_text_stays_as_it_is(scenario: Scenario) -> None:
    text = "e\u0301 é \\u0000 \u2028 “\t”"
    part = [{"type": "text", "text": text}]
    made = scenario(prompts=[{"modality": "text-only", "language": "en", "messages": [{"parts": part}]}])
    loaded = load(lines(made))
    again = load(dump([loaded.scenarios[0].scenario], canary=None))
    assert [part.text for part in again.scenarios[0].scenario.prompts[0].parts] == [text]  # type: ignore[union-attr]


def _prompts(**more: Any) -> list[dict[str, Any]]:
    prompt = {"modality": "text-only", "language": "en", "messages": [{"parts": [{"type": "text", "text": "x"}]}]}
    return [prompt | more]


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"intent": None}, "no field `intent`; expected adversarial or benign"),
        ({"intent": "TEXT-OF-A-PROMPT"}, "`intent` cannot be used; expected adversarial or benign"),
        ({"technique": None}, "no field `technique`; expected one line of text"),
        ({"technique": " "}, "`technique` cannot be used"),
        ({"technique": "a\nb"}, "`technique` cannot be used"),
        ({"author": 7}, "`author` cannot be used"),
        ({"colour": "red"}, "an unknown field `colour`; expected one of: scenario, intent,"),
        ({"TEXT-OF-A-PROMPT ": 1}, "an unknown field (a name that is not a word)"),
        ({"twin_of": "no id"}, "`twin_of` cannot be used"),
        ({"prompts": []}, "`prompts` cannot be used; expected a list with at least one prompt"),
        ({"prompts": "TEXT-OF-A-PROMPT"}, "`prompts` cannot be used"),
        ({"prompts": ["TEXT-OF-A-PROMPT"]}, "no JSON object in prompt 1"),
        ({"prompts": _prompts(modality="audio")}, "`modality` cannot be used in prompt 1"),
        ({"prompts": _prompts(language="TEXT-OF-A-PROMPT")}, "`language` cannot be used in prompt 1"),
        ({"prompts": _prompts(messages=[])}, "`messages` cannot be used in prompt 1"),
        ({"prompts": _prompts(messages=[{"parts": []}])}, "`parts` cannot be used in prompt 1, message 1"),
        ({"prompts": _prompts(messages=[{"parts": [{"type": "TEXT-OF-A-PROMPT"}]}])}, "a part of no known type in prompt 1"),
        (
            {"prompts": _prompts(messages=[{"parts": [{"type": "text", "text": 7}]}])},
            "`text` cannot be used in prompt 1, message 1",
        ),
        ({"prompts": _prompts(messages=[{"parts": [{"type": "text"}]}])}, "no field `text` in prompt 1, message 1, part 1"),
        (
            {"prompts": _prompts(messages=[{"parts": [{"type": "text", "text": "x", "lang": "TEXT-OF-A-PROMPT"}]}])},
            "an unknown field `lang` in prompt 1, message 1, part 1; expected one of: text, type",
        ),
        ({"prompts": _prompts(messages=[{"role": "tool", "parts": [{"type": "text", "text": "x"}]}])}, "`role` cannot be used"),
    ],
)
def test_a_mistake_is_named_with_line_and_id(more: dict[str, Any], what: str, scenario: Scenario, secret: str) -> None:
    found = said(lines(scenario("s0"), scenario(**more)))
    assert len(found) == 1
    assert found[0].startswith(f"scenarios.jsonl, line 2, scenario s1: {what}")
    assert secret not in found[0]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b'{"scenario": "TEXT-OF-A-PROMPT', "a line that is not JSON"),
        (b'"TEXT-OF-A-PROMPT"', "no JSON object"),
        (b'{"scenario": "s1", "x": "\xff TEXT-OF-A-PROMPT"}', "bytes that are not UTF-8"),
        (b'{"x": "TEXT-OF-A-PROMPT\0"}', "a NUL byte"),
        (b'{"x": "TEXT-OF-A-PROMPT\\u0000"}', "a NUL character"),
        (b'{"x": "TEXT-OF-A-PROMPT\\ud800"}', "half a character"),
        (b'{"x": "TEXT-OF-A-PROMPT", "x": 2}', "field `x` stands twice"),
        (b'{"TEXT OF": 1, "TEXT OF": 2}', "field (a name that is not a word) stands twice"),
        (b"[" * 100_000, "a line that is not JSON"),
        (b'{"x": ' + b"9" * 5_000 + b"}", "a line that is not JSON"),
        (b'"' + b"x" * LONGEST_LINE + b'"', "a line longer than 4 MiB"),
        (b"\xef\xbb\xbf{}", "a byte order mark"),
    ],
)
def test_a_line_that_is_none_is_named(line: bytes, what: str, scenario: Scenario, secret: str) -> None:
    found = said(lines(scenario(), line, scenario("s2")))
    assert len(found) == 1
    assert found[0].startswith(f"scenarios.jsonl, line 2: {what}")
    assert secret not in found[0]


def test_every_mistake_is_named_at_once(scenario: Scenario) -> None:
    found = said(lines(scenario(intent=None, author=3), b"{", scenario("s3", prompts=[{}])))
    assert [text.partition(":")[0] for text in found] == [
        "scenarios.jsonl, line 1, scenario s1",
        "scenarios.jsonl, line 1, scenario s1",
        "scenarios.jsonl, line 2",
        *["scenarios.jsonl, line 3, scenario s3"] * 3,
    ]


@pytest.mark.parametrize("data", [b"", b"\n\n", b'{"canary": "c"}\n'])
def test_no_scenario_is_a_mistake(data: bytes) -> None:
    assert said(data) == ["scenarios.jsonl: no scenario; expected one scenario a line"]


@pytest.mark.parametrize("canary", [7, "", "x" * 301, "a\nb"])
def test_a_canary_is_one_line_of_text(canary: object, scenario: Scenario) -> None:
    assert "line 1: a canary that is not a line of text" in said(lines({"canary": canary}, scenario()))[0]
