"""Where people sign in: a provider at a safe address, and never with its secret in the file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from driftgauge.errors import Problem
from driftgauge.study import load_study

Write = Callable[[str | bytes], Path]
Refused = Callable[[str | bytes], tuple[Problem, ...]]
SIGN_IN = "study: x\nsign_in:\n  issuer: '%s'\n  client_id: driftgauge\n  name: Example ID\n"


@pytest.mark.parametrize("issuer", ["https://id.example.org", "https://id.example.org/realm/", "http://127.0.0.1:8080"])
def test_a_provider_can_be(write: Write, issuer: str) -> None:
    found = load_study(write(SIGN_IN % issuer)).sign_in
    assert found
    assert (found.issuer, found.only) == (issuer, False)


@pytest.mark.parametrize(
    "issuer",
    [
        "id.example.org",
        "http://id.example.org",
        "https://me:x@id.example.org",
        "https://id.example.org?a=1",
        "https://id.example.org#a",
    ],
)
def test_a_provider_cannot_be(problems_of: Refused, issuer: str) -> None:
    [problem] = problems_of(SIGN_IN % issuer)
    assert problem.where == "study.yaml, line 3"
    assert "sign_in" in problem.what


def test_its_secret_stands_in_no_study_file(problems_of: Refused) -> None:
    [problem] = problems_of(SIGN_IN % "https://id.example.org" + "  client_secret: hunter2\n")
    assert "client_secret" in problem.what
    assert "hunter2" not in str(problem)
