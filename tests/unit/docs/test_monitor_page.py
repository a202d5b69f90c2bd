"""What the page on watching an endpoint shows goes as it says, and what it tells a scheduler to run can be run."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import click
import pytest
import yaml

from driftgauge.cli import cli
from driftgauge.cli.monitor import monitor_command
from driftgauge.pipeline.monitor.failed import Why

PAGE = "how-to/monitor.md"
BIN = Path(sys.executable).parent


def said(command: str, folder: Path) -> str:
    _, *arguments = shlex.split(command)
    environment = {**os.environ, "COLUMNS": "80"}
    done = subprocess.run(
        [BIN / "driftgauge", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return "\n".join(line.rstrip() for line in (done.stdout + done.stderr).splitlines()).strip("\n")


def test_the_looks_of_the_page_go_as_it_says(docs: Any, tmp_path: Path) -> None:
    (tmp_path / "town").mkdir()
    shutil.copy(docs.folder / "how-to" / "monitored.yaml", tmp_path / "town" / "study.yaml")
    prepared = next(docs.fences(docs.folder / PAGE, "bash"))
    for command in prepared.splitlines():
        said(command, tmp_path)
    sessions = list(docs.fences(docs.folder / PAGE, "console"))
    assert len(sessions) == 2
    for session in sessions:
        command, _, printed = session.partition("\n")
        assert said(command.removeprefix("$ "), tmp_path) == printed.strip("\n")
    assert (tmp_path / "elm.svg").read_text(encoding="utf-8").startswith("<svg ")


def test_what_a_scheduler_is_told_to_run_is_a_command_without_a_baseline(docs: Any) -> None:
    page = (docs.folder / PAGE).read_text(encoding="utf-8")
    scheduled = re.findall(r"^.*?(driftgauge monitor study .*?)(?: > .*)?$", page, flags=re.MULTILINE)
    assert len(scheduled) == 2
    for command in scheduled:
        context = monitor_command.make_context("monitor", shlex.split(command)[2:], **cli.context_settings)
        assert (context.params["release"], context.params["phase"]) == ("GPT-5", None)


def test_the_workflow_runs_the_look_and_keeps_the_state_whatever_came_of_it(docs: Any) -> None:
    workflow = yaml.safe_load(next(docs.fences(docs.folder / PAGE, "yaml")))
    steps = workflow["jobs"]["look"]["steps"]
    assert [step["with"]["path"] for step in steps if "cache" in step.get("uses", "")] == ["study/monitor"] * 2
    assert steps[-1]["if"] == "always()"


def test_every_reason_for_no_measurement_is_on_the_page(docs: Any) -> None:
    page = (docs.folder / PAGE).read_text(encoding="utf-8")
    assert [why for why in get_args(Why) if f"`{why}`" not in page] == []


def test_a_command_line_that_is_none_is_found() -> None:
    with pytest.raises(click.UsageError):
        monitor_command.make_context("monitor", ["study", "--no-such-thing"], **cli.context_settings)
