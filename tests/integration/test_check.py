"""`driftgauge check`: findings on a file and on a study, and nothing written."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from driftgauge.cli import cli
from driftgauge.measure.simulate import Shape, SimulatedRelease, simulate

SHAPE = Shape(
    releases=(
        SimulatedRelease("A1", "A", 1, 1, refusal=0.2, conditional_asr=0.4),
        SimulatedRelease("A2", "A", 2, 2, refusal=0.2, conditional_asr=0.5),
    ),
    scenarios=8,
    panels={1: 4, 2: 3},
)


@pytest.fixture(scope="module")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("check") / "ratings.csv"
    simulate(SHAPE, np.random.default_rng(3)).write_csv(path)
    return path


def test_a_file_is_checked_and_nothing_is_written(ratings: Path) -> None:
    before = sorted(ratings.parent.iterdir())
    found = CliRunner().invoke(cli, ["check", str(ratings)])
    assert found.exit_code == 0, found.output
    assert "critical: No rater and no anchor links the panels of A1" in " ".join(found.output.split())
    assert sorted(ratings.parent.iterdir()) == before


def test_json_has_every_finding_with_its_remedy(ratings: Path) -> None:
    found = CliRunner().invoke(cli, ["check", str(ratings), "--json"])
    document = json.loads(found.stdout)
    assert document["counts"] == {"ratings": 112, "releases": 2, "raters": 7, "scenarios": 8}
    assert {"unlinked_panels", "simulated"} <= {each["code"] for each in document["findings"]}
    assert document["findings"][0]["level"] == "critical"


def test_a_study_is_checked_and_left_as_it_is(ratings: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    assert CliRunner().invoke(cli, ["init", str(study)]).exit_code == 0
    declared = {"study": "checked", "families": {"A": [{"release": "A1", "model": "x/a1"}, {"release": "A2", "model": "x/a2"}]}}
    (study / "study.yaml").write_text(json.dumps(declared), encoding="utf-8")
    assert "nothing was imported yet" in str(CliRunner().invoke(cli, ["check", str(study)]).exception)
    imported = CliRunner().invoke(cli, ["rate", "import", str(study), str(ratings)])
    assert imported.exit_code == 0, imported.exception
    before = (study / "driftgauge.db").read_bytes()
    found = CliRunner().invoke(cli, ["check", str(study), "--json"])
    assert found.exit_code == 0, found.exception
    assert "unlinked_panels" in {each["code"] for each in json.loads(found.stdout)["findings"]}
    assert (study / "driftgauge.db").read_bytes() == before
    assert not (study / "out").exists()


def test_a_study_declares_its_own_protocol(tmp_path: Path) -> None:
    study = tmp_path / "study"
    assert CliRunner().invoke(cli, ["init", str(study)]).exit_code == 0
    found = CliRunner().invoke(cli, ["check", str(study), "--protocol", "other.yaml"])
    assert found.exit_code == 2
