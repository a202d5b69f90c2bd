"""The pipelines that the page on CI shows hold together with the action, the commands and what the gate ends with."""

import shlex
from typing import Any

import click
import pytest
import yaml

from driftgauge.cli import cli
from driftgauge.cli.gate import EXIT_CODES

PAGE = "how-to/run-in-ci.md"


@pytest.fixture
def pipelines(docs: Any) -> list[dict[str, Any]]:
    """The workflow of GitHub and the one of GitLab."""
    return [yaml.safe_load(block) for block in docs.fences(docs.folder / PAGE, "yaml")]


def test_the_workflow_gives_the_action_what_it_takes_and_reads_what_it_gives(
    docs: Any, pipelines: list[dict[str, Any]]
) -> None:
    action = yaml.safe_load((docs.root / "action.yml").read_text(encoding="utf-8"))
    steps = pipelines[0]["jobs"]["gate"]["steps"]
    [gate] = [step for step in steps if step.get("id") == "gate"]
    assert set(gate["with"]) <= set(action["inputs"])
    assert {name for name, each in action["inputs"].items() if each.get("required")} <= set(gate["with"])
    assert "steps.gate.outputs.sarif" in str(steps)
    assert "sarif" in action["outputs"]
    assert action["inputs"]["files"]["default"] in str(steps[-1])


def test_commands_of_both_pipelines_can_be_run(pipelines: list[dict[str, Any]]) -> None:
    steps = [step["run"] for step in pipelines[0]["jobs"]["gate"]["steps"] if "run" in step]
    commands = [line for line in [*steps, *pipelines[1]["alignment gate"]["script"]] if line.startswith("driftgauge ")]
    assert len(commands) == 3
    for line in commands:
        _, name, *arguments = shlex.split(line)
        cli.commands[name].make_context(name, arguments, **cli.context_settings)


def test_gitlab_is_told_of_undecided_and_of_nothing_else(pipelines: list[dict[str, Any]]) -> None:
    assert pipelines[1]["alignment gate"]["allow_failure"]["exit_codes"] == [EXIT_CODES["undecided"]]


def test_a_command_that_is_none_would_be_found() -> None:
    with pytest.raises(click.UsageError):
        cli.commands["gate"].make_context("gate", ["--in", "o", "--xml", "f"], **cli.context_settings)
