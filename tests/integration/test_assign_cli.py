"""``driftgauge rate assign`` on the command line, of a study whose releases are made up."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.collected_studies import put_benchmark
from tests.commands import Ended, run

STUDY = """study: town
benchmark: benchmark
families:
  Elm:
    - {release: Elm 1, client: simulated}
    - {release: Elm 2, client: simulated}
phases: [{phase: 1, panel: en}]
panels:
  en:
    {language: en, raters: 6, design: {overlap: 3}, anchors: 0.05, calibration: {file: ex.yaml},
     gold: {file: ex.yaml, every: 20}}
"""
EXERCISES = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "exercises.yaml"


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("studies") / "town"
    folder.mkdir()
    (folder / "study.yaml").write_text(STUDY)
    shutil.copy(EXERCISES, folder / "ex.yaml")
    put_benchmark(folder)
    done = run("collect", folder)
    assert done.code == 0, done.said
    return folder


@pytest.fixture
def study(collected: Path, tmp_path: Path) -> Path:
    return shutil.copytree(collected, tmp_path / "town")


def assign(study: Path, *options: object) -> Ended:
    return run("rate", "assign", study, "--panel", "en", *map(str, options))


def as_json(study: Path, *options: object) -> dict[str, Any]:
    done = assign(study, "--json", *options)
    assert done.code == 0, done.said
    return json.loads(done.out)


def test_the_design_is_shown_before_anything_is_written(study: Path) -> None:
    done = assign(study, "--dry-run")
    assert done.code == 0, done.said
    for words in (
        "raters of a response",
        "days of the busiest rater",
        "drift Elm 1 → Elm 2",
        "points expected",
        "nothing was.",
    ):
        assert words in done.out
    assert as_json(study, "--dry-run")["seats"] == 6


def test_it_is_drawn_once_and_then_nothing_is_new(study: Path) -> None:
    first = as_json(study)
    assert (first["seats"], first["exercises"], first["entry"] is not None) == (6, 3, True)
    assert first["report"]["per_response"] == {"least": 3, "middle": 3.0, "most": 3}
    assert first["report"]["calibration"] == 2
    assert first["report"]["anchors"] > 0
    again = assign(study)
    assert (again.code, "Nothing is new" in again.out) == (0, True)
    assert f"{first['unread']['es']:,} in es." in " ".join(again.out.split())
    assert "Declare a panel with `language: es`" in again.out
    assert as_json(study)["report"] == first["report"]


def test_what_was_said_in_a_dry_run_is_what_is_drawn_with_the_same_seed(study: Path) -> None:
    said = as_json(study, "--dry-run", "--seed", 5)
    drawn = as_json(study, "--seed", 5)
    assert said["report"] == drawn["report"]
    assert said["assignments"] == drawn["assignments"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--phase", "7"), "study town has no phase '7'; expected one of: 1"),
        (("--panel", "es"), "study town has no panel 'es'"),
    ],
)
def test_a_wrong_name_ends_with_an_error_that_says_what_there_is(study: Path, wrong: tuple[str, str], said: str) -> None:
    done = assign(study, *wrong)
    assert done.code == 1
    assert done.err.lstrip().startswith("Error: ")
    assert said in done.err


def test_a_panel_has_to_be_named(study: Path) -> None:
    assert run("rate", "assign", study).code == 2


def test_a_study_without_a_store_is_told_to_collect(study: Path) -> None:
    (study / "driftgauge.db").unlink()
    for beside in study.glob("driftgauge.db-*"):
        beside.unlink()
    done = assign(study)
    assert done.code == 1
    assert "Next: " in done.err
