"""How releases are asked, as a study file says it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from driftgauge.errors import Problem
from driftgauge.study import Collect, Limits, Price, Protocol, Release, Study, load_study

Write = Callable[[str | bytes], Path]
Refused = Callable[[str | bytes], tuple[Problem, ...]]

WHOLE = """
study: x
benchmark: benchmark
families:
  A:
    - release: a
      model: openai/a
      settings: {max_tokens: 100}
      takes: [text, audio]
      limits: {requests_per_minute: 60}
      price: {input: 1.25, output: 10}
    - {release: b, client: replay, record: answers/b.jsonl}
    - c
collect: {tries: 3, timeout_seconds: 60}
"""


def release(text: str) -> str:
    return f"study: x\nfamilies:\n  A:\n    - {{release: a, {text}}}\n"


def test_what_is_not_said_is_what_a_careful_person_would_choose() -> None:
    silent = Release(release="a", generation=1)
    assert (silent.takes, silent.client, silent.price, silent.record) == (("text", "image"), "inspect", None, None)
    assert silent.limits == Limits(connections=10, requests_per_minute=None, tokens_per_minute=None)
    assert Study(study="x").collect == Collect(tries=5, timeout_seconds=600, faults_in_a_row=10)


def test_what_is_said_is_read(write: Write, tmp_path: Path) -> None:
    study = load_study(write(WHOLE))
    first, second, third = study.declared_releases.values()
    assert first.takes == ("text", "audio")
    assert first.limits == Limits(connections=10, requests_per_minute=60)
    assert first.price == Price(input=1.25, output=10)
    assert (second.client, study.record_of(second)) == ("replay", tmp_path / "answers" / "b.jsonl")
    assert (study.record_of(third), list(study.declared_releases)) == (None, ["a", "b", "c"])
    assert study.collect == Collect(tries=3, timeout_seconds=60)
    assert Study.model_validate(study.written()).declared_releases == study.declared_releases


def test_what_changes_the_measurement_is_apart_from_pace_and_price(write: Write) -> None:
    study = load_study(write(WHOLE))
    assert study.declared_releases["a"].measured == {
        "model": "openai/a",
        "settings": {"max_tokens": 100},
        "takes": ["text", "audio"],
        "client": "inspect",
        "record": None,
    }


def test_nothing_of_it_is_in_the_protocol(write: Write) -> None:
    """The hash of a protocol that was fixed before there was collecting is what it was."""
    assert load_study(write(WHOLE)).protocol.hash == Protocol().hash == "5f07e0c64fee0fb6"


@pytest.mark.parametrize(
    ("text", "line", "what", "expected"),
    [
        (release("takes: [text, video]"), 4, "families.A.takes is ['text', 'video']", "a list of text, image and audio"),
        (release("takes: [text, text]"), 4, "families.A.takes is ['text', 'text']", "each at most once"),
        (release("takes: []"), 4, "families.A.takes is []", "a list of text, image and audio"),
        (release("takes: text"), 4, "families.A.takes is 'text'", "a list of text, image and audio"),
        (release("takes: [[text]]"), 4, "families.A.takes is [['text']]", "a list of text, image and audio"),
        (release("limits: {connections: 0}"), 4, "families.A.limits.connections is 0", "greater than or equal to 1"),
        (release("limits: {tokens_per_minute: 1e6}"), 4, "families.A.limits.tokens_per_minute is '1e6'", "whole number"),
        (
            release("limits: {request_per_minute: 5}"),
            4,
            "there is no key 'request_per_minute'",
            "perhaps 'requests_per_minute'",
        ),
        (release("price: {input: 1}"), 4, "families.A.price.output is missing", "it to be given"),
        (release("price: {input: 1, output: -1}"), 4, "families.A.price.output is -1", "greater than or equal to 0"),
        (release("price: {input: 1, output: .inf}"), 4, "families.A.price.output is inf", "a finite number"),
        (release("client: openai"), 4, "families.A.client is 'openai'", "'inspect', 'replay' or 'simulated'"),
        (release("client: [replay]"), 4, "families.A.client is ['replay']", "'inspect', 'replay' or 'simulated'"),
        (release("client: replay"), 4, "release 'a' is replayed without a record", "record: and a file"),
        (release("record: a.jsonl"), 4, "release 'a' has a record, and its client is inspect", "client: replay"),
        (release("client: replay, record: ../a"), 4, "families.A.record is '../a'", "a file inside the study folder"),
        (release("client: replay, record: a/"), 4, "families.A.record is 'a/'", "a file inside the study folder"),
        (
            "benchmark: b\n" + release("client: replay, record: b/a.jsonl"),
            5,
            "record is in the benchmark, which holds nothing else",
            "a place beside it",
        ),
        ("study: x\ncollect:\n  tries: 0\n", 3, "collect.tries is 0", "greater than or equal to 1"),
        ("study: x\ncollect:\n  timeout_seconds: 0\n", 3, "collect.timeout_seconds is 0", "greater than 0"),
        ("study: x\ncollect:\n  timeout: 10\n", 3, "there is no key 'timeout'", "perhaps 'timeout_seconds'"),
    ],
)
def test_a_mistake_has_its_line_and_what_was_expected(
    problems_of: Refused, text: str, line: int, what: str, expected: str
) -> None:
    [problem] = problems_of(text)
    assert (problem.where, problem.what) == (f"study.yaml, line {line}", what)
    assert expected in problem.expected


def test_a_record_that_is_a_link_out_of_the_folder_is_a_mistake(problems_of: Refused, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").symlink_to(tmp_path.parent / "elsewhere.jsonl")
    [problem] = problems_of(release("client: replay, record: a.jsonl"))
    assert (problem.where, problem.what) == ("study.yaml, line 4", "record is a link that leaves the study folder")


@pytest.mark.parametrize("name", ["model", "settings"])
def test_a_release_keeps_its_other_keys(write: Write, name: str) -> None:
    values: dict[str, Any] = {"model": "openai/a", "settings": {"max_tokens": 100}}
    assert getattr(load_study(write(WHOLE)).declared_releases["a"], name) == values[name]
