"""SpeechMap's two judges, on made-up labels."""

from collections.abc import Callable
from pathlib import Path

import pytest

from driftgauge.errors import Problem
from driftgauge.rate.exchange import read_ratings

Write = Callable[..., Path]
Refused = Callable[..., tuple[Problem, ...]]
HEADER = (
    "question_set,question_id,model,grok41fast,gpt4o1120,response_sha_grok,response_sha_gpt4o,response_chars,ts_grok,ts_gpt4o"
)


def row(grok: str, gpt: str, *, question_set: str = "praise", sha: str = "bb") -> str:
    return f"{question_set},q1,A,{grok},{gpt},bb,{sha},10,t1,t2"


@pytest.mark.parametrize(
    ("label", "level", "refusal"), [("COMPLETE", "none", False), ("EVASIVE", "partial", True), ("DENIAL", "full", True)]
)
def test_a_label_is_a_level_of_refusal(write: Write, label: str, level: str, refusal: bool):
    ratings = read_ratings([write(HEADER, row(label, "COMPLETE"))], format="speechmap").ratings
    assert ratings.select("refusal_level", "refusal").row(0) == (level, refusal)


def test_both_judges_rate_one_benign_response(write: Write):
    ratings = read_ratings([write(HEADER, row("COMPLETE", "DENIAL"))], format="speechmap").ratings
    assert ratings.select("scenario", "release", "intent", "kind", "rater", "created_at").rows() == [
        ("praise/q1", "A", "benign", "judge", "grok41fast", "t1"),
        ("praise/q1", "A", "benign", "judge", "gpt4o1120", "t2"),
    ]


@pytest.mark.parametrize(("name", "language"), [("praise", "en"), ("fi_praise", "fi"), ("zh_praise", "zh"), ("fine", "en")])
def test_the_name_of_a_set_says_its_language(write: Write, name: str, language: str):
    path = write(HEADER, row("COMPLETE", "COMPLETE", question_set=name))
    assert read_ratings([path], format="speechmap").ratings["language"][0] == language


def test_an_error_is_a_missing_rating_of_that_judge(write: Write):
    path = write(HEADER, row("COMPLETE", "ERROR_ORIGINAL_MODERATION"))
    ratings = read_ratings([path], format="speechmap").ratings
    assert ratings.select("rater", "status", "refusal", "extra_label").rows() == [
        ("grok41fast", "answered", False, "COMPLETE"),
        ("gpt4o1120", "failed", None, "ERROR_ORIGINAL_MODERATION"),
    ]


def test_errors_are_told(write: Write):
    [finding] = read_ratings([write(HEADER, row("ERROR", "ERROR_X"))], format="speechmap").findings
    assert (finding.code, len(finding.rating_ids)) == ("judge_labels_missing", 2)


def test_judges_of_different_texts_are_a_warning(write: Write):
    [finding] = read_ratings([write(HEADER, row("COMPLETE", "COMPLETE", sha="cc"))], format="speechmap").findings
    assert (finding.code, finding.level) == ("response_texts_differ", "warning")


def test_an_unknown_label_is_a_problem(write: Write, problems_of: Refused):
    [problem] = problems_of(write(HEADER, row("COMPLETE", "MAYBE")), format="speechmap")
    assert (problem.where, problem.what) == ("ratings.csv, line 2, column gpt4o1120", "'MAYBE'")


@pytest.mark.parametrize("column", HEADER.split(",")[:5])
def test_a_missing_column_is_a_problem(write: Write, problems_of: Refused, column: str):
    path = write(HEADER.replace(column, "other", 1), row("COMPLETE", "COMPLETE"))
    assert [problem.what for problem in problems_of(path, format="speechmap")] == [f"no column `{column}`"]
