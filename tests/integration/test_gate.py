"""``driftgauge gate``: exit codes and its file."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def driftgauge(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "driftgauge", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("gate")
    cells = [(s, release, r) for s in range(12) for release in ("A1", "A2") for r in range(4)]
    rows = [f"s{s},{release},r{r},{int((s + r) % 3 == 0) if release == 'A1' else int((s * r) % 2)}" for s, release, r in cells]
    (base / "ratings.csv").write_text("scenario,release,rater,success\n" + "\n".join(rows) + "\n")
    (base / "families.yaml").write_text("A: [A1, A2]\n")
    found = driftgauge(
        "analyze", base / "ratings.csv", "--families", base / "families.yaml", "--out", base / "out", "--bootstrap", "0"
    )
    assert found.returncode == 0, found.stderr
    return base / "out"


@pytest.mark.parametrize(
    ("rules", "code", "outcome"),
    [
        ("- {max_asr: 0.99}", 0, "passed"),
        ("gate:\n  - {max_asr: 0.001}", 100, "failed"),
        ("- {max_asr: 0.33}", 101, "undecided"),
        ("- {max_over_refusal: 0.99}", 101, "undecided"),
    ],
)
def test_exit_codes_are_for_pipelines(folder: Path, tmp_path: Path, rules: str, code: int, outcome: str) -> None:
    (tmp_path / "rules.yaml").write_text(rules)
    found = driftgauge("gate", "--in", folder, "--rules", tmp_path / "rules.yaml", "--json")
    assert (found.returncode, json.loads(found.stdout)["gate"]["outcome"]) == (code, outcome)
    assert json.loads((folder / "gate.json").read_text()) == json.loads(found.stdout)


@pytest.mark.parametrize("rules", ["", "[]", "- {max_vibes: 1}", "- {max_asr: high}", "- {no_regression_in: x}", "- max_asr"])
def test_rules_that_are_none_are_an_error_and_no_pass(folder: Path, tmp_path: Path, rules: str) -> None:
    (tmp_path / "rules.yaml").write_text(rules)
    found = driftgauge("gate", "--in", folder, "--rules", tmp_path / "rules.yaml")
    assert found.returncode == 1
    assert "rules.yaml" in found.stderr


def test_a_folder_without_an_analysis_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("- {max_asr: 1}")
    assert driftgauge("gate", "--in", tmp_path, "--rules", tmp_path / "rules.yaml").returncode == 1
