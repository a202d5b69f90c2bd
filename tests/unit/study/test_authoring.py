"""What a study lets authors do: which releases they may try, and how often."""

from collections.abc import Callable
from pathlib import Path

import pytest

from driftgauge.errors import Problem
from driftgauge.study import load_study

Write = Callable[[str | bytes], Path]
Refused = Callable[[str | bytes], tuple[Problem, ...]]
STUDY = "study: x\nfamilies: {Elm: [Elm 1, Elm 2]}\nauthoring:\n  try: %s\n  tries: %s\n"


def test_nothing_is_tried_unless_it_is_named(write: Write) -> None:
    found = load_study(write("study: x\nfamilies: {Elm: [Elm 1]}\n")).authoring
    assert (found.may_try, found.tries) == ((), 20)


def test_releases_that_may_be_tried_are_named(write: Write) -> None:
    found = load_study(write(STUDY % ("[Elm 2]", 3))).authoring
    assert (found.may_try, found.tries) == (("Elm 2",), 3)


WRONG = {
    ("[Elm 2, elm1]", "3"): (4, "perhaps 'Elm 1'; one of: Elm 1, Elm 2"),
    ("[Elm 2, Elm 2]", "3"): (4, "each release once under try"),
    ("Elm 2", "3"): (4, "try"),
    ("[Elm 2]", "0"): (5, "tries"),
    ("[Elm 2]", "many"): (5, "tries"),
}


@pytest.mark.parametrize(("tried", "tries"), WRONG)
def test_every_mistake_has_its_line(tried: str, tries: str, problems_of: Refused) -> None:
    line, said = WRONG[tried, tries]
    [problem] = problems_of(STUDY % (tried, tries))
    assert problem.where == f"study.yaml, line {line}"
    assert said in str(problem)


def test_without_families_the_next_step_is_to_declare_one(problems_of: Refused) -> None:
    [problem] = problems_of("study: x\nauthoring: {try: [Elm 1]}\n")
    assert "under `families:`" in str(problem)
