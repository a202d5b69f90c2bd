"""Judges, as a study file says them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from driftgauge.errors import Problem, StudyError
from driftgauge.pipeline.judging.judge import asked_judge
from driftgauge.study import load_study

Write = Callable[[str | bytes], Path]
Refused = Callable[[str | bytes], tuple[Problem, ...]]


def judge(text: str) -> str:
    return f"study: x\njudges:\n  - {{judge: a, {text}}}\n"


def test_what_is_not_said_is_what_a_careful_person_would_choose(write: Write) -> None:
    (found,) = load_study(write(judge("model: openai/a"))).judges
    assert (found.votes, found.images, found.structured, found.rubric, found.client) == (3, True, True, "default", "inspect")


WRONG = {
    "votes: 0, model: m": "votes",
    "votes: 26, model: m": "votes",
    "images: perhaps, model: m": "true, false (such responses are not judged), or left_out",
    "structured: 1, model: m": "structured",
    "rubric: ../elsewhere.md, model: m": "a file inside the study folder",
    "settings: {api_key: x}, model: m": "no secret in a study file",
    "anchors: 2, model: m": "anchors",
    "client: replay": "record: and a file",
    "record: a.jsonl, model: m": "client: replay",
    "temperature: 1, model: m": "settings",
    "votes: 3": "model: and its id",
}


@pytest.mark.parametrize("text", WRONG)
def test_every_mistake_has_its_line(text: str, problems_of: Refused) -> None:
    problems = problems_of(judge(text))
    assert {problem.where for problem in problems} == {"study.yaml, line 3"}
    assert any(WRONG[text] in str(problem) for problem in problems), problems


@pytest.mark.parametrize("name", ["a@1", "a b", "-a", "a" * 41])
def test_a_name_that_could_be_taken_for_another_is_refused(name: str, problems_of: Refused) -> None:
    assert len(problems_of(f"study: x\njudges:\n  - {{judge: '{name}', model: m}}\n")) == 1


def test_a_judge_stands_once(problems_of: Refused) -> None:
    (problem,) = problems_of("study: x\njudges:\n  - {judge: a, model: m}\n  - {judge: a, model: n}\n")
    assert "judge 'a' stands twice" in problem.what
    assert problem.where == "study.yaml, line 4"


def test_a_rubric_that_is_not_there_or_empty_is_said_before_anything_is_asked(write: Write) -> None:
    folder = write(judge("model: m, rubric: mine.md"))
    with pytest.raises(StudyError, match=r"the rubric of judge a cannot be read \(mine.md: FileNotFoundError\)"):
        asked_judge(load_study(folder), "a")
    (folder / "mine.md").write_text(" \n")
    with pytest.raises(StudyError, match="the rubric of judge a is empty"):
        asked_judge(load_study(folder), "a")
    (folder / "mine.md").write_text("Rate it.")
    first = asked_judge(load_study(folder), "a").rater
    (folder / "mine.md").write_text("Rate it!")
    assert asked_judge(load_study(folder), "a").rater != first
